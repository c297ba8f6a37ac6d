//! Which profile, which path, and what happens to a request that is sent again.

use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::purchases::{Customer, data, one_time, stored, subscription};
use crate::support::refusal::{not_found, refusal, refused};
use crate::support::server::{CUSTOMER, GRANT, PROFILE, REFUND_SAVER, REVOKE, TRANSACTION, TestServer};

const ID: &str = "adapty-profile-id";

/// Each POST with a body that succeeds, in an order in which all do.
fn posts() -> [(&'static str, Value); 4] {
    [
        (TRANSACTION, subscription()),
        (GRANT, json!({"access_level_id": "premium"})),
        (REVOKE, json!({"access_level_id": "premium"})),
        (REFUND_SAVER, json!({"consent": true})),
    ]
}

#[tokio::test]
async fn an_unknown_profile_is_not_found_and_nothing_is_made() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let nobody = Customer {
            server: &server,
            id: "nobody",
        };
        let before = stored(&server).await;
        for (path, body) in &posts()[..3] {
            let answer = nobody.call("POST", path, body).await;
            assert_eq!(refusal(&answer), not_found(), "{backend:?} {path}");
            for id in ["00000000-0000-4000-8000-000000000001", "no-uuid"] {
                let answer = server.call("POST", path, &[(ID, id)], &body.to_string()).await;
                assert_eq!(refusal(&answer), not_found(), "{backend:?} {path} {id}");
            }
            // The body is looked at first.
            let answer = nobody.call("POST", path, &json!({})).await;
            assert_eq!(answer.status, 400, "{backend:?} {path}");
        }
        assert_eq!(stored(&server).await, before, "{backend:?}");
    }
}

#[tokio::test]
async fn headers_that_contradict_each_other_or_are_missing_change_nothing() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let one = Customer::new(&server, "user-1").await;
        Customer::new(&server, "user-2").await;
        let id = one.profile().await["profile_id"].as_str().unwrap().to_owned();
        let before = stored(&server).await;
        let expected = refused(400, "validation_error", &["non_field_errors"]);
        for (path, body) in posts() {
            for other in ["user-2", "nobody"] {
                let both = [(ID, id.as_str()), (CUSTOMER, other)];
                let answer = server.call("POST", path, &both, &body.to_string()).await;
                assert_eq!(refusal(&answer), expected, "{backend:?} {path} {other}");
            }
            let answer = server.call("POST", path, &[], &body.to_string()).await;
            assert_eq!(refusal(&answer), expected, "{backend:?} {path}");
        }
        let both = [(ID, id.as_str()), (CUSTOMER, "user-2")];
        let answer = server.call("GET", REFUND_SAVER, &both, "").await;
        assert_eq!(refusal(&answer), expected, "{backend:?}");
        assert_eq!(stored(&server).await, before, "{backend:?}");
        // Both headers of one profile are as good as one.
        let both = [(ID, id.as_str()), (CUSTOMER, "user-1")];
        for (path, body) in posts() {
            let answer = server.call("POST", path, &both, &body.to_string()).await;
            assert_eq!(answer.status, 200, "{backend:?} {path}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn older_paths_and_paths_without_the_last_slash_do_the_same() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let user = Customer::new(&server, "user-1").await;
    for (path, body) in posts() {
        let mut paths = vec![path.to_owned(), path.replace("/v2/", "/v1/")];
        if path == GRANT {
            paths.push("/api/v2/server-side-api/grant/access-level/".into());
            paths.push("/api/v1/server-side-api/grant/access-level/".into());
        }
        for path in paths {
            for path in [path.as_str(), path.trim_end_matches('/')] {
                let answer = user.call("POST", path, &body).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                let get = user.call("GET", path, &Value::Null).await;
                let expected = if path.contains("refund") { 200 } else { 405 };
                assert_eq!(get.status, expected, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn the_same_report_again_answers_the_same_profile_and_stores_nothing() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        for body in [
            subscription(),
            crate::support::purchases::numbered(one_time(), "once"),
        ] {
            let first = user.post(TRANSACTION, &body).await;
            let before = stored(&server).await;
            assert_eq!(user.post(TRANSACTION, &body).await, first, "{backend:?}");
            assert_eq!(stored(&server).await, before, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn under_an_idempotency_key_each_call_has_one_effect_and_one_answer() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        Customer::new(&server, "user-1").await;
        for (n, (path, body)) in posts().into_iter().enumerate() {
            let key = format!("key-{n}");
            let headers = [(CUSTOMER, "user-1"), ("idempotency-key", key.as_str())];
            let first = server.call("POST", path, &headers, &body.to_string()).await;
            assert_eq!(first.status, 200, "{backend:?} {path}: {}", first.text());
            let before = stored(&server).await;
            let later = server.state.clock.now() + 1_000_000;
            server.state.clock.move_to(later).unwrap();
            let again = server.call("POST", path, &headers, &body.to_string()).await;
            assert_eq!(again.text(), first.text(), "{backend:?} {path}");
            let other = crate::support::purchases::with(body, json!({"more": 1}));
            let reused = server.call("POST", path, &headers, &other.to_string()).await;
            assert_eq!(reused.status, 422, "{backend:?} {path}");
            assert_eq!(stored(&server).await, before, "{backend:?} {path}");
        }
        // A refusal is not remembered.
        let headers = [(CUSTOMER, "user-2"), ("idempotency-key", "key")];
        let body = subscription().to_string();
        let early = server.call("POST", TRANSACTION, &headers, &body).await;
        assert_eq!(refusal(&early), not_found(), "{backend:?}");
        server.call("POST", PROFILE, &headers[..1], "").await;
        data(&server.call("POST", TRANSACTION, &headers, &body).await);
    }
}
