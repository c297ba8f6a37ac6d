//! Airbridge: an event as `POST /events/v2/apps/{app}/mobile-app/9360`. Tells repeats by `eventUUID`.
//!
//! Sources: <https://help.airbridge.io/en/references/s2s-event/send-in-app-events> and
//! <https://help.airbridge.io/en/guides/airbridge-event-types>, read 2026-11.

mod event;
mod names;
mod period;

use super::contract::customer::Mobile;
use super::contract::exchange::{all, by_status};
use super::contract::schedule::USUAL;
use super::mapping::dated;
use super::mapping::text::{json, with_member};
use super::settings::secret::header_problem;
use super::settings::{missing, shared};
use super::{
    Answer, Integration, Judgement, Kind, Limits, Method, Occasion, Part, Probe, Problem, Record, Request,
    Sending, Setting, Settings, Skip, Verdict, no_synthetic,
};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::time::{HOUR, MINUTE};
use event::Event;
use serde_json::Value as Json;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "airbridge",
    title: "Airbridge",
    docs: "https://help.airbridge.io/en/references/s2s-event/send-in-app-events",
    settings: SETTINGS,
    identifiers: IDENTIFIERS,
    limits: Limits {
        // A thousand in a minute.
        requests_per_second: Some(16),
        ..Limits::NONE
    },
    schedule: &USUAL,
    takes: no_synthetic,
    parts: PARTS,
    check,
    encode,
    request,
    judge,
    probe: Probe::MarkedEvent,
};

const IDENTIFIERS: &[&str] = &["airbridge_device_id"];

/// One call for each category of an event.
const PARTS: &[Part; names::MOST] = &[
    Part::WHOLE,
    further("second_name", |settings, event| {
        names::at(settings, event, 1).is_some()
    }),
    further("third_name", |settings, event| {
        names::at(settings, event, 2).is_some()
    }),
    further("fourth_name", |settings, event| {
        names::at(settings, event, 3).is_some()
    }),
    further("fifth_name", |settings, event| {
        names::at(settings, event, 4).is_some()
    }),
];

const fn further(name: &'static str, wanted: fn(&Settings, EventKind) -> bool) -> Part {
    Part {
        wanted: Some(wanted),
        moved: Some(has_its_name),
        ..Part::named(name)
    }
}

/// It goes into a header.
const TOKEN: Kind = Kind::Secret(header_problem);

const SETTINGS: &[Setting] = &[
    Setting::new(
        "app_name",
        Kind::Text(app_name_problem),
        "The app's name in Airbridge. Without it events about real purchases are skipped.",
    ),
    Setting::new("api_token", TOKEN, "The app's API token in Airbridge."),
    Setting::new(
        "sandbox_app_name",
        Kind::Text(app_name_problem),
        "The app that test purchases go to. Without it they are skipped.",
    ),
    Setting::new(
        "sandbox_api_token",
        TOKEN,
        "The API token of that app, if it is not the same.",
    ),
    shared::EVENTS,
    Setting::new(
        "event_names",
        Kind::Own(&names::SHAPE),
        "The category of each event, or a list of up to five. Empty: it is not sent.",
    ),
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

/// What is a day old when it arrives is dropped there without a word. An older event is told with the time of sending, a
/// little before, because its way takes time and clocks differ.
const OLDEST: i64 = 24 * HOUR - 5 * MINUTE;

/// What keeps a text from being a name in a path.
fn app_name_problem(name: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let is_name = name.len() <= 128 && name.bytes().all(is_plain);
    (!is_name).then_some("must have at most 128 letters, digits, hyphens and underscores")
}

fn check(settings: &Settings, app: &AppSettings) -> Vec<Problem> {
    let missing = ["app_name", "api_token"]
        .into_iter()
        .filter(|setting| settings.text(setting).is_none());
    let stops = ["production", "sandbox"]
        .iter()
        .all(|environment| credentials(settings, environment).is_err());
    let missing = missing.map(|setting| {
        Problem::new(setting, "is not set, so events about real purchases are skipped").stopping_if(stops)
    });
    let so = "Airbridge has to be told of it, so events of its platform are skipped";
    let bundles = Mobile::ALL.map(|platform| missing::of_app(app, platform, so));
    // An app may well be on one platform alone.
    let has_none = bundles.iter().all(Option::is_some);
    let bundles = bundles.into_iter().flatten().filter(|_| has_none);
    let bundles = bundles.map(|problem| problem.stopping_if(true));
    let half = settings.text("sandbox_api_token").is_some() && settings.text("sandbox_app_name").is_none();
    let half = half.then(|| {
        let why = "is not set beside sandbox_api_token, so events about test purchases are skipped";
        Problem::new("sandbox_app_name", why)
    });
    missing.chain(half).chain(bundles).collect()
}

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let environment = occasion.environment();
    credentials(occasion.settings, environment)?;
    let place = PARTS.iter().position(|part| part.name == occasion.part);
    let place = place.unwrap_or_default();
    let category = names::at(occasion.settings, occasion.kind(), place).ok_or(Skip::EventDisabled)?;
    let known = occasion.identifier("airbridge_device_id");
    occasion.or_later(known, IDENTIFIERS, IDENTIFIERS, || {
        occasion.customer.customer_user_id()
    })?;
    let revenue = occasion.revenue().filter(|_| !occasion.kind().is_refund());
    let event = Event::new(occasion, category, place, revenue.as_ref())?;
    let route = match occasion.profile_ip() {
        Some(ip) => format!("{environment} {ip}"),
        None => environment.to_owned(),
    };
    Ok(dated::record(route, occasion.at_or_made(), json(&event)))
}

