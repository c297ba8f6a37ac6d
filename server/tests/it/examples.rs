//! The programs under `examples/`, and the founding document's own form of request, against the running program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::support::backend::Folder;
use super::support::raw::RawServer;
use super::support::server::{IDENTIFIERS, PROFILE, TRANSACTION};

/// The identifiers that the founding document's example sets, in its order.
const FOUNDING: [&str; 13] = [
    "pushwoosh_hwid",
    "mixpanel_user_id",
    "facebook_anonymous_id",
    "firebase_app_instance_id",
    "amplitude_user_id",
    "amplitude_device_id",
    "appmetrica_device_id",
    "appmetrica_profile_id",
    "one_signal_subscription_id",
    "branch_id",
    "appsflyer_id",
    "adjust_device_id",
    "airbridge_device_id",
];

fn program_with_user(customer: &str) -> RawServer {
    let program = RawServer::start(&[("BURSAR_DATABASE", "sqlite::memory:")]);
    let made = program.call("POST", PROFILE, &[("adapty-customer-user-id", customer)], b"");
    assert_eq!(made.status, 200, "{}", made.text());
    program
}

fn assert_all_thirteen_are_stored(program: &RawServer, customer: &str) {
    let read = program.call("GET", IDENTIFIERS, &[("adapty-customer-user-id", customer)], b"");
    let read: Value = serde_json::from_slice(&read.body).unwrap();
    let expected = |name: &String| {
        if FOUNDING.contains(&name.as_str()) {
            json!(format!("example_{name}"))
        } else {
            Value::Null
        }
    };
    let read = read.as_object().unwrap();
    assert_eq!(read.len(), 16);
    for (name, value) in read {
        assert_eq!(*value, expected(name), "{name}");
    }
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name)
}

fn runs(interpreter: impl AsRef<Path>, name: &str) {
    let interpreter = interpreter.as_ref();
    let program = program_with_user("user-1");
    let run = |arguments: &[&str], variables: &[(&str, &str)]| -> Output {
        let mut command = Command::new(interpreter);
        command
            .arg(example(name))
            .args(arguments)
            .envs(variables.iter().copied());
        command.output().unwrap()
    };
    // By arguments, as a newcomer pastes them.
    let (key, url) = (program.secret_key.as_str(), program.url());
    let output = run(&[key, "user-1", &url], &[]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_str(shown.trim()).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(answer["data"]["customer_user_id"], "user-1");
    assert_all_thirteen_are_stored(&program, "user-1");
    // By the environment, with the public key.
    let public = [
        ("BURSAR_SECRET_KEY", program.public_key.as_str()),
        ("BURSAR_URL", url.as_str()),
    ];
    assert!(run(&[], &public).status.success(), "{name}");
    // A refusal is shown and is no success.
    let nobody = run(&[key, "nobody", &url], &[]);
    assert!(!nobody.status.success(), "{nobody:?}");
    let shown = String::from_utf8_lossy(&nobody.stdout);
    assert!(shown.contains("profile_does_not_exist"), "{nobody:?}");
}

/// Four answers, one a line: after the report, after the grant, after the revocation, and what is read at the end.
fn reports_purchases(interpreter: impl AsRef<Path>, name: &str) {
    let program = program_with_user("user-1");
    let run = |key: &str, customer: &str| -> Output {
        let mut command = Command::new(interpreter.as_ref());
        command.arg(example(name)).args([key, customer, &program.url()]);
        command.output().unwrap()
    };
    let output = run(&program.secret_key, "user-1");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    let answers: Vec<Value> = shown
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["data"].clone())
        .collect();
    let [reported, granted, revoked, read] = answers.try_into().unwrap();
    for answer in [&reported, &granted, &revoked, &read] {
        let subscription = &answer["subscriptions"][0];
        assert_eq!(
            subscription["store_transaction_id"], "example-user-1-1",
            "{answer}"
        );
        assert_eq!(answer["total_revenue_usd"], 9.99, "{answer}");
        assert_eq!(answer["access_levels"][0]["access_level_id"], "premium");
    }
    assert_eq!(granted["access_levels"][0]["store"], "adapty");
    assert_eq!(granted["access_levels"][0]["expires_at"], Value::Null);
    let ended = &revoked["access_levels"][0];
    assert_eq!(ended["cancellation_reason"], "adapty_revoked");
    assert_eq!(read["access_levels"], revoked["access_levels"]);
    // A refusal is shown and is no success.
    for (key, customer, code) in [
        (&program.secret_key, "nobody", "profile_does_not_exist"),
        (&program.public_key, "user-1", "not_authenticated"),
    ] {
        let refused = run(key, customer);
        assert!(!refused.status.success(), "{refused:?}");
        let shown = String::from_utf8_lossy(&refused.stdout);
        assert!(shown.contains(code) && shown.lines().count() == 1, "{refused:?}");
    }
}

