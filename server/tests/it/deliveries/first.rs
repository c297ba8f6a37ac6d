//! The whole way of an event.

use serde_json::json;

use crate::support::backend::ALL;
use crate::support::deliveries::{amplitude, enable, until_states, work};
use crate::support::purchases::{Customer, numbered, subscription, with};
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::Vendor;

#[tokio::test]
async fn an_event_reaches_the_third_party_under_the_right_identifier() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        customer
            .post(IDENTIFIERS, &json!({"amplitude_user_id": "amp-1"}))
            .await;
        customer.post(TRANSACTION, &subscription()).await;
        until_states(&server, &["delivered 1"]).await;
        let received = vendor.received();
        assert_eq!(received.len(), 1, "{backend:?}");
        assert_eq!(received[0].path, "/2/httpapi");
        let body = received[0].json();
        assert_eq!(body["api_key"], "key");
        assert_eq!(body["events"][0]["user_id"], "amp-1");
        assert_eq!(body["events"][0]["event_type"], "subscription_started");
        let metrics = server.call("GET", "/metrics", &[], "").await.text();
        let counted =
            "bursar_delivery_try_duration_seconds_count{integration=\"amplitude\",verdict=\"delivered\"} 1";
        assert!(
            metrics.lines().any(|line| line == counted),
            "{backend:?}: {metrics}"
        );
    }
}

#[tokio::test]
async fn an_event_waits_for_its_identifier_and_goes_out_in_order_when_it_comes() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        let settings = with(amplitude(&vendor.url), json!({"wait_for_identifier": 1000}));
        enable(&server, "amplitude", settings).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &subscription()).await;
        customer.post(TRANSACTION, &numbered(subscription(), "t2")).await;
        until_states(&server, &["pending 1", "waiting 1"]).await;
        assert_eq!(vendor.count(), 0, "{backend:?}");
        customer
            .post(IDENTIFIERS, &json!({"amplitude_user_id": "amp-1"}))
            .await;
        until_states(&server, &["delivered 2"]).await;
        let transactions: Vec<_> = vendor
            .received()
            .iter()
            .map(|request| request.json()["events"][0]["event_properties"]["transaction_id"].clone())
            .collect();
        assert_eq!(transactions, ["t1", "t2"], "{backend:?}");
    }
}
