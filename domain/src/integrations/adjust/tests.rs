use super::*;
use crate::integrations::samples::{AT, Case, EVENT_ID, HOUR, answer, sending};
use serde_json::{Value as Json, json};

fn case(kind: EventKind) -> Case {
    let mut tokens = json!({});
    tokens[kind.as_str()] = json!("z9k3qa");
    Case {
        settings: json!({"app_tokens": {"ios": "7qk2m5x0abcd", "android": "8qk2m5x0abcd"},
                "oauth_tokens": {"ios": "oa-demo"}, "revenue_mode": "proceeds",
                "event_tokens": {"ios": tokens, "android": tokens}}),
        kind,
        properties: json!({"profile_event_id": "x", "store": "app_store", "environment": "Production",
                "currency": "SEK", "price_usd": 12.49, "proceeds_usd": 10.6165, "consecutive_payments": 1,
                "rate_after_first_year": false, "developer_id": null}),
        identifiers: json!({"adjust_device_id": "5f1e2d3c4b5a69788796a5b4c3d2e1f0"}),
        profile: json!({"ip_v4_address": "198.51.100.24", "att_status": 3,
                "installation_meta": {"device_id": "d", "platform": "iOS",
                    "idfv": "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e5f",
                    "idfa": "00000000-0000-0000-0000-000000000000"}}),
        ..Case::of(&INTEGRATION)
    }
}

fn android(kind: EventKind) -> Case {
    let mut case = case(kind);
    case.properties["store"] = json!("play_store");
    case.identifiers = json!({});
    case.profile = json!({"installation_meta": {"device_id": "d", "platform": "Android",
            "advertising_id": "38400000-8CF0-11BD-B23E-10B96E40000D", "android_id": "9774D56D-682E549C",
            "user_agent": "Example/1.0 (Android)"}});
    case
}

fn field(case: &Case, name: &str) -> Option<String> {
    case.form().remove(name)
}

#[test]
fn a_conversion_is_told_as_documented() {
    let case = case(EventKind::TrialConverted);
    let request = case.request();
    assert_eq!(request.url, "https://s2s.adjust.com/event");
    assert!(
        request
            .headers
            .contains(&("authorization", "Bearer oa-demo".into()))
    );
    assert!(
        request
            .headers
            .contains(&("content-type", "application/x-www-form-urlencoded".into()))
    );
    assert!(
        request.body.starts_with(
            "s2s=1&app_token=7qk2m5x0abcd&created_at_unix=1741944413&event_token=z9k3qa\
                 &environment=production&revenue=10.6165&currency=USD&adid=5f1e2d3c4b5a69788796a5b4c3d2e1f0\
                 &idfv=0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F&customer_user_id=cust-7781\
                 &external_device_id=cust-7781&ip_address=198.51.100.24\
                 &callback_params=%7B%22integration_event_id%22%3A%22"
        ),
        "{}",
        request.body
    );
    assert_eq!(field(&case, "callback_params"), field(&case, "partner_params"));
    assert_eq!(field(&case, "idfa"), None);
}

#[test]
fn parameters_are_flat_texts() {
    let case = case(EventKind::TrialConverted);
    let params: Json = serde_json::from_str(&case.form()["callback_params"]).unwrap();
    assert_eq!(
        params,
        json!({"integration_event_id": EVENT_ID, "customer_user_id": "cust-7781",
                "event_type": "trial_converted", "store": "app_store", "environment": "Production",
                "currency": "SEK", "price_usd": "12.49", "proceeds_usd": "10.6165",
                "consecutive_payments": "1", "rate_after_first_year": "false"})
    );
}

#[test]
fn on_android_its_own_ids_will_do() {
    let case = android(EventKind::SubscriptionStarted);
    assert_eq!(
        field(&case, "gps_adid").as_deref(),
        Some("38400000-8cf0-11bd-b23e-10b96e40000d")
    );
    assert_eq!(field(&case, "android_id").as_deref(), Some("9774d56d682e549c"));
    assert_eq!(field(&case, "app_token").as_deref(), Some("8qk2m5x0abcd"));
    assert!(field(&case, "user_agent").unwrap().starts_with("Example/1.0 "));
    let headers = case.request().headers;
    assert!(headers.iter().all(|(name, _)| *name != "authorization"));
}

