//! A third party that was down for a day, and comes back half well: what has gathered is sent in order, as fast as it
//! is taken and not faster.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bursar::delivery;
use futures_util::future::join_all;
use serde_json::json;
use xtask::test_environment::size;

use crate::support::backend::Backend;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, SECOND, advance, bought, branch, enable, next_due, settle_down, states, work,
};
use crate::support::purchases::{Customer, with};
use crate::support::random::Random;
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};

/// How many requests a second the third party takes, as the settings say, in a usual run and in a long one.
const RATES: (usize, usize) = (200, 500);
const ONE_SECOND: Duration = Duration::from_secs(1);

/// What the third party saw.
#[derive(Default)]
struct Log {
    /// When each request came.
    came: Vec<Instant>,
    /// Whose events were taken, and of which transactions, in order.
    taken: Vec<(String, String)>,
}

/// Fails two requests of a hundred, one as overloaded, and notes all of them.
fn half_well(
    log: &Arc<Mutex<Log>>,
    mut random: Random,
) -> impl FnMut(&Received, usize) -> Manner + Send + 'static {
    let log = Arc::clone(log);
    move |request, _| {
        let mut log = log.lock().unwrap();
        log.came.push(Instant::now());
        match random.below(100) {
            0 => Manner::Answers(500, "down"),
            1 => Manner::Answers(429, "too much"),
            _ => {
                let body = request.json();
                let text = |pointer| body.pointer(pointer).unwrap().as_str().unwrap().to_owned();
                let taken = (
                    text("/user_data/developer_identity"),
                    text("/event_data/transaction_id"),
                );
                log.taken.push(taken);
                Manner::Answers(200, "{}")
            }
        }
    }
}

/// The most requests that came within any second.
pub fn busiest_second(came: &[Instant]) -> usize {
    let mut window = VecDeque::new();
    let mut most = 0;
    for at in came {
        window.push_back(*at);
        while at.duration_since(window[0]) >= ONE_SECOND {
            window.pop_front();
        }
        most = most.max(window.len());
    }
    most
}

/// How often an event was taken after a later one of its customer. Transactions are numbered.
fn inversions(taken: &[(String, String)]) -> usize {
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    let mut count = 0;
    for (user, transaction) in taken {
        let before = last.insert(user, transaction);
        count += usize::from(before.is_some_and(|before| before >= transaction.as_str()));
    }
    count
}

struct Recovered {
    log: Log,
    took: Duration,
    backlog: usize,
}

/// Lets so many events of each customer gather for a day, and then sends them.
async fn recover(backend: Backend, rate: usize, customers: usize, events: usize) -> Recovered {
    let vendor = Vendor::with(|_, _| Manner::Answers(503, "down")).await;
    let server = TestServer::on(backend).await;
    let at_rate = json!({"requests_per_second": rate});
    enable(&server, "branch", with(branch(&vendor.url), at_rate)).await;
    let names: Vec<_> = (0..customers).map(|number| format!("user-{number:04}")).collect();
    join_all(names.iter().map(async |name| {
        let customer = Customer::new(&server, name).await;
        customer.post(IDENTIFIERS, &json!({"branch_id": name})).await;
    }))
    .await;
    let _working = work(&server);
    for hour in 0..24 {
        // In the order of their numbers.
        for number in (0..events).filter(|number| number * 24 / events == hour) {
            join_all(names.iter().map(async |name| {
                let customer = Customer {
                    server: &server,
                    id: name,
                };
                customer
                    .post(TRANSACTION, &bought(&format!("{name}-{number:04}")))
                    .await;
            }))
            .await;
        }
        advance(&server, HOUR).await;
    }
    let backlog = customers * events;
    assert_eq!(
        states(&server).await,
        [format!("pending {backlog}")],
        "{backend:?}"
    );
    let log = Arc::default();
    vendor.script(half_well(&log, Random::new("outage")));
    let began = Instant::now();
    // What fails is due a little later; nobody waits for that while there is something else to do.
    let patience = ONE_SECOND * u32::try_from(60 + 2 * backlog / rate).unwrap();
    while let Some(due) = next_due(&server).await {
        let now = server.state.clock.now().max(due) + 2 * SECOND;
        server.state.clock.move_to(now).unwrap();
        let settled = tokio::time::timeout(patience, delivery::settle_down(&server.state)).await;
        settled.expect("it is sent at the rate that is set").unwrap();
    }
    let took = began.elapsed();
    assert_eq!(
        states(&server).await,
        [format!("delivered {backlog}")],
        "{backend:?}"
    );
    assert_conserved(&server).await;
    drop((vendor, server));
    let log = std::mem::take(&mut *log.lock().unwrap());
    Recovered { log, took, backlog }
}

