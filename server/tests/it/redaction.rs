//! Nothing secret or personal is logged, counted or told to others: canaries stand in every such field, the log is
//! as fine as it can be, and requests go right, wrong and into a failing database.

use std::process::{Command, Output};

use bursar::config::{Config, LogFormat, LogLevel, Settings};
use serde_json::{Map, Value, json};

use super::support::backend::{Folder, fresh_postgres_url, postgres_client};
use super::support::purchases::{numbered, with};
use super::support::raw::RawServer;
use super::support::running::server;
use super::support::server::{ATTRIBUTION, GRANT, IDENTIFIERS, PROFILE, REFUND_SAVER, REVOKE, TRANSACTION};

const MASTER_KEY: &str = "ca9a47ca9a47ca9a47ca9a47ca9a47ca9a47ca9a47ca9a47ca9a47ca9a47ca9a";
/// Stands in every value that is a text; the others are listed below.
const CANARY: &str = "canary";
const OTHER_CANARIES: [&str; 6] = [
    "y2fuyxj5",
    "ca9a47",
    "1987-06-05",
    "203.0.113.77",
    "c0ffee00-0000-4000-8000-00000000ca9a",
    "ca9a4700",
];
const USER: (&str, &str) = ("adapty-customer-user-id", "canary-customer");
const ID: (&str, &str) = ("adapty-profile-id", "ca9a4700-0000-4000-8000-000000000001");
const KEY: (&str, &str) = ("idempotency-key", "canary-idempotency");

#[test]
fn on_sqlite_nothing_secret_or_personal_leaves_the_server() {
    for format in ["human", "json"] {
        nothing_leaks("sqlite", format, "answered", |_| {});
    }
}

#[tokio::test]
async fn on_postgres_nothing_secret_or_personal_leaves_the_server_even_when_statements_fail() {
    let url = fresh_postgres_url().await;
    let client = postgres_client(&url).await;
    let runtime = tokio::runtime::Handle::current();
    let and_then = move |program: &RawServer| {
        // The detail of this error is the whole row.
        let broken = "ALTER TABLE profiles ADD CHECK (email IS NULL) NOT VALID";
        runtime.block_on(client.batch_execute(broken)).unwrap();
        let body = br#"{"email":"canary-2@example.org","first_name":"canary-first"}"#;
        let answer = program.call("POST", PROFILE, &[USER], body);
        assert_eq!(answer.status, 500, "{}", answer.text());
        assert_no_canary("a failure's answer", &answer.text());
        let broken = "ALTER TABLE transactions ADD CHECK (report = '') NOT VALID";
        runtime.block_on(client.batch_execute(broken)).unwrap();
        program.call(
            "POST",
            PROFILE,
            &[("adapty-customer-user-id", "canary-other")],
            b"",
        );
        let user = [("adapty-customer-user-id", "canary-other")];
        let body = numbered(purchase("subscription"), "canary-new").to_string();
        let answer = program.call("POST", TRANSACTION, &user, body.as_bytes());
        assert_eq!(answer.status, 500, "{}", answer.text());
        assert_no_canary("a failure's answer", &answer.text());
    };
    tokio::task::spawn_blocking(move || nothing_leaks(&url, "human", "a request failed", and_then))
        .await
        .unwrap();
}

/// `logged` is a line that must be there, so that the log is known to be on.
fn nothing_leaks(database: &str, format: &str, logged: &str, and_then: impl FnOnce(&RawServer)) {
    let program = RawServer::start(&[
        ("BURSAR_DATABASE", database),
        ("BURSAR_LOG_LEVEL", "trace"),
        ("BURSAR_LOG_FORMAT", format),
        ("BURSAR_MASTER_KEY", MASTER_KEY),
    ]);
    say_everything(&program);
    set_the_webhook(&program);
    and_then(&program);
    let metrics = program.call_as_is("GET", "/metrics", &[], b"").text();
    assert!(metrics.contains("bursar_http_request_duration"), "{metrics}");
    assert_no_canary("the metrics", &metrics);
    let keys = [&program.secret_key, &program.public_key, &program.admin_token]
        .map(|key| key.split_once('.').unwrap().1.to_owned());
    let log = program.stop();
    assert!(log.contains(logged) && log.contains("DEBUG"), "{log}");
    assert_no_canary("the log", &log);
    for key in keys {
        assert!(!log.contains(&key), "a key is in the log: {log}");
    }
}

