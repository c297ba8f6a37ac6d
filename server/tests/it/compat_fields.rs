//! The fields of `profile/`: each can be set, cleared, and be wrong.

use serde_json::{Value, json};

use super::support::backend::{ALL, Backend};
use super::support::direct::{set_settings, stored_details};
use super::support::refusal::{not_found, refusal, refused};
use super::support::server::{Answer, CUSTOMER, PROFILE, TestServer};

const UPPER: &str = "E5AAB402-B1BD-4039-B632-57A91EBC0779";

async fn server() -> TestServer {
    TestServer::on(Backend::SqliteMemory).await
}

fn profile(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"].clone()
}

#[tokio::test]
async fn installations_are_told_apart_by_device() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let headers = [(CUSTOMER, "c"), ("adapty-platform", "IOS")];
        for body in [
            r#"{"installation_meta":{"device_id":"d-1","os":"1","idfa":"","app_build":null}}"#,
            r#"{"installation_meta":{"device_id":"d-2","platform":"web"}}"#,
            r#"{"installation_meta":{"device_id":"d-1","os":"2"}}"#,
        ] {
            profile(&server.call("POST", PROFILE, &headers, body).await);
        }
        let stored = stored_details(&server.state, "c").await;
        let seen: Vec<_> = stored["installations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (&one["device_id"], &one["os"], &one["platform"]))
            .collect();
        let (one, two, last) = (json!("d-1"), json!("d-2"), json!("2"));
        let expected = [(&one, &last, &json!("iOS")), (&two, &Value::Null, &json!("web"))];
        assert_eq!(seen, expected, "{backend:?}");
    }
}

#[tokio::test]
async fn an_unknown_platform_is_no_error() {
    let server = server().await;
    for platform in ["", "Amiga", "ipados", "\u{e4}"] {
        let headers = [(CUSTOMER, "c"), ("adapty-platform", platform)];
        let body = r#"{"installation_meta":{"device_id":"d"}}"#;
        profile(&server.call("POST", PROFILE, &headers, body).await);
    }
    let stored = stored_details(&server.state, "c").await;
    assert_eq!(stored["installations"][0]["platform"], "iPadOS");
}

#[tokio::test]
async fn each_wrong_field_has_its_code_and_nothing_is_stored() {
    let server = server().await;
    let headers = [(CUSTOMER, "c")];
    let long = "x".repeat(256);
    let meta = "installation_meta";
    let attributes = "custom_attributes";
    let cases: Vec<(Value, &str, &str)> = vec![
        (json!({"first_name": 1}), "base_error", "first_name"),
        (json!({"first_name": &long}), "base_error", "first_name"),
        (json!({"last_name": []}), "base_error", "last_name"),
        (json!({"phone_number": &long}), "base_error", "phone_number"),
        (json!({"gender": "x"}), "enum", "gender"),
        (json!({"gender": "F"}), "enum", "gender"),
        (json!({"gender": true}), "base_error", "gender"),
        (json!({"email": "nobody"}), "base_error", "email"),
        (json!({"email": ""}), "base_error", "email"),
        (json!({"birthday": "2001-02-29"}), "datetime", "birthday"),
        (
            json!({"birthday": "2001-02-28T00:00:00Z"}),
            "datetime",
            "birthday",
        ),
        (json!({"birthday": 20_010_228}), "base_error", "birthday"),
        (json!({"ip_country": "FRA"}), "base_error", "ip_country"),
        (json!({"store_country": "1F"}), "base_error", "store_country"),
        (json!({"ip_v4_address": "::1"}), "base_error", "ip_v4_address"),
        (
            json!({"ip_v4_address": "1.2.3.256"}),
            "base_error",
            "ip_v4_address",
        ),
        (json!({"store": ""}), "base_error", "store"),
        (
            json!({"store_account_token": "x"}),
            "base_error",
            "store_account_token",
        ),
        (json!({"att_status": 4}), "enum", "att_status"),
        (json!({"att_status": "1"}), "base_error", "att_status"),
        (
            json!({"analytics_disabled": 1}),
            "base_error",
            "analytics_disabled",
        ),
        (json!({meta: null}), "base_error", meta),
        (json!({meta: []}), "base_error", meta),
        (json!({meta: {}}), "base_error", "installation_meta.device_id"),
        (
            json!({meta: {"device_id": null}}),
            "base_error",
            "installation_meta.device_id",
        ),
        (
            json!({meta: {"device_id": ""}}),
            "base_error",
            "installation_meta.device_id",
        ),
        (
            json!({meta: {"device_id": &long}}),
            "base_error",
            "installation_meta.device_id",
        ),
        (
            json!({meta: {"device_id": "d", "os": 5}}),
            "base_error",
            "installation_meta.os",
        ),
        (json!({attributes: null}), "base_error", attributes),
        (json!({attributes: {}}), "base_error", attributes),
        (json!({attributes: []}), "base_error", attributes),
        (json!({attributes: [{"key": "k"}]}), "base_error", attributes),
        (
            json!({attributes: [{"key": "k k", "value": 1}]}),
            "base_error",
            attributes,
        ),
        (
            json!({attributes: [{"key": "k", "value": "x".repeat(51)}]}),
            "base_error",
            attributes,
        ),
        (
            json!({attributes: [{"key": "k".repeat(31), "value": 1}]}),
            "base_error",
            attributes,
        ),
        (
            json!({attributes: [{"key": "k", "value": {}}]}),
            "base_error",
            attributes,
        ),
    ];
    for (body, code, source) in cases {
        for method in ["POST", "PATCH"] {
            let answer = server.call(method, PROFILE, &headers, &body.to_string()).await;
            assert_eq!(refusal(&answer), refused(400, code, &[source]), "{method} {body}");
        }
    }
    assert_eq!(
        refusal(&server.call("GET", PROFILE, &headers, "").await),
        not_found()
    );
}

