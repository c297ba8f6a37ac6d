//! Administration of integrations, on every backend: what is set is kept and shown, secrets are not.

mod problems;
mod secrets;

use std::sync::Arc;

use bursar::directory::Directory;
use bursar::state::AppState;
use bursar::store::{Sql, Statement};
use bursar_domain::events::EventKind;
use bursar_domain::ids::AppId;
use bursar_domain::integrations::settings::{MASK, Settings};
use bursar_domain::integrations::{self, webhook};
use serde_json::{Value, json};

use super::support::awkward;
use super::support::backend::{ALL, Backend};
use super::support::deliveries::{app_id, put, shown};
use super::support::direct::add_app;
use super::support::server::TestServer;

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn set(server: &TestServer, settings: Value) -> Value {
    let answer = put(server, "webhook", true, &settings).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Every setting with a value that is not its default.
fn everything() -> Value {
    json!({
        "urls": {"production": "https://a.example/", "sandbox": "https://b.example/"},
        "authorizations": {"production": "Bearer s3cret-p", "sandbox": "Bearer s3cret-s"},
        "events": {"trial_active": true, "subscription_active": true, "access_level_updated": false},
        "event_names": {"trial_started": "Trial \u{1f980}"},
        "synthetic_delay_days": {"trial_active": 1, "subscription_active": 90},
        "send_trial_price": true, "send_user_attributes": true, "send_attribution": true,
        "send_play_store_purchase_token": true, "exclude_historical_events": true,
        "refund_amounts_positive": true, "retry_on": "non_2xx",
        "signing_secret": SIGNING, "signing_secret_previous": SIGNING,
    })
}

/// Puts what is said over what is shown, as the server does with defaults.
fn over(mut shown: Value, said: &Value) -> Value {
    match (shown.as_object_mut(), said.as_object()) {
        (Some(fields), Some(said)) => {
            for (name, value) in said {
                let before = fields.remove(name).unwrap();
                fields.insert(name.clone(), over(before, value));
            }
            shown
        }
        _ => said.clone(),
    }
}

/// Everything that is stored of integrations and the administration, as text.
async fn stored(state: &AppState) -> String {
    static INTEGRATIONS: Sql = Sql::same(
        "SELECT app_id, slug, enabled, settings, sealed_secrets FROM integrations ORDER BY app_id, slug",
    );
    static AUDIT: Sql = Sql::same("SELECT action, before, after FROM audit ORDER BY audit_id");
    static VERSION: Sql = Sql::same("SELECT version FROM directory_version");
    let mut all = String::new();
    for sql in [&INTEGRATIONS, &AUDIT, &VERSION] {
        let rows = state.store.read(Statement::new(sql, [])).await.unwrap();
        all += &format!("{rows:?}");
    }
    all
}

#[tokio::test]
async fn an_integration_that_was_never_set_is_off_and_has_its_defaults() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let webhook = shown(&server, "webhook").await;
        assert_eq!(
            (&webhook["slug"], &webhook["enabled"]),
            (&json!("webhook"), &json!(false))
        );
        assert_eq!(
            (&webhook["status"], &webhook["problems"]),
            (&json!("disabled"), &json!([]))
        );
        let settings = &webhook["settings"];
        assert_eq!(settings["urls"], json!({"production": null, "sandbox": null}));
        assert_eq!(
            settings["events"].as_object().unwrap().len(),
            EventKind::ALL.len()
        );
        assert_eq!(settings["events"]["trial_started"], true);
        assert_eq!(settings["events"]["trial_active"], false);
        assert_eq!(settings["event_names"]["trial_started"], "trial_started");
        assert_eq!(settings["retry_on"], "compatible");
        assert_eq!(settings["signing_secret"], Value::Null);
        let list = server
            .admin("GET", &format!("apps/{}/integrations", server.app_id), "")
            .await;
        let list = list.json();
        let slugs: Vec<_> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["slug"])
            .collect();
        let all: Vec<_> = integrations::ALL.iter().map(|known| known.slug).collect();
        assert_eq!(slugs, all, "{backend:?}");
        assert_eq!(
            (&list["data"][0], &list["next_cursor"]),
            (&webhook, &Value::Null),
            "{backend:?}"
        );
        let set = set(&server, json!({})).await;
        assert_eq!(&set["settings"], settings);
    }
}

