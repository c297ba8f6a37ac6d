//! Deliveries as tests look at them.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use bursar::actions::deliveries::{Claim, claim, turns};
use bursar::actions::purchases::handle_due;
use bursar::delivery;
use bursar::state::AppState;
use bursar::store::tables::turns::Turn;
use bursar::store::{Row, Sql, Statement, Store};
use bursar_domain::ids::AppId;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::direct::set_integration_of;
use super::purchases::{Customer, numbered, subscription, with};
use super::server::{Answer, IDENTIFIERS, TRANSACTION, TestServer};
use super::vendor::Received;
use super::waiting::until_equal;

/// Microseconds.
pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

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

/// Settings with which Pushwoosh's tags go to this address.
pub fn pushwoosh(url: &str) -> Value {
    json!({"app_id": "1A2B3-4C5D6", "auth_token": "k", "base_url": url, "events": {"access_level_updated": false}})
}

/// Settings with which Branch's events go to this address.
pub fn branch(url: &str) -> Value {
    json!({"branch_keys": {"production": "key_live_a"}, "base_url": url, "events": {"access_level_updated": false}})
}

/// The sample settings of an integration, sent to this address.
pub fn sample(slug: &str, url: &str) -> Value {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/tests/integrations/settings");
    let sample = std::fs::read_to_string(samples.join(format!("{slug}.json"))).unwrap();
    let mut settings: Value = serde_json::from_str(&sample).unwrap();
    match slug {
        "webhook" => settings["urls"] = json!({"production": url, "sandbox": url}),
        _ => settings["base_url"] = json!(url),
    }
    if slug == "posthog" {
        settings["instance_url"] = json!(url);
        settings.as_object_mut().unwrap().remove("base_url");
    }
    settings["events"] = json!({"trial_active": false, "subscription_active": false});
    settings
}

/// Sets an integration of the server's own app through the administration.
pub async fn put(server: &TestServer, slug: &str, enabled: bool, settings: &Value) -> Answer {
    let path = format!("apps/{}/integrations/{slug}", server.app_id);
    let body = json!({"enabled": enabled, "settings": settings}).to_string();
    server.admin("PUT", &path, &body).await
}

/// An integration of the server's own app as the administration shows it.
pub async fn shown(server: &TestServer, slug: &str) -> Value {
    get(server, &format!("integrations/{slug}")).await
}

/// A subscription of the App Store that nothing will happen to for years: one event, whatever the clock does.
pub fn bought(transaction: &str) -> Value {
    with(
        numbered(subscription(), transaction),
        json!({"expires_at": "2036-01-15T00:00:00Z"}),
    )
}

/// As [`bought`], of this day of December.
pub fn bought_on(day: u32) -> Value {
    let at = format!("2025-12-{day:02}T00:00:00Z");
    with(
        bought(&format!("day-{day:02}")),
        json!({"purchased_at": at, "originally_purchased_at": at}),
    )
}

/// A customer of this name, known to Branch and to Pushwoosh by it, with a purchase of its own.
pub async fn known_buyer<'a>(server: &'a TestServer, name: &'a str) -> Customer<'a> {
    let customer = Customer::new(server, name).await;
    let ids = json!({"branch_id": name, "pushwoosh_hwid": name});
    customer.post(IDENTIFIERS, &ids).await;
    customer.post(TRANSACTION, &bought(name)).await;
    customer
}

/// Such customers, of the names `user-0`, `user-1` and so on.
pub async fn buyers(server: &TestServer, numbers: Range<usize>) {
    for number in numbers {
        known_buyer(server, &format!("user-{number}")).await;
    }
}

/// Moves the clock by so many microseconds and waits until everything that is due has been tried.
pub async fn advance(server: &TestServer, by: i64) {
    settle_down(&server.state).await;
    let now = server.state.clock.now() + by;
    server.state.clock.move_to(now).unwrap();
    handle_due(&server.state, now).await.unwrap();
    settle_down(&server.state).await;
}

/// Waits until everything that is due has been tried by the workers of this state.
pub async fn settle_down(state: &AppState) {
    tokio::time::timeout(Duration::from_secs(60), delivery::settle_down(state))
        .await
        .expect("everything due is tried within a minute")
        .unwrap();
}

/// What a query finds.
pub async fn rows(server: &TestServer, sql: &'static Sql) -> Vec<Row> {
    let query = Statement::new(sql, []);
    server.state.store.scan_whole(query).await.unwrap()
}

/// When the first lane is due, if there is one.
pub async fn next_due(server: &TestServer) -> Option<i64> {
    static SQL: Sql = Sql::same("SELECT min(due_at) FROM lanes");
    let rows = rows(server, &SQL).await;
    rows[0].opt_int(0).unwrap()
}

/// How many lanes are claimed.
pub async fn claimed(server: &TestServer) -> usize {
    static SQL: Sql = Sql::same("SELECT count(*) FROM lanes WHERE lease IS NOT NULL");
    let rows = rows(server, &SQL).await;
    rows[0].int(0).unwrap().try_into().unwrap()
}

