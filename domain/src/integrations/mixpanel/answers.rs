//! What answers mean. `/import` tells what is wrong with each event; the other calls answer 200 also to what is wrong.

use serde_json::Value;

use super::super::contract::exchange::{all, by_status, by_this_status};
use super::super::{Answer, Judgement, Sending, Verdict};
use super::{EVENT, TRANSACTION, uses_track};

/// What an answer means for each record.
pub fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let Some(answer) = answer else {
        return all(sending, &without_answer(sending));
    };
    let body = answer.json().unwrap_or_default();
    let status = answer.status_or_code(&body);
    let is_import = sending.part == EVENT && !uses_track(sending.settings);
    let failed = body["failed_records"].as_array();
    let verdict = match (status, failed) {
        _ if answer.is_page() => Verdict::Misconfigured(answer.words()),
        (200 | 400, Some(failed)) if is_import && !failed.is_empty() => {
            return one_by_one(sending, answer, failed);
        }
        (200, _) if !is_import && is_refusal(&body) => Verdict::Rejected(answer.words()),
        // Nothing was stored, and which event is to blame is not told.
        (400 | 413, _) if sending.records.len() > 1 => Verdict::ResendAlone,
        _ => by_this_status(status, answer),
    };
    all(sending, &verdict)
}

/// An amount may have arrived all the same, and would count twice.
fn without_answer(sending: &Sending<'_>) -> Verdict {
    if sending.part == TRANSACTION {
        Verdict::Rejected("no answer: a repeat could count the amount twice".into())
    } else {
        by_status(None)
    }
}

/// Everything but the events that are named has been stored. Where one is named that was not sent, nobody knows which
/// is meant: each is sent once more, under the same `$insert_id`.
fn one_by_one(sending: &Sending<'_>, answer: &Answer, failed: &[Value]) -> Judgement {
    let count = sending.records.len();
    let place = |record: &Value| usize::try_from(record["index"].as_u64()?).ok();
    let is_known = |record: &Value| place(record).is_some_and(|place| place < count);
    let others = match failed.iter().find(|record| !is_known(record)) {
        None => Verdict::Delivered,
        Some(_) if count > 1 => Verdict::ResendAlone,
        Some(record) => Verdict::Rejected(reason(answer, record)),
    };
    let verdicts = (0..count).map(
        |at| match failed.iter().find(|record| place(record) == Some(at)) {
            Some(record) => Verdict::Rejected(reason(answer, record)),
            None => others.clone(),
        },
    );
    Judgement::Verdicts(verdicts.collect())
}

/// What is wrong with one event, and where; else the whole answer.
fn reason(answer: &Answer, failed: &Value) -> String {
    match (failed["field"].as_str(), failed["message"].as_str()) {
        (Some(field), Some(message)) => format!("{} {field}: {message}", answer.status),
        _ => answer.words(),
    }
}

