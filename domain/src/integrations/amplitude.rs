//! Amplitude: events as `POST /2/httpapi`. Tells repeats by `insert_id`.
//!
//! Sources: <https://amplitude.com/docs/apis/analytics/http-v2> and the official Python and Node SDKs, read 2026-11.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::contract::customer::{Mobile, Platform};
use super::contract::exchange::{all, by_status, by_this_status};
use super::contract::occasion::Revenue;
use super::contract::schedule::USUAL;
use super::mapping::text::{json, list};
use super::settings::secret::any_text;
use super::settings::{event_names, missing, residency, shared};
use super::{
    Answer, Integration, Judgement, Kind, Limits, Occasion, Part, Probe, Problem, Record, Request, Sending,
    Setting, Settings, Skip, Verdict, all_but_levels,
};
use crate::app::AppSettings;
use crate::events::wire::Amount;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "amplitude",
    title: "Amplitude",
    docs: "https://amplitude.com/docs/apis/analytics/http-v2",
    settings: SETTINGS,
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

const SETTINGS: &[Setting] = &[
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
    Setting::new(
        "data_residency",
        Kind::Choice(&["us", "eu"]),
        "Where the Amplitude project is.",
    ),
    Setting::new(
        "always_populate_user_id",
        Kind::Switch(false),
        "Use the profile's id as the user's where nothing better is known.",
    ),
    Setting::new(
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

/// Where events are taken in.
const HOSTS: &residency::Hosts = &[
    ("us", "https://api2.amplitude.com"),
    ("eu", "https://api.eu.amplitude.com"),
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
    problems.extend(residency::problem(settings, HOSTS));
    let why = "is a name that Amplitude keeps for itself: it is not sent";
    let is_reserved = |name: &str| RESERVED.contains(&name);
    problems.extend(event_names::bad(settings, "event_names", is_reserved, why));
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
    #[serde(skip_serializing_if = "Option::is_none")]
    os_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_model: Option<&'a str>,
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
    // Amplitude empties what an event leaves out of these fields beside others: guessed from the store, the platform alone
    // would take from a customer the device that the app's SDK has told.
    let device = occasion.customer.device_with_platform();
    let platform = device.platform();
    // A browser tells no more of itself.
    let phone = platform.and_then(Platform::mobile);
    let event = Event {
        event_type: occasion.event_name(),
        time: occasion.event.at / 1_000,
        insert_id: occasion.event.id,
        user_id: user_id.as_deref(),
        device_id,
        platform: platform.map(Platform::title),
        os_name: phone.map(Mobile::title),
        os_version: phone.and_then(|_| device.os_version()),
        device_model: phone.and_then(|_| device.text("device")),
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
    let valid = |id: &&str| !INVALID_IDS.iter().any(|invalid| invalid.eq_ignore_ascii_case(id));
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
    occasion.or_later(known, &["amplitude_user_id"], IDENTIFIERS, fallback)
}

/// The properties of the event that are set, long texts cut.
fn properties<S: Serializer>(occasion: &&Occasion<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (name, value) in occasion.properties() {
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
    let url = settings.address(residency::host(settings, HOSTS), "/2/httpapi");
    let key = json(&settings.text(route).unwrap_or_default());
    let events = list(sending.records, |event| event);
    // Without the option ids under five characters are dropped.
    let options = r#"{"min_id_length":1}"#;
    let body = format!(r#"{{"api_key":{key},"options":{options},"events":{events}}}"#);
    Request::post_json(url, body).header("accept", "*/*")
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let Some(answer) = answer else {
        return all(sending, &by_status(None));
    };
    let body = answer.json().unwrap_or_default();
    let status = answer.status_or_code(&body);
    let verdict = match status {
        _ if answer.is_page() => Verdict::Misconfigured(answer.words()),
        400 => return bad_request(sending, answer, &body),
        413 if sending.records.len() > 1 => Verdict::ResendAlone,
        429 => return too_much(sending, answer, &body),
        _ => by_this_status(status, answer),
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
