//! "Add integration identifiers", "read integration identifiers", and the mobile SDKs' form of the former.

use serde_json::{Value, json};

use super::support::backend::{ALL, Backend};
use super::support::direct::{set_settings, stored_profiles};
use super::support::refusal::{not_found, refusal, refused, sourceless};
use super::support::server::{IDENTIFIERS, PROFILE, SDK_IDENTIFIERS, TestServer, USER, request};

/// All sixteen, sorted; the first thirteen of the founding document among them.
const NAMES: [&str; 16] = [
    "adjust_device_id",
    "airbridge_device_id",
    "amplitude_device_id",
    "amplitude_user_id",
    "appmetrica_device_id",
    "appmetrica_profile_id",
    "appsflyer_id",
    "branch_id",
    "facebook_anonymous_id",
    "firebase_app_instance_id",
    "mixpanel_user_id",
    "one_signal_player_id",
    "one_signal_subscription_id",
    "posthog_distinct_user_id",
    "pushwoosh_hwid",
    "tenjin_analytics_installation_id",
];

async fn server_with_user(backend: Backend) -> (TestServer, String) {
    let server = TestServer::on(backend).await;
    let made = server.call("POST", PROFILE, &[USER], "").await;
    let id = made.json()["data"]["profile_id"].as_str().unwrap().to_owned();
    (server, id)
}

async fn set(server: &TestServer, body: &Value) -> u16 {
    server
        .call("POST", IDENTIFIERS, &[USER], &body.to_string())
        .await
        .status
}

async fn read(server: &TestServer) -> Value {
    server.call("GET", IDENTIFIERS, &[USER], "").await.json()
}

#[tokio::test]
async fn all_sixteen_are_stored_and_shown_and_the_answer_is_the_profile() {
    for backend in ALL {
        let (server, _) = server_with_user(backend).await;
        let empty = server.call("GET", IDENTIFIERS, &[USER], "").await;
        let nulls: serde_json::Map<_, _> = NAMES
            .iter()
            .map(|name| ((*name).to_owned(), Value::Null))
            .collect();
        assert_eq!(empty.text(), Value::Object(nulls).to_string(), "{backend:?}");
        let all: serde_json::Map<_, _> = NAMES
            .iter()
            .map(|name| ((*name).to_owned(), json!(format!("example_{name}"))))
            .collect();
        let all = Value::Object(all);
        let headers = [USER, ("adapty-platform", "iOS")];
        let answer = server.call("POST", IDENTIFIERS, &headers, &all.to_string()).await;
        let profile = server.call("GET", PROFILE, &[USER], "").await;
        assert_eq!((answer.status, &answer.body), (200, &profile.body), "{backend:?}");
        let shown = server.call("GET", IDENTIFIERS, &[USER], "").await;
        assert_eq!(shown.text(), all.to_string(), "{backend:?}");
    }
}

