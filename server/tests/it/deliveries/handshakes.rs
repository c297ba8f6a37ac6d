//! The handshake that proves a webhook's addresses before anything is sent there.

use bursar::admin::integration_block::take_up;
use futures_util::FutureExt;
use serde_json::json;

use crate::support::backend::{ALL, Backend};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, advance, bought, enable, put, settle_down, shown, states, webhook, work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{TRANSACTION, TestServer};
use crate::support::vendor::{Gate, Manner, Received, Vendor};
use crate::support::waiting::until_equal;

/// An outage at the moment of a change is no reason to stop what has been proved.
#[tokio::test]
async fn the_handshake_is_made_anew_where_addresses_or_authorizations_are_news() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::start().await;
    let with_token = |token: &str, more: serde_json::Value| {
        let urls = json!({"production": vendor.url, "sandbox": vendor.url});
        let said = json!({"urls": urls, "authorizations": {"production": token}});
        with(said, more)
    };
    put(&server, "webhook", true, &with_token("a", json!({}))).await;
    assert_eq!(vendor.count(), 2, "one for each address");
    vendor.script(|_, _| Manner::Answers(500, "down"));
    let status = async |enabled: bool, settings: serde_json::Value| {
        put(&server, "webhook", enabled, &settings).await.json()["status"].clone()
    };
    assert_eq!(
        status(true, with_token("a", json!({"ordered": true}))).await,
        "ok"
    );
    let without = json!({"urls": {"production": vendor.url}, "authorizations": {"production": "a"}});
    assert_eq!(status(true, without).await, "ok");
    assert_eq!(vendor.count(), 2, "nothing is to be proved");
    assert_eq!(status(true, with_token("b", json!({}))).await, "blocked");
    assert_eq!(
        status(true, with_token("b", json!({}))).await,
        "blocked",
        "still not proved"
    );
    vendor.script(|_, _| Manner::Answers(200, "{}"));
    assert_eq!(status(true, with_token("b", json!({}))).await, "ok");
    // While it is off nobody knows what becomes of the receiver.
    assert_eq!(status(false, with_token("b", json!({}))).await, "disabled");
    let asked = vendor.count();
    assert_eq!(status(true, with_token("b", json!({}))).await, "ok");
    assert_eq!(vendor.count(), asked + 2);
}

/// Each save is proved by its own handshake, whichever ends last.
#[tokio::test]
async fn a_handshake_of_settings_that_were_saved_anew_meanwhile_counts_nothing() {
    for (backend, first, second) in ALL
        .into_iter()
        .flat_map(|backend| [(backend, 200, 500), (backend, 500, 200)])
    {
        let server = TestServer::on(backend).await;
        let gate = Gate::closed();
        let late = gate.holds(Manner::Answers(first, "{}"));
        let vendor = Vendor::with(move |request, _| match request.path.as_str() {
            "/first" => late.clone(),
            _ => Manner::Answers(second, "{}"),
        })
        .await;
        let settings = |path: &str| json!({"urls": {"production": format!("{}{path}", vendor.url)}});
        let meanwhile = async {
            vendor.until_count(1).await;
            put(&server, "webhook", true, &settings("/second")).await;
            gate.open();
        };
        let first_one = settings("/first");
        tokio::join!(put(&server, "webhook", true, &first_one), meanwhile);
        let expected = if second == 200 { "ok" } else { "blocked" };
        assert_eq!(shown(&server, "webhook").await["status"], expected, "{backend:?}");
    }
}

/// Was the first thing that came `{}`?
fn is_shaken_first(received: &[Received]) -> bool {
    received.first().is_some_and(|first| first.body == "{}")
}

