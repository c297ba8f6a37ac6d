//! Awkward strings through every text field and header: kept and answered byte for byte, alike on all backends.

use axum::http::HeaderValue;
use serde_json::{Map, Value, json};

use super::support::awkward;
use super::support::backend::{ALL, Backend};
use super::support::direct::stored_details;
use super::support::purchases::{Customer, numbered, subscription, with};
use super::support::refusal::{refusal, refused};
use super::support::server::{GRANT, IDENTIFIERS, PROFILE, REVOKE, TRANSACTION, TestServer, request};

/// What HTTP headers cannot carry, but JSON can.
pub const IN_BODIES_ONLY: [&str; 6] = ["\u{0}", "a\u{0}b", "\r\n", "\t", "\u{1b}[31m", "\u{7f}\u{85}"];

const PERSON: [&str; 4] = ["first_name", "last_name", "phone_number", "store"];
const INSTALLATION: [&str; 14] = [
    "device",
    "locale",
    "os",
    "platform",
    "timezone",
    "user_agent",
    "idfa",
    "idfv",
    "advertising_id",
    "android_id",
    "android_app_set_id",
    "app_build",
    "app_version",
    "adapty_sdk_version",
];

fn in_each(names: &[&str], text: &str) -> Map<String, Value> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), json!(text)))
        .collect()
}

fn profile_body(text: &str) -> Value {
    let mut body = in_each(&PERSON, text);
    let mut meta = in_each(&INSTALLATION, text);
    meta.insert("device_id".into(), json!(text));
    body.insert("installation_meta".into(), meta.into());
    if text.chars().count() <= 50 {
        body.insert("custom_attributes".into(), json!([{"key": "k", "value": text}]));
    }
    body.into()
}

/// Sends a request for the profile number `n` with the text as its customer id, where that is one.
async fn send(server: &TestServer, method: &str, path: &str, n: usize, customer: &str, body: &str) -> Value {
    let id = format!("00000000-0000-4000-8000-{n:012}");
    let authorization = format!("Api-Key {}", server.secret_key);
    let headers = [("adapty-profile-id", id.as_str())];
    let mut request = request(&authorization, method, path, &headers, body);
    if !IN_BODIES_ONLY.contains(&customer) {
        let value = HeaderValue::from_bytes(customer.as_bytes()).unwrap();
        request.headers_mut().insert("adapty-customer-user-id", value);
    }
    let answer = server.send(request).await;
    assert_eq!(answer.status, 200, "{customer:?}: {}", answer.text());
    let mut json = answer.json();
    if let Some(app) = json.pointer_mut("/data/app_id") {
        *app = Value::Null;
    }
    json
}

#[tokio::test]
async fn every_string_is_kept_byte_for_byte_and_alike_on_all_backends() {
    let mut strings = awkward::strings();
    strings.extend(IN_BODIES_ONLY.map(str::to_owned));
    assert!(strings.len() >= 500, "{}", strings.len());
    let on_each = ALL.map(|backend| all_answers(backend, &strings));
    let answers = futures_util::future::join_all(on_each).await;
    for others in &answers[1..] {
        for (first, other) in answers[0].iter().zip(others) {
            assert_eq!(first, other);
        }
    }
}

async fn all_answers(backend: Backend, strings: &[String]) -> Vec<Value> {
    let server = TestServer::on(backend).await;
    let mut answers = Vec::new();
    for (n, text) in strings.iter().enumerate() {
        let body = profile_body(text).to_string();
        let profile = send(&server, "POST", PROFILE, n, text, &body).await;
        let customer = (!IN_BODIES_ONLY.contains(&text.as_str())).then_some(text.as_str());
        assert_eq!(
            profile["data"]["customer_user_id"],
            json!(customer),
            "{backend:?}"
        );
        if let Some(attribute) = profile["data"]["custom_attributes"].get(0) {
            assert_eq!(attribute["value"], json!(text), "{backend:?}");
        }
        let identifiers = Value::Object(in_each(&bursar_domain::profile::identifiers::NAMES, text));
        let set = send(&server, "POST", IDENTIFIERS, n, text, &identifiers.to_string()).await;
        assert_eq!(set, profile, "{backend:?} {text:?}");
        let read = send(&server, "GET", IDENTIFIERS, n, text, "").await;
        assert_eq!(read, identifiers, "{backend:?} {text:?}");
        if let Some(customer) = customer {
            check_details(&server, customer, text).await;
        }
        answers.extend([profile, read]);
    }
    // Nothing has reached what it was not about.
    let last = strings.len() - 1;
    for (n, text) in strings.iter().enumerate().take(last) {
        let profile = send(&server, "GET", PROFILE, n, text, "").await;
        assert_eq!(profile, answers[2 * n], "{backend:?} {text:?}");
    }
    answers
}

