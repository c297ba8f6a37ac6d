//! Branch: an event as `POST /v2/event/standard` or `/v2/event/custom`. It takes no time of an event and tells no
//! repeats.
//!
//! Sources: <https://help.branch.io/apidocs/events> and <https://help.branch.io/developer-hub/track-branch-events>,
//! read 2026-11.

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::contract::exchange::{all, by_status, by_this_status};
use super::contract::occasion::Revenue;
use super::contract::schedule::USUAL;
use super::mapping::device_id::DeviceIds;
use super::mapping::text::{json, with_member};
use super::settings::secret::any_text;
use super::settings::{missing, shared};
use super::{
    Answer, Integration, Judgement, Kind, Limits, Occasion, Part, Probe, Problem, Record, Request, Sending,
    Setting, Settings, Skip, Verdict, all_but_levels,
};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::events::wire::{Amount, UpperCase};

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "branch",
    title: "Branch",
    docs: "https://help.branch.io/apidocs/events",
    settings: SETTINGS,
    identifiers: IDENTIFIERS,
    limits: Limits::NONE,
    schedule: &USUAL,
    takes: all_but_levels,
    parts: &[Part::WHOLE],
    check,
    encode,
    request,
    judge,
    probe: Probe::MarkedEvent,
};

const IDENTIFIERS: &[&str] = &["branch_id"];

const SETTINGS: &[Setting] = &[
    shared::key(
        "branch_keys.production",
        "The live key. Without it events about real purchases are skipped.",
    ),
    Setting::new(
        "branch_keys.sandbox",
        Kind::Secret(test_key_problem),
        "The test key. Without it events about test purchases are skipped.",
    ),
    shared::EVENTS,
    shared::event_names(default_name),
    shared::TRIAL_ACTIVE_DAYS,
    shared::SUBSCRIPTION_ACTIVE_DAYS,
    shared::REVENUE_MODE,
    shared::REPORT_USER_CURRENCY,
    shared::SEND_TRIAL_PRICE,
    shared::exclude_historical_events(true),
    shared::WAIT_FOR_IDENTIFIER,
    shared::ordered(true),
    shared::BASE_URL,
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];

/// The names of its own events: under these an event goes to another path.
const STANDARD: [&str; 24] = [
    "ADD_TO_CART",
    "ADD_TO_WISHLIST",
    "VIEW_CART",
    "INITIATE_PURCHASE",
    "ADD_PAYMENT_INFO",
    "CLICK_AD",
    "PURCHASE",
    "SPEND_CREDITS",
    "VIEW_AD",
    "SEARCH",
    "VIEW_ITEM",
    "VIEW_ITEMS",
    "RATE",
    "SHARE",
    "INITIATE_STREAM",
    "COMPLETE_STREAM",
    "COMPLETE_REGISTRATION",
    "COMPLETE_TUTORIAL",
    "ACHIEVE_LEVEL",
    "UNLOCK_ACHIEVEMENT",
    "INVITE",
    "LOGIN",
    "START_TRIAL",
    "SUBSCRIBE",
];

fn default_name(event: EventKind) -> &'static str {
    match event {
        EventKind::TrialStarted => "START_TRIAL",
        EventKind::SubscriptionStarted | EventKind::TrialConverted => "SUBSCRIBE",
        EventKind::SubscriptionRenewed | EventKind::NonSubscriptionPurchase => "PURCHASE",
        other => other.as_str(),
    }
}

/// Test purchases must never stand among real ones.
fn test_key_problem(key: &str) -> Option<&'static str> {
    if key.starts_with("key_live_") {
        Some("is a live key: test purchases would count as real ones")
    } else {
        any_text(key)
    }
}

fn check(settings: &Settings, _: &AppSettings) -> Vec<Problem> {
    let mut problems = missing::in_environments(settings, "branch_keys");
    let key = settings.text("branch_keys.production").unwrap_or_default();
    if key.starts_with("key_test_") {
        problems.push(Problem::new(
            "branch_keys.production",
            "is a test key: real purchases count as tests",
        ));
    }
    problems
}

#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    user_data: UserData<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_data: Option<EventData<'a>>,
    #[serde(serialize_with = "custom_data")]
    custom_data: &'a Occasion<'a>,
}

