//! The embedded database: one writer thread, a pool of readers, a thread that checkpoints.

mod ahead;
mod checkpoint;
mod place;
mod readers;
mod row;
mod writer;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::sync::mpsc;

use self::ahead::{Commits, Touched};
use self::checkpoint::Log;
use self::place::Place;
use self::readers::{AsOf, Readers};
use super::change::{Ahead, Queued};
use super::migrations::{self, Migration};
use super::{Location, Row, Statement, StoreError};
use crate::metrics::StoreMetrics;

/// How long a statement waits for another program's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The writer's page cache. More is slower: a commit that split a page looks at every page of the cache (SQLite keeps
/// a page under a number far beyond the file's end while it balances, and drops what is beyond the end at the commit).
/// What is not here is in the system's cache.
const WRITER_CACHE_KIB: i64 = 12 * 1024;
/// Statements that stay prepared on each connection.
const PREPARED: usize = 128;

#[derive(Clone)]
pub(super) struct Sqlite {
    inner: Arc<Inner>,
}

struct Inner {
    uri: String,
    readers: Arc<Readers>,
    commits: Arc<Commits>,
    log: Arc<Log>,
    place: Option<Arc<Place>>,
    /// Let go of last, see [`open_file`].
    file: Option<Arc<File>>,
}

