//! The debug address: it looks at the form of an event and counts nothing. It knows neither whether the secret is right
//! nor whether the app exists.
//!
//! Source: <https://developers.google.com/analytics/devguides/collection/protocol/ga4/validating-events>, read 2026-11.

use super::super::{Answer, Request, Settings, Verdict};
use super::{STREAMS, address, judge_one};

/// An event as good as any. The id of the installation is nobody's.
const EVENT: &str = r#"{"app_instance_id":"00000000000000000000000000000001","events":[{"name":"purchase","params":{"transaction_id":"test","currency":"USD","value":1.0,"items":[{"item_id":"test","item_name":"test","price":1.0,"quantity":1}]}}]}"#;

/// A request for each stream with an id and a secret.
pub fn requests(settings: &Settings, _: i64) -> Vec<Request> {
    let is_set = |table: &str, stream: &str| settings.text(&format!("{table}.{stream}")).is_some();
    STREAMS
        .into_iter()
        .filter(|stream| is_set("firebase_app_ids", stream) && is_set("api_secrets", stream))
        .map(|stream| Request::post_json(address(settings, "/debug/mp/collect", stream), EVENT.to_owned()))
        .collect()
}

/// An empty list of messages is fine; a full one says what is wrong.
pub fn judge(answer: Option<&Answer>) -> Verdict {
    let body = answer.and_then(Answer::json).unwrap_or_default();
    match (answer, body["validationMessages"].as_array()) {
        (Some(answer), Some(messages)) if !messages.is_empty() => Verdict::Misconfigured(answer.words()),
        _ => judge_one(answer),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
        assert!(serde_json::from_str::<Value>(EVENT).is_ok());
    }

    #[test]
    fn messages_say_what_is_wrong() {
        let name = |status, body| judge(Some(&answer(status, body))).name();
        assert_eq!(name(200, r#"{"validationMessages":[]}"#), "delivered");
        let wrong = r#"{"validationMessages":[{"fieldPath":"events","validationCode":"NAME_INVALID"}]}"#;
        assert_eq!(name(200, wrong), "misconfigured");
        assert_eq!((name(404, ""), name(503, "")), ("rejected", "retry"));
        assert_eq!(judge(None).name(), "retry");
    }
}
