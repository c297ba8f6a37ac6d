//! AppMetrica: an event as `POST /logs/v1/import/events`, its money as `POST /logs/v1/import/revenue`, all in the
//! query. It tells no repeats, and a success says nothing of whether the user is known.
//!
//! Sources: <https://appmetrica.yandex.com/docs/en/mobile-api/post/post-import-events>, `…/post-revenue`,
//! `…/restrictions` and `…/mobile-api/intro/quotas`, read 2026-11.

mod properties;
mod revenue;

use super::contract::customer::Mobile;
use super::contract::exchange::{all, by_status};
use super::contract::schedule::USUAL;
use super::mapping::device_id::DeviceIds;
use super::mapping::percent::Form;
use super::settings::shared;
use super::{
    Answer, Integration, Judgement, Kind, Limits, Method, Occasion, Part, Probe, Problem, Record, Request,
    Sending, Setting, Settings, Skip, Verdict, all_but_levels,
};
use crate::app::AppSettings;
use crate::purchases::transaction::Environment;
use crate::time::{DAY, MINUTE, SECOND};

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "appmetrica",
    title: "AppMetrica",
    docs: "https://appmetrica.yandex.com/docs/en/mobile-api/post/about",
    settings: SETTINGS,
    identifiers: IDENTIFIERS,
    limits: Limits {
        requests_per_second: Some(30),
        // It drops what is older than 14 days, and the time that the first try told is 7 days old at most.
        repeat_hours: Some(7 * 24),
        ..Limits::NONE
    },
    schedule: &USUAL,
    takes: all_but_levels,
    parts: &[
        Part {
            needs: Some(|route| credentials(route).into()),
            ..Part::named("event")
        },
        Part {
            wanted: Some(revenue::is_wanted),
            needs: Some(|route| credentials(route).into()),
            ..Part::named(REVENUE)
        },
    ],
    check,
    encode,
    request,
    judge,
    probe: Probe::MarkedEvent,
};

const REVENUE: &str = "revenue";

const IDENTIFIERS: &[&str] = &["appmetrica_profile_id", "appmetrica_device_id"];

const SETTINGS: &[Setting] = &[
    Setting::new(
        "application_id",
        Kind::Text(digits_problem),
        "The number of the application in AppMetrica.",
    ),
    shared::key("post_api_key", "The application's Post API key."),
    Setting::new(
        "sandbox_application_id",
        Kind::Text(digits_problem),
        "The application that test purchases go to. Otherwise they go to the first, without money.",
    ),
    shared::key("sandbox_post_api_key", "The Post API key of that application."),
    Setting::new(
        "identifier_order",
        Kind::Choice(&["profile_first", "device_first"]),
        "Which id is used where both are known: the user's or the device's.",
    ),
    shared::EVENTS,
    shared::EVENT_NAMES,
    Setting::new(
        "send_revenue_events",
        Kind::Switch(false),
        "Tell money as In-App Revenue too.",
    ),
    Setting::new(
        "revenue_event_types",
        Kind::Own(&revenue::TYPES_SHAPE),
        "As which type of revenue each event is told. Empty: as none.",
    ),
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

/// What keeps a text from being a number there.
fn digits_problem(text: &str) -> Option<&'static str> {
    let is_number = text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number).then_some("must be a number: at most 20 digits")
}

fn check(settings: &Settings, _: &AppSettings) -> Vec<Problem> {
    let is_set = |setting: &str| settings.text(setting).is_some();
    let mut problems = Vec::new();
    let pair = credentials("sandbox");
    for setting in credentials("production") {
        if !is_set(setting) {
            let problem = Problem::new(setting, "is not set, so events about real purchases are skipped");
            problems.push(problem.stopping_if(!pair.iter().all(|setting| is_set(setting))));
        }
    }
    if pair.iter().any(|setting| is_set(setting)) {
        let missing = pair.iter().filter(|setting| !is_set(setting));
        problems.extend(
            missing.map(|setting| {
                Problem::new(*setting, "is not set, so events about test purchases are skipped")
            }),
        );
    }
    problems
}

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let route = route(occasion)?;
    let mut query = Form::default();
    let (name, id) = id(occasion)?;
    query.add(name, id);
    let properties = properties::fitting(occasion);
    if occasion.part == REVENUE {
        add_revenue(&mut query, occasion)?;
        add_common(&mut query, occasion);
        query.add("payload", properties);
    } else {
        query
            .add("event_name", occasion.event_name())
            .add("event_timestamp", timestamp(occasion));
        add_common(&mut query, occasion);
        query.add("event_json", properties);
    }
    Ok(Record {
        route: route.to_owned(),
        body: query.into_text(),
    })
}

