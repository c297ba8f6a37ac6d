//! AppsFlyer: one event per `POST /inappevent/{app}`, at most 1 KB. It tells no repeats.
//!
//! Sources: AppsFlyer's "Server-to-server events API for mobile (S2S-mobile)", support article 207034486, and its
//! OpenAPI file, version 3, read 2026-11.

mod nested;
#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};

use self::nested::json_with_texts;
use super::contract::customer::Mobile;
use super::contract::exchange::{all, by_status};
use super::contract::schedule::USUAL;
use super::mapping::dated;
use super::mapping::device_id::{self, DeviceIds};
use super::mapping::percent::encoded;
use super::mapping::text::with_member;
use super::settings::secret::any_text;
use super::settings::secret::header_problem;
use super::settings::{event_names, missing, shared};
use super::{
    Answer, Integration, Judgement, Kind, Limits, Occasion, Part, Probe, Problem, Record, Request, Sending,
    Setting, Settings, Skip, Verdict, all_but_levels,
};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::events::wire::UpperCase;
use crate::purchases::transaction::Environment;
use crate::time::{HOUR, digits};

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "appsflyer",
    title: "AppsFlyer",
    docs: "https://support.appsflyer.com/hc/en-us/articles/207034486",
    settings: SETTINGS,
    identifiers: IDENTIFIERS,
    limits: Limits {
        request_bytes: Some(MAX_BODY as u32),
        // 60,000 in a minute for each account.
        requests_per_second: Some(1_000),
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

const IDENTIFIERS: &[&str] = &["appsflyer_id"];

const KEY: Kind = Kind::Secret(header_problem);

const SETTINGS: &[Setting] = &[
    Setting::new(
        "ios_app_id",
        Kind::Text(app_id_problem),
        "Apple's number of the app, with or without id before it.",
    ),
    Setting::new(
        "android_package_name",
        Kind::Text(any_text),
        "The package of the Android app.",
    ),
    Setting::new(
        "s2s_api",
        Kind::Number(2, 3, Some(3)),
        "The version of AppsFlyer's API. 2 is the old one, with other keys.",
    ),
    Setting::new(
        "keys.production.ios",
        KEY,
        "For iOS. API 3: the account's S2S token; API 2: the app's dev key.",
    ),
    Setting::new("keys.production.android", KEY, "The same for Android."),
    Setting::new(
        "keys.sandbox.ios",
        KEY,
        "For test purchases on iOS; may be the same as for real ones.",
    ),
    Setting::new("keys.sandbox.android", KEY, "The same for Android."),
    Setting::new(
        "delay_future_events",
        Kind::Switch(false),
        "Hold an event that is dated ahead until its time has come, instead of sending it at once.",
    ),
    shared::EVENTS,
    shared::event_names(name),
    shared::TRIAL_ACTIVE_DAYS,
    shared::SUBSCRIPTION_ACTIVE_DAYS,
    shared::REVENUE_MODE,
    shared::REPORT_USER_CURRENCY,
    shared::SEND_TRIAL_PRICE,
    shared::exclude_historical_events(true),
    shared::ordered(true),
    shared::BASE_URL,
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];

/// The most bytes of a body.
const MAX_BODY: usize = 1_024;
/// What [`with_time`] adds to it.
const TIME_BYTES: usize = "\"eventTime\":\"2025-03-14 09:26:53\",".len();
/// An older event is told with the time of sending.
const OLDEST: i64 = 26 * HOUR;
/// The longest name that the dashboard shows, in characters.
const LONGEST_SHOWN: usize = 45;

/// What an event is called if nobody says.
fn name(event: EventKind) -> &'static str {
    match event {
        EventKind::TrialStarted => "af_start_trial",
        EventKind::SubscriptionStarted | EventKind::TrialConverted => "af_subscribe",
        EventKind::NonSubscriptionPurchase => "af_purchase",
        other => other.as_str(),
    }
}

fn app_id_problem(text: &str) -> Option<&'static str> {
    let number = text.strip_prefix("id").unwrap_or(text);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number).then_some("must be Apple's number of the app, such as 1470011223")
}

