//! SIGKILL under load: what was acknowledged is there.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::judge::Judge;
use crate::support::backend::{Backend, SHARED};
use crate::support::program::Program;
use crate::support::random::Random;
use crate::support::running::{self, Running};
use crate::support::server::{IDENTIFIERS, PROFILE};

const KILLS: usize = 25;
/// In so many kills the server without the defence must have lost something. Mostly the first one does it; one that comes
/// during a commit loses nothing, and on a busy disk a commit takes long.
const SABOTAGED_KILLS: usize = 25;
/// So many kills may come while no write is in flight.
const MISSES: usize = 5;
/// How many writes a second the clients must have got through for it to be a load: before one of the kills at least,
/// because other tests may have the machine during the rest.
const LEAST_RATE: f64 = 300.0;
const READY_LIMIT: Duration = Duration::from_secs(2);

/// How long clients write until a kill comes: up to three seconds, mostly less than one.
pub fn pause(random: &mut Random) -> Duration {
    let millis = match random.below(12) {
        0 => 1_000 + random.below(2_000),
        _ => 100 + random.below(700),
    };
    Duration::from_millis(millis as u64)
}

/// Kills the server so often and answers the losses up to the first kill that made one.
fn kill_under_load(backend: Backend, binary: PathBuf, kills: usize, random: &mut Random) -> Vec<String> {
    // The right server prepares: one without the defence would not get through its own first run.
    let mut program = Program::on(backend, running::server());
    let mut server = program.start();
    let judge = Judge::new(&mut program.client(&server));
    server.kill();
    program.binary = binary;
    server = program.start();
    let mut slowest = Duration::ZERO;
    let mut highest_rate = 0.0_f64;
    let (mut hits, mut misses) = (0, 0);
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
        // The clients may all be at their own log at that moment: such a kill does not count.
        if judge.unanswered() > before {
            hits += 1;
        } else {
            misses += 1;
        }
        assert!(misses <= MISSES, "no write was in flight at {misses} kills");
        server.kill();
        server = program.start();
        slowest = slowest.max(server.ready_after);
        let losses = judge.losses(&program, &server);
        if !losses.is_empty() {
            return losses;
        }
    }
    server.assert_healthy();
    eprintln!(
        "{backend:?}: {kills} kills, {} acknowledged ({:.0}/s), {} in flight, ready again after {slowest:?} at most",
        judge.acknowledged(),
        judge.acknowledged_per_second(),
        judge.unanswered()
    );
    assert!(slowest < READY_LIMIT, "ready again after {slowest:?}");
    assert!(judge.acknowledged() > kills * 20, "hardly anything was written");
    assert!(
        highest_rate > LEAST_RATE,
        "{highest_rate:.0} writes a second are no load"
    );
    Vec::new()
}

fn nothing_is_lost(backend: Backend) {
    let mut random = Random::new(&format!("kills on {backend:?}"));
    let losses = kill_under_load(backend, running::server(), KILLS, &mut random);
    assert!(losses.is_empty(), "{losses:#?}");
}

/// The same judge, with a server that answers before it commits.
fn the_judge_finds_a_loss(backend: Backend) {
    let mut random = Random::new(&format!("sabotaged on {backend:?}"));
    let binary = xtask::test_environment::sabotaged_server("answer-before-commit");
    let losses = kill_under_load(backend, binary, SABOTAGED_KILLS, &mut random);
    assert!(!losses.is_empty(), "the judge found no loss: it proves nothing");
}

#[test]
fn no_acknowledged_write_is_lost_by_kills_on_sqlite() {
    nothing_is_lost(Backend::SqliteFile);
}

#[test]
fn no_acknowledged_write_is_lost_by_kills_on_postgres() {
    nothing_is_lost(Backend::Postgres);
}

#[test]
fn a_server_that_answers_before_the_commit_is_found_out_on_sqlite() {
    the_judge_finds_a_loss(Backend::SqliteFile);
}

#[test]
fn a_server_that_answers_before_the_commit_is_found_out_on_postgres() {
    the_judge_finds_a_loss(Backend::Postgres);
}

#[test]
fn an_idempotency_key_holds_over_a_kill() {
    for backend in SHARED {
        let mut program = Program::on(backend, running::server());
        let headers = [("adapty-customer-user-id", "user-1"), ("idempotency-key", "k-1")];
        let first = program.start();
        let created = program
            .client(&first)
            .call("POST", PROFILE, &headers, "")
            .unwrap();
        assert_eq!(created.status, 200, "{}", created.body);
        first.kill();
        let second = program.start();
        let mut client = program.client(&second);
        let again = client.call("POST", PROFILE, &headers, "").unwrap();
        assert_eq!((again.status, again.body), (200, created.body), "{backend:?}");
        let other = client.call("POST", IDENTIFIERS, &headers, r#"{"branch_id":"b"}"#);
        assert_eq!(other.unwrap().status, 422, "{backend:?}");
    }
}

/// How many callers ask for the same at once.
const CALLERS: usize = 100;

/// All callers ask for one app under one key. Answers what each got; the server is killed as soon as so many have an
/// answer, or with `None` not at all.
fn ask_at_once(program: &Program, server: &Running, key: &str, kill: Option<usize>) -> Vec<Option<String>> {
    let (ready, answered) = (Barrier::new(CALLERS + 1), AtomicUsize::new(0));
    thread::scope(|scope| {
        let ask = || {
            let mut client = program.admin(server);
            client.connect().unwrap();
            ready.wait();
            let body = format!(r#"{{"name":"{key}"}}"#);
            let made = client.call("POST", "/admin/v1/apps", &[("idempotency-key", key)], &body);
            let made = made.ok()?;
            assert_eq!(made.status, 201, "{}", made.body);
            answered.fetch_add(1, Ordering::Relaxed);
            Some(made.body)
        };
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(ask)).collect();
        ready.wait();
        if let Some(enough) = kill {
            while answered.load(Ordering::Relaxed) < enough {
                thread::sleep(Duration::from_micros(200));
            }
            server.kill_now();
        }
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

#[test]
fn of_a_hundred_requests_under_one_key_one_has_an_effect_also_over_a_kill() {
    for backend in SHARED {
        let mut program = Program::on(backend, running::server());
        let mut server = program.start();
        let (mut answered, mut unanswered) = (0, 0);
        for (round, enough) in [0, 1, 1, 1, 2, 5, 20].into_iter().enumerate() {
            let key = format!("app-{round}");
            let mut answers = ask_at_once(&program, &server, &key, Some(enough));
            answered += answers.iter().flatten().count();
            unanswered += answers.iter().filter(|answer| answer.is_none()).count();
            server.kill();
            server = program.start();
            let again = ask_at_once(&program, &server, &key, None);
            assert!(again.iter().all(Option::is_some), "{backend:?}: {again:?}");
            answers.extend(again);
            let bodies: BTreeSet<String> = answers.into_iter().flatten().collect();
            assert_eq!(bodies.len(), 1, "{backend:?}, round {round}: {bodies:?}");
            let all = program
                .admin(&server)
                .call("GET", "/admin/v1/apps?limit=200", &[], "");
            let made = all.unwrap().body.matches(&format!(r#""name":"{key}""#)).count();
            assert_eq!(made, 1, "{backend:?}, round {round}");
        }
        println!("{backend:?}: {answered} were answered before a kill, {unanswered} were not");
        assert!(
            answered > 0 && unanswered > 0,
            "{answered} and {unanswered}: no kill came between"
        );
    }
}
