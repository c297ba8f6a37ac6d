//! Pushwoosh: tags of the device, overwritten at each event, as `POST /json/1.3/setTags`; if asked for, the event itself
//! too, as `POST /json/1.3/postEvent`.
//!
//! Sources: <https://docs.pushwoosh.com/developer/api-reference/tags>, "How do I update tags for one device" of its help
//! centre, and the official Python library pypushwoosh 0.3.1, read 2026-11.

use serde::{Serialize, Serializer};

use super::contract::exchange::{all, by_status};
use super::contract::schedule::USUAL;
use super::mapping::tags::Tags;
use super::mapping::text::{json, with_member};
use super::settings::missing::at_least_one;
use super::settings::secret::header_problem;
use super::settings::shared;
use super::{
    Answer, Integration, Judgement, Kind, Limits, Occasion, Part, Pick, Probe, Problem, Record, Request,
    Sending, Setting, Settings, Skip, Verdict, no_synthetic,
};
use crate::app::AppSettings;
use crate::profile::attributes;
use crate::time::SECOND;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "pushwoosh",
    title: "Pushwoosh",
    docs: "https://docs.pushwoosh.com/developer/api-reference/tags",
    settings: SETTINGS,
    identifiers: IDENTIFIERS,
    limits: Limits::NONE,
    schedule: &USUAL,
    takes: no_synthetic,
    parts: &[
        Part {
            pick: Pick::LastToHappen,
            ..Part::named("tags")
        },
        Part {
            wanted: Some(|settings, _| settings.is("send_events")),
            ..Part::named(EVENT)
        },
    ],
    check,
    encode,
    request,
    judge,
    probe: Probe::MarkedEvent,
};

const EVENT: &str = "event";

const IDENTIFIERS: &[&str] = &["pushwoosh_hwid"];

const CREDENTIALS: [&str; 2] = ["app_id", "auth_token"];

const SETTINGS: &[Setting] = &[
    Setting::new(
        "app_id",
        Kind::Text(code_problem),
        "The application code. Without it every event is skipped.",
    ),
    Setting::new(
        "auth_token",
        Kind::Secret(header_problem),
        "An API token with a right on this application. Without it every event is skipped.",
    ),
    Setting::new(
        "send_events",
        Kind::Switch(false),
        "Send the event itself too, beside the tags.",
    ),
    shared::EVENTS,
    shared::EVENT_NAMES,
    shared::SEND_USER_ATTRIBUTES,
    shared::exclude_historical_events(true),
    shared::ordered_but(
        "Send a profile's events one after the other, also over retries. Tags, of which the newest alone go out, are so in any case.",
    ),
    shared::BASE_URL,
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];

const TAGS: &[&str] = &[
    "adapty_customer_user_id",
    "adapty_profile_id",
    "environment",
    "store",
    "vendor_product_id",
    "subscription_expires_at",
    "last_event_type",
    "purchase_date",
    "original_purchase_date",
    "active_subscription",
    "period_type",
];

/// The most tags of a request that the third party advises.
const MOST_TAGS: usize = 50;
const _: () = assert!(
    TAGS.len() + attributes::MAX_COUNT <= MOST_TAGS,
    "attributes would have to be left out"
);

fn code_problem(text: &str) -> Option<&'static str> {
    let is_half = |half: &str| half.len() == 5 && half.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_code = text
        .split_once('-')
        .is_some_and(|(one, other)| is_half(one) && is_half(other));
    (!is_code).then_some("must be an application code such as 1A2B3-4C5D6")
}

fn check(settings: &Settings, _: &AppSettings) -> Vec<Problem> {
    let missing = CREDENTIALS.iter().map(|setting| at_least_one(settings, setting));
    missing.flatten().collect()
}

#[derive(Serialize)]
struct SetTags<'a> {
    hwid: &'a str,
    tags: Tags<'a>,
}

#[derive(Serialize)]
struct PostEvent<'a> {
    hwid: &'a str,
    event: &'a str,
    #[serde(serialize_with = "attributes")]
    attributes: &'a Occasion<'a>,
    #[serde(rename = "timestampUTC")]
    timestamp_utc: i64,
}

