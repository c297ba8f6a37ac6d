//! Moves what the write-ahead log holds into the database file, on a thread of its own.
//!
//! On the writer's thread a checkpoint would stall every change that waits. But beside a busy writer it never
//! reaches the log's end, and a log that is never at its end cannot start anew and grows. So the thread empties the
//! log all the time while it is long, and the writer, once it is very long, does the little that is left between
//! two groups: about ten milliseconds each 16 MiB.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::Connection;

use super::{BUSY_TIMEOUT, classify, connect};
use crate::store::StoreError;

/// From this many pages in the log on, the thread empties it: 4 MiB.
const BEGIN_PAGES: i32 = 1_024;
/// The thread makes a pass for so many pages at least: each pass syncs the database's file.
const PASS_PAGES: i32 = 256;
/// From this many pages on, the writer sees to it that the log begins anew: 16 MiB.
const RESTART_PAGES: i32 = 4_096;
/// After a restart that failed, the writer tries again when the log has grown by so many pages: 4 MiB.
const RETRY_PAGES: i32 = 1_024;
/// How long the first restart waits for readers that still look at the log. Point queries take microseconds; a scan
/// may take longer than all changes should wait.
const RESTART_PATIENCE: Duration = Duration::from_millis(50);

pub(super) struct Checkpointer {
    log: Arc<Log>,
    wake: SyncSender<()>,
    /// At this length the writer restarts the log next.
    restart_at: AtomicI32,
}

/// The log's state in pages, as the last commit and the last pass left it.
#[derive(Default)]
struct Log {
    length: AtomicI32,
    moved: AtomicI32,
}

impl Log {
    /// Is a pass worth its sync? More moved than there is means that the log began anew during the last pass.
    fn is_worth_a_pass(&self) -> bool {
        let left = self.length.load(Ordering::Relaxed) - self.moved.load(Ordering::Relaxed);
        !(0..PASS_PAGES).contains(&left)
    }
}

/// Starts the thread. It ends with the writer.
pub(super) fn start(uri: &str) -> Result<Checkpointer, StoreError> {
    let connection = connect(uri)?;
    let (wake, woken) = sync_channel(1);
    let log = Arc::new(Log::default());
    let shared = Arc::clone(&log);
    let thread = std::thread::Builder::new().name("sqlite-checkpoint".into());
    thread
        .spawn(move || run(&connection, &woken, &shared))
        .map_err(StoreError::unavailable)?;
    Ok(Checkpointer {
        log,
        wake,
        restart_at: AtomicI32::new(RESTART_PAGES),
    })
}

fn run(connection: &Connection, woken: &Receiver<()>, log: &Log) {
    while woken.recv().is_ok() {
        match checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
            Ok(pass) => log.moved.store(pass.moved, Ordering::Relaxed),
            Err(error) => warn(&error),
        }
    }
}

impl Checkpointer {
    /// Lets the writer's connection tell how long the log is after each commit.
    pub(super) fn watch(&self, writer: &mut Connection) -> Result<(), StoreError> {
        let log = Arc::clone(&self.log);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages| {
            if pages < log.length.swap(pages, Ordering::Relaxed) {
                // It has begun anew.
                log.moved.store(0, Ordering::Relaxed);
            }
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(classify)
    }

    /// Between two groups: wakes the thread when the log is long, restarts the log when it is very long.
    pub(super) fn after_commit(&self, writer: &Connection) {
        let length = self.log.length.load(Ordering::Relaxed);
        if length >= self.restart_at.load(Ordering::Relaxed) {
            let next = if restart(writer, patience(length)) {
                self.log.length.store(0, Ordering::Relaxed);
                self.log.moved.store(0, Ordering::Relaxed);
                RESTART_PAGES
            } else {
                length + RETRY_PAGES
            };
            self.restart_at.store(next, Ordering::Relaxed);
        } else if length >= BEGIN_PAGES && self.log.is_worth_a_pass() {
            // Full means that the thread has been woken already.
            let _: Result<_, _> = self.wake.try_send(());
        }
    }
}

/// Grows with the square of the length: scan after scan must not keep the log from ever beginning anew.
fn patience(length: i32) -> Duration {
    let times = u32::try_from(length / RESTART_PAGES).unwrap_or(1);
    (RESTART_PATIENCE * times.min(10).pow(2)).min(BUSY_TIMEOUT)
}

/// Moves what is left of the log and lets the next commit begin it anew. Answers whether it came to that: readers
/// that look at the log, or the thread in the middle of a pass, may be in the way.
fn restart(writer: &Connection, patience: Duration) -> bool {
    let restarted = writer
        .busy_timeout(patience)
        .and_then(|()| checkpoint(writer, "PRAGMA wal_checkpoint(RESTART)"));
    if let Err(error) = &restarted {
        warn(error);
    }
    if let Err(error) = writer.busy_timeout(BUSY_TIMEOUT) {
        warn(&error);
    }
    restarted.is_ok_and(|pass| !pass.was_blocked)
}

fn warn(error: &rusqlite::Error) {
    tracing::warn!(%error, "the write-ahead log could not be checkpointed; it grows meanwhile");
}

struct Pass {
    was_blocked: bool,
    moved: i32,
}

fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<Pass> {
    connection.query_row(pragma, [], |row| {
        Ok(Pass {
            was_blocked: row.get(0)?,
            moved: row.get(2)?,
        })
    })
}