#[derive(Serialize)]
struct UserData<'a> {
    os: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    os_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    environment: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    developer_identity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<UpperCase<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idfa: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idfv: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aaid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    android_id: Option<&'a str>,
}

#[derive(Serialize)]
struct EventData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
    revenue: Amount,
    currency: &'a str,
}

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let key = format!("branch_keys.{}", occasion.environment());
    occasion.settings.require(&key)?;
    let name = occasion.event_name();
    // Money that was paid back cannot be told.
    let revenue = occasion.revenue().filter(|_| !occasion.kind().is_refund());
    let event = Event {
        name,
        user_data: user_data(occasion)?,
        event_data: revenue.as_ref().map(|revenue| event_data(occasion, revenue)),
        custom_data: occasion,
    };
    let path = if STANDARD.contains(&name) {
        "standard"
    } else {
        "custom"
    };
    Ok(Record {
        route: format!("{path} {key}"),
        body: json(&event),
    })
}

fn user_data<'a>(occasion: &Occasion<'a>) -> Result<UserData<'a>, Skip> {
    let customer = occasion.customer;
    let platform = match customer.customer_user_id() {
        Some(_) => occasion.mobile_platform()?,
        None => occasion.platform_or_wait(IDENTIFIERS)?,
    };
    let device = customer.device_on(platform);
    let DeviceIds {
        idfa,
        idfv,
        advertising_id: aaid,
        android_id,
    } = DeviceIds::on(platform, device);
    let fallback = || {
        let identity = customer.customer_user_id();
        let any = [identity, idfa, idfv, aaid, android_id];
        any.iter().any(Option::is_some).then_some(identity)
    };
    let known = occasion.identifier("branch_id").map(Some);
    let developer_identity = occasion.or_later(known, IDENTIFIERS, IDENTIFIERS, fallback)?;
    Ok(UserData {
        os: platform.title(),
        os_version: device.os_version(),
        app_version: device.text("app_version"),
        model: device.text("device"),
        environment: "FULL_APP",
        developer_identity,
        country: occasion.profile_country().map(UpperCase),
        ip: occasion.profile_ip(),
        idfa,
        idfv,
        aaid,
        android_id,
    })
}

fn event_data<'a>(occasion: &Occasion<'a>, revenue: &'a Revenue<'a>) -> EventData<'a> {
    EventData {
        transaction_id: occasion.event.text("transaction_id"),
        revenue: revenue.number(),
        currency: revenue.currency,
    }
}

/// The properties of the event that are set, all as texts.
fn custom_data<S: Serializer>(occasion: &&Occasion<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (name, value) in occasion.properties() {
        let text = value.as_text();
        if !text.is_empty() {
            map.serialize_entry(name, text)?;
        }
    }
    map.end()
}

fn request(sending: &Sending<'_>) -> Request {
    let record = &sending.records[0];
    let (path, key) = record.route.split_once(' ').unwrap_or_default();
    let url = sending
        .settings
        .address("https://api2.branch.io", &format!("/v2/event/{path}"));
    let key = sending.settings.text(key).unwrap_or_default();
    let body = with_member("branch_key", &key, &record.body);
    Request::post_json(url, body).header("accept", "application/json")
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let Some(answer) = answer else {
        return all(sending, &by_status(None));
    };
    let error = &answer.json().unwrap_or_default()["error"];
    // A success that tells of an error is judged by the status inside.
    let status = match answer.status {
        200..=299 if !error.is_null() => {
            let code = error["code"].as_u64().and_then(|code| u16::try_from(code).ok());
            code.filter(|code| !(200..300).contains(code))
        }
        status => Some(status),
    };
    let verdict = match status {
        Some(400) if is_about_key(answer) => Verdict::Misconfigured(answer.words()),
        Some(status) => by_this_status(status, answer),
        None => Verdict::Rejected(answer.words()),
    };
    all(sending, &verdict)
}

/// Do the words of an answer complain of the key?
fn is_about_key(answer: &Answer) -> bool {
    let words = answer.body.to_ascii_lowercase();
    words.contains("branch key") || words.contains("branch_key")
}