#[test]
fn any_id_of_the_device_will_do_once_the_wait_is_over() {
    let mut case = case(EventKind::SubscriptionStarted);
    case.identifiers = json!({});
    assert!(field(&case, "idfv").is_some());
    case.settings["wait_for_identifier"] = json!(60);
    let waiting = case.record().unwrap_err();
    assert_eq!(
        waiting,
        Skip::Waiting {
            identifiers: &[ADID],
            until: Some(AT + 60_000_000)
        }
    );
    case.now = AT + 60_000_000;
    assert!(case.record().is_ok());
    case.profile = json!({});
    assert_eq!(
        case.skip(),
        "missing_identifier: adjust_device_id or idfa or idfv"
    );
}

#[test]
fn an_event_on_android_has_a_token_and_ids_of_its_own() {
    let mut case = android(EventKind::SubscriptionStarted);
    case.profile = json!({});
    assert_eq!(
        case.skip(),
        "missing_identifier: adjust_device_id or advertising_id or android_id"
    );
    case.identifiers = json!({"adjust_device_id": "5f1e"});
    assert!(case.record().is_ok());
    case.settings["event_tokens"]["android"] = json!({});
    assert_eq!(case.record(), Err(Skip::EventDisabled));
}

#[test]
fn refunds_and_what_is_too_little_go_out_without_money() {
    assert_eq!(
        field(&case(EventKind::SubscriptionStarted), "revenue").as_deref(),
        Some("10.6165")
    );
    let refund = case(EventKind::SubscriptionRefunded);
    assert_eq!(
        (field(&refund, "revenue"), field(&refund, "currency")),
        (None, None)
    );
    for (amount, is_told) in [
        ("0.001", false),
        ("0.0011", true),
        ("100000000000", true),
        ("100000000001", false),
    ] {
        let mut case = case(EventKind::SubscriptionRenewed);
        case.properties["proceeds_usd"] = serde_json::from_str(amount).unwrap();
        assert_eq!(field(&case, "revenue").is_some(), is_told, "{amount}");
    }
}

#[test]
fn a_token_that_was_corrected_is_sent_on_the_next_try() {
    let mut case = case(EventKind::SubscriptionStarted);
    let record = case.record().unwrap();
    case.settings["event_tokens"]["ios"]["subscription_started"] = json!("c0rr3c");
    let one = sending(&INTEGRATION, 1).on(&record.route).with(&[&record.body]);
    let repeat = one.under(case.settings()).request().body;
    assert!(repeat.contains("&event_token=c0rr3c&"), "{repeat}");
    assert!(!repeat.contains("z9k3qa"), "{repeat}");
}

#[test]
fn an_event_of_more_than_58_days_is_told_as_of_now() {
    let mut case = case(EventKind::SubscriptionStarted);
    case.now = AT + 58 * 24 * HOUR - 60_000_000;
    assert_eq!(field(&case, "created_at_unix").as_deref(), Some("1741944413"));
    case.now += 1_000_000;
    let now = (case.now / 1_000_000).to_string();
    assert_eq!(field(&case, "created_at_unix"), Some(now));
}

#[test]
fn an_event_without_a_token_is_off() {
    let mut case = case(EventKind::SubscriptionStarted);
    case.properties["environment"] = json!("Sandbox");
    assert_eq!(field(&case, "environment").as_deref(), Some("sandbox"));
    case.settings["event_tokens"] = json!({"android": {"subscription_started": "z9k3qa"}});
    assert_eq!(case.record(), Err(Skip::EventDisabled));
    case.settings["app_tokens"] = json!({});
    assert_eq!(case.skip(), "missing_credentials: app_tokens.ios");
}

#[test]
fn an_event_token_has_six_letters_and_digits() {
    assert!(is_event_token("z9k3qa") && is_event_token("ABC123"));
    for bad in ["", "z9k3q", "z9k3qab", "z9k3q-", "z9k3ä", "------"] {
        assert!(!is_event_token(bad), "{bad}");
    }
}

