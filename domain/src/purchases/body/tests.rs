mod any_body;
mod offers;

use rust_decimal::Decimal;

use super::*;
use crate::purchases::rules;
use crate::purchases::samples::paid;
use crate::purchases::transaction::{Environment, OfferKind, Price};
use crate::time::parse_time;

const ONE_TIME: &str = r#"{"purchase_type": "one_time_purchase", "store": "app_store",
        "store_product_id": "coins", "store_transaction_id": "t1", "store_original_transaction_id": "t1",
        "price": {"country": "US", "currency": "USD", "value": 9.99}, "purchased_at": "2025-01-05T12:00:00Z"}"#;

const SUBSCRIPTION: &str = r#"{"purchase_type": "subscription", "store": "my store",
        "environment": "Sandbox", "store_product_id": "monthly", "store_base_plan_id": "plan",
        "store_transaction_id": "t2", "store_original_transaction_id": "t1",
        "offer": {"category": "promotional", "type": "pay_up_front", "id": "o"}, "is_family_shared": false,
        "price": {"country": "DE", "currency": "EUR", "value": 4.5}, "purchased_at": "2025-01-05T12:00:00Z",
        "originally_purchased_at": "2024-12-05T12:00:00Z", "expires_at": "2025-02-05T12:00:00Z",
        "renew_status": true, "renew_status_changed_at": "2025-01-06T12:00:00Z",
        "billing_issue_detected_at": "2025-01-07T12:00:00Z", "grace_period_expires_at": "2025-02-09T12:00:00Z",
        "refunded_at": null, "cancellation_reason": "unknown", "variation_id": "v"}"#;

fn value(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}

fn parsed(body: &Value) -> Result<Transaction, Vec<(&'static str, String)>> {
    let text = body.to_string();
    parse(&Object::parse(text.as_bytes()).unwrap()).map_err(|found| {
        let found = found.into_iter();
        found
            .map(|violation| (violation.code, violation.source))
            .collect()
    })
}

/// The answer to a body with one field set, or with `None` left out.
fn with(body: &str, name: &str, new: Option<Value>) -> Result<Transaction, Vec<(&'static str, String)>> {
    let mut body = value(body);
    match new {
        Some(new) => body[name] = new,
        None => drop(body.as_object_mut().unwrap().remove(name)),
    }
    parsed(&body)
}

fn time(text: &str) -> Option<i64> {
    Some(parse_time(text).unwrap())
}

#[test]
fn a_one_time_purchase_is_read_and_ignores_what_only_subscriptions_have() {
    let noon = parse_time("2025-01-05T12:00:00Z").unwrap();
    let expected = Transaction {
        store: "app_store".into(),
        id: "t1".into(),
        original_id: "t1".into(),
        purchase_type: PurchaseType::OneTimePurchase,
        environment: Environment::Production,
        product_id: "coins".into(),
        base_plan_id: None,
        offer: None,
        is_family_shared: false,
        price: Price {
            country: "US".into(),
            currency: "USD".into(),
            value: Decimal::new(999, 2),
        },
        purchased_at: noon,
        originally_purchased_at: noon,
        expires_at: None,
        will_renew: false,
        renew_status_changed_at: None,
        billing_issue_detected_at: None,
        grace_period_expires_at: None,
        refunded_at: None,
        cancellation_reason: None,
        variation_id: None,
        // What no request says.
        ..paid("t1", 0)
    };
    assert_eq!(parsed(&value(ONE_TIME)), Ok(expected.clone()));
    let mut more = value(ONE_TIME);
    for field in SUBSCRIPTION_FIELDS {
        more[field.name] = json!("1999-01-01T00:00:00Z");
    }
    assert_eq!(parsed(&more), Ok(expected));
}

#[test]
fn a_subscription_is_read() {
    let expected = Transaction {
        store: "my store".into(),
        id: "t2".into(),
        original_id: "t1".into(),
        purchase_type: PurchaseType::Subscription,
        environment: Environment::Sandbox,
        product_id: "monthly".into(),
        base_plan_id: Some("plan".into()),
        offer: Some(Offer {
            category: "promotional".into(),
            kind: OfferKind::PayUpFront,
            id: Some("o".into()),
        }),
        is_family_shared: false,
        price: Price {
            country: "DE".into(),
            currency: "EUR".into(),
            value: Decimal::new(45, 1),
        },
        purchased_at: parse_time("2025-01-05T12:00:00Z").unwrap(),
        originally_purchased_at: parse_time("2024-12-05T12:00:00Z").unwrap(),
        expires_at: time("2025-02-05T12:00:00Z"),
        will_renew: true,
        renew_status_changed_at: time("2025-01-06T12:00:00Z"),
        billing_issue_detected_at: time("2025-01-07T12:00:00Z"),
        grace_period_expires_at: time("2025-02-09T12:00:00Z"),
        refunded_at: None,
        cancellation_reason: Some(CancellationReason::Unknown),
        variation_id: Some("v".into()),
        // What no request says.
        ..paid("t1", 0)
    };
    assert_eq!(parsed(&value(SUBSCRIPTION)), Ok(expected));
}

