//! PostgreSQL keeps its connections, takes new ones, and says nothing any more.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::backend::fresh_postgres_url;
use crate::support::installation::Installation;
use crate::support::line::Line;
use crate::support::raw::{RawAnswer, RawServer};
use crate::support::server::{IDENTIFIERS, PROFILE};

/// More than PostgreSQL has connections, so that some wait for one.
const USERS: usize = 40;
/// A connection is waited for 5 s, its answer 10 s, and a rollback 1 s.
const REFUSED_LIMIT: Duration = Duration::from_secs(17);
/// What needs no database is answered as ever.
const AT_ONCE: Duration = Duration::from_secs(1);
const BACK_LIMIT: Duration = Duration::from_secs(6);

/// The same request whenever it is sent for this user.
fn set(program: &RawServer, user: &str) -> RawAnswer {
    let headers = [("adapty-customer-user-id", user), ("idempotency-key", user)];
    let body = json!({ "branch_id": user }).to_string();
    program.call("POST", IDENTIFIERS, &headers, body.as_bytes())
}

fn read(program: &RawServer, user: &str) -> RawAnswer {
    program.call("GET", IDENTIFIERS, &[("adapty-customer-user-id", user)], b"")
}

/// Without a key.
fn ask(program: &RawServer, path: &str) -> RawAnswer {
    program.call_as_is("GET", path, &[], b"")
}

fn timed(ask: impl FnOnce() -> RawAnswer) -> (RawAnswer, Duration) {
    let started = Instant::now();
    let answer = ask();
    (answer, started.elapsed())
}

fn assert_refused_for_now(answer: &RawAnswer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    for header in ["\r\nretry-after: 1\r\n", "\r\ncontent-type: application/json\r\n"] {
        assert!(format!("{}\r\n", answer.head).contains(header), "{}", answer.head);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let text = &body["errors"][0]["errors"][0];
    assert!(text.is_string(), "{body}");
    let errors = json!([{"source": null, "errors": [text]}]);
    assert_eq!(
        body,
        json!({"errors": errors, "error_code": "unavailable", "status_code": 503})
    );
}

#[test]
fn a_postgres_that_says_nothing_is_answered_with_503_and_waited_for_by_nobody() {
    let runtime = Runtime::new().unwrap();
    let mut url = runtime.block_on(fresh_postgres_url());
    let line = runtime.block_on(Line::to(&mut url));
    let program = RawServer::start(&[("BURSAR_DATABASE", &url)]);
    let users: Vec<String> = (0..USERS).map(|number| format!("user-{number}")).collect();
    for user in &users {
        let headers = [("adapty-customer-user-id", user.as_str())];
        assert_eq!(program.call("POST", PROFILE, &headers, b"").status, 200);
    }

    line.hold();
    let waited = thread::scope(|scope| {
        let program = &program;
        let sets = users
            .iter()
            .map(|user| scope.spawn(move || timed(|| set(program, user))));
        let reads = users
            .iter()
            .map(|user| scope.spawn(move || timed(|| read(program, user))));
        let asked: Vec<_> = sets.chain(reads).collect();
        let ready = || scope.spawn(|| (timed(|| ask(program, "/readyz")), Instant::now()));
        let first = ready();
        thread::sleep(Duration::from_millis(1_500));
        let second = ready();
        for (path, status) in [("/livez", 200), (PROFILE, 401)] {
            let (answer, took) = timed(|| ask(program, path));
            assert_eq!(answer.status, status, "{path}");
            assert!(took < AT_ONCE, "{path}: {took:?}");
        }
        let [((first, first_took), first_at), ((second, _), second_at)] =
            [first, second].map(|ready| ready.join().unwrap());
        assert_eq!((first.status, second.status), (503, 503));
        assert!(second_at - first_at < AT_ONCE, "they did not share a check");
        let refused = asked.into_iter().map(|asked| {
            let (answer, took) = asked.join().unwrap();
            assert_refused_for_now(&answer);
            took
        });
        refused.chain([first_took]).max().unwrap()
    });
    println!("refused after {waited:?} at the latest");
    assert!(waited < REFUSED_LIMIT, "{waited:?}");

    line.release();
    let started = Instant::now();
    for user in &users {
        let done = set(&program, user);
        assert_eq!(done.status, 200, "{}", done.text());
        let known: Value = serde_json::from_slice(&read(&program, user).body).unwrap();
        assert_eq!(known["branch_id"], json!(user));
    }
    assert!(started.elapsed() < BACK_LIMIT, "{:?}", started.elapsed());
    assert!(!program.stop().contains("panic"));
}

#[tokio::test]
async fn a_postgres_that_says_nothing_from_the_beginning_is_told_by_its_address() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let installation = Installation::at(format!("postgres://u:hunter2@{address}/d"));
    let said = installation.refused(&["app", "list"]);
    let told = format!("PostgreSQL at {address} did not answer within 5 s");
    assert!(said.contains(&told) && !said.contains("hunter2"), "{said}");
}
