//! The order of a profile's events, over failures, holds, several servers and their deaths.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use serde_json::json;
use xtask::test_environment::size;

use crate::support::backend::Backend;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    SECOND, advance, amplitude, bought, enable, next_due, settle_down, states, transaction_of,
};
use crate::support::mortal::Mortal;
use crate::support::purchases::{Customer, with};
use crate::support::random::Random;
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};

/// What a third party has taken in, in order: user and transaction.
type Taken = Arc<Mutex<Vec<(String, String)>>>;

/// Takes four requests of five, and notes what was in them.
fn moody(taken: &Taken, mut random: Random) -> impl FnMut(&Received, usize) -> Manner + Send + 'static {
    let taken = Arc::clone(taken);
    move |request, _| {
        let manner = match random.below(100) {
            0..10 => return Manner::Answers(500, "down"),
            10..14 => Manner::Raw("HTTP/1.1 429 x\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n".into()),
            14..17 => Manner::Resets,
            17..20 => Manner::Half,
            _ => Manner::Answers(200, "{}"),
        };
        if matches!(manner, Manner::Answers(..)) {
            let body = request.json();
            let events = body["events"].as_array().unwrap().iter();
            let events = events.map(|event| (event["user_id"].to_string(), transaction_of(event)));
            taken.lock().unwrap().extend(events);
        }
        manner
    }
}

/// How often an event was first taken after a later one of its user. Transactions are numbered.
fn inversions(taken: &[(String, String)]) -> usize {
    let mut seen: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut count = 0;
    for (user, transaction) in taken {
        let before = seen.entry(user).or_default();
        if !before.contains(&transaction.as_str()) {
            count += usize::from(before.iter().any(|other| *other > transaction.as_str()));
            before.push(transaction);
        }
    }
    count
}

/// Two servers send what a third one takes in, and die now and then. Answers what the third party took.
async fn run(backend: Backend, is_ordered: bool, kills: usize) -> Vec<(String, String)> {
    let mut random = Random::new("order");
    let taken = Taken::default();
    let vendor = Vendor::with(moody(&taken, random.split())).await;
    let server = TestServer::on(backend).await;
    let settings = json!({"ordered": is_ordered, "wait_for_identifier": 3_600});
    enable(&server, "amplitude", with(amplitude(&vendor.url), settings)).await;
    let clock = server.state.clock.clone();
    let mut workers = [
        Mortal::start(&server.options, &clock).await,
        Mortal::start(&server.options, &clock).await,
    ];
    let names: Vec<_> = (0..size(12, 60))
        .map(|number| format!("user-{number:03}"))
        .collect();
    let customers = join_all(names.iter().map(|name| Customer::new(&server, name))).await;
    let identify = async |customer: &Customer<'_>| {
        let body = json!({"amplitude_user_id": customer.id});
        customer.post(IDENTIFIERS, &body).await;
    };
    // Every third has to be waited for.
    join_all(
        customers
            .iter()
            .enumerate()
            .filter(|(place, _)| place % 3 > 0)
            .map(|(_, customer)| identify(customer)),
    )
    .await;
    let rounds = size(8, 20);
    for round in 0..rounds {
        join_all(customers.iter().map(async |customer| {
            let transaction = bought(&format!("{}-{round:03}", customer.id));
            customer.post(TRANSACTION, &transaction).await;
        }))
        .await;
        if random.in_hundred(kills) {
            let place = random.below(2);
            workers[place] = Mortal::start(&server.options, &clock).await;
        }
        if round == rounds / 2 {
            join_all(customers.iter().step_by(3).map(identify)).await;
        }
        clock.move_to(clock.now() + 2 * SECOND).unwrap();
        join_all(workers.iter().map(|worker| settle_down(&worker.state))).await;
    }
    while let Some(due) = next_due(&server).await {
        // What fails too often pauses for a while, whatever is due.
        let now = due.max(clock.now() + SECOND);
        clock.move_to(now).unwrap();
        join_all(workers.iter().map(|worker| settle_down(&worker.state))).await;
    }
    advance(&server, 0).await;
    assert_conserved(&server).await;
    let all = names.len() * rounds;
    assert_eq!(states(&server).await, [format!("delivered {all}")], "{backend:?}");
    let taken = taken.lock().unwrap().clone();
    let mut different = taken.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), all, "{backend:?}: what is delivered was taken");
    taken
}

#[tokio::test]
async fn no_event_of_a_profile_overtakes_another_over_failures_holds_and_deaths() {
    for backend in [Backend::SqliteFile, Backend::Postgres] {
        let taken = run(backend, true, 40).await;
        assert_eq!(inversions(&taken), 0, "{backend:?}: {taken:?}");
    }
}

#[tokio::test]
async fn without_lanes_the_same_judge_finds_events_out_of_order() {
    let taken = run(Backend::SqliteFile, false, 0).await;
    assert!(inversions(&taken) > 0);
}