#[tokio::test]
async fn a_setting_that_is_given_twice_is_refused() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let path = format!("apps/{}/integrations/amplitude", server.app_id);
    let body = r#"{"enabled": false, "settings": {"api_keys": {"production": {"ios": "a", "ios": "b"}}}}"#;
    let refused = server.admin("PUT", &path, body).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let twice = json!([{"field": "settings.api_keys.production.ios", "detail": "is given twice"}]);
    assert_eq!(refused.json()["errors"], twice);
}

#[tokio::test]
async fn what_is_set_is_shown_with_its_secrets_masked() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let defaults = shown(&server, "webhook").await["settings"].clone();
        let set = set(&server, everything()).await;
        let mut expected = over(defaults, &everything());
        for secret in [
            "/authorizations/production",
            "/authorizations/sandbox",
            "/signing_secret",
            "/signing_secret_previous",
        ] {
            *expected.pointer_mut(secret).unwrap() = json!(MASK);
        }
        assert_eq!(set["settings"], expected, "{backend:?}");
        // Nobody answers there, so the addresses are not proved.
        assert_eq!(
            (&set["enabled"], &set["status"]),
            (&json!(true), &json!("blocked"))
        );
        let problems = set["problems"].as_array().unwrap().iter();
        let fields: Vec<_> = problems
            .map(|problem| problem["field"].as_str().unwrap())
            .collect();
        let without_effect = "settings.send_play_store_purchase_token";
        assert_eq!(fields, [without_effect, "status"]);
        assert_eq!(shown(&server, "webhook").await, set, "{backend:?}");
        let off = put(&server, "webhook", false, &set["settings"]).await.json();
        assert_eq!(
            (&off["status"], &off["settings"]),
            (&json!("disabled"), &expected)
        );
    }
}

#[tokio::test]
async fn missing_settings_take_their_defaults_again() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let defaults = set(&server, json!({})).await;
        set(&server, everything()).await;
        assert_eq!(set(&server, json!({})).await, defaults, "{backend:?}");
        let directory = server.state.directory();
        let app = directory.app(app_id(&server)).unwrap();
        let settings = &app.integration("webhook").unwrap().settings;
        assert!(*settings == Settings::defaults(webhook::INTEGRATION.settings));
    }
}

