//! Where state lives: SQLite (embedded) or PostgreSQL, with one way to write on both.
//!
//! A change of state is reads, a pure decision on the rows, and writes, all in one commit that is synced to disk
//! before anybody is answered ([`Store::change`]). How the backends run it:
//! - SQLite: one writer thread takes many changes into one transaction (`sqlite/writer.rs`).
//! - PostgreSQL: a few writers take the waiting changes into one transaction each (`postgres/writer.rs`).

mod change;
pub(crate) mod error;
mod facts;
mod guard;
pub mod migrations;
mod packed;
mod postgres;
mod sqlite;
mod statement;
pub mod tables;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc, oneshot};

pub use change::{Decision, Loaded, rows_of};
pub use error::StoreError;
pub use facts::Facts;
pub use packed::TextKind;
pub use statement::{Row, Sql, Statement, Value};

use crate::metrics::StoreMetrics;
use change::{Pending, Queued};

/// How many changes may wait for a writer. Beyond, callers are told to come back.
const QUEUE: usize = 8_192;
/// How many changes one commit takes at most.
const MAX_GROUP: usize = 128;
/// How many scans for callers run at once at most, of the feed and of all others.
const SCANS: usize = 4;
/// How long one waits for the others to end.
const SCAN_TURN: Duration = Duration::from_secs(5);
/// How long one may take.
const SCAN_PATIENCE: Duration = Duration::from_secs(10);

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// An SQLite file.
    SqliteFile(std::path::PathBuf),
    /// An SQLite database that is gone when the program ends.
    SqliteMemory,
    /// A PostgreSQL URL.
    Postgres(String),
}

/// How the database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it is.
    pub location: Location,
    /// How many connections to PostgreSQL at most, 2 or more; a quarter of them are the writers' alone.
    pub connections: usize,
}

/// With whom a scan for callers takes turns: who polls the feed does not wait for searches.
#[derive(Debug, Clone, Copy)]
pub enum Turns {
    /// With others of the feed of events.
    Feed,
    /// With searches and other lists.
    Search,
}

/// An open database.
#[derive(Clone)]
pub struct Store {
    backend: Backend,
    queue: mpsc::Sender<Box<dyn Queued>>,
    /// The turns of scans, by [`Turns`], if they are limited.
    scans: Option<[Arc<Semaphore>; 2]>,
    metrics: Arc<StoreMetrics>,
    /// Was the last change that had something to write refused, because the database was away or full?
    is_refusing: Arc<AtomicBool>,
}

