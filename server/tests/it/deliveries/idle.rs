//! A server that has nothing to send makes no changes, and where there is something those are few.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::backend::ALL;
use crate::support::deliveries::{
    amplitude, bought, branch, enable, settle_down, until_states, webhook, work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::Vendor;

#[tokio::test]
async fn workers_with_nothing_to_send_change_nothing() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        enable(&server, "webhook", webhook(&vendor.url)).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        enable(&server, "branch", branch(&vendor.url)).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        let identifiers = json!({"branch_id": "1234567890"});
        customer.post(IDENTIFIERS, &identifiers).await;
        customer.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        until_states(&server, &["delivered 3"]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = server.changes().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(server.changes().await, before, "{backend:?}");
        // Nor does anybody look for what a call that changed nothing let go on; the call itself may take a change.
        customer.post(IDENTIFIERS, &identifiers).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(server.changes().await <= before + 1, "{backend:?}");
    }
}

#[tokio::test]
async fn a_delivery_takes_a_claim_and_a_settlement_however_many_integrations_are_on() {
    const PURCHASES: u64 = 10;
    let off = json!({"events": {"subscription_started": false, "access_level_updated": false}});
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let without_events = |settings: Value| with(settings, off.clone());
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        enable(&server, "branch", without_events(branch(&vendor.url))).await;
        enable(&server, "webhook", without_events(webhook(&vendor.url))).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        settle_down(&server.state).await;
        let before = server.changes().await;
        for number in 1..=PURCHASES {
            customer.post(TRANSACTION, &bought(&format!("t{number}"))).await;
            let states = [format!("delivered {number}"), format!("skipped {}", 2 * number)];
            until_states(&server, &states.each_ref().map(String::as_str)).await;
        }
        let changes = server.changes().await - before;
        // A report, a claim and a settlement each; those who have nothing to send claim nothing.
        assert!(changes <= 3 * PURCHASES + 3, "{changes} on {backend:?}");
    }
}
