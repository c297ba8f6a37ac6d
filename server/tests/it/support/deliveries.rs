//! Deliveries as tests look at them.

use std::time::Duration;

use bursar::delivery;
use bursar::store::{Sql, Statement};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::direct::set_integration_of;
use super::server::TestServer;

/// Workers of a test server, until it is dropped.
pub struct Working(JoinHandle<()>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Lets the server's workers work.
pub fn work(server: &TestServer) -> Working {
    Working(tokio::spawn(delivery::run(server.state.clone())))
}

/// Switches an integration of the server's own app on.
pub async fn enable(server: &TestServer, slug: &str, settings: Value) {
    set_integration_of(&server.state, server.app_id.parse().unwrap(), slug, settings).await;
}

/// Settings with which Amplitude's events of the App Store go to this address.
pub fn amplitude(url: &str) -> Value {
    json!({"api_keys": {"production": {"ios": "key"}}, "base_url": url, "events": {"access_level_updated": false}})
}

/// How many deliveries are in each state, as `state count`, in the order of the states.
pub async fn states(server: &TestServer) -> Vec<String> {
    const SQL: Sql = Sql::same(
        "SELECT state, count(*) FROM (SELECT state FROM deliveries UNION ALL SELECT state FROM queue) AS all_of_them
         GROUP BY state ORDER BY state",
    );
    let rows = server.state.store.scan(Statement::new(&SQL, [])).await.unwrap();
    rows.into_iter()
        .map(|mut row| format!("{} {}", row.text(0).unwrap(), row.int(1).unwrap()))
        .collect()
}

/// Waits until the states are these.
pub async fn until_states(server: &TestServer, expected: &[&str]) {
    let mut found = Vec::new();
    for _ in 0..1_500 {
        found = states(server).await;
        if found == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{found:?} are not {expected:?} after 15 s");
}