#[test]
fn required_fields_must_be_there_and_must_not_be_null() {
    for (body, fields) in [
        (ONE_TIME, FIELDS),
        (SUBSCRIPTION, FIELDS),
        (SUBSCRIPTION, SUBSCRIPTION_FIELDS),
    ] {
        for field in fields {
            let expected = Err(vec![("base_error", field.name.to_owned())]);
            if field.required {
                assert_eq!(with(body, field.name, None), expected);
            }
            if !field.nullable {
                assert_eq!(with(body, field.name, Some(Value::Null)), expected);
            }
        }
    }
}

#[test]
fn a_lifetime_subscription_says_so_with_null() {
    let mut body = value(SUBSCRIPTION);
    body["expires_at"] = Value::Null;
    assert_eq!(parsed(&body).unwrap().expires_at, None);
    assert_eq!(
        with(SUBSCRIPTION, "expires_at", None),
        Err(vec![("base_error", "expires_at".into())])
    );
}

#[test]
fn a_wrong_value_is_told_with_its_code() {
    let cases = [
        ("purchase_type", json!("gift"), "enum"),
        ("purchase_type", json!(1), "base_error"),
        ("store", json!(""), "base_error"),
        ("store", json!("s".repeat(256)), "base_error"),
        ("store", json!("a\u{0}b"), "base_error"),
        ("environment", json!("sandbox"), "enum"),
        ("store_product_id", json!(5), "base_error"),
        ("store_base_plan_id", json!("b".repeat(256)), "base_error"),
        ("store_transaction_id", json!("i".repeat(51)), "base_error"),
        (
            "store_original_transaction_id",
            json!("i".repeat(256)),
            "base_error",
        ),
        ("offer", json!("free"), "base_error"),
        ("is_family_shared", json!("true"), "base_error"),
        ("price", json!(9.99), "base_error"),
        ("purchased_at", json!(1_736_078_400), "base_error"),
        ("purchased_at", json!("2025-01-05"), "datetime"),
        ("refunded_at", json!(""), "datetime"),
        ("cancellation_reason", json!("bored"), "enum"),
        ("variation_id", json!(true), "base_error"),
        ("expires_at", json!("never"), "datetime"),
        ("renew_status", json!(1), "base_error"),
        ("grace_period_expires_at", json!(true), "base_error"),
    ];
    for (name, new, code) in cases {
        let found = with(SUBSCRIPTION, name, Some(new.clone()));
        assert_eq!(found, Err(vec![(code, name.to_owned())]), "{name}: {new}");
    }
}

#[test]
fn a_wrong_value_inside_an_object_is_named_with_its_path() {
    let cases = [
        (
            "offer",
            json!({"type": "free_trial"}),
            "base_error",
            "offer.category",
        ),
        (
            "offer",
            json!({"category": "introductory"}),
            "base_error",
            "offer.type",
        ),
        (
            "offer",
            json!({"category": "x", "type": "unknown"}),
            "enum",
            "offer.category",
        ),
        (
            "offer",
            json!({"category": "introductory", "type": "x"}),
            "enum",
            "offer.type",
        ),
        (
            "offer",
            json!({"offer_category": "introductory", "offer_type": "x"}),
            "enum",
            "offer.type",
        ),
        (
            "offer",
            json!({"category": "introductory", "type": "unknown", "id": 1}),
            "base_error",
            "offer.id",
        ),
        (
            "price",
            json!({"country": "DEU", "currency": "EUR", "value": 1}),
            "base_error",
            "price.country",
        ),
        (
            "price",
            json!({"country": "DE", "currency": "EURO", "value": 1}),
            "base_error",
            "price.currency",
        ),
        (
            "price",
            json!({"country": "DE", "currency": "EUR", "value": "1"}),
            "base_error",
            "price.value",
        ),
        (
            "price",
            json!({"country": "DE", "currency": "EUR", "value": -1}),
            "base_error",
            "price.value",
        ),
        (
            "price",
            json!({"country": "DE", "currency": "EUR"}),
            "base_error",
            "price.value",
        ),
    ];
    for (name, new, code, source) in cases {
        let found = with(SUBSCRIPTION, name, Some(new.clone()));
        assert_eq!(found, Err(vec![(code, source.to_owned())]), "{new}");
    }
}

