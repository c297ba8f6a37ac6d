//! Firebase and Google Analytics 4: an event as JSON to the Measurement Protocol, in the form for app streams. It
//! tells no repeats: Google compares `transaction_id` in web streams alone.
//!
//! Sources: <https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference?client_type=firebase>
//! and <https://support.google.com/analytics/answer/12313109>, read 2026-11.

mod names;
mod params;
mod probe;
mod settings;

use serde::Serialize;

use self::params::Params;
use super::contract::customer::Mobile;
use super::contract::exchange::{all, by_status};
use super::contract::schedule::USUAL;
use super::mapping::percent::Form;
use super::mapping::text::{cut, json};
use super::settings::missing::{self, at_least_one};
use super::settings::{event_names, residency};
use super::{
    Answer, Integration, Judgement, Limits, Occasion, Part, Probe, Problem, Record, Request, Sending,
    Settings, Skip, Verdict, all_but_levels,
};
use crate::app::AppSettings;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "firebase_ga4",
    title: "Firebase and Google Analytics",
    docs: "https://developers.google.com/analytics/devguides/collection/protocol/ga4",
    settings: settings::SETTINGS,
    identifiers: IDENTIFIERS,
    limits: Limits {
        request_bytes: Some(130_000),
        oldest_event_hours: Some(72),
        ..Limits::NONE
    },
    schedule: &USUAL,
    takes: all_but_levels,
    parts: &[Part::WHOLE],
    check,
    encode,
    request,
    judge,
    probe: Probe::Requests(probe::requests, probe::judge),
};

const IDENTIFIERS: &[&str] = &["firebase_app_instance_id"];

/// The streams that credentials are entered for; also the routes.
const STREAMS: [&str; 3] = ["ios", "android", "stripe"];

/// Where events are taken in.
const HOSTS: &residency::Hosts = &[
    ("us", "https://www.google-analytics.com"),
    ("eu", "https://region1.google-analytics.com"),
    ("world", "https://www.google-analytics.com"),
];

#[derive(Serialize)]
struct Body<'a> {
    app_instance_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_micros: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_properties: Option<UserProperties<'a>>,
    events: [Event<'a>; 1],
}

#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    params: Params<'a>,
}

#[derive(Serialize)]
struct UserProperties<'a> {
    subscription_state: Value<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_product_id: Option<Value<'a>>,
}

#[derive(Serialize)]
struct Value<'a> {
    value: &'a str,
}

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let stream = stream(occasion)?;
    let name = event_name(occasion, stream)?;
    for table in ["firebase_app_ids", "api_secrets"] {
        occasion.settings.require(&format!("{table}.{stream}"))?;
    }
    let app_instance_id = occasion.require(IDENTIFIERS)?;
    // What lies ahead is left to Google's clock.
    let at = occasion.event.at;
    let revenue = params::revenue(occasion);
    let body = Body {
        app_instance_id,
        user_id: occasion.customer.customer_user_id(),
        timestamp_micros: (at <= occasion.made_at).then_some(at),
        user_properties: user_properties(occasion),
        events: [Event {
            name,
            params: Params::new(occasion, revenue.as_ref()),
        }],
    };
    Ok(Record {
        route: stream.to_owned(),
        body: json(&body),
    })
}

/// Which credentials an event goes out with: Stripe has its own, other stores are told for the customer's platform.
fn stream(occasion: &Occasion<'_>) -> Result<&'static str, Skip> {
    match occasion.event.store() {
        "stripe" => Ok("stripe"),
        "paddle" => Err(Skip::EventUnsupported),
        _ => Ok(occasion.platform_or_wait(IDENTIFIERS)?.as_str()),
    }
}

/// What events are called on the stream's platform; for Stripe as on iOS.
fn names_of<'a>(settings: &'a Settings, stream: &str) -> &'a serde_json::Value {
    let platform = match stream {
        "android" => Mobile::Android,
        _ => Mobile::Ios,
    };
    &settings.get("event_names")[platform.as_str()]
}

fn event_name<'a>(occasion: &Occasion<'a>, stream: &str) -> Result<&'a str, Skip> {
    let name = names_of(occasion.settings, stream)[occasion.kind().as_str()].as_str();
    match name.unwrap_or_default() {
        "" => Err(Skip::EventDisabled),
        name if names::is_valid(name) => Ok(name),
        _ => Err(Skip::Other("invalid_name")),
    }
}

