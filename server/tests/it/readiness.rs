//! `/readyz`: true of the store, and cheap however many ask.

use std::time::Duration;

use bursar::store::Sql;
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::json;

use super::support::backend::{ALL, Backend};
use super::support::deliveries::run;
use super::support::server::{Answer, TestServer, request};

static BREAK: Sql = Sql::same("ALTER TABLE directory_version RENAME TO elsewhere");
static MEND: Sql = Sql::same("ALTER TABLE elsewhere RENAME TO directory_version");

async fn ask(server: &TestServer) -> Answer {
    server.send(request("", "GET", "/readyz", &[], "")).await
}

/// Asks, and goes away while it waits.
fn ask_and_leave(server: &TestServer) {
    assert!(ask(server).now_or_never().is_none());
}

#[tokio::test]
async fn a_hundred_who_ask_at_once_share_one_check() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let before = server.changes().await;
        let answers = join_all((0..100).map(|_| ask(&server))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{backend:?}");
        assert_eq!(server.changes().await, before + 1, "{backend:?}");
    }
}

#[tokio::test]
async fn who_goes_away_before_the_answer_makes_no_further_check() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let before = server.changes().await;
    for _ in 0..100 {
        ask_and_leave(&server);
    }
    assert_eq!(ask(&server).await.status, 200);
    assert_eq!(server.changes().await, before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_told_of_after_a_second_and_so_is_its_recovery() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    assert_eq!(ask(&server).await.status, 200);
    run(&server, &BREAK).await;
    assert_eq!(
        ask(&server).await.status,
        200,
        "within the second: the last answer"
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    let failing = ask(&server).await;
    assert_eq!(failing.status, 503);
    assert_eq!(failing.json()["checks"][0]["status"], "failing");
    run(&server, &MEND).await;
    let before = server.changes().await;
    assert_eq!(ask(&server).await.body, failing.body, "refusals are shared too");
    assert_eq!(server.changes().await, before);
    tokio::time::advance(Duration::from_secs(1)).await;
    let expected = json!({"status": "ok", "checks": [{"name": "sqlite", "status": "ok", "reason": null}]});
    assert_eq!(ask(&server).await.json(), expected);
}

/// The answer holds from when it was asked for, also if nobody has waited for it.
#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_took_is_not_given_later() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    ask_and_leave(&server);
    // Whoever changes something now stands in the queue behind the check.
    tokio::task::yield_now().await;
    run(&server, &BREAK).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(ask(&server).await.status, 503);
}
