//! How a worker shares out its seats: among the parts of an integration, and as the settings of the moment say.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::backend::Backend;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{bought, branch, claimed, enable, pushwoosh, put, send, settle_down, work};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};

const OFF: &str = "access_level_updated";

/// So many customers with a purchase each, known to Branch, OneSignal and Pushwoosh.
async fn customers(server: &TestServer, count: usize) {
    for number in 0..count {
        let name = format!("user-{number}");
        let customer = Customer::new(server, &name).await;
        let ids = json!({"branch_id": name, "pushwoosh_hwid": name,
            "one_signal_subscription_id": format!("9c1f2d3e-4b5a-4c6d-8e7f-{number:012}")});
        customer.post(IDENTIFIERS, &ids).await;
        customer.post(TRANSACTION, &bought(&name)).await;
    }
}

/// Pushwoosh's tags and events, one request at a time.
fn two_parts(url: &str) -> Value {
    with(pushwoosh(url), json!({"send_events": true, "max_in_flight": 1}))
}

/// A part with much to send leaves seats to the others, however few there are.
#[tokio::test]
async fn parts_take_turns_where_seats_do_not_last() {
    const CUSTOMERS: usize = 32;
    let vendor = Vendor::with(|_, _| Manner::Late(Duration::from_millis(10), 200, "")).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "pushwoosh", two_parts(&vendor.url)).await;
    customers(&server, CUSTOMERS).await;
    let _working = work(&server);
    settle_down(&server.state).await;
    let received = vendor.received();
    assert_eq!(received.len(), 2 * CUSTOMERS);
    // Up to eight are claimed at a time.
    let first = received[..CUSTOMERS].iter();
    let tags = first.filter(|request| request.path.ends_with("/setTags")).count();
    assert!(
        (CUSTOMERS / 4..=CUSTOMERS / 4 * 3).contains(&tags),
        "{tags} of {CUSTOMERS}"
    );
    assert_conserved(&server).await;
}

/// Whatever part it is of: what has just happened goes out before all that is sent once more.
#[tokio::test]
async fn a_replay_comes_after_everything_else_of_all_parts() {
    const PAST: usize = 8;
    const NEW: [&str; 3] = ["ann", "bob", "cid"];
    let vendor = Vendor::with(|_, _| Manner::Late(Duration::from_millis(10), 200, "")).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    customers(&server, PAST).await;
    enable(&server, "pushwoosh", two_parts(&vendor.url)).await;
    let replay = send(
        &server,
        "POST",
        "replays",
        &json!({"filter": {"integration": "pushwoosh"}}),
    )
    .await;
    assert_eq!(replay.json()["count"], 2 * PAST, "{}", replay.text());
    for name in NEW {
        let customer = Customer::new(&server, name).await;
        customer.post(IDENTIFIERS, &json!({"pushwoosh_hwid": name})).await;
        customer.post(TRANSACTION, &bought(name)).await;
    }
    let _working = work(&server);
    settle_down(&server.state).await;
    let received = vendor.received();
    assert_eq!(received.len(), 2 * (PAST + NEW.len()));
    let is_new = |request: &Received| NEW.contains(&request.json()["request"]["hwid"].as_str().unwrap());
    let first: Vec<_> = received.iter().map(is_new).take(2 * NEW.len()).collect();
    assert_eq!(first, [true; 2 * NEW.len()]);
    assert_conserved(&server).await;
}

#[tokio::test]
async fn more_seats_are_there_as_soon_as_settings_say_so() {
    let vendor = Vendor::start().await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    let settings = |seats: usize| with(branch(&vendor.url), json!({"max_in_flight": seats}));
    enable(&server, "branch", settings(1)).await;
    let _working = work(&server);
    customers(&server, 1).await;
    settle_down(&server.state).await;
    vendor.script(|_, _| Manner::Silent);
    put(&server, "branch", true, &settings(3)).await;
    for name in ["ann", "bob", "cid"] {
        let customer = Customer::new(&server, name).await;
        customer.post(IDENTIFIERS, &json!({"branch_id": name})).await;
        customer.post(TRANSACTION, &bought(name)).await;
    }
    // None of them is ever answered: each has a seat of its own.
    vendor.until_count(1 + 3).await;
}

fn one_signal(url: &str, more: Value) -> Value {
    let settings = json!({"app_id": "0f5b0c1e-8a44-4a0a-9a43-1c2d3e4f5a6b", "rest_api_key": "key", "base_url": url,
        "events": {OFF: false}});
    with(settings, more)
}

/// OneSignal takes one question a second of whose a subscription is, and any number of other requests.
#[tokio::test]
async fn questions_wait_for_each_other() {
    let vendor = Vendor::with(|_, _| Manner::Silent).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "onesignal", one_signal(&vendor.url, json!({}))).await;
    customers(&server, 3).await;
    let _working = work(&server);
    vendor.until_count(1).await;
    let began = Instant::now();
    vendor.until_count(3).await;
    assert!(
        began.elapsed() > Duration::from_millis(1_500),
        "{:?}",
        began.elapsed()
    );
}

/// Who waits longer than its lane is claimed would find it gone to another.
#[tokio::test]
async fn no_more_is_claimed_than_can_be_asked_about_in_time() {
    const IN_TIME: usize = 30;
    let vendor = Vendor::with(|_, _| Manner::Silent).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    let seats = json!({"max_in_flight": IN_TIME + 10});
    enable(&server, "onesignal", one_signal(&vendor.url, seats)).await;
    customers(&server, IN_TIME + 10).await;
    let _working = work(&server);
    vendor.until_count(1).await;
    assert_eq!(claimed(&server).await, IN_TIME);
}
