//! Awkward strings through every text of the administration: kept byte for byte, listed and found again, alike on all
//! backends.

use serde_json::{Value, json};

use super::awkward_text::IN_BODIES_ONLY;
use super::support::administration::walk;
use super::support::awkward::{percent_encoded, strings};
use super::support::backend::{ALL, Backend};
use super::support::server::{Answer, IDENTIFIERS, PROFILE, TestServer};

/// All entries of a list.
async fn all(server: &TestServer, path: &str) -> Vec<Value> {
    walk(server, path, 200).await.0
}

fn assert_status(answer: &Answer, status: u16, what: &str, text: &str) {
    assert_eq!(answer.status, status, "{what} {text:?}: {}", answer.text());
}

/// Is it nothing but white space? The id of an access level alone must not be.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Writes the text wherever the administration takes one of the operator's own.
async fn write_everywhere(server: &TestServer, text: &str, expected: [u16; 2]) {
    let [set, made] = expected;
    let (app, encoded) = (format!("apps/{}", server.app_id), percent_encoded(text));
    let level = json!({ "description": text }).to_string();
    let product = json!({"access_level_id": null, "consumable": true, "title": text}).to_string();
    let label = json!({"kind": "public", "label": text}).to_string();
    let before_id = if is_blank(text) { "x" } else { "" };
    for (method, path, body, status) in [
        ("PATCH", app.clone(), json!({ "name": text }).to_string(), set),
        ("POST", "apps".into(), json!({ "name": text }).to_string(), made),
        ("POST", format!("{app}/keys"), label, made),
        (
            "POST",
            "admin-tokens".into(),
            json!({ "label": text }).to_string(),
            made,
        ),
        (
            "PUT",
            format!("{app}/access-levels/{before_id}{encoded}"),
            level,
            set,
        ),
        ("PUT", format!("{app}/products/{encoded}/{encoded}"), product, set),
    ] {
        let answer = server.admin(method, &path, &body).await;
        assert_status(&answer, status, &format!("{method} {path}"), text);
    }
}

/// What must be three letters is nothing else, and whatever it is fails no statement.
async fn currencies_are_refused(server: &TestServer, text: &str) {
    let is_currency = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let status = if is_currency { 200 } else { 422 };
    let path = format!("rates/{}", percent_encoded(text));
    let rate = server.admin("PUT", &path, r#"{"usd":"1"}"#).await;
    assert_status(&rate, status, "rate", text);
    let price =
        json!({"access_level_id": null, "consumable": true, "price": {"value": "1", "currency": text}});
    let path = format!("apps/{}/products/app_store/priced", server.app_id);
    let priced = server.admin("PUT", &path, &price.to_string()).await;
    assert_status(&priced, status, "price", text);
}

/// The texts of a list's entries, in the order in which it has them.
fn texts<'v>(list: &'v [Value], name: &str) -> Vec<&'v str> {
    list.iter().filter_map(|entry| entry[name].as_str()).collect()
}

async fn keeps_all(backend: Backend) -> [Vec<Value>; 2] {
    let server = TestServer::on(backend).await;
    let strings = strings();
    assert!(strings.len() >= 500, "{}", strings.len());
    let app = format!("apps/{}", server.app_id);
    for text in &strings {
        write_everywhere(&server, text, [200, 201]).await;
        let named = server.admin("GET", &app, "").await.json();
        assert_eq!(named["name"], **text, "{backend:?}");
        currencies_are_refused(&server, text).await;
    }
    for text in IN_BODIES_ONLY {
        write_everywhere(&server, text, [422, 422]).await;
        currencies_are_refused(&server, text).await;
    }
    let (levels, products) = (
        all(&server, &format!("{app}/access-levels")).await,
        all(&server, &format!("{app}/products")).await,
    );
    for (list, name) in [
        (&all(&server, "apps").await, "name"),
        (&all(&server, &format!("{app}/keys")).await, "label"),
        (&all(&server, "admin-tokens").await, "label"),
        (&levels, "access_level_id"),
        (&levels, "description"),
        (&products, "store"),
        (&products, "store_product_id"),
        (&products, "title"),
    ] {
        let kept = texts(list, name);
        let missing: Vec<_> = strings
            .iter()
            .filter(|text| !(name == "access_level_id" && is_blank(text)))
            .filter(|text| !kept.contains(&text.as_str()))
            .collect();
        assert!(missing.is_empty(), "{backend:?} {name}: {missing:?}");
    }
    [levels, products]
}

#[tokio::test]
async fn every_text_of_the_administration_is_kept_byte_for_byte_and_listed_alike_on_all_backends() {
    let first = keeps_all(ALL[0]).await;
    for backend in &ALL[1..] {
        assert_eq!(keeps_all(*backend).await, first, "{backend:?}");
    }
}

#[tokio::test]
async fn every_string_is_searched_for_exactly() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let mut strings = strings();
        strings.extend(IN_BODIES_ONLY.map(str::to_owned));
        for (n, text) in strings.iter().enumerate() {
            let customer = format!("user-{n}");
            let user = [("adapty-customer-user-id", customer.as_str())];
            server.call("POST", PROFILE, &user, "").await;
            let body = json!({ "branch_id": text }).to_string();
            let set = server.call("POST", IDENTIFIERS, &user, &body).await;
            assert_status(&set, 200, "identifier", text);
        }
        for (n, text) in strings.iter().enumerate() {
            let path = format!("apps/{}/profiles?query={}", server.app_id, percent_encoded(text));
            let found = server.admin("GET", &path, "").await;
            assert_status(&found, 200, "search", text);
            let found = found.json();
            let customers = texts(found["data"].as_array().unwrap(), "customer_user_id");
            assert_eq!(customers, [format!("user-{n}")], "{backend:?} {text:?}");
        }
    }
}
