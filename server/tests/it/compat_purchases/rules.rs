//! What is refused, with code and source, and that nothing of it is stored.

use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::purchases::{Customer, numbered, one_time, stored, subscription, with};
use crate::support::refusal::{not_found, refusal, refused, sourceless};
use crate::support::server::{GRANT, TRANSACTION, TestServer};

/// Body, code and source, one for each business rule, in their order.
fn broken_rules() -> [(Value, &'static str, &'static str); 13] {
    let free = json!({"country": "US", "currency": "USD", "value": 0});
    let trial = json!({"category": "introductory", "type": "free_trial"});
    let promotion = json!({"category": "promotional", "type": "pay_as_you_go", "id": null});
    let same = "2025-12-15T00:00:00Z";
    let of_month = |fields: Value| with(subscription(), fields);
    [
        (
            with(one_time(), json!({"store_original_transaction_id": "t0"})),
            "store_transaction_id_error",
            "store_transaction_id",
        ),
        (
            with(one_time(), json!({"offer": trial, "price": free})),
            "one_time_purchase_trial_error",
            "offer.type",
        ),
        (
            of_month(json!({"offer": trial})),
            "free_trial_price_error",
            "offer.type",
        ),
        (
            of_month(json!({"offer": promotion})),
            "missing_offer_id",
            "offer.category",
        ),
        (
            of_month(json!({"is_family_shared": true})),
            "family_share_price_error",
            "is_family_shared",
        ),
        (
            of_month(json!({"originally_purchased_at": "2025-12-15T00:00:00.000001Z"})),
            "originally_purchased_date_error",
            "originally_purchased_at",
        ),
        (
            of_month(json!({"expires_at": same})),
            "expires_date_error",
            "expires_at",
        ),
        (
            of_month(json!({"refunded_at": same, "cancellation_reason": "refund"})),
            "refund_date_error",
            "refunded_at",
        ),
        (
            of_month(json!({"cancellation_reason": "refund"})),
            "refund_fields_error",
            "refunded_at",
        ),
        (
            of_month(json!({"renew_status_changed_at": same})),
            "renew_status_changed_date_error",
            "renew_status_changed_at",
        ),
        (
            of_month(json!({"billing_issue_detected_at": same})),
            "billing_issue_detected_at_date_comparison_error",
            "billing_issue_detected_at",
        ),
        (
            of_month(json!({"grace_period_expires_at": "2026-01-20T00:00:00Z"})),
            "grace_period_billing_error",
            "grace_period_billing_error",
        ),
        (
            of_month(json!({"billing_issue_detected_at": "2026-01-01T00:00:00Z",
                            "grace_period_expires_at": "2026-01-14T23:59:59.999999Z"})),
            "grace_period_expires_date_error",
            "grace_period_expires_at",
        ),
    ]
}

#[tokio::test]
async fn each_of_the_thirteen_rules_has_its_code_and_source_and_nothing_is_stored() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        user.post(TRANSACTION, &numbered(subscription(), "other")).await;
        let before = stored(&server).await;
        for (body, code, source) in broken_rules() {
            let answer = user.call("POST", TRANSACTION, &body).await;
            assert_eq!(
                refusal(&answer),
                refused(400, code, &[source]),
                "{backend:?} {body}"
            );
        }
        assert_eq!(stored(&server).await, before, "{backend:?}");
    }
}

/// Of a profile that there is not, no rule is told; wrong fields are.
#[tokio::test]
async fn the_profile_comes_before_the_rules_and_behind_the_fields() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let nobody = Customer {
        server: &server,
        id: "nobody",
    };
    let refunded = json!({"refunded_at": "2025-12-20T00:00:00Z"});
    let reversed = json!({"access_level_id": "premium", "starts_at": "2026-01-02T00:00:00Z",
        "expires_at": "2026-01-01T00:00:00Z"});
    for (path, body) in [(TRANSACTION, with(subscription(), refunded)), (GRANT, reversed)] {
        assert_eq!(
            refusal(&nobody.call("POST", path, &body).await),
            not_found(),
            "{path}"
        );
        let wrong = with(body, json!({"access_level_id": 1, "store": 1}));
        assert_eq!(
            refusal(&nobody.call("POST", path, &wrong).await).1,
            "base_error",
            "{path}"
        );
    }
}

/// A body that breaks every rule of its shape is refused by the first; each that is mended shows the next.
#[tokio::test]
async fn the_first_broken_rule_in_the_order_of_the_reference_is_told() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let user = Customer::new(&server, "user-1").await;
    let same = "2025-12-15T00:00:00Z";
    let mut body = with(
        subscription(),
        json!({
            "offer": {"category": "promotional", "type": "free_trial"}, "is_family_shared": true,
            "originally_purchased_at": "2025-12-16T00:00:00Z", "expires_at": same, "refunded_at": same,
            "renew_status_changed_at": same, "grace_period_expires_at": "2025-12-14T00:00:00Z",
        }),
    );
    let free = json!({"country": "US", "currency": "USD", "value": 0});
    let later = "2025-12-20T00:00:00Z";
    for (code, mended) in [
        (
            "free_trial_price_error",
            json!({"offer": {"category": "promotional", "type": "pay_up_front"}}),
        ),
        ("missing_offer_id", json!({"offer": null})),
        ("family_share_price_error", json!({"price": free})),
        (
            "originally_purchased_date_error",
            json!({"originally_purchased_at": same}),
        ),
        (
            "expires_date_error",
            json!({"expires_at": "2026-01-15T00:00:00Z"}),
        ),
        ("refund_date_error", json!({"refunded_at": later})),
        ("refund_fields_error", json!({"cancellation_reason": "refund"})),
        (
            "renew_status_changed_date_error",
            json!({"renew_status_changed_at": later, "billing_issue_detected_at": same}),
        ),
        (
            "billing_issue_detected_at_date_comparison_error",
            json!({"billing_issue_detected_at": null}),
        ),
        (
            "grace_period_billing_error",
            json!({"billing_issue_detected_at": later}),
        ),
        (
            "grace_period_expires_date_error",
            json!({"grace_period_expires_at": "2026-01-15T00:00:00Z"}),
        ),
    ] {
        assert_eq!(
            refusal(&user.call("POST", TRANSACTION, &body).await).1,
            code,
            "{body}"
        );
        body = with(body, mended);
    }
    user.post(TRANSACTION, &body).await;
}

