//! SIGTERM under load: every request that had begun is answered, and the server goes in time.

use std::thread;
use std::time::{Duration, Instant};

use bursar::store::{Sql, Statement};

use super::judge::{Ending, Judge};
use super::kills_with_deliveries::{enable_all, third_parties};
use crate::support::backend::{Backend, SHARED};
use crate::support::program::Program;
use crate::support::running::{Running, server};
use crate::support::server::{IDENTIFIERS, PROFILE, USER};

const LIMIT: Duration = Duration::from_secs(10);

/// Requests that had begun before this moment and got no answer, or half of one.
fn interrupted(endings: Vec<Ending>, stopped_at: Instant) -> Vec<String> {
    let unanswered = endings.into_iter().filter_map(|ending| match ending {
        Ending::NoAnswer(sent_at, error) if sent_at <= stopped_at || error.in_the_middle => Some(error),
        Ending::NoAnswer(..) | Ending::Stopped => None,
    });
    unanswered.map(|error| format!("{error:?}")).collect()
}

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
        let interrupted = interrupted(endings, stopped_at);
        assert!(interrupted.is_empty(), "{backend:?}: {interrupted:#?}");
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

/// The same load and the same look, with a server that does not stop gently. By chance none of the requests that are
/// answered within a moment may be under way then, but not time after time.
#[test]
fn a_server_that_leaves_requests_unanswered_is_found_out() {
    let leaves_some_unanswered = || {
        let mut program = Program::on(Backend::SqliteFile, server());
        let running = program.start();
        let judge = Judge::new(&mut program.client(&running));
        let (stopped_at, endings) = judge.load(&program, &running, || {
            thread::sleep(Duration::from_millis(400));
            let now = Instant::now();
            running.kill_now();
            now
        });
        !interrupted(endings, stopped_at).is_empty()
    };
    assert!((0..5).any(|_| leaves_some_unanswered()));
}

/// Stops or kills a server that has deliveries under way, and answers how many lanes are left claimed.
fn claimed_after(backend: Backend, go: impl FnOnce(&mut Running)) -> i64 {
    static CLAIMED: Sql = Sql::same("SELECT count(*) FROM lanes WHERE lease IS NOT NULL");
    let (url, _) = third_parties(Duration::from_millis(50));
    let mut program = Program::on(backend, server());
    let mut running = program.start();
    enable_all(&program, &running, &url);
    let judge = Judge::new(&mut program.client(&running));
    judge.load(&program, &running, || thread::sleep(Duration::from_millis(800)));
    go(&mut running);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let rows = program.store().await.read(Statement::new(&CLAIMED, [])).await;
        rows.unwrap()[0].int(0).unwrap()
    })
}

#[test]
fn a_stop_leaves_no_lane_claimed_and_a_kill_does() {
    for backend in SHARED {
        let stopped = claimed_after(backend, |running| {
            running.ask_to_stop();
            assert_eq!(running.ended_within(LIMIT).code(), Some(0));
        });
        assert_eq!(stopped, 0, "{backend:?}");
        let killed = claimed_after(backend, |running| {
            running.kill_now();
            running.ended_within(LIMIT);
        });
        assert!(
            killed > 0,
            "{backend:?}: nothing was under way, so this proves nothing"
        );
    }
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

/// As when the terminal is closed that the server was started from.
#[test]
fn a_hangup_is_a_gentle_stop_unless_the_server_was_started_to_outlive_it() {
    let mut program = Program::on(Backend::SqliteFile, server());
    // The tests may have been started with `nohup` themselves.
    program.wrapper = ["env", "--default-signal=HUP"].map(Into::into).into();
    let mut running = program.start();
    running.signal("-HUP");
    assert_eq!(running.ended_within(LIMIT).code(), Some(0));
    assert_eq!(running.lines_with("\"stopped\"").len(), 1);
    program.wrapper = vec!["nohup".into()];
    let mut running = program.start();
    running.signal("-HUP");
    thread::sleep(Duration::from_millis(300));
    let mut client = program.client(&running);
    assert_eq!(client.call("POST", PROFILE, &[USER], "").unwrap().status, 200);
    running.ask_to_stop();
    assert_eq!(running.ended_within(LIMIT).code(), Some(0));
}