/// Lanes that were claimed together, each with the delivery that is its turn.
pub struct Taken {
    pub lease: i64,
    pub turns: Vec<Turn>,
}

/// Takes lanes as a worker does.
pub async fn claimed_turns(state: &AppState, wanted: &Claim) -> Taken {
    let claimed = claim(state, wanted).await.unwrap();
    let turns = turns(state, wanted, &claimed).await.unwrap();
    Taken {
        lease: claimed.lease,
        turns,
    }
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub event: String,
    /// The transaction of its event, if the event is still readable.
    pub transaction: String,
    pub slug: String,
    pub part: String,
    pub state: String,
    pub reason: String,
    pub tries: i64,
}

/// All deliveries, in the order in which their events were made.
pub async fn deliveries(server: &TestServer) -> Vec<Seen> {
    static SQL: Sql = Sql::same(
        "SELECT e.event_id, t.slug, t.part, d.state, d.reason, d.tries, e.payload FROM (
             SELECT event_seq, target_id, state, reason, tries FROM deliveries
             UNION ALL SELECT event_seq, target_id, state, reason, tries FROM queue) AS d
         JOIN targets AS t ON t.target_id = d.target_id JOIN events AS e ON e.event_seq = d.event_seq
         ORDER BY e.created_at, e.event_id, t.target_id",
    );
    let rows = rows(server, &SQL).await;
    let seen = rows.into_iter().map(|mut row| {
        let payload: Value = serde_json::from_str(&row.long_text(6).unwrap()).unwrap_or_default();
        let transaction = payload["event_properties"]["transaction_id"].as_str();
        Seen {
            event: row.uuid(0).unwrap().to_string(),
            transaction: transaction.unwrap_or_default().to_owned(),
            slug: row.text(1).unwrap(),
            part: row.text(2).unwrap(),
            state: row.text(3).unwrap(),
            reason: row.opt_text(4).unwrap().unwrap_or_default(),
            tries: row.int(5).unwrap(),
        }
    });
    seen.collect()
}

/// `transaction state reason` of the deliveries of a part, sorted by the transaction.
pub async fn fates_of(server: &TestServer, slug: &str, part: &str) -> Vec<String> {
    let all = deliveries(server).await.into_iter();
    let of_part = all.filter(|seen| seen.slug == slug && seen.part == part);
    let mut fates: Vec<_> = of_part
        .map(|seen| {
            let fate = format!("{} {} {}", seen.transaction, seen.state, seen.reason);
            fate.trim_end().to_owned()
        })
        .collect();
    fates.sort();
    fates
}

/// The id of the server's own app.
pub fn app_id(server: &TestServer) -> AppId {
    AppId(server.app_id.parse().unwrap())
}

/// The events in requests to Amplitude, one after the other.
pub fn told(requests: &[Received]) -> Vec<Value> {
    let events = requests
        .iter()
        .flat_map(|request| request.json()["events"].as_array().unwrap().clone());
    events.collect()
}

/// A field of a purchase that an event for Amplitude tells of.
pub fn transaction_of(event: &Value) -> String {
    event["event_properties"]["transaction_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// How many deliveries are in each state, as `state count`, in the order of the states.
pub async fn states(server: &TestServer) -> Vec<String> {
    static SQL: Sql = Sql::same(
        "SELECT state, count(*) FROM (SELECT state FROM deliveries UNION ALL SELECT state FROM queue) AS all_of_them
         GROUP BY state ORDER BY state",
    );
    let rows = rows(server, &SQL).await;
    rows.into_iter()
        .map(|mut row| format!("{} {}", row.text(0).unwrap(), row.int(1).unwrap()))
        .collect()
}

/// Waits until the states are these.
pub async fn until_states(server: &TestServer, expected: &[&str]) {
    until_equal("the states", expected, async || states(server).await).await;
}

/// Everything that is stored of deliveries.
pub async fn stored(store: &Store) -> String {
    static TABLES: [Sql; 4] = [
        Sql::same(
            "SELECT target_id, lane_id, open, waits, due_at, lease FROM lanes ORDER BY target_id, lane_id",
        ),
        Sql::same("SELECT event_seq, state, reason, tries, record FROM queue ORDER BY event_seq"),
        Sql::same("SELECT event_seq, state, reason, tries FROM deliveries ORDER BY event_seq"),
        Sql::same("SELECT event_seq, number, answer FROM attempts ORDER BY event_seq, number"),
    ];
    let mut all = String::new();
    for sql in &TABLES {
        let rows = store.scan_whole(Statement::new(sql, [])).await.unwrap();
        all.push_str(&format!("{rows:?}\n"));
    }
    all
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

/// Has an entry of the list of deliveries tried once more, by hand.
pub async fn retry(server: &TestServer, entry: &Value) {
    let path = format!("deliveries/{}/retry", entry["delivery_id"].as_str().unwrap());
    let answer = send(server, "POST", &path, &Value::Null).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
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
