//! Who is let in, and in which order a request is checked.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::HeaderValue;
use bursar::admin::first_run;
use bursar::clock::Clock;
use bursar::http::router::{Service, WHOLE};
use bursar::keys::KeyKind;
use bursar::metrics::Metrics;
use bursar::state::AppState;
use bursar::store::{Location, Options, Sql, Statement};
use bursar::vault::{MasterKey, Vault};
use futures_util::stream;
use serde_json::json;

use super::support::backend::{ALL, Backend};
use super::support::direct::{add_app, add_key, revoke, set_settings};
use super::support::refusal::{not_found, refusal, refused, sourceless};
use super::support::server::{
    Answer, IDENTIFIERS, PROFILE, START, TestServer, USER, open, outbound, request,
};

async fn with(server: &TestServer, authorization: &str, method: &str, path: &str, body: &str) -> Answer {
    server
        .send(request(authorization, method, path, &[USER], body))
        .await
}

fn assert_not_authenticated(answer: &Answer, why: &str) {
    let expected = refused(401, "not_authenticated", &["non_field_errors"]);
    assert_eq!(refusal(answer), expected, "{why}");
    assert_eq!(answer.headers["www-authenticate"], "Api-Key", "{why}");
}

#[tokio::test]
async fn only_a_known_key_in_its_scheme_is_let_in() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let key = server.secret_key.clone();
        let (prefix, secret) = key.split_once('.').unwrap();
        let other = add_key(&server.state, server.app_id.parse().unwrap(), KeyKind::Secret).await;
        let other_secret = other.split_once('.').unwrap().1;
        let wrong = [
            String::new(),
            key.clone(),
            "Api-Key".into(),
            "Api-Key ".into(),
            "Api-Key  ".into(),
            format!("Bearer {key}"),
            format!("Basic {key}"),
            format!("Api-Key{key}"),
            format!("Api-Key {prefix}"),
            format!("Api-Key {prefix}."),
            format!("Api-Key {prefix}.{other_secret}"),
            format!("Api-Key {prefix}.{}", secret.to_lowercase()),
            format!("Api-Key {key}x"),
            format!("Api-Key {key} x"),
            format!("Api-Key x{key}"),
            format!("Api-Key {}", server.admin_token),
            "Api-Key secret_live_AAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(),
        ];
        for authorization in &wrong {
            let answer = with(&server, authorization, "POST", PROFILE, "").await;
            assert_not_authenticated(&answer, authorization);
        }
        for right in [
            format!("Api-Key {key}"),
            format!("api-key {key}"),
            format!("API-KEY   {key}"),
            format!("Api-Key {other}"),
        ] {
            let answer = with(&server, &right, "POST", PROFILE, "").await;
            assert_eq!(answer.status, 200, "{backend:?} {right}");
        }
        let mut bytes = request("", "GET", PROFILE, &[USER], "");
        let value = HeaderValue::from_bytes(b"Api-Key \xff\xfe.\xff").unwrap();
        bytes.headers_mut().insert("authorization", value);
        assert_not_authenticated(&server.send(bytes).await, "bytes");
    }
}

#[tokio::test]
async fn an_app_may_have_many_keys_and_each_can_be_revoked() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = server.app_id.parse().unwrap();
        let second = format!("Api-Key {}", add_key(&server.state, app, KeyKind::Secret).await);
        let first = format!("Api-Key {}", server.secret_key);
        for key in [&first, &second] {
            assert_eq!(with(&server, key, "POST", PROFILE, "").await.status, 200);
        }
        revoke(&server.state, &server.secret_key).await;
        assert_not_authenticated(&with(&server, &first, "POST", PROFILE, "").await, "revoked");
        assert_eq!(with(&server, &second, "GET", PROFILE, "").await.status, 200);
    }
}

#[tokio::test]
async fn a_key_that_is_revoked_while_a_body_comes_is_no_key_any_more() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    assert_eq!(server.call("POST", PROFILE, &[USER], "").await.status, 200);
    let authorization = format!("Api-Key {}", server.secret_key);
    let slow = |is_revoked: bool| {
        let (state, key) = (server.state.clone(), server.secret_key.clone());
        // The body is asked for once the key was found to be right.
        let body = stream::once(async move {
            if is_revoked {
                revoke(&state, &key).await;
            }
            Ok::<_, Infallible>(r#"{"branch_id": "b"}"#)
        });
        let mut request = request(&authorization, "POST", IDENTIFIERS, &[USER], "");
        *request.body_mut() = Body::from_stream(body);
        request
    };
    assert_eq!(server.send(slow(false)).await.status, 200);
    assert_not_authenticated(&server.send(slow(true)).await, "revoked");
}

