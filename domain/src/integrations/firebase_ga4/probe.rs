//! The debug address: it looks at the form of an event and counts nothing. It knows neither whether the secret is right
//! nor whether the app exists.
//!
//! Source: <https://developers.google.com/analytics/devguides/collection/protocol/ga4/validating-events>, read 2026-11.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{Answer, Request, Settings, Verdict};
use super::{INTEGRATION, STREAMS, address, judge_one, names_of};
use crate::events::EventKind;

/// The id of nobody's installation.
const INSTALLATION: &str = "00000000000000000000000000000001";

/// A request for each stream with an id and a secret: an event of each name that is sent to it.
pub fn requests(settings: &Settings, _: i64) -> Vec<Request> {
    let is_set = |table: &str, stream: &str| settings.text(&format!("{table}.{stream}")).is_some();
    STREAMS
        .into_iter()
        .filter(|stream| is_set("firebase_app_ids", stream) && is_set("api_secrets", stream))
        .map(|stream| {
            let body = json!({"app_instance_id": INSTALLATION, "events": events(settings, stream)});
            Request::post_json(address(settings, "/debug/mp/collect", stream), body.to_string())
        })
        .collect()
}

/// As many as there are kinds at most: fewer than a request may hold.
fn events(settings: &Settings, stream: &str) -> Vec<Value> {
    let taken = EventKind::ALL.iter().filter(|kind| (INTEGRATION.takes)(**kind));
    let sent = taken.filter(|kind| settings.sends(**kind));
    let names = sent.filter_map(|kind| names_of(settings, stream)[kind.as_str()].as_str());
    let names: BTreeSet<&str> = names.filter(|name| !name.is_empty()).collect();
    let event = |name| {
        json!({"name": name, "params": {"transaction_id": "test", "currency": "USD", "value": 1.0,
            "items": [{"item_id": "test", "item_name": "test", "price": 1.0, "quantity": 1}]}})
    };
    names.into_iter().map(event).collect()
}

/// An empty list of messages is fine; a full one says what is wrong. A success without a list is nobody's that looked.
pub fn judge(answer: Option<&Answer>) -> Verdict {
    let body = answer.and_then(Answer::json).unwrap_or_default();
    match (judge_one(answer), answer, body["validationMessages"].as_array()) {
        (_, Some(answer), Some(messages)) if !messages.is_empty() => Verdict::Misconfigured(answer.words()),
        (Verdict::Delivered, Some(answer), None) => Verdict::Rejected(answer.words()),
        (verdict, _, _) => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::super::INTEGRATION;
    use super::*;
    use crate::integrations::samples::{Case, answer};

    #[test]
    fn each_stream_is_asked_for_at_the_debug_address() {
        let case = Case {
            settings: json!({
                "firebase_app_ids": {"ios": "i", "android": "a", "stripe": "s"},
                "api_secrets": {"ios": "x", "stripe": "y"}, "data_residency": "eu"
            }),
            ..Case::of(&INTEGRATION)
        };
        let requests = requests(&case.settings(), 0);
        let urls: Vec<_> = requests.iter().map(|request| request.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://region1.google-analytics.com/debug/mp/collect?firebase_app_id=i&api_secret=x",
                "https://region1.google-analytics.com/debug/mp/collect?firebase_app_id=s&api_secret=y",
            ]
        );
    }

    #[test]
    fn the_names_of_the_stream_that_are_sent_are_looked_at() {
        let case = Case {
            settings: json!({
                "firebase_app_ids": {"ios": "i", "android": "a", "stripe": "s"},
                "api_secrets": {"ios": "x", "android": "z", "stripe": "y"},
                "events": {"trial_expired": false},
                "event_names": {"ios": {"trial_started": "1trial", "trial_expired": "lost", "trial_converted": ""},
                    "android": {"trial_started": "trial", "trial_converted": "won"}}
            }),
            ..Case::of(&INTEGRATION)
        };
        let names = |request: &Request| -> BTreeSet<String> {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            let events = body["events"].as_array().unwrap().iter();
            events
                .map(|event| event["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let requests = requests(&case.settings(), 0);
        let [ios, android, stripe] = [0, 1, 2].map(|place| names(&requests[place]));
        assert!(ios.contains("1trial") && ios.contains("purchase") && ios.contains("refund"));
        assert!(!ios.contains("lost") && !ios.contains("") && !ios.contains("trial_active"));
        assert!(android.contains("trial") && android.contains("won") && !android.contains("1trial"));
        assert_eq!(stripe, ios);
    }

    #[test]
    fn the_name_of_what_is_never_sent_is_not_looked_at() {
        let case = Case {
            settings: json!({
                "firebase_app_ids": {"ios": "i"}, "api_secrets": {"ios": "x"},
                "event_names": {"ios": {"access_level_updated": "first_open"}}
            }),
            ..Case::of(&INTEGRATION)
        };
        let request = requests(&case.settings(), 0).remove(0);
        assert!(!request.body.contains("first_open"), "{}", request.body);
        let problems = case.problems();
        assert!(
            !problems.iter().any(|field| field.starts_with("event_names")),
            "{problems:?}"
        );
    }

    #[test]
    fn messages_say_what_is_wrong() {
        let name = |status, body| judge(Some(&answer(status, body))).name();
        assert_eq!(name(200, r#"{"validationMessages":[]}"#), "delivered");
        let wrong = r#"{"validationMessages":[{"fieldPath":"events","validationCode":"NAME_INVALID"}]}"#;
        assert_eq!(name(200, wrong), "misconfigured");
        assert_eq!((name(404, ""), name(503, "")), ("rejected", "retry"));
        for body in ["", "x", "{}", "[]", r#"{"validationMessages":null}"#] {
            assert_eq!(
                (name(200, body), name(204, body)),
                ("rejected", "rejected"),
                "{body}"
            );
        }
        assert_eq!(judge(None).name(), "retry");
    }
}
