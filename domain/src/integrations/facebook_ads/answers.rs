//! What Meta answers. The code of an error says more than the status, which is 500 for a bad token too.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/guides/error-handling>, read 2026-11.

use serde_json::Value;

use super::super::contract::exchange::{all, by_status};
use super::super::{Answer, Judgement, Sending, Verdict};

/// How long who calls too often has to wait, in seconds: limits count the calls of an hour.
const LONG_PAUSE: u32 = 1_800;

/// How often an event is tried of which nobody knows what is wrong with it.
const MOST_TRIES: u32 = 10;

pub fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let verdict = answer.map_or_else(|| by_status(None), judge_one);
    all(sending, &verdict)
}

fn judge_one(answer: &Answer) -> Verdict {
    let body = answer.json().unwrap_or_default();
    if let Some(verdict) = by_error(&body["error"], answer) {
        return verdict;
    }
    match answer.status {
        200..=299 if is_taken(&body) => Verdict::Delivered,
        408 | 429 | 500.. => Verdict::retry(answer.words()),
        _ => Verdict::Rejected(answer.words()),
    }
}

/// Does the answer say that the event was taken? Where it says nothing the event is not sent again: App Events would
/// count it twice.
fn is_taken(body: &Value) -> bool {
    body["success"] == true || body["events_received"].as_u64().is_some_and(|events| events > 0)
}

/// What an error means, if there is one with a code.
fn by_error(error: &Value, answer: &Answer) -> Option<Verdict> {
    /// The app or dataset does not exist for us.
    const UNKNOWN_OWNER: i64 = 33;
    let words = answer.words();
    let code = error["code"].as_i64()?;
    Some(match code {
        4 | 17 | 613 | 80_003 => Verdict::Retry {
            after_seconds: Some(LONG_PAUSE),
            why: words,
        },
        _ if error["is_transient"] == true => Verdict::retry(words),
        1 | 2 | 341 | 368 | 5_000 | 21_009 => Verdict::retry(words),
        100 if error["error_subcode"] == UNKNOWN_OWNER => Verdict::Misconfigured(words),
        100 | 105 => Verdict::Rejected(words),
        3 | 10 | 101 | 102 | 190 | 200..=299 => Verdict::Misconfigured(words),
        _ => Verdict::RetryAtMost {
            tries: MOST_TRIES,
            why: words,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::INTEGRATION;
    use super::*;
    use crate::integrations::samples::{answer, sending};

    fn verdict(status: u16, body: &str) -> Verdict {
        sending(&INTEGRATION, 1)
            .verdicts(Some(&answer(status, body)))
            .remove(0)
    }

    #[test]
    fn answers_are_understood() {
        for (status, body, name) in [
            (200, r#"{"success":true}"#, "delivered"),
            (200, r#"{"events_received":1,"fbtrace_id":"x"}"#, "delivered"),
            (200, r#"{"success":false}"#, "rejected"),
            (200, r#"{"events_received":0}"#, "rejected"),
            (200, "", "rejected"),
            (200, r#"{"error":{"code":190}}"#, "misconfigured"),
            (400, r#"{"error":{"code":101}}"#, "misconfigured"),
            (400, r#"{"error":{"code":102}}"#, "misconfigured"),
            (
                500,
                r#"{"error":{"code":190,"error_subcode":463}}"#,
                "misconfigured",
            ),
            (400, r#"{"error":{"code":190,"is_transient":true}}"#, "retry"),
            (
                400,
                r#"{"error":{"code":100,"error_subcode":33}}"#,
                "misconfigured",
            ),
            (
                400,
                r#"{"error":{"code":100,"error_subcode":2804003}}"#,
                "rejected",
            ),
            (400, r#"{"error":{"code":100}}"#, "rejected"),
            (400, r#"{"error":{"code":105}}"#, "rejected"),
            (403, r#"{"error":{"code":294}}"#, "misconfigured"),
            (403, r#"{"error":{"code":3}}"#, "misconfigured"),
            (403, r#"{"error":{"code":10}}"#, "misconfigured"),
            (400, r#"{"error":{"code":368}}"#, "retry"),
            (400, r#"{"error":{"code":2}}"#, "retry"),
            (400, r#"{"error":{"code":99999}}"#, "retry"),
            (400, r#"{"error":"bad"}"#, "rejected"),
            (401, "", "rejected"),
            (302, "", "rejected"),
            (408, "", "retry"),
            (429, "", "retry"),
            (502, "<html>", "retry"),
        ] {
            assert_eq!(verdict(status, body).name(), name, "{status} {body}");
        }
    }

    #[test]
    fn who_calls_too_often_waits_long_and_what_is_unknown_is_not_tried_for_ever() {
        for code in [4, 17, 613, 80_003] {
            let body = format!(r#"{{"error":{{"code":{code},"is_transient":true}}}}"#);
            let is_long = matches!(
                verdict(500, &body),
                Verdict::Retry {
                    after_seconds: Some(1_800),
                    ..
                }
            );
            assert!(is_long, "{code}");
        }
        for code in [1, 2, 341, 368, 5_000, 21_009] {
            let passing = verdict(400, &format!(r#"{{"error":{{"code":{code}}}}}"#));
            assert!(matches!(passing, Verdict::Retry { .. }), "{code}");
        }
        let unknown = verdict(400, r#"{"error":{"code":99999}}"#);
        assert!(matches!(unknown, Verdict::RetryAtMost { tries: 10, .. }));
    }
}