#[derive(Clone)]
enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the database as it is: no table is made or changed. See [`migrations::run`].
    pub async fn open(options: &Options, metrics: Arc<StoreMetrics>) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let backend = match &options.location {
            Location::Postgres(url) => Backend::Postgres(
                postgres::Postgres::open(url, options.connections, waiting, &metrics).await?,
            ),
            file => Backend::Sqlite(sqlite::Sqlite::open(file, waiting, &metrics)?),
        };
        Ok(Self {
            backend,
            queue,
            scans: None,
            metrics,
            is_refusing: Arc::default(),
        })
    }

    /// Makes one change of state: runs `reads`, hands their rows to `decide`, commits what it wants written, and
    /// answers after the commit is on disk. A refusal of `decide` writes nothing.
    ///
    /// `decide` may be called again when the commit has to be repeated, so it must be a pure function. Rows that are
    /// there already may be changed only if one of the `reads` has locked them.
    pub async fn change<T, E, F>(&self, reads: Vec<Statement>, decide: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(Loaded) -> Result<Decision<T>, E> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let mut change = Box::new(Pending {
            reads,
            decide,
            outcome: None,
            has_writes: false,
            is_refusing: Arc::clone(&self.is_refusing),
            ahead: None,
            queued_at: Instant::now(),
            caller: Some(caller),
        });
        if let Backend::Sqlite(sqlite) = &self.backend
            && sqlite.decide_ahead(change.as_mut())
            && let Some(outcome) = change.outcome.take()
        {
            return outcome;
        }
        let _waiting = Waiting::in_line(&self.metrics);
        let sent = self.queue.try_send(change).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => stopped(),
        });
        match sent {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(stopped().into())),
            Err(error) => Err(error.into()),
        }
    }

    /// A statement whose long texts are packed already, where they are stored so: the writer need not do it.
    pub fn packed(&self, mut statement: Statement) -> Statement {
        if matches!(self.backend, Backend::Sqlite(_)) {
            statement.pack();
        }
        statement
    }

    /// Writes without reading first.
    pub async fn write(&self, writes: Vec<Statement>) -> Result<(), StoreError> {
        self.change(Vec::new(), move |_| {
            Ok(Decision {
                writes: writes.clone(),
                answer: (),
            })
        })
        .await
    }

    /// Runs a query that touches few rows.
    pub async fn read(&self, query: Statement) -> Result<Vec<Row>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.read(&query),
            Backend::Postgres(postgres) => postgres.read(&query).await,
        }
    }

    /// For a server: [`Self::scan`] must not hold up the requests of others, so few run at once, and one that takes too long is
    /// ended.
    #[must_use]
    pub fn with_limited_scans(mut self) -> Self {
        let each = match &self.backend {
            Backend::Sqlite(_) => SCANS,
            Backend::Postgres(postgres) => SCANS.min(postgres.readers().div_ceil(4)),
        };
        self.scans = Some([(); 2].map(|()| Arc::new(Semaphore::new(each))));
        self
    }

    /// Runs a query that may touch many rows; within limits, where [`Self::with_limited_scans`] has set them.
    pub async fn scan(&self, turns: Turns, query: Statement) -> Result<Vec<Row>, StoreError> {
        let Some([feed, searches]) = &self.scans else {
            return self.scan_whole(query).await;
        };
        let turns = match turns {
            Turns::Feed => feed,
            Turns::Search => searches,
        };
        let turn = tokio::time::timeout(SCAN_TURN, Arc::clone(turns).acquire_owned()).await;
        let turn = turn.map_err(|_| StoreError::TooLong)?;
        let begun = Instant::now();
        let found = self.walk(query, Some(SCAN_PATIENCE), turn).await;
        found.map_err(|error| {
            let is_ended = begun.elapsed() >= SCAN_PATIENCE;
            if is_ended { StoreError::TooLong } else { error }
        })
    }

    /// As [`Self::scan`], for what a command or the server does by itself. On SQLite it takes as long as it takes; on PostgreSQL as
    /// long as any read may, so what may touch more goes in steps.
    pub async fn scan_whole(&self, query: Statement) -> Result<Vec<Row>, StoreError> {
        self.walk(query, None, ()).await
    }

    /// `turn` is held until the query has ended, also when nobody waits for it any more.
    async fn walk(
        &self,
        query: Statement,
        patience: Option<Duration>,
        turn: impl Send + 'static,
    ) -> Result<Vec<Row>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                let sqlite = sqlite.clone();
                let scan = move || {
                    let _turn = turn;
                    sqlite.scan(&query, patience)
                };
                tokio::task::spawn_blocking(scan)
                    .await
                    .map_err(StoreError::broken_off)?
            }
            Backend::Postgres(postgres) => {
                let postgres = postgres.clone();
                let scan = async move {
                    let _turn = turn;
                    postgres.read(&query).await
                };
                tokio::spawn(scan).await.map_err(StoreError::broken_off)?
            }
        }
    }

    /// Goes the way of a change, up to the commit, without changing anything. Since a change was refused, until one is not, it
    /// writes something and takes it away: that is all that a full disk refuses.
    pub async fn check_writer(&self) -> Result<(), StoreError> {
        // With a lock, which a PostgreSQL that may only be read refuses, but of no row, so that nobody has to wait.
        static LOCK: Sql = Sql::split(
            "SELECT version FROM directory_version WHERE id = 1",
            "SELECT version FROM directory_version WHERE id = 0 FOR UPDATE",
        );
        static ADD: Sql = Sql::same("INSERT INTO secrets (name, sealed) VALUES ('check', $1)");
        static REMOVE: Sql = Sql::same("DELETE FROM secrets WHERE name = 'check'");
        let is_refusing = self.is_refusing.load(Ordering::Relaxed);
        self.change(vec![Statement::new(&LOCK, [])], move |_| {
            let add_and_remove = || {
                vec![
                    Statement::new(&ADD, [vec![0].into()]),
                    Statement::new(&REMOVE, []),
                ]
            };
            Ok(Decision {
                writes: is_refusing.then(add_and_remove).unwrap_or_default(),
                answer: (),
            })
        })
        .await
    }

    /// Claims the database for a server: of an SQLite file there is only one at a time.
    pub fn claim(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.claim(),
            Backend::Postgres(_) => Ok(()),
        }
    }

    /// Before the program ends: leaves nothing of what was deleted in SQLite's log.
    pub async fn empty_log(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                let sqlite = sqlite.clone();
                let emptied = tokio::task::spawn_blocking(move || sqlite.empty_log())
                    .await
                    .map_err(StoreError::broken_off)?;
                if emptied.is_err() {
                    // Closing its last connection SQLite would remove the log that is beside the file's place now, also
                    // where that is another database's. So none is closed, as after a kill.
                    std::mem::forget(self.clone());
                }
                emptied
            }
            Backend::Postgres(_) => Ok(()),
        }
    }

    /// Leaves nothing of what was deleted for good in SQLite's log, behind the next change. Where somebody looks at the log or
    /// it is being moved, it stays as it is, until this is called again.
    pub async fn leave_nothing_erased(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                sqlite.want_log_emptied();
                self.write(Vec::new()).await
            }
            Backend::Postgres(_) => Ok(()),
        }
    }

    /// How many connections are in use, and how many there may be (0: no limit).
    pub fn pool_use(&self) -> (usize, usize) {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.pool_use(),
            Backend::Postgres(postgres) => postgres.pool_use(),
        }
    }

    /// Do changes lock the rows that they read? On SQLite one at a time is written, and there is nothing to lock.
    pub fn locks_rows(&self) -> bool {
        matches!(self.backend, Backend::Postgres(_))
    }

    /// Which database this is: `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match &self.backend {
            Backend::Sqlite(_) => "sqlite",
            Backend::Postgres(_) => "postgres",
        }
    }
}

/// Counts a caller as waiting, also when it goes away before its answer.
struct Waiting<'m>(&'m StoreMetrics);

impl<'m> Waiting<'m> {
    fn in_line(metrics: &'m StoreMetrics) -> Self {
        metrics.waiting.inc();
        Self(metrics)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.dec();
    }
}

fn stopped() -> StoreError {
    StoreError::unavailable("the writer has stopped")
}
