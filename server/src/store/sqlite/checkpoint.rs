//! Moves what the write-ahead log holds into the database file, on a thread of its own.
//!
//! On the writer's thread a checkpoint would stall every change that waits. But beside a busy writer it never
//! reaches the log's end, and a log that is never at its end cannot start anew and grows. So the thread moves the log
//! all the time in small passes, and the writer, once the log is long and the thread rests, does the little that is
//! left between two groups.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::ahead::Commits;
use super::readers::Readers;
use super::{BUSY_TIMEOUT, classify, connect};
use crate::store::{StoreError, guard};

/// The thread makes a pass for so many pages, or for all that have come while it made the last one.
const PASS_PAGES: i32 = 32;
/// From this many pages on, the log may begin anew: 24 MiB in pages of 2 KiB.
const RESTART_PAGES: i32 = 12_288;
/// So little may be left of the log when the writer lets it begin anew.
const REMAINDER_PAGES: i32 = 256;
/// From this many pages on, the writer lets it begin anew whatever is left and whoever reads: 32 MiB.
const FORCE_PAGES: i32 = 16_384;
/// After a restart that failed, the writer tries again when the log has grown by so many pages.
const RETRY_PAGES: i32 = 2_048;
/// How long a restart waits for scans that still look at the log. One may take longer than all changes should wait.
const RESTART_PATIENCE: Duration = Duration::from_millis(50);
/// How long emptying the log at the end waits for a pass, and for scans.
const EMPTY_PATIENCE: Duration = Duration::from_millis(500);

/// Moves what no reader needs to be in the log any more, and waits for nobody.
const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";

pub(super) struct Checkpointer {
    log: Arc<Log>,
    wake: SyncSender<()>,
    readers: Arc<Readers>,
    /// At this length the writer restarts the log next.
    restart_at: AtomicI32,
}

/// The thread's connection, and the database's file to sync. The connection is closed first, see [`super::open_file`].
struct Database {
    connection: Connection,
    file: Option<Arc<File>>,
}

/// The log's state in pages, as the last commit and the last pass left it.
#[derive(Default)]
struct Log {
    length: AtomicI32,
    moved: AtomicI32,
    is_in_pass: AtomicBool,
}

impl Log {
    /// How much of it has not been moved.
    fn left(&self) -> i32 {
        self.length.load(Ordering::Relaxed) - self.moved.load(Ordering::Relaxed)
    }

    fn has_begun_anew(&self) {
        self.length.store(0, Ordering::Relaxed);
        self.moved.store(0, Ordering::Relaxed);
    }
}

/// Starts the thread. It ends with the writer.
pub(super) fn start(
    uri: &str,
    file: Option<Arc<File>>,
    readers: Arc<Readers>,
) -> Result<Checkpointer, StoreError> {
    let database = Database {
        connection: connect(uri)?,
        file,
    };
    let (wake, woken) = sync_channel(1);
    let log = Arc::new(Log::default());
    let shared = Arc::clone(&log);
    let thread = std::thread::Builder::new().name("sqlite-checkpoint".into());
    thread
        .spawn(move || guard::run("thread that moves the log", || run(&database, &woken, &shared)))
        .map_err(StoreError::unavailable)?;
    Ok(Checkpointer {
        log,
        wake,
        readers,
        restart_at: AtomicI32::new(RESTART_PAGES),
    })
}

fn run(database: &Database, woken: &Receiver<()>, log: &Log) {
    while woken.recv().is_ok() {
        match database.pass() {
            Ok(pass) => log.moved.store(pass.moved, Ordering::Relaxed),
            Err(Failure::Move(error)) => warn(&error),
            Err(Failure::Sync(error)) => end_program(&error),
        }
        log.is_in_pass.store(false, Ordering::Release);
    }
}

impl Database {
    /// Moves what there is of the log, and sees to it that it is on the disk.
    ///
    /// SQLite itself syncs the file only in a pass that comes to the log's end, and then with all that earlier passes
    /// have written: a moment in which nothing else gets on. Many small syncs cost no more and are not felt.
    fn pass(&self) -> Result<Pass, Failure> {
        let pass = checkpoint(&self.connection, MOVE).map_err(Failure::Move)?;
        if let Some(file) = &self.file {
            file.sync_data().map_err(Failure::Sync)?;
        }
        Ok(pass)
    }
}

