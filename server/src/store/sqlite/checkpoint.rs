//! Moves what the write-ahead log holds into the database file, on a thread of its own.
//!
//! On the writer's thread a checkpoint would stall every change that waits. But beside a busy writer it never
//! reaches the log's end, and a log that is never at its end cannot start anew and grows. So the thread does all
//! but a small remainder, and the writer does that between two groups.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::Connection;

use super::{classify, connect};
use crate::store::StoreError;

/// From this many pages in the log on, the thread begins: 16 MiB.
const BEGIN_PAGES: i32 = 4_096;
/// A remainder of this many pages is left to the writer.
const REMAINDER_PAGES: i64 = 256;
/// So many passes at most, should the writer fill the log as fast as the thread empties it.
const MAX_PASSES: usize = 4;

pub(super) struct Checkpointer {
    log_pages: Arc<AtomicI32>,
    wake: SyncSender<()>,
    remainder_waits: Arc<AtomicBool>,
}

/// Starts the thread. It ends with the writer.
pub(super) fn start(uri: &str) -> Result<Checkpointer, StoreError> {
    let connection = connect(uri)?;
    let (wake, woken) = sync_channel(1);
    let remainder_waits = Arc::new(AtomicBool::new(false));
    let waits = Arc::clone(&remainder_waits);
    let thread = std::thread::Builder::new().name("sqlite-checkpoint".into());
    thread
        .spawn(move || run(&connection, &woken, &waits))
        .map_err(StoreError::unavailable)?;
    Ok(Checkpointer {
        log_pages: Arc::default(),
        wake,
        remainder_waits,
    })
}

fn run(connection: &Connection, woken: &Receiver<()>, remainder_waits: &AtomicBool) {
    while woken.recv().is_ok() {
        for _ in 0..MAX_PASSES {
            match checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
                Ok(left) if left > REMAINDER_PAGES => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "the write-ahead log could not be checkpointed; it grows meanwhile");
                    break;
                }
            }
        }
        remainder_waits.store(true, Ordering::Release);
    }
}

impl Checkpointer {
    /// Lets the writer's connection tell how long the log is after each commit.
    pub(super) fn watch(&self, writer: &mut Connection) -> Result<(), StoreError> {
        let log_pages = Arc::clone(&self.log_pages);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages| {
            log_pages.store(pages, Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(classify)
    }

    /// Between two groups: wakes the thread when the log is long, does the remainder when it is done.
    pub(super) fn after_commit(&self, writer: &Connection) {
        if self.remainder_waits.swap(false, Ordering::Acquire) {
            // RESTART also waits for the readers that still look at the log (each a matter of microseconds),
            // so that the next commit begins it anew.
            if let Err(error) = checkpoint(writer, "PRAGMA wal_checkpoint(RESTART)") {
                tracing::warn!(%error, "the write-ahead log could not be restarted; it grows meanwhile");
            }
        } else if self.log_pages.load(Ordering::Relaxed) >= BEGIN_PAGES {
            // Full means that the thread has been woken already.
            let _: Result<_, _> = self.wake.try_send(());
        }
    }
}

/// Runs a checkpoint and answers how many pages of the log it did not reach.
fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.query_row(
        pragma,
        [],
        |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?),
    )
}
