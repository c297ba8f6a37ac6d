//! Administration of apps, keys and admin tokens, on every backend.

use bursar::actions::purchases::handle_due;
use bursar::clock::Clock;
use bursar::store::tables::purchases::due;
use bursar_domain::time::DAY;
use serde_json::json;

use super::support::backend::{ALL, Backend, SHARED};
use super::support::direct::add_app;
use super::support::purchases::{subscription, with};
use super::support::server::{
    Answer, PROFILE, START, TRANSACTION, TestServer, USER, open, outbound, request,
};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// The fields that a refusal names.
fn fields(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let errors = body["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| error["field"].as_str().unwrap().to_owned())
        .collect()
}

async fn status_with_key(server: &TestServer, key: &str) -> u16 {
    let authorization = format!("Api-Key {key}");
    let request = request(&authorization, "POST", PROFILE, &[USER], "");
    server.send(request).await.status
}

#[tokio::test]
async fn a_new_app_works_with_its_keys_at_once() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let made = server.admin("POST", "apps", r#"{"name":"Shop"}"#).await;
        assert_eq!(made.status, 201, "{backend:?}: {}", made.text());
        let made = made.json();
        let key = made["secret_key"].as_str().unwrap();
        assert_eq!(status_with_key(&server, key).await, 200);
        let id = made["app_id"].as_str().unwrap();
        let read = server.admin("GET", &format!("apps/{id}"), "").await;
        assert_eq!(read.json()["name"], "Shop");
        assert_eq!(read.json()["settings"]["collect_ip"], true);
        assert!(!read.text().contains("secret"), "{}", read.text());
        let levels = server.admin("GET", &format!("apps/{id}/access-levels"), "").await;
        assert_eq!(levels.json()["data"][0]["access_level_id"], "premium");
    }
}

