use super::*;
use crate::integrations::samples::{AT, Case, HOUR, answer, sending};
use serde_json::{Value as Json, json};

fn case(kind: EventKind) -> Case {
    let case = Case {
        settings: json!({"ios_app_id": "1470011223", "android_package_name": "com.aurora/notes",
                "keys": {"production": {"ios": "s2s-demo-ios", "android": "s2s-demo-android"}}}),
        kind,
        identifiers: json!({"appsflyer_id": "1741000000123-7654321"}),
        profile: json!({"ip_v4_address": "198.51.100.24", "ip_country": "SE", "att_status": 2,
                "installation_meta": {"device_id": "d", "os": "iOS 18.3", "platform": "iOS",
                    "idfv": "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e5f",
                    "idfa": "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e60",
                    "advertising_id": "38400000-8cf0-11bd-b23e-10b96e40000d"}}),
        ..Case::of(&INTEGRATION)
    };
    case.with("store_country", "SE")
}

fn value(case: &Case) -> Json {
    serde_json::from_str(case.body()["eventValue"].as_str().unwrap()).unwrap()
}

#[test]
fn a_renewal_is_told_as_documented() {
    let request = case(EventKind::SubscriptionRenewed).request();
    assert_eq!(request.url, "https://api3.appsflyer.com/inappevent/id1470011223");
    assert!(
        request
            .headers
            .contains(&("authentication", "s2s-demo-ios".into()))
    );
    let value = r#"{"af_content_id":"aurora.pro.monthly","af_order_id":"440001100000001","store_country":"SE","profile_country":"SE","af_content_type":"in_app","af_revenue":"12.4900","af_currency":"USD","af_quantity":"1"}"#;
    let body: Json = serde_json::from_str(&request.body).unwrap();
    assert_eq!(
        body,
        json!({"appsflyer_id": "1741000000123-7654321", "eventName": "subscription_renewed",
                "eventTime": "2025-03-14 09:26:53", "eventValue": value, "eventCurrency": "USD", "os": "18.3",
                "bundleIdentifier": "com.aurora.notes", "customer_user_id": "cust-7781", "ip": "198.51.100.24",
                "idfv": "0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F", "att": 2})
    );
}

#[test]
fn another_platform_gets_its_own_app_key_and_ids() {
    let mut case = case(EventKind::SubscriptionStarted);
    case.properties["store"] = json!("play_store");
    let request = case.request();
    assert!(request.url.ends_with("/inappevent/com.aurora%2Fnotes"));
    assert!(
        request
            .headers
            .contains(&("authentication", "s2s-demo-android".into()))
    );
    let body = case.body();
    assert_eq!(body["bundleIdentifier"], "com.aurora.android");
    for ios in ["idfa", "idfv", "att", "os", "advertising_id"] {
        assert!(body[ios].is_null(), "{ios}");
    }
    case.profile["installation_meta"]["platform"] = json!("Android");
    let body = case.body();
    assert_eq!(body["advertising_id"], "38400000-8cf0-11bd-b23e-10b96e40000d");
    assert!(body["idfa"].is_null() && body["idfv"].is_null());
}

#[test]
fn the_old_api_has_another_host() {
    let mut case = case(EventKind::SubscriptionStarted);
    case.settings["s2s_api"] = json!(2);
    case.settings["ios_app_id"] = json!("id1470011223");
    assert_eq!(
        case.request().url,
        "https://api2.appsflyer.com/inappevent/id1470011223"
    );
}

#[test]
fn an_event_of_more_than_26_hours_is_told_as_of_now_also_on_a_repeat() {
    let mut case = case(EventKind::SubscriptionRenewed);
    case.now = AT + 26 * HOUR;
    assert_eq!(case.body()["eventTime"], "2025-03-14 09:26:53");
    case.now += 1_000_000;
    assert_eq!(case.body()["eventTime"], "2025-03-15 11:26:54");
}

#[test]
fn an_event_that_lies_ahead_is_sent_at_once_or_held() {
    let mut case = case(EventKind::SubscriptionRenewed);
    case.now = AT - HOUR;
    assert_eq!(case.body()["eventTime"], "2025-03-14 09:26:53");
    case.settings["delay_future_events"] = json!(true);
    let held = case.record().unwrap_err();
    assert_eq!(held.to_string(), "not_yet");
    assert_eq!(held, Skip::NotYet { until: AT });
    case.now = AT;
    assert!(case.record().is_ok());
}

#[test]
fn refunds_are_negative_and_only_money_is_told_as_money() {
    let mut refund = case(EventKind::SubscriptionRefunded);
    assert_eq!(value(&refund)["af_revenue"], "-12.4900");
    refund.settings["report_user_currency"] = json!(true);
    assert_eq!(value(&refund)["af_revenue"], "-129.0000");
    assert_eq!(value(&refund)["af_currency"], "SEK");
    assert_eq!(refund.body()["eventCurrency"], "SEK");
    let mut trial = case(EventKind::TrialStarted);
    assert_eq!(trial.body()["eventName"], "af_start_trial");
    assert!(value(&trial)["af_revenue"].is_null());
    trial.settings["send_trial_price"] = json!(true);
    assert_eq!(value(&trial)["af_revenue"], "12.4900");
    let mut tiny = case(EventKind::SubscriptionStarted);
    tiny.properties["price_usd"] = json!(0.00001);
    assert!(value(&tiny)["af_revenue"].is_null());
    assert!(value(&case(EventKind::SubscriptionExpired))["af_revenue"].is_null());
}

