//! Sends records in one request, and settles what comes back for each of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bursar_domain::ids::ProfileId;
use bursar_domain::integrations::{
    Integration, Judgement, Record, Request, Schedule, Sending, Settings, Verdict,
};
use futures_util::future::join_all;
use uuid::Uuid;

use super::learned::Learned;
use super::turn::{Ready, closed, keep};
use super::worker::Shared;
use crate::actions::deliveries::{End, Settlement, settle};
use crate::directory::{AppIntegration, Target};
use crate::outbound::{Received, SendError};
use crate::state::AppState;
use crate::store::tables::deliveries::Attempt;

/// No integration asks for more requests than this for one record.
const MOST_STEPS: u8 = 5;

/// What came of a request, for each of its records.
pub struct Outcome {
    /// What it means for each record.
    pub verdicts: Vec<Verdict>,
    retry_after: Option<i64>,
    /// The answer's status, if one came.
    pub status: Option<u16>,
    /// The answer's body, or why none came.
    pub answer: String,
    /// Which of the requests it was.
    pub step: u8,
    /// How long it took, in microseconds.
    pub duration: i64,
}

/// Sends the records, which share a route, and settles them.
pub async fn send(shared: &Arc<Shared>, target: Target, batch: Vec<Ready>) {
    let started_at = shared.state.clock.now();
    let records: Vec<Record> = batch.iter().map(|ready| ready.record.clone()).collect();
    let profile = batch[0].profile;
    let outcome = exchange(
        &shared.state,
        &shared.known,
        &shared.learned,
        target,
        profile,
        &records,
    )
    .await;
    shared.note_health(&outcome.verdicts, outcome.retry_after);
    for verdict in &outcome.verdicts {
        let seconds = std::time::Duration::from_micros(outcome.duration.unsigned_abs()).as_secs_f64();
        shared.state.metrics.tried(shared.slug, verdict.name(), seconds);
    }
    let settled = batch.into_iter().zip(&outcome.verdicts).map(|(ready, verdict)| {
        let shared = Arc::clone(shared);
        let settlement = finish(&shared, target, ready, verdict, &outcome, started_at);
        async move {
            if let Err(error) = settle(&shared.state, settlement).await {
                // The lane is ours until the lease ends; then it is sent once more, with the same id.
                tracing::warn!(%error, slug = shared.slug, "what came of a delivery could not be written down");
            }
        }
    });
    join_all(settled).await;
    let blocks = outcome.verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Misconfigured(why) => Some(why.clone()),
        _ => None,
    });
    if let Some(why) = blocks {
        shared.block(&why).await;
    }
}

/// Makes the request, and those that follow from its answer.
pub async fn exchange(
    state: &AppState,
    known: &AppIntegration,
    memory: &Learned,
    target: Target,
    profile: ProfileId,
    records: &[Record],
) -> Outcome {
    let mut learned = memory.recall(target.id, profile, &records[0].route, state.clock.now());
    let mut step = 0;
    loop {
        let sending = Sending {
            records,
            part: target.part.name,
            settings: &known.settings,
            step,
            learned: learned.as_deref(),
            now: state.clock.now(),
        };
        let began = Instant::now();
        let Ok(request) = catch_unwind(AssertUnwindSafe(|| (known.integration.request)(&sending))) else {
            return fault(records.len(), step);
        };
        let received = state.outbound.send(&request, sending.now).await;
        let duration = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
        let answer = received.as_ref().ok().map(|received| &received.answer);
        let news = answer
            .zip(target.part.learns)
            .and_then(|(answer, learns)| learns(answer));
        let judged = catch_unwind(AssertUnwindSafe(|| (known.integration.judge)(&sending, answer)));
        match judged {
            Ok(Judgement::Next(next)) if next > step && next < MOST_STEPS => {
                step = next;
                if let Some(news) = news {
                    memory.note(target.id, profile, &records[0].route, &news, state.clock.now());
                    learned = Some(news);
                }
            }
            Ok(Judgement::Verdicts(verdicts)) if verdicts.len() == records.len() => {
                return outcome(verdicts, received, step, duration);
            }
            _ => return fault(records.len(), step),
        }
    }
}

