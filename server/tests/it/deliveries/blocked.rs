//! An integration whose settings are refused stops, burns nothing, and goes on when they are mended.

use serde_json::json;

use crate::support::backend::ALL;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, advance, amplitude, bought, deliveries, enable, put, settle_down, shown, states, told,
    transaction_of, work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};

#[tokio::test]
async fn refused_credentials_stop_everything_until_they_are_mended() {
    for backend in ALL {
        for status in [401, 403] {
            let server = TestServer::on(backend).await;
            let vendor = Vendor::with(move |request, _| match request.json()["api_key"].as_str() {
                Some("good") => Manner::Answers(200, "{}"),
                _ => Manner::Answers(status, "go away"),
            })
            .await;
            enable(&server, "amplitude", amplitude(&vendor.url)).await;
            let names: Vec<_> = (0..6).map(|number| format!("user-{number}")).collect();
            for name in &names {
                let customer = Customer::new(&server, name).await;
                for number in 0..2 {
                    customer
                        .post(TRANSACTION, &bought(&format!("{name}-{number}")))
                        .await;
                }
            }
            let _working = work(&server);
            settle_down(&server.state).await;
            let body = shown(&server, "amplitude").await;
            assert_eq!(body["status"], "blocked", "{backend:?}: {body}");
            assert_eq!(body["problems"][0]["detail"], format!("{status} go away"));
            // Nobody is asked again, however long it takes, and no try is counted.
            let (asked, before) = (vendor.count(), deliveries(&server).await);
            assert!(
                before
                    .iter()
                    .all(|seen| seen.state == "pending" && seen.tries <= 1),
                "{before:#?}"
            );
            advance(&server, 6 * HOUR).await;
            assert_eq!(
                (vendor.count(), deliveries(&server).await),
                (asked, before),
                "{backend:?}"
            );
            let mended = with(
                amplitude(&vendor.url),
                json!({"api_keys": {"production": {"ios": "good"}}}),
            );
            let answer = put(&server, "amplitude", true, &mended).await.json();
            assert_eq!(
                (&answer["status"], &answer["problems"]),
                (&json!("ok"), &json!([]))
            );
            settle_down(&server.state).await;
            assert_eq!(states(&server).await, ["delivered 12"], "{backend:?}");
            let good: Vec<Received> = vendor.received().into_iter().skip(asked).collect();
            for name in &names {
                let of_user = told(&good)
                    .into_iter()
                    .filter(|event| event["user_id"] == name.as_str());
                let order: Vec<_> = of_user.map(|event| transaction_of(&event)).collect();
                assert_eq!(order, [format!("{name}-0"), format!("{name}-1")], "{backend:?}");
            }
            assert_conserved(&server).await;
        }
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
