//! Making connections, what each begins with, and waiting for one that is free.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod,
    Runtime, TimeoutType,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{ANSWER_PATIENCE, address, classify, within_patience};
use crate::store::StoreError;
use crate::tls;

/// How long a request waits for a connection: to be free, or to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a session may take at most, in milliseconds, unless the operator has set less. One that stands still in a transaction,
/// because its machine is stopped or cut off, holds locks that all others wait for. A statement that was given up on goes
/// on in the database and takes up one of its connections: it is ended a second after [`ANSWER_PATIENCE`]. Whoever waits
/// for a lock holds up the others of its group: for longer than it takes to find a deadlock, which is a second, but not much.
const LIMITS: &str = "SELECT set_config(name, most, false)
     FROM (VALUES ('idle_in_transaction_session_timeout', '5000'), ('statement_timeout', '11000'), ('lock_timeout', '2000'))
          AS ours (name, most)
     JOIN pg_settings USING (name)
     WHERE setting::bigint = 0 OR setting::bigint > most::bigint";

/// Every query that may be asked often has its index. But PostgreSQL plans a prepared statement by the size that tables have then
/// and keeps to it: what was prepared while hardly a delivery was open would walk through the whole table once many are, until
/// they are counted again, a minute or more later. Compiling plans costs more than any of ours takes.
const PLANS: &str = "SET enable_seqscan = off; SET jit = off";

pub(super) fn pool(url: &str, size: usize) -> Result<Pool, StoreError> {
    let config = configured(address::parsed(url)?);
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let tls = MakeRustlsConnect::new(tls::config().map_err(StoreError::statement)?);
    Pool::builder(Manager::from_config(config, tls, recycling))
        .max_size(size)
        .wait_timeout(Some(CONNECT_TIMEOUT))
        .create_timeout(Some(CONNECT_TIMEOUT))
        .post_create(Hook::async_fn(|connection, _| Box::pin(set_up(connection))))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(StoreError::unavailable)
}

/// Whatever keeps a connection from being made, the database is away, also where it takes none or refuses the password.
pub(super) async fn connection(pool: &Pool, address: &str) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            match classify(error) {
                StoreError::Statement(why) => StoreError::Unavailable(why),
                error => error,
            }
        }
        PoolError::Timeout(TimeoutType::Wait) => StoreError::unavailable(format!(
            "no connection to PostgreSQL at {address} was free within {} s",
            CONNECT_TIMEOUT.as_secs()
        )),
        PoolError::Timeout(_) => StoreError::unavailable(format!(
            "PostgreSQL at {address} did not answer within {} s",
            CONNECT_TIMEOUT.as_secs()
        )),
        error => StoreError::unavailable(error),
    })
}

/// What the URL leaves open. A line that is dead, or a machine that is gone, is noticed in about 20 s also where
/// nobody waits for an answer.
fn configured(mut config: tokio_postgres::Config) -> tokio_postgres::Config {
    let plain = tokio_postgres::Config::new();
    if config.get_application_name().is_none() {
        config.application_name("bursar");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(ANSWER_PATIENCE);
    }
    if config.get_keepalives_idle() == plain.get_keepalives_idle() {
        config.keepalives_idle(Duration::from_secs(10));
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(Duration::from_secs(3));
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(3);
    }
    config
}

/// What a new connection begins with.
async fn set_up(connection: &ClientWrapper) -> Result<(), HookError> {
    let settings = format!("{LIMITS}; {PLANS}");
    let set = within_patience(connection.batch_execute(&settings)).await;
    let set = set.ok_or_else(|| HookError::message("it does not answer"))?;
    set.map_err(HookError::Backend)
}
