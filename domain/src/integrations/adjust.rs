//! Adjust: one event per `POST /event`, as a form. It tells no repeats, but of events that are marked as unique there.
//!
//! Sources: <https://dev.adjust.com/en/api/s2s-api/events> and the S2S reference of Adjust's help centre, read 2026-11.

#[cfg(test)]
mod tests;

use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::contract::customer::Mobile;
use super::contract::device::Device;
use super::contract::exchange::{all, by_status};
use super::contract::schedule::USUAL;
use super::mapping::dated;
use super::mapping::device_id::{self, DeviceIds};
use super::mapping::percent::Form;
use super::mapping::text::json;
use super::settings::missing::{self, at_least_one};
use super::settings::secret::header_problem;
use super::settings::shared;
use super::{
    Answer, Integration, Judgement, Kind, Limits, Occasion, Part, Probe, Problem, Record, Request, Sending,
    Setting, Settings, Skip, Verdict, all_but_levels,
};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::time::{DAY, MINUTE, SECOND};

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "adjust",
    title: "Adjust",
    docs: "https://dev.adjust.com/en/api/s2s-api/events",
    settings: SETTINGS,
    identifiers: &[ADID],
    limits: Limits {
        request_bytes: Some(1_000_000),
        ..Limits::NONE
    },
    schedule: &USUAL,
    takes: all_but_levels,
    parts: &[Part::WHOLE],
    check,
    encode,
    request,
    judge,
    probe: Probe::MarkedEventOfNobody(is_of_nobody),
};

const ADID: &str = "adjust_device_id";
/// The ids of a device on each platform, any of which will do.
const IOS_IDS: &[&str] = &[ADID, "idfa", "idfv"];
const ANDROID_IDS: &[&str] = &[ADID, "advertising_id", "android_id"];

const SETTINGS: &[Setting] = &[
    shared::key("app_tokens.ios", "The app token of the iOS app."),
    shared::key("app_tokens.android", "The app token of the Android app."),
    Setting::new(
        "oauth_tokens.ios",
        Kind::Secret(header_problem),
        "The token of S2S security for iOS. Needed where that is switched on in Adjust.",
    ),
    Setting::new(
        "oauth_tokens.android",
        Kind::Secret(header_problem),
        "The same for Android.",
    ),
    Setting::new(
        "event_tokens.ios",
        Kind::EventNames(no_token),
        "The event token for each event on iOS. An event without a token is not sent.",
    ),
    Setting::new(
        "event_tokens.android",
        Kind::EventNames(no_token),
        "The same for Android.",
    ),
    shared::EVENTS,
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

/// An older event is told with the time of sending: 58 days when it arrives.
const OLDEST: i64 = 58 * DAY - MINUTE;

/// Tokens are made in Adjust: there are no usual ones.
fn no_token(_: EventKind) -> &'static str {
    ""
}

fn check(settings: &Settings, app: &AppSettings) -> Vec<Problem> {
    let mut problems = at_least_one(settings, "app_tokens");
    if problems.is_empty() {
        problems = missing::for_platforms(settings, app, &["app_tokens".to_owned()]);
    }
    let tokens = |platform: Mobile| {
        let table = settings.get("event_tokens")[platform.as_str()].as_object();
        table.into_iter().flatten().filter(|(_, token)| *token != "")
    };
    let is_whole = |platform: &Mobile| {
        tokens(*platform).next().is_some() && settings.text(&app_token(*platform)).is_some()
    };
    let stops = !Mobile::ALL.iter().any(is_whole);
    for platform in Mobile::ALL {
        let table = format!("event_tokens.{}", platform.as_str());
        let mut tokens = tokens(platform).peekable();
        if tokens.peek().is_none() && settings.text(&app_token(platform)).is_some() {
            let problem = Problem::new(&table, "is empty, so every event of this platform is skipped");
            problems.push(problem.stopping_if(stops));
        }
        let token = app_token(platform);
        let is_told = problems.iter().any(|problem| token.starts_with(&problem.field));
        if tokens.peek().is_some() && settings.text(&token).is_none() && !is_told {
            problems.push(Problem::new(
                token,
                format!("is not set beside {table}, so every event of this platform is skipped"),
            ));
        }
        let odd = tokens.filter(|(_, token)| !token.as_str().is_some_and(is_event_token));
        problems.extend(odd.map(|(event, _)| {
            Problem::new(
                format!("{table}.{event}"),
                "is no event token: those have six letters and digits",
            )
        }));
    }
    problems
}

fn is_event_token(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn app_token(platform: Mobile) -> String {
    format!("app_tokens.{}", platform.as_str())
}

/// The event but for its time and the tokens of the app and the event, which the owner may correct before it is repeated.
fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let platform = occasion.platform_or_wait(&[ADID])?;
    occasion.settings.require(&app_token(platform))?;
    event_token(occasion.settings, platform.as_str(), occasion.kind().as_str()).ok_or(Skip::EventDisabled)?;
    let device = occasion.customer.device_on(platform);
    let ids = ids(occasion, platform, device)?;
    let mut form = Form::default();
    form.add("environment", occasion.environment());
    if let Some((amount, currency)) = revenue(occasion) {
        form.add("revenue", amount).add("currency", currency);
    }
    for (name, id) in ids {
        form.add(name, id);
    }
    let customer = occasion.customer;
    let params = json(&Params(occasion));
    form.add_known("customer_user_id", customer.customer_user_id())
        .add_known("external_device_id", customer.customer_user_id())
        .add_known("ip_address", occasion.profile_ip())
        .add_known("user_agent", device.text("user_agent"))
        .add("callback_params", &params)
        .add("partner_params", &params);
    let route = format!("{} {}", platform.as_str(), occasion.kind().as_str());
    Ok(dated::record(route, occasion.event.at, form.into_text()))
}