#[tokio::test]
async fn the_webhook_gets_no_event_before_it_has_passed_the_handshake() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(200, "no JSON")).await;
        let settings = json!({"urls": {"production": vendor.url}, "events": {"access_level_updated": false},
            "authorizations": {"production": "Bearer x"}});
        let _working = work(&server);
        let blocked = put(&server, "webhook", true, &settings).await.json();
        assert_eq!(blocked["status"], "blocked", "{backend:?}");
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        advance(&server, HOUR).await;
        let received = vendor.received();
        assert!(received.iter().all(|request| request.body == "{}"), "{backend:?}");
        assert!(
            received
                .iter()
                .all(|request| request.headers["authorization"] == "Bearer x")
        );
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        let passed = put(&server, "webhook", true, &settings).await.json();
        assert_eq!(passed["status"], "ok", "{backend:?}: {passed}");
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["delivered 1"], "{backend:?}");
        assert!(is_shaken_first(&vendor.received()));
        assert_conserved(&server).await;
        // Past the administration there is no handshake, and the same look tells.
        let other = Vendor::start().await;
        let unproved = json!({"urls": {"production": other.url}, "events": {"access_level_updated": false}});
        enable(&server, "webhook", unproved).await;
        customer.post(TRANSACTION, &bought("t2")).await;
        settle_down(&server.state).await;
        assert!(
            other.count() > 0 && !is_shaken_first(&other.received()),
            "{backend:?}"
        );
    }
}

/// Waits until the receiver has passed the handshake.
async fn until_proved(server: &TestServer) {
    let status = async || shown(server, "webhook").await["status"].clone();
    until_equal("the webhook's status", "ok", status).await;
}

/// Who saves settings may go away before the receiver answers.
#[tokio::test]
async fn a_handshake_goes_on_when_its_caller_hangs_up() {
    for backend in ALL {
        let gate = Gate::closed();
        let late = gate.holds(Manner::Answers(200, "{}"));
        let vendor = Vendor::with(move |_, _| late.clone()).await;
        let server = TestServer::on(backend).await;
        let settings = json!({"urls": {"production": vendor.url}});
        let saving = put(&server, "webhook", true, &settings);
        let hangs_up = vendor.until_count(1);
        tokio::select! {
            _ = saving => panic!("{backend:?}: it answers before the receiver does"),
            () = hangs_up => gate.open(),
        }
        until_proved(&server).await;
        assert_eq!(vendor.count(), 1, "{backend:?}");
    }
}

/// It was told to the owner, who knows when the receiver is ready.
#[tokio::test]
async fn a_start_repeats_no_handshake_that_has_failed_or_passed() {
    for backend in ALL {
        for (status, expected) in [(500, "blocked"), (200, "ok")] {
            let vendor = Vendor::with(move |_, _| Manner::Answers(status, "{}")).await;
            let server = TestServer::on(backend).await;
            put(&server, "webhook", true, &webhook(&vendor.url)).await;
            take_up(server.state.clone()).await;
            assert_eq!(shown(&server, "webhook").await["status"], expected, "{backend:?}");
            assert_eq!(vendor.count(), 1, "{backend:?} {status}");
        }
    }
}

/// The caller is gone before the settings are in the database.
#[tokio::test]
async fn a_handshake_is_made_also_where_the_caller_hangs_up() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        let settings = webhook(&vendor.url);
        let begun = put(&server, "webhook", true, &settings).now_or_never();
        assert!(begun.is_none(), "{backend:?}: it is answered already");
        until_proved(&server).await;
    }
}

#[tokio::test]
async fn each_address_that_fails_its_handshake_is_named() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::with(|request, _| match request.path.as_str() {
        "/hooks/a" => Manner::Answers(500, "{}"),
        _ => Manner::Answers(404, "{}"),
    })
    .await;
    let url = |path: &str| format!("{}/hooks/{path}", vendor.url);
    let settings = json!({"urls": {"production": url("a"), "sandbox": url("b")}});
    let blocked = put(&server, "webhook", true, &settings).await.json();
    let detail = blocked["problems"][0]["detail"].as_str().unwrap();
    assert_eq!(
        detail, "urls.production: 500 {}; urls.sandbox: 404 {}",
        "{blocked}"
    );
}