impl Sqlite {
    pub(super) fn open(
        location: &Location,
        queue: mpsc::Receiver<Box<dyn Queued>>,
        metrics: &Arc<StoreMetrics>,
    ) -> Result<Self, StoreError> {
        let uri = match location {
            Location::SqliteFile(path) => {
                make_file(path)?;
                file_uri(path)?
            }
            _ => format!("file:/{}?vfs=memdb", uuid::Uuid::new_v4()),
        };
        let connection = writing_connection(&uri)?;
        let file = open_file(location)?;
        let commits = Commits::new();
        let readers = Arc::new(Readers::new(uri.clone(), file.clone(), Arc::clone(&commits)));
        let checkpointer = checkpoint::start(&uri, file.clone(), Arc::clone(&readers), Arc::clone(&commits))?;
        let log = checkpointer.log();
        let touched = Touched::new(Arc::clone(&commits));
        let place = match (location, &file) {
            (Location::SqliteFile(path), Some(file)) => Some(Place::of(path.clone(), file)),
            _ => None,
        };
        let place = place.transpose().map_err(StoreError::unavailable)?.map(Arc::new);
        writer::start(
            connection,
            queue,
            checkpointer,
            touched,
            place.clone(),
            Arc::clone(&readers),
            Arc::clone(metrics),
        )?;
        let inner = Inner {
            uri,
            readers,
            commits,
            log,
            place,
            file,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Claims the file for this server until it ends, however it ends. The mark is none of SQLite's own locks, so commands go on.
    pub(super) fn claim(&self) -> Result<(), StoreError> {
        match self.inner.file.as_ref().map(|file| file.try_lock()) {
            Some(Err(TryLockError::WouldBlock)) => Err(StoreError::unavailable(
                "another server has its file: stop that first; several servers can only share a PostgreSQL",
            )),
            Some(Err(TryLockError::Error(error))) => Err(StoreError::unavailable(format!(
                "its file cannot be claimed ({error}): the file system must know flock"
            ))),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// Runs a query on the calling thread. A point query takes some ten microseconds while its pages are in the
    /// system's cache, less than handing it to another thread would.
    pub(super) fn read(&self, query: &Statement) -> Result<Vec<Row>, StoreError> {
        let read = |reader: &Connection| row::query(reader, query);
        self.inner.readers.read_latest(read).map(|latest| latest.found)
    }

    /// Empties the log when all changes are done, on the calling thread: what was deleted stands in it still. It stays as it is
    /// where another program is at it.
    pub(super) fn empty_log(&self) -> Result<(), StoreError> {
        self.inner.readers.let_nobody_stay();
        match (&self.inner.place, &self.inner.file) {
            (Some(place), Some(file)) => {
                place.check()?;
                checkpoint::empty(&connect(&self.inner.uri)?, file)
            }
            _ => Ok(()),
        }
    }

    /// Has the writer empty the log behind the next change, if it may hold what was deleted for good.
    pub(super) fn want_log_emptied(&self) {
        if self.inner.file.is_some() {
            self.inner.log.want_emptied();
        }
    }

    /// Runs a query that may take long, on the calling thread; for so long at most, if there is a limit.
    pub(super) fn scan(&self, query: &Statement, patience: Option<Duration>) -> Result<Vec<Row>, StoreError> {
        let read = |reader: &Connection| row::query(reader, query);
        match patience {
            Some(patience) => self.inner.readers.scan_for(patience, read),
            None => self.inner.readers.scan(read),
        }
    }

    /// Reads and decides a change on the calling thread, as [`ahead`] explains. Answers whether that settles it:
    /// there is nothing to write.
    pub(super) fn decide_ahead(&self, change: &mut dyn Queued) -> bool {
        // In memory a reader and the writer exclude each other. What is locked late is a single row that was written
        // just now: the writer has its page at hand, a reader would fetch it from the file.
        let reads = change.reads();
        if self.inner.file.is_none()
            || !reads.iter().any(Statement::locks)
            || reads.iter().any(|read| read.sql.is_late)
        {
            return false;
        }
        // Of rows that the writer does not check only the latest state will do.
        let may_be_recent = reads.iter().all(Statement::is_checked);
        let settled = may_be_recent.then(|| self.decide_on(change, true)).flatten();
        settled.or_else(|| self.decide_on(change, false)).unwrap_or(false)
    }

    /// Decides on the latest state or on a recent one. Answers whether that settles it, or nothing if it could not be
    /// read, or if only the latest state can tell: that there is nothing to write, or that the rules say no.
    fn decide_on(&self, change: &mut dyn Queued, may_be_recent: bool) -> Option<bool> {
        let readers = &self.inner.readers;
        let read = |reader: &Connection| row::query_all(reader, change.reads());
        // A read that fails will fail again, or not, at the writer.
        let AsOf {
            found,
            since,
            is_latest,
        } = if may_be_recent {
            readers.read_recent(read).ok()?
        } else {
            readers.read_latest(read).ok()?
        };
        let locked = ahead::locked_rows(change.reads(), &found);
        if !is_latest && !self.inner.commits.leave_alone(&locked, since) {
            return None;
        }
        let mut writes = change.decide(found);
        if writes.is_empty() {
            if may_be_recent {
                readers.leave_all();
            }
            return is_latest.then_some(true);
        }
        writes.iter_mut().for_each(Statement::pack);
        if !locked.0.is_empty() {
            *change.ahead() = Some(Ahead {
                since,
                locked,
                writes,
            });
        }
        Some(false)
    }

    /// How many readers are in use; there is no limit but the number of threads that read.
    pub(super) fn pool_use(&self) -> (usize, usize) {
        (self.inner.readers.in_use(), 0)
    }

    /// Runs the steps that the tables lack; see [`crate::store::migrations::run`]. Where none is missing nothing is locked.
    pub(super) fn migrate(&self, dry_run: bool) -> Result<Vec<&'static Migration>, StoreError> {
        let mut connection = connect(&self.inner.uri)?;
        let missing = migrations::missing(last_step(&connection).map_err(classify)?)?;
        if dry_run || missing.is_empty() {
            return Ok(missing);
        }
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(classify)?;
        let missing = migrations::missing(last_step(&transaction).map_err(classify)?)?;
        transaction.execute_batch(migrations::TABLE).map_err(classify)?;
        for step in &missing {
            transaction.execute_batch(step.sqlite).map_err(classify)?;
            transaction
                .execute(
                    "INSERT INTO schema_migrations (version, name) VALUES (?1, ?2)",
                    (step.version, step.name),
                )
                .map_err(classify)?;
        }
        transaction.commit().map_err(classify)?;
        Ok(missing)
    }
}

/// The number of the last step that was taken, 0 where there are no tables yet.
fn last_step(connection: &Connection) -> rusqlite::Result<i64> {
    // Asked of the file: what the connection knows of its tables may be of before another's steps.
    let is_there = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'schema_migrations'";
    if !connection.query_row(is_there, [], |row| row.get(0))? {
        return Ok(0);
    }
    let last = "SELECT coalesce(max(version), 0) FROM schema_migrations";
    connection.query_row(last, [], |row| row.get(0))
}

/// A connection with everything set that holds for all of them. No file is made: where it was taken away from under the
/// program, an empty one is of no use.
///
/// Small pages, because a changed profile writes its whole page to the log: with a million profiles no two changes
/// of a group share one. But not so small that a profile with purchases needs two. A new database takes the size; one
/// that is there keeps its own. What is deleted is overwritten with zeros: a profile that is gone is gone from the file too.
fn connect(uri: &str) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags).map_err(classify)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(classify)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    // Plans must not depend on parameters: a statement whose plan does is prepared anew each time it runs.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(classify)?;
    connection
        .execute_batch(
            "PRAGMA page_size = 2048; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = ON;",
        )
        .map_err(classify)?;
    Ok(connection)
}

/// As [`connect`], for the one that commits.
fn writing_connection(uri: &str) -> Result<Connection, StoreError> {
    let connection = connect(uri)?;
    refuse_read_only(&connection)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(classify)?;
    connection
        .pragma_update(None, "cache_size", -WRITER_CACHE_KIB)
        .map_err(classify)?;
    // What a savepoint keeps of pages, which would go to a file when a change touches more than a few.
    connection
        .pragma_update(None, "temp_store", "MEMORY")
        .map_err(classify)?;
    // The defence taken away, so that the tests of it can be seen to fail.
    #[cfg(feature = "without-sync")]
    connection
        .pragma_update(None, "synchronous", "OFF")
        .map_err(classify)?;
    Ok(connection)
}

/// SQLite opens a file that may not be written too, says nothing, and refuses what is to be written later, for good.
fn refuse_read_only(connection: &Connection) -> Result<(), StoreError> {
    if !connection.is_readonly("main").map_err(classify)? {
        return Ok(());
    }
    let file = connection.path().unwrap_or_default();
    Err(StoreError::unavailable(format!(
        "{file} can only be read: it has to belong to the user of the server, on a file system that can be written"
    )))
}

/// Makes the database's file if it is not there, so that nobody else can read it, nor its log: they hold personal data.
/// An existing one is not opened: closing it would take SQLite's locks away, see [`open_file`].
fn make_file(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop).map_err(StoreError::unavailable),
    }
}