#[tokio::test]
async fn bad_bodies_are_refused_and_the_field_is_named() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(256));
        let cases = [
            ("", 422, vec!["name"]),
            ("{}", 422, vec!["name"]),
            (r#"{"name":1}"#, 422, vec!["name"]),
            (r#"{"name":""}"#, 422, vec!["name"]),
            (r#"{"name":"a\u0000b"}"#, 422, vec!["name"]),
            (&long, 422, vec!["name"]),
            (r#"{"name":"a","nmae":"b"}"#, 422, vec!["nmae"]),
            (r#"{"name":"a""#, 400, vec![]),
            ("[]", 400, vec![]),
        ];
        for (body, status, named) in cases {
            let answer = server.admin("POST", "apps", body).await;
            assert_eq!(answer.status, status, "{backend:?} {body}: {}", answer.text());
            assert_eq!(answer.headers["content-type"], "application/problem+json");
            assert_eq!(fields(&answer), named, "{body}");
        }
        assert_eq!(
            server.admin("GET", "apps", "").await.json()["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn settings_are_merged_and_hold_at_once() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let path = format!("apps/{}", server.app_id);
        let first = r#"{"settings":{"public_key_profile_calls":true,"vat":{"DE":"0.19"}}}"#;
        let answer = server.admin("PATCH", &path, first).await;
        assert_eq!(answer.status, 200, "{backend:?}: {}", answer.text());
        assert_eq!(status_with_key(&server, &server.public_key).await, 200);
        let second = r#"{"name":"Renamed","settings":{"vat":{"FR":"0.2"}}}"#;
        let app = server.admin("PATCH", &path, second).await.json();
        assert_eq!(app["name"], "Renamed");
        assert_eq!(app["settings"]["vat"], json!({"DE": "0.19", "FR": "0.2"}));
        assert_eq!(app["settings"]["public_key_profile_calls"], true);
        for (body, named) in [
            (r#"{"settings":{"sharring":"transfer"}}"#, "settings.sharring"),
            (r#"{"settings":{"sharring":null}}"#, "settings.sharring"),
            (r#"{"settings":{"vat":{"DE":"2"}}}"#, "settings.vat.DE"),
            (
                r#"{"settings":{"vat":{"DE":"0.19","DE":"0.91"}}}"#,
                "settings.vat.DE",
            ),
            (r#"{"settings":[]}"#, "settings"),
            (r#"{"setings":{}}"#, "setings"),
            (r#"{"name":""}"#, "name"),
        ] {
            let refused = server.admin("PATCH", &path, body).await;
            assert_eq!((refused.status, fields(&refused)), (422, vec![named.to_owned()]));
        }
        assert_eq!(server.admin("GET", &path, "").await.json(), app);
    }
}

#[tokio::test]
async fn uses_that_a_clock_that_was_ahead_has_dated_do_not_hide_those_of_today() {
    for backend in SHARED {
        let server = TestServer::on(backend).await;
        for now in [START + 400 * DAY, START] {
            server.state.clock.set_to(now);
            assert_eq!(status_with_key(&server, &server.secret_key).await, 200);
            let uses = server.state.directory().last_uses(0);
            server.state.store.write(uses).await.unwrap();
        }
        let other = server.beside().await;
        let keys = other
            .admin("GET", &format!("apps/{}/keys", server.app_id), "")
            .await;
        let keys = keys.json();
        let used = keys["data"].as_array().unwrap().iter();
        let used: Vec<_> = used.map(|key| key["last_used_at"].clone()).collect();
        assert!(
            used.contains(&json!("2026-01-01T00:00:00+00:00")),
            "{backend:?}: {used:?}"
        );
    }
}

#[tokio::test]
async fn a_revoked_key_stops_working_at_once() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let keys = format!("apps/{}/keys", server.app_id);
        let made = server
            .admin("POST", &keys, r#"{"kind":"secret","label":"ci"}"#)
            .await;
        assert_eq!(made.status, 201, "{backend:?}: {}", made.text());
        let made = made.json();
        let key = made["key"].as_str().unwrap();
        let prefix = made["prefix"].as_str().unwrap();
        assert!(key.starts_with(&format!("{prefix}.")) && prefix.starts_with("secret_live_"));
        assert_eq!(status_with_key(&server, key).await, 200);
        let list = server.admin("GET", &keys, "").await;
        assert!(!list.text().contains(key));
        let listed = list.json()["data"].as_array().unwrap().clone();
        let of_key = listed.iter().find(|one| one["prefix"] == prefix).unwrap();
        assert_eq!((&of_key["label"], listed.len()), (&json!("ci"), 3));
        assert_eq!(of_key["last_used_at"], "2026-01-01T00:00:00+00:00");
        let path = format!("{keys}/{}", made["key_id"].as_str().unwrap());
        let elsewhere = format!("apps/{NOBODY}/keys/{}", made["key_id"].as_str().unwrap());
        assert_eq!(server.admin("DELETE", &elsewhere, "").await.status, 404);
        assert_eq!(server.admin("DELETE", &path, "").await.status, 204);
        assert_eq!(status_with_key(&server, key).await, 401);
        assert_eq!(server.admin("DELETE", &path, "").await.status, 404);
        let left = server.admin("GET", &keys, "").await.json();
        assert_eq!(left["data"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn bad_keys_are_refused() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let keys = format!("apps/{}/keys", server.app_id);
        for (body, named) in [
            ("{}", "kind"),
            (r#"{"kind":"root"}"#, "kind"),
            (r#"{"kind":"public","label":"\n"}"#, "label"),
            (r#"{"kind":"public","lable":"x"}"#, "lable"),
        ] {
            let refused = server.admin("POST", &keys, body).await;
            assert_eq!((refused.status, fields(&refused)), (422, vec![named.to_owned()]));
        }
        let nobody = format!("apps/{NOBODY}/keys");
        let refused = server.admin("POST", &nobody, r#"{"kind":"public"}"#).await;
        assert_eq!(refused.status, 404, "{backend:?}");
        assert_eq!(server.admin("GET", &nobody, "").await.status, 404);
    }
}

#[tokio::test]
async fn an_app_that_is_not_there_looks_the_same_however_it_is_named() {
    let server = TestServer::on(ALL[1]).await;
    let missing = server.admin("GET", &format!("apps/{NOBODY}"), "").await;
    assert_eq!(missing.status, 404);
    for name in ["default", "1", "%00", "%20", &"x".repeat(300)] {
        let answer = server.admin("GET", &format!("apps/{name}"), "").await;
        assert_eq!((answer.status, &answer.body), (404, &missing.body), "{name}");
    }
}

#[tokio::test]
async fn admin_tokens_come_and_go() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let made = server.admin("POST", "admin-tokens", r#"{"label":"ci"}"#).await;
        assert_eq!(made.status, 201, "{backend:?}: {}", made.text());
        let made = made.json();
        let token = format!("Bearer {}", made["admin_token"].as_str().unwrap());
        let path = format!("admin-tokens/{}", made["token_id"].as_str().unwrap());
        let list = || async {
            let request = request(&token, "GET", "/admin/v1/admin-tokens", &[], "");
            server.send(request).await
        };
        let listed = list().await;
        assert_eq!(listed.json()["data"].as_array().unwrap().len(), 2);
        assert!(!listed.text().contains("admin_token\""));
        assert_eq!(server.admin("DELETE", &path, "").await.status, 204);
        assert_eq!(list().await.status, 401, "{backend:?}");
        let left = server.admin("GET", "admin-tokens", "").await.json();
        assert_eq!(left["data"].as_array().unwrap().len(), 1, "{backend:?}");
        assert_eq!(server.admin("DELETE", &path, "").await.status, 404);
    }
}

#[tokio::test]
async fn a_repeated_post_answers_the_same_secret_and_makes_one_key() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let keys = format!("/admin/v1/apps/{}/keys", server.app_id);
        for (path, body) in [
            ("/admin/v1/apps", r#"{"name":"Shop"}"#),
            (keys.as_str(), r#"{"kind":"secret"}"#),
            ("/admin/v1/admin-tokens", "{}"),
        ] {
            let post = |body: &'static str| {
                let headers = [("idempotency-key", path.rsplit('/').next().unwrap())];
                let authorization = format!("Bearer {}", server.admin_token);
                server.send(request(&authorization, "POST", path, &headers, body))
            };
            let (first, second) = (post(body).await, post(body).await);
            assert_eq!((first.status, second.status), (201, 201), "{backend:?} {path}");
            assert_eq!(first.body, second.body, "{backend:?} {path}");
            assert_eq!(post(r#"{"name":"Other"}"#).await.status, 422);
        }
        let count = |list: Answer| list.json()["data"].as_array().unwrap().len();
        assert_eq!(count(server.admin("GET", "apps", "").await), 2);
        assert_eq!(count(server.admin("GET", "admin-tokens", "").await), 2);
    }
}

#[tokio::test]
async fn parallel_changes_of_one_app_are_all_kept() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let path = format!("apps/{}", server.app_id);
        let countries = ["AT", "BE", "DE", "ES", "FR", "IT", "NL", "PL"];
        let bodies = countries.map(|code| format!(r#"{{"settings":{{"vat":{{"{code}":"0.2"}}}}}}"#));
        let calls = bodies.iter().map(|body| server.admin("PATCH", &path, body));
        let answers = futures_util::future::join_all(calls).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{backend:?}");
        let app = server.admin("GET", &path, "").await.json();
        assert_eq!(app["settings"]["vat"].as_object().unwrap().len(), countries.len());
    }
}

#[tokio::test]
async fn what_is_due_of_an_app_that_another_server_has_just_made_is_handled() {
    for backend in SHARED {
        let server = TestServer::on(backend).await;
        let now = START + 2_000_000;
        let other = open(&server.options, Clock::test(now), outbound()).await;
        let app = add_app(&server.state).await;
        let key = format!("Api-Key {}", app.secret_key);
        let ends_soon = with(
            subscription(),
            json!({"expires_at": "2026-01-01T00:00:01Z", "renew_status": false}),
        );
        for (path, body) in [(PROFILE, json!({})), (TRANSACTION, ends_soon)] {
            let user = [("adapty-customer-user-id", "user-1")];
            let request = request(&key, "POST", path, &user, &body.to_string());
            assert_eq!(server.send(request).await.status, 200, "{backend:?} {path}");
        }
        handle_due(&other, now).await.unwrap();
        assert_eq!(other.metrics.due_failures.get(), 0, "{backend:?}");
        let left = server.state.store.read(due(now, 9)).await.unwrap();
        assert!(left.is_empty(), "{backend:?}");
    }
}

#[tokio::test]
async fn every_wrong_field_of_a_body_is_named() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let app = format!("apps/{}", server.app_id);
    for (method, path, body, expected) in [
        (
            "PATCH",
            app.clone(),
            json!({"nam": 1, "settings": {"sharing": "x", "collect_ip": 1, "vat": {"DE": 1, "FR": "0.2", "IT": 2}, "sharring": 1}}),
            vec![
                "nam",
                "settings.collect_ip",
                "settings.sharing",
                "settings.sharring",
                "settings.vat.DE",
                "settings.vat.IT",
            ],
        ),
        (
            "PATCH",
            app.clone(),
            json!({"name": "", "settings": {"renewal_wait_hours": 721, "vat": {"de": "1"}}}),
            vec!["name", "settings.renewal_wait_hours", "settings.vat.de"],
        ),
        (
            "PATCH",
            app.clone(),
            json!({"name": 3, "settings": {"sharing": "x", "vat": {"DE": null}}}),
            vec!["name", "settings.sharing"],
        ),
        (
            "PATCH",
            app.clone(),
            json!({"nme": "x", "settings": {"renewal_wait_hours": 721}}),
            vec!["nme", "settings.renewal_wait_hours"],
        ),
        (
            "PATCH",
            app.clone(),
            json!({"nme": "x", "settings": []}),
            vec!["nme", "settings"],
        ),
        (
            "PATCH",
            app.clone(),
            json!({"settings": {"sharing": "x", "collect_ip": 1, "vat": {"DE": 1, "FR": "0.2", "IT": 2}, "sharring": 1}}),
            vec![
                "settings.collect_ip",
                "settings.sharing",
                "settings.sharring",
                "settings.vat.DE",
                "settings.vat.IT",
            ],
        ),
        (
            "PUT",
            format!("{app}/integrations/webhook"),
            json!({}),
            vec!["enabled", "settings"],
        ),
        (
            "PUT",
            format!("{app}/integrations/amplitude"),
            json!({"enabled": "yes", "settings": {"nope": 1, "max_in_flight": 0}}),
            vec!["enabled", "settings.max_in_flight", "settings.nope"],
        ),
        (
            "PUT",
            format!("{app}/integrations/nowhere"),
            json!({"enabled": "yes", "settings": {"nope": 1}}),
            vec!["enabled"],
        ),
        (
            "POST",
            format!("{app}/replays"),
            json!({"filter": {"integration": 1, "states": ["odd"], "after": 2}, "dry_run": "no"}),
            vec![
                "dry_run",
                "filter.after",
                "filter.integration",
                "filter.states[0]",
            ],
        ),
    ] {
        let answer = server.admin(method, &path, &body.to_string()).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        let errors = answer.json()["errors"].clone();
        let errors = errors.as_array().unwrap().iter();
        let mut fields: Vec<_> = errors.map(|error| error["field"].as_str().unwrap()).collect();
        fields.sort_unstable();
        assert_eq!(fields, expected, "{body}");
    }
}

#[tokio::test]
async fn the_longest_names_and_queries_are_taken() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let app = format!("apps/{}", server.app_id);
    let (name, description) = ("ü".repeat(255), "ü".repeat(1_024));
    let level = format!("{app}/access-levels/{}", "%C3%BC".repeat(255));
    for (method, path, body, status) in [
        ("POST", "apps".to_owned(), json!({"name": name}), 201),
        ("PATCH", app.clone(), json!({"name": name}), 200),
        (
            "POST",
            format!("{app}/keys"),
            json!({"kind": "public", "label": name}),
            201,
        ),
        ("POST", "admin-tokens".to_owned(), json!({"label": name}), 201),
        ("PUT", level.clone(), json!({"description": description}), 200),
        (
            "PUT",
            level,
            json!({"description": format!("{description}x")}),
            422,
        ),
    ] {
        let answer = server.admin(method, &path, &body.to_string()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    }
    for (length, status) in [(1_024, 200), (1_025, 422)] {
        let query = format!("{app}/profiles?query={}", "%C3%BC".repeat(length));
        assert_eq!(server.admin("GET", &query, "").await.status, status, "{length}");
    }
}
