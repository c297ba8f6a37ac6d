//! What is wrong with an answer, and that it is seen.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use futures_util::FutureExt;
use serde_json::Value;

use super::requests::{Made, Maker};
use crate::support::backend::Backend;
use crate::support::random::Random;
use crate::support::server::{Answer, TestServer};

/// No answer may take longer, where nothing but this program works for it.
const SLOW: Duration = Duration::from_secs(1);
/// Where a disk or PostgreSQL works for others too, what hangs is found, and not what waits for them.
const HUNG: Duration = Duration::from_secs(10);

/// How long an answer may take there.
pub fn longest(backend: Backend) -> Duration {
    match backend {
        Backend::SqliteMemory => SLOW,
        Backend::SqliteFile | Backend::Postgres => HUNG,
    }
}

/// Sends it and tells the answer, or what is wrong with it.
pub async fn judge<F: Future<Output = Answer>>(
    made: &Made,
    longest: Duration,
    send: impl Fn(Request<Body>) -> F,
) -> Result<Answer, String> {
    let timed = async || {
        let (sent, started) = (send(made.request()), Instant::now());
        let answer = AssertUnwindSafe(sent).catch_unwind().await;
        let answer = answer.map_err(|_| format!("it panicked: {made:?}"))?;
        Ok::<_, String>((answer, started.elapsed()))
    };
    let (answer, mut fastest) = timed().await?;
    // On a busy machine any request can be held up; one that is slow is slow again.
    for _ in 0..3 {
        if fastest > longest {
            fastest = fastest.min(timed().await?.1);
        }
    }
    if fastest > longest {
        return Err(format!("{fastest:?}: {made:?}\n{answer:?}"));
    }
    match fault(made, &answer) {
        Some(fault) => Err(format!("{fault}: {made:?}\n{answer:?}")),
        None => Ok(answer),
    }
}

fn fault(made: &Made, answer: &Answer) -> Option<&'static str> {
    if answer.status >= 500 {
        return Some("it failed");
    }
    if !answer.headers.contains_key("request-id") {
        return Some("it has no name");
    }
    if made.is_broken_for_its_route() && answer.status < 300 {
        return Some("a body that is no JSON was taken");
    }
    let kind = answer.headers.get("content-type");
    let is_json = kind.is_some_and(|kind| kind.to_str().unwrap().contains("json"));
    if answer.body.is_empty() || !is_json {
        return None;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        return Some("no JSON");
    };
    let told = body.get("status_code").or(body.get("status"));
    let is_told = told.and_then(Value::as_u64) == Some(answer.status.into());
    (answer.status >= 400 && !is_told).then_some("another status in the body")
}

type Wrong = fn(Answer) -> Answer;

/// What a server could do wrong.
const WRONG: [(&str, Wrong); 7] = [
    ("it panics", |answer| panic!("instead of {}", answer.status)),
    ("it fails", |answer| Answer {
        status: 500,
        ..answer
    }),
    ("it takes what it should refuse", |answer| Answer {
        status: if answer.status == 400 { 200 } else { answer.status },
        ..answer
    }),
    ("what it takes is answered with half a body", |answer| Answer {
        body: if answer.status == 200 {
            b"{".into()
        } else {
            answer.body
        },
        ..answer
    }),
    ("what it refuses is answered with half a body", |answer| Answer {
        body: if answer.status == 400 {
            b"{".into()
        } else {
            answer.body
        },
        ..answer
    }),
    ("it tells of another status", |answer| Answer {
        status: if answer.status == 400 { 401 } else { answer.status },
        ..answer
    }),
    ("it does not name the request", |mut answer| {
        answer.headers.remove("request-id");
        answer
    }),
];

#[tokio::test]
async fn a_server_that_panics_fails_or_takes_what_is_broken_is_found_out() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let mut maker = Maker::new(Random::from_seed(1), &server).await;
    let made: Vec<_> = (0..300).map(|_| maker.make()).collect();
    for made in &made {
        judge(made, SLOW, |request| server.send(request)).await.unwrap();
    }
    let told = judge(&made[0], Duration::ZERO, |request| server.send(request)).await;
    assert!(told.is_err(), "it took longer than it may, and nobody saw it");
    for (name, go_wrong) in WRONG {
        let mut is_found = false;
        for made in &made {
            let wrong = async |request| go_wrong(server.send(request).await);
            is_found = is_found || judge(made, SLOW, wrong).await.is_err();
        }
        assert!(is_found, "{name}, and nobody saw it");
    }
}