/// The database's file, to sync it. Whoever has a connection keeps this as well, and lets go of it last: when a program
/// closes any handle of a file, the system takes away all locks that it has on the file, also those of SQLite.
fn open_file(location: &Location) -> Result<Option<Arc<File>>, StoreError> {
    let Location::SqliteFile(path) = location else {
        return Ok(None);
    };
    let file = File::open(path).map_err(StoreError::unavailable)?;
    Ok(Some(Arc::new(file)))
}

/// The file as a URI, with what is special in one escaped.
fn file_uri(path: &Path) -> Result<String, StoreError> {
    let text = path
        .to_str()
        .ok_or_else(|| StoreError::statement("the database's path is not UTF-8"))?;
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("file:{escaped}"))
}

/// Tells what another try may mend from what it will not.
fn classify(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as Code;
    match error.sqlite_error_code() {
        Some(
            Code::DiskFull
            | Code::SystemIoFailure
            | Code::CannotOpen
            | Code::DatabaseBusy
            | Code::DatabaseLocked
            | Code::ReadOnly
            | Code::OutOfMemory
            | Code::OperationInterrupted
            | Code::OperationAborted
            | Code::FileLockingProtocolFailed,
        ) => StoreError::unavailable(error),
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => StoreError::Corrupt(error.to_string()),
        _ => StoreError::statement(error),
    }
}