fn outcome(
    verdicts: Vec<Verdict>,
    received: Result<Received, SendError>,
    step: u8,
    duration: i64,
) -> Outcome {
    let (status, retry_after, answer, verdicts) = match received {
        Ok(Received { answer, retry_after }) => (Some(answer.status), retry_after, answer.body, verdicts),
        Err(error) => {
            let why = error.to_string();
            (
                None,
                None,
                why.clone(),
                verdicts
                    .into_iter()
                    .map(|verdict| unanswered(verdict, &error, &why))
                    .collect(),
            )
        }
    };
    Outcome {
        verdicts,
        retry_after,
        status,
        answer,
        step,
        duration,
    }
}

/// Why there was no answer says more than that there was none.
fn unanswered(verdict: Verdict, error: &SendError, why: &str) -> Verdict {
    match (error, verdict) {
        (SendError::Forbidden(_) | SendError::Request(_), _) => Verdict::Misconfigured(why.to_owned()),
        (_, Verdict::Retry { after_seconds, .. }) => Verdict::Retry {
            after_seconds,
            why: why.to_owned(),
        },
        (_, verdict) => verdict,
    }
}

fn fault(records: usize, step: u8) -> Outcome {
    tracing::error!("an integration's functions failed on a request: its records are rejected");
    Outcome {
        verdicts: vec![Verdict::Rejected("a fault of ours: the log says more".into()); records],
        retry_after: None,
        status: None,
        answer: String::new(),
        step,
        duration: 0,
    }
}

/// The settlement of one record.
fn finish(
    shared: &Shared,
    target: Target,
    ready: Ready,
    verdict: &Verdict,
    outcome: &Outcome,
    started_at: i64,
) -> Settlement {
    let now = shared.state.clock.now();
    let mut settlement = ready.settlement;
    settlement.tries += 1;
    settlement.first_tried_at.get_or_insert(started_at);
    settlement.now = now;
    settlement.attempt = Some(Attempt {
        number: settlement.tries,
        started_at,
        duration: outcome.duration,
        request: ready.mask.request(&masked(
            shared.known.integration,
            &shared.masked,
            target,
            &ready.record,
            (outcome.step, started_at),
        )),
        status: outcome.status,
        answer: ready.mask.answer(&shared.without_secrets(&outcome.answer)),
        verdict: verdict.name().to_owned(),
    });
    let later = |due_at, reason: &str, alone| End::Later {
        due_at,
        reason: shared.without_secrets(reason),
        record: Some(keep(&ready.record, alone)),
    };
    let tries = u32::try_from(settlement.tries).unwrap_or(u32::MAX);
    settlement.end = match verdict {
        Verdict::Delivered => closed("delivered", None),
        Verdict::DeliveredWithWarning(why) => closed("delivered", Some(shared.without_secrets(why))),
        Verdict::Rejected(why) => closed("rejected", Some(ready.mask.answer(&shared.without_secrets(why)))),
        Verdict::Misconfigured(why) => later(now, why, ready.alone),
        Verdict::Resend => later(now, "others of its request were wrong", ready.alone),
        Verdict::ResendAlone => later(now, "the request was too much at once", true),
        Verdict::Retry { why, .. } | Verdict::RetryAtMost { why, .. } => {
            let why = ready.mask.answer(why);
            match wait(
                shared.known.integration.schedule,
                tries,
                verdict,
                outcome.retry_after,
            ) {
                Some(wait) => later(now.saturating_add(wait), &why, ready.alone),
                None => closed(
                    "rejected",
                    Some(shared.without_secrets(&format!("given up after {tries} tries: {why}"))),
                ),
            }
        }
    };
    settlement
}

/// The request for one record alone, made with masked settings: what may be kept.
pub fn masked(
    integration: &Integration,
    settings: &Settings,
    target: Target,
    record: &Record,
    (step, now): (u8, i64),
) -> Request {
    (integration.request)(&Sending {
        records: std::slice::from_ref(record),
        part: target.part.name,
        settings,
        step,
        learned: None,
        now,
    })
}

/// How long to wait before the next try, in microseconds; `None` to give up. What the third party asks for counts
/// before what its documents say.
fn wait(schedule: &Schedule, tries: u32, verdict: &Verdict, retry_after: Option<i64>) -> Option<i64> {
    let documented = match verdict {
        Verdict::RetryAtMost { tries: most, .. } if tries >= *most => return None,
        Verdict::Retry { after_seconds, .. } => after_seconds.map(i64::from),
        _ => None,
    };
    let asked = retry_after
        .or(documented)
        .map(|seconds| seconds.saturating_mul(1_000_000));
    let (high, _) = Uuid::new_v4().as_u64_pair();
    schedule.wait(tries, asked, i64::try_from(high % 1_000).unwrap_or_default())
}
