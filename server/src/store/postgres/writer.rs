//! The writers: each takes the changes that wait into one transaction of two round trips.
//!
//! The first round trip begins the transaction and runs every change's reads (which lock the rows that they
//! find); then all changes are decided; the second runs every write and commits. Requests are pipelined: all of
//! a round trip are sent before the first answer is awaited.
//!
//! Two changes that found the same row cannot share a transaction, because the second would decide on what was
//! there before the first; it waits for the next. When a group fails, each of its changes is run again alone,
//! so that one cannot take others down.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, mpsc};
use tokio_postgres::{Error, Row as PgRow, Statement as Prepared};

use super::pipeline::pipelined;
use super::together::{self, Request};
use super::{Postgres, classify, is_repeatable, no_answer, says_read_only, within_patience};
use crate::metrics::StoreMetrics;
use crate::store::change::{Loaded, Queued};
use crate::store::{MAX_GROUP, Row, Statement, StoreError, Value};

/// How often a change is tried when others get in its way.
const MAX_TRIES: u32 = 10;
/// How long a change waits, in the queue and being tried, while the database cannot be reached.
const OUTAGE_PATIENCE: Duration = Duration::from_secs(5);
const OUTAGE_PAUSE: Duration = Duration::from_millis(100);
/// How long the end of a failed transaction is waited for before its connection is given up.
const ROLLBACK_PATIENCE: Duration = Duration::from_secs(1);

type Group = Vec<Box<dyn Queued>>;
type Sent<'c> = BoxFuture<'c, Result<Vec<PgRow>, Error>>;

struct Writer {
    postgres: Postgres,
    queue: Arc<Mutex<mpsc::Receiver<Box<dyn Queued>>>>,
    metrics: Arc<StoreMetrics>,
    /// Why the database could not be reached, when it was last tried.
    outage: Option<StoreError>,
}

/// Why a group did not commit.
enum Failure {
    /// The database could not be reached before the commit was asked for, or cannot be written: nothing was changed.
    Unreachable(StoreError),
    /// Others were in the way: nothing was changed, and another try may pass.
    Conflict(StoreError),
    /// Another try will not mend it: nothing was changed, or (a connection that broke while it committed)
    /// nobody knows.
    Final(StoreError),
}

impl Failure {
    /// Is one change of the group the cause, so that the others will pass without it?
    fn is_of_one_change(&self) -> bool {
        match self {
            Self::Conflict(_) => true,
            Self::Final(error) => !matches!(error, StoreError::Unavailable(_)),
            Self::Unreachable(_) => false,
        }
    }

    /// Does PostgreSQL say that nothing may be written?
    fn says_read_only(&self) -> bool {
        let (Self::Unreachable(error) | Self::Conflict(error) | Self::Final(error)) = self;
        says_read_only(error)
    }

    /// The error, if the database is away.
    fn outage(&self) -> Option<StoreError> {
        match self {
            Self::Unreachable(error) => Some(error.clone()),
            Self::Conflict(_) | Self::Final(_) => None,
        }
    }
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
        tokio::spawn(
            Writer {
                postgres,
                queue,
                metrics,
                outage: None,
            }
            .run(),
        );
    }
}

impl Writer {
    async fn run(mut self) {
        let mut group = Group::new();
        loop {
            if !self.fill(&mut group).await {
                return;
            }
            // Whoever has waited for the whole patience learns it at once, not after another try each.
            if let Some(error) = &self.outage {
                group = refuse_overdue(group, error);
                if group.is_empty() {
                    continue;
                }
            }
            // Changes that begin with a late lock have a transaction of their own.
            let (late, usual): (Group, Group) =
                group.into_iter().partition(|change| begins_late(change.as_ref()));
            group = Group::new();
            for part in [usual, late] {
                if part.is_empty() {
                    continue;
                }
                let started = Instant::now();
                group.extend(self.commit(part).await);
                self.metrics
                    .commit_seconds
                    .observe(started.elapsed().as_secs_f64());
            }
        }
    }

