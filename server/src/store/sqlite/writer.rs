//! The one writer: takes the changes that wait into one transaction, commits once, then answers all of them.
//!
//! A commit costs one sync of the disk however many changes it holds, so under load the group grows by itself
//! while the disk is busy, and a single change on an idle server waits for nobody.

use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::checkpoint::Checkpointer;
use super::{classify, row};
use crate::metrics::StoreMetrics;
use crate::store::change::Queued;
use crate::store::{MAX_GROUP, Statement, StoreError};

/// A change that has been decided and whose writes are in the open transaction, or that has failed.
type Decided = (Box<dyn Queued>, Result<(), StoreError>);

/// Starts the thread. It ends when the last handle of the store is gone and all waiting changes are done.
pub(super) fn start(
    mut connection: Connection,
    mut queue: mpsc::Receiver<Box<dyn Queued>>,
    checkpointer: Checkpointer,
    metrics: Arc<StoreMetrics>,
) -> Result<(), StoreError> {
    checkpointer.watch(&mut connection)?;
    let run = move || {
        let mut group = Vec::with_capacity(MAX_GROUP);
        while queue.blocking_recv_many(&mut group, MAX_GROUP) > 0 {
            metrics.group_size.observe(count(group.len()));
            commit_group(&connection, group.drain(..), &metrics);
            checkpointer.after_commit(&connection);
        }
    };
    let thread = std::thread::Builder::new().name("sqlite-writer".into());
    thread.spawn(run).map(drop).map_err(StoreError::unavailable)
}

fn commit_group(
    connection: &Connection,
    group: impl Iterator<Item = Box<dyn Queued>>,
    metrics: &StoreMetrics,
) {
    let started = Instant::now();
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
        return group.for_each(|change| change.finish(Err(error.clone())));
    }
    let decided: Vec<Decided> = group.map(|change| apply(connection, change)).collect();
    #[cfg(feature = "answer-before-commit")]
    let decided = answer_early(decided);
    let committed = commit(connection);
    metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
    for (change, applied) in decided {
        change.finish(applied.and(committed.clone()));
    }
}

/// Reads, decides and writes one change inside the open transaction. If a write fails, the change leaves
/// nothing behind.
fn apply(connection: &Connection, mut change: Box<dyn Queued>) -> Decided {
    if connection.is_autocommit() {
        return (change, Err(undone()));
    }
    let loaded: Result<_, _> = change
        .reads()
        .iter()
        .map(|read| row::query(connection, read))
        .collect();
    let applied = loaded
        .map(|loaded| change.decide(loaded))
        .and_then(|writes| write_all(connection, &writes));
    (change, applied.map_err(classify))
}

/// Runs a change's writes under a savepoint. A single statement needs none: SQLite undoes one that fails.
fn write_all(connection: &Connection, writes: &[Statement]) -> rusqlite::Result<()> {
    match writes {
        [] => Ok(()),
        [only] => row::execute(connection, only),
        several => {
            run(connection, "SAVEPOINT change")?;
            let written = several
                .iter()
                .try_for_each(|write| row::execute(connection, write));
            if written.is_err() && !connection.is_autocommit() {
                run(connection, "ROLLBACK TO change")?;
            }
            written.and_then(|()| run(connection, "RELEASE change"))
        }
    }
}

/// Commits the group. Errors such as a full disk make SQLite undo the whole transaction by itself; then there
/// is nothing to commit, and every change of the group has failed.
fn commit(connection: &Connection) -> Result<(), StoreError> {
    if connection.is_autocommit() {
        return Err(undone());
    }
    execute(connection, "COMMIT").inspect_err(|_| {
        // Best effort: where it fails, SQLite has undone the transaction already.
        drop(execute(connection, "ROLLBACK"));
    })
}

/// What every change of a group gets after SQLite has undone the group's transaction.
fn undone() -> StoreError {
    StoreError::unavailable("the transaction was undone")
}

fn execute(connection: &Connection, sql: &'static str) -> Result<(), StoreError> {
    run(connection, sql).map_err(classify)
}

fn run(connection: &Connection, sql: &'static str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

#[expect(clippy::cast_precision_loss, reason = "a group is small")]
fn count(group: usize) -> f64 {
    group as f64
}

/// The defence taken away, so that the durability test can be seen to fail.
#[cfg(feature = "answer-before-commit")]
fn answer_early(decided: Vec<Decided>) -> Vec<Decided> {
    for (change, applied) in decided {
        change.finish(applied);
    }
    std::thread::sleep(std::time::Duration::from_millis(20));
    Vec::new()
}
