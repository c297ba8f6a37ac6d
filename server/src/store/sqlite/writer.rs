//! The one writer: takes the changes that wait into one transaction, commits once, then answers all of them.
//!
//! A commit costs one sync of the disk however many changes it holds, so under load the group grows by itself
//! while the disk is busy, and a single change on an idle server waits for nobody.

use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::ahead::{self, Touched};
use super::checkpoint::Checkpointer;
use super::classify;
use super::place::Place;
use super::readers::Readers;
use super::row::{self, Prepared};
use crate::failing::Failing;
use crate::metrics::StoreMetrics;
use crate::store::change::{LockedRows, Queued};
use crate::store::{MAX_GROUP, Statement, StoreError, guard};

/// A change that has been decided and whose writes are in the open transaction, or that has failed.
type Decided = (Box<dyn Queued>, Result<(), StoreError>);

/// Starts the thread. It ends when the last handle of the store is gone and all waiting changes are done.
pub(super) fn start(
    mut connection: Connection,
    mut queue: mpsc::Receiver<Box<dyn Queued>>,
    checkpointer: Checkpointer,
    touched: Touched,
    place: Option<Arc<Place>>,
    readers: Arc<Readers>,
    metrics: Arc<StoreMetrics>,
) -> Result<(), StoreError> {
    checkpointer.watch(&mut connection)?;
    let runtime = Handle::try_current().ok();
    let run = move || {
        let mut writer = Writer {
            connection: &connection,
            prepared: Prepared::on(&connection),
            touched,
            place,
            failing: Failing::default(),
            runtime,
        };
        let mut group = Vec::with_capacity(MAX_GROUP);
        while queue.blocking_recv_many(&mut group, MAX_GROUP) > 0 {
            metrics.group_size.observe(count(group.len()));
            readers.let_stay();
            writer.commit_group(group.drain(..), &metrics);
            checkpointer.after_commit(&connection);
            if queue.is_empty() {
                readers.let_nobody_stay();
            }
        }
    };
    let thread = std::thread::Builder::new().name("sqlite-writer".into());
    thread
        .spawn(move || guard::run("writer", run))
        .map(drop)
        .map_err(StoreError::unavailable)
}

struct Writer<'c> {
    connection: &'c Connection,
    prepared: Prepared<'c>,
    touched: Touched,
    place: Option<Arc<Place>>,
    /// The look at the file's place.
    failing: Failing,
    runtime: Option<Handle>,
}

impl Writer<'_> {
    fn commit_group(&mut self, group: impl Iterator<Item = Box<dyn Queued>>, metrics: &StoreMetrics) {
        let started = Instant::now();
        if let Err(error) = self.begin() {
            return group.for_each(|mut change| change.finish(Err(error.clone())));
        }
        let decided: Vec<Decided> = group.map(|change| self.apply(change)).collect();
        #[cfg(feature = "answer-before-commit")]
        let decided = answer_early(decided);
        let committed = self.commit();
        metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
        answer(self.runtime.as_ref(), decided, committed);
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.check_place()?;
        self.prepared.run("BEGIN IMMEDIATE").map_err(classify)?;
        let begun = self.touched.begin(self.connection).map_err(classify);
        begun.inspect_err(|_| drop(self.prepared.run("ROLLBACK")))
    }

    /// Nothing is acknowledged that would go into a file which was taken away. The program goes on: all that it has
    /// acknowledged before is in that file, which is there as long as somebody has it open.
    fn check_place(&mut self) -> Result<(), StoreError> {
        let place = self.place.as_ref().map_or(Ok(()), |place| place.check());
        self.failing.tell(
            place.clone(),
            |error| tracing::error!(%error, "nothing is written: put the database's files back, or save what the open ones hold before the stop"),
            || tracing::info!("the database's file is in its place again"),
        );
        place
    }

    /// Writes one change inside the open transaction: what it decided ahead if that still holds, else what it
    /// decides on what it reads now. If a write fails, the change leaves nothing behind.
    fn apply(&mut self, mut change: Box<dyn Queued>) -> Decided {
        if self.connection.is_autocommit() {
            return (change, Err(undone()));
        }
        // What was decided ahead stays with the change, for whoever answers it to drop: freed here, its memory would be given
        // back to the threads that made it, under a lock that one of them may hold while it has no core.
        if let Some(ahead) = &*change.ahead()
            && self.touched.still_holds(ahead)
            && self.write(&ahead.locked, &ahead.writes).is_ok()
        {
            return (change, Ok(()));
        }
        if self.connection.is_autocommit() {
            return (change, Err(undone()));
        }
        let applied = self.read_and_write(change.as_mut()).map_err(classify);
        (change, applied)
    }

    fn read_and_write(&mut self, change: &mut dyn Queued) -> rusqlite::Result<()> {
        let reads = change.reads().iter();
        let loaded = reads
            .map(|read| row::query(self.connection, read))
            .collect::<Result<_, _>>()?;
        let locked = ahead::locked_rows(change.reads(), &loaded);
        let writes = change.decide(loaded);
        self.write(&locked, &writes)
    }

    /// Runs a change's writes under a savepoint. A single statement needs none: SQLite undoes one that fails. One that was
    /// rolled back to stays open and has later changes of the group copy every page that they touch, so it is released too.
    fn write(&mut self, locked: &LockedRows, writes: &[Statement]) -> rusqlite::Result<()> {
        self.touched.mark(locked, writes);
        if writes.len() < 2 {
            return self.prepared.execute_all(writes);
        }
        self.prepared.run("SAVEPOINT change")?;
        let written = self.prepared.execute_all(writes);
        if self.connection.is_autocommit() {
            return written;
        }
        if written.is_err() {
            self.prepared.run("ROLLBACK TO change")?;
        }
        self.prepared.run("RELEASE change")?;
        written
    }

    /// Commits the group. Errors such as a full disk make SQLite undo the whole transaction by itself; then there
    /// is nothing to commit, and every change of the group has failed.
    fn commit(&mut self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            return Err(undone());
        }
        let committed = self.prepared.run("COMMIT");
        match &committed {
            Ok(()) => self.touched.committed(),
            // Best effort: where it fails, SQLite has undone the transaction already.
            Err(_) => drop(self.prepared.run("ROLLBACK")),
        }
        committed.map_err(classify)
    }
}

