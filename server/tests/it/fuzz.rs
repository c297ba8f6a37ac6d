//! Requests of all kinds: good ones, ones with a mistake, and noise. None may panic, answer 5xx or take a second, and no
//! body that is not JSON is taken.
//!
//! The seed is printed. A seed that has found something is kept in [`FOUND`].

pub mod bodies;
mod judge;
mod purchases;
mod requests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bursar::http::router::routes;
use tokio::task::JoinSet;

use super::support::backend::Backend;
use super::support::random::{Random, seed};
use super::support::server::TestServer;
use judge::{judge, longest};
use requests::{Made, Maker};

/// Seeds of episodes that once found something.
const FOUND: [u64; 0] = [];

/// How many requests one server gets. Small, so that a seed leads to a failure soon.
const EPISODE: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_panics_fails_or_takes_long() {
    let episodes = xtask::test_environment::size(200, 10_000);
    let first = seed("requests of all kinds");
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::<Counts>::new();
    for _ in 0..4 {
        let next = next.clone();
        workers.spawn(async move {
            let mut counts = Counts::default();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(offset) = index.checked_sub(FOUND.len() as u64) else {
                    episode(FOUND[usize::try_from(index).unwrap()], &mut counts).await;
                    continue;
                };
                if offset >= episodes as u64 {
                    return counts;
                }
                episode(first.wrapping_add(offset), &mut counts).await;
            }
        });
    }
    let mut all = Counts::default();
    while let Some(counts) = workers.join_next().await {
        match counts {
            Ok(counts) => all.add(counts),
            Err(found) => {
                // What is under way elsewhere must not fail for the end of all.
                workers.shutdown().await;
                std::panic::resume_unwind(found.into_panic());
            }
        }
    }
    let statuses = &all.by_status;
    println!("answers by status: {statuses:?}");
    let made = (episodes + FOUND.len()) * EPISODE;
    assert_eq!(statuses.values().sum::<usize>(), made);
    // Fuzz that is only ever refused at the door tests little.
    assert!(
        statuses[&200] > made / 10 && statuses[&400] > made / 10,
        "{statuses:?}"
    );
    println!(
        "pages turned: {}, successes by route: {:#?}",
        all.pages, all.successes
    );
    assert!(all.pages > 0, "no cursor led to a further page");
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
    /// Of those, pages of a list that another one led to.
    pages: usize,
}

impl Counts {
    fn note(&mut self, made: &Made, status: u16) {
        *self.by_status.entry(status).or_default() += 1;
        if (200..300).contains(&status) && made.is_for_its_route() {
            *self.successes.entry(made.route).or_default() += 1;
            self.pages += usize::from(made.turns_page);
        }
    }

    fn add(&mut self, others: Self) {
        for (status, count) in others.by_status {
            *self.by_status.entry(status).or_default() += count;
        }
        for (route, count) in others.successes {
            *self.successes.entry(route).or_default() += count;
        }
        self.pages += others.pages;
    }
}

/// Most run where a database costs least, and of twenty that follow one another one on each of the others.
fn backend(seed: u64) -> Backend {
    match seed % 20 {
        0 => Backend::Postgres,
        1 => Backend::SqliteFile,
        _ => Backend::SqliteMemory,
    }
}

async fn episode(seed: u64, counts: &mut Counts) {
    let backend = backend(seed);
    let server = TestServer::on(backend).await;
    let mut maker = Maker::new(Random::from_seed(seed), &server).await;
    for index in 0..EPISODE {
        let made = maker.make();
        let answer = judge(&made, longest(backend), |request| server.send(request)).await;
        let answer = answer
            .unwrap_or_else(|fault| panic!("BURSAR_TEST_SEED={seed}, {backend:?}, request {index}: {fault}"));
        maker.learn(&made, &answer);
        counts.note(&made, answer.status);
    }
    // Also of what nobody waits for.
    let panics = server.state.metrics.panics.get();
    assert_eq!(panics, 0, "BURSAR_TEST_SEED={seed}, {backend:?}");
}