#[tokio::test]
async fn an_idempotency_key_of_one_app_is_nothing_to_another() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let other = add_app(&server.state).await;
        let mut ids = Vec::new();
        for key in [&server.secret_key, &other.secret_key, &server.secret_key] {
            let headers = [USER, ("idempotency-key", "same")];
            let request = request(&format!("Api-Key {key}"), "POST", PROFILE, &headers, "");
            let answer = server.send(request).await;
            assert_eq!(answer.status, 200, "{backend:?}");
            ids.push(answer.json()["data"]["profile_id"].to_string());
        }
        assert_ne!(ids[0], ids[1], "{backend:?}");
        assert_eq!(ids[0], ids[2], "{backend:?}");
    }
}

/// Everybody has the public key. Who guesses a key of the owner's servers must not get their requests refused.
#[tokio::test]
async fn an_idempotency_key_used_with_a_public_key_is_free_for_a_secret_one() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        server.call("POST", PROFILE, &[USER], "").await;
        let headers = [USER, ("idempotency-key", "order-1")];
        for (key, body, expected) in [
            (&server.public_key, r#"{"branch_id":"a"}"#, 200),
            (&server.secret_key, r#"{"branch_id":"b"}"#, 200),
            (&server.public_key, r#"{"branch_id":"a"}"#, 200),
            (&server.secret_key, r#"{"branch_id":"b"}"#, 200),
            (&server.public_key, r#"{"branch_id":"b"}"#, 422),
            (&server.secret_key, r#"{"branch_id":"a"}"#, 422),
        ] {
            let request = request(&format!("Api-Key {key}"), "POST", IDENTIFIERS, &headers, body);
            assert_eq!(server.send(request).await.status, expected, "{backend:?} {body}");
        }
        let identifiers = server.call("GET", IDENTIFIERS, &[USER], "").await.json();
        assert_eq!(identifiers["branch_id"], "b", "{backend:?}");
    }
}

/// They are in the database then, and nothing else will ever tell them.
#[tokio::test]
async fn the_secrets_of_the_first_run_are_told_though_the_server_cannot_read_its_apps_anew() {
    static SPOIL: Sql =
        Sql::same("CREATE TRIGGER spoil AFTER INSERT ON apps BEGIN UPDATE apps SET settings = 'none'; END");
    let options = Options {
        location: Location::SqliteMemory,
        connections: 1,
    };
    let state = open(&options, Clock::test(START), outbound()).await;
    state.store.write(vec![Statement::new(&SPOIL, [])]).await.unwrap();
    let made = first_run::set_up(&state).await.unwrap();
    assert!(made.is_some_and(|made| made.admin_token.starts_with("admin_live_")));
    assert!(state.refresh().await.is_err());
}

#[tokio::test]
async fn each_first_run_makes_secrets_of_its_own_and_is_the_only_one() {
    let mut seen = std::collections::HashSet::new();
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for secret in [&server.secret_key, &server.public_key, &server.admin_token] {
            assert!(seen.insert(secret.clone()), "{backend:?}");
        }
        let again = first_run::set_up(&server.state).await.unwrap();
        assert!(again.is_none(), "{backend:?}");
    }
}

#[tokio::test]
async fn no_key_stands_in_the_databases_files() {
    let server = TestServer::on(Backend::SqliteFile).await;
    server
        .call("POST", PROFILE, &[USER, ("idempotency-key", "k")], "")
        .await;
    let mut stored = Vec::new();
    for file in std::fs::read_dir(&server.folder.0).unwrap() {
        stored.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("user-1") && holds(server.secret_key.split_once('.').unwrap().0));
    for key in [&server.secret_key, &server.public_key, &server.admin_token] {
        assert!(!holds(key.split_once('.').unwrap().1));
    }
}

#[tokio::test]
async fn a_public_key_may_set_identifiers_and_touch_profiles_only_where_the_app_says_so() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let public = format!("Api-Key {}", server.public_key);
    server.call("POST", PROFILE, &[USER], "").await;
    for (settings, allowed) in [
        (json!({}), false),
        (json!({"public_key_profile_calls": true}), true),
        (json!({}), false),
    ] {
        set_settings(&server, settings).await;
        for (method, success) in [("POST", 200), ("GET", 200), ("PATCH", 200), ("DELETE", 204)] {
            let answer = with(&server, &public, method, PROFILE, "").await;
            if allowed {
                assert_eq!(answer.status, success, "{method}");
            } else {
                assert_not_authenticated(&answer, method);
            }
        }
        server.call("POST", PROFILE, &[USER], "").await;
        let set = with(&server, &public, "POST", IDENTIFIERS, r#"{"branch_id":"b"}"#).await;
        let read = with(&server, &public, "GET", IDENTIFIERS, "").await;
        assert_eq!((set.status, read.status), (200, 200));
    }
}

/// What is checked first decides: path, method, key, type and syntax, fields, profile.
#[tokio::test]
async fn checks_come_in_their_order() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let key = format!("Api-Key {}", server.secret_key);
    let text = ("content-type", "text/plain");
    let send = |authorization: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let mut request = request(authorization, method, path, &[], body);
        for (name, value) in headers {
            let name: axum::http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        server.send(request)
    };
    let nowhere = send("", "PUT", "/api/v2/server-side-api/nowhere/", &[text], "{").await;
    assert_eq!(refusal(&nowhere), sourceless(404, "not_found"));
    let method = send("", "PUT", PROFILE, &[text], "{").await;
    assert_eq!(refusal(&method), sourceless(405, "method_not_allowed"));
    let unknown_key = send("Api-Key a.b", "POST", PROFILE, &[text], "{").await;
    assert_not_authenticated(&unknown_key, "before the type");
    let kind = send(&key, "PATCH", PROFILE, &[text, USER], "{").await;
    assert_eq!(refusal(&kind), sourceless(415, "unsupported_media_type"));
    let syntax = send(&key, "PATCH", PROFILE, &[USER], "{").await;
    assert_eq!(refusal(&syntax), sourceless(400, "parse_error"));
    let field = send(&key, "PATCH", PROFILE, &[USER], r#"{"gender":"x"}"#).await;
    assert_eq!(refusal(&field), refused(400, "enum", &["gender"]));
    let nobody = send(&key, "PATCH", PROFILE, &[], r#"{"gender":"x"}"#).await;
    assert_eq!(refusal(&nobody), refused(400, "enum", &["gender"]));
    let profile = send(&key, "PATCH", PROFILE, &[USER], "{}").await;
    assert_eq!(refusal(&profile), not_found());
}

/// A server on which each key may ask so often a second.
async fn limited_to(requests: u32) -> TestServer {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vault = Vault::open(&server.state.store, &MasterKey::from_bytes([7; 32]))
        .await
        .unwrap();
    let store = server.state.store.clone();
    let limit = std::num::NonZeroU32::new(requests);
    let limited = AppState::new(
        store,
        vault,
        Clock::test(START),
        Metrics::default(),
        limit,
        outbound(),
    )
    .await
    .unwrap();
    TestServer {
        service: Service::new(limited.clone(), WHOLE),
        state: limited,
        ..server
    }
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let server = limited_to(2).await;
    let mut refusals = 0;
    for _ in 0..20 {
        let answer = server.call("POST", PROFILE, &[USER], "").await;
        if answer.status == 429 {
            assert_eq!(refusal(&answer), sourceless(429, "rate_limited"));
            assert_eq!(answer.headers["retry-after"], "1");
            refusals += 1;
        }
    }
    assert!(refusals >= 10, "{refusals}");
    // Another key has a limit of its own, and one that is not known takes nothing from anybody.
    let public = format!("Api-Key {}", server.public_key);
    assert_ne!(with(&server, &public, "GET", IDENTIFIERS, "").await.status, 429);
}

/// Else each change would let every key begin anew.
#[tokio::test]
async fn a_change_of_the_administration_leaves_keys_what_they_have_used_up() {
    let server = limited_to(1).await;
    let mut refusals = 0;
    for _ in 0..20 {
        let made = server.admin("POST", "apps", r#"{"name":"Shop"}"#).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let asked = server.call("POST", PROFILE, &[USER], "").await.status;
        refusals += usize::from(asked == 429);
    }
    assert!(refusals >= 10, "{refusals}");
}