fn canary_in(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let mut all = OTHER_CANARIES.into_iter().chain([CANARY]);
    all.find(|canary| lower.contains(canary))
}

fn assert_no_canary(place: &str, text: &str) {
    let found = canary_in(text);
    assert_eq!(found, None, "in {place}: {text}");
}

/// Good requests, refused ones and broken ones; each holds what must not be told.
fn say_everything(program: &RawServer) {
    say_of_customers(program);
    say_refused(program);
    say_with_wrong_keys(program);
    say_noise(program);
    let gone = program.call("DELETE", PROFILE, &[USER], b"");
    assert_eq!(gone.status, 204);
}

fn say_of_customers(program: &RawServer) {
    let (profile, identifiers) = (person().to_string(), all_identifiers().to_string());
    let (bought, subscribed) = (
        purchase("one_time_purchase").to_string(),
        purchase("subscription").to_string(),
    );
    let premium = r#"{"access_level_id":"premium"}"#;
    let attribution = json!({
        "customer_user_id": "canary-customer", "status": "organic", "attribution_user_id": "canary-user",
        "channel": "canary-channel", "campaign": "canary-campaign", "ad_group": "canary-group",
        "ad_set": "canary-set", "creative": "canary-creative",
    });
    let attribution = attribution.to_string();
    for (method, path, headers, body) in [
        ("POST", PROFILE, vec![USER, ID, KEY], profile.as_str()),
        ("POST", PROFILE, vec![USER, ID, KEY], profile.as_str()),
        ("PATCH", PROFILE, vec![ID], profile.as_str()),
        ("POST", IDENTIFIERS, vec![USER, KEY], identifiers.as_str()),
        ("POST", IDENTIFIERS, vec![USER], identifiers.as_str()),
        ("POST", TRANSACTION, vec![USER, KEY], bought.as_str()),
        ("POST", TRANSACTION, vec![USER], bought.as_str()),
        ("POST", TRANSACTION, vec![USER], subscribed.as_str()),
        ("POST", TRANSACTION, vec![ID], subscribed.as_str()),
        ("POST", GRANT, vec![USER, KEY], premium),
        ("POST", GRANT, vec![USER], premium),
        ("POST", REVOKE, vec![USER], premium),
        ("POST", REFUND_SAVER, vec![USER], r#"{"consent":true}"#),
        ("POST", ATTRIBUTION, vec![KEY], attribution.as_str()),
        ("POST", ATTRIBUTION, vec![], attribution.as_str()),
        ("GET", PROFILE, vec![USER], ""),
        ("GET", IDENTIFIERS, vec![ID], ""),
    ] {
        let answer = program.call(method, path, &headers, body.as_bytes());
        assert!(
            [200, 201, 422].contains(&answer.status),
            "{method} {path}: {}",
            answer.text()
        );
    }
}

/// Refusals tell which field is wrong, and not what stood in it.
fn say_refused(program: &RawServer) {
    let refused = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let answer = program.call(method, path, headers, body.as_bytes());
        assert!((400..500).contains(&answer.status), "{method} {path}");
        assert_no_canary("a refusal", &answer.text());
    };
    for purchase in wrong_purchases() {
        refused("POST", TRANSACTION, &[USER], &purchase.to_string());
    }
    for (path, body) in [
        (PROFILE, r#"{"email":"canary","gender":"canary"}"#),
        (PROFILE, r#"{"birthday":"canary","ip_v4_address":"canary"}"#),
        (PROFILE, r#"{"first_name":canary}"#),
        (IDENTIFIERS, r#"{"branch_id":["canary"]}"#),
        (IDENTIFIERS, r#""canary""#),
        (GRANT, r#"{"access_level_id":"canary"}"#),
        (GRANT, r#"{"access_level_id":["canary"],"expires_at":"canary"}"#),
        (REVOKE, r#"{"access_level_id":"canary"}"#),
        (REVOKE, r#"{"access_level_id":"premium","revoke_at":"canary"}"#),
        (
            REFUND_SAVER,
            r#"{"custom_preference":"canary","consent":"canary"}"#,
        ),
    ] {
        refused("POST", path, &[USER], body);
    }
    for body in [
        r#"{"profile_id":"canary","status":"canary","channel":["canary"]}"#,
        r#"{"customer_user_id":"canary","status":"organic"}"#,
    ] {
        refused("POST", ATTRIBUTION, &[], body);
    }
    let (long, bought) = ("canary".repeat(300), purchase("one_time_purchase").to_string());
    let wrong_id = ("adapty-profile-id", "canary");
    refused("POST", PROFILE, &[("adapty-customer-user-id", &long)], "{}");
    refused("POST", PROFILE, &[wrong_id], "{}");
    refused("GET", PROFILE, &[USER, wrong_id], "");
    refused("POST", TRANSACTION, &[wrong_id], &bought);
    refused(
        "POST",
        IDENTIFIERS,
        &[USER, ("content-type", "text/canary")],
        "canary",
    );
    refused(
        "POST",
        IDENTIFIERS,
        &[USER, ("content-encoding", "canary")],
        "canary",
    );
    let wrong_key = ("idempotency-key", "canary canary");
    refused(
        "POST",
        IDENTIFIERS,
        &[USER, wrong_key],
        r#"{"branch_id":"canary"}"#,
    );
    refused("GET", "/canary?canary=canary", &[USER], "");
    refused("PUT", &format!("{PROFILE}?canary=canary"), &[USER], "canary");
}

/// One whose fields are wrong, one that breaks a rule, and one of another type than its chain.
fn wrong_purchases() -> [Value; 3] {
    let long = "canary".repeat(300);
    let fields = json!({
        "environment": "canary", "store": long, "store_transaction_id": long, "purchased_at": "canary",
        "offer": {"category": "canary", "type": "canary", "id": long}, "cancellation_reason": "canary",
        "price": {"country": "canary", "currency": "canary", "value": "canary"},
    });
    let rule = json!({"grace_period_expires_at": "2027-01-01T00:00:00Z"});
    [
        with(purchase("subscription"), fields),
        with(purchase("subscription"), rule),
        numbered(purchase("one_time_purchase"), "canary-chain"),
    ]
}

fn say_with_wrong_keys(program: &RawServer) {
    let profile = person().to_string();
    for authorization in [
        "Api-Key secret_live_canary00.canary",
        "Bearer canary",
        "Basic canary",
        "canary",
    ] {
        let headers = [("authorization", authorization), USER];
        let answer = program.call_as_is("POST", PROFILE, &headers, profile.as_bytes());
        assert_eq!(answer.status, 401);
        assert_no_canary("a refusal", &answer.text());
    }
}

/// What is no HTTP, and what ends too early.
fn say_noise(program: &RawServer) {
    for bytes in [
        "canary\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\ncanary canary\r\n\r\n".into(),
        format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "canary".repeat(10_000)),
        "POST / HTTP/1.1\r\ncontent-length: canary\r\n\r\n".into(),
    ] {
        assert_no_canary("an answer to noise", &program.send(bytes.as_bytes()).text());
    }
    let head = format!(
        "POST {PROFILE} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {}\r\ncontent-length: 100\r\n\r\ncanary",
        program.secret_key
    );
    let mut early = program.connect();
    std::io::Write::write_all(&mut early, head.as_bytes()).unwrap();
}

/// Settings with canaries: what is secret of them is in no answer either.
fn set_the_webhook(program: &RawServer) {
    let bearer = format!("Bearer {}", program.admin_token);
    let admin = |method: &str, path: &str, body: &str| {
        let headers = [("authorization", bearer.as_str())];
        program.call_as_is(method, &format!("/admin/v1/{path}"), &headers, body.as_bytes())
    };
    let apps: Value = serde_json::from_str(&admin("GET", "apps", "").text()).unwrap();
    let webhook = format!(
        "apps/{}/integrations/webhook",
        apps["data"][0]["app_id"].as_str().unwrap()
    );
    let signing = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5";
    let settings = json!({
        "authorizations": {"production": "Bearer canary-p", "sandbox": "canary-s"},
        "signing_secret": signing, "signing_secret_previous": signing,
    });
    let body = |settings: &Value| json!({"enabled": true, "settings": settings}).to_string();
    let set = admin("PUT", &webhook, &body(&settings));
    assert_eq!(set.status, 200, "{}", set.text());
    for answer in [set, admin("GET", &webhook, ""), admin("GET", "audit", "")] {
        assert_no_canary("an answer", &answer.text());
    }
    // Addresses are shown to administrators, and to nobody else.
    let mut with_urls = settings.clone();
    with_urls["urls"] = json!({"production": "https://canary.example/canary?canary"});
    with_urls["event_names"] = json!({"trial_started": "canary"});
    assert_eq!(admin("PUT", &webhook, &body(&with_urls)).status, 200);
    for wrong in [
        json!({"authorizations": {"production": "canary\n"}}),
        json!({"authorizations": {"production": ["canary"]}}),
        json!({"signing_secret": "canary"}),
        json!({"urls": {"sandbox": "canary"}}),
        json!({"urls": {"sandbox": "https://canary:canary@example.com"}}),
        json!({"retry_on": "canary"}),
        json!("canary"),
    ] {
        let refused = admin("PUT", &webhook, &body(&wrong));
        assert_eq!(refused.status, 422, "{wrong}");
        assert_no_canary("a refusal", &refused.text());
    }
}

/// Every personal field that a profile has.
fn person() -> Value {
    let mut meta: Map<String, Value> = [
        "device_id",
        "device",
        "locale",
        "os",
        "timezone",
        "user_agent",
        "idfa",
        "idfv",
        "advertising_id",
        "android_id",
        "android_app_set_id",
        "app_build",
        "app_version",
    ]
    .map(|name| (name.to_owned(), json!(format!("canary-{name}"))))
    .into_iter()
    .collect();
    meta.insert("platform".into(), json!("canary"));
    json!({
        "first_name": "canary-first", "last_name": "canary-last", "email": "canary@example.org",
        "phone_number": "canary-phone", "birthday": "1987-06-05", "ip_v4_address": "203.0.113.77",
        "store": "canary-store", "store_account_token": "c0ffee00-0000-4000-8000-00000000ca9a",
        "custom_attributes": [{"key": "canary-key", "value": "canary-value"}],
        "installation_meta": meta,
    })
}

/// A purchase with a canary in every free text.
fn purchase(kind: &str) -> Value {
    let chain = if kind == "subscription" {
        "canary-chain"
    } else {
        "canary-once"
    };
    json!({
        "purchase_type": kind, "store": "canary-store", "store_product_id": "canary-product",
        "store_base_plan_id": "canary-plan", "store_transaction_id": chain,
        "store_original_transaction_id": chain, "variation_id": "canary-variation",
        "offer": {"category": "promotional", "type": "pay_up_front", "id": "canary-offer"},
        "price": {"country": "DE", "currency": "SEK", "value": 1}, "purchased_at": "2025-12-15T00:00:00Z",
        "originally_purchased_at": "2025-12-15T00:00:00Z", "expires_at": "2026-01-15T00:00:00Z",
        "renew_status": false,
    })
}

fn all_identifiers() -> Value {
    let names = bursar_domain::profile::identifiers::NAMES;
    names
        .iter()
        .map(|name| ((*name).to_owned(), json!(format!("canary-{name}"))))
        .collect::<Map<_, _>>()
        .into()
}

#[test]
fn a_start_that_fails_tells_no_secret() {
    let folder = Folder::new();
    let file = folder.0.join("bursar.toml");
    let fails = |variables: &[(&str, &str)], settings: &str, reason: &str| {
        std::fs::write(&file, settings).unwrap();
        let output = Command::new(server())
            .arg("serve")
            .current_dir(&folder.0)
            .env("BURSAR_LOG_LEVEL", "trace")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success() && told.contains(reason), "{told}");
        assert_no_canary("what a failed start tells", &told);
    };
    let database = |url| [("BURSAR_DATABASE", url)];
    fails(
        &database("postgres://u:canary@127.0.0.1:1/x"),
        "",
        "not available",
    );
    fails(
        &database("postgres://u:canary@127.0.0.1:port/x"),
        "",
        "connection string",
    );
    fails(
        &database("mysql://u:canary@h/x"),
        "",
        "must be sqlite, sqlite:FILE",
    );
    let memory = ("BURSAR_DATABASE", "sqlite::memory:");
    fails(&[memory, ("BURSAR_MASTER_KEY", "canary")], "", "64 hex digits");
    fails(&[], "\nmaster_key = \"canary\" x", "line 2");
    fails(&[], "database = [\"postgres://u:canary@h/x\"]", "line 1");
}

/// Runs a test of this file as a program of its own: the log and the panic hook are the whole program's.
fn on_its_own(test: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .output()
        .unwrap()
}

/// Each canary, wherever it stands in a line of our own log and in whichever form that is.
#[test]
fn a_canary_in_the_log_is_found() {
    for test in [
        "redaction::logs_canaries_for_humans",
        "redaction::logs_canaries_as_json",
    ] {
        let child = on_its_own(test);
        let log = String::from_utf8_lossy(&child.stderr);
        let lines: Vec<_> = log.lines().filter(|line| line.contains("leak")).collect();
        assert_eq!(lines.len(), 2 * (OTHER_CANARIES.len() + 1), "{log}");
        for line in lines {
            assert!(canary_in(line).is_some(), "{line}");
        }
        assert_eq!(canary_in("a request failed"), None);
    }
}

#[test]
#[ignore = "run as a program of its own by the test above"]
fn logs_canaries_for_humans() {
    log_canaries(LogFormat::Human);
}

#[test]
#[ignore = "run as a program of its own by the test above"]
fn logs_canaries_as_json() {
    log_canaries(LogFormat::Json);
}

fn log_canaries(format: LogFormat) {
    let settings = Settings {
        log_format: Some(format),
        log_level: Some(LogLevel::Trace),
        ..Settings::default()
    };
    bursar::logging::start(&Config::load(settings).unwrap());
    for canary in OTHER_CANARIES.into_iter().chain([CANARY]) {
        tracing::trace!(target: "bursar", field = canary.to_uppercase(), "leak");
        tracing::error!("leak of <{canary}>");
    }
}

#[test]
fn a_panic_is_logged_with_its_place_and_without_its_message() {
    let child = on_its_own("redaction::panics_with_a_canary");
    let log = String::from_utf8_lossy(&child.stderr);
    assert!(!child.status.success(), "{log}");
    assert!(log.contains("panic") && log.contains("redaction.rs"), "{log}");
    assert_no_canary("the log", &log.replace("panics_with_a_canary", ""));
}

#[test]
#[ignore = "run as a program of its own by the test above"]
fn panics_with_a_canary() {
    let config = Config::load(Settings::default()).unwrap();
    bursar::logging::start(&config);
    let value = format!("{CANARY}-value");
    panic!("the value was {value}");
}