#[tokio::test]
async fn bad_settings_are_refused_with_their_paths_and_nothing_is_stored() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for is_set in [false, true] {
            if is_set {
                set(&server, json!({"urls": {"production": "https://a.example/"}})).await;
            }
            let before = stored(&server.state).await;
            let path = format!("apps/{}/integrations/webhook", server.app_id);
            for (settings, field) in [
                (json!({"url": "https://a.example/"}), "settings.url"),
                (
                    json!({"urls": {"staging": "https://a.example/"}}),
                    "settings.urls.staging",
                ),
                (
                    json!({"urls": {"sandbox": "mailto:a@b.cd"}}),
                    "settings.urls.sandbox",
                ),
                (
                    json!({"urls": {"sandbox": "https://u:p@a.example"}}),
                    "settings.urls.sandbox",
                ),
                (
                    json!({"events": {"trial_begun": true}}),
                    "settings.events.trial_begun",
                ),
                (
                    json!({"events": {"trial_active": true}}),
                    "settings.synthetic_delay_days.trial_active",
                ),
                (
                    json!({"synthetic_delay_days": {"trial_active": 91}}),
                    "settings.synthetic_delay_days.trial_active",
                ),
                (json!({"signing_secret": MASK}), "settings.signing_secret"),
                (
                    json!({"authorizations": {"sandbox": "a\u{0}"}}),
                    "settings.authorizations.sandbox",
                ),
                (json!([]), "settings"),
            ] {
                let refused = put(&server, "webhook", true, &settings).await;
                assert_eq!(refused.status, 422, "{backend:?} {settings}: {}", refused.text());
                assert_eq!(refused.json()["errors"][0]["field"], field, "{settings}");
            }
            for (body, field) in [
                ("{}", "enabled"),
                (r#"{"enabled":true}"#, "settings"),
                (r#"{"settings":{}}"#, "enabled"),
                (r#"{"enabled":"yes","settings":{}}"#, "enabled"),
                (r#"{"enabled":true,"settings":{},"status":"ok"}"#, "status"),
            ] {
                let refused = server.admin("PUT", &path, body).await;
                assert_eq!(refused.json()["errors"][0]["field"], field, "{backend:?} {body}");
            }
            assert_eq!(stored(&server.state).await, before, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let body = r#"{"enabled":true,"settings":{}}"#;
        let unknown = format!("apps/{}/integrations", server.app_id);
        for path in [
            format!("apps/{NOBODY}/integrations/webhook"),
            "apps/default/integrations/webhook".into(),
            format!("{unknown}/webhooks"),
            format!("{unknown}/WEBHOOK"),
            format!("{unknown}/%00"),
        ] {
            for (method, body) in [("GET", ""), ("PUT", body)] {
                let answer = server.admin(method, &path, body).await;
                assert_eq!(
                    answer.status,
                    404,
                    "{backend:?} {method} {path}: {}",
                    answer.text()
                );
            }
        }
        let nobody = server
            .admin("GET", &format!("apps/{NOBODY}/integrations"), "")
            .await;
        assert_eq!(nobody.status, 404, "{backend:?}");
    }
}

#[tokio::test]
async fn the_catalogue_describes_each_integration() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let catalogue = server.admin("GET", "integrations", "").await.json();
    assert_eq!(catalogue["next_cursor"], Value::Null);
    let webhook = &catalogue["data"][0];
    assert_eq!(
        (&webhook["slug"], &webhook["title"]),
        (&json!("webhook"), &json!("Webhook"))
    );
    assert_eq!(webhook["identifiers"], json!([]));
    assert_eq!(webhook["limits"]["repeat_age_hours"], 24);
    let described = &webhook["settings"]["properties"];
    let set = set(&server, everything()).await;
    let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(described), names(&set["settings"]));
    assert_eq!(
        names(&described["urls"]["properties"]),
        names(&set["settings"]["urls"])
    );
}

#[tokio::test]
async fn each_app_has_settings_of_its_own() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let other = add_app(&server.state).await;
        set(&server, everything()).await;
        let of_other = format!("apps/{}/integrations/webhook", other.id);
        let answer = server.admin("GET", &of_other, "").await.json();
        assert_eq!(
            (&answer["enabled"], &answer["settings"]["urls"]["sandbox"]),
            (&json!(false), &json!(null))
        );
        let directory = server.state.directory();
        let enabled = |app| directory.app(app).unwrap().enabled().count();
        assert_eq!(enabled(AppId(other.id)), 0, "{backend:?}");
        assert_eq!(enabled(app_id(&server)), 1, "{backend:?}");
    }
}

#[tokio::test]
async fn what_an_app_wants_is_in_memory_at_once_and_other_servers_are_told() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let state = &server.state;
        let wants = || {
            let directory = state.directory();
            let app = directory.app(app_id(&server)).unwrap();
            let timers = app.timers();
            let days = [timers.trial_active, timers.subscription_active];
            let days = days.map(|list| list.iter().map(|timer| timer.days).collect::<Vec<_>>());
            (app.makes_access_level_updated(), days)
        };
        let none = || [vec![], vec![]];
        assert_eq!(wants(), (false, none()), "{backend:?}: it was never set");
        let known = state.directory();
        set(&server, json!({})).await;
        assert!(known.is_outdated(&state.store).await.unwrap(), "{backend:?}");
        assert_eq!(wants(), (true, none()), "{backend:?}: it has its defaults");
        set(&server, everything()).await;
        assert_eq!(wants(), (false, [vec![1], vec![90]]), "{backend:?}");
        {
            let directory = state.directory();
            let app = directory.app(app_id(&server)).unwrap();
            let settings = &app.integration("webhook").unwrap().settings;
            assert_eq!(settings.text("urls.sandbox"), Some("https://b.example/"));
            assert_eq!(settings.event_name(EventKind::TrialStarted), "Trial \u{1f980}");
            assert_eq!(settings.text("retry_on"), Some("non_2xx"));
        }
        put(&server, "webhook", false, &everything()).await;
        assert_eq!(wants(), (false, none()), "{backend:?}: it is off");
    }
}

