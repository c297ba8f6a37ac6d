//! Profiles whose rows cannot be read, or have inconsistent purchases: they are told of, and hold up nobody.

use bursar::actions::profiles;
use bursar::metrics::Metrics;
use bursar::store::tables::purchases::due;
use bursar::store::{Location, Options, Sql, Statement, Store};
use bursar_domain::ids::AppId;
use bursar_domain::profile::selector::Selector;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::program::Program;
use crate::support::purchases::{Customer, numbered, subscription, with};
use crate::support::running::server;
use crate::support::server::{PROFILE, START, TRANSACTION, TestServer};
use crate::support::waiting::until;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// As a text that nobody can read.
static UNREADABLE: Sql = Sql::same("UPDATE profiles SET holdings = '{' WHERE customer_user_id = $1");
/// The period of its latest transaction is gone from the chain of `t1`.
static IMPOSSIBLE: Sql = Sql::same(
    r#"UPDATE profiles SET holdings = replace(holdings, '"transaction_id":"t1"', '"transaction_id":"t0"')
       WHERE customer_user_id = $1"#,
);

async fn break_profile(store: &Store, how: &'static Sql, customer: &str) {
    let change = Statement::new(how, [customer.into()]);
    store.write(vec![change]).await.unwrap();
}

async fn move_clock(server: &TestServer, now: &str) {
    let body = json!({"now": now}).to_string();
    let moved = server.admin("POST", "test-clock", &body).await;
    assert_eq!(moved.status, 200, "{}", moved.text());
}

/// The kinds of events about a transaction that time alone made.
async fn ends_of(server: &TestServer, transaction: &str) -> Vec<Value> {
    let path = format!(
        "apps/{}/events?order=asc&event_type=subscription_expired",
        server.app_id
    );
    let page = server.admin("GET", &path, "").await.json();
    let told = page["data"].as_array().unwrap().iter();
    let properties = told.map(|event| &event["payload"]["event_properties"]);
    let ids = properties.map(|properties| properties["transaction_id"].clone());
    ids.filter(|id| id == transaction).collect()
}

fn unsound(server: &TestServer) -> u64 {
    server.state.metrics.unsound_profiles.get()
}

#[tokio::test]
async fn a_sharer_that_cannot_be_read_holds_up_neither_reports_nor_what_is_due() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let owner = Customer::new(&server, "owner").await;
        let sharer = Customer::new(&server, "sharer").await;
        owner.post(TRANSACTION, &subscription()).await;
        sharer.post(TRANSACTION, &subscription()).await;
        break_profile(&server.state.store, &UNREADABLE, "sharer").await;
        assert_eq!(unsound(&server), 0);
        let cancelled = with(subscription(), json!({"renew_status": false}));
        owner.post(TRANSACTION, &cancelled).await;
        assert!(unsound(&server) > 0, "{backend:?}");
        let before = unsound(&server);
        move_clock(&server, "2026-01-16T00:00:00Z").await;
        assert_eq!(ends_of(&server, "t1").await.len(), 1, "{backend:?}");
        assert!(unsound(&server) > before, "{backend:?}");
        assert_eq!(server.state.metrics.due_failures.get(), 0, "{backend:?}");
    }
}

#[tokio::test]
async fn an_owner_that_cannot_be_read_stops_its_own_chains_alone() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let owner = Customer::new(&server, "owner").await;
        let sharer = Customer::new(&server, "sharer").await;
        owner.post(TRANSACTION, &subscription()).await;
        sharer.post(TRANSACTION, &subscription()).await;
        let own = with(numbered(subscription(), "u1"), json!({"renew_status": false}));
        sharer.post(TRANSACTION, &own).await;
        break_profile(&server.state.store, &UNREADABLE, "owner").await;
        // Nobody takes its place in the meantime.
        let refused = sharer.call("POST", TRANSACTION, &subscription()).await;
        assert_eq!(refused.status, 500, "{backend:?}");
        sharer.post(TRANSACTION, &own).await;
        move_clock(&server, "2026-01-16T00:00:00Z").await;
        assert_eq!(ends_of(&server, "u1").await.len(), 1, "{backend:?}");
        assert_eq!(ends_of(&server, "t1").await.len(), 0, "{backend:?}");
        assert_eq!(server.state.metrics.due_failures.get(), 1, "it is put off");
        assert!(unsound(&server) > 0, "{backend:?}");
    }
}

