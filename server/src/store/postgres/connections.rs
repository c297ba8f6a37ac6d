//! Making connections, what each begins with, and waiting for one that is free.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod,
    Runtime, TimeoutType,
};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{ANSWER_PATIENCE, address, classify, within_patience};
use crate::store::StoreError;
use crate::tls;

/// How long a request waits for a connection to be free, and at least for one to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// So much longer for one to be made where a name has to be looked up. The C library waits 5 s for a name server that is
/// silent before it asks the next.
const NAME_TIMEOUT: Duration = Duration::from_secs(5);

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

pub(super) fn pool(config: &Config, size: usize) -> Result<Pool, StoreError> {
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let tls = MakeRustlsConnect::new(tls::config().map_err(StoreError::statement)?);
    Pool::builder(Manager::from_config(config.clone(), tls, recycling))
        .max_size(size)
        .wait_timeout(Some(CONNECT_TIMEOUT))
        .create_timeout(Some(time_to_connect(config)))
        .post_create(Hook::async_fn(|connection, _| Box::pin(set_up(connection))))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(StoreError::unavailable)
}

/// Whatever keeps a connection from being made, the database is away, also where it takes none or refuses the password.
pub(super) async fn connection(pool: &Pool, config: &Config) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            match classify(error) {
                StoreError::Statement(why) => StoreError::Unavailable(why),
                error => error,
            }
        }
        PoolError::Timeout(TimeoutType::Wait) => StoreError::unavailable(format!(
            "no connection to PostgreSQL at {} was free within {} s",
            address::shown(config),
            CONNECT_TIMEOUT.as_secs()
        )),
        PoolError::Timeout(_) => StoreError::unavailable(format!(
            "PostgreSQL at {} did not answer within {} s{}",
            address::shown(config),
            time_to_connect(config).as_secs(),
            if address::is_looked_up(config) {
                ", or its name was not found"
            } else {
                ""
            }
        )),
        error => StoreError::unavailable(error),
    })
}

/// How long making a connection may take: the hosts are tried one after the other.
fn time_to_connect(config: &Config) -> Duration {
    let each = config.get_connect_timeout().copied().unwrap_or_default();
    let all = each.saturating_mul(address::hosts(config)).max(CONNECT_TIMEOUT);
    if address::is_looked_up(config) {
        all.saturating_add(NAME_TIMEOUT)
    } else {
        all
    }
}

/// What the URL leaves open. A line that is dead, or a machine that is gone, is noticed in about 20 s also where
/// nobody waits for an answer.
pub(super) fn configured(mut config: Config) -> Config {
    let plain = Config::new();
    if config.get_application_name().is_none() {
        config.application_name("bursar");
    }
    if config.get_connect_timeout().is_none() {
        // Of several hosts one may be silent: the next needs time too.
        let hosts = address::hosts(&config);
        config.connect_timeout(CONNECT_TIMEOUT / hosts);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_its_time_and_a_name_needs_some_too() {
        for (url, each, all) in [
            ("postgres://u@127.0.0.1/d", 5_000, 5_000),
            ("postgres://u@[::1]/d", 5_000, 5_000),
            ("postgres://u@%2Frun%2Fpg/d", 5_000, 5_000),
            ("postgres://u@127.0.0.1/d?connect_timeout=2", 2_000, 5_000),
            ("postgres://u@127.0.0.1/d?connect_timeout=30", 30_000, 30_000),
            ("postgres://u@10.0.0.1,10.0.0.2/d", 2_500, 5_000),
            ("postgres://u@10.0.0.1,10.0.0.2/d?connect_timeout=4", 4_000, 8_000),
            ("postgres://u@db/d", 5_000, 10_000),
            ("postgres://u@db/d?hostaddr=10.0.0.1", 5_000, 5_000),
            ("postgres://u@one,two/d?connect_timeout=0", 2_500, 10_000),
        ] {
            let config = configured(address::parsed(url).unwrap());
            let found = (*config.get_connect_timeout().unwrap(), time_to_connect(&config));
            assert_eq!(
                found,
                (Duration::from_millis(each), Duration::from_millis(all)),
                "{url}"
            );
        }
    }
}
