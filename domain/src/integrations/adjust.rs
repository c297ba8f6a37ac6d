//! Adjust: one event per `POST /event`, as a form. It tells no repeats, but of events that are marked as unique there.
//!
//! Sources: <https://dev.adjust.com/en/api/s2s-api/events> and the S2S reference of Adjust's help centre, read 2026-11.

use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::customer::Platform;
use super::dated;
use super::device_id::{self, DeviceIds};
use super::exchange::{all, by_status};
use super::missing;
use super::percent::Form;
use super::schedule::USUAL;
use super::secret::header_problem;
use super::settings::at_least_one;
use super::{
    Answer, Field, Integration, Judgement, Kind, Limits, Occasion, Part, Probe, Problem, Record, Request,
    Sending, Settings, Skip, Verdict, all_but_levels, json, shared,
};
use crate::app::AppSettings;
use crate::events::EventKind;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "adjust",
    title: "Adjust",
    docs: "https://dev.adjust.com/en/api/s2s-api/events",
    settings: FIELDS,
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

const FIELDS: &[Field] = &[
    shared::key("app_tokens.ios", "The app token of the iOS app."),
    shared::key("app_tokens.android", "The app token of the Android app."),
    Field::new(
        "oauth_tokens.ios",
        Kind::Secret(header_problem),
        "The token of S2S security for iOS. Needed where that is switched on in Adjust.",
    ),
    Field::new(
        "oauth_tokens.android",
        Kind::Secret(header_problem),
        "The same for Android.",
    ),
    Field::new(
        "event_tokens.ios",
        Kind::EventNames(no_token),
        "The event token for each event on iOS. An event without a token is not sent.",
    ),
    Field::new(
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

/// An older event is told with the time of sending: 58 days.
const OLDEST: i64 = 5_011_200 * 1_000_000;

/// Tokens are made in Adjust: there are no usual ones.
fn no_token(_: EventKind) -> &'static str {
    ""
}

fn check(settings: &Settings, app: &AppSettings) -> Vec<Problem> {
    let mut problems = at_least_one(settings, "app_tokens");
    if problems.is_empty() {
        problems = missing::for_platforms(settings, app, &["app_tokens".to_owned()]);
    }
    for platform in [Platform::Ios, Platform::Android] {
        let table = format!("event_tokens.{}", platform.as_str());
        let all = settings.get(&table).as_object().into_iter().flatten();
        let mut tokens = all.filter(|(_, token)| *token != "").peekable();
        if tokens.peek().is_none() && settings.text(&app_token(platform)).is_some() {
            problems.push(Problem::new(
                &table,
                "is empty, so every event of this platform is skipped",
            ));
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

fn app_token(platform: Platform) -> String {
    format!("app_tokens.{}", platform.as_str())
}

/// The event but for its time and the tokens of the app and the event, which the owner may correct before it is repeated.
fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let platform = occasion.platform_or_wait(&[ADID])?;
    occasion.settings.require(&app_token(platform))?;
    event_token(occasion.settings, platform.as_str(), occasion.kind().as_str()).ok_or(Skip::EventDisabled)?;
    let ids = ids(occasion, platform)?;
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
        .add_known("ip_address", customer.recipient.ip)
        .add_known("user_agent", customer.device_on(platform, "user_agent"))
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
fn ids(occasion: &Occasion<'_>, platform: Platform) -> Result<Vec<(&'static str, String)>, Skip> {
    let names = match platform {
        Platform::Android => ANDROID_IDS,
        _ => IOS_IDS,
    };
    let device = DeviceIds::on(platform, occasion.customer);
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
    occasion.or_later(adid.map(|_| ()), names, || (!known.is_empty()).then_some(()))?;
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
        let properties = occasion.event.properties.set();
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
        .add("created_at_unix", at.div_euclid(1_000_000))
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
        // Tracking of this customer is switched off.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::samples::{AT, Case, EVENT_ID, HOUR, answer, sending};
    use serde_json::{Value as Json, json};

    fn case(kind: EventKind) -> Case {
        let mut tokens = json!({});
        tokens[kind.as_str()] = json!("z9k3qa");
        Case {
            settings: json!({"app_tokens": {"ios": "7qk2m5x0abcd", "android": "8qk2m5x0abcd"},
                "oauth_tokens": {"ios": "oa-demo"}, "revenue_mode": "proceeds",
                "event_tokens": {"ios": tokens, "android": tokens}}),
            kind,
            properties: json!({"profile_event_id": "x", "store": "app_store", "environment": "Production",
                "currency": "SEK", "price_usd": 12.49, "proceeds_usd": 10.6165, "consecutive_payments": 1,
                "rate_after_first_year": false, "developer_id": null}),
            identifiers: json!({"adjust_device_id": "5f1e2d3c4b5a69788796a5b4c3d2e1f0"}),
            profile: json!({"ip_v4_address": "198.51.100.24", "att_status": 3,
                "installation_meta": {"device_id": "d", "platform": "iOS",
                    "idfv": "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e5f",
                    "idfa": "00000000-0000-0000-0000-000000000000"}}),
            ..Case::of(&INTEGRATION)
        }
    }

    fn android(kind: EventKind) -> Case {
        let mut case = case(kind);
        case.properties["store"] = json!("play_store");
        case.identifiers = json!({});
        case.profile = json!({"installation_meta": {"device_id": "d", "platform": "Android",
            "advertising_id": "38400000-8CF0-11BD-B23E-10B96E40000D", "android_id": "9774D56D-682E549C",
            "user_agent": "Example/1.0 (Android)"}});
        case
    }

    fn field(case: &Case, name: &str) -> Option<String> {
        case.form().remove(name)
    }

    #[test]
    fn a_conversion_is_told_as_documented() {
        let case = case(EventKind::TrialConverted);
        let request = case.request();
        assert_eq!(request.url, "https://s2s.adjust.com/event");
        assert!(
            request
                .headers
                .contains(&("authorization", "Bearer oa-demo".into()))
        );
        assert!(
            request
                .headers
                .contains(&("content-type", "application/x-www-form-urlencoded".into()))
        );
        assert!(
            request.body.starts_with(
                "s2s=1&app_token=7qk2m5x0abcd&created_at_unix=1741944413&event_token=z9k3qa\
                 &environment=production&revenue=10.6165&currency=USD&adid=5f1e2d3c4b5a69788796a5b4c3d2e1f0\
                 &idfv=0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F&customer_user_id=cust-7781\
                 &external_device_id=cust-7781&ip_address=198.51.100.24\
                 &callback_params=%7B%22integration_event_id%22%3A%22"
            ),
            "{}",
            request.body
        );
        assert_eq!(field(&case, "callback_params"), field(&case, "partner_params"));
        assert_eq!(field(&case, "idfa"), None);
    }

    #[test]
    fn parameters_are_flat_texts() {
        let case = case(EventKind::TrialConverted);
        let params: Json = serde_json::from_str(&case.form()["callback_params"]).unwrap();
        assert_eq!(
            params,
            json!({"integration_event_id": EVENT_ID, "customer_user_id": "cust-7781",
                "event_type": "trial_converted", "store": "app_store", "environment": "Production",
                "currency": "SEK", "price_usd": "12.49", "proceeds_usd": "10.6165",
                "consecutive_payments": "1", "rate_after_first_year": "false"})
        );
    }

    #[test]
    fn on_android_its_own_ids_will_do() {
        let case = android(EventKind::SubscriptionStarted);
        assert_eq!(
            field(&case, "gps_adid").as_deref(),
            Some("38400000-8cf0-11bd-b23e-10b96e40000d")
        );
        assert_eq!(field(&case, "android_id").as_deref(), Some("9774d56d682e549c"));
        assert_eq!(field(&case, "app_token").as_deref(), Some("8qk2m5x0abcd"));
        assert!(field(&case, "user_agent").unwrap().starts_with("Example/1.0 "));
        let headers = case.request().headers;
        assert!(headers.iter().all(|(name, _)| *name != "authorization"));
    }

    #[test]
    fn any_id_of_the_device_will_do_once_the_wait_is_over() {
        let mut case = case(EventKind::SubscriptionStarted);
        case.identifiers = json!({});
        assert!(field(&case, "idfv").is_some());
        case.settings["wait_for_identifier"] = json!(60);
        let waiting = case.record().unwrap_err();
        assert_eq!(
            waiting,
            Skip::Waiting {
                identifiers: IOS_IDS,
                until: Some(AT + 60_000_000)
            }
        );
        case.now = AT + 60_000_000;
        assert!(case.record().is_ok());
        case.profile = json!({});
        assert_eq!(
            case.skip(),
            "missing_identifier: adjust_device_id or idfa or idfv"
        );
    }

    #[test]
    fn refunds_and_what_is_too_little_go_out_without_money() {
        assert_eq!(
            field(&case(EventKind::SubscriptionStarted), "revenue").as_deref(),
            Some("10.6165")
        );
        let refund = case(EventKind::SubscriptionRefunded);
        assert_eq!(
            (field(&refund, "revenue"), field(&refund, "currency")),
            (None, None)
        );
        for (amount, is_told) in [("0.001", false), ("0.0011", true), ("100000000001", false)] {
            let mut case = case(EventKind::SubscriptionRenewed);
            case.properties["proceeds_usd"] = serde_json::from_str(amount).unwrap();
            assert_eq!(field(&case, "revenue").is_some(), is_told, "{amount}");
        }
    }

    #[test]
    fn a_token_that_was_corrected_is_sent_on_the_next_try() {
        let mut case = case(EventKind::SubscriptionStarted);
        let record = case.record().unwrap();
        case.settings["event_tokens"]["ios"]["subscription_started"] = json!("c0rr3c");
        let one = sending(&INTEGRATION, 1).on(&record.route).with(&[&record.body]);
        let repeat = one.under(case.settings()).request().body;
        assert!(repeat.contains("&event_token=c0rr3c&"), "{repeat}");
        assert!(!repeat.contains("z9k3qa"), "{repeat}");
    }

    #[test]
    fn an_event_of_more_than_58_days_is_told_as_of_now() {
        let mut case = case(EventKind::SubscriptionStarted);
        case.now = AT + 58 * 24 * HOUR;
        assert_eq!(field(&case, "created_at_unix").as_deref(), Some("1741944413"));
        case.now += 1_000_000;
        let now = (case.now / 1_000_000).to_string();
        assert_eq!(field(&case, "created_at_unix"), Some(now));
    }

    #[test]
    fn an_event_without_a_token_is_off() {
        let mut case = case(EventKind::SubscriptionStarted);
        case.properties["environment"] = json!("Sandbox");
        assert_eq!(field(&case, "environment").as_deref(), Some("sandbox"));
        case.settings["event_tokens"] = json!({"android": {"subscription_started": "z9k3qa"}});
        assert_eq!(case.record(), Err(Skip::EventDisabled));
        case.settings["app_tokens"] = json!({});
        assert_eq!(case.skip(), "missing_credentials: app_tokens.ios");
    }

    #[test]
    fn an_event_token_has_six_letters_and_digits() {
        assert!(is_event_token("z9k3qa") && is_event_token("ABC123"));
        for bad in ["", "z9k3q", "z9k3qab", "z9k3q-", "z9k3ä", "------"] {
            assert!(!is_event_token(bad), "{bad}");
        }
    }

    #[test]
    fn settings_that_will_not_do_are_named() {
        let mut case = case(EventKind::SubscriptionStarted);
        assert!(case.problems().is_empty());
        case.settings["event_tokens"] = json!({"ios": {"trial_started": "Trial Started"}});
        assert_eq!(
            case.problems(),
            ["event_tokens.ios.trial_started", "event_tokens.android"]
        );
        case.settings["app_tokens"] = json!({"android": "8qk2m5x0abcd"});
        assert_eq!(case.problems()[0], "app_tokens.ios");
        let mut on_android = case.clone();
        on_android.settings["event_tokens"] = json!({"android": {"trial_started": "z9k3qa"}});
        assert_eq!(on_android.problems(), ["app_tokens.ios"]);
        case.app.ios_bundle_id = None;
        assert_eq!(case.problems()[0], "app_tokens.ios");
        case.settings["event_tokens"] = json!({"android": {"trial_started": "z9k3qa"}});
        assert!(case.problems().is_empty());
        case.settings = json!({});
        assert_eq!(case.problems(), ["app_tokens"]);
    }

    #[test]
    fn answers_are_understood() {
        let one = sending(&INTEGRATION, 1);
        let name = |status, reason: &str| {
            let body = format!(r#"{{"error":"Event request failed ({reason})"}}"#);
            one.verdict(status, &body)
        };
        for (status, reason, verdict) in [
            (200, "Device not found", "rejected"),
            (302, "", "rejected"),
            (400, "Ignoring event, earlier unique event tracked", "delivered"),
            (400, "Invalid app token", "misconfigured"),
            (400, "Invalid event token", "misconfigured"),
            (400, "Bad event state", "rejected"),
            (400, "Invalid callback parameters", "rejected"),
            (401, "Failed to authorize request", "misconfigured"),
            (403, "App is inactive", "misconfigured"),
            (403, "Event token blocklisted", "misconfigured"),
            (403, "Tracking disabled", "rejected"),
            (404, "App token not found", "misconfigured"),
            (404, "Device not found", "rejected"),
            (408, "", "retry"),
            (413, "", "rejected"),
            (429, "", "retry"),
            (451, "Device is opted out", "rejected"),
            (500, "Internal error", "retry"),
            (503, "", "retry"),
        ] {
            assert_eq!(name(status, reason), verdict, "{status} {reason}");
        }
        for taken in ["", r#"{"status":"OK"}"#, r#"{"error":null}"#] {
            assert_eq!(one.verdict(200, taken), "delivered", "{taken}");
        }
    }

    #[test]
    fn what_was_counted_before_is_delivered_with_a_warning() {
        let unique = answer(
            400,
            r#"{"error":"Event request failed (Ignoring event, earlier unique event tracked)"}"#,
        );
        let verdicts = sending(&INTEGRATION, 1).verdicts(Some(&unique));
        assert_eq!(verdicts, [Verdict::DeliveredWithWarning(unique.words())]);
    }

    #[test]
    fn a_device_that_nobody_has_proves_the_tokens() {
        let is_proof = |status, reason: &str| is_of_nobody(&answer(status, reason));
        assert!(is_proof(
            404,
            r#"{"error":"Event request failed (Device not found)"}"#
        ));
        assert!(!is_proof(
            404,
            r#"{"error":"Event request failed (App token not found)"}"#
        ));
        assert!(!is_proof(
            400,
            r#"{"error":"Event request failed (Device not found)"}"#
        ));
    }
}