#[test]
fn the_curl_example_reports_purchases() {
    reports_purchases("bash", "purchases.sh");
}

#[test]
fn the_python_example_reports_purchases() {
    reports_purchases(xtask::test_environment::python(), "purchases.py");
}

#[test]
fn the_javascript_example_reports_purchases() {
    reports_purchases("node", "purchases.js");
}

/// Four answers, one a line: after the purchase, after its refund, and twice the settings.
fn reports_a_one_time_purchase(interpreter: impl AsRef<Path>, name: &str) {
    let program = program_with_user("user-1");
    let run = |customer: &str| -> Output {
        let mut command = Command::new(interpreter.as_ref());
        command
            .arg(example(name))
            .args([&program.secret_key, customer, &program.url()]);
        command.output().unwrap()
    };
    let output = run("user-1");
    assert!(output.status.success(), "{output:?}");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let answers: Vec<Value> = shown
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [bought, refunded, set, read] = answers.try_into().unwrap();
    for (answer, is_refund, revenue) in [(&bought, false, 49.99), (&refunded, true, 0.0)] {
        let purchase = &answer["data"]["non_subscriptions"][0];
        assert_eq!(
            purchase["store_transaction_id"], "example-user-1-once",
            "{answer}"
        );
        assert_eq!(purchase["is_refund"], is_refund, "{answer}");
        assert_eq!(answer["data"]["total_revenue_usd"], revenue, "{answer}");
    }
    assert_eq!(bought["data"]["access_levels"][0]["expires_at"], Value::Null);
    assert_eq!(
        set["settings"],
        json!({"consent": true, "custom_preference": "decline"})
    );
    assert_eq!(read, set);
    let refused = run("nobody");
    assert!(!refused.status.success(), "{refused:?}");
}

/// More events than a page has, each once and in order.
fn prints_the_feed(interpreter: impl AsRef<Path>, name: &str) {
    const COUNT: usize = 105;
    let program = program_with_user("user-1");
    let user = [
        ("adapty-customer-user-id", "user-1"),
        ("content-type", "application/json"),
    ];
    for n in 0..COUNT {
        let body = json!({
            "purchase_type": "one_time_purchase", "store": "app_store", "store_product_id": "coins",
            "store_transaction_id": format!("t{n}"), "store_original_transaction_id": format!("t{n}"),
            "price": {"country": "US", "currency": "USD", "value": 1}, "purchased_at": "2026-01-01T00:00:00Z",
        });
        let reported = program.call("POST", TRANSACTION, &user, body.to_string().as_bytes());
        assert_eq!(reported.status, 200, "{}", reported.text());
    }
    let bearer = format!("Bearer {}", program.admin_token);
    let apps = program.call_as_is("GET", "/admin/v1/apps", &[("authorization", &bearer)], b"");
    let apps: Value = serde_json::from_slice(&apps.body).unwrap();
    let app_id = apps["data"][0]["app_id"].as_str().unwrap().to_owned();
    let folder = Folder::new();
    let seen = folder.0.join("seen.json");
    let run = |token: &str| -> Output {
        let mut command = Command::new(interpreter.as_ref());
        command.arg(example(name)).args([token, &app_id, &program.url()]);
        command.env("SEEN", &seen).output().unwrap()
    };
    let output = run(&program.admin_token);
    assert!(output.status.success(), "{output:?}");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let told: Vec<Value> = shown
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.len(), COUNT);
    for (n, event) in told.iter().enumerate() {
        assert_eq!(event["event_type"], "non_subscription_purchase");
        let properties = &event["payload"]["event_properties"];
        assert_eq!(properties["transaction_id"], format!("t{n}"));
    }
    assert!(run(&program.admin_token).stdout.is_empty(), "what was printed");
    // One that was dated ahead, among those that were made before the newest one.
    let mut known: BTreeMap<String, String> = serde_json::from_slice(&std::fs::read(&seen).unwrap()).unwrap();
    assert_eq!(known.len(), COUNT);
    let hidden = told[3]["payload"]["event_properties"]["profile_event_id"]
        .as_str()
        .unwrap();
    assert!(known.remove(hidden).is_some());
    std::fs::write(&seen, serde_json::to_vec(&known).unwrap()).unwrap();
    let again: Value = serde_json::from_slice(&run(&program.admin_token).stdout).unwrap();
    assert_eq!(again, told[3]);
    let refused = run("nobody");
    assert!(!refused.status.success(), "{refused:?}");
    let shown = String::from_utf8_lossy(&refused.stdout);
    assert!(shown.contains("not_authenticated"), "{refused:?}");
}