/// The token of an event on a platform, both by the names that settings use.
fn event_token<'a>(settings: &'a Settings, platform: &str, event: &str) -> Option<&'a str> {
    let tokens = settings.get(&format!("event_tokens.{platform}"));
    tokens[event].as_str().filter(|token| !token.is_empty())
}

/// All ids that are known of the device, of which one must be.
fn ids(
    occasion: &Occasion<'_>,
    platform: Mobile,
    device: Device<'_>,
) -> Result<Vec<(&'static str, String)>, Skip> {
    let names = match platform {
        Mobile::Android => ANDROID_IDS,
        Mobile::Ios => IOS_IDS,
    };
    let device = DeviceIds::on(platform, device);
    let adid = occasion.identifier(ADID);
    let all = [
        ("adid", adid.map(str::to_owned)),
        ("idfa", device.idfa.map(device_id::apple)),
        ("idfv", device.idfv.map(device_id::apple)),
        ("gps_adid", device.advertising_id.map(device_id::google)),
        ("android_id", device.android_id.map(device_id::android)),
    ];
    let known: Vec<_> = all
        .into_iter()
        .filter_map(|(name, id)| Some((name, id?)))
        .collect();
    occasion.or_later(adid.map(|_| ()), &[ADID], names, || {
        (!known.is_empty()).then_some(())
    })?;
    Ok(known)
}

/// The amount and its currency. Refunds have none: Adjust knows no negative amounts.
fn revenue<'a>(occasion: &Occasion<'a>) -> Option<(String, &'a str)> {
    let least = Decimal::new(1, 3);
    let most = Decimal::from(100_000_000_000_i64);
    let revenue = occasion.revenue().filter(|_| !occasion.kind().is_refund())?;
    let is_fit = revenue.amount > least && revenue.amount <= most;
    is_fit.then(|| (revenue.short_text(), revenue.currency))
}

/// What is known of the event, flat, every value a text.
struct Params<'a>(&'a Occasion<'a>);

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(occasion) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("integration_event_id", &occasion.event.id)?;
        if let Some(id) = occasion.customer.customer_user_id() {
            map.serialize_entry("customer_user_id", id)?;
        }
        map.serialize_entry("event_type", occasion.kind().as_str())?;
        // The event's id stands above, under the name that Adjust's reports show it by.
        let properties = occasion.properties();
        for (name, value) in properties.filter(|(name, _)| *name != "profile_event_id") {
            map.serialize_entry(name, value.as_text())?;
        }
        map.end()
    }
}

fn request(sending: &Sending<'_>) -> Request {
    let settings = sending.settings;
    let record = &sending.records[0];
    let (platform, event) = record.route.split_once(' ').unwrap_or((&record.route, ""));
    let setting = |table: &str| settings.text(&format!("{table}.{platform}"));
    let (at, fields) = dated::time_and_body(record, sending.now, OLDEST);
    let mut form = Form::default();
    form.add("s2s", 1)
        .add("app_token", setting("app_tokens").unwrap_or_default())
        .add("created_at_unix", at.div_euclid(SECOND))
        .add_known("event_token", event_token(settings, platform, event))
        .add_encoded(fields);
    let url = settings.address("https://s2s.adjust.com", "/event");
    let request = Request::post_form(url, form.into_text());
    match setting("oauth_tokens") {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    }
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let Some(answer) = answer else {
        return all(sending, &by_status(None));
    };
    let body = answer.body.to_ascii_lowercase();
    let says = |reason: &str| body.contains(reason);
    let verdict = match answer.status {
        200..=299 if has_error(answer) => Verdict::Rejected(answer.words()),
        400 if says("earlier unique event tracked") => Verdict::DeliveredWithWarning(answer.words()),
        400 if says("invalid app token") || says("invalid event token") => {
            Verdict::Misconfigured(answer.words())
        }
        403 if says("app is inactive") || says("event token blocklisted") => {
            Verdict::Misconfigured(answer.words())
        }
        // Such as "Tracking disabled": Adjust measures nothing on this platform, but may well on the other one.
        403 => Verdict::Rejected(answer.words()),
        404 if says("app token not found") => Verdict::Misconfigured(answer.words()),
        _ => by_status(Some(answer)),
    };
    all(sending, &verdict)
}

/// Does it say that the tokens are fine, but that nobody has this device?
fn is_of_nobody(answer: &Answer) -> bool {
    answer.status == 404 && answer.body.to_ascii_lowercase().contains("device not found")
}

fn has_error(answer: &Answer) -> bool {
    answer.json().is_some_and(|body| body["error"].is_string())
}
