//! What a stop waits for, and what it does not wait for.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::backend::Backend;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{bought, branch, buyers, claimed, enable, known_buyer, states, work};
use crate::support::purchases::with;
use crate::support::server::{TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};
use crate::support::waiting::until;

#[tokio::test]
async fn a_stop_does_not_wait_for_the_rate_and_leaves_nothing_claimed() {
    let vendor = Vendor::with(|_, _| Manner::Answers(200, "{}")).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    let slowly = json!({"requests_per_second": 1});
    enable(&server, "branch", with(branch(&vendor.url), slowly)).await;
    buyers(&server, 0..20).await;
    let _working = work(&server);
    // For the next five seconds, of which the first one is begun.
    let is_waiting = async || vendor.count() > 0 && claimed(&server).await >= 4;
    until("the rate is waited for", is_waiting).await;
    let began = Instant::now();
    server.state.workers.stop().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(claimed(&server).await, 0);
    assert!(vendor.count() < 4, "{}", vendor.count());
}

/// What they are answered is written down too; what is behind them stays for the next server.
#[tokio::test]
async fn a_stop_waits_for_the_requests_that_are_under_way() {
    let vendor = Vendor::with(|_, _| Manner::Late(Duration::from_millis(500), 200, "{}")).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "branch", branch(&vendor.url)).await;
    known_buyer(&server, "bob").await;
    let ann = known_buyer(&server, "ann").await;
    ann.post(TRANSACTION, &bought("ann-2")).await;
    let _working = work(&server);
    vendor.until_count(2).await;
    server.state.workers.stop().await;
    assert_eq!(states(&server).await, ["delivered 2", "pending 1"]);
    assert_eq!((claimed(&server).await, vendor.count()), (0, 2));
    assert_conserved(&server).await;
}

/// What is claimed waits for a seat behind a request that nobody answers: nothing was sent of it, so the next server need not
/// wait for the end of the lease.
#[tokio::test]
async fn a_stop_gives_back_what_waits_behind_a_third_party_that_is_silent() {
    let vendor = Vendor::with(|_, number| match number {
        0 => Manner::Answers(200, "{}"),
        _ => Manner::Silent,
    })
    .await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    let one_by_one = json!({"max_in_flight": 1});
    enable(&server, "branch", with(branch(&vendor.url), one_by_one)).await;
    buyers(&server, 0..4).await;
    let _working = work(&server);
    // The first round was quick, so the second takes one more than there are seats.
    let is_waiting = async || vendor.count() == 2 && claimed(&server).await == 2;
    until("one waits behind the silence", is_waiting).await;
    server.state.workers.stop().await;
    assert_eq!(claimed(&server).await, 1, "that of which nobody knows");
}
