//! SIGTERM under load: every request that had begun is answered, and the server goes in time.

use std::thread;
use std::time::{Duration, Instant};

use super::judge::{Ending, Judge};
use crate::support::backend::Backend;
use crate::support::running::{Program, server};
use crate::support::server::{IDENTIFIERS, PROFILE};

const LIMIT: Duration = Duration::from_secs(10);
const USER: (&str, &str) = ("adapty-customer-user-id", "user-1");

fn stop_under_load(backend: Backend) {
    let mut program = Program::on(backend, server());
    let mut running = program.start();
    let judge = Judge::new(&mut program.client(&running));
    for _ in 0..3 {
        let mut idle = program.client(&running);
        assert_eq!(idle.call("POST", PROFILE, &[USER], "").unwrap().status, 200);
        let (stopped_at, endings) = judge.load(&program, &running, || {
            thread::sleep(Duration::from_millis(400));
            let now = Instant::now();
            running.ask_to_stop();
            // The clients go on until they are turned away.
            thread::sleep(Duration::from_millis(600));
            now
        });
        let ended = running.ended_within(LIMIT);
        assert!(stopped_at.elapsed() < LIMIT);
        assert_eq!(ended.code(), Some(0), "{backend:?}");
        running.assert_healthy();
        for ending in endings {
            if let Ending::NoAnswer(sent_at, error) = ending {
                assert!(
                    sent_at > stopped_at,
                    "{backend:?}: sent before the stop, and {}",
                    error.error
                );
                assert!(!error.in_the_middle, "{backend:?}: {}", error.error);
            }
        }
        running = program.start();
        let losses = judge.losses(&program, &running);
        assert!(losses.is_empty(), "{backend:?}: {losses:#?}");
    }
    assert!(judge.acknowledged() > 100, "there was no load");
}

#[test]
fn a_stop_under_load_answers_what_has_begun_on_sqlite() {
    stop_under_load(Backend::SqliteFile);
}

#[test]
fn a_stop_under_load_answers_what_has_begun_on_postgres() {
    stop_under_load(Backend::Postgres);
}

#[test]
fn idle_connections_and_half_a_request_do_not_hold_up_the_stop() {
    let mut program = Program::on(Backend::SqliteFile, server());
    let mut running = program.start();
    let mut clients: Vec<_> = (0..4).map(|_| program.client(&running)).collect();
    let request = clients[0].request("POST", PROFILE, &[USER], r#"{"first_name":"A"}"#);
    clients[0].connect().unwrap();
    assert_eq!(clients[1].call("POST", PROFILE, &[USER], "").unwrap().status, 200);
    clients[2].send(&request[..40]).unwrap();
    clients[3].send(&request[..request.len() - 3]).unwrap();
    // The halves must have arrived.
    thread::sleep(Duration::from_millis(200));
    let stopped_at = Instant::now();
    running.ask_to_stop();
    // The body's rest comes late, but it comes: this one is answered.
    thread::sleep(Duration::from_millis(500));
    clients[3].send(&request[request.len() - 3..]).unwrap();
    let late = clients[3].receive().unwrap();
    assert_eq!(late.status, 200, "{}", late.body);
    let ended = running.ended_within(LIMIT);
    assert!(stopped_at.elapsed() < LIMIT);
    assert_eq!(ended.code(), Some(0));
    assert!(clients[1].call("GET", IDENTIFIERS, &[USER], "").is_err());
}
