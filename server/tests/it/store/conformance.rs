//! What one caller observes is the same on every backend, word for word.

use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::pin;
use std::task::Poll;

use bursar::store::{Decision, Loaded, Row, Sql, Statement, Store, StoreError};

use super::write_ahead_log::log_bytes;
use crate::support::backend::{ALL, Backend};
use crate::support::server::{IDENTIFIERS, PROFILE, START, TestServer, USER};

static ADD_SECRET: Sql = Sql::same("INSERT INTO secrets (name, sealed) VALUES ($1, $2)");
static READ_SECRET: Sql = Sql::same("SELECT name FROM secrets WHERE name = $1");
/// The table takes no row but the one with id 1.
static BREAK_RULE: Sql = Sql::same("INSERT INTO directory_version (id, version) VALUES ($1, $2)");

pub fn add(name: &str) -> Statement {
    Statement::new(&ADD_SECRET, [name.into(), vec![0].into()])
}

pub fn break_rule() -> Statement {
    Statement::new(&BREAK_RULE, [2.into(), 1.into()])
}

pub async fn is_there(store: &Store, name: &str) -> bool {
    let query = Statement::new(&READ_SECRET, [name.into()]);
    !store.read(query).await.unwrap().is_empty()
}

async fn updated_at(server: &TestServer) -> i64 {
    static SQL: Sql = Sql::same("SELECT updated_at FROM profiles WHERE customer_user_id = $1");
    let rows: Vec<Row> = server
        .state
        .store
        .read(Statement::new(&SQL, ["user-1".into()]))
        .await
        .unwrap();
    rows[0].int(0).unwrap()
}

#[tokio::test]
async fn awkward_text_comes_back_as_it_was_sent() {
    let longest = "é".repeat(1024);
    let texts = [
        "\0",
        "a\0b",
        "🦀👩‍👩‍👧",
        "'; DROP TABLE profiles; --",
        "\"\\\u{7f}\r\n\t",
        "$1 ?1 :a @b %s",
        " leading and trailing ",
        "\u{202e}\u{feff}\u{10ffff}",
        &longest,
    ];
    for backend in ALL {
        let server = TestServer::on(backend).await;
        server.call("POST", PROFILE, &[USER], "").await;
        for text in texts {
            let body = serde_json::json!({"branch_id": text, "appsflyer_id": "stays"}).to_string();
            let set = server.call("POST", IDENTIFIERS, &[USER], &body).await;
            assert_eq!(set.status, 200, "{backend:?} {text:?}: {}", set.text());
            let read = server.call("GET", IDENTIFIERS, &[USER], "").await.json();
            assert_eq!(read["branch_id"], text, "{backend:?}");
            assert_eq!(read["appsflyer_id"], "stays", "{backend:?}");
        }
    }
}

#[tokio::test]
async fn awkward_customer_ids_tell_profiles_apart() {
    let longest = "ü".repeat(255);
    let customers = ["a", "A", "a b", "ä", "a\u{308}", "'", "%", "_", "🦀", &longest];
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for (index, customer) in customers.iter().enumerate() {
            let header = ("adapty-customer-user-id", *customer);
            let made = server.call("POST", PROFILE, &[header], "").await;
            assert_eq!(made.status, 200, "{backend:?} {customer:?}: {}", made.text());
            let body = format!(r#"{{"branch_id":"{index}"}}"#);
            server.call("POST", IDENTIFIERS, &[header], &body).await;
        }
        for (index, customer) in customers.iter().enumerate() {
            let header = ("adapty-customer-user-id", *customer);
            let read = server.call("GET", IDENTIFIERS, &[header], "").await.json();
            assert_eq!(read["branch_id"], index.to_string(), "{backend:?} {customer:?}");
        }
    }
}

#[tokio::test]
async fn one_bad_field_keeps_all_the_others_from_being_set() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        server.call("POST", PROFILE, &[USER], "").await;
        let body = r#"{"branch_id":"b","appsflyer_id":1}"#;
        let refused = server.call("POST", IDENTIFIERS, &[USER], body).await;
        assert_eq!(refused.status, 400, "{backend:?}");
        let read = server.call("GET", IDENTIFIERS, &[USER], "").await.json();
        assert!(read["branch_id"].is_null(), "{backend:?}");
        assert_eq!(updated_at(&server).await, START, "{backend:?}");
    }
}

