//! Tests of integrations' settings, asked for by the administration.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bursar::actions::integrations::block;
use bursar_domain::integrations;
use serde_json::{Map, Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::deliveries::{amplitude, app_id, enable, get, only, pushwoosh, sample, send, states};
use crate::support::direct::set_settings;
use crate::support::server::TestServer;
use crate::support::vendor::{Gate, Manner, Received, Vendor};

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
        let records = server.admin("GET", "audit?limit=2", "").await.json();
        for (place, passed) in [(0, true), (1, false)] {
            let told = &records["data"][place]["after"];
            assert_eq!(
                *told,
                json!({"passed": passed, "unblocked": passed}),
                "{backend:?}"
            );
        }
        assert!(
            vendor
                .received()
                .iter()
                .all(|one| one.headers["authorization"] == "Bearer s3cr3t-hook")
        );
    }
}

/// What follows the scheme is as secret as the whole.
#[tokio::test]
async fn what_a_failed_handshake_repeats_of_a_token_is_masked() {
    const TOKEN: &str = "tok_s3cr3t_123456";
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor =
            Vendor::with(|_, _| Manner::Answers(401, "the token tok_s3cr3t_123456 is unknown here")).await;
        let webhook = json!({"enabled": true, "settings": {
            "urls": {"production": vendor.url}, "authorizations": {"production": format!("Bearer {TOKEN}")}}});
        let set = send(&server, "PUT", "integrations/webhook", &webhook)
            .await
            .text();
        assert!(
            set.contains("the token ******** is unknown here"),
            "{backend:?}: {set}"
        );
        assert!(!set.contains(TOKEN), "{backend:?}: {set}");
        let tested = test(&server, "webhook").await.to_string();
        assert!(!tested.contains(TOKEN), "{backend:?}: {tested}");
    }
}

#[tokio::test]
async fn a_passed_handshake_ends_nothing_of_settings_that_were_saved_anew_meanwhile() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(503, "{}")).await;
        let set = async |path: &str| {
            let url = format!("{}{path}", vendor.url);
            let webhook = json!({"enabled": true, "settings": {"urls": {"production": url}}});
            send(&server, "PUT", "integrations/webhook", &webhook).await
        };
        assert_eq!(set("/first").await.json()["status"], "blocked");
        let gate = Gate::closed();
        let late = gate.holds(Manner::Answers(200, "{}"));
        vendor.script(move |request, _| match request.path.as_str() {
            "/first" => late.clone(),
            _ => Manner::Answers(503, "{}"),
        });
        let asked = vendor.count();
        let meanwhile = async {
            vendor.until_count(asked + 1).await;
            set("/second").await;
            gate.open();
        };
        let (tested, ()) = tokio::join!(test(&server, "webhook"), meanwhile);
        assert_eq!(tested["passed"], true, "{backend:?}");
        assert_eq!(get(&server, "integrations/webhook").await["status"], "blocked");
        let records = server.admin("GET", "audit", "").await.json();
        let tests = records["data"].as_array().unwrap().iter();
        let mut tests = tests.filter(|record| record["action"] == "integration.test");
        let after = &tests.next().unwrap()["after"];
        assert_eq!(after["unblocked"], false, "{backend:?}: {after}");
    }
}

#[tokio::test]
async fn an_event_that_is_marked_as_a_test_is_sent_once_and_not_stored() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let unset = send(&server, "POST", "integrations/amplitude/test", &Value::Null).await;
        assert_eq!(unset.status, 409, "{}", unset.text());
        enable(&server, "amplitude", json!({})).await;
        let without = send(&server, "POST", "integrations/amplitude/test", &Value::Null).await;
        assert_eq!(
            without.json()["detail"],
            "Amplitude has no credentials to test: `problems` names what is missing"
        );
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

/// What a third party says to credentials that are fine: two of them know no made-up customer.
fn to_good_credentials(request: &Received) -> Manner {
    match request.path.as_str() {
        "/event" => Manner::Answers(404, r#"{"error":"Event request failed (Device not found)"}"#),
        path if path.ends_with("/user/identity") => Manner::Answers(404, r#"{"errors":["not found"]}"#),
        // What a success is called by Meta, by Pushwoosh, by Tenjin and by Google; others look at the status alone.
        _ => Manner::Answers(
            200,
            r#"{"success":true,"status_code":200,"code":200,"validationMessages":[]}"#,
        ),
    }
}

#[tokio::test]
async fn every_integration_can_be_tested_and_shows_no_secret() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let apps = json!({"ios_bundle_id": "com.example.app", "android_package": "com.example.android"});
    set_settings(&server, apps).await;
    for integration in integrations::ALL {
        let slug = integration.slug;
        let vendor = Vendor::with(|request, _| to_good_credentials(request)).await;
        enable(&server, slug, sample(slug, &vendor.url)).await;
        let before = vendor.count();
        let tested = test(&server, slug).await;
        assert!(vendor.count() > before, "{slug}: {tested}");
        assert!(!tested["attempts"].as_array().unwrap().is_empty(), "{slug}");
        assert_eq!(tested["passed"], true, "{slug}: {tested}");
        vendor.script(|_, _| Manner::Answers(401, "you are s3cr3t-nobody"));
        let refused = test(&server, slug).await;
        assert_eq!(refused["passed"], false, "{slug}: {refused}");
        for tested in [tested, refused] {
            assert!(
                !tested.to_string().replace("s3cr3t-nobody", "").contains("s3cr3t"),
                "{slug}: {tested}"
            );
        }
    }
}

/// Third parties refuse or leave out what is old; and who looks for the test's event there, looks at now.
#[tokio::test]
async fn what_is_sent_as_a_test_happens_now() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let apps = json!({"ios_bundle_id": "com.example.app", "android_package": "com.example.android"});
    set_settings(&server, apps).await;
    let samples = integrations::ALL.iter().map(|integration| integration.slug);
    for sample_of in samples.chain(["facebook_ads.other"]) {
        let slug = sample_of.trim_end_matches(".other");
        let vendor = Vendor::start().await;
        enable(&server, slug, sample(sample_of, &vendor.url)).await;
        let before = vendor.count();
        test(&server, slug).await;
        assert!(vendor.count() > before, "{slug}");
        for request in vendor.received() {
            let told = format!("{} {}", request.path, request.body);
            // The clock stands at the beginning of 2026, in seconds 1767225600.
            assert!(
                !told.contains("2025-") && !told.contains("\":1764"),
                "{slug}: {told}"
            );
        }
    }
}

