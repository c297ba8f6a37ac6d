//! `POST /admin/v1/test-clock` answers when everything that is due has been tried.

use std::time::Duration;

use bursar_domain::integrations;
use bursar_domain::time::format_time;
use serde_json::json;

use crate::support::backend::ALL;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    MINUTE, SECOND, amplitude, bought, deliveries, enable, put, send, states, work,
};
use crate::support::purchases::Customer;
use crate::support::server::{START, TRANSACTION, TestServer};
use crate::support::vendor::{Gate, Manner, Vendor};

async fn move_to(server: &TestServer, now: i64) {
    let body = json!({"now": format_time(now)}).to_string();
    let answer = server.admin("POST", "test-clock", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn what_is_due_has_been_tried_when_the_clock_answers() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        // Slow enough that a clock that does not wait would be noticed.
        let late = |status| Manner::Late(Duration::from_millis(200), status, "{}");
        let vendor = Vendor::with(move |_, number| late(if number < 2 { 500 } else { 200 })).await;
        let _working = work(&server);
        // Nobody has begun to work for the integration yet when the clock is moved.
        put(&server, "amplitude", true, &amplitude(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        customer.post(TRANSACTION, &bought("t2")).await;
        let tries =
            async || -> Vec<i64> { deliveries(&server).await.iter().map(|seen| seen.tries).collect() };
        move_to(&server, START + SECOND).await;
        assert_eq!(
            (vendor.count(), tries().await.iter().sum::<i64>()),
            (1, 1),
            "{backend:?}"
        );
        move_to(&server, START + 8 * SECOND).await;
        assert_eq!(
            (vendor.count(), tries().await.iter().sum::<i64>()),
            (2, 2),
            "{backend:?}"
        );
        move_to(&server, START + 3 * MINUTE).await;
        assert_eq!(states(&server).await, ["delivered 2"], "{backend:?}");
        assert_eq!(vendor.count(), 4, "{backend:?}");
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn many_integrations_that_have_nothing_to_do_keep_no_clock_waiting() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let _working = work(&server);
        for integration in integrations::ALL {
            enable(&server, integration.slug, json!({})).await;
        }
        // All of them have begun.
        tokio::time::sleep(Duration::from_millis(300)).await;
        for seconds in 1..10 {
            let moved = move_to(&server, START + seconds * SECOND);
            tokio::time::timeout(Duration::from_secs(5), moved).await.unwrap();
        }
    }
}

#[tokio::test]
async fn where_nobody_sends_there_is_nothing_to_wait_for() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        put(&server, "amplitude", true, &amplitude(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        move_to(&server, START + SECOND).await;
        assert_eq!(states(&server).await, ["pending 1"], "{backend:?}");
        // Nor after those who sent have gone.
        drop(work(&server));
        move_to(&server, START + 2 * SECOND).await;
    }
}

/// Replays have lanes of their own.
#[tokio::test]
async fn what_is_due_of_a_replay_has_been_tried_too_when_the_clock_answers() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor =
            Vendor::with(|_, number| Manner::Answers(if number == 0 { 500 } else { 200 }, "{}")).await;
        Customer::new(&server, "ann")
            .await
            .post(TRANSACTION, &bought("t1"))
            .await;
        put(&server, "amplitude", true, &amplitude(&vendor.url)).await;
        let replay = json!({"filter": {"integration": "amplitude", "event_types": ["subscription_started"]}});
        assert_eq!(send(&server, "POST", "replays", &replay).await.json()["count"], 1);
        let _working = work(&server);
        for (seconds, expected) in [(1, "pending 1"), (10, "delivered 1")] {
            move_to(&server, START + seconds * SECOND).await;
            assert_eq!(states(&server).await, [expected], "{backend:?}");
            assert_eq!(vendor.count(), usize::from(seconds == 10) + 1, "{backend:?}");
        }
    }
}

/// Else the time of a try would run out in its middle, and it would be made twice.
#[tokio::test]
async fn the_clock_stands_until_what_is_under_way_has_ended() {
    for backend in ALL {
        let gate = Gate::closed();
        let late = gate.holds(Manner::Answers(200, "{}"));
        let vendor = Vendor::with(move |_, _| late.clone()).await;
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        let _working = work(&server);
        vendor.until_count(1).await;
        let meanwhile = async {
            for _ in 0..20 {
                server.admin("POST", "apps", r#"{"name":"Shop"}"#).await;
            }
            assert_eq!(server.state.clock.now(), START, "{backend:?}");
            gate.open();
        };
        tokio::join!(move_to(&server, START + 60 * MINUTE), meanwhile);
        assert_eq!(states(&server).await, ["delivered 1"], "{backend:?}");
        assert_eq!(vendor.count(), 1, "{backend:?}");
    }
}