/// The properties of the event that are set.
fn attributes<S: Serializer>(occasion: &&Occasion<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(occasion.properties())
}

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    for setting in CREDENTIALS {
        occasion.settings.require(setting)?;
    }
    let hwid = occasion.require(IDENTIFIERS)?;
    let body = if occasion.part == EVENT {
        json(&PostEvent {
            hwid,
            event: occasion.event_name(),
            attributes: occasion,
            timestamp_utc: occasion.event.at.div_euclid(SECOND),
        })
    } else {
        let tags = Tags {
            occasion,
            names: TAGS,
            reserved: &[],
        };
        json(&SetTags { hwid, tags })
    };
    Ok(Record {
        route: String::new(),
        body,
    })
}

fn request(sending: &Sending<'_>) -> Request {
    let settings = sending.settings;
    let method = if sending.part == EVENT {
        "postEvent"
    } else {
        "setTags"
    };
    let url = settings.address("https://api.pushwoosh.com", &format!("/json/1.3/{method}"));
    let application = settings.text("app_id").unwrap_or_default();
    let record = with_member("application", &application, &sending.records[0].body);
    let body = format!("{{\"request\":{record}}}");
    let token = settings.text("auth_token").unwrap_or_default();
    Request::post_json(url, body)
        .header("authorization", format!("Token {token}"))
        .header("accept", "application/json")
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let Some(answer) = answer else {
        return all(sending, &by_status(None));
    };
    let verdict = match answer.status {
        200..=299 => by_body(answer),
        // There is nothing at this address.
        404 => Verdict::Misconfigured(answer.words()),
        _ => by_status(Some(answer)),
    };
    all(sending, &verdict)
}

