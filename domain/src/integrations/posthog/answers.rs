//! What answers mean.

use super::super::contract::exchange::{all, by_status};
use super::super::{Answer, Judgement, Sending, Verdict};

/// What an answer means for each record.
pub fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let Some(answer) = answer else {
        return all(sending, &by_status(None));
    };
    let verdict = match answer.status {
        200 => taken_in(answer),
        300..=399 | 402 | 404 => Verdict::Misconfigured(answer.words()),
        // One that cannot be read spoils its whole request.
        400 | 413 if sending.records.len() > 1 => Verdict::ResendAlone,
        _ => by_status(Some(answer)),
    };
    all(sending, &verdict)
}

/// Over the limit of its plan PostHog drops events and says 200; only older servers add that they did. They name what else is
/// limited too, such as recordings.
fn taken_in(answer: &Answer) -> Verdict {
    let body = answer.json().unwrap_or_default();
    let is_limited = body["quota_limited"]
        .as_array()
        .is_some_and(|limited| limited.iter().any(|what| what == "events"));
    match (is_limited, answer.is_page()) {
        (true, _) => Verdict::DeliveredWithWarning(answer.words()),
        (_, true) => Verdict::Misconfigured(answer.words()),
        _ => Verdict::Delivered,
    }
}

#[cfg(test)]
mod tests {
    use super::super::INTEGRATION;
    use super::*;
    use crate::integrations::samples::{answer, sending};

    fn verdict(records: usize, answer: Option<&Answer>) -> Verdict {
        sending(&INTEGRATION, records).verdicts(answer)[0].clone()
    }

    #[test]
    fn answers_are_understood() {
        for (status, body, expected) in [
            (200, r#"{"status":"Ok"}"#, "delivered"),
            (200, r#"{"status":1}"#, "delivered"),
            (200, "Ok", "delivered"),
            (200, "<!doctype html>", "misconfigured"),
            (204, "", "delivered"),
            (302, "", "misconfigured"),
            (400, "empty batch", "rejected"),
            (401, "", "misconfigured"),
            (402, "", "misconfigured"),
            (403, "", "misconfigured"),
            (404, "", "misconfigured"),
            (408, "", "retry"),
            (413, "", "rejected"),
            (418, "", "rejected"),
            (429, "", "retry"),
            (503, "", "retry"),
        ] {
            assert_eq!(
                verdict(1, Some(&answer(status, body))).name(),
                expected,
                "{status} {body}"
            );
        }
        assert_eq!(verdict(1, None).name(), "retry");
        for status in [400, 413] {
            assert_eq!(verdict(2, Some(&answer(status, ""))), Verdict::ResendAlone);
        }
    }

    #[test]
    fn a_200_that_tells_of_the_limit_of_the_plan_is_a_warning() {
        let limited = answer(200, r#"{"status":1,"quota_limited":["events"]}"#);
        let words = r#"200 {"status":1,"quota_limited":["events"]}"#;
        assert_eq!(
            verdict(1, Some(&limited)),
            Verdict::DeliveredWithWarning(words.into())
        );
        for others in ["", r#""recordings""#, r#""recordings","feature_flags""#] {
            let fine = answer(200, &format!(r#"{{"status":1,"quota_limited":[{others}]}}"#));
            assert_eq!(verdict(1, Some(&fine)), Verdict::Delivered, "{others}");
        }
    }
}