#[test]
fn all_wrong_fields_are_told_in_body_order_and_no_rule_is_looked_at() {
    let body =
        br#"{"price": {"value": -1, "currency": "X"}, "store": 1, "purchase_type": "one_time_purchase",
            "purchased_at": "x", "store_product_id": "p", "is_family_shared": true,
            "store_transaction_id": "t1", "store_original_transaction_id": "t2"}"#;
    let found = parse(&Object::parse(body).unwrap()).unwrap_err();
    let found: Vec<_> = found.iter().map(|one| (one.code, one.source.as_str())).collect();
    let expected = [
        ("base_error", "price.value"),
        ("base_error", "price.currency"),
        ("base_error", "price.country"),
        ("base_error", "store"),
        ("datetime", "purchased_at"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn without_a_purchase_type_the_shared_fields_are_still_checked() {
    let found = parsed(&json!({"purchase_type": "gift", "environment": "x"})).unwrap_err();
    assert_eq!(found[0], ("enum", "environment".into()));
    assert!(found.contains(&("enum", "purchase_type".into())));
    assert!(found.contains(&("base_error", "store".into())));
    assert!(!found.contains(&("base_error", "expires_at".into())));
}

#[test]
fn every_form_of_a_time_is_read() {
    let forms = [
        "2025-01-05T12:00:00.000000+0000",
        "2025-01-05T12:00:00+00:00",
        "2025-01-05T12:00:00Z",
        "2025-01-05T12:00:00.000Z",
        "2025-01-05T14:00:00+02:00",
        "2025-01-05T12:00:00.000",
        "2025-01-05 12:00:00",
    ];
    for form in forms {
        let read = with(ONE_TIME, "purchased_at", Some(json!(form))).unwrap();
        assert_eq!(Some(read.purchased_at), time("2025-01-05T12:00:00Z"), "{form}");
    }
}

#[test]
fn limits_are_reached_but_not_passed() {
    let id = "é".repeat(50);
    let mut body = value(ONE_TIME);
    body["store_transaction_id"] = json!(id);
    body["store_original_transaction_id"] = json!(id);
    body["store"] = json!("s".repeat(255));
    assert_eq!(parsed(&body).unwrap().id, id);
}

#[test]
fn empty_optional_ids_count_as_none_and_unknown_fields_as_nothing() {
    let mut body = value(SUBSCRIPTION);
    body["store_base_plan_id"] = json!("");
    body["variation_id"] = json!("");
    body["renew_cancelled_at"] = json!(1);
    body["is_in_grace_period"] = json!("x");
    let read = parsed(&body).unwrap();
    assert_eq!((read.base_plan_id, read.variation_id), (None, None));
}

fn choice<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    let body = json!({ "word": word }).to_string();
    Object::parse(body.as_bytes()).unwrap().choice("word")
}

#[test]
fn the_lists_of_words_are_those_of_the_types() {
    for field in FIELDS.iter().chain(OFFER_FIELDS) {
        let Kind::OneOf(words) = field.kind else { continue };
        for word in words {
            let known = match field.name {
                "purchase_type" => choice::<PurchaseType>(word).is_some(),
                "environment" => choice::<Environment>(word).is_some_and(|one| one.as_str() == *word),
                "cancellation_reason" => choice::<CancellationReason>(word).is_some(),
                "type" => choice::<OfferKind>(word).is_some_and(|one| one.as_str() == *word),
                _ => true,
            };
            assert!(known, "{}: {word}", field.name);
        }
    }
}

#[test]
fn the_schema_asks_more_of_a_subscription() {
    let schema = schema();
    assert!(schema["properties"]["grace_period_expires_at"].is_object());
    assert_eq!(schema["properties"]["offer"]["type"], json!(["object", "null"]));
    let required = schema["required"].as_array().unwrap();
    assert!(required.contains(&json!("price")) && !required.contains(&json!("expires_at")));
    let more = json!(["originally_purchased_at", "expires_at", "renew_status"]);
    assert_eq!(schema["then"]["required"], more);
}
