//! Two apps may have profiles with the same id. What one app does with its own leaves the other's deliveries alone.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::backend::ALL;
use crate::support::deliveries::{
    amplitude, app_id, bought, enable, send, settle_down, states, stored, told, transaction_of, webhook, work,
};
use crate::support::direct::{OtherApp, add_app, set_integration_of, stored_profiles};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer, request};
use crate::support::vendor::{Manner, Vendor};

/// What the other app asks for of its own profile with this id.
async fn ask(
    server: &TestServer,
    other: &OtherApp,
    method: &str,
    path: &str,
    profile: &Value,
    body: &str,
) -> u16 {
    let key = format!("Api-Key {}", other.secret_key);
    let headers = [("adapty-profile-id", profile.as_str().unwrap())];
    server
        .send(request(&key, method, path, &headers, body))
        .await
        .status
}

#[tokio::test]
async fn nothing_that_another_app_does_with_the_same_profile_id_changes_them() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let waits = with(amplitude(&vendor.url), json!({"wait_for_identifier": 2_592_000}));
        enable(&server, "amplitude", waits).await;
        let ann = Customer::new(&server, "ann").await;
        let profile = ann.profile().await["profile_id"].clone();
        {
            let _working = work(&server);
            ann.post(TRANSACTION, &bought("t1")).await;
            settle_down(&server.state).await;
            // From here on nothing is sent.
            server.state.workers.stop().await;
        }
        assert_eq!(states(&server).await, ["delivered 1", "waiting 1"], "{backend:?}");
        // Open ones in lanes of every kind: of a profile, of an event, of a replay.
        ann.post(TRANSACTION, &bought("t2")).await;
        let again = json!({"filter": {"integration": "webhook"}});
        assert_eq!(send(&server, "POST", "replays", &again).await.json()["count"], 1);
        assert_eq!(states(&server).await, ["pending 3", "waiting 1"], "{backend:?}");
        let everything = async || {
            let deliveries = stored(&server.state.store).await;
            deliveries + &stored_profiles(&server.state, app_id(&server).0).await
        };
        let before = everything().await;

        let other = add_app(&server.state).await;
        set_integration_of(&server.state, other.id, "webhook", webhook(&vendor.url)).await;
        for (method, path, body, status) in [
            ("POST", PROFILE, "{}", 200),
            ("POST", IDENTIFIERS, r#"{"amplitude_user_id": "bob"}"#, 200),
            ("DELETE", PROFILE, "", 204),
        ] {
            let answer = ask(&server, &other, method, path, &profile, body).await;
            assert_eq!(answer, status, "{backend:?} {method} {path}");
            assert_eq!(everything().await, before, "{backend:?} {method} {path}");
        }
    }
}

/// The transactions of the events, and the states of the deliveries, that are listed of a profile.
async fn listed(server: &TestServer, app: Uuid, profile: &Value) -> (Vec<String>, Vec<String>) {
    let list = async |name: &str, field: &str| {
        let path = format!("apps/{app}/{name}?profile_id={}", profile.as_str().unwrap());
        let list = server.admin("GET", &path, "").await.json();
        let list = list["data"].as_array().unwrap().iter();
        list.map(|entry| entry.pointer(field).unwrap().as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let events = list("events", "/payload/event_properties/transaction_id").await;
    (events, list("deliveries", "/state").await)
}

#[tokio::test]
async fn what_is_sent_and_listed_of_a_profile_is_its_own_apps() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        let others = Vendor::with(|_, _| Manner::Answers(401, "go away")).await;
        let other = add_app(&server.state).await;
        let waits = |url| with(amplitude(url), json!({"wait_for_identifier": 2_592_000}));
        enable(&server, "amplitude", waits(&vendor.url)).await;
        set_integration_of(&server.state, other.id, "amplitude", waits(&others.url)).await;
        let ann = Customer::new(&server, "ann").await;
        let profile = ann.profile().await["profile_id"].clone();
        let _working = work(&server);
        let theirs = json!({"amplitude_user_id": "theirs"}).to_string();
        for (path, body) in [
            (PROFILE, "{}"),
            (TRANSACTION, &bought("t2").to_string()),
            (IDENTIFIERS, &theirs),
        ] {
            if path == IDENTIFIERS {
                ann.post(IDENTIFIERS, &json!({"amplitude_user_id": "ours"})).await;
                settle_down(&server.state).await;
                assert_eq!(states(&server).await, ["waiting 1"], "{backend:?}");
            }
            let answer = ask(&server, &other, "POST", path, &profile, body).await;
            assert_eq!(answer, 200, "{backend:?} {path}");
        }
        ann.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        for (vendor, user, transaction) in [(&vendor, "ours", "t1"), (&others, "theirs", "t2")] {
            let told = told(&vendor.received());
            let told = told
                .iter()
                .map(|event| (event["user_id"].as_str().unwrap(), transaction_of(event)));
            let told: Vec<_> = told.collect();
            assert_eq!(told, [(user, transaction.to_owned())], "{backend:?}");
        }
        let own = app_id(&server).0;
        for (app, transaction, state) in [(own, "t1", "delivered"), (other.id, "t2", "blocked")] {
            let (events, deliveries) = listed(&server, app, &profile).await;
            assert_eq!(events, [transaction], "{backend:?}");
            assert_eq!(deliveries, [state], "{backend:?}");
            let path = format!("apps/{app}/integrations/amplitude");
            let is_blocked = server.admin("GET", &path, "").await.json()["status"] == "blocked";
            assert_eq!(is_blocked, app == other.id, "{backend:?}");
        }
        // The other one is not to be analysed.
        let opted_out = r#"{"analytics_disabled": true}"#;
        assert_eq!(
            ask(&server, &other, "POST", PROFILE, &profile, opted_out).await,
            200
        );
        let filter = json!({"filter": {"integration": "amplitude", "profile_id": profile}});
        assert_eq!(send(&server, "POST", "replays", &filter).await.json()["count"], 1);
        settle_down(&server.state).await;
        assert_eq!((vendor.count(), others.count()), (2, 1), "{backend:?}");
    }
}