/// A success may be a failure by the code in its body.
fn by_body(answer: &Answer) -> Verdict {
    if answer.body.trim().is_empty() {
        return Verdict::Delivered;
    }
    let body = answer.json().unwrap_or_default();
    match body["status_code"].as_u64() {
        Some(200) => Verdict::Delivered,
        Some(401 | 403) => Verdict::Misconfigured(answer.words()),
        Some(408 | 429 | 500..) | None => Verdict::retry(answer.words()),
        // 210: an argument is wrong.
        Some(_) => Verdict::Rejected(answer.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventKind;
    use crate::integrations::samples::{Case, PROFILE_ID, sending};
    use serde_json::json;

    #[test]
    fn answers_are_understood() {
        let tags = sending(&INTEGRATION, 1);
        let event = sending(&INTEGRATION, 1).of(EVENT, 0);
        let fine = r#"{"status_code":200,"status_message":"OK","response":null}"#;
        for (status, body, verdict) in [
            (200, fine, "delivered"),
            (200, "", "delivered"),
            (200, " \r\n", "delivered"),
            (200, r#"{"status_code":429}"#, "retry"),
            (200, r#"{"status_code":210}"#, "rejected"),
            (200, r#"{"status_code":401}"#, "misconfigured"),
            (200, r#"{"status_code":403}"#, "misconfigured"),
            (200, r#"{"status_code":500}"#, "retry"),
            (200, r#"{"status_message":"OK"}"#, "retry"),
            (200, "<html>", "retry"),
            (400, r#"{"status_code":210}"#, "rejected"),
            (400, "", "rejected"),
            (401, r#"{"message":"unauthorized"}"#, "misconfigured"),
            (403, r#"{"status_code":403}"#, "misconfigured"),
            (404, "", "misconfigured"),
            (408, "", "retry"),
            (413, "", "rejected"),
            (418, "", "rejected"),
            (429, "", "retry"),
            (503, "", "retry"),
            (302, "", "rejected"),
        ] {
            for sent in [&tags, &event] {
                assert_eq!(sent.verdict(status, body), verdict, "{status} {body}");
            }
        }
    }

    #[test]
    fn tags_are_told_as_documented() {
        let case = Case {
            settings: json!({"app_id": "1A2B3-4C5D6", "auth_token": "dEvIcEaPiToKeN"}),
            properties: json!({
                "store": "play_store", "environment": "Production", "vendor_product_id": "gold.monthly",
                "subscription_expires_at": "2026-02-02T10:04:05.000000+0000",
                "purchase_date": "2026-01-02T10:04:05.000000+0000",
                "original_purchase_date": "2025-11-02T10:04:05.000000+0000"
            }),
            identifiers: json!({"pushwoosh_hwid": "8F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"}),
            ..Case::of(&INTEGRATION)
        };
        let request = case.request();
        assert_eq!(request.url, "https://api.pushwoosh.com/json/1.3/setTags");
        assert_eq!(
            request.headers,
            [
                ("content-type", "application/json".into()),
                ("authorization", "Token dEvIcEaPiToKeN".into()),
                ("accept", "application/json".into())
            ]
        );
        assert_eq!(
            case.body(),
            json!({"request": {
                "application": "1A2B3-4C5D6", "hwid": "8F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0",
                "tags": {
                    "adapty_customer_user_id": "cust-7781", "adapty_profile_id": PROFILE_ID,
                    "environment": "Production", "store": "play_store", "vendor_product_id": "gold.monthly",
                    "subscription_expires_at": "2026-02-02T10:04:05.000000+0000",
                    "last_event_type": "subscription_renewed",
                    "purchase_date": "2026-01-02T10:04:05.000000+0000",
                    "original_purchase_date": "2025-11-02T10:04:05.000000+0000",
                    // The customer of a case has bought nothing.
                    "active_subscription": "false", "period_type": "normal"
                }
            }})
        );
    }

    #[test]
    fn an_event_has_its_own_name_there_and_nothing_that_is_null() {
        let told = |part, settings| {
            let case = Case {
                part,
                settings,
                kind: EventKind::SubscriptionExpired,
                properties: json!({"vendor_product_id": "gold.monthly", "store": "app_store",
                    "environment": "Sandbox", "subscription_expires_at": null}),
                identifiers: json!({"pushwoosh_hwid": "8F1E"}),
                profile: json!({"custom_attributes": [{"key": "original_purchase_date", "value": 1}]}),
                customer_user_id: None,
                ..Case::of(&INTEGRATION)
            };
            match case.record() {
                Ok(record) => record.body,
                Err(skip) => skip.to_string(),
            }
        };
        let settings = || {
            json!({
                "app_id": "1A2B3-4C5D6", "auth_token": "t", "send_user_attributes": true,
                "event_names": {"subscription_expired": "Ended"}
            })
        };
        assert_eq!(
            told(EVENT, settings()),
            concat!(
                r#"{"hwid":"8F1E","event":"Ended","attributes":{"environment":"Sandbox","#,
                r#""store":"app_store","vendor_product_id":"gold.monthly"},"timestampUTC":1741944413}"#
            )
        );
        assert_eq!(
            told("tags", settings()),
            concat!(
                r#"{"hwid":"8F1E","tags":{"adapty_profile_id":"5b0e6a52-7c1d-4a0e-9a44-0f6b7a0c9d11","#,
                r#""environment":"Sandbox","store":"app_store","vendor_product_id":"gold.monthly","#,
                r#""last_event_type":"Ended","active_subscription":"false","period_type":"normal"}}"#
            )
        );
        let keyless = json!({"app_id": "1A2B3-4C5D6"});
        assert_eq!(told("tags", keyless), "missing_credentials: auth_token");
    }

    #[test]
    fn tags_always_go_out_and_only_they_are_superseded() {
        let settings = Settings::defaults(SETTINGS);
        let [tags, event] = INTEGRATION.parts else {
            panic!("two parts")
        };
        assert!(tags.is_latest_only() && tags.wanted.is_none());
        assert!(!event.is_latest_only() && !event.is_wanted(&settings, EventKind::TrialStarted));
        let problems = check(&settings, &AppSettings::default())
            .into_iter()
            .map(|problem| problem.field);
        assert_eq!(problems.collect::<Vec<_>>(), CREDENTIALS);
    }

    #[test]
    fn an_application_code_is_two_groups_of_five() {
        assert_eq!(code_problem("1A2B3-4C5D6"), None);
        for wrong in [
            "1A2B34C5D6",
            "1A2B3-4C5D",
            "1A2B3-4C5D6-",
            "1A2B3-4C5D6/",
            "1A2_3-4C5D6",
            "1A2B-4C5D6",
            "",
        ] {
            assert!(code_problem(wrong).is_some(), "{wrong}");
        }
    }
}