#[tokio::test]
async fn the_dates_of_a_test_are_written_as_in_events() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::start().await;
    enable(&server, "amplitude", amplitude(&vendor.url)).await;
    test(&server, "amplitude").await;
    let told = &vendor.received()[0].json()["events"][0]["event_properties"];
    for name in [
        "event_datetime",
        "purchase_date",
        "original_purchase_date",
        "subscription_expires_at",
    ] {
        assert_eq!(told[name], "2026-01-01T00:00:00.000000+0000", "{name}");
    }
}

/// Where the same credentials hold for both.
#[tokio::test]
async fn what_is_sent_as_a_test_is_of_the_sandbox_where_it_can_be() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::start().await;
    enable(&server, "pushwoosh", pushwoosh(&vendor.url)).await;
    test(&server, "pushwoosh").await;
    let told = vendor.received();
    let told = told.iter().map(|request| &request.body);
    let told: Vec<_> = told.filter(|body| body.contains("environment")).collect();
    assert!(!told.is_empty());
    assert!(
        told.iter()
            .all(|body| body.contains(r#""environment":"Sandbox""#)),
        "{told:?}"
    );
}

#[tokio::test]
async fn each_set_of_credentials_is_tested() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::start().await;
    let mut settings = amplitude(&vendor.url);
    settings["api_keys"] = json!({
        "sandbox": {"ios": "key-1", "android": "key-2"}, "production": {"ios": "key-3", "my_store": "key-4"}});
    enable(&server, "amplitude", settings).await;
    let keys = ["key-1", "key-2", "key-3", "key-4"];
    assert_eq!(test(&server, "amplitude").await["passed"], true);
    let received = vendor.received();
    assert_eq!(received.len(), keys.len());
    for key in keys {
        let with_key = received.iter().filter(|request| request.json()["api_key"] == key);
        assert_eq!(with_key.count(), 1, "{key}");
        vendor.script(move |request, _| match request.json()["api_key"] == key {
            true => Manner::Answers(400, r#"{"code":400,"error":"Invalid API key"}"#),
            false => Manner::Answers(200, "{}"),
        });
        let tested = test(&server, "amplitude").await;
        let verdicts = tested["attempts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tried| &tried["verdict"]);
        assert_eq!(tested["passed"], false, "{key}");
        assert_eq!(
            verdicts.filter(|verdict| **verdict == "misconfigured").count(),
            1,
            "{key}"
        );
    }
}

#[tokio::test]
async fn of_many_sets_of_credentials_no_more_are_tested_at_a_time_than_may_be_under_way() {
    const LATE: Duration = Duration::from_millis(100);
    let server = TestServer::on(Backend::SqliteMemory).await;
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&times);
    let vendor = Vendor::with(move |_, _| {
        noted.lock().unwrap().push(Instant::now());
        Manner::Late(LATE, 200, "{}")
    })
    .await;
    let keys: Map<_, _> = (0..9)
        .map(|number| (format!("store-{number}"), json!("k")))
        .collect();
    let mut settings = amplitude(&vendor.url);
    settings["api_keys"] = json!({"production": keys});
    settings["max_in_flight"] = json!(3);
    enable(&server, "amplitude", settings).await;
    let tested = test(&server, "amplitude").await;
    assert_eq!(tested["attempts"].as_array().unwrap().len(), 9, "{tested}");
    for four in times.lock().unwrap().windows(4) {
        assert!(four[3] - four[0] >= LATE, "{four:?}");
    }
}

/// Only a probe asks for the very credentials that were refused.
#[tokio::test]
async fn a_test_event_that_is_taken_ends_no_block() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let app = app_id(&server);
        let known = server.state.directory().app(app).cloned().unwrap();
        let saved = &known.integration("amplitude").unwrap().saved;
        let refused = block(&server.state, app, "amplitude", saved, Some("a wrong key"));
        assert!(refused.await.unwrap());
        let passed = test(&server, "amplitude").await;
        assert_eq!(
            (&passed["passed"], &passed["kind"]),
            (&json!(true), &json!("event"))
        );
        let shown = get(&server, "integrations/amplitude").await;
        assert_eq!(shown["status"], "blocked", "{backend:?}: {shown}");
    }
}