fn add_revenue(query: &mut Form, occasion: &Occasion<'_>) -> Result<(), Skip> {
    let kind = revenue::type_of(occasion).ok_or(Skip::EventUnsupported)?;
    let (price, currency) = revenue::price(occasion)?;
    query
        .add("revenue_event_type", kind)
        .add("event_timestamp", timestamp(occasion))
        .add("price", price)
        .add("currency", currency)
        .add_known("product_id", occasion.event.text("vendor_product_id"))
        .add("quantity", 1)
        .add_known("transaction_id", occasion.event.text("transaction_id"));
    Ok(())
}

/// What both calls say of the device.
fn add_common(query: &mut Form, occasion: &Occasion<'_>) {
    let customer = occasion.customer;
    let platform = customer
        .mobile()
        .or_else(|| Mobile::of_store(occasion.event.store()));
    let ids = platform.map(|platform| DeviceIds::on(platform, customer.device_on(platform)));
    let ids = ids.unwrap_or_default();
    // As from the background it would be missing from the reports on users.
    query
        .add("session_type", "foreground")
        .add_known("os_name", platform.map(Mobile::as_str))
        .add_known("ios_ifa", ids.idfa)
        .add_known("ios_ifv", ids.idfv)
        .add_known("google_aid", ids.advertising_id);
}

/// Whose the event is: one of the two parameters, for it takes no more than one.
fn id<'a>(occasion: &Occasion<'a>) -> Result<(&'static str, &'a str), Skip> {
    let profile = occasion
        .identifier("appmetrica_profile_id")
        .map(|id| ("profile_id", id));
    let customer = occasion.customer.customer_user_id().map(|id| ("profile_id", id));
    let is_number = |id: &&str| id.bytes().all(|byte| byte.is_ascii_digit());
    let device = occasion.identifier("appmetrica_device_id").filter(is_number);
    let device = device.map(|id| ("appmetrica_device_id", id));
    if occasion.settings.text("identifier_order") == Some("device_first") {
        occasion.or_later(device, &["appmetrica_device_id"], IDENTIFIERS, || {
            profile.or(customer)
        })
    } else {
        occasion.or_later(profile, &["appmetrica_profile_id"], IDENTIFIERS, || {
            customer.or(device)
        })
    }
}

/// When it happened, in seconds: not ahead of this try, which is the first, nor longer ago than it takes. Repeats tell the
/// same, because the record of the first try is kept for them.
fn timestamp(occasion: &Occasion<'_>) -> i64 {
    const OLDEST: i64 = 7 * DAY - MINUTE;
    let at = occasion.event.at.min(occasion.now).max(occasion.now - OLDEST);
    at.div_euclid(SECOND)
}

/// Whose credentials are used. Test money never goes where real money is.
fn route(occasion: &Occasion<'_>) -> Result<&'static str, Skip> {
    let has_sandbox = ["sandbox_application_id", "sandbox_post_api_key"]
        .iter()
        .any(|setting| occasion.settings.text(setting).is_some());
    let is_sandbox = occasion.event.environment() == Environment::Sandbox;
    let route = match (is_sandbox, occasion.part) {
        (true, REVENUE) => "sandbox",
        (true, _) if has_sandbox => "sandbox",
        _ => "production",
    };
    for setting in credentials(route) {
        occasion.settings.require(setting)?;
    }
    Ok(route)
}

/// The settings of a route: the application and its key.
fn credentials(route: &str) -> [&'static str; 2] {
    match route {
        "sandbox" => ["sandbox_application_id", "sandbox_post_api_key"],
        _ => ["application_id", "post_api_key"],
    }
}

fn request(sending: &Sending<'_>) -> Request {
    let record = &sending.records[0];
    let [application, key] = credentials(&record.route).map(|setting| sending.settings.text(setting));
    let path = match sending.part {
        REVENUE => "/logs/v1/import/revenue",
        _ => "/logs/v1/import/events",
    };
    let mut query = Form::default();
    query
        .add("post_api_key", key.unwrap_or_default())
        .add("application_id", application.unwrap_or_default())
        .add_encoded(&record.body);
    let address = sending
        .settings
        .address("https://api.appmetrica.yandex.com", path);
    Request {
        method: Method::Post,
        url: format!("{address}?{}", query.into_text()),
        headers: vec![("content-length", "0".into())],
        body: String::new(),
    }
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    // Each try that got no answer may have counted as revenue, and money that counts twice is worse than none.
    const UNANSWERED_REVENUE: u32 = 3;
    let verdict = match answer {
        None if sending.part == REVENUE => Verdict::RetryAtMost {
            tries: UNANSWERED_REVENUE,
            why: "no answer".into(),
        },
        Some(answer) if answer.status == 404 => Verdict::Misconfigured(answer.words()),
        // Its own number for too many requests, beside 429.
        Some(answer) if answer.status == 420 => Verdict::retry(answer.words()),
        answer => by_status(answer),
    };
    all(sending, &verdict)
}

#[cfg(test)]
mod tests;