#[tokio::test]
async fn what_is_not_mentioned_stays_and_what_is_sent_again_is_replaced() {
    for backend in ALL {
        let (server, _) = server_with_user(backend).await;
        set(&server, &json!({"branch_id": "b", "appsflyer_id": "a"})).await;
        for _ in 0..2 {
            set(&server, &json!({"branch_id": "c", "unknown": [1, {}]})).await;
        }
        let shown = read(&server).await;
        assert_eq!(
            (&shown["branch_id"], &shown["appsflyer_id"]),
            (&json!("c"), &json!("a"))
        );
        let cleared = json!({"branch_id": null, "appsflyer_id": ""});
        for _ in 0..2 {
            assert_eq!(set(&server, &cleared).await, 200);
        }
        let shown = read(&server).await;
        assert!(
            shown.as_object().unwrap().values().all(Value::is_null),
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn values_are_kept_byte_for_byte() {
    for backend in ALL {
        let (server, _) = server_with_user(backend).await;
        let longest = "é".repeat(1024);
        for value in [
            " a ",
            "\u{0}",
            "a\u{0}b",
            "🦀",
            "\u{202e}x",
            "\\u0000",
            "\"'\\",
            "\u{10ffff}",
            "\r\n\t",
            longest.as_str(),
        ] {
            assert_eq!(
                set(&server, &json!({"branch_id": value})).await,
                200,
                "{backend:?} {value:?}"
            );
            assert_eq!(read(&server).await["branch_id"], value, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn one_bad_field_and_nothing_is_stored() {
    for backend in ALL {
        let (server, _) = server_with_user(backend).await;
        let app = server.app_id.parse().unwrap();
        let before = stored_profiles(&server.state, app).await;
        for bad in [
            json!(1),
            json!(true),
            json!([]),
            json!({}),
            json!("x".repeat(1025)),
            json!("🦀".repeat(1025)),
        ] {
            let body = json!({"adjust_device_id": "good", "branch_id": bad, "pushwoosh_hwid": "good"});
            let answer = server.call("POST", IDENTIFIERS, &[USER], &body.to_string()).await;
            assert_eq!(
                refusal(&answer),
                refused(400, "base_error", &["branch_id"]),
                "{body}"
            );
        }
        for body in ["{}", "", r#"{"unknown":"x"}"#] {
            let answer = server.call("POST", IDENTIFIERS, &[USER], body).await;
            assert_eq!(
                refusal(&answer),
                refused(400, "validation_error", &["non_field_errors"]),
                "{body}"
            );
        }
        assert_eq!(stored_profiles(&server.state, app).await, before);
    }
}

#[tokio::test]
async fn of_a_repeated_field_the_last_counts_and_wrong_ones_come_in_body_order() {
    for backend in ALL {
        let (server, _) = server_with_user(backend).await;
        let repeated = r#"{"branch_id":1,"appsflyer_id":"a","branch_id":"last"}"#;
        let answer = server.call("POST", IDENTIFIERS, &[USER], repeated).await;
        assert_eq!(answer.status, 200);
        assert_eq!(read(&server).await["branch_id"], "last");
        let wrong = r#"{"pushwoosh_hwid":1,"branch_id":"ok","adjust_device_id":[],"mixpanel_user_i":2}"#;
        let answer = server.call("POST", IDENTIFIERS, &[USER], wrong).await;
        let sources = ["pushwoosh_hwid", "adjust_device_id", "mixpanel_user_i"];
        assert_eq!(refusal(&answer), refused(400, "base_error", &sources));
    }
}

#[tokio::test]
async fn the_founding_tables_misspelling_is_read_and_never_shown() {
    for backend in ALL {
        let (server, _) = server_with_user(backend).await;
        set(&server, &json!({"mixpanel_user_i": "m"})).await;
        assert_eq!(read(&server).await["mixpanel_user_id"], "m");
        assert!(read(&server).await.get("mixpanel_user_i").is_none());
        set(
            &server,
            &json!({"mixpanel_user_id": "right", "mixpanel_user_i": "wrong"}),
        )
        .await;
        assert_eq!(read(&server).await["mixpanel_user_id"], "right");
    }
}

#[tokio::test]
async fn calls_at_the_same_time_with_different_fields_are_all_kept() {
    for backend in ALL {
        let (server, _) = server_with_user(backend).await;
        let calls = NAMES.iter().map(|name| {
            let server = &server;
            async move { set(server, &json!({*name: name})).await }
        });
        let statuses = futures_util::future::join_all(calls).await;
        assert_eq!(statuses, [200; 16], "{backend:?}");
        let shown = read(&server).await;
        for name in NAMES {
            assert_eq!(shown[name], name, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn a_blank_answer_can_be_chosen() {
    for backend in ALL {
        let (server, _) = server_with_user(backend).await;
        set_settings(&server, json!({"identifiers_answer": "empty"})).await;
        let key = ("idempotency-key", "k");
        for headers in [vec![USER], vec![USER, key], vec![USER, key]] {
            let answer = server
                .call("POST", IDENTIFIERS, &headers, r#"{"branch_id":"b"}"#)
                .await;
            assert_eq!((answer.status, answer.body.len()), (200, 0));
            // Nothing has no type: a client that parses by the type is not led to parse it.
            assert!(!answer.headers.contains_key("content-type"));
            assert_eq!(answer.headers["content-length"], "0");
        }
        assert_eq!(read(&server).await["branch_id"], "b");
        let wrong = server.call("POST", IDENTIFIERS, &[USER], "{}").await;
        assert_eq!(refusal(&wrong).0, 400);
    }
}

#[tokio::test]
async fn the_form_of_the_mobile_sdks_finds_the_profile_in_the_body() {
    for backend in ALL {
        let (server, id) = server_with_user(backend).await;
        let send = |key: String, body: Value| {
            let server = &server;
            async move {
                let headers = [
                    ("adapty-sdk-profile-id", "informative"),
                    ("adapty-sdk-version", "3.4.0"),
                ];
                let key = format!("Api-Key {key}");
                server
                    .send(request(
                        &key,
                        "POST",
                        SDK_IDENTIFIERS,
                        &headers,
                        &body.to_string(),
                    ))
                    .await
            }
        };
        for (key, profile_id) in [
            (&server.public_key, id.clone()),
            (&server.secret_key, id.to_uppercase()),
        ] {
            let body = json!({"data": {"profile_id": profile_id, "branch_id": "b", "appsflyer_id": "a"}});
            let answer = send(key.clone(), body).await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (200, r#"{"data":null}"#),
                "{backend:?}"
            );
        }
        assert_eq!(read(&server).await["branch_id"], "b");
        // Without the slash at the end it is the same call.
        let body = json!({"data": {"profile_id": id, "branch_id": "slashless"}}).to_string();
        let key = format!("Api-Key {}", server.public_key);
        let slashless = SDK_IDENTIFIERS.trim_end_matches('/');
        let answer = server.send(request(&key, "POST", slashless, &[], &body)).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"data":null}"#));
        assert_eq!(read(&server).await["branch_id"], "slashless");
        for (body, expected) in [
            (json!({}), refused(400, "base_error", &["data"])),
            (json!({"data": null}), refused(400, "base_error", &["data"])),
            (
                json!({"data": {}}),
                refused(400, "base_error", &["data.profile_id"]),
            ),
            (
                json!({"data": {"branch_id": "b"}}),
                refused(400, "base_error", &["data.profile_id"]),
            ),
            (
                json!({"data": {"branch_id": 1, "profile_id": 2}}),
                refused(400, "base_error", &["data.branch_id", "data.profile_id"]),
            ),
            (
                json!({"data": {"profile_id": id}}),
                refused(400, "validation_error", &["non_field_errors"]),
            ),
            (json!({"data": {"profile_id": "", "branch_id": "b"}}), not_found()),
            (
                json!({"data": {"profile_id": "x", "branch_id": "b"}}),
                not_found(),
            ),
            (json!([]), sourceless(400, "parse_error")),
        ] {
            let answer = send(server.public_key.clone(), body.clone()).await;
            assert_eq!(refusal(&answer), expected, "{backend:?} {body}");
        }
    }
}
