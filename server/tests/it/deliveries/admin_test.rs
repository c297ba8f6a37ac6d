//! Tests of integrations' settings, asked for by the administration.

use std::path::Path;

use bursar_domain::integrations;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::deliveries::{amplitude, enable, get, only, send, states};
use crate::support::direct::set_settings;
use crate::support::server::TestServer;
use crate::support::vendor::{Manner, Vendor};

async fn test(server: &TestServer, slug: &str) -> Value {
    let answer = send(server, "POST", &format!("integrations/{slug}/test"), &Value::Null).await;
    assert_eq!(answer.status, 200, "{slug}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_passed_handshake_ends_what_a_failed_one_began() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(503, "Bearer s3cr3t-hook")).await;
        let webhook = json!({"enabled": true, "settings": {
            "urls": {"production": vendor.url}, "authorizations": {"production": "Bearer s3cr3t-hook"}}});
        let set = send(&server, "PUT", "integrations/webhook", &webhook)
            .await
            .json();
        assert_eq!(set["status"], "blocked", "{backend:?}");
        let failed = test(&server, "webhook").await;
        assert_eq!(
            (&failed["passed"], &failed["kind"]),
            (&json!(false), &json!("probe"))
        );
        let tried = only(failed["attempts"].as_array().unwrap());
        assert_eq!(
            (&tried["status"], &tried["verdict"]),
            (&json!(503), &json!("misconfigured"))
        );
        assert_eq!(
            (&tried["answer"], &tried["request"]["body"]),
            (&json!("********"), &json!("{}"))
        );
        assert_eq!(tried["request"]["headers"]["authorization"], "********");
        assert_eq!(get(&server, "integrations/webhook").await["status"], "blocked");
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        assert_eq!(test(&server, "webhook").await["passed"], true, "{backend:?}");
        assert_eq!(get(&server, "integrations/webhook").await["status"], "ok");
        assert!(
            vendor
                .received()
                .iter()
                .all(|one| one.headers["authorization"] == "Bearer s3cr3t-hook")
        );
    }
}

#[tokio::test]
async fn an_event_that_is_marked_as_a_test_is_sent_once_and_not_stored() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let unset = send(&server, "POST", "integrations/amplitude/test", &Value::Null).await;
        assert_eq!(unset.status, 409, "{}", unset.text());
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let passed = test(&server, "amplitude").await;
        assert_eq!(
            (&passed["passed"], &passed["kind"]),
            (&json!(true), &json!("event")),
            "{backend:?}"
        );
        let received = vendor.received();
        assert_eq!(received.len(), 1);
        assert!(received[0].body.contains("bursar-test") && received[0].body.contains("trial_started"));
        assert_eq!(states(&server).await, [""; 0]);
        assert_eq!(get(&server, "events").await["data"], json!([]));
        let nobody = send(&server, "POST", "integrations/nobody/test", &Value::Null).await;
        assert_eq!(nobody.status, 404);
    }
}

#[tokio::test]
async fn every_integration_can_be_tested_and_shows_no_secret() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::with(|_, _| Manner::Answers(200, "{}")).await;
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/tests/integrations/settings");
    let apps = json!({"ios_bundle_id": "com.example.app", "android_package": "com.example.android"});
    set_settings(&server, apps).await;
    for integration in integrations::ALL {
        let slug = integration.slug;
        let sample = std::fs::read_to_string(samples.join(format!("{slug}.json"))).unwrap();
        let mut settings: Value = serde_json::from_str(&sample).unwrap();
        match slug {
            "webhook" => settings["urls"] = json!({"production": vendor.url, "sandbox": vendor.url}),
            _ => settings["base_url"] = json!(vendor.url),
        }
        if slug == "posthog" {
            settings["instance_url"] = json!(vendor.url);
            settings.as_object_mut().unwrap().remove("base_url");
        }
        settings["events"] = json!({"trial_active": false, "subscription_active": false});
        enable(&server, slug, settings).await;
        let before = vendor.count();
        let tested = test(&server, slug).await;
        assert!(vendor.count() > before, "{slug}: {tested}");
        assert!(!tested["attempts"].as_array().unwrap().is_empty(), "{slug}");
        assert!(!tested.to_string().contains("s3cr3t"), "{slug}: {tested}");
    }
}