#[test]
fn settings_that_will_not_do_are_named() {
    let mut case = case(EventKind::SubscriptionStarted);
    assert!(case.problems().is_empty());
    case.settings["event_tokens"] = json!({"ios": {"trial_started": "Trial Started"}});
    assert_eq!(
        case.problems(),
        ["event_tokens.ios.trial_started", "event_tokens.android"]
    );
    case.settings["app_tokens"] = json!({"android": "8qk2m5x0abcd"});
    assert_eq!(case.problems()[0], "app_tokens.ios");
    let mut on_android = case.clone();
    on_android.settings["event_tokens"] = json!({"android": {"trial_started": "z9k3qa"}});
    assert_eq!(on_android.problems(), ["app_tokens.ios"]);
    case.app.ios_bundle_id = None;
    assert_eq!(case.problems()[0], "app_tokens.ios");
    case.settings["event_tokens"] = json!({"android": {"trial_started": "z9k3qa"}});
    assert!(case.problems().is_empty());
    // One problem is told once.
    case.settings = json!({"event_tokens": {"ios": {"trial_started": "z9k3qa"}}});
    assert_eq!(case.problems(), ["app_tokens"]);
    case.settings = json!({});
    assert_eq!(case.problems(), ["app_tokens"]);
}

#[test]
fn without_a_platform_that_has_an_app_and_an_event_nothing_can_be_sent() {
    let is_stopped = |settings| Case::under(&INTEGRATION, settings).is_stopped();
    let events = json!({"trial_started": "z9k3qa"});
    assert!(is_stopped(json!({"app_tokens": {"ios": "8qk2m5x0abcd"}})));
    assert!(is_stopped(
        json!({"app_tokens": {"ios": "8qk2m5x0abcd"}, "event_tokens": {"android": events}})
    ));
    assert!(is_stopped(json!({"event_tokens": {"android": events}})));
    assert!(!is_stopped(
        json!({"app_tokens": {"ios": "8qk2m5x0abcd", "android": "8qk2m5x0abcd"},
            "event_tokens": {"android": events}})
    ));
}

#[test]
fn answers_are_understood() {
    let one = sending(&INTEGRATION, 1);
    let name = |status, reason: &str| {
        let body = format!(r#"{{"error":"Event request failed ({reason})"}}"#);
        one.verdict(status, &body)
    };
    for (status, reason, verdict) in [
        (200, "Device not found", "rejected"),
        (302, "", "rejected"),
        (400, "Ignoring event, earlier unique event tracked", "delivered"),
        (400, "Invalid app token", "misconfigured"),
        (400, "Invalid event token", "misconfigured"),
        (400, "Bad event state", "rejected"),
        (400, "Invalid callback parameters", "rejected"),
        (401, "Failed to authorize request", "misconfigured"),
        (403, "App is inactive", "misconfigured"),
        (403, "Event token blocklisted", "misconfigured"),
        (403, "Tracking disabled", "rejected"),
        (404, "App token not found", "misconfigured"),
        (404, "Device not found", "rejected"),
        (408, "", "retry"),
        (413, "", "rejected"),
        (429, "", "retry"),
        (451, "Device is opted out", "rejected"),
        (500, "Internal error", "retry"),
        (503, "", "retry"),
    ] {
        assert_eq!(name(status, reason), verdict, "{status} {reason}");
    }
    for taken in ["", r#"{"status":"OK"}"#, r#"{"error":null}"#] {
        assert_eq!(one.verdict(200, taken), "delivered", "{taken}");
    }
}

#[test]
fn what_was_counted_before_is_delivered_with_a_warning() {
    let unique = answer(
        400,
        r#"{"error":"Event request failed (Ignoring event, earlier unique event tracked)"}"#,
    );
    let verdicts = sending(&INTEGRATION, 1).verdicts(Some(&unique));
    assert_eq!(verdicts, [Verdict::DeliveredWithWarning(unique.words())]);
}

#[test]
fn a_device_that_nobody_has_proves_the_tokens() {
    let is_proof = |status, reason: &str| is_of_nobody(&answer(status, reason));
    assert!(is_proof(
        404,
        r#"{"error":"Event request failed (Device not found)"}"#
    ));
    assert!(!is_proof(
        404,
        r#"{"error":"Event request failed (App token not found)"}"#
    ));
    assert!(!is_proof(
        400,
        r#"{"error":"Event request failed (Device not found)"}"#
    ));
}
