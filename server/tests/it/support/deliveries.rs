//! Deliveries as tests look at them.

use std::time::Duration;

use bursar::delivery;
use bursar::store::{Sql, Statement};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::direct::set_integration_of;
use super::server::{Answer, TestServer};

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

/// Settings with which the webhook's events go to this address.
pub fn webhook(url: &str) -> Value {
    json!({"urls": {"production": url}, "events": {"access_level_updated": false},
           "authorizations": {"production": "Bearer s3cr3t-hook"}})
}

/// What a call of the administration on the server's own app answers; it must succeed.
pub async fn get(server: &TestServer, path: &str) -> Value {
    let answer = server
        .admin("GET", &format!("apps/{}/{path}", server.app_id), "")
        .await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

/// The entries of a list of the administration.
pub async fn entries(server: &TestServer, path: &str) -> Vec<Value> {
    get(server, path).await["data"].as_array().unwrap().clone()
}

/// Sends something to the administration of the server's own app.
pub async fn send(server: &TestServer, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    server
        .admin(method, &format!("apps/{}/{path}", server.app_id), &body)
        .await
}

/// Switches the webhook off, so that nothing is sent there.
pub async fn switch_off(server: &TestServer, url: &str) {
    let off = json!({"enabled": false, "settings": webhook(url)});
    let set = send(server, "PUT", "integrations/webhook", &off).await;
    assert_eq!(set.status, 200, "{}", set.text());
}

/// Runs a statement.
pub async fn run(server: &TestServer, sql: &'static Sql) {
    server
        .state
        .store
        .write(vec![Statement::new(sql, [])])
        .await
        .unwrap();
}

/// The only entry.
pub fn only(list: &[Value]) -> &Value {
    let [entry] = list else {
        panic!("not one entry: {list:?}")
    };
    entry
}
