//! The webhook's addresses: one that is in trouble holds up nothing that goes to the other one.

use serde_json::json;

use crate::support::backend::{ALL, Backend};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    MINUTE, SECOND, advance, bought, enable, entries, fates_of, put, settle_down, shown, states, webhook,
    work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};

/// More than fail in a row before a pause, and more than are sent at a time.
const MANY: usize = 40;

/// Whose handshake passes, and which answers events as `manner` says.
async fn address(manner: Manner) -> Vendor {
    let answer = move |request: &Received, _| match request.body.as_str() {
        "{}" => Manner::Answers(200, "{}"),
        _ => manner.clone(),
    };
    Vendor::with(answer).await
}

async fn with_addresses(backend: Backend, real: &Vendor, tests: &Vendor) -> TestServer {
    let server = TestServer::on(backend).await;
    let urls = json!({"urls": {"production": real.url, "sandbox": tests.url}});
    enable(&server, "webhook", with(webhook(&real.url), urls)).await;
    server
}

async fn buy_in_sandbox(server: &TestServer, count: usize) {
    let in_sandbox = json!({"environment": "Sandbox"});
    for number in 0..count {
        // Events of one customer would be sent one after the other.
        let id = format!("tester-{number}");
        let customer = Customer::new(server, &id).await;
        let purchase = with(bought(&format!("s{number:02}")), in_sandbox.clone());
        customer.post(TRANSACTION, &purchase).await;
    }
}

#[tokio::test]
async fn an_address_that_is_down_holds_up_nothing_of_the_other_one() {
    for backend in ALL {
        for manner in [Manner::Resets, Manner::Asks("3600")] {
            let real = address(Manner::Answers(200, "{}")).await;
            let tests = address(manner.clone()).await;
            let server = with_addresses(backend, &real, &tests).await;
            buy_in_sandbox(&server, MANY).await;
            let _working = work(&server);
            settle_down(&server.state).await;
            let customer = Customer::new(&server, "ann").await;
            for transaction in ["t1", "t2"] {
                customer.post(TRANSACTION, &bought(transaction)).await;
                settle_down(&server.state).await;
            }
            let fates = fates_of(&server, "webhook", "").await;
            assert_eq!(
                fates[MANY..],
                ["t1 delivered", "t2 delivered"],
                "{backend:?}: {manner:?}"
            );
            let tried = tests.count();
            assert!((8..MANY).contains(&tried), "it is left alone: {tried} tries");
            // What was put off goes out when the address is well again.
            tests.script(|_, _| Manner::Answers(200, "{}"));
            for _ in 0..5 {
                advance(&server, 2 * MINUTE).await;
            }
            let all = MANY + 2;
            if matches!(manner, Manner::Resets) {
                assert_eq!(states(&server).await, [format!("delivered {all}")], "{backend:?}");
            }
            assert_conserved(&server).await;
        }
    }
}

/// Who looks whether an address is back is an event that was never tried, if one waits.
#[tokio::test]
async fn an_event_that_fails_for_itself_does_not_stand_for_its_address() {
    for backend in ALL {
        let bad = |request: &Received, _| match request.body.contains("\"bad") {
            true => Manner::Answers(500, "never"),
            false => Manner::Answers(200, "{}"),
        };
        let real = Vendor::with(bad).await;
        let server = TestServer::on(backend).await;
        enable(&server, "webhook", webhook(&real.url)).await;
        let customer = Customer::new(&server, "ann").await;
        for number in 0..16 {
            customer
                .post(TRANSACTION, &bought(&format!("bad-{number:02}")))
                .await;
        }
        let _working = work(&server);
        settle_down(&server.state).await;
        // All of them are repeated, and the address is paused for as long as it ever is.
        while !shown_fates(&server)
            .await
            .iter()
            .all(|fate| fate.ends_with("500 never"))
        {
            advance(&server, 10 * SECOND).await;
        }
        advance(&server, 4 * MINUTE).await;
        customer.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        advance(&server, MINUTE).await;
        let fates = shown_fates(&server).await;
        assert_eq!(fates[16..], ["t1 delivered"], "{backend:?}: {fates:?}");
    }
}

async fn shown_fates(server: &TestServer) -> Vec<String> {
    fates_of(server, "webhook", "").await
}

#[tokio::test]
async fn an_address_that_is_gone_is_named() {
    for backend in ALL {
        let real = address(Manner::Answers(200, "{}")).await;
        let tests = address(Manner::Answers(410, "{}")).await;
        let server = TestServer::on(backend).await;
        let settings = json!({"urls": {"production": real.url, "sandbox": tests.url}, "retry_on": "non_2xx",
            "events": {"access_level_updated": false}});
        put(&server, "webhook", true, &settings).await;
        buy_in_sandbox(&server, 1).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        let body = shown(&server, "webhook").await;
        assert_eq!(
            (&body["status"], &body["problems"][0]["detail"]),
            (&json!("blocked"), &json!("urls.sandbox: 410 {}")),
            "{backend:?}"
        );
        let reason = &entries(&server, "deliveries").await[0]["reason"];
        assert_eq!(
            reason, "410 {}",
            "of the delivery itself nothing more is to be said"
        );
    }
}