#[test]
fn nothing_to_say_is_an_empty_text() {
    let mut case = case(EventKind::TrialExpired);
    case.properties = json!({"store": "app_store"});
    case.profile = json!({});
    assert_eq!(case.body()["eventValue"], "");
}

#[test]
fn a_body_that_is_too_large_loses_what_matters_least() {
    let mut case = case(EventKind::SubscriptionRenewed);
    let mut kept = Vec::new();
    for length in 300..700 {
        case.properties["vendor_product_id"] = json!("p".repeat(length));
        let Ok(record) = case.record() else {
            break;
        };
        let request = case.request().body;
        assert!(request.len() <= MAX_BODY, "{} bytes", request.len());
        let left = [
            "profile_country",
            "store_country",
            "bundleIdentifier",
            "idfv",
            "customer_user_id",
        ];
        let left = left.map(|field| record.body.contains(field));
        assert!(left.is_sorted(), "{left:?}");
        kept.push(left.iter().filter(|is_kept| **is_kept).count());
    }
    kept.dedup();
    assert_eq!(kept, [5, 4, 3, 2, 1, 0]);
    assert_eq!(case.record(), Err(Skip::Other("too_large")));
}

#[test]
fn without_key_app_or_identifier_nothing_is_sent() {
    let skipped = |change: fn(&mut Case)| {
        let mut case = case(EventKind::SubscriptionRenewed);
        change(&mut case);
        case.skip()
    };
    assert_eq!(
        skipped(|case| case.properties["environment"] = json!("Sandbox")),
        "missing_credentials: keys.sandbox.ios"
    );
    assert_eq!(
        skipped(|case| case.settings["ios_app_id"] = Json::Null),
        "missing_credentials: ios_app_id"
    );
    assert_eq!(
        skipped(|case| case.identifiers = json!({})),
        "missing_identifier: appsflyer_id"
    );
    let nowhere = skipped(|case| {
        case.properties["store"] = json!("stripe");
        case.profile = json!({});
    });
    assert_eq!(nowhere, "unknown_platform");
}

#[test]
fn settings_that_will_not_do_are_named() {
    let mut case = case(EventKind::TrialExpired);
    assert!(case.problems().is_empty());
    case.settings["android_package_name"] = Json::Null;
    case.settings["event_names"] = json!({"trial_expired": "n".repeat(46), "trial_started": "n".repeat(45)});
    assert_eq!(
        case.problems(),
        ["android_package_name", "event_names.trial_expired"]
    );
    let mut on_android = case.clone();
    on_android.app.ios_bundle_id = None;
    on_android.settings = json!({"ios_app_id": "1470011223", "android_package_name": "com.aurora",
            "keys": {"sandbox": {"android": "k"}, "production": {"android": "k"}}});
    assert_eq!(on_android.problems(), ["keys.production.ios"]);
    on_android.settings["keys"] = json!({"production": {"android": "k"}, "sandbox": {"ios": "k"}});
    assert!(on_android.problems().is_empty());
    case.settings = json!({});
    assert_eq!(case.problems(), ["keys"]);
    for (id, is_fine) in [
        ("1470011223", true),
        ("id1470011223", true),
        ("com.aurora", false),
        ("id", false),
    ] {
        assert_eq!(app_id_problem(id).is_none(), is_fine, "{id}");
    }
}

#[test]
fn without_a_platform_that_has_an_app_and_a_key_nothing_can_be_sent() {
    let is_stopped = |settings| Case::under(&INTEGRATION, settings).is_stopped();
    assert!(is_stopped(json!({"ios_app_id": "1470011223"})));
    assert!(is_stopped(json!({"keys": {"production": {"ios": "k"}}})));
    assert!(is_stopped(
        json!({"keys": {"production": {"ios": "k"}}, "android_package_name": "com.aurora"})
    ));
    assert!(!is_stopped(
        json!({"keys": {"production": {"ios": "k"}, "sandbox": {"android": "k"}},
            "android_package_name": "com.aurora"})
    ));
}

#[test]
fn answers_are_understood() {
    let one = sending(&INTEGRATION, 1);
    for (status, body, verdict) in [
        (200, "OK", "delivered"),
        (302, "", "rejected"),
        (400, "\"Failed to Authenticate\"", "misconfigured"),
        (400, "app_id does not match", "misconfigured"),
        (400, "appsflyer_id is a mandatory field", "rejected"),
        (401, "Unauthorized", "misconfigured"),
        (403, "Forbidden", "misconfigured"),
        (404, "", "rejected"),
        (408, "", "retry"),
        (413, "", "rejected"),
        (429, "", "retry"),
        (500, "Internal Server Error", "retry"),
        (503, "", "retry"),
    ] {
        assert_eq!(one.verdict(status, body), verdict, "{status} {body}");
    }
    let broken = one.verdicts(Some(&answer(500, "")));
    assert!(matches!(broken[0], Verdict::RetryAtMost { tries: 10, .. }));
    let away = one.verdicts(Some(&answer(503, "")));
    assert!(matches!(away[0], Verdict::Retry { .. }));
}
