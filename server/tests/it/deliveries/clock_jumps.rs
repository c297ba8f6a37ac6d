//! The machine's clock is set: an hour ahead or back, 400 days ahead and back again, to 1970. Times are UTC without leap
//! seconds, so neither those nor daylight saving time set it.

use std::time::Duration;

use serde_json::json;

use crate::support::backend::{ALL, Backend, SHARED};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, MINUTE, SECOND, advance, amplitude, bought, enable, fates_of, next_due, settle_down, states, told,
    transaction_of, until_states, webhook, work,
};
use crate::support::mortal::Mortal;
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, START, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};
use crate::support::waiting::until;

const DAY: i64 = 24 * HOUR;
/// For so long lanes are claimed, at most.
const LEASE: i64 = 60 * SECOND;

/// Waits until there is something due by this time: until the server has noticed that the clock was set back.
async fn until_due_by(server: &TestServer, time: i64) {
    let is_due = async || next_due(server).await.is_some_and(|due_at| due_at <= time);
    until(format!("something is due by {time}"), is_due).await;
}

/// What two servers have under way when the clock is set ahead, or when so much time has passed. Answers what was sent.
async fn sent_over(backend: Backend, jump: impl Fn(&TestServer)) -> Vec<String> {
    let vendor = Vendor::with(|_, number| match number {
        0..4 => Manner::Late(Duration::from_secs(1), 200, "{}"),
        _ => Manner::Answers(200, "{}"),
    })
    .await;
    let server = TestServer::on(backend).await;
    enable(
        &server,
        "webhook",
        with(webhook(&vendor.url), json!({"max_in_flight": 8})),
    )
    .await;
    let _working = work(&server);
    let other = match backend {
        Backend::SqliteMemory => None,
        _ => Some(Mortal::start(&server.options, &server.state.clock).await),
    };
    for name in ["ann", "bob", "cat", "dan"] {
        let customer = Customer::new(&server, name).await;
        customer.post(TRANSACTION, &bought(&format!("{name}-1"))).await;
        customer.post(TRANSACTION, &bought(&format!("{name}-2"))).await;
    }
    vendor.until_count(4).await;
    jump(&server);
    until_states(&server, &["delivered 8"]).await;
    settle_down(&server.state).await;
    drop(other);
    assert_conserved(&server).await;
    let mut sent: Vec<_> = vendor
        .received()
        .iter()
        .map(|request| transaction_of(&request.json()))
        .collect();
    sent.sort();
    sent
}

#[tokio::test]
async fn what_is_under_way_when_the_clock_is_set_ahead_is_not_sent_again() {
    let each = [
        "ann-1", "ann-2", "bob-1", "bob-2", "cat-1", "cat-2", "dan-1", "dan-2",
    ];
    for backend in ALL {
        for by in [MINUTE + SECOND, HOUR, 400 * DAY] {
            let sent = sent_over(backend, |server| server.state.clock.set_to(START + by)).await;
            assert_eq!(sent, each, "{backend:?}, {by}");
        }
    }
    // The same look finds what is sent again: where so much time has passed, it is not known to be under way any more.
    let passes = |server: &TestServer| server.state.clock.move_to(START + HOUR).unwrap();
    assert!(sent_over(Backend::SqliteFile, passes).await.len() > each.len());
}

/// What a server had taken that died is free a minute after the clock was set ahead: then no other can be at it.
#[tokio::test]
async fn what_a_dead_server_had_goes_on_a_minute_after_the_clock_was_set_ahead() {
    for backend in SHARED {
        let vendor = Vendor::with(|_, _| Manner::Silent).await;
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        let dead = Mortal::start(&server.options, &server.state.clock).await;
        vendor.until_count(1).await;
        drop(dead);
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        let _working = work(&server);
        server.state.clock.set_to(START + HOUR);
        // That is noticed by who asks.
        assert_eq!(server.state.clock.times_set_back(), 0);
        server.state.clock.move_to(START + HOUR + LEASE - SECOND).unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(vendor.count(), 1, "{backend:?}: somebody might still be at it");
        server.state.clock.move_to(START + HOUR + LEASE).unwrap();
        until_states(&server, &["delivered 1"]).await;
        assert_eq!(vendor.count(), 2, "{backend:?}");
    }
}

#[tokio::test]
async fn a_repeat_waits_as_long_as_it_was_to_when_the_clock_is_set_back() {
    for backend in ALL {
        for to in [START - HOUR, START - 400 * DAY, 0] {
            let vendor = Vendor::with(|_, number| match number {
                0 => Manner::Answers(500, "down"),
                _ => Manner::Answers(200, "{}"),
            })
            .await;
            let server = TestServer::on(backend).await;
            enable(&server, "amplitude", amplitude(&vendor.url)).await;
            let _working = work(&server);
            let customer = Customer::new(&server, "ann").await;
            customer.post(TRANSACTION, &bought("t1")).await;
            settle_down(&server.state).await;
            assert_eq!(vendor.count(), 1, "{backend:?}");
            server.state.clock.set_to(to);
            until_due_by(&server, to + 6 * SECOND).await;
            advance(&server, 3 * SECOND).await;
            assert_eq!(vendor.count(), 1, "{backend:?} {to}: no sooner than it was to");
            advance(&server, 4 * SECOND).await;
            assert_eq!(vendor.count(), 2, "{backend:?} {to}");
            assert_eq!(states(&server).await, ["delivered 1"], "{backend:?} {to}");
            assert_conserved(&server).await;
        }
    }
}

