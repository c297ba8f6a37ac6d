//! SIGKILL under load with all integrations on: each event has exactly one fate at each of them.

mod fates;
mod repeats;
mod third_parties;

use std::collections::HashSet;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use bursar::clock::Clock;
use bursar_domain::integrations::ALL;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;
use xtask::test_environment::size;

use self::third_parties::{Receipts, invented, made_up};
pub use self::third_parties::{enable_all, enable_each, third_parties};
use super::judge::Judge;
use super::kills::pause;
use crate::support::backend::Backend;
use crate::support::conservation::all_breaks;
use crate::support::program::Program;
use crate::support::random::Random;
use crate::support::running::{self, Running};
use crate::support::server::{IDENTIFIERS, PROFILE};

/// How often a server is killed, in a usual run and in a long one.
const KILLS: (usize, usize) = (25, 100);
/// How many writes a second the clients must have got through, before one of the kills at least. In a usual run the server
/// is not optimised, and it and all third parties share the machine with other tests.
const LEAST_RATES: (usize, usize) = (20, 300);
/// In seconds. In a usual run other tests have the machine too.
const READY_LIMITS: (usize, usize) = (20, 2);
/// So many kills may come while no write and no send is in flight.
const MISSES: usize = 5;
/// Longer than a lane stays claimed, in microseconds of the server's clock.
const CLAIM: i64 = 61_000_000;
/// How long a third party takes, so that kills find something with it.
const ANSWERED_AFTER: Duration = Duration::from_millis(5);
/// In so many kills the server without the defence must have lost something. Mostly the first one does it; one that comes
/// during a commit loses nothing, and on a busy disk a commit takes long.
const SABOTAGED_KILLS: usize = 25;
/// What every identifier is set to: a form that all third parties take.
const IDENTIFIER: &str = "5e57c0de-0000-4000-8000-00000000cafe";

/// Gives these customers all that third parties know customers by, so that nothing waits.
pub fn identify<'a>(program: &Program, server: &Running, customers: impl Iterator<Item = &'a str>) {
    let names = ALL.iter().flat_map(|integration| integration.identifiers);
    // That one is the judge's.
    let names = names.filter(|name| **name != "branch_id");
    let body: Map<_, _> = names
        .map(|name| ((*name).to_owned(), IDENTIFIER.into()))
        .collect();
    let body = Value::Object(body).to_string();
    let device = json!({"installation_meta": {"device_id": "d", "platform": "iOS", "idfa": IDENTIFIER, "idfv": IDENTIFIER}});
    let mut client = program.client(server);
    for customer in customers {
        let header = [("adapty-customer-user-id", customer)];
        for (path, body) in [(IDENTIFIERS, body.clone()), (PROFILE, device.to_string())] {
            let set = client.call("POST", path, &header, &body).unwrap();
            assert_eq!(set.status, 200, "{}", set.body);
        }
    }
}

/// What is wrong after a kill, before a server looks at it again.
async fn wrong_after_kill(program: &Program, receipts: &Receipts) -> Vec<String> {
    let state = program.state().await;
    let mut wrong = all_breaks(&state, &program.app_id).await;
    if !wrong.is_empty() {
        // PostgreSQL may still end what the killed server has asked it for. What is lost stays lost.
        tokio::time::sleep(Duration::from_secs(1)).await;
        wrong = all_breaks(&state, &program.app_id).await;
    }
    wrong.extend(made_up(&fates::delivered(&state.store).await, receipts));
    wrong
}

/// What is wrong once everything has been tried.
async fn wrong_at_the_end(
    program: &Program,
    receipts: &Receipts,
    judge: &Judge,
    kills: usize,
) -> Vec<String> {
    let mut wrong = wrong_after_kill(program, receipts).await;
    let store = program.store().await;
    wrong.extend(fates::unfinished(&store).await);
    let told: HashSet<_> = fates::transactions(&store)
        .await
        .into_values()
        .flatten()
        .collect();
    let unasked = told.iter().filter(|transaction| !judge.has_asked(transaction));
    wrong.extend(unasked.map(|transaction| format!("nobody reported {transaction}")));
    wrong.extend(invented(receipts, &told));
    let delivered = fates::delivered_to_each(&store).await;
    eprintln!("sent again: {:?}", repeats::counted(receipts, &delivered));
    wrong.extend(repeats::needless(receipts, &delivered, kills));
    wrong
}

