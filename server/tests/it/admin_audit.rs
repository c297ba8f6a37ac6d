//! The audit: every write of the administration leaves one record. And the test clock.

use bursar::http::route::{Access, Route};
use bursar::http::router;
use serde_json::{Value, json};

use super::support::administration::{Things, body, make_delivery, prepare};
use super::support::backend::{ALL, Backend};
use super::support::raw::RawServer;
use super::support::server::{Answer, PROFILE, TestServer, request};

const PROFILE_ID: &str = "00000000-0000-4000-8000-00000000000a";

/// A path and body with which each write succeeds on a server that [`prepare_own`] has seen.
fn example(method: &str, path: &str, things: &Things) -> (String, &'static str) {
    (things.fill(path, PROFILE_ID), body(method, path))
}

async fn prepare_own(server: &TestServer) -> Things {
    let things = prepare(server, &server.app_id, "weekly").await;
    let made = server
        .call("POST", PROFILE, &[("adapty-profile-id", PROFILE_ID)], "")
        .await;
    assert_eq!(made.status, 200, "{}", made.text());
    make_delivery(server, server.app_id.parse().unwrap(), PROFILE_ID).await;
    things
}

async fn records(server: &TestServer) -> Vec<Value> {
    let list = server.admin("GET", "audit?limit=200", "").await.json();
    list["data"].as_array().unwrap().clone()
}

fn writes() -> impl Iterator<Item = &'static Route> {
    router::routes().filter(|route| route.access == Access::Admin && route.method != "GET")
}

async fn send(server: &TestServer, route: &Route, path: &str, body: &str) -> Answer {
    let authorization = format!("Bearer {}", server.admin_token);
    server
        .send(request(&authorization, route.method, path, &[], body))
        .await
}

/// What a write's record says of before and after.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// It made something: there was nothing before.
    Made,
    /// It changed something.
    Changed,
    /// It took something away.
    Removed,
}

/// The action that each write is recorded as, and what it tells. A new write needs a line here.
const RECORDS: [(&str, &str, &str, Told); 16] = [
    ("POST", "apps", "app.create", Told::Made),
    ("PATCH", "apps/{app}", "app.update", Told::Changed),
    ("POST", "apps/{app}/keys", "key.create", Told::Made),
    ("DELETE", "apps/{app}/keys/{key_id}", "key.revoke", Told::Removed),
    (
        "PUT",
        "apps/{app}/access-levels/{id}",
        "access_level.set",
        Told::Made,
    ),
    (
        "PUT",
        "apps/{app}/products/{store}/{store_product_id}",
        "product.set",
        Told::Changed,
    ),
    (
        "DELETE",
        "apps/{app}/products/{store}/{store_product_id}",
        "product.delete",
        Told::Removed,
    ),
    ("PUT", "rates/{currency}", "rate.set", Told::Made),
    (
        "PUT",
        "apps/{app}/integrations/{slug}",
        "integration.set",
        Told::Changed,
    ),
    (
        "POST",
        "apps/{app}/integrations/{slug}/test",
        "integration.test",
        Told::Made,
    ),
    (
        "POST",
        "apps/{app}/deliveries/{delivery_id}/retry",
        "delivery.retry",
        Told::Changed,
    ),
    ("POST", "apps/{app}/replays", "replay.create", Told::Made),
    (
        "DELETE",
        "apps/{app}/replays/{replay_id}",
        "replay.cancel",
        Told::Changed,
    ),
    ("POST", "admin-tokens", "admin_token.create", Told::Made),
    (
        "DELETE",
        "admin-tokens/{token_id}",
        "admin_token.revoke",
        Told::Removed,
    ),
    ("POST", "test-clock", "test_clock.set", Told::Changed),
];

fn expected_record(route: &Route) -> (&'static str, &'static Told) {
    let path = route.path.strip_prefix("/admin/v1/").unwrap();
    let mut known = RECORDS.iter();
    let known = known.find(|(method, known, ..)| (*method, *known) == (route.method, path));
    let (_, _, action, told) =
        known.unwrap_or_else(|| panic!("{} {path} has no line in RECORDS", route.method));
    (action, told)
}

fn told(record: &Value) -> Told {
    match (record["before"].is_null(), record["after"].is_null()) {
        (true, false) => Told::Made,
        (false, false) => Told::Changed,
        (false, true) => Told::Removed,
        (true, true) => panic!("it tells nothing: {record}"),
    }
}