fn check(settings: &Settings, app: &AppSettings) -> Vec<Problem> {
    let mut problems = missing::on_platforms(settings, app, "keys");
    let has_key = |platform| {
        let mut environments = [Environment::Production, Environment::Sandbox].into_iter();
        environments.any(|environment| settings.text(key(environment, platform)).is_some())
    };
    let has_app = |platform| settings.text(app_setting(platform)).is_some();
    let stops = !Mobile::ALL
        .iter()
        .any(|platform| has_key(*platform) && has_app(*platform));
    for platform in Mobile::ALL {
        let setting = app_setting(platform);
        if has_key(platform) && !has_app(platform) {
            let problem = Problem::new(setting, "is not set, so every event of this platform is skipped");
            problems.push(problem.stopping_if(stops));
        }
        let production = key(Environment::Production, platform);
        let is_told = problems
            .iter()
            .any(|problem| production.starts_with(&problem.field));
        if !has_key(platform) && has_app(platform) && !is_told {
            problems.push(Problem::new(
                production,
                format!("is not set beside {setting}, so every event of this platform is skipped"),
            ));
        }
    }
    let is_long = |name: &str| name.chars().count() > LONGEST_SHOWN;
    let why = "has more than 45 characters: AppsFlyer takes it but does not show it";
    problems.extend(event_names::bad(settings, "event_names", is_long, why));
    problems
}

/// The setting that names the app.
fn app_setting(platform: Mobile) -> &'static str {
    match platform {
        Mobile::Android => "android_package_name",
        Mobile::Ios => "ios_app_id",
    }
}

/// The setting that holds the key, which makes a good route.
fn key(environment: Environment, platform: Mobile) -> &'static str {
    match (environment, platform) {
        (Environment::Production, Mobile::Ios) => "keys.production.ios",
        (Environment::Production, Mobile::Android) => "keys.production.android",
        (Environment::Sandbox, Mobile::Ios) => "keys.sandbox.ios",
        (Environment::Sandbox, Mobile::Android) => "keys.sandbox.android",
    }
}

#[derive(Serialize)]
struct Event<'a> {
    appsflyer_id: &'a str,
    #[serde(rename = "eventName")]
    name: &'a str,
    #[serde(rename = "eventValue", serialize_with = "or_empty")]
    value: Value<'a>,
    #[serde(rename = "eventCurrency", skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<&'a str>,
    #[serde(rename = "bundleIdentifier", skip_serializing_if = "Option::is_none")]
    bundle: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idfa: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idfv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    att: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advertising_id: Option<&'a str>,
}

/// `eventValue`, a text of JSON; each value is a text.
#[derive(Serialize)]
struct Value<'a> {
    #[serde(rename = "af_content_id", skip_serializing_if = "Option::is_none")]
    product: Option<&'a str>,
    #[serde(rename = "af_order_id", skip_serializing_if = "Option::is_none")]
    order: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_country: Option<UpperCase<'a>>,
    #[serde(flatten)]
    money: Option<Money<'a>>,
}

#[derive(Serialize)]
struct Money<'a> {
    af_content_type: &'static str,
    af_revenue: String,
    af_currency: &'a str,
    af_quantity: &'static str,
}

/// What is left out, one after the other, of an event that is too large.
const DISPENSABLE: [fn(&mut Event<'_>); 5] = [
    |event| event.value.profile_country = None,
    |event| event.value.store_country = None,
    |event| event.bundle = None,
    |event| event.idfv = None,
    |event| event.customer_user_id = None,
];

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let platform = occasion.platform_or_wait(IDENTIFIERS)?;
    let route = key(occasion.event.environment(), platform);
    for setting in [route, app_setting(platform)] {
        occasion.settings.require(setting)?;
    }
    let mut event = event(occasion, platform)?;
    if occasion.settings.is("delay_future_events") && occasion.now < occasion.event.at {
        return Err(Skip::NotYet {
            until: occasion.event.at,
        });
    }
    let body = fitting(&mut event).ok_or(Skip::Other("too_large"))?;
    Ok(dated::record(route.to_owned(), occasion.event.at, body))
}

