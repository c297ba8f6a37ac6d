//! SIGKILL under load: what was acknowledged is there.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::judge::Judge;
use crate::support::backend::Backend;
use crate::support::random::Random;
use crate::support::running::{self, Program};
use crate::support::server::{IDENTIFIERS, PROFILE};

const KILLS: usize = 25;
/// In so many kills the server without the defence must have lost something.
const SABOTAGED_KILLS: usize = 5;
const READY_LIMIT: Duration = Duration::from_secs(2);

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
    for kill in 1..=kills {
        let pause = match random.below(12) {
            0 => 1_000 + random.below(2_000),
            _ => 100 + random.below(700),
        };
        let before = judge.unanswered();
        let address = server.address;
        judge.load(&program, &server, || {
            thread::sleep(Duration::from_millis(pause as u64));
            // By another handle, because the clients still look at the server.
            let id = server.child.id().to_string();
            let killed = std::process::Command::new("kill")
                .args(["-KILL", &id])
                .status()
                .unwrap();
            assert!(killed.success());
        });
        assert!(
            judge.unanswered() > before,
            "kill {kill}: no write was in flight at {address}"
        );
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
        "{backend:?}: {kills} kills, {} acknowledged, {} in flight, ready again after {slowest:?} at most",
        judge.acknowledged(),
        judge.unanswered()
    );
    assert!(slowest < READY_LIMIT, "ready again after {slowest:?}");
    assert!(judge.acknowledged() > kills * 20, "there was no load");
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
    let binary = xtask::test_environment::sabotaged_server();
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
    for backend in [Backend::SqliteFile, Backend::Postgres] {
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