/// Is the category of what was sent still one of the event's, at whatever place?
fn has_its_name(settings: &Settings, event: EventKind, body: &str) -> bool {
    let body: Json = serde_json::from_str(dated::body(body)).unwrap_or_default();
    let category = body["eventData"]["goal"]["category"].as_str();
    category.is_some_and(|category| {
        (0..names::MOST).any(|place| names::at(settings, event, place) == Some(category))
    })
}

/// The app's name and token in an environment.
fn credentials<'a>(settings: &'a Settings, environment: &str) -> Result<(&'a str, &'a str), Skip> {
    if environment != "sandbox" {
        return Ok((settings.require("app_name")?, settings.require("api_token")?));
    }
    let own = settings.require("sandbox_api_token");
    let token = own.or_else(|missing| settings.text("api_token").ok_or(missing));
    Ok((settings.require("sandbox_app_name")?, token?))
}

fn request(sending: &Sending<'_>) -> Request {
    let record = &sending.records[0];
    let (environment, ip) = match record.route.split_once(' ') {
        Some((environment, ip)) => (environment, Some(ip)),
        None => (record.route.as_str(), None),
    };
    let (app, token) = credentials(sending.settings, environment).unwrap_or_default();
    let path = format!("/events/v2/apps/{app}/mobile-app/9360");
    let (at, event) = dated::time_and_body(record, sending.now, OLDEST);
    let request = Request {
        method: Method::Post,
        url: sending.settings.address("https://api.airbridge.io", &path),
        headers: Vec::with_capacity(3),
        body: with_member("eventTimestamp", &(at / 1_000), event),
    };
    let request = request
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json; charset=utf-8");
    // Otherwise our own address is taken for the customer's.
    match ip {
        Some(ip) => request.header("x-forwarded-for", ip.to_owned()),
        None => request,
    }
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let verdict = match answer {
        Some(answer) if (200..300).contains(&answer.status) && is_refusal(answer) => {
            Verdict::Rejected(answer.words())
        }
        Some(answer) if answer.status == 404 => Verdict::Misconfigured(answer.words()),
        answer => by_status(answer),
    };
    all(sending, &verdict)
}

/// Does a success tell that nothing was taken in?
fn is_refusal(answer: &Answer) -> bool {
    let body = answer.json().unwrap_or_default();
    !body["error"].is_null() || body["ingested"] == 0
}

#[cfg(test)]
mod tests;