fn event<'a>(occasion: &Occasion<'a>, platform: Mobile) -> Result<Event<'a>, Skip> {
    let customer = occasion.customer;
    let device = customer.device_on(platform);
    let ids = DeviceIds::on(platform, device);
    let currency = if occasion.settings.is("report_user_currency") {
        occasion.event.text("currency")
    } else {
        Some("USD")
    };
    Ok(Event {
        appsflyer_id: occasion.require(IDENTIFIERS)?,
        name: occasion.event_name(),
        value: Value {
            product: occasion.event.text("vendor_product_id"),
            order: occasion.event.text("original_transaction_id"),
            store_country: occasion.event.text("store_country"),
            profile_country: occasion.profile_country().map(UpperCase),
            money: money(occasion),
        },
        currency,
        os: device.os_version(),
        bundle: customer.bundle_on(platform),
        customer_user_id: customer.customer_user_id(),
        ip: occasion.profile_ip(),
        idfa: ids.idfa.map(device_id::apple),
        idfv: ids.idfv.map(device_id::apple),
        att: customer.att_status().filter(|_| platform == Mobile::Ios),
        advertising_id: ids.advertising_id,
    })
}

/// The amount with exactly four decimals; what would be zero then is no money.
fn money<'a>(occasion: &Occasion<'a>) -> Option<Money<'a>> {
    let revenue = occasion.revenue()?;
    Some(Money {
        af_content_type: "in_app",
        af_revenue: revenue.text(4)?,
        af_currency: revenue.currency,
        af_quantity: "1",
    })
}

/// The event without its time as JSON, small enough; `None` if it cannot be.
fn fitting(event: &mut Event<'_>) -> Option<String> {
    let mut dispensable = DISPENSABLE.iter();
    loop {
        let body = json_with_texts(event);
        if body.len() + TIME_BYTES <= MAX_BODY {
            return Some(body);
        }
        dispensable.next()?(event);
    }
}

/// The value; an empty text where there is nothing to say.
fn or_empty<S: Serializer>(value: &Value<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Value {
            product: None,
            order: None,
            store_country: None,
            profile_country: None,
            money: None,
        } => serializer.serialize_str(""),
        value => value.serialize(serializer),
    }
}

fn request(sending: &Sending<'_>) -> Request {
    let settings = sending.settings;
    let record = &sending.records[0];
    let host = match settings.number("s2s_api") {
        Some(2) => "https://api2.appsflyer.com",
        _ => "https://api3.appsflyer.com",
    };
    let (at, event) = dated::time_and_body(record, sending.now, OLDEST);
    let key = settings.text(&record.route).unwrap_or_default().to_owned();
    let url = address(settings, host, &record.route);
    Request::post_json(url, with_time(event, at)).header("authentication", key)
}

/// The address, which names the app.
fn address(settings: &Settings, host: &str, route: &str) -> String {
    let base = settings.base(host);
    if route.ends_with("android") {
        let package = settings.text("android_package_name").unwrap_or_default();
        return [base, "/inappevent/", &encoded(package)].concat();
    }
    let id = settings.text("ios_app_id").unwrap_or_default();
    [base, "/inappevent/id", id.strip_prefix("id").unwrap_or(id)].concat()
}

/// The event with its time in whole seconds, as `2025-03-14 09:26:53`.
fn with_time(event: &str, at: i64) -> String {
    const DATE: usize = "2025-03-14".len();
    const SECONDS: usize = "2025-03-14 09:26:53".len();
    let mut time = digits(at);
    time[DATE] = b' ';
    let time = std::str::from_utf8(&time[..SECONDS]).expect("digits and signs are ASCII");
    with_member("eventTime", &time, event)
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    // AppsFlyer answers 500 also to what it cannot read: not tried for ever.
    const MOST_TRIES: u32 = 10;
    let verdict = match answer {
        Some(answer) if answer.status == 400 && is_about_the_key(answer) => {
            Verdict::Misconfigured(answer.words())
        }
        Some(answer) if answer.status == 500 => Verdict::RetryAtMost {
            tries: MOST_TRIES,
            why: answer.words(),
        },
        _ => by_status(answer),
    };
    all(sending, &verdict)
}

/// Does a 400 say that the key is of another kind or app?
fn is_about_the_key(answer: &Answer) -> bool {
    let body = answer.body.to_ascii_lowercase();
    body.contains("failed to authenticate") || body.contains("app_id")
}
