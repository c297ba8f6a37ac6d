//! What is said of why a delivery is where it is, where it is not as it seems.

use bursar::admin::deliveries::explain;
use bursar::store::Sql;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::deliveries::{
    HOUR, SECOND, advance, amplitude, app_id, bought, enable, entries, get, only, put, run, send,
    settle_down, until_states, webhook, work,
};
use crate::support::purchases::{Customer, subscription, with};
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

async fn buy(server: &TestServer) -> Customer<'_> {
    let customer = Customer::new(server, "ann").await;
    customer.post(TRANSACTION, &subscription()).await;
    customer
}

/// The sentences about the only delivery.
async fn why(server: &TestServer) -> String {
    let listed = entries(server, "deliveries").await;
    let id = only(&listed)["delivery_id"].as_str().unwrap();
    get(server, &format!("deliveries/{id}")).await["why"].to_string()
}

/// The sentences about the subscription's start at each part of an integration.
async fn why_at(server: &TestServer, slug: &str) -> Vec<String> {
    let events = entries(server, "events?event_type=subscription_started").await;
    let event = only(&events)["event_id"].as_str().unwrap().parse().unwrap();
    let now = server.state.clock.now();
    let explained = explain(&server.state, app_id(server), event, slug, now).await;
    explained
        .unwrap()
        .into_iter()
        .map(|one| one.why.join(" "))
        .collect()
}

#[tokio::test]
async fn what_is_asked_for_again_by_hand_is_not_told_to_be_too_old() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(400, "no")).await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        buy(&server).await;
        until_states(&server, &["rejected 1"]).await;
        server
            .state
            .clock
            .move_to(server.state.clock.now() + 48 * HOUR)
            .unwrap();
        vendor.script(|_, _| Manner::Answers(500, "soon"));
        let listed = entries(&server, "deliveries").await;
        let retry = format!(
            "deliveries/{}/retry",
            only(&listed)["delivery_id"].as_str().unwrap()
        );
        assert_eq!(send(&server, "POST", &retry, &Value::Null).await.status, 202);
        settle_down(&server.state).await;
        let why = why(&server).await;
        assert!(
            why.contains("gets it again for 24 hours after it was made, or was asked for again by hand"),
            "{backend:?}: {why}"
        );
        assert!(!why.contains("any more"), "{backend:?}: {why}");
    }
}

#[tokio::test]
async fn what_expired_or_is_too_old_is_not_told_to_be_taken() {
    static EXPIRE: Sql = Sql::same("UPDATE deliveries SET state = 'expired', reason = 'too_old'");
    let (server, vendor) = (TestServer::on(Backend::SqliteMemory).await, Vendor::start().await);
    enable(&server, "amplitude", amplitude(&vendor.url)).await;
    let _working = work(&server);
    buy(&server).await;
    until_states(&server, &["delivered 1"]).await;
    assert!(why(&server).await.contains("takes it however old it is"));
    run(&server, &EXPIRE).await;
    assert!(!why(&server).await.contains("however old"));
    let track = json!({"tokens": {"production": {"ios": "k"}}, "ingestion": "track"});
    enable(&server, "mixpanel", track).await;
    let why = &why_at(&server, "mixpanel").await[0];
    assert!(why.contains("cannot tell of this event: too_old."), "{why}");
    assert!(!why.contains("however old"), "{why}");
}

#[tokio::test]
async fn a_replay_is_spoken_of_where_it_makes_a_delivery() {
    let (server, vendor) = (TestServer::on(Backend::SqliteMemory).await, Vendor::start().await);
    let customer = buy(&server).await;
    let says = async |slug: &str| {
        let parts = why_at(&server, slug).await;
        let parts = parts.iter().map(|why| {
            assert!(why.contains("There is no delivery"), "{why}");
            why.contains("A replay makes one.")
        });
        parts.collect::<Vec<_>>()
    };
    assert_eq!(says("amplitude").await, [false], "never set up");
    enable(&server, "amplitude", amplitude(&vendor.url)).await;
    assert_eq!(says("amplitude").await, [true]);
    let off = json!({"events": {"subscription_started": false}});
    enable(&server, "amplitude", with(amplitude(&vendor.url), off)).await;
    assert_eq!(says("amplitude").await, [false], "switched off");
    enable(&server, "firebase_ga4", json!({})).await;
    let parts = says("firebase_ga4").await;
    assert!(parts.iter().all(|replayed| !replayed), "too old: {parts:?}");
    enable(&server, "amplitude", amplitude(&vendor.url)).await;
    customer
        .call("PATCH", PROFILE, &json!({"analytics_disabled": true}))
        .await;
    assert_eq!(says("amplitude").await, [false], "opted out");
}

