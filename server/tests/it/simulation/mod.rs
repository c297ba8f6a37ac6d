//! Simulation: random histories of purchases on two servers that share a store, beside a small model of what must
//! come of them. A history follows from its seed alone.

mod access;
mod feed;
mod history;
mod model;
mod world;
mod wrong;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use xtask::test_environment::{SIMULATION, simulation_seeds};

use self::history::{History, WIDE};
use self::world::World;
use crate::support::backend::Backend;

const SEEDS: u64 = 10_000;
/// So many also run on a file, each server with a store of its own.
const ON_A_FILE: u64 = 60;
/// So many wider ones also run on PostgreSQL, where two servers really work at once.
const ON_POSTGRES: u64 = 200;
const THREADS: usize = 2;
/// Seeds that found a mistake once: a change of access told twice, a revocation that reached those who share, a stripe
/// chain that expired when its charge failed, transactions of deleted profiles that counted as known, an owner that lost
/// a chain and kept what the family has under its id.
const FOUND: &[u64] = &[16, 428, 21, 214, 216, 589, 437, 525, 6_031];

/// Tells which seed a test fails at.
struct Running(u64);

impl Drop for Running {
    fn drop(&mut self) {
        if thread::panicking() {
            let seed = self.0;
            eprintln!(
                "seed {seed} breaks a law; repeat it with\n\
                 {SIMULATION}={seed} cargo test --package bursar --test it -- simulation"
            );
        }
    }
}

fn run(backend: Backend, seeds: &[u64]) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS.min(seeds.len()) {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(async {
                    let world = World::on(backend).await;
                    let take = || seeds.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap());
                    while let Some(seed) = take() {
                        let running = Running(*seed);
                        History::new(&world, *seed).run().await;
                        world.clear().await;
                        drop(running);
                    }
                });
            });
        }
    });
}

fn seeds(usual: impl Iterator<Item = u64>) -> Vec<u64> {
    match simulation_seeds() {
        Some(range) => range.collect(),
        None => FOUND.iter().copied().chain(usual).collect(),
    }
}

#[test]
fn random_histories_of_purchases_break_no_law_in_memory() {
    run(Backend::SqliteMemory, &seeds(0..SEEDS));
}

#[test]
fn random_histories_of_purchases_break_no_law_with_two_stores_on_a_file() {
    let halves = (0..ON_A_FILE / 2).chain(WIDE..WIDE + ON_A_FILE / 2);
    run(Backend::SqliteFile, &seeds(halves));
}

#[test]
fn random_histories_of_purchases_break_no_law_with_two_stores_on_postgres() {
    run(Backend::Postgres, &seeds(WIDE..WIDE + ON_POSTGRES));
}
