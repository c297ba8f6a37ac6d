//! The writers: each takes the changes that wait into transactions of two round trips, one for all that begin with the same
//! lock.
//!
//! The first round trip begins the transaction and runs every change's reads (which lock the rows that they
//! find); then all changes are decided; the second runs every write and commits. Requests are pipelined: all of
//! a round trip are sent before the first answer is awaited.
//!
//! Two changes that found the same row cannot share a transaction, because the second would decide on what was
//! there before the first; it is postponed. Each group takes one of those that wait for a row. When a group fails,
//! each of its changes is run again alone, so that one cannot take others down. One that meets a lock which is held
//! for long is tried beside the groups.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use tokio::sync::{Mutex, mpsc};

use super::attempt::{Begin, Failure, attempt_on};
use super::{Postgres, says_locked};
use crate::metrics::StoreMetrics;
use crate::store::change::Queued;
use crate::store::{MAX_GROUP, Statement, StoreError, Value, guard};

/// How often a change is tried when others get in its way.
const MAX_TRIES: u32 = 10;
/// How long a change waits, in the queue and being tried, while the database cannot be reached.
const OUTAGE_PATIENCE: Duration = Duration::from_secs(5);
const OUTAGE_PAUSE: Duration = Duration::from_millis(100);
/// How long a change waits, in the queue and being tried, for what others have locked: for a little longer than PostgreSQL
/// lets a session stand still in a transaction.
const LOCK_PATIENCE: Duration = Duration::from_secs(6);
/// How long it is looked for, in a group or among what is stuck, what others have locked. With one lock in a group that takes
/// seven tries of [`Begin::Hasty`].
const SEARCH_PATIENCE: Duration = Duration::from_secs(1);
/// How long the end of a failed transaction is waited for before its connection is given up.
const ROLLBACK_PATIENCE: Duration = Duration::from_secs(1);

/// How much of a group is for what comes from the queue, where something was postponed.
const FRESH: usize = MAX_GROUP / 4 * 3;
/// With so much postponed, a writer takes nothing new.
const MAX_POSTPONED: usize = 4_096;

pub(super) type Group = Vec<Box<dyn Queued>>;

/// A change that could not share a transaction with another, and the row that both found.
pub(super) struct Postponed {
    pub row: Value,
    pub change: Box<dyn Queued>,
}

struct Writer {
    postgres: Postgres,
    queue: Arc<Mutex<mpsc::Receiver<Box<dyn Queued>>>>,
    metrics: Arc<StoreMetrics>,
    /// What was postponed.
    postponed: Vec<Postponed>,
    /// Why the database could not be reached, when it was last tried.
    outage: Option<StoreError>,
    /// What needs something that others have locked for long. It is tried beside the groups, so that they do not wait for it.
    stuck: Group,
    /// Until when it is looked for what others have locked, if it is.
    search_until: Option<Instant>,
}

/// Starts so many writers. They end when the last handle of the store is gone and all waiting changes are done.
pub(super) fn start(
    postgres: &Postgres,
    writers: usize,
    queue: mpsc::Receiver<Box<dyn Queued>>,
    metrics: &Arc<StoreMetrics>,
) {
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..writers {
        let (postgres, queue, metrics) = (postgres.clone(), Arc::clone(&queue), Arc::clone(metrics));
        let writer = Writer {
            postgres,
            queue,
            metrics,
            postponed: Vec::new(),
            outage: None,
            stuck: Group::new(),
            search_until: None,
        };
        tokio::spawn(guard::run_task("writer", writer.run()));
    }
}

impl Writer {
    async fn run(mut self) {
        while let Some(mut group) = self.fill().await {
            // Whoever has waited for the whole patience learns it at once, not after another try each.
            if let Some(error) = &self.outage {
                group = refuse_overdue(group, OUTAGE_PATIENCE, error);
                if group.is_empty() && self.stuck.is_empty() {
                    continue;
                }
            }
            // While much is stuck, what is behind it comes late.
            if !self.stuck.is_empty() {
                group = refuse_overdue(group, LOCK_PATIENCE, &locked());
            }
            for part in by_first_lock(group) {
                // Something may have been found stuck since.
                let part = self.without_stuck(part);
                if part.is_empty() {
                    continue;
                }
                let started = Instant::now();
                let postponed = self.commit(part).await;
                self.postponed.extend(postponed);
                self.metrics
                    .commit_seconds
                    .observe(started.elapsed().as_secs_f64());
            }
            self.try_stuck().await;
        }
    }