/// Answers all callers of a group. A task of theirs does it, so that the writer can go on with the next group; one alone
/// is answered at once, which is sooner for it. What is left is for a task to drop in any case, see [`Writer::apply`].
fn answer(runtime: Option<&Handle>, mut decided: Vec<Decided>, committed: Result<(), StoreError>) {
    let is_group = decided.len() > 1;
    let answer = move |decided: &mut [Decided]| {
        for (change, applied) in decided {
            change.finish(std::mem::replace(applied, Ok(())).and(committed.clone()));
        }
    };
    match runtime {
        Some(runtime) if is_group => drop(runtime.spawn(async move { answer(&mut decided) })),
        Some(runtime) => {
            answer(&mut decided);
            drop(runtime.spawn(async { drop(decided) }));
        }
        None => answer(&mut decided),
    }
}

/// What every change of a group gets after SQLite has undone the group's transaction.
fn undone() -> StoreError {
    StoreError::unavailable("the transaction was undone")
}

#[expect(clippy::cast_precision_loss, reason = "a group is small")]
fn count(group: usize) -> f64 {
    group as f64
}

/// The defence taken away, so that the durability test can be seen to fail. The pause before the commit outlasts the commit:
/// a kill during that loses nothing.
#[cfg(feature = "answer-before-commit")]
fn answer_early(decided: Vec<Decided>) -> Vec<Decided> {
    for (mut change, applied) in decided {
        change.finish(applied);
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::ahead::Commits;
    use super::*;
    use crate::store::Sql;

    #[test]
    fn a_change_that_fails_leaves_no_savepoint_open_to_those_behind_it() {
        static ADD: Sql = Sql::same("INSERT INTO a (b) VALUES ($1)");
        let connection = Connection::open_in_memory().expect("a database in memory");
        connection
            .execute_batch("CREATE TABLE a (b UNIQUE)")
            .expect("a table");
        let mut writer = Writer {
            connection: &connection,
            prepared: Prepared::on(&connection),
            touched: Touched::new(Commits::new()),
            place: None,
            failing: Failing::default(),
            runtime: None,
        };
        let add = |b: i64| Statement::new(&ADD, [b.into()]);
        let nothing = LockedRows::default();
        writer.begin().expect("nobody else is there");
        writer.write(&nothing, &[add(1), add(2)]).expect("they are new");
        assert!(writer.write(&nothing, &[add(3), add(1)]).is_err());
        let open = connection.execute_batch("RELEASE change");
        assert!(open.is_err(), "there was a savepoint");
        writer.commit().expect("what is left");
        let added = connection.query_row("SELECT sum(b) FROM a", [], |row| row.get::<_, i64>(0));
        assert_eq!(added, Ok(3));
    }
}
