//! The embedded database: one writer thread, a pool of readers, a thread that checkpoints.

mod ahead;
mod checkpoint;
mod row;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::sync::mpsc;

use self::ahead::{LastCommit, Touched};
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
    is_file: bool,
    last_commit: LastCommit,
    readers: Mutex<Vec<Connection>>,
    in_use: AtomicUsize,
}

impl Sqlite {
    pub(super) fn open(
        location: &Location,
        queue: mpsc::Receiver<Box<dyn Queued>>,
        metrics: &Arc<StoreMetrics>,
    ) -> Result<Self, StoreError> {
        let uri = match location {
            Location::SqliteFile(path) => file_uri(path)?,
            _ => format!("file:/{}?vfs=memdb", uuid::Uuid::new_v4()),
        };
        let connection = connect(&uri)?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(classify)?;
        connection
            .pragma_update(None, "cache_size", -WRITER_CACHE_KIB)
            .map_err(classify)?;
        let checkpointer = checkpoint::start(&uri)?;
        let last_commit = LastCommit::default();
        let touched = Touched::new(Arc::clone(&last_commit));
        writer::start(connection, queue, checkpointer, touched, Arc::clone(metrics))?;
        let inner = Inner {
            uri,
            is_file: matches!(location, Location::SqliteFile(_)),
            last_commit,
            readers: Mutex::default(),
            in_use: AtomicUsize::new(0),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Runs a query on the calling thread. A point query takes some ten microseconds while its pages are in the
    /// system's cache, less than handing it to another thread would.
    pub(super) fn read(&self, query: &Statement) -> Result<Vec<Row>, StoreError> {
        self.with_reader(|reader| row::query(reader, query))
    }

    /// Reads and decides a change on the calling thread, as [`ahead`] explains. Answers whether that settles it:
    /// there is nothing to write.
    pub(super) fn decide_ahead(&self, change: &mut dyn Queued) -> bool {
        // In memory a reader and the writer exclude each other. What is locked late is a single row that was written
        // just now: the writer has its page at hand, a reader would fetch it from the file.
        let reads = change.reads();
        if !self.inner.is_file
            || !reads.iter().any(Statement::locks)
            || reads.iter().any(|read| read.sql.is_late)
        {
            return false;
        }
        let since = self.inner.last_commit.load(Ordering::Acquire);
        // A read that fails will fail again, or not, at the writer.
        let Ok(loaded) = self.with_reader(|reader| row::query_all(reader, change.reads())) else {
            return false;
        };
        let locked = ahead::locked_rows(change.reads(), &loaded);
        let mut writes = change.decide(loaded);
        writes.iter_mut().for_each(Statement::pack);
        let is_settled = writes.is_empty();
        if !is_settled && !locked.0.is_empty() {
            *change.ahead() = Some(Ahead {
                since,
                locked,
                writes,
            });
        }
        is_settled
    }

    fn with_reader<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.readers().pop();
        let reader = idle.map_or_else(|| connect(&self.inner.uri), Ok)?;
        self.inner.in_use.fetch_add(1, Ordering::Relaxed);
        let found = read(&reader).map_err(classify);
        self.inner.in_use.fetch_sub(1, Ordering::Relaxed);
        self.readers().push(reader);
        found
    }

    /// How many readers are in use; there is no limit but the number of threads that read.
    pub(super) fn pool_use(&self) -> (usize, usize) {
        (self.inner.in_use.load(Ordering::Relaxed), 0)
    }

    /// Runs the steps that the tables lack; see [`crate::store::migrations::run`].
    pub(super) fn migrate(&self, dry_run: bool) -> Result<Vec<&'static Migration>, StoreError> {
        let mut connection = connect(&self.inner.uri)?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(classify)?;
        transaction.execute_batch(migrations::TABLE).map_err(classify)?;
        let current: i64 = transaction
            .query_row(
                "SELECT coalesce(max(version), 0) FROM schema_migrations",
                [],
                |row| row.get(0),
            )
            .map_err(classify)?;
        let missing = migrations::missing(current)?;
        if dry_run {
            return Ok(missing);
        }
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

    fn readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection with everything set that holds for all of them.
///
/// Small pages, because a changed profile writes its whole page to the log: with a million profiles no two changes
/// of a group share one. But not so small that a profile with purchases needs two. A new database takes the size; one
/// that is there keeps its own.
fn connect(uri: &str) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
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
             PRAGMA wal_autocheckpoint = 0;",
        )
        .map_err(classify)?;
    Ok(connection)
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
