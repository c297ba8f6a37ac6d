//! PostgreSQL: connections for those who read, and a quarter of all that the writers alone use.

mod address;
mod attempt;
mod connections;
mod pipeline;
mod row;
mod together;
mod writer;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object, Pool, Status};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::WrongType;
use tokio_postgres::{Config, GenericClient, SimpleQueryMessage};

use super::change::Queued;
use super::migrations::{self, Migration};
use super::{Row, Statement, StoreError};
use crate::metrics::StoreMetrics;
use connections::{configured, connection, pool};

/// How long a connection may leave a request without an answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// After so long of migrating the log tells why the server is not ready yet.
const MIGRATION_NOTICE: Duration = Duration::from_secs(2);

/// One writer for so many connections. Few writers take large groups, and what a group costs hardly grows with it:
/// on two cores one or two writers are faster than four.
const CONNECTIONS_PER_WRITER: usize = 4;

#[derive(Clone)]
pub(super) struct Postgres {
    readers: Pool,
    /// One connection for each writer, whoever reads much.
    writers: Pool,
    /// Where it is, and how long its hosts are waited for.
    config: Arc<Config>,
}

impl Postgres {
    pub(super) async fn open(
        url: &str,
        connections: usize,
        queue: mpsc::Receiver<Box<dyn Queued>>,
        metrics: &Arc<StoreMetrics>,
    ) -> Result<Self, StoreError> {
        let writers = (connections / CONNECTIONS_PER_WRITER).max(1);
        let config = configured(address::parsed(url)?);
        let postgres = Self {
            readers: pool(&config, connections.saturating_sub(writers).max(1))?,
            writers: pool(&config, writers)?,
            config: Arc::new(config),
        };
        drop(postgres.reader().await?);
        writer::start(&postgres, writers, queue, metrics);
        Ok(postgres)
    }

    /// Runs a query; again, once, when its connection turns out to be cut: it may have lain idle for long. Waiting for a
    /// connection and both tries share one patience.
    pub(super) async fn read(&self, query: &Statement) -> Result<Vec<Row>, StoreError> {
        let until = Instant::now() + ANSWER_PATIENCE;
        match self.read_until(until, query).await? {
            Err(error) if is_cut(&error) => self.read_until(until, query).await?,
            rows => rows,
        }
    }

    /// Tries once. What was answered, or else why there was no connection or no answer.
    async fn read_until(
        &self,
        until: Instant,
        query: &Statement,
    ) -> Result<Result<Vec<Row>, StoreError>, StoreError> {
        let connection = timeout_at(until, self.reader()).await;
        let connection = connection.map_err(|_| no_answer())??;
        let rows = timeout_at(until, read_on(&connection, query)).await;
        let is_gone = match &rows {
            Ok(rows) => rows.as_ref().is_err_and(is_cut),
            Err(_) => true,
        };
        if is_gone {
            drop(Object::take(connection));
        }
        rows.map_err(|_| no_answer())
    }

    /// Is there a pooler in between that gives a connection to others between transactions? While one of ours has a
    /// transaction open, what another asks is then answered by a further session.
    pub(super) async fn is_shared(&self) -> Result<bool, StoreError> {
        let asked = async {
            let (asking, other) = (self.reader().await?, Object::take(self.writer().await?));
            let before = session(&asking).await?;
            other.batch_execute("BEGIN").await.map_err(classify)?;
            Ok(session(&asking).await? != before)
        };
        within_patience(asked).await.unwrap_or_else(|| Err(no_answer()))
    }

