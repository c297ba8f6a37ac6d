use serde_json::json;

use super::*;
use crate::events::EventKind;
use crate::integrations::Tried;
use crate::integrations::samples::{AT, Case, HOUR, sending};

const DEVICE: &str = "8123456789012345678";

fn case(kind: EventKind) -> Case {
    Case {
        settings: json!({"application_id": "4242", "post_api_key": "k3y-0001", "send_revenue_events": true}),
        kind,
        identifiers: json!({ "appmetrica_device_id": DEVICE }),
        customer_user_id: None,
        ..Case::of(&INTEGRATION)
    }
}

fn revenue(kind: EventKind) -> Case {
    Case {
        part: REVENUE,
        ..case(kind)
    }
}

#[test]
fn answers_are_understood() {
    let one = sending(&INTEGRATION, 1);
    for (status, verdict) in [
        (200, "delivered"),
        (302, "rejected"),
        (400, "rejected"),
        (401, "misconfigured"),
        (403, "misconfigured"),
        (404, "misconfigured"),
        (408, "retry"),
        (413, "rejected"),
        (414, "rejected"),
        (418, "rejected"),
        (420, "retry"),
        (429, "retry"),
        (500, "retry"),
    ] {
        for part in INTEGRATION.parts {
            let sent = sending(&INTEGRATION, 1).of(part.name, 0);
            assert_eq!(sent.verdict(status, "x"), verdict, "{}: {status}", part.name);
        }
    }
    assert_eq!(one.verdicts(None)[0].name(), "retry");
}

#[test]
fn one_id_is_sent_and_the_owner_says_which_comes_first() {
    let mut case = case(EventKind::TrialExpired);
    assert_eq!(case.form()["appmetrica_device_id"], DEVICE);
    case.customer_user_id = Some("cust");
    assert_eq!(case.form()["profile_id"], "cust");
    case.identifiers = json!({"appmetrica_device_id": DEVICE, "appmetrica_profile_id": "p"});
    assert_eq!(case.form()["profile_id"], "p");
    assert!(!case.form().contains_key("appmetrica_device_id"));
    case.settings["identifier_order"] = json!("device_first");
    assert_eq!(case.form()["appmetrica_device_id"], DEVICE);
    assert!(!case.form().contains_key("profile_id"));
    case.identifiers = json!({"appmetrica_device_id": "12x", "appmetrica_profile_id": "p"});
    assert_eq!(case.form()["profile_id"], "p");
    case.identifiers = json!({});
    assert_eq!(case.form()["profile_id"], "cust");
}

#[test]
fn a_device_id_that_is_no_number_is_none() {
    let mut case = case(EventKind::TrialExpired);
    case.identifiers = json!({"appmetrica_device_id": "0x1F"});
    let waiting = |identifiers, until| Err(Skip::Waiting { identifiers, until });
    assert_eq!(case.record(), waiting(IDENTIFIERS, None));
    case.customer_user_id = Some("cust");
    case.settings["wait_for_identifier"] = json!(60);
    let until = Some(AT + 60_000_000);
    assert_eq!(case.record(), waiting(&["appmetrica_profile_id"], until));
    case.settings["identifier_order"] = json!("device_first");
    assert_eq!(case.record(), waiting(&["appmetrica_device_id"], until));
}

#[test]
fn times_lie_neither_ahead_nor_more_than_a_week_ago() {
    let mut case = case(EventKind::TrialExpired);
    let week = 7 * 24 * HOUR - 60_000_000;
    for (at, made, now, expected) in [
        (AT, AT + HOUR, AT + 100 * HOUR, AT),
        // It lay ahead when it was made.
        (AT + HOUR, AT, AT + 100 * HOUR, AT + HOUR),
        (AT + HOUR, AT, AT + 60_000_000, AT + 60_000_000),
        (AT - 8 * 24 * HOUR, AT, AT, AT - week),
        (AT - week, AT, AT, AT - week),
        // It waited for an identifier.
        (AT, AT, AT + 30 * 24 * HOUR, AT + 30 * 24 * HOUR - week),
    ] {
        case.at = at;
        (case.made_at, case.now) = (made, now);
        assert_eq!(case.form()["event_timestamp"], (expected / 1_000_000).to_string());
    }
}

/// AppMetrica drops what is older without a word, and a repeat has the time of the first try.
#[test]
fn a_repeat_never_tells_a_time_of_two_weeks_ago() {
    let mut case = case(EventKind::TrialExpired);
    case.at = AT - 30 * 24 * HOUR;
    let told: i64 = case.form()["event_timestamp"].parse().unwrap();
    let tried = Tried {
        first_at: case.now,
        made_at: case.at,
    };
    let last = INTEGRATION.limits.ends_at(case.at, Some(tried)).unwrap();
    assert!(last - told * SECOND < 14 * DAY, "{last}");
    // However old it is, it has a first try.
    assert_eq!(INTEGRATION.limits.ends_at(case.at, None), None);
}