/// A server dies while the clock is wrong, and the next one begins when it is right again.
#[tokio::test]
async fn what_was_taken_or_put_off_while_the_clock_was_ahead_goes_on_with_the_next_server() {
    for backend in SHARED {
        let vendor = Vendor::with(|request, _| match request.body.contains("t-silent") {
            true => Manner::Silent,
            false => Manner::Answers(500, "down"),
        })
        .await;
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        server.state.clock.set_to(START + 400 * DAY);
        let dead = Mortal::start(&server.options, &server.state.clock).await;
        for (name, transaction) in [("ann", "t-silent"), ("bob", "t-failed")] {
            let customer = Customer::new(&server, name).await;
            customer.post(TRANSACTION, &bought(transaction)).await;
            vendor.until_count(if name == "ann" { 1 } else { 2 }).await;
        }
        // The failure is written down.
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(dead);
        server.state.clock.set_to(START);
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        let _working = work(&server);
        until_due_by(&server, START + 7 * SECOND).await;
        advance(&server, 10 * SECOND).await;
        assert_eq!(vendor.count(), 3, "{backend:?}: the one that failed");
        advance(&server, LEASE).await;
        assert_eq!(states(&server).await, ["delivered 2"], "{backend:?}");
        assert_eq!(vendor.count(), 4, "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// The profile was changed in the future, as far as is known.
#[tokio::test]
async fn what_comes_after_the_clock_was_set_back_goes_out_at_once_and_in_order() {
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        let waits = json!({"wait_for_identifier": 2_592_000});
        enable(&server, "amplitude", with(amplitude(&vendor.url), waits)).await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        server.state.clock.set_to(START + 400 * DAY);
        customer.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        server.state.clock.set_to(START);
        customer.post(TRANSACTION, &bought("t2")).await;
        settle_down(&server.state).await;
        let expected = ["t1 delivered", "t2 delivered"];
        assert_eq!(fates_of(&server, "webhook", "").await, expected, "{backend:?}");
        let before = vendor.count();
        customer
            .post(IDENTIFIERS, &json!({"amplitude_user_id": "ann"}))
            .await;
        settle_down(&server.state).await;
        let received = vendor.received();
        let order: Vec<_> = told(&received[before..]).iter().map(transaction_of).collect();
        assert_eq!(order, ["t1", "t2"], "{backend:?}");
        let others: Vec<_> = received[..before]
            .iter()
            .map(|request| transaction_of(&request.json()))
            .collect();
        assert_eq!(others, ["t1", "t2"], "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// Many failures begin a pause, and a day of them is the end of a webhook: a day, and not a clock that was set.
#[tokio::test]
async fn neither_a_pause_nor_a_death_of_a_third_party_comes_of_a_clock_that_was_set() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let server = TestServer::on(backend).await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        server.state.clock.set_to(START + 400 * DAY);
        for number in 0..10 {
            let name = format!("user-{number}");
            let customer = Customer::new(&server, &name).await;
            customer.post(TRANSACTION, &bought(&name)).await;
        }
        settle_down(&server.state).await;
        let before = vendor.count();
        assert!(before >= 8, "{backend:?}: {before}");
        // By the clock they are too old to be repeated now, and say so; nobody has given up what comes.
        server.state.clock.set_to(START + 401 * DAY + HOUR);
        let customer = Customer::new(&server, "late").await;
        customer.post(TRANSACTION, &bought("late")).await;
        let mut late = String::new();
        for _ in 0..120 {
            advance(&server, SECOND).await;
            late = fates_of(&server, "webhook", "").await.remove(0);
            if late != "late pending" {
                break;
            }
        }
        assert_eq!(late, "late pending 500 down", "{backend:?}");
        // The pause is over in seconds, also if the clock is set back.
        server.state.clock.set_to(START);
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        until_due_by(&server, START + 2 * MINUTE).await;
        for _ in 0..10 {
            advance(&server, MINUTE).await;
        }
        let fates = fates_of(&server, "webhook", "").await;
        assert_eq!(fates[0], "late delivered", "{backend:?}");
        assert!(
            !fates.iter().any(|fate| fate.contains("pending")),
            "{backend:?}: {fates:?}"
        );
        assert!(
            !fates.iter().any(|fate| fate.contains("rejected")),
            "{backend:?}: {fates:?}"
        );
        assert_conserved(&server).await;
    }
}