    /// Runs the steps that the tables lack; see [`crate::store::migrations::run`]. Where none is missing nothing is locked: a
    /// dump would be waited for, and a database that may only be read would refuse.
    pub(super) async fn migrate(&self, dry_run: bool) -> Result<Vec<&'static Migration>, StoreError> {
        // Of its own, and gone in the end: its steps, and waiting for another server's, may take long.
        let mut connection = Object::take(self.reader().await?);
        if !dry_run {
            refuse_encoding(&connection).await?;
        }
        let current = if has_table(&connection).await? {
            last_step(&*connection).await?
        } else {
            0
        };
        let missing = migrations::missing(current)?;
        if dry_run || missing.is_empty() {
            return Ok(missing);
        }
        let mut steps = pin!(take_steps(&mut connection));
        if let Ok(taken) = tokio::time::timeout(MIGRATION_NOTICE, &mut steps).await {
            return taken;
        }
        tracing::info!(
            "migrating the database takes long, or waits for another server or program that has its tables"
        );
        steps.await
    }

    /// How many connections there may be to read with.
    pub(super) fn readers(&self) -> usize {
        self.readers.status().max_size
    }

    /// How many connections are in use, and how many there may be.
    pub(super) fn pool_use(&self) -> (usize, usize) {
        let [readers, writers] = [&self.readers, &self.writers].map(Pool::status);
        let in_use = |pool: &Status| pool.size.saturating_sub(pool.available);
        (
            in_use(&readers) + in_use(&writers),
            readers.max_size + writers.max_size,
        )
    }

    /// A connection to read with.
    async fn reader(&self) -> Result<Object, StoreError> {
        connection(&self.readers, &self.config).await
    }

    /// A connection for a writer.
    async fn writer(&self) -> Result<Object, StoreError> {
        connection(&self.writers, &self.config).await
    }
}

/// The answer, or `None` if the database does not give it in time.
async fn within_patience<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(ANSWER_PATIENCE, answer).await.ok()
}

fn no_answer() -> StoreError {
    StoreError::unavailable("it does not answer")
}

async fn read_on(connection: &ClientWrapper, query: &Statement) -> Result<Vec<Row>, StoreError> {
    let prepared = connection
        .prepare_cached(query.sql.postgres)
        .await
        .map_err(classify)?;
    let rows = connection
        .query(&prepared, &row::params(query))
        .await
        .map_err(classify)?;
    rows.iter().map(row::read).collect()
}