#[test]
fn refunds_are_negative_revenue() {
    let told = revenue(EventKind::SubscriptionRefunded).form();
    assert_eq!(told["revenue_event_type"], "refund");
    assert!(told["price"].starts_with('-'), "{}", told["price"]);
    assert_eq!(
        (told["currency"].as_str(), told["quantity"].as_str()),
        ("USD", "1")
    );
}

#[test]
fn the_offer_decides_how_a_subscription_starts() {
    for (category, expected) in [
        (json!(null), "subscription_started"),
        (json!("introductory"), "intro_started"),
        (json!("win_back"), "promo_started"),
    ] {
        let mut case = revenue(EventKind::SubscriptionStarted).with("store_offer_category", category);
        assert_eq!(case.form()["revenue_event_type"], expected);
        case.settings["revenue_event_types"] = json!({"subscription_started": "subscription_started"});
        assert_eq!(case.form()["revenue_event_type"], "subscription_started");
    }
}

#[test]
fn only_money_makes_the_second_call() {
    let wanted = |case: &Case| INTEGRATION.parts[1].is_wanted(&case.settings(), case.kind);
    assert!(wanted(&case(EventKind::SubscriptionRenewed)));
    assert!(!wanted(&case(EventKind::SubscriptionExpired)));
    let mut trial = case(EventKind::TrialStarted);
    assert!(!wanted(&trial));
    trial.settings["send_trial_price"] = json!(true);
    assert!(wanted(&trial));
    trial.settings["send_revenue_events"] = json!(false);
    assert!(!wanted(&trial));
}

#[test]
fn what_the_owner_adds_costs_nothing_and_an_unknown_price_is_not_told() {
    let mut expired = revenue(EventKind::SubscriptionExpired);
    expired.settings["revenue_event_types"] = json!({"subscription_expired": "expired"});
    let expired = expired.form();
    assert_eq!(
        (expired["price"].as_str(), expired["revenue_event_type"].as_str()),
        ("0", "expired")
    );
    let mut renewed = revenue(EventKind::SubscriptionRenewed).with("price_usd", json!(null));
    assert_eq!(renewed.record(), Err(Skip::Other("no_amount")));
    renewed.part = "event";
    assert_eq!(renewed.form()["event_name"], "subscription_renewed");
}

#[test]
fn test_money_never_goes_where_real_money_is() {
    let mut event = case(EventKind::SubscriptionRenewed).with("environment", "Sandbox");
    let mut money = revenue(EventKind::SubscriptionRenewed).with("environment", "Sandbox");
    assert_eq!(event.record().unwrap().route, "production");
    let missing = |setting: &str| Err(Skip::MissingCredentials(setting.into()));
    assert_eq!(money.record(), missing("sandbox_application_id"));
    for case in [&mut event, &mut money] {
        case.settings["sandbox_application_id"] = json!("7");
        assert_eq!(case.record(), missing("sandbox_post_api_key"));
        assert_eq!(case.problems(), ["sandbox_post_api_key"]);
        case.settings["sandbox_post_api_key"] = json!("k");
        assert_eq!(case.record().unwrap().route, "sandbox");
    }
}

#[test]
fn ids_of_the_other_platform_are_not_told() {
    let mut case = case(EventKind::TrialExpired);
    case.profile = json!({"installation_meta": {"device_id": "d", "platform": "iPadOS",
        "idfa": "00000000-0000-0000-0000-000000000000", "idfv": "v-1", "advertising_id": "g-1"}});
    let ios = case.form();
    assert_eq!((ios["os_name"].as_str(), ios["ios_ifv"].as_str()), ("ios", "v-1"));
    assert!(!ios.contains_key("ios_ifa") && !ios.contains_key("google_aid"));
    // What tells no platform may be of the store's.
    case.profile["installation_meta"]["platform"] = json!("");
    case = case.with("store", "play_store");
    let android = case.form();
    assert_eq!(
        (android["os_name"].as_str(), android["google_aid"].as_str()),
        ("android", "g-1")
    );
    assert!(!android.contains_key("ios_ifv"));
    case = case.with("store", "stripe");
    assert!(!case.form().contains_key("os_name"));
}