    /// Sets aside what is stuck as well: what locks first, or right after, what a stuck change does.
    fn without_stuck(&mut self, group: Group) -> Group {
        let (stuck, free): (Group, Group) = group
            .into_iter()
            .partition(|change| self.is_stuck(change.as_ref()));
        self.stuck.extend(stuck);
        free
    }

    fn is_stuck(&self, change: &dyn Queued) -> bool {
        first_locks(change).any(|lock| {
            let mut stuck = self.stuck.iter().flat_map(|stuck| first_locks(stuck.as_ref()));
            stuck.any(|held| held.params == lock.params)
        })
    }

    /// Tries what is stuck, for a moment each, up to the first that is so still.
    async fn try_stuck(&mut self) {
        let mut waiting = std::mem::take(&mut self.stuck).into_iter();
        let until = Instant::now() + SEARCH_PATIENCE;
        self.search_until = Some(until);
        while self.stuck.is_empty()
            && Instant::now() < until
            && let Some(change) = waiting.next()
        {
            self.commit(vec![change]).await;
        }
        self.search_until = None;
        let still = std::mem::take(&mut self.stuck);
        self.stuck = refuse_overdue(waiting.chain(still).collect(), LOCK_PATIENCE, &locked());
    }

    /// The next group; waits if there is nothing. Of what was postponed one change for each row, that which waits longest,
    /// comes before what is in the queue, so that many changes of one profile hold up nobody else and none of them waits for
    /// later ones. `None`: nothing will ever come.
    async fn fill(&mut self) -> Option<Group> {
        let mut fresh = Group::new();
        if self.postponed.is_empty() && self.stuck.is_empty() {
            let received = self.queue.lock().await.recv_many(&mut fresh, MAX_GROUP).await;
            return (received > 0).then_some(fresh);
        }
        // Who has it locked waits because it is empty.
        if self.postponed.len() < MAX_POSTPONED
            && let Ok(mut queue) = self.queue.try_lock()
        {
            while fresh.len() < FRESH
                && let Ok(next) = queue.try_recv()
            {
                fresh.push(next);
            }
        }
        self.postponed
            .sort_by_key(|postponed| postponed.change.queued_at());
        let (room, mut rows) = (MAX_GROUP - fresh.len(), HashSet::new());
        let is_next = |one: &mut Postponed| rows.len() < room && rows.insert(one.row.clone());
        let next = self.postponed.extract_if(.., is_next);
        Some(next.map(|postponed| postponed.change).chain(fresh).collect())
    }

    /// Commits the group and answers its callers. Gives back the changes that must wait for another group.
    async fn commit(&mut self, mut group: Group) -> Vec<Postponed> {
        group.sort_by(|one, other| first_read(one.as_ref()).cmp(first_read(other.as_ref())));
        let mut tries = 1;
        loop {
            let attempt = self.attempt(&mut group).await;
            self.outage = attempt.as_ref().err().and_then(Failure::outage);
            match attempt {
                Ok(postponed) => {
                    #[expect(clippy::cast_precision_loss, reason = "a group is small")]
                    self.metrics.group_size.observe(group.len() as f64);
                    group.into_iter().for_each(|mut change| change.finish(Ok(())));
                    return postponed;
                }
                Err(Failure::Unreachable(error)) => {
                    group = refuse_overdue(group, OUTAGE_PATIENCE, &error);
                    if group.is_empty() {
                        return Vec::new();
                    }
                    tokio::time::sleep(OUTAGE_PAUSE).await;
                }
                Err(Failure::Conflict(error)) if says_locked(&error) => {
                    group = refuse_overdue(group, LOCK_PATIENCE, &locked());
                    if group.len() > 1 {
                        return self.commit_in_halves(group).await;
                    }
                    self.stuck.append(&mut group);
                    return Vec::new();
                }
                Err(Failure::Conflict(_)) if group.len() == 1 && tries < MAX_TRIES => {
                    tokio::time::sleep(Duration::from_millis(u64::from(tries * tries))).await;
                    tries += 1;
                }
                Err(failure) if group.len() > 1 && failure.is_of_one_change() => {
                    return self.commit_one_by_one(group).await;
                }
                Err(Failure::Conflict(error) | Failure::Final(error)) => {
                    group
                        .into_iter()
                        .for_each(|mut change| change.finish(Err(error.clone())));
                    return Vec::new();
                }
            }
        }
    }

