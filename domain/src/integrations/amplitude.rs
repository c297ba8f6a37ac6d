//! Amplitude: events as `POST /2/httpapi`. Tells repeats by `insert_id`.
//!
//! Sources: <https://amplitude.com/docs/apis/analytics/http-v2> and the official Python and Node SDKs, read 2026-11.

use std::borrow::Cow;

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::customer::Platform;
use super::exchange::{all, by_status};
use super::missing;
use super::occasion::Revenue;
use super::schedule::USUAL;
use super::settings::any_text;
use super::{
    Answer, Field, Integration, Judgement, Kind, Limits, Occasion, Part, Probe, Problem, Record, Request,
    Sending, Settings, Skip, Verdict, all_but_levels, json, shared,
};
use crate::app::AppSettings;
use crate::events::wire::Amount;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "amplitude",
    title: "Amplitude",
    docs: "https://amplitude.com/docs/apis/analytics/http-v2",
    settings: FIELDS,
    identifiers: IDENTIFIERS,
    limits: Limits {
        events_per_request: 10,
        request_bytes: Some(1_000_000),
        requests_per_second: Some(100),
        // `insert_id` is compared with those of seven days.
        repeat_hours: Some(7 * 24),
        ..Limits::NONE
    },
    schedule: &USUAL,
    takes: all_but_levels,
    parts: &[Part::WHOLE],
    check,
    encode,
    request,
    judge,
    probe: Probe::MarkedEvent,
};

const IDENTIFIERS: &[&str] = &["amplitude_user_id", "amplitude_device_id"];

const FIELDS: &[Field] = &[
    shared::key("api_keys.production.ios", "For the App Store."),
    shared::key("api_keys.production.android", "For Google Play."),
    shared::key("api_keys.production.stripe", "For Stripe."),
    shared::key("api_keys.production.paddle", "For Paddle."),
    shared::key("api_keys.production.*", "For a store of your own, by its name."),
    shared::key("api_keys.sandbox.ios", "For test purchases of the App Store."),
    shared::key("api_keys.sandbox.android", "For test purchases of Google Play."),
    shared::key("api_keys.sandbox.stripe", "For test purchases of Stripe."),
    shared::key("api_keys.sandbox.paddle", "For test purchases of Paddle."),
    shared::key("api_keys.sandbox.*", "For test purchases of a store of your own."),
    Field::new(
        "data_residency",
        Kind::Choice(&["us", "eu"]),
        "Where the Amplitude project is.",
    ),
    Field::new(
        "always_populate_user_id",
        Kind::Switch(false),
        "Use the profile's id as the user's where nothing better is known.",
    ),
    Field::new(
        "partner_id",
        Kind::Text(any_text),
        "Sent as partner_id, if it is set.",
    ),
    shared::EVENTS,
    shared::EVENT_NAMES,
    shared::TRIAL_ACTIVE_DAYS,
    shared::SUBSCRIPTION_ACTIVE_DAYS,
    shared::REVENUE_MODE,
    shared::REPORT_USER_CURRENCY,
    shared::SEND_TRIAL_PRICE,
    shared::SEND_USER_ATTRIBUTES,
    shared::exclude_historical_events(true),
    shared::WAIT_FOR_IDENTIFIER,
    shared::ordered(true),
    shared::BASE_URL,
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];

/// Names that the third party keeps for itself.
const RESERVED: [&str; 2] = ["$identify", "$groupidentify"];

/// Ids that it takes for mistakes.
const INVALID_IDS: [&str; 14] = [
    "anonymous",
    "nil",
    "none",
    "null",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "",
    "00000000-0000-0000-0000-000000000000",
    "{}",
    "lmy47d",
    "0",
    "-1",
];

/// Longer texts are cut there; we cut them first.
const MAX_TEXT: usize = 1_024;

fn check(settings: &Settings, app: &AppSettings) -> Vec<Problem> {
    let mut problems = missing::on_platforms(settings, app, "api_keys");
    let names = settings.get("event_names").as_object().into_iter().flatten();
    let reserved = names.filter(|(_, name)| RESERVED.iter().any(|reserved| *name == reserved));
    problems.extend(reserved.map(|(event, _)| {
        Problem::new(
            format!("event_names.{event}"),
            "is a name that Amplitude keeps for itself: it is not sent",
        )
    }));
    problems
}