#[tokio::test]
async fn an_integration_that_can_send_nothing_is_told_to_be_blocked() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    buy(&server).await;
    for (slug, title, table) in [
        ("amplitude", "Amplitude", "api_keys"),
        ("webhook", "Webhook", "urls"),
    ] {
        put(&server, slug, true, &json!({})).await;
        let why = &why_at(&server, slug).await[0];
        let told = format!("{title} is on but blocked: nothing can be sent: settings.{table}: ");
        assert!(why.starts_with(&told), "{why}");
        assert!(
            why.contains(". Events are skipped until the credentials are there: replay them after that."),
            "{why}"
        );
    }
}

#[tokio::test]
async fn of_what_expired_the_limit_is_told_that_ended_its_repeats() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        vendor.script(|_, _| Manner::Answers(500, "soon"));
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        buy(&server).await;
        settle_down(&server.state).await;
        advance(&server, 30 * HOUR).await;
        until_states(&server, &["expired 1"]).await;
        let why = why(&server).await;
        assert!(
            why.contains("Webhook gets nothing again more than 24 hours after it was made, or was asked for again by hand."),
            "{backend:?}: {why}"
        );
    }
}

#[tokio::test]
async fn of_what_expired_before_it_was_ever_sent_no_limit_of_repeats_is_told() {
    static EXPIRE: Sql = Sql::same("UPDATE deliveries SET state = 'expired', reason = 'too_old', tries = 0");
    let (server, vendor) = (TestServer::on(Backend::SqliteMemory).await, Vendor::start().await);
    enable(&server, "webhook", webhook(&vendor.url)).await;
    let _working = work(&server);
    buy(&server).await;
    until_states(&server, &["delivered 1"]).await;
    run(&server, &EXPIRE).await;
    let why = why(&server).await;
    assert!(!why.contains("24 hours") && !why.contains("however old"), "{why}");
}

#[tokio::test]
async fn who_waits_for_a_better_identifier_is_not_told_that_none_is_found() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let waits = json!({"wait_for_identifier": 3_600});
        enable(&server, "amplitude", with(amplitude(&vendor.url), waits)).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        let device = json!({"amplitude_device_id": "d-1"});
        customer.post(IDENTIFIERS, &device).await;
        customer.post(TRANSACTION, &bought("t1")).await;
        until_states(&server, &["waiting 1"]).await;
        let told = why(&server).await;
        let sentence = "An identifier is missing: it waits for amplitude_user_id, and is looked at again at 2026-01-01T01:00:00";
        assert!(
            told.contains(sentence) && told.contains("missing_identifier: amplitude_user_id."),
            "{backend:?}: {told}"
        );
        // What is named is not all that it goes out for.
        advance(&server, HOUR).await;
        until_states(&server, &["delivered 1"]).await;
    }
}

#[tokio::test]
async fn of_an_amount_without_a_rate_it_is_told_that_it_was_left_out() {
    const SENTENCE: &str = "No rate for VND was known when the event was made: it is told without an amount.";
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        let price = json!({"price": {"country": "VN", "currency": "VND", "value": 250_000}});
        customer.post(TRANSACTION, &with(subscription(), price)).await;
        until_states(&server, &["delivered 1"]).await;
        let told = why(&server).await;
        assert!(told.contains(SENTENCE), "{backend:?}: {told}");
        let local = with(amplitude(&vendor.url), json!({"report_user_currency": true}));
        enable(&server, "amplitude", local).await;
        let told = why(&server).await;
        assert!(!told.contains("No rate"), "{backend:?}: {told}");
    }
}

#[tokio::test]
async fn an_installation_that_was_reported_later_is_told_not_to_count() {
    const LATER: &str = "The first installation was reported after the delivery was made";
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let settings = json!({"ios_app_id": "1", "keys": {"production": {"ios": "k"}}, "base_url": vendor.url,
            "exclude_historical_events": true, "events": {"access_level_updated": false}});
        enable(&server, "appsflyer", settings).await;
        let _working = work(&server);
        let customer = buy(&server).await;
        until_states(&server, &["waiting 1"]).await;
        advance(&server, SECOND).await;
        let installed = json!({"installation_meta": {"device_id": "d", "platform": "iOS"}});
        assert_eq!(customer.call("PATCH", PROFILE, &installed).await.status, 200);
        let waiting = why(&server).await;
        customer
            .post(IDENTIFIERS, &json!({"appsflyer_id": "1600000000000-1234567"}))
            .await;
        until_states(&server, &["delivered 1"]).await;
        for told in [waiting, why(&server).await] {
            assert!(
                told.contains(LATER) && !told.contains("excluded"),
                "{backend:?}: {told}"
            );
        }
    }
}
