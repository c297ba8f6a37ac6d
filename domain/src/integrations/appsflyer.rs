//! AppsFlyer: one event per `POST /inappevent/{app}`, at most 1 KB. It tells no repeats.
//!
//! Sources: AppsFlyer's "Server-to-server events API for mobile (S2S-mobile)", support article 207034486, and its
//! OpenAPI file, version 3, read 2026-11.

use serde::{Serialize, Serializer};

use super::customer::Platform;
use super::dated;
use super::device_id::{self, DeviceIds};
use super::exchange::{all, by_status};
use super::missing;
use super::nested::json_with_texts;
use super::percent::encoded;
use super::schedule::USUAL;
use super::secret::header_problem;
use super::settings::any_text;
use super::{
    Answer, Field, Integration, Judgement, Kind, Limits, Occasion, Part, Probe, Problem, Record, Request,
    Sending, Settings, Skip, Verdict, all_but_levels, shared, with_member,
};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::events::wire::UpperCase;
use crate::purchases::transaction::Environment;
use crate::time::digits;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "appsflyer",
    title: "AppsFlyer",
    docs: "https://support.appsflyer.com/hc/en-us/articles/207034486",
    settings: FIELDS,
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

const FIELDS: &[Field] = &[
    Field::new(
        "ios_app_id",
        Kind::Text(app_id_problem),
        "Apple's number of the app, with or without id before it.",
    ),
    Field::new(
        "android_package_name",
        Kind::Text(any_text),
        "The package of the Android app.",
    ),
    Field::new(
        "s2s_api",
        Kind::Number(2, 3, Some(3)),
        "The version of AppsFlyer's API. 2 is the old one, with other keys.",
    ),
    Field::new(
        "keys.production.ios",
        KEY,
        "For iOS. API 3: the account's S2S token; API 2: the app's dev key.",
    ),
    Field::new("keys.production.android", KEY, "The same for Android."),
    Field::new(
        "keys.sandbox.ios",
        KEY,
        "For test purchases on iOS; may be the same as for real ones.",
    ),
    Field::new("keys.sandbox.android", KEY, "The same for Android."),
    Field::new(
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
const OLDEST: i64 = 26 * 3_600 * 1_000_000;
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
    for platform in [Platform::Ios, Platform::Android] {
        let setting = app_setting(platform);
        let has_key = [Environment::Production, Environment::Sandbox]
            .into_iter()
            .any(|environment| settings.text(key(environment, platform)).is_some());
        if has_key && settings.text(setting).is_none() {
            problems.push(Problem::new(
                setting,
                "is not set, so every event of this platform is skipped",
            ));
        }
        let production = key(Environment::Production, platform);
        let is_told = problems
            .iter()
            .any(|problem| production.starts_with(&problem.field));
        if !has_key && settings.text(setting).is_some() && !is_told {
            problems.push(Problem::new(
                production,
                format!("is not set beside {setting}, so every event of this platform is skipped"),
            ));
        }
    }
    let names = settings.get("event_names").as_object().into_iter().flatten();
    let is_long = |name: &str| name.chars().count() > LONGEST_SHOWN;
    let long = names.filter(|(_, name)| name.as_str().is_some_and(is_long));
    problems.extend(long.map(|(event, _)| {
        Problem::new(
            format!("event_names.{event}"),
            "has more than 45 characters: AppsFlyer takes it but does not show it",
        )
    }));
    problems
}

/// The setting that names the app.
fn app_setting(platform: Platform) -> &'static str {
    match platform {
        Platform::Android => "android_package_name",
        _ => "ios_app_id",
    }
}

/// The setting that holds the key, which makes a good route.
fn key(environment: Environment, platform: Platform) -> &'static str {
    match (environment, platform) {
        (Environment::Production, Platform::Android) => "keys.production.android",
        (Environment::Production, _) => "keys.production.ios",
        (Environment::Sandbox, Platform::Android) => "keys.sandbox.android",
        (Environment::Sandbox, _) => "keys.sandbox.ios",
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
    store_country: Option<UpperCase<'a>>,
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
        return Err(Skip::Waiting {
            identifiers: &[],
            until: Some(occasion.event.at),
        });
    }
    let body = fitting(&mut event).ok_or(Skip::Other("too_large"))?;
    Ok(dated::record(route.to_owned(), occasion.event.at, body))
}