#[tokio::test]
async fn a_failing_write_undoes_the_change_it_is_part_of() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let store = &server.state.store;
        for writes in [
            vec![add("one"), break_rule(), add("two")],
            vec![add("one"), add("two"), add("one")],
            vec![break_rule()],
        ] {
            let failed = store.write(writes).await;
            assert!(
                matches!(failed, Err(StoreError::Statement(_))),
                "{backend:?}: {failed:?}"
            );
        }
        assert!(!is_there(store, "one").await && !is_there(store, "two").await);
        store.write(vec![add("one"), add("two")]).await.unwrap();
        assert!(is_there(store, "one").await && is_there(store, "two").await);
    }
}

#[tokio::test]
async fn a_refusal_writes_nothing_and_does_not_touch_the_log() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let before = log_bytes(&server.folder.0.join("bursar.db"));
        let refuse = |_| Err::<Decision<()>, _>(StoreError::Corrupt("refused".into()));
        let refused = server.state.store.change(Vec::new(), refuse).await;
        assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{backend:?}");
        let unknown = server
            .call("POST", IDENTIFIERS, &[USER], r#"{"branch_id":"b"}"#)
            .await;
        assert_eq!(unknown.status, 404, "{backend:?}");
        assert_eq!(
            log_bytes(&server.folder.0.join("bursar.db")),
            before,
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn equal_values_write_nothing() {
    let bodies = [
        (
            PROFILE,
            r#"{"first_name":"A","custom_attributes":[{"key":"k","value":1}]}"#,
        ),
        (IDENTIFIERS, r#"{"branch_id":"b"}"#),
    ];
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for (path, body) in bodies {
            server.call("POST", path, &[USER], body).await;
        }
        // What is in it, and not how much: it may begin anew, and is no longer then.
        let log = || std::fs::read(server.folder.0.join("bursar.db-wal")).unwrap_or_default();
        let before = log();
        assert_eq!(!before.is_empty(), backend == Backend::SqliteFile);
        server.state.clock.move_to(START + 1_000_000).unwrap();
        for (path, body) in bodies {
            assert_eq!(server.call("POST", path, &[USER], body).await.status, 200);
        }
        assert_eq!(updated_at(&server).await, START, "{backend:?}");
        assert!(log() == before, "{backend:?}");
        // The other way round: a change does both.
        server
            .call("POST", IDENTIFIERS, &[USER], r#"{"branch_id":"c"}"#)
            .await;
        assert_eq!(updated_at(&server).await, START + 1_000_000, "{backend:?}");
        assert_eq!(log() != before, backend == Backend::SqliteFile, "{backend:?}");
    }
}

#[tokio::test]
async fn a_change_whose_caller_went_away_is_still_done() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let store = &server.state.store;
        {
            let mut change = pin!(store.write(vec![add("orphan")]));
            poll_fn(|context| {
                // The caller goes away while it waits; on a fast day it is answered before that.
                let _: Poll<_> = change.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
        }
        // Whoever comes later is served later, as long as one writer takes both.
        for _ in 0..500 {
            if is_there(store, "orphan").await {
                break;
            }
            store.check_writer().await.unwrap();
        }
        assert!(is_there(store, "orphan").await, "{backend:?}");
        assert_eq!(server.state.metrics.store.waiting.get(), 0, "{backend:?}");
    }
}

#[tokio::test]
async fn a_change_that_panics_fails_alone() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let store = &server.state.store;
        // More often than there are writers.
        for _ in 0..8 {
            let panic = |_: Loaded| -> Result<Decision<()>, StoreError> { resume_unwind(Box::new(())) };
            let (failed, passed) = tokio::join!(store.change(Vec::new(), panic), store.check_writer());
            assert!(matches!(failed, Err(StoreError::Internal(_))), "{backend:?}");
            passed.unwrap();
        }
        store.write(vec![add("after")]).await.unwrap();
        assert!(is_there(store, "after").await, "{backend:?}");
    }
}