/// Is it `0`, or an object with a `status` of 0?
fn is_refusal(body: &Value) -> bool {
    [body, &body["status"]].iter().any(|value| **value == 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{INTEGRATION, PROFILE};
    use super::*;
    use crate::integrations::samples::{Case, answer, sending};

    #[test]
    fn answers_to_imports_are_understood() {
        let one = sending(&INTEGRATION, 1);
        for (status, body, verdict) in [
            (
                200,
                r#"{"code":200,"num_records_imported":1,"status":"OK"}"#,
                "delivered",
            ),
            (200, r#"{"code":200,"failed_records":[]}"#, "delivered"),
            (200, "", "delivered"),
            (200, "<html>", "misconfigured"),
            (200, r#"{"code":400,"error":"bad"}"#, "rejected"),
            (200, r#"{"code":401,"error":"no"}"#, "misconfigured"),
            (200, r#"{"failed_records":[{"index":0}]}"#, "rejected"),
            (
                400,
                r#"{"failed_records":[{"index":0,"$insert_id":"a","field":"time"}]}"#,
                "rejected",
            ),
            (400, r#"{"failed_records":[]}"#, "rejected"),
            (400, r#"{"error":"bad JSON"}"#, "rejected"),
            (400, r#"{"failed_records":[{"index":1}]}"#, "rejected"),
            (401, "{}", "misconfigured"),
            (403, "", "misconfigured"),
            (404, "", "rejected"),
            (413, "{}", "rejected"),
            (429, "{}", "retry"),
            (500, "", "retry"),
            (599, "", "retry"),
            (302, "", "rejected"),
        ] {
            assert_eq!(one.verdict(status, body), verdict, "{status} {body}");
        }
        assert_eq!(one.verdicts(None)[0].name(), "retry");
    }

    #[test]
    fn events_that_are_not_named_have_been_stored() {
        let three = sending(&INTEGRATION, 3);
        let bad = answer(
            400,
            r#"{"code":400,"failed_records":[{"index":1,"insert_id":"b","field":"properties.time","message":"too early"}]}"#,
        );
        let rejected = Verdict::Rejected("400 properties.time: too early".into());
        assert_eq!(
            three.verdicts(Some(&bad)),
            [Verdict::Delivered, rejected, Verdict::Delivered]
        );
    }

    #[test]
    fn where_nobody_says_which_event_is_to_blame_each_is_sent_alone() {
        let three = sending(&INTEGRATION, 3);
        for (status, body) in [
            (413, "{}"),
            (400, r#"{"error":"too many events"}"#),
            (400, r#"{"failed_records":[{"index":7,"message":"x"}]}"#),
            (200, r#"{"failed_records":[{"message":"x"}]}"#),
        ] {
            let verdicts = three.verdicts(Some(&answer(status, body)));
            assert_eq!(verdicts, vec![Verdict::ResendAlone; 3], "{status} {body}");
            let one = sending(&INTEGRATION, 1).verdict(status, body);
            assert_eq!(one, "rejected", "{status} {body}");
        }
        let some = r#"{"failed_records":[{"index":0},{"index":3}]}"#;
        let verdicts = three.verdicts(Some(&answer(400, some)));
        assert_eq!(verdicts[0].name(), "rejected");
        assert_eq!(verdicts[1..], vec![Verdict::ResendAlone; 2]);
    }

    #[test]
    fn a_200_of_the_other_calls_can_be_a_refusal() {
        let tracking = Case {
            settings: json!({"ingestion": "track"}),
            ..Case::of(&INTEGRATION)
        };
        let sent = |part| sending(&INTEGRATION, 1).of(part, 0).under(tracking.settings());
        for part in [EVENT, PROFILE, TRANSACTION] {
            for (status, body, verdict) in [
                (200, "1", "delivered"),
                (200, r#"{"status":1,"error":null}"#, "delivered"),
                (200, r#"{"status":"OK"}"#, "delivered"),
                (200, "", "delivered"),
                (200, " <!doctype html>", "misconfigured"),
                (200, r#"{"code":500,"error":"down"}"#, "retry"),
                (200, "0", "rejected"),
                (200, r#"{"status":0,"error":"no token"}"#, "rejected"),
                (400, "0", "rejected"),
                (401, "", "misconfigured"),
                (403, "", "misconfigured"),
                (413, "", "rejected"),
                (429, "", "retry"),
                (502, "", "retry"),
            ] {
                assert_eq!(
                    sent(part).verdict(status, body),
                    verdict,
                    "{part}: {status} {body}"
                );
            }
        }
    }

    #[test]
    fn an_amount_whose_answer_was_lost_is_not_repeated() {
        let lost = |part| {
            let sent = sending(&INTEGRATION, 1).of(part, 0);
            sent.verdicts(None)[0].name()
        };
        assert_eq!((lost(PROFILE), lost(TRANSACTION)), ("retry", "rejected"));
    }
}