/// Kills the server so often and has the rest delivered; answers what is wrong after the first kill after which something
/// is, or at the end.
fn kill_under_load(backend: Backend, binary: PathBuf, kills: usize, random: &mut Random) -> Vec<String> {
    let (url, receipts) = third_parties(ANSWERED_AFTER);
    // The right server prepares: one without the defence would not get through its own first run.
    let mut program = Program::on(backend, running::server());
    let mut now = Clock::system().now();
    let mut server = program.start_at(now);
    enable_all(&program, &server, &url);
    // Of what came until here no event tells: credentials were proved.
    receipts.lock().unwrap().clear();
    let judge = Judge::new(&mut program.client(&server));
    identify(&program, &server, judge.customers());
    server.kill();
    program.binary = binary;
    server = program.start_at(now);
    let runtime = Runtime::new().unwrap();
    let (mut hits, mut misses, mut sends) = (0, 0, 0);
    let (mut slowest, mut highest_rate) = (Duration::ZERO, 0.0_f64);
    while hits < kills {
        let pause = pause(random);
        let before = judge.unanswered();
        let (acknowledged, begun) = (judge.acknowledged(), Instant::now());
        judge.load(&program, &server, || {
            thread::sleep(pause);
            server.kill_now();
        });
        let rate = (judge.acknowledged() - acknowledged) as f64 / begun.elapsed().as_secs_f64();
        highest_rate = highest_rate.max(rate);
        server.kill();
        let (mut wrong, claimed) = runtime.block_on(async {
            let claimed = fates::claimed(&program.store().await, now).await;
            (wrong_after_kill(&program, &receipts).await, claimed)
        });
        sends += claimed;
        if claimed > 0 || judge.unanswered() > before {
            hits += 1;
        } else {
            misses += 1;
        }
        assert!(misses <= MISSES, "nothing was in flight at {misses} kills");
        // What the dead one had claimed is free then.
        now += CLAIM;
        server = program.start_at(now);
        slowest = slowest.max(server.ready_after);
        wrong.extend(judge.losses(&program, &server));
        if !wrong.is_empty() {
            wrong.insert(0, format!("{backend:?}, kill {}", hits + misses));
            return wrong;
        }
    }
    program.settle_at(&server, now + CLAIM);
    server.kill();
    let wrong = runtime.block_on(wrong_at_the_end(&program, &receipts, &judge, hits + misses));
    eprintln!(
        "{backend:?}: {kills} kills, {} acknowledged ({highest_rate:.0}/s at best), {} writes and {sends} lanes in flight, \
         ready again after {slowest:?} at most",
        judge.acknowledged(),
        judge.unanswered()
    );
    assert!(
        slowest.as_secs_f64() < size(READY_LIMITS.0, READY_LIMITS.1) as f64,
        "ready again after {slowest:?}"
    );
    let least = size(LEAST_RATES.0, LEAST_RATES.1) as f64;
    assert!(
        highest_rate > least,
        "{highest_rate:.0} writes a second are no load"
    );
    assert!(sends > 0, "no send was in flight at any kill");
    wrong
}

fn each_event_keeps_one_fate(backend: Backend) {
    let mut random = Random::new(&format!("kills with deliveries on {backend:?}"));
    let wrong = kill_under_load(backend, running::server(), size(KILLS.0, KILLS.1), &mut random);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The same judges, with a server that answers before it commits.
fn the_judges_find_a_loss(backend: Backend) {
    let mut random = Random::new(&format!("kills with deliveries, sabotaged, on {backend:?}"));
    let binary = xtask::test_environment::sabotaged_server("answer-before-commit");
    let wrong = kill_under_load(backend, binary, SABOTAGED_KILLS, &mut random);
    assert!(
        !wrong.is_empty(),
        "nothing was found to be lost: the judges prove nothing"
    );
}

#[test]
fn each_event_keeps_one_fate_over_kills_on_sqlite() {
    each_event_keeps_one_fate(Backend::SqliteFile);
}

#[test]
fn each_event_keeps_one_fate_over_kills_on_postgres() {
    each_event_keeps_one_fate(Backend::Postgres);
}

#[test]
fn without_the_commit_something_is_lost_on_sqlite() {
    the_judges_find_a_loss(Backend::SqliteFile);
}

#[test]
fn without_the_commit_something_is_lost_on_postgres() {
    the_judges_find_a_loss(Backend::Postgres);
}