#[derive(Serialize)]
struct Event<'a> {
    event_type: &'a str,
    time: i64,
    insert_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os_name: Option<&'static str>,
    #[serde(rename = "productId", skip_serializing_if = "Option::is_none")]
    product_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revenue: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_id: Option<&'a str>,
    #[serde(serialize_with = "properties")]
    event_properties: &'a Occasion<'a>,
    #[serde(serialize_with = "user_properties")]
    user_properties: &'a Occasion<'a>,
}

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let route = occasion.key_by_store("api_keys")?;
    if RESERVED.contains(&occasion.event_name()) {
        return Err(Skip::Other("invalid_name"));
    }
    let (user_id, device_id) = ids(occasion)?;
    let revenue = occasion.revenue();
    let event = Event {
        event_type: occasion.event_name(),
        time: occasion.event.at / 1_000,
        insert_id: occasion.event.id,
        user_id: user_id.as_deref(),
        device_id,
        platform: occasion
            .customer
            .platform()
            .or_else(|| of_store(occasion))
            .map(name),
        os_name: occasion.customer.platform().and_then(os_name),
        product_id: occasion
            .event
            .text("vendor_product_id")
            .filter(|_| revenue.is_some()),
        revenue: revenue.as_ref().map(Revenue::number),
        currency: revenue.map(|revenue| revenue.currency),
        partner_id: occasion.settings.text("partner_id"),
        event_properties: occasion,
        user_properties: occasion,
    };
    Ok(Record {
        route,
        body: json(&event),
    })
}

/// The user and the device; one of them is always there.
fn ids<'a>(occasion: &Occasion<'a>) -> Result<(Option<Cow<'a, str>>, Option<&'a str>), Skip> {
    let valid = |id: &&str| !INVALID_IDS.contains(id);
    let device = occasion.identifier("amplitude_device_id").filter(valid);
    let own = occasion.identifier("amplitude_user_id").filter(valid);
    let fallback = || {
        let customer = occasion
            .customer
            .customer_user_id()
            .filter(valid)
            .map(Cow::Borrowed);
        let always = occasion.settings.is("always_populate_user_id");
        let user = customer.or_else(|| always.then(|| occasion.customer.profile_id().into()));
        (user.is_some() || device.is_some()).then_some((user, device))
    };
    let known = own.map(|user| (Some(user.into()), device));
    occasion.or_later(known, IDENTIFIERS, fallback)
}

/// Where a store sells.
fn of_store(occasion: &Occasion<'_>) -> Option<Platform> {
    match occasion.event.store() {
        "app_store" => Some(Platform::Ios),
        "play_store" => Some(Platform::Android),
        "stripe" | "paddle" => Some(Platform::Web),
        _ => None,
    }
}

/// What a platform is called there.
fn name(platform: Platform) -> &'static str {
    match platform {
        Platform::Ios => "iOS",
        Platform::Android => "Android",
        Platform::Web => "Web",
    }
}

/// The system of the customer's device; a browser tells none.
fn os_name(platform: Platform) -> Option<&'static str> {
    (platform != Platform::Web).then(|| name(platform))
}

/// The properties of the event that are set, long texts cut.
fn properties<S: Serializer>(occasion: &&Occasion<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (name, value) in occasion.event.properties.set() {
        map.serialize_entry(name, &value.cut(MAX_TEXT))?;
    }
    map.end()
}

/// The state of the subscription, and the attributes that are not called as it is.
fn user_properties<S: Serializer>(occasion: &&Occasion<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    const OWN: [&str; 2] = ["subscription_state", "subscription_product"];
    let customer = occasion.customer;
    let subscription = customer.subscription();
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry(OWN[0], subscription.state)?;
    if let Some(product) = subscription.product_id {
        map.serialize_entry(OWN[1], product)?;
    }
    if occasion.settings.is("send_user_attributes") {
        let attributes = customer.recipient.attributes.iter();
        for (name, value) in attributes.filter(|(name, _)| !OWN.contains(name)) {
            map.serialize_entry(name, value)?;
        }
    }
    map.end()
}

fn request(sending: &Sending<'_>) -> Request {
    let settings = sending.settings;
    let route = &sending.records[0].route;
    let host = match settings.text("data_residency") {
        Some("eu") => "https://api.eu.amplitude.com",
        _ => "https://api2.amplitude.com",
    };
    let url = settings.address(host, "/2/httpapi");
    let key = json(&settings.text(route).unwrap_or_default());
    let size: usize = sending.records.iter().map(|record| record.body.len() + 1).sum();
    let mut body = String::with_capacity(size + key.len() + 64);
    // Without the option ids under five characters are dropped.
    body.push_str("{\"api_key\":");
    body.push_str(&key);
    body.push_str(",\"options\":{\"min_id_length\":1},\"events\":[");
    for (place, record) in sending.records.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        body.push_str(&record.body);
    }
    body.push_str("]}");
    Request::post_json(url, body).header("accept", "*/*")
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let Some(answer) = answer else {
        return all(sending, &by_status(None));
    };
    let body = answer.json().unwrap_or_default();
    let verdict = match answer.status {
        400 => return bad_request(sending, answer, &body),
        413 if sending.records.len() > 1 => Verdict::ResendAlone,
        429 => return too_much(sending, answer, &body),
        _ => by_status(Some(answer)),
    };
    all(sending, &verdict)
}

