//! Two apps may have profiles with the same id. What one app does with its own leaves the other's deliveries alone.

use serde_json::{Value, json};

use crate::support::backend::ALL;
use crate::support::deliveries::{amplitude, bought, enable, settle_down, states, stored, webhook, work};
use crate::support::direct::{OtherApp, add_app, set_integration_of};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer, request};
use crate::support::vendor::Vendor;

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
        }
        assert_eq!(states(&server).await, ["delivered 1", "waiting 1"], "{backend:?}");
        let before = stored(&server.state.store).await;

        let other = add_app(&server.state).await;
        set_integration_of(&server.state, other.id, "webhook", webhook(&vendor.url)).await;
        for (method, path, body, status) in [
            ("POST", PROFILE, "{}", 200),
            ("POST", IDENTIFIERS, r#"{"amplitude_user_id": "bob"}"#, 200),
            ("DELETE", PROFILE, "", 204),
        ] {
            let answer = ask(&server, &other, method, path, &profile, body).await;
            assert_eq!(answer, status, "{backend:?} {method} {path}");
            assert_eq!(
                stored(&server.state.store).await,
                before,
                "{backend:?} {method} {path}"
            );
        }
    }
}