#[test]
fn long_properties_are_left_out_until_the_rest_fits() {
    let mut case = case(EventKind::TrialExpired);
    case.properties = json!({"long": "é".repeat(10_000), "longer": "\"".repeat(20_000),
        "transaction_id": "x".repeat(25_000), "event_datetime": "2025-03-14T09:26:53.000000+0000"});
    let text = case.form()["event_json"].clone();
    assert!(!text.contains("longer\"") && !text.contains("\"long\""));
    assert!(text.contains("transaction_id") && text.contains("event_datetime"));
}

#[test]
fn everything_is_in_the_query() {
    let case = case(EventKind::SubscriptionRenewed);
    let request = case.request();
    let expected = "https://api.appmetrica.yandex.com/logs/v1/import/events?post_api_key=k3y-0001&application_id=4242\
        &appmetrica_device_id=8123456789012345678&event_name=subscription_renewed&event_timestamp=1741944413\
        &session_type=foreground&os_name=ios&event_json=%7B%22consecutive_payments%22%3A2%2C";
    assert!(request.url.starts_with(expected), "{}", request.url);
    assert_eq!(request.body, "");
}

#[test]
fn missing_credentials_are_named() {
    let mut case = case(EventKind::TrialExpired);
    case.settings = json!({"application_id": "1"});
    assert_eq!(
        case.record(),
        Err(Skip::MissingCredentials("post_api_key".into()))
    );
    assert_eq!(case.problems(), ["post_api_key"]);
    assert!(digits_problem("12a").is_some() && digits_problem("4242").is_none());
    assert!(digits_problem(&"1".repeat(21)).is_some() && digits_problem(&"1".repeat(20)).is_none());
}

#[test]
fn what_is_missing_for_real_purchases_does_not_stop_those_of_the_sandbox() {
    let is_stopped = |settings| Case::under(&INTEGRATION, settings).is_stopped();
    assert!(is_stopped(json!({"sandbox_application_id": "7"})));
    assert!(!is_stopped(
        json!({"sandbox_application_id": "7", "sandbox_post_api_key": "k"})
    ));
}

#[test]
fn a_repeat_needs_the_credentials_that_it_was_tried_with() {
    let real = json!({"application_id": "1", "post_api_key": "k"});
    let test = json!({"sandbox_application_id": "7", "sandbox_post_api_key": "k"});
    for part in INTEGRATION.parts {
        let can_repeat = |settings: &serde_json::Value, route| {
            let case = Case::under(&INTEGRATION, settings.clone());
            part.can_repeat(&case.settings(), route)
        };
        assert!(can_repeat(&real, "production") && can_repeat(&test, "sandbox"));
        assert!(!can_repeat(&test, "production") && !can_repeat(&real, "sandbox"));
    }
}

#[test]
fn revenue_whose_answer_was_lost_is_not_repeated_for_ever() {
    let lost = |part| sending(&INTEGRATION, 1).of(part, 0).verdicts(None).remove(0);
    assert!(matches!(lost(REVENUE), Verdict::RetryAtMost { tries: 3, .. }));
    assert!(matches!(lost(INTEGRATION.parts[0].name), Verdict::Retry { .. }));
}

#[test]
fn the_system_is_that_of_the_device_before_that_of_the_store() {
    let system = |platform: &str, store: &str| {
        let mut case = case(EventKind::TrialExpired).with("store", store);
        case.profile = json!({"installation_meta": {"device_id": "d", "platform": platform}});
        case.form().remove("os_name")
    };
    assert_eq!(system("Android", "app_store").as_deref(), Some("android"));
    assert_eq!(system("web", "app_store").as_deref(), Some("ios"));
    assert_eq!(system("web", "play_store").as_deref(), Some("android"));
    assert_eq!(system("web", "stripe"), None);
}

#[test]
fn revenue_that_is_asked_for_an_event_without_money_is_nothing_in_dollars() {
    let mut case = revenue(EventKind::SubscriptionExpired);
    case.settings["revenue_event_types"] = json!({"subscription_expired": "subscription_renewed"});
    let price = |case: &Case| {
        let form = case.form();
        [form["price"].clone(), form["currency"].clone()]
    };
    assert_eq!(price(&case), ["0", "USD"]);
    case.settings["report_user_currency"] = json!(true);
    assert_eq!(price(&case), ["0", "SEK"]);
    for kind in [EventKind::SubscriptionRenewed, EventKind::TrialStarted] {
        let mut unknown = revenue(kind).with("price_usd", json!(null));
        unknown.settings["send_trial_price"] = json!(true);
        assert_eq!(
            unknown.with("original_price_usd", json!(null)).skip(),
            "no_amount"
        );
    }
}
