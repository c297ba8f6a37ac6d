use serde_json::{Value, json};

use super::*;
use crate::integrations::samples::{AT, Case, EVENT_ID, HOUR, sending};

fn case(kind: EventKind) -> Case {
    Case {
        settings: json!({"app_name": "auroranotes", "api_token": "abt-demo"}),
        kind,
        identifiers: json!({"airbridge_device_id": "7c1d0b5e-2f4a-4f0e-9a77-b1c2d3e4f506"}),
        customer_user_id: None,
        ..Case::of(&INTEGRATION)
    }
}

fn device() -> Value {
    json!({"email": "ada@example.com", "ip_v4_address": "198.51.100.24", "att_status": 3, "installation_meta": {
        "device_id": "d", "device": "iPhone15,3", "os": "iOS 18.3", "platform": "iOS", "app_version": "2.8.0",
        "idfa": "b5a1c2d3-0000-4000-8000-00000000000a", "idfv": "b5a1c2d3-0000-4000-8000-00000000000b",
        "advertising_id": "b5a1c2d3-0000-4000-8000-00000000000c"}})
}

fn goal(case: &Case) -> Value {
    case.body()["eventData"]["goal"].clone()
}

#[test]
fn a_conversion_is_told_as_documented() {
    let case = Case {
        properties: json!({
            "store": "app_store", "environment": "Production", "vendor_product_id": "aurora.pro.monthly",
            "transaction_id": "440001234567890", "purchase_date": "2025-03-14T09:26:53.000000+0000",
            "subscription_expires_at": "2025-04-14T09:26:53.000000+0000", "consecutive_payments": 1,
            "price_usd": 12.49
        }),
        profile: json!({"ip_v4_address": "198.51.100.24", "installation_meta": {
            "device_id": "d", "device": "iPhone15,3", "os": "iOS 18.3", "platform": "iOS", "app_version": "2.8.0",
            "locale": "sv_SE", "timezone": "Europe/Stockholm", "idfv": "0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F"}}),
        customer_user_id: Some("cust-7781"),
        ..case(EventKind::TrialConverted)
    };
    let request = case.request();
    assert_eq!(
        request.url,
        "https://api.airbridge.io/events/v2/apps/auroranotes/mobile-app/9360"
    );
    for header in [
        ("authorization", "Bearer abt-demo"),
        ("content-type", "application/json; charset=utf-8"),
        ("x-forwarded-for", "198.51.100.24"),
    ] {
        assert!(
            request.headers.contains(&(header.0, header.1.into())),
            "{header:?}"
        );
    }
    let mut body = case.body();
    // Beside these stand the rest of the event's properties.
    let custom = body["eventData"]["goal"]["customAttributes"].take();
    assert_eq!(custom["isTrialConverted"], true);
    assert_eq!(
        body,
        json!({
            "eventUUID": EVENT_ID, "eventTimestamp": 1_741_944_413_000_i64,
            "user": {"externalUserID": "cust-7781"},
            "device": {
                "deviceUUID": "7c1d0b5e-2f4a-4f0e-9a77-b1c2d3e4f506", "deviceModel": "iPhone15,3",
                "osName": "iOS", "osVersion": "18.3", "locale": "sv_SE", "timezone": "Europe/Stockholm",
                "ifv": "0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F"
            },
            "app": {"packageName": "com.aurora.notes", "version": "2.8.0"},
            "eventData": {"goal": {
                "category": "airbridge.subscribe", "value": 12.49,
                "semanticAttributes": {
                    "transactionID": "440001234567890", "totalValue": 12.49, "currency": "USD", "period": "P1M",
                    "isRenewal": false, "renewalCount": 0,
                    "products": [{"productID": "aurora.pro.monthly", "name": "aurora.pro.monthly", "position": 1}]
                },
                "customAttributes": null
            }}
        })
    );
}

#[test]
fn without_a_bundle_or_package_every_event_is_skipped() {
    let mut case = case(EventKind::TrialExpired);
    case.app.ios_bundle_id = None;
    assert_eq!(case.skip(), "missing_credentials: ios_bundle_id of the app");
    assert!(case.problems().is_empty());
    case.app.android_package = None;
    assert_eq!(case.problems(), ["ios_bundle_id", "android_package"]);
}