#[test]
fn the_python_example_reports_a_one_time_purchase_and_its_refund() {
    reports_a_one_time_purchase(xtask::test_environment::python(), "one_time.py");
}

#[test]
fn the_javascript_example_reports_a_one_time_purchase_and_its_refund() {
    reports_a_one_time_purchase("node", "one_time.js");
}

#[test]
fn the_python_example_prints_the_feed() {
    prints_the_feed(xtask::test_environment::python(), "events.py");
}

#[test]
fn the_javascript_example_prints_the_feed() {
    prints_the_feed("node", "events.js");
}

#[test]
fn the_curl_example_sets_the_thirteen_identifiers() {
    runs("bash", "identifiers.sh");
}

#[test]
fn the_python_example_sets_the_thirteen_identifiers() {
    runs(xtask::test_environment::python(), "identifiers.py");
}

#[test]
fn the_javascript_example_sets_the_thirteen_identifiers() {
    runs("node", "identifiers.js");
}

/// The same options, header spellings, order and body form, with a line break at its end; only the host, the key
/// and the customer id are filled in.
#[test]
fn the_founding_documents_own_request_works_unchanged_but_for_host_and_key() {
    let program = program_with_user("the user");
    let body: Vec<String> = FOUNDING
        .iter()
        .map(|name| format!("  \"{name}\": \"example_{name}\""))
        .collect();
    let output = Command::new("curl")
        .args(["--silent", "--write-out", "\n%{http_code}"])
        .args(["--location", &format!("{}{IDENTIFIERS}", program.url())])
        .args(["--header", "adapty-customer-user-id: the user"])
        .args(["--header", "adapty-platform: iOS"])
        .args(["--header", "Content-Type: application/json"])
        .args([
            "--header",
            &format!("Authorization: Api-Key {}", program.secret_key),
        ])
        .args(["--data", &format!("{{\n{}\n}}\n", body.join(",\n"))])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let (answer, status) = shown.rsplit_once('\n').unwrap();
    assert_eq!(status, "200", "{output:?}");
    let answer: Value = serde_json::from_str(answer).unwrap();
    let keys: Vec<_> = answer["data"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 10, "{answer}");
    assert_all_thirteen_are_stored(&program, "the user");
}

#[test]
fn the_example_sets_the_rates_that_the_european_central_bank_publishes() {
    /// Two days in the bank's form, the newer first as in its file of 90 days. The numbers are round ones.
    const PUBLISHED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <gesmes:subject>Reference rates</gesmes:subject>
  <gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
  <Cube>
    <Cube time="2026-01-05"><Cube currency="USD" rate="1.25"/><Cube currency="JPY" rate="200.0"/></Cube>
    <Cube time="2026-01-02"><Cube currency="USD" rate="1.2"/><Cube currency="JPY" rate="160.0"/></Cube>
  </Cube>
</gesmes:Envelope>"#;
    let program = program_with_user("user-1");
    let folder = Folder::new();
    let file = folder.0.join("rates.xml");
    std::fs::write(&file, PUBLISHED).unwrap();
    let run = |token: &str| -> Output {
        let mut command = Command::new(xtask::test_environment::python());
        command
            .arg(example("ecb_rates.py"))
            .args([token, &program.url()])
            .arg(&file);
        command.output().unwrap()
    };
    let output = run(&program.admin_token);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 4);
    let bearer = format!("Bearer {}", program.admin_token);
    let listed = program.call_as_is("GET", "/admin/v1/rates", &[("authorization", &bearer)], b"");
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    let rate = |currency: &str, from: &str| {
        let all = listed["data"].as_array().unwrap().iter();
        let mut found = all.filter(|rate| rate["currency"] == currency && rate["from"] == from);
        let rate = found
            .next()
            .unwrap_or_else(|| panic!("{currency} {from}: {listed}"));
        rate["usd"].as_str().unwrap().parse::<f64>().unwrap()
    };
    for (currency, from, usd) in [
        ("EUR", "2026-01-02", 1.2),
        ("EUR", "2026-01-05", 1.25),
        ("JPY", "2026-01-02", 0.0075),
        ("JPY", "2026-01-05", 0.00625),
    ] {
        assert!((rate(currency, from) - usd).abs() < 1e-9, "{listed}");
    }
    let refused = run("nobody");
    assert!(!refused.status.success(), "{refused:?}");
    let shown = String::from_utf8_lossy(&refused.stdout);
    assert!(shown.contains("not_authenticated"), "{refused:?}");
}