    async fn commit_one_by_one(&mut self, group: Group) -> Vec<Postponed> {
        for change in group {
            Box::pin(self.commit(vec![change])).await;
        }
        Vec::new()
    }

    /// Finds what others have locked, in halves of halves: what is left when it is alone is stuck. None waits for long again, and
    /// where much is locked the search ends with all of the rest stuck: it is tried one by one.
    async fn commit_in_halves(&mut self, mut group: Group) -> Vec<Postponed> {
        let outer = self.search_until;
        let until = outer.unwrap_or_else(|| Instant::now() + SEARCH_PATIENCE);
        self.search_until = Some(until);
        let half = group.split_off(group.len() / 2);
        let mut postponed = Vec::new();
        for part in [group, half] {
            let mut part = self.without_stuck(part);
            if Instant::now() >= until {
                self.stuck.append(&mut part);
            } else if !part.is_empty() {
                postponed.extend(Box::pin(self.commit(part)).await);
            }
        }
        self.search_until = outer;
        postponed
    }

    /// Tries once. If it succeeds, `group` holds what was committed, and the rest is given back; if not, `group`
    /// holds all of it.
    async fn attempt(&mut self, group: &mut Group) -> Result<Vec<Postponed>, Failure> {
        let connection = self.postgres.writer().await.map_err(Failure::Unreachable)?;
        let begin = match (self.search_until, self.stuck.is_empty()) {
            (None, true) => Begin::Usual,
            _ => Begin::Hasty,
        };
        let outcome = attempt_on(&connection, begin, group).await;
        if let Err(failure) = &outcome
            && !connection.is_closed()
            && (failure.says_read_only() || !rolled_back(&connection).await)
        {
            // A connection in an unknown state must not go back into the pool, nor one that cannot write.
            drop(Object::take(connection));
        }
        outcome
    }
}

/// Answers those who have waited for the whole patience, and gives back the others.
fn refuse_overdue(group: Group, patience: Duration, error: &StoreError) -> Group {
    let (overdue, patient): (Group, Group) = group
        .into_iter()
        .partition(|change| change.queued_at().elapsed() >= patience);
    overdue
        .into_iter()
        .for_each(|mut change| change.finish(Err(error.clone())));
    patient
}

fn locked() -> StoreError {
    StoreError::unavailable("others have locked what it needs")
}

async fn rolled_back(connection: &Object) -> bool {
    let rollback = tokio::time::timeout(ROLLBACK_PATIENCE, connection.batch_execute("ROLLBACK"));
    matches!(rollback.await, Ok(Ok(())))
}

/// Changes that share a transaction: those that begin with the same lock. One statement takes it for all of them, in one
/// order, so that two transactions do not wait for each other. The locks that others take last come behind all others.
fn by_first_lock(group: Group) -> impl Iterator<Item = Group> {
    let mut parts: BTreeMap<(bool, usize), Group> = BTreeMap::new();
    for change in group {
        let lock = change.reads().iter().find(|read| read.locks());
        let key = match lock.map(|read| read.sql) {
            Some(sql) if sql.is_late => (true, 0),
            sql => (false, sql.map_or(0, |sql| std::ptr::from_ref(sql).addr())),
        };
        parts.entry(key).or_default().push(change);
    }
    parts.into_values()
}

fn first_locks(change: &dyn Queued) -> impl Iterator<Item = &Statement> {
    change.reads().iter().filter(|read| read.locks()).take(2)
}

/// What a change looks up first. Groups go through it in order, so that locks whose statement has no order of its own are
/// taken in one order too.
fn first_read(change: &dyn Queued) -> &[Value] {
    change.reads().first().map_or(&[], |read| &read.params)
}