fn user_properties<'a>(occasion: &Occasion<'a>) -> Option<UserProperties<'a>> {
    const MAX_VALUE: usize = 36;
    if !occasion.settings.is("send_user_properties") {
        return None;
    }
    let subscription = occasion.customer.subscription();
    let short = |text| Value {
        value: cut(text, MAX_VALUE),
    };
    Some(UserProperties {
        subscription_state: short(subscription.state),
        subscription_product_id: subscription.product_id.map(short),
    })
}

fn request(sending: &Sending<'_>) -> Request {
    let record = &sending.records[0];
    let url = address(sending.settings, "/mp/collect", &record.route);
    Request::post_json(url, record.body.clone())
}

/// The address with the credentials of a stream.
fn address(settings: &Settings, path: &str, stream: &str) -> String {
    let said = |table: &str| settings.text(&format!("{table}.{stream}")).unwrap_or_default();
    let mut query = Form::default();
    query
        .add("firebase_app_id", said("firebase_app_ids"))
        .add("api_secret", said("api_secrets"));
    let host = residency::host(settings, HOSTS);
    settings.address(host, &format!("{path}?{}", query.into_text()))
}

/// A 2xx says that the event was read, not that it was taken; nothing more is ever said.
fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    all(sending, &judge_one(answer))
}

/// The key is in the address: no status says that it is wrong.
fn judge_one(answer: Option<&Answer>) -> Verdict {
    match answer {
        Some(answer) if matches!(answer.status, 401 | 403) => Verdict::Rejected(answer.words()),
        _ => by_status(answer),
    }
}