    /// Puts what waits behind what was postponed, so that many changes of one profile hold up nobody else; waits if there is
    /// nothing. `false`: nothing will ever come.
    async fn fill(&self, group: &mut Group) -> bool {
        if group.is_empty() {
            return self.queue.lock().await.recv_many(group, MAX_GROUP).await > 0;
        }
        // Who has it locked waits because it is empty.
        if let Ok(mut queue) = self.queue.try_lock() {
            while group.len() < MAX_GROUP
                && let Ok(next) = queue.try_recv()
            {
                group.push(next);
            }
        }
        true
    }

    /// Commits the group and answers its callers. Gives back the changes that must wait for the next group.
    async fn commit(&mut self, mut group: Group) -> Group {
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
                    group = refuse_overdue(group, &error);
                    if group.is_empty() {
                        return group;
                    }
                    tokio::time::sleep(OUTAGE_PAUSE).await;
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
                    return Group::new();
                }
            }
        }
    }

    async fn commit_one_by_one(&mut self, group: Group) -> Group {
        for change in group {
            Box::pin(self.commit(vec![change])).await;
        }
        Group::new()
    }

    /// Tries once. If it succeeds, `group` holds what was committed, and the rest is given back; if not, `group`
    /// holds all of it.
    async fn attempt(&self, group: &mut Group) -> Result<Group, Failure> {
        let connection = self.postgres.writer().await.map_err(Failure::Unreachable)?;
        let outcome = attempt_on(&connection, group).await;
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
fn refuse_overdue(group: Group, error: &StoreError) -> Group {
    let (overdue, patient): (Group, Group) = group
        .into_iter()
        .partition(|change| change.queued_at().elapsed() >= OUTAGE_PATIENCE);
    overdue
        .into_iter()
        .for_each(|mut change| change.finish(Err(error.clone())));
    patient
}

async fn rolled_back(connection: &Object) -> bool {
    let rollback = tokio::time::timeout(ROLLBACK_PATIENCE, connection.batch_execute("ROLLBACK"));
    matches!(rollback.await, Ok(Ok(())))
}

/// Does a change begin with a lock that others take last?
fn begins_late(change: &dyn Queued) -> bool {
    change.reads().first().is_some_and(|read| read.sql.is_late)
}

/// What a change looks up first. Groups go through it in order, so that two writers take the locks that both need
/// in one order and do not wait for each other.
fn first_read(change: &dyn Queued) -> &[Value] {
    change.reads().first().map_or(&[], |read| &read.params)
}

async fn attempt_on(connection: &Object, group: &mut Group) -> Result<Group, Failure> {
    let loaded = within_patience(read_all(connection, group)).await;
    let loaded = loaded.unwrap_or_else(|| Err(Failure::Unreachable(no_answer())))?;
    let (writes, postponed) = decide_all(group, loaded);
    #[cfg(feature = "answer-before-commit")]
    answer_early(group).await;
    let written = within_patience(write_all(connection, &writes)).await;
    // The commit may have been sent.
    match written.unwrap_or_else(|| Err(Failure::Final(no_answer()))) {
        Ok(()) => Ok(postponed),
        Err(failure) => {
            group.extend(postponed);
            Err(failure)
        }
    }
}

/// The first round trip: begins the transaction and runs the reads of all changes.
async fn read_all(connection: &Object, group: &mut Group) -> Result<Vec<Loaded>, Failure> {
    let counts: Vec<usize> = group.iter().map(|change| change.reads().len()).collect();
    let reads: Vec<&Statement> = group.iter().flat_map(|change| change.reads()).collect();
    let requests = together::plan(&reads);
    let prepared = prepare(connection, &requests).await?;
    let mut sent: Vec<Sent<'_>> = vec![simple(connection, "BEGIN")];
    sent.extend(
        requests
            .iter()
            .zip(&prepared)
            .map(|(request, prepared)| run(connection, prepared, request)),
    );
    let mut answers = pipelined(sent).await.into_iter();
    answers.next().unwrap_or(Ok(Vec::new())).map_err(before_commit)?;
    let mut found: Vec<Vec<Row>> = reads.iter().map(|_| Vec::new()).collect();
    for (request, answer) in requests.iter().zip(answers) {
        let rows = answer.map_err(before_commit)?;
        request.hand_out(&rows, &mut found).map_err(Failure::Final)?;
    }
    let mut found = found.into_iter();
    Ok(counts
        .into_iter()
        .map(|count| found.by_ref().take(count).collect())
        .collect())
}

/// Decides the changes in order. One that found a row which a change before it found is taken out of the group.
fn decide_all(group: &mut Group, loaded: Vec<Loaded>) -> (Vec<Vec<Statement>>, Group) {
    let mut found: HashSet<Value> = HashSet::new();
    let (mut writes, mut postponed) = (Vec::new(), Group::new());
    let mut kept = Group::with_capacity(group.len());
    for (mut change, loaded) in group.drain(..).zip(loaded) {
        let locking = change
            .reads()
            .iter()
            .zip(&loaded)
            .filter(|(read, _)| read.locks());
        let rows: Vec<Value> = locking
            .flat_map(|(_, rows)| rows)
            .filter_map(|row| row.0.first().cloned())
            .collect();
        if rows.iter().any(|row| found.contains(row)) {
            postponed.push(change);
        } else {
            found.extend(rows);
            writes.push(change.decide(loaded));
            kept.push(change);
        }
    }
    *group = kept;
    (writes, postponed)
}

/// The second round trip: runs all writes and commits. Those with an array form are put together; the others run in
/// their order.
async fn write_all(connection: &Object, writes: &[Vec<Statement>]) -> Result<(), Failure> {
    let writes: Vec<&Statement> = writes.iter().flatten().collect();
    let requests = together::plan(&writes);
    let prepared = prepare(connection, &requests).await?;
    let mut sent: Vec<Sent<'_>> = requests
        .iter()
        .zip(&prepared)
        .map(|(request, prepared)| run(connection, prepared, request))
        .collect();
    sent.push(simple(connection, "COMMIT"));
    let answers = pipelined(sent).await;
    // The first failure is the cause; those behind it only say that the transaction is over.
    match answers.into_iter().find_map(Result::err) {
        None => Ok(()),
        Some(error) if requests.is_empty() => Err(before_commit(error)),
        Some(error) => Err(while_committing(error)),
    }
}

fn before_commit(error: Error) -> Failure {
    if is_repeatable(&error) {
        return Failure::Conflict(classify(error));
    }
    match classify(error) {
        error @ StoreError::Unavailable(_) => Failure::Unreachable(error),
        error => Failure::Final(error),
    }
}

/// A statement that the server refused takes the whole transaction with it. Any other failure leaves open
/// whether the commit, which was sent along, has happened.
fn while_committing(error: Error) -> Failure {
    if is_repeatable(&error) {
        return Failure::Conflict(classify(error));
    }
    match classify(error) {
        // Another connection may write.
        error if says_read_only(&error) => Failure::Unreachable(error),
        error => Failure::Final(error),
    }
}

/// Prepares each distinct text once for this connection, for good.
async fn prepare(connection: &Object, requests: &[Request<'_>]) -> Result<Vec<Prepared>, Failure> {
    let mut known: Vec<(&'static str, Prepared)> = Vec::new();
    let mut prepared = Vec::with_capacity(requests.len());
    for request in requests {
        let text = request.text();
        if let Some((_, found)) = known.iter().find(|(known, _)| std::ptr::eq(*known, text)) {
            prepared.push(found.clone());
            continue;
        }
        let fresh = connection.prepare_cached(text).await.map_err(before_commit)?;
        known.push((text, fresh.clone()));
        prepared.push(fresh);
    }
    Ok(prepared)
}

fn run<'c>(connection: &'c Object, prepared: &'c Prepared, request: &'c Request<'c>) -> Sent<'c> {
    Box::pin(async move { connection.query(prepared, &request.params()).await })
}

fn simple<'c>(connection: &'c Object, sql: &'static str) -> Sent<'c> {
    Box::pin(async move { connection.batch_execute(sql).await.map(|()| Vec::new()) })
}

/// The defence taken away, so that the durability test can be seen to fail. The pause before the commit outlasts the commit:
/// a kill during that loses nothing.
#[cfg(feature = "answer-before-commit")]
async fn answer_early(group: &mut Group) {
    group.drain(..).for_each(|mut change| change.finish(Ok(())));
    tokio::time::sleep(Duration::from_millis(200)).await;
}