/// Only the records that the answer names have to wait; if it names none of them, all do.
fn too_much(sending: &Sending<'_>, answer: &Answer, body: &Value) -> Judgement {
    // How long who sends too much has to wait, and who is over the day's quota.
    const TOO_FAST: u32 = 30;
    const OVER_QUOTA: u32 = 3_600;
    #[derive(Deserialize)]
    struct Ids<'a> {
        #[serde(borrow)]
        user_id: Option<Cow<'a, str>>,
        #[serde(borrow)]
        device_id: Option<Cow<'a, str>>,
    }
    let throttled = places(&body["throttled_events"]);
    let is_listed = |list: &str, id: Option<Cow<'_, str>>| id.is_some_and(|id| !body[list][&*id].is_null());
    let wait = |(place, record): (usize, &Record)| {
        let ids = serde_json::from_str::<Ids<'_>>(&record.body).ok();
        let is_over_quota = ids.is_some_and(|Ids { user_id, device_id }| {
            is_listed("exceeded_daily_quota_users", user_id)
                || is_listed("exceeded_daily_quota_devices", device_id)
        });
        let is_throttled = throttled.contains(&place).then_some(TOO_FAST);
        is_over_quota.then_some(OVER_QUOTA).or(is_throttled)
    };
    let waits: Vec<Option<u32>> = sending.records.iter().enumerate().map(wait).collect();
    let later = |seconds| Verdict::Retry {
        after_seconds: Some(seconds),
        why: answer.words(),
    };
    if waits.iter().all(Option::is_none) {
        return all(sending, &later(TOO_FAST));
    }
    let verdicts = waits.into_iter().map(|wait| wait.map_or(Verdict::Resend, later));
    Judgement::Verdicts(verdicts.collect())
}

/// Nothing of the request was taken in, also not the records that are fine.
fn bad_request(sending: &Sending<'_>, answer: &Answer, body: &Value) -> Judgement {
    let is_key = body["missing_field"] == "api_key"
        || body["error"]
            .as_str()
            .is_some_and(|error| error.starts_with("Invalid API key"));
    if is_key {
        return all(sending, &Verdict::Misconfigured(answer.words()));
    }
    let mut bad = places(&body["silenced_events"]);
    for lists in [
        "events_with_invalid_fields",
        "events_with_missing_fields",
        "events_with_invalid_id_lengths",
    ] {
        bad.extend(
            body[lists]
                .as_object()
                .into_iter()
                .flat_map(|fields| fields.values())
                .flat_map(places),
        );
    }
    // A place that was not sent names no record to leave out: the others would be sent again and again.
    bad.retain(|place| *place < sending.records.len());
    let verdict = match sending.records.len() {
        1 => Verdict::Rejected(answer.words()),
        _ if bad.is_empty() => Verdict::ResendAlone,
        _ => {
            let verdicts = (0..sending.records.len()).map(|place| {
                if bad.contains(&place) {
                    Verdict::Rejected(answer.words())
                } else {
                    Verdict::Resend
                }
            });
            return Judgement::Verdicts(verdicts.collect());
        }
    };
    all(sending, &verdict)
}

/// The places of events that a list names.
fn places(list: &Value) -> Vec<usize> {
    let places = list.as_array().into_iter().flatten();
    places
        .filter_map(|place| usize::try_from(place.as_u64()?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventKind;
    use crate::integrations::samples::{Case, EVENT_ID, HOUR, PROFILE_ID, answer, sending};
    use serde_json::json;

    #[test]
    fn a_bad_event_is_rejected_and_the_others_are_sent_again() {
        let three = sending(&INTEGRATION, 3);
        let bad = answer(400, r#"{"code":400,"events_with_invalid_fields":{"time":[1]}}"#);
        let verdicts = three.verdicts(Some(&bad));
        assert_eq!(verdicts[0], Verdict::Resend);
        assert!(matches!(&verdicts[1], Verdict::Rejected(_)));
        assert_eq!(verdicts[2], Verdict::Resend);
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
        let quota =
            r#"{"exceeded_daily_quota_users":{"u1":1,"ué":2},"exceeded_daily_quota_devices":{"d1":9}}"#;
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

    #[test]
    fn where_no_device_is_known_the_platform_is_that_of_the_store() {
        let keys = json!({"ios": "k", "android": "k", "stripe": "k", "paddle": "k", "shop": "k"});
        let case = Case {
            settings: json!({"api_keys": {"production": keys}}),
            ..Case::of(&INTEGRATION)
        };
        for (store, platform) in [
            ("app_store", json!("iOS")),
            ("play_store", json!("Android")),
            ("stripe", json!("Web")),
            ("paddle", json!("Web")),
            ("shop", json!(null)),
        ] {
            let body = case.clone().with("store", store).body();
            assert_eq!(body["events"][0]["platform"], platform, "{store}");
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
    fn a_system_is_that_of_a_device_alone() {
        let systems = |profile: Value| {
            let case = Case {
                settings: json!({"api_keys": {"production": {"ios": "k"}}}),
                profile,
                ..Case::of(&INTEGRATION)
            };
            let event = &case.body()["events"][0];
            [event["platform"].clone(), event["os_name"].clone()]
        };
        let device = |platform| json!({"installation_meta": {"device_id": "d", "platform": platform}});
        assert_eq!(systems(json!({})), [json!("iOS"), json!(null)]);
        assert_eq!(systems(device("Android")), ["Android", "Android"]);
        assert_eq!(systems(device("web")), [json!("Web"), json!(null)]);
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
}