fn is_too_fast(log: &Log, rate: usize) -> bool {
    busiest_second(&log.came) * 100 > rate * 105
}

#[tokio::test]
async fn after_a_day_down_everything_is_sent_in_order_at_the_rate_that_is_set() {
    let backends = match size(1, 2) {
        1 => &[Backend::SqliteFile][..],
        _ => &[Backend::SqliteFile, Backend::Postgres],
    };
    let rate = size(RATES.0, RATES.1);
    for backend in backends {
        let found = recover(*backend, rate, 200, size(10, 500)).await;
        let Recovered { log, took, backlog } = found;
        assert!(
            !is_too_fast(&log, rate),
            "{backend:?}: {} in a second",
            busiest_second(&log.came)
        );
        assert_eq!(inversions(&log.taken), 0, "{backend:?}");
        let mut different = log.taken.clone();
        different.sort();
        different.dedup();
        assert_eq!(
            (different.len(), log.taken.len()),
            (backlog, backlog),
            "{backend:?}: each once"
        );
        // Those that failed were requests too.
        let least = Duration::from_secs_f64(log.came.len() as f64 / rate as f64);
        println!("{backend:?}: {backlog} events in {took:?}, could be {least:?}");
        assert!(
            took <= least.mul_f64(1.1),
            "{backend:?}: {took:?}, could be {least:?}"
        );
    }
}

#[tokio::test]
async fn without_the_limit_the_same_look_finds_a_second_with_too_many() {
    let found = recover(Backend::SqliteMemory, 100_000, 100, 5).await;
    assert!(
        is_too_fast(&found.log, RATES.0),
        "{} in a second",
        busiest_second(&found.log.came)
    );
}

/// What a third party takes at once, after it was left alone, is no more than in any other second.
#[tokio::test]
async fn a_rest_saves_nothing_up_and_requests_that_follow_from_answers_count() {
    let came = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&came);
    let vendor = Vendor::with(move |_, _| {
        log.lock().unwrap().push(Instant::now());
        Manner::Answers(
            200,
            r#"{"identity": {"onesignal_id": "7d3c1a52-0000-4000-8000-000000000001"}}"#,
        )
    })
    .await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    let settings = json!({"app_id": "0f5b0c1e-8a44-4a0a-9a43-1c2d3e4f5a6b", "base_url": vendor.url,
        "requests_per_second": 20, "events": {"access_level_updated": false}});
    enable(&server, "onesignal", settings).await;
    let names: Vec<_> = (0..30).map(|number| format!("user-{number}")).collect();
    for name in &names {
        let customer = Customer::new(&server, name).await;
        let ids = json!({"one_signal_subscription_id": "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f"});
        customer.post(IDENTIFIERS, &ids).await;
        customer.post(TRANSACTION, &bought(name)).await;
    }
    let _working = work(&server);
    settle_down(&server.state).await;
    assert_eq!(states(&server).await, ["delivered 30"]);
    let came = came.lock().unwrap().clone();
    // Each is a look for the user and a change of it.
    assert_eq!(came.len(), 60);
    assert!(
        busiest_second(&came) <= 21,
        "{} in a second",
        busiest_second(&came)
    );
}