#[tokio::test]
async fn a_change_leaves_a_record_of_before_and_after() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let first = set(&server, json!({})).await;
        set(&server, everything()).await;
        let audit = server.admin("GET", "audit?limit=2", "").await.json();
        let (second, made) = (&audit["data"][0], &audit["data"][1]);
        assert_eq!(
            (&second["action"], &second["target"]),
            (&json!("integration.set"), &json!("webhook"))
        );
        assert_eq!(second["app_id"], server.app_id);
        assert_eq!(made["before"], Value::Null, "{backend:?}");
        assert_eq!(
            second["before"],
            json!({"enabled": true, "settings": first["settings"]})
        );
        assert_eq!(second["after"]["settings"]["signing_secret"], MASK);
    }
}

#[test]
fn every_url_that_is_taken_names_the_same_host_to_what_will_send() {
    let fields = webhook::INTEGRATION.settings;
    let defaults = Settings::defaults(fields);
    let mut taken = 0;
    for text in awkward::strings() {
        let authority = format!("{text}.example");
        let host = authority.split(['/', '?', ':']).next().unwrap();
        for (url, host) in [
            (format!("https://a.example/{text}"), "a.example"),
            (format!("https://a.example?{text}"), "a.example"),
            (format!("http://{authority}"), host),
            (format!("http://[::1]{text}"), "[::1]"),
        ] {
            let said = json!({"urls": {"production": url}});
            if Settings::read(fields, said.as_object().unwrap(), &defaults).is_ok() {
                let uri: axum::http::Uri = url.parse().unwrap_or_else(|_| panic!("{url}"));
                assert_eq!(uri.host(), Some(host), "{url}");
                taken += 1;
            }
        }
    }
    assert!(taken > 100, "{taken}");
}

#[tokio::test]
async fn parallel_changes_follow_each_other() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let urls: Vec<_> = (0..8)
            .map(|n| json!({"urls": {"production": format!("https://{n}.example/")}}))
            .collect();
        let puts = urls.iter().map(|url| put(&server, "webhook", true, url));
        let answers = futures_util::future::join_all(puts).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{backend:?}");
        let audit = server.admin("GET", "audit?limit=8", "").await.json();
        let mut records = audit["data"].as_array().unwrap().clone();
        records.retain(|record| !record["before"].is_null());
        assert_eq!(
            records.len(),
            7,
            "{backend:?}: each but the first has one before it"
        );
        let befores: std::collections::BTreeSet<String> = records
            .iter()
            .map(|record| record["before"].to_string())
            .collect();
        assert_eq!(befores.len(), 7, "{backend:?}");
    }
}

/// Makes apps, and saves an integration of each for the first time.
async fn save_first(server: Arc<TestServer>) {
    const APPS: usize = 20;
    for _ in 0..APPS {
        let path = format!("apps/{}/integrations/amplitude", add_app(&server.state).await.id);
        let body = json!({"enabled": true, "settings": {}}).to_string();
        let saved = server.admin("PUT", &path, &body).await;
        assert_eq!(saved.status, 200, "{}", saved.text());
    }
}

/// A worker that knew an integration without its parts would never look at them again.
#[tokio::test(flavor = "multi_thread")]
async fn an_integration_is_never_known_without_its_parts() {
    for backend in ALL {
        let server = Arc::new(TestServer::on(backend).await);
        // In a task of its own, so that both are at work at once.
        let saving = tokio::spawn(save_first(Arc::clone(&server)));
        while !saving.is_finished() {
            let known = Directory::load(&server.state.store, &server.state.vault, None);
            for integration in known.await.unwrap().apps().flat_map(|app| app.enabled()) {
                assert_eq!(integration.targets.len(), 1, "{backend:?}");
            }
        }
        saving.await.unwrap();
    }
}
