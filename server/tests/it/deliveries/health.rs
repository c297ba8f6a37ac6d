//! Whether a third party is well: what its answers say of that where they do not all say the same.

use serde_json::json;

use crate::support::backend::Backend;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    amplitude, bought, branch, buyers, enable, settle_down, states, told, work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

/// So many failures in a row begin a pause.
const FAILURES: usize = 8;

/// Amplitude has one event of each request wait, and would take the others: the account is not too fast, that customer is.
#[tokio::test]
async fn an_answer_that_puts_off_one_event_of_several_is_no_failure() {
    const EVENTS: usize = FAILURES + 2;
    let first_waits = r#"{"code":429,"error":"too fast","throttled_events":[0]}"#;
    let vendor = Vendor::with(move |_, _| Manner::Answers(429, first_waits)).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "amplitude", amplitude(&vendor.url)).await;
    for number in 0..EVENTS {
        let name = format!("user-{number}");
        let customer = Customer::new(&server, &name).await;
        customer.post(TRANSACTION, &bought(&name)).await;
    }
    let _working = work(&server);
    settle_down(&server.state).await;
    // One fewer each time, down to the last one.
    let sizes: Vec<_> = vendor.received().chunks(1).map(|one| told(one).len()).collect();
    assert_eq!(sizes, (1..=EVENTS).rev().collect::<Vec<_>>());
    assert_conserved(&server).await;
}

/// One request at a time, of which each eighth succeeds, or none.
#[tokio::test]
async fn a_success_among_failures_lets_it_go_on_and_failures_alone_do_not() {
    const EVENTS: usize = 3 * FAILURES;
    for (succeeds, expected) in [(true, EVENTS), (false, FAILURES)] {
        let vendor = Vendor::with(
            move |_, number| match succeeds && number % FAILURES == FAILURES - 1 {
                true => Manner::Answers(200, "{}"),
                false => Manner::Answers(500, "down"),
            },
        )
        .await;
        let server = TestServer::on(Backend::SqliteMemory).await;
        let one_by_one = json!({"max_in_flight": 1});
        enable(&server, "branch", with(branch(&vendor.url), one_by_one)).await;
        buyers(&server, 0..EVENTS).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(vendor.count(), expected, "{:?}", states(&server).await);
        assert_conserved(&server).await;
    }
}