/// Which session of PostgreSQL answers. Asked without a prepared statement, which it might not have.
async fn session(connection: &ClientWrapper) -> Result<Option<String>, StoreError> {
    let asked = connection.simple_query("SELECT pg_backend_pid()").await;
    Ok(asked.map_err(classify)?.iter().find_map(|told| match told {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}

/// Fails where the database cannot hold every text. What is in it may be in it still, so who only looks is let in.
async fn refuse_encoding(connection: &ClientWrapper) -> Result<(), StoreError> {
    let asked = "SELECT current_setting('server_encoding')";
    let found = connection.query_one(asked, &[]).await.map_err(classify)?;
    match found.get(0) {
        // With the latter nothing is converted, and what comes is UTF-8.
        "UTF8" | "SQL_ASCII" => Ok(()),
        other => Err(StoreError::Encoding(other.to_owned())),
    }
}

/// Takes the missing steps, however long that takes, and answers which they were.
async fn take_steps(connection: &mut ClientWrapper) -> Result<Vec<&'static Migration>, StoreError> {
    let unlimited = connection.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0");
    unlimited.await.map_err(classify)?;
    create_table(connection).await?;
    let transaction = connection.transaction().await.map_err(classify)?;
    // Locks out other servers that migrate, and nobody who reads.
    let lock = "LOCK TABLE schema_migrations IN SHARE ROW EXCLUSIVE MODE";
    transaction.batch_execute(lock).await.map_err(classify)?;
    let missing = migrations::missing(last_step(&*transaction).await?)?;
    for step in &missing {
        transaction.batch_execute(step.postgres).await.map_err(classify)?;
        let done = "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)";
        transaction
            .execute(done, &[&step.version, &step.name])
            .await
            .map_err(classify)?;
    }
    transaction.commit().await.map_err(classify)?;
    Ok(missing)
}

/// The number of the last step that was taken.
async fn last_step(connection: &impl GenericClient) -> Result<i64, StoreError> {
    let last = "SELECT coalesce(max(version), 0) FROM schema_migrations";
    let last = connection.query_one(last, &[]).await.map_err(classify)?;
    Ok(last.get(0))
}

/// Is the table of the steps taken there?
async fn has_table(connection: &ClientWrapper) -> Result<bool, StoreError> {
    let found = "SELECT to_regclass('schema_migrations') IS NOT NULL";
    let found = connection.query_one(found, &[]).await.map_err(classify)?;
    Ok(found.get(0))
}

/// Makes the table of the steps taken. Of two servers that do so at once one may fail, although it asks for
/// "if not exists"; then the table is there.
async fn create_table(connection: &ClientWrapper) -> Result<(), StoreError> {
    let is_there = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
    ];
    match connection.batch_execute(migrations::TABLE).await {
        Err(error) if error.code().is_some_and(|code| is_there.contains(code)) => Ok(()),
        made => made.map_err(classify),
    }
}

/// Tells what another try may mend from what it will not.
fn classify(error: tokio_postgres::Error) -> StoreError {
    let cause = std::error::Error::source(&error);
    if cause.is_some_and(<dyn std::error::Error>::is::<WrongType>) {
        // A parameter that cannot be encoded was never sent.
        return StoreError::statement(error);
    }
    let Some(refusal) = error.as_db_error() else {
        // No answer of the server: the connection is gone or was never made.
        return StoreError::unavailable(error);
    };
    let state = refusal.code();
    let told = ServerError {
        state: state.clone(),
        message: refusal.message().to_owned(),
    };
    // Classes of SQLSTATE: connection, out of resources, operator intervention, system error; then a standby
    // or a server that starts, limits of time that the operator has set, and what the writers repeat until they give up.
    let passing = ["08", "53", "57", "58"]
        .iter()
        .any(|class| state.code().starts_with(class));
    let others = [
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    if passing || others.contains(state) {
        StoreError::unavailable(told)
    } else {
        StoreError::statement(told)
    }
}

/// What the server said, without its detail: that may hold a whole row, and goes into no log of ours.
#[derive(Debug, thiserror::Error)]
#[error("PostgreSQL says {code}: {message}{hint}", code = .state.code(), hint = hint(.state))]
struct ServerError {
    state: SqlState,
    message: String,
}

/// What is to be looked at where a prepared statement is not there, or is there already: we keep to what we have prepared.
fn hint(state: &SqlState) -> &'static str {
    let by_a_pooler = [
        SqlState::INVALID_SQL_STATEMENT_NAME,
        SqlState::DUPLICATE_PSTATEMENT,
        SqlState::PROTOCOL_VIOLATION,
    ];
    if by_a_pooler.contains(state) {
        " (a pooler in between must not share connections between transactions: it has to use pool_mode = session)"
    } else {
        ""
    }
}

/// Does PostgreSQL say that nothing may be written? A session that began so may stay so when the others may write again.
fn says_read_only(error: &StoreError) -> bool {
    says(error, &SqlState::READ_ONLY_SQL_TRANSACTION)
}

/// Does it say that others have held a lock for too long?
fn says_locked(error: &StoreError) -> bool {
    says(error, &SqlState::LOCK_NOT_AVAILABLE)
}

/// Is the connection gone? It is not where PostgreSQL has ended a statement that took or waited too long.
fn is_cut(error: &StoreError) -> bool {
    let is_ended = says_locked(error) || says(error, &SqlState::QUERY_CANCELED);
    matches!(error, StoreError::Unavailable(_)) && !is_ended
}

fn says(error: &StoreError, state: &SqlState) -> bool {
    let StoreError::Unavailable(cause) = error else {
        return false;
    };
    let told = cause.downcast_ref::<ServerError>();
    told.is_some_and(|told| told.state == *state)
}

/// May the same change go through when it is read, decided and written again? After a serialization failure, a
/// deadlock or too long a wait for a lock it may, and after a unique key was taken it will see who took it.
fn is_repeatable(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|state| {
        [
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::UNIQUE_VIOLATION,
        ]
        .contains(state)
    })
}
