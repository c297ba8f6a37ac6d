use super::*;
use crate::integrations::samples::{Case, answer, sending};
use serde_json::json;

fn case(kind: EventKind) -> Case {
    let case = Case {
        settings: json!({"revenue_mode": "proceeds",
                "sdk_keys": {"production": {"ios": "TJIOSKEY0001", "android": "TJANDROID001"}}}),
        kind,
        identifiers: json!({"tenjin_analytics_installation_id": "5d1f0a7c2b3e4d5f60718293a4b5c6d7"}),
        profile: json!({"ip_v4_address": "198.51.100.24",
                "installation_meta": {"device_id": "d", "device": "iPhone15,3", "os": "iOS 18.3", "platform": "iOS",
                    "locale": "sv_SE", "app_version": "2.8.0", "idfv": "0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F"}}),
        ..Case::of(&INTEGRATION)
    };
    case.with("store_country", "SE")
}

fn android(os: &str, store: &str) -> String {
    let mut case = case(EventKind::SubscriptionStarted);
    case.properties["store"] = json!(store);
    case.profile = json!({"att_status": 3, "installation_meta": {"device_id": "d", "platform": "Android", "os": os,
            "idfv": "0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F",
            "advertising_id": "38400000-8cf0-11bd-b23e-10b96e40000d"}});
    case.request().body
}

#[test]
fn what_the_store_takes_is_said_to_be_off_unless_the_price_is_whole() {
    for (mode, price) in [
        ("gross", "price=12.49&quantity=1&currency=USD&postcut=0"),
        ("proceeds", "price=10.6165&quantity=1&currency=USD&postcut=1"),
        ("net", "price=8.4932&quantity=1&currency=USD&postcut=1"),
    ] {
        let mut case = case(EventKind::SubscriptionStarted);
        case.settings["revenue_mode"] = json!(mode);
        let body = case.request().body;
        assert!(body.ends_with(price), "{mode}: {body}");
    }
}

#[test]
fn a_purchase_is_told_as_documented() {
    let request = case(EventKind::SubscriptionStarted).request();
    assert_eq!(request.url, "https://track.tenjin.com/v0/purchase");
    assert!(
        request
            .headers
            .contains(&("authorization", "Basic VEpJT1NLRVkwMDAxOg==".into()))
    );
    assert_eq!(
        request.body,
        "analytics_installation_id=5d1f0a7c2b3e4d5f60718293a4b5c6d7\
             &advertising_id=00000000-0000-0000-0000-000000000000\
             &developer_device_id=0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F\
             &bundle_id=com.aurora.notes&platform=ios&os_version=18.3&os_version_release=18.3\
             &sdk_version=server&app_version=2.8.0&device_model=iPhone15%2C3&locale=sv_SE&country=SE\
             &ip_address=198.51.100.24&customer_user_id=cust-7781\
             &product_id=aurora.pro.monthly&price=10.6165&quantity=1&currency=USD&postcut=1"
    );
}

#[test]
fn a_trial_is_a_purchase_only_with_its_price() {
    let mut case = case(EventKind::TrialStarted);
    case.settings["event_names"] = json!({"trial_started": "my trial"});
    let request = case.request();
    assert_eq!(request.url, "https://track.tenjin.com/v0/event");
    assert!(request.body.ends_with("&event=my%20trial") && !request.body.contains("price"));
    case.settings["send_trial_price"] = json!(true);
    let request = case.request();
    assert_eq!(request.url, "https://track.tenjin.com/v0/purchase");
    assert!(
        request
            .body
            .ends_with("price=12.49&quantity=1&currency=USD&postcut=0")
    );
}

#[test]
fn a_purchase_without_an_amount_is_skipped() {
    for amount in [json!(null), json!(0.0)] {
        let mut case = case(EventKind::SubscriptionRenewed);
        case.properties["proceeds_usd"] = amount;
        assert_eq!(case.record(), Err(Skip::Other("no_amount")));
    }
    let taken = EventKind::ALL.iter().filter(|kind| takes(**kind));
    assert_eq!(taken.count(), 5);
    assert!(!takes(EventKind::SubscriptionRefunded));
}