/// Why a pass failed.
#[derive(Debug)]
enum Failure {
    /// The pages may be moved again.
    Move(rusqlite::Error),
    /// Pages that count as moved may be lost: after a sync that failed the system takes them for written.
    Sync(std::io::Error),
}

/// All that was acknowledged is in the log still, and the next start moves it from its beginning. Going on, the log would
/// begin anew over pages that are nowhere else.
fn end_program(error: &std::io::Error) -> ! {
    tracing::error!(%error, "the database's file could not be synced: the program ends and loses nothing, if it is started again");
    std::process::exit(1)
}

impl Checkpointer {
    /// Lets the writer's connection tell how long the log is after each commit.
    pub(super) fn watch(&self, writer: &mut Connection, commits: Arc<Commits>) -> Result<(), StoreError> {
        let log = Arc::clone(&self.log);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            if pages < log.length.load(Ordering::Relaxed) {
                log.has_begun_anew();
            }
            let before = log.length.swap(pages, Ordering::Relaxed);
            commits.have_written(pages.abs_diff(before).into());
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(classify)
    }

    /// Between two groups: wakes the thread when there is enough for a pass, and lets a long log begin anew when
    /// the thread has left little of it.
    pub(super) fn after_commit(&self, writer: &Connection) {
        let length = self.log.length.load(Ordering::Relaxed);
        let (left, restart_at) = (self.log.left(), self.restart_at.load(Ordering::Relaxed));
        let is_in_pass = self.log.is_in_pass.load(Ordering::Acquire);
        if is_in_pass {
            // What it has moved is not synced yet: the log must not begin anew over it.
        } else if length >= restart_at && (left <= REMAINDER_PAGES || length >= FORCE_PAGES) {
            self.restart(writer, length);
        } else if left >= PASS_PAGES {
            self.log.is_in_pass.store(true, Ordering::Release);
            if self.wake.try_send(()).is_err() {
                self.log.is_in_pass.store(false, Ordering::Release);
            }
        }
    }

    /// Tries at once while nobody begins to read: where readers follow each other, there is hardly a moment without any.
    /// Only a scan or a pass may be in the way then, and is waited for while the others read on.
    fn restart(&self, writer: &Connection, length: i32) {
        self.readers.let_nobody_stay();
        // What is left is moved before, as far as readers let it: they are not kept out for that.
        if let Err(error) = checkpoint(writer, MOVE) {
            warn(&error);
        }
        let at_once = || restart(writer, Duration::ZERO);
        let next = if self.readers.kept_out(at_once) || restart(writer, patience(length)) {
            self.log.has_begun_anew();
            RESTART_PAGES
        } else {
            length + RETRY_PAGES
        };
        self.restart_at.store(next, Ordering::Relaxed);
    }
}

/// Moves what is left of the log and makes it empty, when all changes are done. It stays as it is if others are at it for so
/// long.
pub(super) fn empty(connection: &Connection, file: &File) -> Result<(), StoreError> {
    let until = Instant::now() + EMPTY_PATIENCE;
    // A pass may be under way: what that moves must be synced before the log is gone.
    while checkpoint(connection, MOVE).map_err(classify)?.was_blocked {
        if Instant::now() >= until {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    file.sync_data().map_err(StoreError::unavailable)?;
    connection.busy_timeout(EMPTY_PATIENCE).map_err(classify)?;
    checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
        .map(drop)
        .map_err(classify)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn database(synced: &str) -> Database {
        Database {
            connection: connect("file:/a-pass?vfs=memdb").expect("a connection"),
            file: Some(Arc::new(File::open(synced).expect("a file"))),
        }
    }

    #[test]
    fn a_pass_whose_sync_fails_is_not_one_that_can_be_made_again() {
        assert!(database("Cargo.toml").pass().is_ok());
        // A device that cannot be synced.
        let failed = database("/dev/null").pass().map(|pass| pass.moved);
        assert!(matches!(failed, Err(Failure::Sync(_))), "{failed:?}");
    }
}
