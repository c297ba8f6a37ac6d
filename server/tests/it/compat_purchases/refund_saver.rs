//! How requests for refunds are answered.

use serde_json::{Value, json};

use crate::support::backend::ALL;
use crate::support::purchases::{Customer, stored, subscription};
use crate::support::refusal::{refusal, refused};
use crate::support::server::{PROFILE, REFUND_SAVER, TRANSACTION, TestServer};

#[tokio::test]
async fn settings_are_kept_reset_and_answered_without_a_wrapper() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        let id = user.profile().await["profile_id"].clone();
        let shown = |consent: Value, preference: &str| {
            let preference = (!preference.is_empty()).then_some(preference);
            json!({"profile_id": id, "settings": {"consent": consent, "custom_preference": preference}})
        };
        let read = user.call("GET", REFUND_SAVER, &Value::Null).await;
        assert_eq!(read.json(), shown(Value::Null, ""), "{backend:?}");
        let read = user.call("GET", REFUND_SAVER, &json!({})).await;
        assert_eq!(read.json(), shown(Value::Null, ""), "{backend:?}");
        for (body, expected) in [
            (
                json!({"consent": true, "custom_preference": "no_preference"}),
                shown(json!(true), "no_preference"),
            ),
            (
                json!({"custom_preference": "decline"}),
                shown(json!(true), "decline"),
            ),
            (json!({"consent": false}), shown(json!(false), "decline")),
            (json!({"consent": null}), shown(Value::Null, "decline")),
            (
                json!({"custom_preference": "grant", "more": 1}),
                shown(Value::Null, "grant"),
            ),
            (json!({"custom_preference": null}), shown(Value::Null, "")),
            (json!({"custom_preference": "grant"}), shown(Value::Null, "grant")),
        ] {
            let set = user.call("POST", REFUND_SAVER, &body).await;
            assert_eq!(
                (set.status, set.json()),
                (200, expected.clone()),
                "{backend:?} {body}"
            );
            let read = user.call("GET", REFUND_SAVER, &Value::Null).await;
            assert_eq!(read.json(), expected, "{backend:?} {body}");
        }
        // Other changes keep it.
        user.call("PATCH", PROFILE, &json!({"first_name": "Ann"})).await;
        user.post(TRANSACTION, &subscription()).await;
        let read = user.call("GET", REFUND_SAVER, &Value::Null).await;
        assert_eq!(read.json(), shown(Value::Null, "grant"), "{backend:?}");
    }
}

#[tokio::test]
async fn bad_settings_and_unknown_profiles_are_refused() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        let before = stored(&server).await;
        for (body, code, source) in [
            (json!({}), "validation_error", "non_field_errors"),
            (
                json!({"settings": {"consent": true}}),
                "validation_error",
                "non_field_errors",
            ),
            (
                json!({"custom_preference": "refuse"}),
                "enum",
                "custom_preference",
            ),
            (json!({"custom_preference": 1}), "base_error", "custom_preference"),
            (json!({"consent": "yes"}), "base_error", "consent"),
        ] {
            let answer = user.call("POST", REFUND_SAVER, &body).await;
            assert_eq!(
                refusal(&answer),
                refused(400, code, &[source]),
                "{backend:?} {body}"
            );
        }
        let expected = refused(400, "profile_does_not_exist", &["non_field_errors"]);
        for header in [
            ("adapty-customer-user-id", "nobody"),
            ("adapty-profile-id", "00000000-0000-4000-8000-000000000001"),
            ("adapty-profile-id", "no-uuid"),
        ] {
            for (method, body) in [("GET", ""), ("POST", r#"{"consent":true}"#)] {
                let answer = server.call(method, REFUND_SAVER, &[header], body).await;
                assert_eq!(refusal(&answer), expected, "{backend:?} {method} {header:?}");
            }
        }
        assert_eq!(stored(&server).await, before, "{backend:?}");
    }
}
