//! Requests of all kinds: good ones, ones with a mistake, and noise. None may panic, answer 5xx or take a second.
//!
//! The seed is printed. A seed that has found something is kept in [`FOUND`].

pub mod bodies;
mod purchases;
mod requests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bursar::http::router::routes;
use bursar::metrics::Metrics;
use uuid::Uuid;

use super::support::backend::Backend;
use super::support::random::Random;
use super::support::server::{Answer, TestServer};
use requests::{Made, Maker};

/// Seeds of episodes that once found something.
const FOUND: [u64; 0] = [];

/// How many requests one server gets. Small, so that a seed leads to a failure soon.
const EPISODE: usize = 1_000;
const EPISODES: u64 = 200;
const SLOW: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_panics_fails_or_takes_long() {
    let first = u64::try_from(Uuid::new_v4().as_u128() >> 64).unwrap();
    println!("first seed {first:#x}");
    let next = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut workers = tokio::task::JoinSet::<Counts>::new();
    for _ in 0..4 {
        let next = next.clone();
        workers.spawn(async move {
            let mut counts = Counts::default();
            loop {
                let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Some(offset) = index.checked_sub(FOUND.len() as u64) else {
                    episode(FOUND[usize::try_from(index).unwrap()], &mut counts).await;
                    continue;
                };
                if offset >= EPISODES {
                    return counts;
                }
                episode(first.wrapping_add(offset), &mut counts).await;
            }
        });
    }
    let mut all = Counts::default();
    while let Some(counts) = workers.join_next().await {
        all.add(counts.expect("an episode found something"));
    }
    let statuses = &all.by_status;
    println!("answers by status: {statuses:?}");
    assert!(statuses.values().sum::<usize>() >= 200_000);
    // Fuzz that is only ever refused at the door tests little.
    assert!(statuses[&200] > 20_000 && statuses[&400] > 20_000, "{statuses:?}");
    println!("successes by route: {:#?}", all.successes);
    let never = routes().map(|route| (route.method, route.path));
    let never: Vec<_> = never.filter(|route| !all.successes.contains_key(route)).collect();
    assert!(never.is_empty(), "never answered with success: {never:?}");
}

/// How many answers there were.
#[derive(Default)]
struct Counts {
    by_status: BTreeMap<u16, usize>,
    /// Of 2xx alone, by method and path of the route.
    successes: BTreeMap<(&'static str, &'static str), usize>,
}

impl Counts {
    fn note(&mut self, made: &Made, status: u16) {
        *self.by_status.entry(status).or_default() += 1;
        if (200..300).contains(&status) && made.is_for_its_route() {
            *self.successes.entry(made.route).or_default() += 1;
        }
    }

    fn add(&mut self, others: Self) {
        for (status, count) in others.by_status {
            *self.by_status.entry(status).or_default() += count;
        }
        for (route, count) in others.successes {
            *self.successes.entry(route).or_default() += count;
        }
    }
}

async fn episode(seed: u64, counts: &mut Counts) {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let mut maker = Maker::new(Random::from_seed(seed), &server).await;
    for index in 0..EPISODE {
        let made = maker.make();
        let (answer, elapsed) = timed(&server, &made).await;
        let place = || format!("seed {seed:#x}, request {index}: {made:?}\n{answer:?}");
        assert!(answer.status < 500, "{}", place());
        assert!(answer.headers.contains_key("request-id"), "{}", place());
        check_form(&answer, place);
        if elapsed > SLOW {
            // On a busy machine any request can be held up; one that is slow is slow again.
            let mut fastest = elapsed;
            for _ in 0..3 {
                fastest = fastest.min(timed(&server, &made).await.1);
            }
            assert!(fastest <= SLOW, "{fastest:?}, {}", place());
        }
        counts.note(&made, answer.status);
    }
    assert_eq!(panics(&server.state.metrics), 0, "seed {seed:#x}");
}

async fn timed(server: &TestServer, made: &Made) -> (Answer, Duration) {
    let request = made.request();
    let started = Instant::now();
    let answer = server.send(request).await;
    (answer, started.elapsed())
}

fn check_form(answer: &Answer, place: impl Fn() -> String) {
    let kind = answer
        .headers
        .get("content-type")
        .map_or("", |kind| kind.to_str().unwrap());
    if answer.body.is_empty() || !kind.contains("json") {
        return;
    }
    let body: serde_json::Value =
        serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no JSON: {}", place()));
    if answer.status >= 400 {
        let status = body.get("status_code").or(body.get("status"));
        assert_eq!(
            status.and_then(serde_json::Value::as_u64),
            Some(u64::from(answer.status)),
            "{}",
            place()
        );
    }
}

fn panics(metrics: &Metrics) -> u64 {
    metrics.panics.get()
}
