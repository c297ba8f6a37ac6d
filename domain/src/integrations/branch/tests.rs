use super::*;
use crate::integrations::samples::{AT, Case, EVENT_ID, sending};
use serde_json::{Value, json};

fn case(kind: EventKind) -> Case {
    Case {
        settings: json!({"branch_keys": {"production": "key_live_demo1"}}),
        kind,
        identifiers: json!({"branch_id": "br-7781"}),
        customer_user_id: None,
        ..Case::of(&INTEGRATION).with("store", "play_store")
    }
}

fn with_device() -> Value {
    json!({"ip_country": "se", "ip_v4_address": "198.51.100.24", "installation_meta": {
            "device_id": "d", "os": "Android 14", "app_version": "2.8.0", "idfv": "b5a1c2d3-0000-4000-8000-00000000000b",
            "advertising_id": "3b0f5f0e-6d0a-4f60-9a53-5d5a7a1f2c11"}})
}

#[test]
fn answers_are_understood() {
    let one = sending(&INTEGRATION, 1);
    for (status, body, verdict) in [
        (200, r#"{"branch_view_enabled":false}"#, "delivered"),
        (200, r#"{"ascending_only":true,"locked":false}"#, "delivered"),
        (
            200,
            r#"{"error":{"code":400,"message":"Invalid branch key"}}"#,
            "misconfigured",
        ),
        (
            200,
            r#"{"error":{"code":400,"message":"name is missing"}}"#,
            "rejected",
        ),
        (
            200,
            r#"{"error":{"code":429,"message":"Rate limit reached."}}"#,
            "retry",
        ),
        (200, r#"{"error":{"code":503}}"#, "retry"),
        (200, r#"{"error":{"code":200}}"#, "rejected"),
        (200, r#"{"error":"odd"}"#, "rejected"),
        (302, "", "rejected"),
        (
            400,
            r#"{"error":{"code":400,"message":"Invalid Branch key"}}"#,
            "misconfigured",
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"unknown event"}}"#,
            "rejected",
        ),
        (
            400,
            r#"{"error":{"message":"branch_key is missing"}}"#,
            "misconfigured",
        ),
        (401, "", "misconfigured"),
        (403, "", "misconfigured"),
        (404, "", "rejected"),
        (408, "", "retry"),
        (
            429,
            r#"{"error":{"code":429,"message":"Rate limit reached."}}"#,
            "retry",
        ),
        (502, "<html>", "retry"),
    ] {
        assert_eq!(one.verdict(status, body), verdict, "{status} {body}");
    }
}

#[test]
fn a_purchase_is_told_as_documented() {
    let case = Case {
        properties: json!({
            "profile_event_id": EVENT_ID, "vendor_product_id": "coins_500",
            "transaction_id": "GPA.3300-1111-2222-33333",
            "original_transaction_id": "GPA.3300-1111-2222-33333", "store": "play_store",
            "environment": "Production", "event_datetime": "2025-03-14T09:26:53.000000+0000",
            "currency": "USD", "price_usd": 4.99, "cohort_name": null
        }),
        identifiers: json!({}),
        profile: with_device(),
        customer_user_id: Some("cust-7781"),
        ..case(EventKind::NonSubscriptionPurchase)
    };
    let request = case.request();
    assert_eq!(request.url, "https://api2.branch.io/v2/event/standard");
    for header in ["content-type", "accept"] {
        assert!(
            request.headers.contains(&(header, "application/json".into())),
            "{header}"
        );
    }
    assert_eq!(
        case.body(),
        json!({
            "branch_key": "key_live_demo1", "name": "PURCHASE",
            "user_data": {
                "os": "Android", "os_version": "14", "app_version": "2.8.0", "environment": "FULL_APP",
                "developer_identity": "cust-7781", "country": "SE", "ip": "198.51.100.24",
                "aaid": "3b0f5f0e-6d0a-4f60-9a53-5d5a7a1f2c11"
            },
            "event_data": {"transaction_id": "GPA.3300-1111-2222-33333", "revenue": 4.99, "currency": "USD"},
            "custom_data": {
                "profile_event_id": EVENT_ID, "vendor_product_id": "coins_500",
                "transaction_id": "GPA.3300-1111-2222-33333",
                "original_transaction_id": "GPA.3300-1111-2222-33333", "store": "play_store",
                "environment": "Production", "event_datetime": "2025-03-14T09:26:53.000000+0000",
                "currency": "USD", "price_usd": "4.99"
            }
        })
    );
}

#[test]
fn the_name_decides_the_path() {
    let mut case = case(EventKind::SubscriptionExpired);
    let route = |case: &Case| case.record().unwrap().route;
    assert_eq!(route(&case), "custom branch_keys.production");
    case.settings["event_names"] = json!({"subscription_expired": "SHARE"});
    assert_eq!(route(&case), "standard branch_keys.production");
    case.settings["event_names"] = json!({"subscription_expired": "share"});
    assert_eq!(route(&case), "custom branch_keys.production");
}

#[test]
fn money_is_told_but_no_refund() {
    let refund = case(EventKind::SubscriptionRefunded).body();
    assert!(refund["event_data"].is_null());
    let renewal = case(EventKind::SubscriptionRenewed).body();
    assert_eq!(
        renewal["event_data"],
        json!({"transaction_id": "440001234567890", "revenue": 12.49, "currency": "USD"})
    );
    assert_eq!(renewal["name"], "PURCHASE");
    assert!(case(EventKind::SubscriptionExpired).body()["event_data"].is_null());
}

#[test]
fn everything_in_custom_data_is_text() {
    let event = case(EventKind::SubscriptionRenewed)
        .with("paywall_name", "")
        .body();
    let data = event["custom_data"].as_object().unwrap();
    assert!(
        data.values()
            .all(|value| value.as_str().is_some_and(|text| !text.is_empty()))
    );
    assert_eq!(data["price_usd"], "12.49");
    assert_eq!(data["environment"], "Production");
    assert_eq!(data["rate_after_first_year"], "false");
}

#[test]
fn a_user_is_known_by_an_identity_or_a_device_of_the_platform() {
    let mut case = case(EventKind::TrialExpired);
    case.profile = with_device();
    assert_eq!(case.body()["user_data"]["developer_identity"], "br-7781");
    case.identifiers = json!({});
    let user = case.body()["user_data"].clone();
    let expected = json!({"os": "Android", "os_version": "14", "app_version": "2.8.0", "environment": "FULL_APP",
            "country": "SE", "ip": "198.51.100.24", "aaid": "3b0f5f0e-6d0a-4f60-9a53-5d5a7a1f2c11"});
    assert_eq!(user, expected);
    case = case.with("store", "app_store");
    assert_eq!(
        case.body()["user_data"]["idfv"],
        "b5a1c2d3-0000-4000-8000-00000000000b"
    );
    case.profile = json!({});
    let waiting = |until| {
        Err(Skip::Waiting {
            identifiers: IDENTIFIERS,
            until,
        })
    };
    assert_eq!(case.record(), waiting(None));
    case.customer_user_id = Some("u1");
    assert_eq!(case.body()["user_data"]["developer_identity"], "u1");
    case.settings["wait_for_identifier"] = json!(5);
    assert_eq!(case.record(), waiting(Some(AT + 5_000_000)));
}

#[test]
fn each_id_of_the_device_will_do_alone() {
    for (store, field, told) in [
        ("app_store", "idfa", "idfa"),
        ("app_store", "idfv", "idfv"),
        ("play_store", "advertising_id", "aaid"),
        ("play_store", "android_id", "android_id"),
    ] {
        let mut case = case(EventKind::TrialExpired).with("store", store);
        case.identifiers = json!({});
        case.profile = json!({"att_status": 3, "installation_meta": {"device_id": "d", field: "9774d56d"}});
        assert_eq!(case.body()["user_data"][told], "9774d56d", "{field}");
        let other = if store == "app_store" {
            "play_store"
        } else {
            "app_store"
        };
        assert_eq!(
            case.with("store", other).skip(),
            "missing_identifier: branch_id",
            "{field}"
        );
    }
}

#[test]
fn an_unknown_platform_is_skipped() {
    let mut case = case(EventKind::TrialExpired);
    case = case.with("store", "paddle");
    assert_eq!(case.record(), Err(Skip::UnknownPlatform));
}

#[test]
fn a_live_key_is_never_used_for_tests() {
    let mut case = case(EventKind::TrialExpired);
    case.properties["environment"] = json!("Sandbox");
    let missing = Skip::MissingCredentials("branch_keys.sandbox".into());
    assert_eq!(case.record(), Err(missing));
    assert!(test_key_problem("key_live_demo1").is_some());
    assert_eq!(test_key_problem("key_test_demo1"), None);
    case.settings = json!({"branch_keys": {"production": "key_test_demo1"}});
    assert_eq!(case.problems(), ["branch_keys.production"]);
    assert_eq!(Case::of(&INTEGRATION).problems(), ["branch_keys"]);
}