#[test]
fn android_is_told_by_the_number_of_its_interface() {
    let body = android("Android 14 (API 34)", "play_store");
    assert!(
        body.contains("&platform=android&os_version=34&os_version_release=14&"),
        "{body}"
    );
    assert!(body.contains("&advertising_id=38400000-8cf0-11bd-b23e-10b96e40000d&bundle_id="));
    assert!(!body.contains("tracking"), "{body}");
    let body = android("14", "amazon_appstore");
    assert!(
        body.contains("&platform=amazon&os_version=14&os_version_release=14&"),
        "{body}"
    );
}

#[test]
fn tracking_is_limited_unless_it_was_allowed() {
    for (status, told) in [
        (0, "limit_ad_tracking=1&tracking_status=0"),
        (2, "limit_ad_tracking=1&tracking_status=2"),
        (3, "limit_ad_tracking=0&tracking_status=3"),
    ] {
        let mut case = case(EventKind::SubscriptionStarted);
        case.profile["att_status"] = json!(status);
        assert!(case.request().body.contains(told), "{told}");
    }
}

#[test]
fn without_key_or_identifier_nothing_is_sent() {
    let mut case = case(EventKind::SubscriptionStarted);
    assert!(case.problems().is_empty());
    case.app = AppSettings::default();
    assert_eq!(case.problems(), ["ios_bundle_id", "android_package"]);
    case.app.android_package = Some("com.aurora.android".into());
    case.settings["sdk_keys"]["production"]["android"] = Value::Null;
    assert_eq!(case.problems(), ["sdk_keys.production.android", "ios_bundle_id"]);
    case.identifiers = json!({});
    assert_eq!(
        case.skip(),
        "missing_identifier: tenjin_analytics_installation_id"
    );
    case.properties["environment"] = json!("Sandbox");
    assert_eq!(case.skip(), "missing_credentials: sdk_keys.sandbox.ios");
    case.settings = json!({"sdk_keys": {"sandbox": {"ios": "k"}}});
    assert_eq!(
        case.problems(),
        [
            "sdk_keys.production",
            "sdk_keys.production.android",
            "ios_bundle_id"
        ]
    );
    case.settings = json!({});
    assert_eq!(case.problems(), ["sdk_keys"]);
}

#[test]
fn answers_are_understood() {
    let one = sending(&INTEGRATION, 1);
    for (status, body, verdict) in [
        (200, r#"{"code":200}"#, "delivered"),
        (200, "", "delivered"),
        (200, "<html>", "delivered"),
        (200, r#"{"code":400,"message":"no bundle_id"}"#, "rejected"),
        (200, r#"{"code":"401"}"#, "misconfigured"),
        (200, r#"{"code":403}"#, "misconfigured"),
        (200, r#"{"code":429}"#, "retry"),
        (200, r#"{"code":503}"#, "retry"),
        (302, "", "rejected"),
        (400, "", "rejected"),
        (401, "", "misconfigured"),
        (403, "", "misconfigured"),
        (404, "", "rejected"),
        (408, "", "retry"),
        (429, "", "retry"),
        (500, "", "retry"),
    ] {
        assert_eq!(one.verdict(status, body), verdict, "{status} {body}");
    }
}

#[test]
fn a_success_that_cannot_be_read_is_noted() {
    let verdict = |body| {
        sending(&INTEGRATION, 1)
            .verdicts(Some(&answer(200, body)))
            .remove(0)
    };
    for body in ["", "<html>", "{}"] {
        assert!(
            matches!(verdict(body), Verdict::DeliveredWithWarning(_)),
            "{body}"
        );
    }
    assert_eq!(verdict(r#"{"code":200}"#), Verdict::Delivered);
}

#[test]
fn a_key_that_cannot_be_a_user_name_is_refused() {
    let problem = |key: &str| {
        let said = json!({"sdk_keys": {"production": {"ios": key}}});
        let read = Settings::read(SETTINGS, said.as_object().unwrap(), &Settings::defaults(SETTINGS));
        let mut problems = read.err().into_iter().flatten();
        problems.next().map(|problem| (problem.field, problem.detail))
    };
    assert_eq!(problem("TJIOSKEY0001"), None);
    let (field, detail) = problem("TJ:IOS").unwrap();
    assert_eq!(field, "sdk_keys.production.ios");
    assert!(detail.contains("colon"), "{detail}");
}
