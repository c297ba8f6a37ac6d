//! The order of a profile's events, over failures, holds, several servers and their deaths.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bursar::store::{Sql, Statement};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;
use xtask::test_environment::size;

use crate::support::backend::{ALL, Backend, SHARED};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    SECOND, advance, amplitude, bought, branch, enable, entries, next_due, settle_down, states, told,
    transaction_of, webhook, work,
};
use crate::support::mortal::Mortal;
use crate::support::purchases::{Customer, subscription, with};
use crate::support::random::Random;
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Gate, Manner, Received, Vendor};
use crate::support::waiting::until_equal;

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
    for backend in SHARED {
        let taken = run(backend, true, 40).await;
        assert_eq!(inversions(&taken), 0, "{backend:?}: {taken:?}");
    }
}

/// The longest time for which a lane was due and nobody was at it, as far as looks tell that come every few
/// milliseconds.
async fn longest_idle(max_in_flight: usize, answers_after: Duration) -> Duration {
    static DUE: Sql = Sql::same("SELECT lane_id, due_at FROM lanes WHERE lease IS NULL");
    let vendor = Vendor::with(move |_, number| match number % 20 {
        19 => Manner::Answers(500, "down"),
        _ => Manner::Late(answers_after, 200, "{}"),
    })
    .await;
    let server = TestServer::on(Backend::SqliteFile).await;
    let seats = json!({"max_in_flight": max_in_flight});
    enable(&server, "branch", with(branch(&vendor.url), seats)).await;
    let names: Vec<_> = (0..40).map(|number| format!("user-{number:03}")).collect();
    for name in &names {
        let customer = Customer::new(&server, name).await;
        customer.post(IDENTIFIERS, &json!({"branch_id": name})).await;
        for number in 0..3 {
            customer
                .post(TRANSACTION, &bought(&format!("{name}-{number}")))
                .await;
        }
    }
    let _working = work(&server);
    let mut since: HashMap<(Uuid, i64), Instant> = HashMap::new();
    let mut longest = Duration::ZERO;
    loop {
        let rows = server
            .state
            .store
            .scan_whole(Statement::new(&DUE, []))
            .await
            .unwrap();
        let (seen, now) = (Instant::now(), server.state.clock.now());
        let lanes = rows.iter().map(|row| (row.uuid(0).unwrap(), row.int(1).unwrap()));
        let due: Vec<_> = lanes.filter(|(_, due_at)| *due_at <= now).collect();
        since.retain(|lane, _| due.contains(lane));
        for lane in due {
            longest = longest.max(seen - *since.entry(lane).or_insert(seen));
        }
        if states(&server).await == [format!("delivered {}", 3 * names.len())] {
            return longest;
        }
        // What fails is due some seconds later: the clock goes ten times as fast as the wall's.
        tokio::time::sleep(Duration::from_millis(20)).await;
        server.state.clock.move_to(now + SECOND / 5).unwrap();
    }
}

#[tokio::test]
async fn what_one_report_tells_goes_out_in_the_order_of_its_events() {
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        let trouble = json!({"renew_status": false, "billing_issue_detected_at": "2025-12-20T00:00:00Z",
                             "grace_period_expires_at": "2026-01-20T00:00:00Z"});
        for body in [subscription(), with(subscription(), trouble)] {
            customer.post(TRANSACTION, &body).await;
        }
        let events = entries(&server, "events?order=asc").await;
        let made: Vec<_> = events.iter().map(|event| event["event_type"].clone()).collect();
        assert!(made.len() > 2, "{made:?}");
        let _working = work(&server);
        settle_down(&server.state).await;
        let told = told(&vendor.received());
        let told: Vec<_> = told.iter().map(|event| event["event_type"].clone()).collect();
        assert_eq!(told, made, "{backend:?}");
    }
}

#[tokio::test]
async fn no_lane_that_is_due_is_left_alone_for_a_second() {
    let longest = longest_idle(32, Duration::from_millis(10)).await;
    assert!(longest < Duration::from_secs(1), "{longest:?}");
}

/// With one request at a time and a slow third party most lanes have to wait: the same look tells.
#[tokio::test]
async fn behind_a_single_slow_seat_lanes_are_seen_to_wait() {
    let longest = longest_idle(1, Duration::from_millis(50)).await;
    assert!(longest > Duration::from_secs(1), "{longest:?}");
}

#[tokio::test]
async fn without_lanes_the_same_judge_finds_events_out_of_order() {
    // By chance nothing may have failed in one of them that something else could overtake.
    let mut found = 0;
    for _ in 0..5 {
        found += inversions(&run(Backend::SqliteFile, false, 0).await);
    }
    assert!(found > 0);
}

/// What a receiver has got of a customer: the ids of its events, in order.
fn got(vendor: &Vendor, customer: &str) -> Vec<String> {
    let received = vendor.received();
    let bodies = received.iter().map(Received::json);
    let of_customer = bodies.filter(|body| body["customer_user_id"] == customer);
    of_customer
        .map(|body| {
            body["event_properties"]["profile_event_id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// The ids of a customer's events as the feed has them.
async fn made(server: &TestServer, customer: &str) -> Vec<String> {
    let feed = entries(server, "events?order=asc").await;
    let of_customer = feed
        .iter()
        .filter(|event| event["payload"]["customer_user_id"] == customer);
    of_customer
        .map(|event| event["event_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_one_change_makes_arrives_at_the_webhook_in_order_and_holds_up_no_other_customer() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let (gate, vendor) = (Gate::closed(), Vendor::start().await);
        let held = gate.holds(Manner::Answers(200, "{}"));
        vendor.script(
            move |request, _| match request.json()["customer_user_id"].as_str() {
                Some("slow") => held.clone(),
                _ => Manner::Answers(200, "{}"),
            },
        );
        let all_events = with(webhook(&vendor.url), json!({"events": {}}));
        enable(&server, "webhook", all_events).await;
        for id in ["slow", "quick"] {
            let customer = Customer::new(&server, id).await;
            let failed = json!({"renew_status": false, "billing_issue_detected_at": "2025-12-20T00:00:00Z"});
            customer.post(TRANSACTION, &with(bought(id), failed)).await;
        }
        let _working = work(&server);
        let quick = made(&server, "quick").await;
        assert!(quick.len() > 2, "{quick:?}");
        until_equal("all of the quick one", quick, async || got(&vendor, "quick")).await;
        assert_eq!(got(&vendor, "slow").len(), 1, "{backend:?}");
        gate.open();
        let slow = made(&server, "slow").await;
        until_equal("all of the slow one", slow, async || got(&vendor, "slow")).await;
    }
}

/// Also where the first one fails the others come behind it at once: by default none waits for a repeat.
#[tokio::test]
async fn an_event_that_fails_is_no_reason_for_the_webhook_to_wait() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, count| match count {
            0 => Manner::Answers(500, "{}"),
            _ => Manner::Answers(200, "{}"),
        })
        .await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        let cancelled = with(bought("t1"), json!({"renew_status": false}));
        customer.post(TRANSACTION, &cancelled).await;
        let _working = work(&server);
        let all = made(&server, "ann").await;
        until_equal("each once", all, async || got(&vendor, "ann")).await;
    }
}
