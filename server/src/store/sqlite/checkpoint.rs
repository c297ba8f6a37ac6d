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
/// From this many pages on, 64 MiB, by a quarter of its length.
const LONG_PAGES: i32 = 32_768;
/// How long a restart waits for scans that still look at the log. One may take longer than all changes should wait.
const RESTART_PATIENCE: Duration = Duration::from_millis(50);
/// The same where the log is twice as long as it should be, or longer.
const LONG_PATIENCE: Duration = Duration::from_millis(200);
/// How long emptying the log at the end waits for a pass, and for scans.
const EMPTY_PATIENCE: Duration = Duration::from_millis(500);

/// Moves what no reader needs to be in the log any more, and waits for nobody.
const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Moves all, and lets the next commit write at the log's start. What is further back stays, until it is written over.
const BEGIN_ANEW: &str = "PRAGMA wal_checkpoint(RESTART)";
/// The same, and shortens the log to nothing.
const EMPTY: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

pub(super) struct Checkpointer {
    log: Arc<Log>,
    wake: SyncSender<()>,
    readers: Arc<Readers>,
    commits: Arc<Commits>,
}

/// The thread's connection, and the database's file to sync. The connection is closed first, see [`super::open_file`].
struct Database {
    connection: Connection,
    file: Option<Arc<File>>,
}

/// The log's state in pages, as the last commit and the last pass left it.
pub(super) struct Log {
    length: AtomicI32,
    moved: AtomicI32,
    is_in_pass: AtomicBool,
    /// At this length the writer restarts it next.
    restart_at: AtomicI32,
    /// Is it to be emptied then, if it may hold what was deleted for good?
    is_to_be_emptied: AtomicBool,
}

impl Log {
    fn new() -> Self {
        Self {
            length: AtomicI32::new(0),
            moved: AtomicI32::new(0),
            is_in_pass: AtomicBool::new(false),
            restart_at: AtomicI32::new(RESTART_PAGES),
            is_to_be_emptied: AtomicBool::new(false),
        }
    }

    /// How much of it has not been moved.
    fn left(&self) -> i32 {
        self.length.load(Ordering::Relaxed) - self.moved.load(Ordering::Relaxed)
    }

    /// Has the writer empty it behind the next change, if it may hold what was deleted for good.
    pub(super) fn want_emptied(&self) {
        self.is_to_be_emptied.store(true, Ordering::Release);
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
    commits: Arc<Commits>,
) -> Result<Checkpointer, StoreError> {
    let database = Database {
        connection: connect(uri)?,
        file,
    };
    let (wake, woken) = sync_channel(1);
    let log = Arc::new(Log::new());
    let shared = Arc::clone(&log);
    let thread = std::thread::Builder::new().name("sqlite-checkpoint".into());
    thread
        .spawn(move || guard::run("thread that moves the log", || run(&database, &woken, &shared)))
        .map_err(StoreError::unavailable)?;
    Ok(Checkpointer {
        log,
        wake,
        readers,
        commits,
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
    /// The log's state.
    pub(super) fn log(&self) -> Arc<Log> {
        Arc::clone(&self.log)
    }

    /// Lets the writer's connection tell how long the log is after each commit.
    pub(super) fn watch(&self, writer: &mut Connection) -> Result<(), StoreError> {
        let (log, commits) = (self.log(), Arc::clone(&self.commits));
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
        let (left, restart_at) = (self.log.left(), self.log.restart_at.load(Ordering::Relaxed));
        let is_to_be_emptied =
            self.log.is_to_be_emptied.load(Ordering::Acquire) && self.commits.have_erased();
        let is_in_pass = self.log.is_in_pass.load(Ordering::Acquire);
        if is_in_pass {
            // What it has moved is not synced yet: the log must not begin anew over it.
        } else if (length >= restart_at || is_to_be_emptied)
            && (left <= REMAINDER_PAGES || length >= FORCE_PAGES)
        {
            self.restart(writer, length, is_to_be_emptied);
        } else if left >= PASS_PAGES {
            self.log.is_in_pass.store(true, Ordering::Release);
            if self.wake.try_send(()).is_err() {
                self.log.is_in_pass.store(false, Ordering::Release);
            }
        }
    }

    /// Tries at once while nobody begins to read: where readers follow each other, there is hardly a moment without any.
    /// Only a scan or a pass may be in the way then, and is waited for while the others read on.
    fn restart(&self, writer: &Connection, length: i32, is_to_be_emptied: bool) {
        let pragma = if is_to_be_emptied { EMPTY } else { BEGIN_ANEW };
        self.readers.let_nobody_stay();
        // What is left is moved before, as far as readers let it: they are not kept out for that.
        if let Err(error) = checkpoint(writer, MOVE) {
            warn(&error);
        }
        let at_once = || restart(writer, pragma, Duration::ZERO);
        let is_done = self.readers.kept_out(at_once) || restart(writer, pragma, patience(length));
        let next = if is_done { RESTART_PAGES } else { retry_at(length) };
        self.log.restart_at.store(next, Ordering::Relaxed);
        if is_done {
            self.log.has_begun_anew();
        }
        if is_to_be_emptied {
            self.log.is_to_be_emptied.store(false, Ordering::Relaxed);
        }
        if is_done && is_to_be_emptied {
            self.commits.left_nothing();
        }
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
    checkpoint(connection, EMPTY).map(drop).map_err(classify)
}

/// How long a restart at this length waits: all changes wait with it, so never longer than is hardly felt.
fn patience(length: i32) -> Duration {
    if length < 2 * RESTART_PAGES {
        RESTART_PATIENCE
    } else {
        LONG_PATIENCE
    }
}

/// At which length the writer tries again after a restart at this one has failed. The steps grow with the log: beside a
/// reader that stays for long, such as a backup, each try is in vain.
fn retry_at(length: i32) -> i32 {
    let step = if length < LONG_PAGES {
        RETRY_PAGES
    } else {
        length / 4
    };
    (length + step).max(RESTART_PAGES)
}

/// Moves what is left of the log and lets the next commit begin it anew, emptied or not. Answers whether it came to that:
/// readers that look at the log, or the thread in the middle of a pass, may be in the way.
fn restart(writer: &Connection, pragma: &str, patience: Duration) -> bool {
    let restarted = writer
        .busy_timeout(patience)
        .and_then(|()| checkpoint(writer, pragma));
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

    #[test]
    fn while_a_reader_stays_the_tries_get_rare_and_none_holds_up_the_changes_for_long() {
        let mut length = FORCE_PAGES;
        let (mut tries, mut waited) = (0, Duration::ZERO);
        // 2 GiB of log.
        while length < 1 << 20 {
            assert!(patience(length) <= Duration::from_millis(200));
            waited += patience(length);
            tries += 1;
            length = retry_at(length);
        }
        assert!(tries < 30, "{tries} tries");
        assert!(waited < Duration::from_secs(5), "{waited:?}");
        // Where none stays for long, there are many tries before the log has 64 MiB.
        let before = std::iter::successors(Some(RESTART_PAGES), |length| Some(retry_at(*length)));
        assert!(before.take_while(|length| *length < 1 << 15).count() > 8);
        assert_eq!(retry_at(100), RESTART_PAGES, "a log that only was to be emptied");
    }
}