#[tokio::test]
async fn every_field_can_be_set_and_cleared() {
    let person = json!({
        "first_name": "Ä", "last_name": "", "gender": "o", "email": "a@b.cd", "phone_number": "+1",
        "birthday": "2000-02-29", "ip_country": "FR", "ip_v4_address": "1.2.3.4", "store_country": "de",
        "store": "my_store", "store_account_token": UPPER, "att_status": 3, "analytics_disabled": true,
    });
    let names = person.as_object().unwrap().keys();
    let cleared: serde_json::Map<_, _> = names.map(|name| (name.clone(), Value::Null)).collect();
    let cleared = Value::Object(cleared).to_string();
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let headers = [(CUSTOMER, "c")];
        profile(&server.call("POST", PROFILE, &headers, "").await);
        profile(&server.call("PATCH", PROFILE, &headers, &person.to_string()).await);
        let stored = stored_details(&server.state, "c").await;
        assert_eq!(stored["person"], person, "{backend:?}");
        profile(&server.call("PATCH", PROFILE, &headers, &cleared).await);
        assert_eq!(
            stored_details(&server.state, "c").await,
            Value::Null,
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn an_address_is_stored_only_where_the_app_keeps_addresses() {
    let body = r#"{"ip_v4_address":"192.0.2.77","first_name":"A"}"#;
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for customer in ["changed", "created again"] {
            profile(&server.call("POST", PROFILE, &[(CUSTOMER, customer)], body).await);
            let stored = stored_details(&server.state, customer).await;
            assert_eq!(stored["person"]["ip_v4_address"], "192.0.2.77", "{backend:?}");
        }
        set_settings(&server, json!({"collect_ip": false})).await;
        for (method, customer) in [
            ("POST", "fresh"),
            ("PATCH", "fresh"),
            ("PATCH", "changed"),
            ("POST", "created again"),
        ] {
            let headers = [(CUSTOMER, customer)];
            profile(&server.call(method, PROFILE, &headers, body).await);
            let stored = stored_details(&server.state, customer).await;
            assert_eq!(
                stored["person"],
                json!({"first_name": "A"}),
                "{backend:?}: {method} {customer}"
            );
        }
    }
}