async fn check_details(server: &TestServer, customer: &str, text: &str) {
    let details = stored_details(&server.state, customer).await;
    assert_eq!(details["person"], Value::Object(in_each(&PERSON, text)));
    let installation = &details["installations"][0];
    assert_eq!(installation["device_id"], text);
    for name in INSTALLATION {
        assert_eq!(installation[name], text, "{name}");
    }
}

#[tokio::test]
async fn every_string_names_a_purchase_of_its_own_and_is_kept_byte_for_byte() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let strings = awkward::strings();
        let are_ids = strings.iter().filter(|text| text.chars().count() <= 50);
        for (n, text) in are_ids.enumerate() {
            let customer = format!("user-{n}");
            let user = Customer::new(&server, &customer).await;
            let body = with(
                numbered(subscription(), text),
                json!({"store": text, "store_product_id": text, "store_base_plan_id": text, "variation_id": text,
                       "offer": {"category": "promotional", "type": "pay_up_front", "id": text}}),
            );
            let shown = user.post(TRANSACTION, &body).await;
            for list in ["subscriptions", "access_levels"] {
                // A second one, or none, would mean that two strings are taken for one.
                assert_eq!(shown[list].as_array().unwrap().len(), 1, "{backend:?} {text:?}");
                let entry = &shown[list][0];
                let told = [
                    "store",
                    "store_product_id",
                    "store_base_plan_id",
                    "store_transaction_id",
                    "store_original_transaction_id",
                ];
                for name in told {
                    assert_eq!(entry[name], json!(text), "{backend:?} {list} {name}");
                }
                assert_eq!(entry["offer"]["id"], json!(text), "{backend:?} {list}");
            }
            // It is found again by them.
            assert_eq!(user.post(TRANSACTION, &body).await, shown, "{backend:?} {text:?}");
            let level = json!({"access_level_id": text});
            for path in [GRANT, REVOKE] {
                assert_eq!(
                    user.call("POST", path, &level).await.status,
                    400,
                    "{backend:?} {text:?}"
                );
            }
        }
        let user = Customer::new(&server, "user-1").await;
        for text in IN_BODIES_ONLY {
            for name in [
                "store",
                "store_product_id",
                "store_base_plan_id",
                "store_transaction_id",
                "store_original_transaction_id",
                "variation_id",
            ] {
                let body = with(subscription(), json!({name: text}));
                let answer = user.call("POST", TRANSACTION, &body).await;
                let expected = refused(400, "base_error", &[name]);
                assert_eq!(refusal(&answer), expected, "{backend:?} {name} {text:?}");
            }
        }
    }
}

#[tokio::test]
async fn awkward_attribute_keys_and_enumerations_are_refused_alike_on_all_backends() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = [("adapty-customer-user-id", "user-1")];
        for text in awkward::strings() {
            let is_key = text.len() <= 30
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
            let body = json!({"custom_attributes": [{"key": text, "value": null}]});
            let answer = server.call("POST", PROFILE, &user, &body.to_string()).await;
            assert_eq!(
                answer.status,
                if is_key { 200 } else { 400 },
                "{backend:?} {text:?}"
            );
            for name in ["gender", "birthday", "ip_country", "ip_v4_address"] {
                let body = json!({name: text}).to_string();
                let answer = server.call("POST", PROFILE, &user, &body).await;
                assert_eq!(answer.status, 400, "{backend:?} {name} {text:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_idempotency_key_is_a_text_like_any_other() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = ("adapty-customer-user-id", "user-1");
        let is_key = |text: &String| text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.is_empty();
        let mut seen = 0;
        for (n, text) in awkward::strings().into_iter().filter(is_key).enumerate() {
            let body = json!({"first_name": n.to_string()}).to_string();
            let headers = [user, ("idempotency-key", text.as_str())];
            // Each is a key of its own, also those that differ in case alone.
            for _ in 0..2 {
                let answer = server.call("POST", PROFILE, &headers, &body).await;
                assert_eq!(answer.status, 200, "{backend:?} {text:?}");
            }
            seen += 1;
        }
        assert!(seen > 100, "{seen}");
    }
}
