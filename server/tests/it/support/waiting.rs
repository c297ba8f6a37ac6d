//! Waiting for what comes by itself.

use std::fmt::{Debug, Display};
use std::time::Duration;

use tokio_postgres::Client;

use super::server::TestServer;

/// More than a loaded machine takes.
const LIMIT: Duration = Duration::from_secs(20);

/// Waits until this is so.
pub async fn until(what: impl Display, is_so: impl AsyncFn() -> bool) {
    until_equal(what, true, is_so).await;
}

/// Waits until what is looked at is as expected.
pub async fn until_equal<T: PartialEq<E> + Debug, E: Debug>(
    what: impl Display,
    expected: E,
    look: impl AsyncFn() -> T,
) {
    let is_there = async {
        while look().await != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(LIMIT, is_there).await.is_err() {
        panic!("{what}: {:?} is not {expected:?} after {LIMIT:?}", look().await);
    }
}

/// Waits until so many changes of a server wait for its writer, the one that it is at included.
pub async fn until_waiting(server: &TestServer, count: i64) {
    let waiting = async || server.state.metrics.store.waiting.get() >= count;
    until("changes wait for the writer", waiting).await;
}

/// Waits until so many sessions wait for this one, or for one that waits for it.
pub async fn until_behind(client: &Client, count: i64) {
    const BEHIND: &str = "WITH RECURSIVE behind (pid) AS (
             SELECT pg_backend_pid() UNION
             SELECT l.pid FROM behind JOIN pg_locks AS l ON NOT l.granted AND behind.pid = ANY (pg_blocking_pids(l.pid)))
         SELECT count(*) - 1 FROM behind";
    let behind = async || client.query_one(BEHIND, &[]).await.unwrap().get::<_, i64>(0);
    until("sessions wait", async || behind().await >= count).await;
}