#[tokio::test]
async fn wrong_fields_have_their_codes_and_come_in_body_order() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let user = Customer::new(&server, "user-1").await;
    let before = stored(&server).await;
    let month = |fields: Value| with(subscription(), fields);
    let long = "x".repeat(51);
    let price = |country: Value, currency: Value, value: Value| {
        month(json!({"price": {"country": country, "currency": currency, "value": value}}))
    };
    for (body, code, source) in [
        (json!({}), "base_error", "purchase_type"),
        (month(json!({"purchase_type": "lease"})), "enum", "purchase_type"),
        (month(json!({"environment": "sandbox"})), "enum", "environment"),
        (month(json!({"store": ""})), "base_error", "store"),
        (
            month(json!({"store_transaction_id": long})),
            "base_error",
            "store_transaction_id",
        ),
        (
            month(json!({"store_product_id": null})),
            "base_error",
            "store_product_id",
        ),
        (
            month(json!({"purchased_at": "yesterday"})),
            "datetime",
            "purchased_at",
        ),
        (
            month(json!({"purchased_at": 1_766_000_000})),
            "base_error",
            "purchased_at",
        ),
        (month(json!({"renew_status": null})), "base_error", "renew_status"),
        (month(json!({"offer": "trial"})), "base_error", "offer"),
        (
            month(json!({"offer": {"category": "gift", "type": "unknown"}})),
            "enum",
            "offer.category",
        ),
        (
            month(json!({"offer": {"category": "introductory"}})),
            "base_error",
            "offer.type",
        ),
        (
            month(json!({"cancellation_reason": "mood"})),
            "enum",
            "cancellation_reason",
        ),
        (
            price(json!("USA"), json!("USD"), json!(1)),
            "base_error",
            "price.country",
        ),
        (
            price(json!("US"), json!("dollar"), json!(1)),
            "base_error",
            "price.currency",
        ),
        (
            price(json!("US"), json!("USD"), json!(-0.01)),
            "base_error",
            "price.value",
        ),
        (
            price(json!("US"), json!("USD"), json!("1")),
            "base_error",
            "price.value",
        ),
    ] {
        let (status, told, sources) = refusal(&user.call("POST", TRANSACTION, &body).await);
        assert_eq!(
            (status, told.as_str(), &sources[0]),
            (400, code, &json!(source)),
            "{body}"
        );
    }
    let mut without_end = subscription();
    without_end.as_object_mut().unwrap().remove("expires_at");
    let answer = user.call("POST", TRANSACTION, &without_end).await;
    assert_eq!(refusal(&answer), refused(400, "base_error", &["expires_at"]));
    let headers = [("adapty-customer-user-id", "user-1")];
    let two = r#"{"store":5,"environment":"x","purchase_type":"one_time_purchase","store_product_id":"p",
        "store_transaction_id":"t","store_original_transaction_id":"t","purchased_at":"2025-12-15T00:00:00Z",
        "price":{"country":"US","currency":"USD","value":1}}"#;
    let answer = server.call("POST", TRANSACTION, &headers, two).await;
    assert_eq!(
        refusal(&answer),
        refused(400, "base_error", &["store", "environment"])
    );
    for noise in ["{", "[]", "null", "\"text\""] {
        let answer = server.call("POST", TRANSACTION, &headers, noise).await;
        assert_eq!(refusal(&answer), sourceless(400, "parse_error"), "{noise}");
    }
    assert_eq!(stored(&server).await, before);
}

#[tokio::test]
async fn a_lifetime_subscription_and_one_that_has_ended_are_taken() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let user = Customer::new(&server, "user-1").await;
    let lifetime = with(subscription(), json!({"expires_at": null}));
    let shown = user.post(TRANSACTION, &lifetime).await;
    assert_eq!(shown["access_levels"][0]["expires_at"], Value::Null);
    let ended = json!({"store": "stripe", "expires_at": "2025-12-15T00:00:00.000001Z"});
    let shown = user.post(TRANSACTION, &with(subscription(), ended)).await;
    assert_eq!(shown["subscriptions"].as_array().unwrap().len(), 2, "{shown}");
    assert_eq!(shown["access_levels"][0]["expires_at"], Value::Null);
}

#[tokio::test]
async fn a_known_transaction_does_not_change_its_type() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        user.post(TRANSACTION, &subscription()).await;
        let before = stored(&server).await;
        let answer = user.call("POST", TRANSACTION, &one_time()).await;
        let expected = refused(400, "validation_error", &["purchase_type"]);
        assert_eq!(refusal(&answer), expected, "{backend:?}");
        assert_eq!(stored(&server).await, before, "{backend:?}");
    }
}