fn check(settings: &Settings, app: &AppSettings) -> Vec<Problem> {
    const TABLES: [&str; 2] = ["firebase_app_ids", "api_secrets"];
    let mut problems = at_least_one(settings, TABLES[0]);
    if problems.is_empty() {
        problems = missing::for_platforms(settings, app, &TABLES.map(str::to_owned));
    }
    let pairs = STREAMS.map(|stream| TABLES.map(|table| format!("{table}.{stream}")));
    let is_whole = |pair: &[String; 2]| pair.iter().all(|setting| settings.text(setting).is_some());
    let stops = !pairs.iter().any(is_whole);
    let halves = pairs
        .iter()
        .flat_map(|pair| missing::beside_others(settings, pair));
    problems.extend(halves.map(|problem| problem.stopping_if(stops)));
    problems.extend(residency::problem(settings, HOSTS));
    for platform in Mobile::ALL {
        let table = format!("event_names.{}", platform.as_str());
        let is_wrong = |name: &str| !name.is_empty() && !names::is_valid(name);
        let why = "is no name that Google takes, so the event is skipped";
        problems.extend(event_names::bad(settings, &table, is_wrong, why));
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::events::EventKind;
    use crate::integrations::samples::{AT, Case, sending};

    fn case() -> Case {
        Case {
            settings: json!({
                "firebase_app_ids": {"ios": "1:5550001:ios:9f8e7d6c", "stripe": "s"},
                "api_secrets": {"ios": "gaS-demo", "stripe": "t", "android": "no id"},
                "revenue_mode": "proceeds", "send_user_properties": true,
                "event_names": {"ios": {"trial_started": "", "trial_expired": "first_open", "trial_active": "still"}}
            }),
            identifiers: json!({"firebase_app_instance_id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}),
            ..Case::of(&INTEGRATION)
        }
    }

    fn of_kind(kind: EventKind) -> Result<Record, Skip> {
        Case { kind, ..case() }.record()
    }

    #[test]
    fn an_event_is_json_with_the_credentials_in_the_query() {
        let request = case().request();
        assert_eq!(
            request.url,
            "https://www.google-analytics.com/mp/collect\
             ?firebase_app_id=1%3A5550001%3Aios%3A9f8e7d6c&api_secret=gaS-demo"
        );
        let lines = [
            r#"{"app_instance_id":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","user_id":"cust-7781","#,
            r#""timestamp_micros":1741944413000000,"#,
            r#""user_properties":{"subscription_state":{"value":"never_subscribed"}},"#,
            r#""events":[{"name":"purchase","params":{"transaction_id":"440001234567890","#,
            r#""currency":"USD","value":10.6165,"affiliation":"app_store","product_id":"aurora.pro.monthly","#,
            r#""original_transaction_id":"440001100000001","environment":"Production","#,
            r#""event_id":"b4a7c2de-5a0d-4c0e-8f3e-0f6a1d2c3b4a","#,
            r#""items":[{"item_id":"aurora.pro.monthly","item_name":"aurora.pro.monthly","#,
            r#""affiliation":"app_store","price":10.6165,"quantity":1}]}}]}"#,
        ];
        assert_eq!(request.body, lines.concat());
    }

    #[test]
    fn a_time_that_lies_ahead_is_left_out_at_every_try() {
        let ahead = Case {
            made_at: AT - 1,
            now: AT + 60_000_000,
            ..case()
        };
        assert_eq!(ahead.body().get("timestamp_micros"), None);
    }

    #[test]
    fn stripe_has_credentials_of_its_own_and_paddle_is_not_taken() {
        let store = |store: &str, platform: &str| {
            let case = Case {
                profile: json!({"installation_meta": {"device_id": "d", "platform": platform}}),
                ..case()
            };
            case.with("store", store).record().map(|record| record.route)
        };
        let missing = |setting: &str| Err(Skip::MissingCredentials(setting.into()));
        assert_eq!(store("stripe", "Android"), Ok("stripe".into()));
        assert_eq!(store("my_store", "iPadOS"), Ok("ios".into()));
        assert_eq!(store("my_store", "Android"), missing("firebase_app_ids.android"));
        assert_eq!(store("play_store", "iOS"), missing("firebase_app_ids.android"));
        assert_eq!(store("my_store", "web"), Err(Skip::UnknownPlatform));
        assert_eq!(store("paddle", "iOS"), Err(Skip::EventUnsupported));
        let anonymous = Case {
            identifiers: json!({}),
            ..case()
        };
        assert!(matches!(
            anonymous.record(),
            Err(Skip::Waiting { until: None, .. })
        ));
    }

    #[test]
    fn events_without_a_name_or_with_a_reserved_one_are_skipped() {
        assert_eq!(of_kind(EventKind::TrialStarted), Err(Skip::EventDisabled));
        assert_eq!(of_kind(EventKind::TrialExpired), Err(Skip::Other("invalid_name")));
        let named = of_kind(EventKind::TrialActive).unwrap().body;
        assert!(named.contains(r#""name":"still""#), "{named}");
        let stripe = Case {
            kind: EventKind::TrialStarted,
            ..case()
        };
        assert_eq!(stripe.with("store", "stripe").record(), Err(Skip::EventDisabled));
    }

    #[test]
    fn half_credentials_and_bad_names_are_told_of() {
        assert_eq!(
            case().problems(),
            ["firebase_app_ids.android", "event_names.ios.trial_expired"]
        );
        assert_eq!(Case::of(&INTEGRATION).problems(), ["firebase_app_ids"]);
        let on_ios = Case {
            settings: json!({"firebase_app_ids": {"ios": "1:5550001:ios:9f8e7d6c"}, "api_secrets": {"ios": "s"}}),
            ..Case::of(&INTEGRATION)
        };
        assert_eq!(on_ios.problems(), ["firebase_app_ids.android"]);
    }

    #[test]
    fn a_residency_that_does_not_count_is_told_of() {
        let problems = |residency: &str, base: &str| {
            let mut case = case();
            case.settings["data_residency"] = json!(residency);
            case.settings["base_url"] = json!(base);
            let told = case.problems().into_iter();
            told.filter(|field| field == "data_residency").count()
        };
        assert_eq!(problems("eu", "https://www.google-analytics.com"), 1);
        assert_eq!(problems("world", "https://region1.google-analytics.com"), 1);
        assert_eq!(problems("eu", "https://region1.google-analytics.com"), 0);
        assert_eq!(problems("world", "https://www.google-analytics.com"), 0);
    }

    #[test]
    fn without_a_stream_that_has_both_halves_nothing_can_be_sent() {
        let is_stopped = |settings| Case { settings, ..case() }.is_stopped();
        assert!(is_stopped(json!({"firebase_app_ids": {"ios": "i"}})));
        assert!(is_stopped(json!({"api_secrets": {"ios": "s"}})));
        assert!(is_stopped(
            json!({"firebase_app_ids": {"ios": "i"}, "api_secrets": {"stripe": "s"}})
        ));
        assert!(!is_stopped(
            json!({"firebase_app_ids": {"ios": "i", "android": "a"}, "api_secrets": {"ios": "s"}})
        ));
    }

    #[test]
    fn answers_are_understood() {
        for (status, name) in [
            (200, "delivered"),
            (204, "delivered"),
            (302, "rejected"),
            (400, "rejected"),
            (401, "rejected"),
            (403, "rejected"),
            (413, "rejected"),
            (408, "retry"),
            (429, "retry"),
            (503, "retry"),
        ] {
            assert_eq!(sending(&INTEGRATION, 1).verdict(status, ""), name, "{status}");
        }
        assert_eq!(judge_one(None).name(), "retry");
    }
}