#[tokio::test]
async fn a_profile_that_cannot_be_read_is_named_and_counted_once_wherever_it_is_met() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let (one, two) = (
            Customer::new(&server, "one").await,
            Customer::new(&server, "two").await,
        );
        let ending = with(subscription(), json!({"renew_status": false}));
        one.post(TRANSACTION, &ending).await;
        let shown = one.call("GET", PROFILE, &json!(null)).await.json();
        let id = shown["data"]["profile_id"].as_str().unwrap().to_owned();
        break_profile(&server.state.store, &UNREADABLE, "one").await;
        let mut met = 0;
        for (who, method, path, body) in [
            (&one, "GET", PROFILE, json!(null)),
            (&one, "PATCH", PROFILE, json!({"first_name": "A"})),
            (&one, "POST", TRANSACTION, ending.clone()),
            (&two, "POST", TRANSACTION, ending.clone()),
        ] {
            assert_eq!(who.call(method, path, &body).await.status, 500, "{backend:?}");
            met += 1;
            assert_eq!(unsound(&server), met, "{backend:?} {method} {path}");
        }
        move_clock(&server, "2026-01-16T00:00:00Z").await;
        assert_eq!(server.state.metrics.due_failures.get(), 1, "{backend:?}");
        assert_eq!(unsound(&server), met + 1, "{backend:?}: by time");
        for (now, failures) in [("2026-01-16T00:59:59Z", 1), ("2026-01-16T01:00:00Z", 2)] {
            move_clock(&server, now).await;
            assert_eq!(
                server.state.metrics.due_failures.get(),
                failures,
                "{backend:?} {now}"
            );
        }
        let app = AppId(server.app_id.parse().unwrap());
        let failed = profiles::read(&server.state, app, &Selector::Customer("one".into())).await;
        let told = failed.unwrap_err().to_string();
        assert!(told.contains(&id), "{backend:?}: {told}");
    }
}

#[tokio::test]
async fn a_chain_that_cannot_be_so_is_told_of_and_the_others_go_on() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let (one, two) = (
            Customer::new(&server, "one").await,
            Customer::new(&server, "two").await,
        );
        let ending = |id: &str| with(numbered(subscription(), id), json!({"renew_status": false}));
        for (customer, id) in [(&one, "t1"), (&one, "u1"), (&two, "v1")] {
            customer.post(TRANSACTION, &ending(id)).await;
        }
        break_profile(&server.state.store, &IMPOSSIBLE, "one").await;
        assert_eq!(unsound(&server), 0);
        move_clock(&server, "2026-01-16T00:00:00Z").await;
        for (id, times) in [("t1", 0), ("u1", 1), ("v1", 1)] {
            assert_eq!(ends_of(&server, id).await.len(), times, "{backend:?} {id}");
        }
        assert!(unsound(&server) > 0, "{backend:?}");
        assert_eq!(server.state.metrics.due_failures.get(), 0, "{backend:?}");
        let left = server.state.store.read(due(START + 400 * DAY, 9)).await.unwrap();
        assert!(left.is_empty(), "{backend:?}: nothing is tried again and again");
        // A report is taken in, told of, and mends it.
        let before = unsound(&server);
        one.post(TRANSACTION, &ending("t1")).await;
        assert!(unsound(&server) > before, "{backend:?}");
        let mended = unsound(&server);
        one.post(TRANSACTION, &ending("t1")).await;
        assert_eq!(unsound(&server), mended, "{backend:?}");
        assert_eq!(ends_of(&server, "t1").await.len(), 1, "{backend:?}");
    }
}

/// The program on a file: the log names the profile and what is wrong, and so do the metrics and the doctor.
#[tokio::test]
async fn the_log_names_a_profile_with_a_chain_that_cannot_be_so() {
    let mut program = Program::on(Backend::SqliteFile, server());
    let first = program.start();
    let mut client = program.client(&first);
    let user = [("adapty-customer-user-id", "one")];
    assert_eq!(client.call("POST", PROFILE, &user, "").unwrap().status, 200);
    let body = subscription().to_string();
    assert_eq!(
        client.call("POST", TRANSACTION, &user, &body).unwrap().status,
        200
    );
    first.kill();
    let options = Options {
        location: Location::SqliteFile(program.data.join("bursar.db")),
        connections: 1,
    };
    static DUE: Sql = Sql::same("UPDATE profiles SET due_at = 1");
    let store = Store::open(&options, Metrics::default().store).await.unwrap();
    break_profile(&store, &IMPOSSIBLE, "one").await;
    store.write(vec![Statement::new(&DUE, [])]).await.unwrap();
    drop(store);
    let second = program.start();
    let lines = || second.lines_with("inconsistent purchases");
    until("the profile is logged", async || !lines().is_empty()).await;
    let told = &lines()[0];
    for word in [
        "ERROR",
        "profile.id",
        "the chain of transaction t1 has no period of its latest transaction",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let metrics = program
        .client(&second)
        .call("GET", "/metrics", &[], "")
        .unwrap()
        .body;
    let count = metrics
        .lines()
        .find_map(|line| line.strip_prefix("bursar_unsound_profiles_total "));
    assert!(count.unwrap().parse::<u64>().unwrap() > 0, "{metrics}");
}