#[tokio::test]
async fn every_write_leaves_one_record_and_no_secret() {
    assert_eq!(writes().count(), RECORDS.len());
    for backend in ALL {
        for route in writes() {
            let server = TestServer::on(backend).await;
            let things = prepare_own(&server).await;
            let before = records(&server).await;
            let (path, body) = example(route.method, route.path, &things);
            let done = send(&server, route, &path, body).await;
            assert!(
                done.status < 300,
                "{backend:?} {} {path}: {}",
                route.method,
                done.text()
            );
            let after = records(&server).await;
            assert_eq!(
                after.len(),
                before.len() + 1,
                "{backend:?} {} {path}",
                route.method
            );
            assert_eq!(after[1..], before, "records are never changed");
            let actor = format!("token {}", server.admin_token.split('.').next().unwrap());
            assert_eq!(after[0]["actor"], actor);
            let (action, expected) = expected_record(route);
            assert_eq!(after[0]["action"], action, "{}", after[0]);
            assert_eq!(told(&after[0]), *expected, "{}", after[0]);
            let text = after[0].to_string();
            assert!(!text.contains("s3cret"), "{text}");
            for name in ["secret_key", "public_key", "key", "admin_token"] {
                let made: Value = serde_json::from_slice(&done.body).unwrap_or_default();
                if let Some(secret) = made[name].as_str() {
                    let (_, hidden) = secret.split_once('.').unwrap();
                    assert!(!text.contains(hidden), "{text}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_refused_write_leaves_no_record() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let things = prepare_own(&server).await;
    let before = records(&server).await.len();
    for route in writes().filter(|route| route.method != "DELETE") {
        let (path, _) = example(route.method, route.path, &things);
        let refused = send(&server, route, &path, r#"{"no_such_field":1}"#).await;
        assert_eq!(refused.status, 422, "{} {path}: {}", route.method, refused.text());
    }
    assert_eq!(records(&server).await.len(), before);
}

#[tokio::test]
async fn a_record_tells_who_what_before_and_after() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let gold = format!("apps/{}/access-levels/gold", server.app_id);
        server.admin("PUT", &gold, r#"{"description":"a"}"#).await;
        server.admin("PUT", &gold, r#"{"description":"b"}"#).await;
        let records = records(&server).await;
        let (second, first) = (&records[0], &records[1]);
        assert_eq!(second["action"], "access_level.set", "{backend:?}");
        assert_eq!(
            (&second["target"], &second["app_id"]),
            (&json!("gold"), &json!(server.app_id))
        );
        assert_eq!(second["before"], json!({"description": "a"}));
        assert_eq!(second["after"], json!({"description": "b"}));
        assert_eq!(first["before"], json!(null));
        assert_eq!(second["at"], "2026-01-01T00:00:00+00:00");
        assert!(second["audit_id"].as_str() > first["audit_id"].as_str());
    }
}

#[tokio::test]
async fn the_audit_cannot_be_edited() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        assert_eq!(server.admin(method, "audit", "").await.status, 405, "{method}");
    }
    let id = records(&server).await[0]["audit_id"].as_str().unwrap().to_owned();
    assert_eq!(
        server.admin("DELETE", &format!("audit/{id}"), "").await.status,
        404
    );
}

#[tokio::test]
async fn the_test_clock_moves_forward_only() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let told = server.admin("GET", "test-clock", "").await;
        assert_eq!(told.json(), json!({"now": "2026-01-01T00:00:00+00:00"}));
        let moved = server
            .admin("POST", "test-clock", r#"{"now":"2026-01-02T03:04:05Z"}"#)
            .await;
        assert_eq!(
            (moved.status, moved.json()),
            (200, json!({"now": "2026-01-02T03:04:05+00:00"}))
        );
        assert_eq!(server.admin("GET", "test-clock", "").await.json(), moved.json());
        let back = server
            .admin("POST", "test-clock", r#"{"now":"2026-01-02T03:04:04Z"}"#)
            .await;
        assert_eq!(back.status, 409, "{backend:?}");
        for body in ["{}", r#"{"now":"tomorrow"}"#, r#"{"now":5}"#] {
            let refused = server.admin("POST", "test-clock", body).await;
            assert_eq!(refused.json()["errors"][0]["field"], "now", "{body}");
        }
        assert_eq!(server.admin("GET", "test-clock", "").await.json(), moved.json());
    }
}

#[test]
fn without_a_test_clock_there_is_none_to_move_whatever_is_sent() {
    let program = RawServer::start(&[("BURSAR_DATABASE", "sqlite::memory:")]);
    let bearer = format!("Bearer {}", program.admin_token);
    for (method, body) in [
        ("GET", ""),
        ("POST", "{}"),
        ("POST", r#"{"now":"2026-01-02T03:04:05Z"}"#),
    ] {
        let headers = [("authorization", bearer.as_str())];
        let answer = program.call_as_is(method, "/admin/v1/test-clock", &headers, body.as_bytes());
        assert_eq!(answer.status, 404, "{method} {body}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_moves_of_the_test_clock_at_once_each_begins_where_the_one_before_ended() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let bodies: Vec<String> = (10..30)
            .map(|day| {
                format!(
                    r#"{{"now":"2026-01-{}T00:00:00Z"}}"#,
                    if day % 2 == 0 { day } else { 40 - day }
                )
            })
            .collect();
        let moves = bodies.iter().map(|body| server.admin("POST", "test-clock", body));
        let answers = futures_util::future::join_all(moves).await;
        assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status)));
        let mut moves: Vec<(String, String)> = records(&server)
            .await
            .iter()
            .filter(|record| record["action"] == "test_clock.set")
            .map(|record| {
                (
                    record["before"]["now"].to_string(),
                    record["after"]["now"].to_string(),
                )
            })
            .collect();
        moves.sort();
        assert!(
            moves.windows(2).all(|pair| pair[0].1 == pair[1].0),
            "{backend:?}: {moves:?}"
        );
        let now = server.admin("GET", "test-clock", "").await.json()["now"].to_string();
        assert_eq!(moves.last().unwrap().1, now, "{backend:?}");
    }
}

#[tokio::test]
async fn every_route_asks_for_an_admin_token() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let things = prepare_own(&server).await;
    let before = records(&server).await.len();
    let wrong = [
        String::new(),
        "Bearer".into(),
        "Bearer admin_live_x.y".into(),
        format!("Bearer {}", server.secret_key),
        format!("Api-Key {}", server.secret_key),
        format!("Api-Key {}", server.admin_token),
        format!("Bearer {}x", server.admin_token),
    ];
    for route in router::routes().filter(|route| route.access == Access::Admin) {
        let (path, body) = example(route.method, route.path, &things);
        for authorization in &wrong {
            let request = request(authorization, route.method, &path, &[], body);
            let refused = server.send(request).await;
            assert_eq!(refused.status, 401, "{} {path} {authorization}", route.method);
            assert_eq!(refused.headers["www-authenticate"], "Bearer");
        }
    }
    assert_eq!(records(&server).await.len(), before);
}

#[test]
fn every_route_is_in_the_handbook() {
    let handbook = include_str!("../../../docs/administration.md");
    for route in router::routes().filter(|route| route.access == Access::Admin) {
        let path = route.path.trim_start_matches("/admin/v1/");
        let written = format!("{} {path}", route.method);
        let in_code =
            handbook.contains(&format!("`{written}")) || handbook.contains(&format!("{path}?query="));
        assert!(in_code, "{written} is not in docs/administration.md");
    }
}

#[tokio::test]
async fn a_record_of_a_change_tells_how_it_was_and_how_it_is_from_then_on() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = format!("apps/{}", server.app_id);
        let weekly = format!("{app}/products/app_store/weekly");
        let keys = format!("{app}/keys");
        let key = server
            .admin("POST", &keys, r#"{"kind":"public","label":"ci"}"#)
            .await
            .json();
        let token = server
            .admin("POST", "admin-tokens", r#"{"label":"ci"}"#)
            .await
            .json();
        let product = json!({"access_level_id": "premium", "consumable": false, "title": "Weekly",
                             "price": {"value": "9.99", "currency": "USD"}});
        let coins = json!({"access_level_id": null, "consumable": true, "title": null, "price": null});
        let rate = |usd: &str| json!({"usd": usd, "from": "2026-01-01"});
        let id = |made: &Value, name: &str| made[name].as_str().unwrap().to_owned();
        let of_key = json!({"kind": "public", "prefix": key["prefix"], "label": "ci"});
        let of_token = json!({"prefix": token["prefix"], "label": "ci"});
        let key = format!("{keys}/{}", id(&key, "key_id"));
        let token = format!("admin-tokens/{}", id(&token, "token_id"));
        let none = json!(null);
        for (method, path, body, before, after) in [
            ("PUT", &weekly, &product, &none, &product),
            ("PUT", &weekly, &coins, &product, &coins),
            ("DELETE", &weekly, &none, &coins, &none),
            (
                "PUT",
                &"rates/EUR".into(),
                &rate("1.08"),
                &none,
                &json!({"usd": "1.08"}),
            ),
            (
                "PUT",
                &"rates/EUR".into(),
                &rate("1.09"),
                &json!({"usd": "1.08"}),
                &json!({"usd": "1.09"}),
            ),
            ("DELETE", &key, &none, &of_key, &none),
            ("DELETE", &token, &none, &of_token, &none),
        ] {
            let body = if body.is_null() {
                String::new()
            } else {
                body.to_string()
            };
            let done = server.admin(method, path, &body).await;
            assert!(done.status < 300, "{backend:?} {path}: {}", done.text());
            let record = &records(&server).await[0];
            assert_eq!(
                (&record["before"], &record["after"]),
                (before, after),
                "{backend:?} {path}"
            );
        }
        let renamed = json!({"name": "Shop", "settings": {"sharing": "transfer"}});
        server.admin("PATCH", &app, &renamed.to_string()).await;
        let record = &records(&server).await[0];
        let told = |when: &str| {
            let settings = &record[when]["settings"];
            [
                &record[when]["name"],
                &settings["sharing"],
                &settings["unknown_product"],
            ]
            .map(Value::to_string)
        };
        assert_eq!(
            told("before"),
            [r#""default""#, r#""enabled""#, r#""premium""#],
            "{backend:?}"
        );
        assert_eq!(
            told("after"),
            [r#""Shop""#, r#""transfer""#, r#""premium""#],
            "{backend:?}"
        );
    }
}