#[test]
fn answers_are_understood() {
    let one = sending(&INTEGRATION, 1);
    for (status, body, verdict) in [
        (
            200,
            r#"{"at":"x","data":"Event(9360) is successfully proccessed."}"#,
            "delivered",
        ),
        (201, "", "delivered"),
        (200, r#"{"error":"invalid_request"}"#, "rejected"),
        (201, r#"{"error":"invalid_request"}"#, "rejected"),
        (200, r#"{"ingested":0}"#, "rejected"),
        (200, r#"{"ingested":1}"#, "delivered"),
        (302, "", "rejected"),
        (400, "{}", "rejected"),
        (401, r#"{"code":"UNAUTHORIZED"}"#, "misconfigured"),
        (403, "", "misconfigured"),
        (404, "", "misconfigured"),
        (408, "", "retry"),
        (422, "", "rejected"),
        (429, "{}", "retry"),
        (503, "", "retry"),
    ] {
        assert_eq!(one.verdict(status, body), verdict, "{status} {body}");
    }
    assert_eq!(one.verdicts(None)[0].name(), "retry");
}

#[test]
fn an_event_that_may_be_a_day_old_when_it_arrives_happens_when_it_is_sent() {
    let mut case = case(EventKind::TrialExpired);
    let oldest = 24 * HOUR - 5 * 60_000_000;
    for (age, at) in [
        (oldest, AT),
        (oldest + 1, AT + oldest + 1),
        (24 * HOUR, AT + 24 * HOUR),
        (-HOUR, AT - HOUR),
    ] {
        (case.made_at, case.now) = (AT + age.min(0), AT + age);
        assert_eq!(case.body()["eventTimestamp"], at / 1_000, "{age}");
    }
}

#[test]
fn an_event_that_becomes_a_day_old_between_two_tries_happens_at_the_second() {
    let case = case(EventKind::TrialExpired);
    let record = case.record().unwrap();
    let told = |now| {
        let request = request(&Sending {
            records: std::slice::from_ref(&record),
            part: "",
            settings: &case.settings(),
            step: 0,
            learned: None,
            now,
        });
        let body: Value = serde_json::from_str(&request.body).unwrap();
        body["eventTimestamp"].clone()
    };
    assert_eq!(told(AT + 23 * HOUR), AT / 1_000);
    assert_eq!(told(AT + 25 * HOUR), (AT + 25 * HOUR) / 1_000);
}

#[test]
fn refunds_tell_no_money() {
    let told = goal(&case(EventKind::SubscriptionRefunded));
    assert!(told["value"].is_null() && told["semanticAttributes"]["totalValue"].is_null());
    assert!(told["semanticAttributes"]["currency"].is_null());
    let paid = goal(&case(EventKind::SubscriptionRenewed));
    assert_eq!(paid["value"], 12.49);
    assert_eq!(paid["value"], paid["semanticAttributes"]["totalValue"]);
    assert_eq!(paid["semanticAttributes"]["currency"], "USD");
}

#[test]
fn renewals_and_conversions_are_told_apart() {
    let renewal = goal(&case(EventKind::SubscriptionRenewed));
    let semantics = &renewal["semanticAttributes"];
    assert_eq!(
        (&semantics["isRenewal"], &semantics["renewalCount"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(semantics["period"], "P1M");
    assert_eq!(renewal["customAttributes"]["isTrialConverted"], false);
    let conversion = goal(&case(EventKind::TrialConverted).with("consecutive_payments", 1));
    let semantics = &conversion["semanticAttributes"];
    assert_eq!(
        (&semantics["isRenewal"], &semantics["renewalCount"]),
        (&json!(false), &json!(0))
    );
    assert_eq!(conversion["customAttributes"]["isTrialConverted"], true);
}

/// The events count payments without a gap.
#[test]
fn a_renewal_after_a_gap_does_not_say_that_it_is_the_first_payment() {
    let renewal = goal(&case(EventKind::SubscriptionRenewed).with("consecutive_payments", 1));
    let semantics = &renewal["semanticAttributes"];
    assert_eq!(semantics["isRenewal"], true);
    assert_eq!(semantics.get("renewalCount"), None);
}

#[test]
fn each_further_name_is_a_call_with_an_id_of_its_own() {
    let mut case = case(EventKind::TrialExpired);
    case.settings["event_names"] = json!({"trial_expired": ["lost", "churned"]});
    let settings = case.settings();
    let wanted: Vec<_> = INTEGRATION
        .parts
        .iter()
        .filter(|part| part.is_wanted(&settings, case.kind))
        .collect();
    assert_eq!(wanted.len(), 2);
    let mut told = Vec::new();
    for part in wanted {
        case.part = part.name;
        let event = case.body();
        let uuid = event["eventUUID"].as_str().unwrap().to_owned();
        assert_eq!(
            (&uuid[14..15], "89ab".contains(&uuid[19..20])),
            ("4", true),
            "{uuid}"
        );
        told.push((event["eventData"]["goal"]["category"].clone(), uuid));
    }
    assert_eq!((&told[0].0, &told[1].0), (&json!("lost"), &json!("churned")));
    assert_eq!(told[0].1, EVENT_ID);
    assert_ne!(told[0].1, told[1].1);
}

#[test]
fn a_call_for_a_name_that_is_gone_is_skipped() {
    let mut case = case(EventKind::TrialExpired);
    case.part = "second_name";
    assert_eq!(case.record(), Err(Skip::EventDisabled));
}

#[test]
fn ids_of_the_other_platform_are_not_told() {
    let mut case = case(EventKind::TrialExpired);
    case.profile = device();
    let ios = case.body();
    assert_eq!(ios["device"]["osName"], "iOS");
    assert_eq!(ios["device"]["osVersion"], "18.3");
    assert_eq!(ios["device"]["appTrackingTransparency"], 3);
    assert!(ios["device"]["ifa"].is_string() && ios["device"]["gaid"].is_null());
    assert_eq!(
        ios["app"],
        json!({"packageName": "com.aurora.notes", "version": "2.8.0"})
    );
    case = case.with("store", "play_store");
    let android = case.body();
    assert_eq!(android["device"]["osName"], "Android");
    assert!(android["device"]["ifa"].is_null() && android["device"]["ifv"].is_null());
    assert!(android["device"]["gaid"].is_null());
    assert!(android["device"]["appTrackingTransparency"].is_null());
    for of_the_iphone in ["deviceModel", "osVersion"] {
        assert!(android["device"][of_the_iphone].is_null(), "{of_the_iphone}");
    }
    assert_eq!(android["app"]["packageName"], "com.aurora.android");
    case.profile["installation_meta"]["platform"] = json!("Android");
    let android = case.body();
    assert!(android["device"]["gaid"].is_string() && android["device"]["ifa"].is_null());
}

#[test]
fn an_unknown_platform_is_skipped() {
    let mut case = case(EventKind::TrialExpired);
    case = case.with("store", "stripe");
    assert_eq!(case.record(), Err(Skip::UnknownPlatform));
    case.profile = device();
    assert_eq!(case.body()["device"]["osName"], "iOS");
}

#[test]
fn a_customer_id_will_do_and_without_any_the_event_waits() {
    let mut case = case(EventKind::TrialExpired);
    case.identifiers = json!({});
    let waiting = |until| {
        Err(Skip::Waiting {
            identifiers: IDENTIFIERS,
            until,
        })
    };
    assert_eq!(case.record(), waiting(None));
    case.customer_user_id = Some("cust-7781");
    assert_eq!(case.body()["user"], json!({"externalUserID": "cust-7781"}));
    case.settings["wait_for_identifier"] = json!(60);
    assert_eq!(case.record(), waiting(Some(AT + 60_000_000)));
}

#[test]
fn attributes_and_email_are_told_if_the_owner_wants_it() {
    let mut case = case(EventKind::TrialExpired);
    case.profile = device();
    assert!(case.body()["user"].is_null());
    case.settings["send_user_attributes"] = json!(true);
    assert_eq!(
        case.body()["user"],
        json!({"externalUserEmail": "ada@example.com"})
    );
}

#[test]
fn test_purchases_go_to_their_own_app() {
    let mut case = case(EventKind::TrialExpired);
    case.profile = device();
    case.properties["environment"] = json!("Sandbox");
    assert_eq!(
        case.record(),
        Err(Skip::MissingCredentials("sandbox_app_name".into()))
    );
    case.settings["sandbox_app_name"] = json!("auroratest");
    let request = case.request();
    assert_eq!(
        request.url,
        "https://api.airbridge.io/events/v2/apps/auroratest/mobile-app/9360"
    );
    assert!(
        request
            .headers
            .contains(&("authorization", "Bearer abt-demo".into()))
    );
    assert!(
        request
            .headers
            .contains(&("x-forwarded-for", "198.51.100.24".into()))
    );
}

#[test]
fn a_token_fits_into_a_header() {
    let said = json!({"api_token": "té"});
    let read = Settings::read(SETTINGS, said.as_object().unwrap(), &Settings::defaults(SETTINGS));
    assert_eq!(read.err().unwrap()[0].field, "api_token");
}

#[test]
fn missing_credentials_are_named() {
    assert_eq!(Case::of(&INTEGRATION).problems(), ["app_name", "api_token"]);
    assert!(case(EventKind::TrialExpired).problems().is_empty());
    let half = Case {
        settings: json!({"app_name": "a", "api_token": "t", "sandbox_api_token": "s"}),
        ..Case::of(&INTEGRATION)
    };
    assert_eq!(
        (half.problems(), half.is_stopped()),
        (vec!["sandbox_app_name".to_owned()], false)
    );
}

#[test]
fn the_name_of_an_app_fits_into_a_path() {
    for good in ["a", "Aurora_notes-1", &"x".repeat(128)] {
        assert_eq!(app_name_problem(good), None, "{good}");
    }
    for bad in ["a b", "a/b", "a.b", "ä", "a?", &"x".repeat(129)] {
        assert!(app_name_problem(bad).is_some(), "{bad}");
    }
}

#[test]
fn of_an_app_without_a_bundle_and_a_package_nothing_can_be_sent() {
    let mut case = case(EventKind::TrialExpired);
    case.app.android_package = None;
    assert!(!case.is_stopped());
    case.app.ios_bundle_id = None;
    assert!(case.is_stopped());
}

#[test]
fn what_is_missing_for_real_purchases_does_not_stop_those_of_the_sandbox() {
    let stops = |settings: Value| {
        let case = Case {
            settings,
            ..Case::of(&INTEGRATION)
        };
        let problems = check(&case.settings(), &case.app);
        problems.iter().map(|problem| problem.stops).collect::<Vec<_>>()
    };
    assert_eq!(stops(json!({})), [true, true]);
    assert_eq!(
        stops(json!({"sandbox_app_name": "test", "sandbox_api_token": "t"})),
        [false, false]
    );
}
