use super::*;
use crate::events::EventKind;
use crate::integrations::samples::{Case, EVENT_ID, HOUR, PROFILE_ID, answer, sending};
use serde_json::json;

#[test]
fn a_bad_event_is_rejected_and_the_others_are_sent_again() {
    let three = sending(&INTEGRATION, 3);
    for named in [
        r#""events_with_invalid_fields":{"time":[1]}"#,
        r#""events_with_missing_fields":{"event_type":[1]}"#,
        r#""events_with_invalid_id_lengths":{"user_id":[1]}"#,
        r#""silenced_events":[1]"#,
    ] {
        let bad = answer(400, &format!(r#"{{"code":400,{named}}}"#));
        let verdicts = three.verdicts(Some(&bad));
        assert_eq!(verdicts[0], Verdict::Resend, "{named}");
        assert!(matches!(&verdicts[1], Verdict::Rejected(_)), "{named}");
        assert_eq!(verdicts[2], Verdict::Resend, "{named}");
    }
}

#[test]
fn an_answer_about_events_that_were_not_sent_takes_the_request_apart() {
    let two = sending(&INTEGRATION, 2);
    let bad = answer(
        400,
        r#"{"events_with_invalid_fields":{"time":[2,7]},"silenced_events":[9]}"#,
    );
    assert_eq!(two.verdicts(Some(&bad)), vec![Verdict::ResendAlone; 2]);
}

#[test]
fn answers_are_understood() {
    let one = sending(&INTEGRATION, 1);
    for (status, body, verdict) in [
        (200, r#"{"code":200}"#, "delivered"),
        (200, "", "delivered"),
        (200, "ok", "delivered"),
        (200, r#"{"code":0}"#, "delivered"),
        (200, "\n<!DOCTYPE html><html>", "misconfigured"),
        (200, r#"{"code":400,"error":"bad"}"#, "rejected"),
        (
            200,
            r#"{"code":400,"error":"Invalid API key: k"}"#,
            "misconfigured",
        ),
        (200, r#"{"code":429}"#, "retry"),
        (200, r#"{"code":500}"#, "retry"),
        (400, r#"{"error":"Invalid API key: x"}"#, "misconfigured"),
        (400, r#"{"missing_field":"api_key"}"#, "misconfigured"),
        (400, r#"{"missing_field":"event_type"}"#, "rejected"),
        (400, "no JSON", "rejected"),
        (403, "{}", "misconfigured"),
        (413, "{}", "rejected"),
        (429, r#"{"throttled_events":[0]}"#, "retry"),
        (503, "", "retry"),
        (302, "", "rejected"),
    ] {
        assert_eq!(one.verdict(status, body), verdict, "{status} {body}");
    }
    let alone = sending(&INTEGRATION, 2).verdicts(Some(&answer(413, "")));
    assert_eq!(alone, vec![Verdict::ResendAlone; 2]);
}

#[test]
fn over_the_days_quota_only_the_events_of_those_who_are_named_wait() {
    let bodies = [
        r#"{"user_id":"u1"}"#,
        r#"{"user_id":"u2","device_id":"d1"}"#,
        r#"{"device_id":"u1"}"#,
        r#"{"user_id":"u\u00e9"}"#,
        r#"{"user_id":"u5"}"#,
    ];
    let sent = sending(&INTEGRATION, bodies.len()).with(&bodies);
    let waits = |body: &str| -> Vec<Option<u32>> {
        let verdicts = sent.verdicts(Some(&answer(429, body))).into_iter();
        let wait = |verdict| match verdict {
            Verdict::Retry { after_seconds, .. } => after_seconds,
            Verdict::Resend => None,
            other => panic!("{other:?}"),
        };
        verdicts.map(wait).collect()
    };
    let quota = r#"{"exceeded_daily_quota_users":{"u1":1,"ué":2},"exceeded_daily_quota_devices":{"d1":9}}"#;
    let hour = Some(3_600);
    assert_eq!(waits(quota), [hour, hour, None, hour, None]);
    let both = r#"{"exceeded_daily_quota_users":{"u1":1},"throttled_events":[0,2]}"#;
    assert_eq!(waits(both), [hour, None, Some(30), None, None]);
    let others = r#"{"exceeded_daily_quota_users":{"somebody":1},"eps_threshold":30}"#;
    assert_eq!(waits(others), [Some(30); 5]);
}

#[test]
fn a_start_is_told_as_documented() {
    let properties = json!({
        "vendor_product_id": "gold.monthly", "transaction_id": "GPA.1111-2222-3333-44444",
        "original_transaction_id": "GPA.1111-2222-3333-44444", "store": "play_store",
        "environment": "Production", "currency": "EUR", "price_usd": 4.94, "proceeds_usd": 4.2,
        "event_datetime": "2025-03-14T09:26:53.000000+0000", "profile_event_id": EVENT_ID
    });
    let case = Case {
        settings: json!({"api_keys": {"production": {"android": "amp-prod-android-key"}},
                "revenue_mode": "proceeds"}),
        kind: EventKind::SubscriptionStarted,
        properties: properties.clone(),
        identifiers: json!({"amplitude_device_id": "amp-dev-91ff"}),
        profile: json!({"installation_meta": {"device_id": "d", "platform": "Android"}}),
        ..Case::of(&INTEGRATION)
    };
    let request = case.request();
    assert_eq!(request.url, "https://api2.amplitude.com/2/httpapi");
    assert_eq!(
        request.headers,
        [
            ("content-type", "application/json".into()),
            ("accept", "*/*".into())
        ]
    );
    assert_eq!(
        case.body(),
        json!({
            "api_key": "amp-prod-android-key", "options": {"min_id_length": 1},
            "events": [{
                "event_type": "subscription_started", "time": 1_741_944_413_000_i64, "insert_id": EVENT_ID,
                "user_id": "cust-7781", "device_id": "amp-dev-91ff", "platform": "Android",
                "os_name": "Android", "productId": "gold.monthly", "revenue": 4.2, "currency": "USD",
                "event_properties": properties,
                // The customer of a case has bought nothing.
                "user_properties": {"subscription_state": "never_subscribed"}
            }]
        })
    );
}

#[test]
fn a_platform_of_the_app_without_a_key_is_told_of() {
    let mut case = Case {
        settings: json!({"api_keys": {"sandbox": {"ios": "k"}}}),
        ..Case::of(&INTEGRATION)
    };
    assert_eq!(
        case.problems(),
        ["api_keys.production", "api_keys.production.android"]
    );
    case.settings = json!({"api_keys": {"production": {"ios": "k"}, "sandbox": {"android": "k"}}});
    assert!(case.problems().is_empty());
    case.settings = json!({"api_keys": {"production": {"android": "k"}}});
    assert_eq!(case.problems(), ["api_keys.production.ios"]);
    case.app.ios_bundle_id = None;
    assert!(case.problems().is_empty());
    case.settings = json!({});
    assert_eq!(case.problems(), ["api_keys"]);
}

#[test]
fn a_residency_that_does_not_count_is_told_of() {
    let problems = |residency: &str, base: &str| {
        let case = Case {
            settings: json!({"api_keys": {"production": {"ios": "k", "android": "k"}},
                "data_residency": residency, "base_url": base}),
            ..Case::of(&INTEGRATION)
        };
        case.problems()
    };
    assert_eq!(problems("eu", "https://api2.amplitude.com"), ["data_residency"]);
    assert_eq!(problems("eu", "https://proxy.example"), ["data_residency"]);
    assert!(problems("eu", "https://api.eu.amplitude.com").is_empty());
    assert!(problems("us", "https://proxy.example").is_empty());
}

#[test]
fn a_name_that_amplitude_keeps_for_itself_is_not_sent() {
    let mut case = Case {
        settings: json!({"api_keys": {"production": {"ios": "k", "android": "k"}},
                "event_names": {"subscription_renewed": "$identify", "trial_started": "$start"}}),
        ..Case::of(&INTEGRATION)
    };
    assert_eq!(case.problems(), ["event_names.subscription_renewed"]);
    assert_eq!(case.skip(), "invalid_name");
    case.kind = EventKind::TrialStarted;
    assert_eq!(case.body()["events"][0]["event_type"], "$start");
}

#[test]
fn a_user_or_a_device_must_be_known() {
    let mut case = Case {
        settings: json!({"api_keys": {"production": {"ios": "k"}}}),
        ..Case::of(&INTEGRATION)
    };
    let ids = |case: &Case| {
        let event = &case.body()["events"][0];
        [event["user_id"].clone(), event["device_id"].clone()]
    };
    assert_eq!(ids(&case), [json!("cust-7781"), json!(null)]);
    case.identifiers = json!({"amplitude_user_id": "unknown", "amplitude_device_id": "0"});
    assert_eq!(ids(&case), [json!("cust-7781"), json!(null)], "no ids");
    case.at += HOUR;
    assert_eq!(
        ids(&case)[0],
        "cust-7781",
        "a clock that was ahead is not waited for"
    );
    case.customer_user_id = None;
    assert!(matches!(case.record(), Err(Skip::Waiting { .. })));
    case.identifiers = json!({"amplitude_device_id": "d"});
    assert_eq!(ids(&case), [json!(null), json!("d")]);
    case.settings["always_populate_user_id"] = json!(true);
    assert_eq!(ids(&case), [json!(PROFILE_ID), json!("d")]);
    for (customer, expected) in [("cust-7781", "cust-7781"), ("undefined", PROFILE_ID)] {
        case.customer_user_id = Some(customer);
        assert_eq!(ids(&case)[0], expected, "{customer}");
    }
}

#[test]
fn only_what_costs_money_tells_of_money() {
    let revenue = |kind, send_trial_price: bool| {
        let case = Case {
            settings: json!({"api_keys": {"production": {"ios": "k"}}, "send_trial_price": send_trial_price}),
            kind,
            ..Case::of(&INTEGRATION)
        };
        case.body()["events"][0]["revenue"].clone()
    };
    for send_trial_price in [false, true] {
        assert_eq!(revenue(EventKind::SubscriptionRenewed, send_trial_price), 12.49);
        assert!(revenue(EventKind::SubscriptionRenewalCancelled, send_trial_price).is_null());
        assert_eq!(
            revenue(EventKind::TrialStarted, send_trial_price).is_null(),
            !send_trial_price
        );
    }
}

/// One of these fields alone would empty the others of the customer, whom the app's SDK has told of.
#[test]
fn where_no_device_is_known_nothing_is_said_of_it() {
    let keys = json!({"ios": "k", "android": "k", "stripe": "k", "paddle": "k", "shop": "k"});
    let unnamed = json!({"installation_meta": {"device_id": "d", "os": "iOS 18.3", "device": "iPhone15,3"}});
    for profile in [json!({}), unnamed] {
        let case = Case {
            settings: json!({"api_keys": {"production": keys}}),
            profile,
            ..Case::of(&INTEGRATION)
        };
        for store in ["app_store", "play_store", "stripe", "paddle", "shop"] {
            let told = device(&case.clone().with("store", store));
            assert!(told.iter().all(Value::is_null), "{store} {told:?}");
        }
    }
}

#[test]
fn an_attribute_takes_no_place_of_the_subscription() {
    let case = Case {
        settings: json!({"api_keys": {"production": {"ios": "k"}}, "send_user_attributes": true}),
        profile: json!({"custom_attributes": [{"key": "subscription_state", "value": "x"},
                {"key": "subscription_product", "value": "y"}, {"key": "plan", "value": "gold"}]}),
        ..Case::of(&INTEGRATION)
    };
    let body = case.request().body;
    assert_eq!(body.matches("subscription_state").count(), 1, "{body}");
    assert!(!body.contains("subscription_product"), "{body}");
    assert_eq!(case.body()["events"][0]["user_properties"]["plan"], "gold");
}

#[test]
fn a_device_is_told_as_its_installation_says_whatever_the_store() {
    let told = |platform: &str, store: &str| {
        let case = Case {
            settings: json!({"api_keys": {"production": {"ios": "k", "stripe": "k"}}}),
            profile: json!({"installation_meta": {"device_id": "d", "platform": platform, "os": "iPadOS 18.3",
                "device": "iPad14,1"}}),
            ..Case::of(&INTEGRATION)
        };
        device(&case.with("store", store))
    };
    assert_eq!(told("iPadOS", "app_store"), ["iOS", "iOS", "18.3", "iPad14,1"]);
    assert_eq!(told("Android", "app_store")[..2], ["Android", "Android"]);
    assert_eq!(told("iOS", "stripe")[0], "iOS");
    assert_eq!(
        told("web", "app_store"),
        [json!("Web"), json!(null), json!(null), json!(null)]
    );
}

#[test]
fn all_that_is_told_of_a_device_is_of_the_latest_that_tells_its_platform() {
    let after = |later: &[Value]| {
        let phone = json!({"device_id": "d", "platform": "iOS", "os": "iOS 18.3", "device": "iPhone15,3"});
        let calls = [&[phone], later].concat().into_iter();
        let calls = calls.map(|device| json!({ "installation_meta": device }));
        let case = Case {
            settings: json!({"api_keys": {"production": {"ios": "k"}}}),
            profile: calls.collect(),
            ..Case::of(&INTEGRATION)
        };
        device(&case)
    };
    let none = json!(null);
    let mac = json!({"device_id": "m", "platform": "macOS", "device": "Mac16,1"});
    assert_eq!(
        after(&[mac]),
        [json!("iOS"), json!("iOS"), none.clone(), json!("Mac16,1")]
    );
    let unknown = json!({"device_id": "u", "platform": "Fire OS", "os": "8", "device": "AFTMM"});
    assert_eq!(after(&[unknown]), [const { Value::Null }; 4]);
    let untold = json!({"device_id": "n", "os": "8", "device": "AFTMM"});
    assert_eq!(after(&[untold]), ["iOS", "iOS", "18.3", "iPhone15,3"]);
}

/// What an event says of the device.
fn device(case: &Case) -> [Value; 4] {
    let event = &case.body()["events"][0];
    ["platform", "os_name", "os_version", "device_model"].map(|field| event[field].clone())
}

#[test]
fn long_texts_are_cut_and_what_is_not_set_is_left_out() {
    let case = Case {
        settings: json!({"api_keys": {"production": {"ios": "k"}}}),
        ..Case::of(&INTEGRATION)
    };
    let body = case.with("paywall_name", "é".repeat(1_025)).body();
    let properties = &body["events"][0]["event_properties"];
    assert_eq!(properties["paywall_name"], "é".repeat(1_024));
    assert_eq!(properties.get("cohort_name"), None);
    assert_eq!(body["events"][0]["insert_id"], properties["profile_event_id"]);
}

#[test]
fn an_id_that_is_a_mistake_is_none_in_capitals_too() {
    let case = Case {
        settings: json!({"api_keys": {"production": {"ios": "k"}}}),
        identifiers: json!({"amplitude_user_id": "None", "amplitude_device_id": "NULL"}),
        customer_user_id: Some("cust-7781"),
        ..Case::of(&INTEGRATION)
    };
    let event = &case.body()["events"][0];
    assert_eq!(event["user_id"], "cust-7781");
    assert!(event.get("device_id").is_none());
}