fn event<'a>(occasion: &Occasion<'a>, platform: Platform) -> Result<Event<'a>, Skip> {
    let customer = occasion.customer;
    let device = DeviceIds::on(platform, customer);
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
            store_country: occasion.event.text("store_country").map(UpperCase),
            profile_country: customer.recipient.country.map(UpperCase),
            money: money(occasion),
        },
        currency,
        os: customer.os_version_on(platform),
        bundle: customer.bundle_on(platform),
        customer_user_id: customer.customer_user_id(),
        ip: customer.recipient.ip,
        idfa: device.idfa.map(device_id::apple),
        idfv: device.idfv.map(device_id::apple),
        att: customer.att_status().filter(|_| platform == Platform::Ios),
        advertising_id: device.advertising_id,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::samples::{AT, Case, HOUR, answer, sending};
    use serde_json::{Value as Json, json};

    fn case(kind: EventKind) -> Case {
        let case = Case {
            settings: json!({"ios_app_id": "1470011223", "android_package_name": "com.aurora/notes",
                "keys": {"production": {"ios": "s2s-demo-ios", "android": "s2s-demo-android"}}}),
            kind,
            identifiers: json!({"appsflyer_id": "1741000000123-7654321"}),
            profile: json!({"ip_v4_address": "198.51.100.24", "ip_country": "SE", "att_status": 2,
                "installation_meta": {"device_id": "d", "os": "iOS 18.3", "platform": "iOS",
                    "idfv": "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e5f",
                    "idfa": "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e60",
                    "advertising_id": "38400000-8cf0-11bd-b23e-10b96e40000d"}}),
            ..Case::of(&INTEGRATION)
        };
        case.with("store_country", "SE")
    }

    fn value(case: &Case) -> Json {
        serde_json::from_str(case.body()["eventValue"].as_str().unwrap()).unwrap()
    }

    #[test]
    fn a_renewal_is_told_as_documented() {
        let request = case(EventKind::SubscriptionRenewed).request();
        assert_eq!(request.url, "https://api3.appsflyer.com/inappevent/id1470011223");
        assert!(
            request
                .headers
                .contains(&("authentication", "s2s-demo-ios".into()))
        );
        let value = r#"{"af_content_id":"aurora.pro.monthly","af_order_id":"440001100000001","store_country":"SE","profile_country":"SE","af_content_type":"in_app","af_revenue":"12.4900","af_currency":"USD","af_quantity":"1"}"#;
        let body: Json = serde_json::from_str(&request.body).unwrap();
        assert_eq!(
            body,
            json!({"appsflyer_id": "1741000000123-7654321", "eventName": "subscription_renewed",
                "eventTime": "2025-03-14 09:26:53", "eventValue": value, "eventCurrency": "USD", "os": "18.3",
                "bundleIdentifier": "com.aurora.notes", "customer_user_id": "cust-7781", "ip": "198.51.100.24",
                "idfv": "0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F", "att": 2})
        );
    }

    #[test]
    fn another_platform_gets_its_own_app_key_and_ids() {
        let mut case = case(EventKind::SubscriptionStarted);
        case.properties["store"] = json!("play_store");
        let request = case.request();
        assert!(request.url.ends_with("/inappevent/com.aurora%2Fnotes"));
        assert!(
            request
                .headers
                .contains(&("authentication", "s2s-demo-android".into()))
        );
        let body = case.body();
        assert_eq!(body["advertising_id"], "38400000-8cf0-11bd-b23e-10b96e40000d");
        assert_eq!(body["bundleIdentifier"], "com.aurora.android");
        for ios in ["idfa", "idfv", "att", "os"] {
            assert!(body[ios].is_null(), "{ios}");
        }
    }

    #[test]
    fn the_old_api_has_another_host() {
        let mut case = case(EventKind::SubscriptionStarted);
        case.settings["s2s_api"] = json!(2);
        case.settings["ios_app_id"] = json!("id1470011223");
        assert_eq!(
            case.request().url,
            "https://api2.appsflyer.com/inappevent/id1470011223"
        );
    }

    #[test]
    fn an_event_of_more_than_26_hours_is_told_as_of_now_also_on_a_repeat() {
        let mut case = case(EventKind::SubscriptionRenewed);
        case.now = AT + 26 * HOUR;
        assert_eq!(case.body()["eventTime"], "2025-03-14 09:26:53");
        case.now += 1_000_000;
        assert_eq!(case.body()["eventTime"], "2025-03-15 11:26:54");
    }

    #[test]
    fn an_event_that_lies_ahead_is_sent_at_once_or_held() {
        let mut case = case(EventKind::SubscriptionRenewed);
        case.now = AT - HOUR;
        assert_eq!(case.body()["eventTime"], "2025-03-14 09:26:53");
        case.settings["delay_future_events"] = json!(true);
        let held = case.record().unwrap_err();
        assert_eq!(held.to_string(), "not_yet");
        assert!(matches!(held, Skip::Waiting { until: Some(AT), .. }));
        case.now = AT;
        assert!(case.record().is_ok());
    }

    #[test]
    fn refunds_are_negative_and_only_money_is_told_as_money() {
        let mut refund = case(EventKind::SubscriptionRefunded);
        assert_eq!(value(&refund)["af_revenue"], "-12.4900");
        refund.settings["report_user_currency"] = json!(true);
        assert_eq!(value(&refund)["af_revenue"], "-129.0000");
        assert_eq!(value(&refund)["af_currency"], "SEK");
        assert_eq!(refund.body()["eventCurrency"], "SEK");
        let mut trial = case(EventKind::TrialStarted);
        assert_eq!(trial.body()["eventName"], "af_start_trial");
        assert!(value(&trial)["af_revenue"].is_null());
        trial.settings["send_trial_price"] = json!(true);
        assert_eq!(value(&trial)["af_revenue"], "12.4900");
        let mut tiny = case(EventKind::SubscriptionStarted);
        tiny.properties["price_usd"] = json!(0.00001);
        assert!(value(&tiny)["af_revenue"].is_null());
        assert!(value(&case(EventKind::SubscriptionExpired))["af_revenue"].is_null());
    }

    #[test]
    fn nothing_to_say_is_an_empty_text() {
        let mut case = case(EventKind::TrialExpired);
        case.properties = json!({"store": "app_store"});
        case.profile = json!({});
        assert_eq!(case.body()["eventValue"], "");
    }

    #[test]
    fn a_body_that_is_too_large_loses_what_matters_least() {
        let mut case = case(EventKind::SubscriptionRenewed);
        let mut kept = Vec::new();
        for length in 300..700 {
            case.properties["vendor_product_id"] = json!("p".repeat(length));
            let Ok(record) = case.record() else {
                break;
            };
            let request = case.request().body;
            assert!(request.len() <= MAX_BODY, "{} bytes", request.len());
            let left = [
                "profile_country",
                "store_country",
                "bundleIdentifier",
                "idfv",
                "customer_user_id",
            ];
            let left = left.map(|field| record.body.contains(field));
            assert!(left.is_sorted(), "{left:?}");
            kept.push(left.iter().filter(|is_kept| **is_kept).count());
        }
        kept.dedup();
        assert_eq!(kept, [5, 4, 3, 2, 1, 0]);
        assert_eq!(case.record(), Err(Skip::Other("too_large")));
    }

    #[test]
    fn without_key_app_or_identifier_nothing_is_sent() {
        let skipped = |change: fn(&mut Case)| {
            let mut case = case(EventKind::SubscriptionRenewed);
            change(&mut case);
            case.skip()
        };
        assert_eq!(
            skipped(|case| case.properties["environment"] = json!("Sandbox")),
            "missing_credentials: keys.sandbox.ios"
        );
        assert_eq!(
            skipped(|case| case.settings["ios_app_id"] = Json::Null),
            "missing_credentials: ios_app_id"
        );
        assert_eq!(
            skipped(|case| case.identifiers = json!({})),
            "missing_identifier: appsflyer_id"
        );
        let nowhere = skipped(|case| {
            case.properties["store"] = json!("stripe");
            case.profile = json!({});
        });
        assert_eq!(nowhere, "unknown_platform");
    }

    #[test]
    fn settings_that_will_not_do_are_named() {
        let mut case = case(EventKind::TrialExpired);
        assert!(case.problems().is_empty());
        case.settings["android_package_name"] = Json::Null;
        case.settings["event_names"] = json!({"trial_expired": "n".repeat(46)});
        assert_eq!(
            case.problems(),
            ["android_package_name", "event_names.trial_expired"]
        );
        let mut on_android = case.clone();
        on_android.app.ios_bundle_id = None;
        on_android.settings = json!({"ios_app_id": "1470011223", "android_package_name": "com.aurora",
            "keys": {"sandbox": {"android": "k"}, "production": {"android": "k"}}});
        assert_eq!(on_android.problems(), ["keys.production.ios"]);
        on_android.settings["keys"] = json!({"production": {"android": "k"}, "sandbox": {"ios": "k"}});
        assert!(on_android.problems().is_empty());
        case.settings = json!({});
        assert_eq!(case.problems(), ["keys"]);
        for (id, is_fine) in [
            ("1470011223", true),
            ("id1470011223", true),
            ("com.aurora", false),
            ("id", false),
        ] {
            assert_eq!(app_id_problem(id).is_none(), is_fine, "{id}");
        }
    }

    #[test]
    fn answers_are_understood() {
        let one = sending(&INTEGRATION, 1);
        for (status, body, verdict) in [
            (200, "OK", "delivered"),
            (302, "", "rejected"),
            (400, "\"Failed to Authenticate\"", "misconfigured"),
            (400, "app_id does not match", "misconfigured"),
            (400, "appsflyer_id is a mandatory field", "rejected"),
            (401, "Unauthorized", "misconfigured"),
            (403, "Forbidden", "misconfigured"),
            (404, "", "rejected"),
            (408, "", "retry"),
            (413, "", "rejected"),
            (429, "", "retry"),
            (500, "Internal Server Error", "retry"),
            (503, "", "retry"),
        ] {
            assert_eq!(one.verdict(status, body), verdict, "{status} {body}");
        }
        let broken = one.verdicts(Some(&answer(500, "")));
        assert!(matches!(broken[0], Verdict::RetryAtMost { tries: 10, .. }));
    }
}
