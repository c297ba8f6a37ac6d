//! Sends records in one request, and settles what comes back for each of them.

use std::mem::take;
use std::sync::Arc;

use bursar_domain::integrations::contract::schedule::DICE;
use bursar_domain::integrations::{Record, Schedule, Verdict};

use super::exchange::{Outcome, exchange};
use super::routes;
use super::turn::{DEAD, Ready, closed, keep};
use super::words::Words;
use super::worker::Work;
use crate::actions::deliveries::{End, Settlement};
use crate::chance;
use crate::directory::Target;
use crate::store::tables::deliveries::{self, Attempt};
use crate::store::tables::delivery_states::ClosedState;

/// Sends the records, which share a route, and settles them.
pub async fn send(work: &Arc<Work>, target: Target, mut batch: Vec<Ready>) {
    let started_at = work.state.clock.now();
    let outcome = tell(work, target, &mut batch).await;
    let (verdicts, asked) = (&outcome.verdicts, outcome.retry_after);
    if !outcome.is_fault {
        work.note_health(&batch[0].record.route, verdicts, outcome.is_silent, asked);
    }
    for verdict in verdicts {
        let seconds = std::time::Duration::from_micros(outcome.duration.unsigned_abs()).as_secs_f64();
        work.state.metrics.tried(work.slug, verdict.name(), seconds);
    }
    for (ready, verdict) in batch.iter_mut().zip(verdicts) {
        count(ready, verdict, started_at);
    }
    // What an answer told of the customer; where answers do, a request has one record.
    if let Some(learned) = outcome.learned.as_deref() {
        let first = &mut batch[0];
        first.ids = first.ids.iter().chain([learned]).collect();
    }
    let route = &batch[0].record.route;
    let mut finish = Finish {
        work,
        target,
        outcome: &outcome,
        words: Words::of(work, &batch, &outcome),
        started_at,
    };
    for verdict in verdicts {
        match verdict {
            Verdict::Delivered => work.note_warning(None),
            Verdict::DeliveredWithWarning(why) => work.note_warning(Some(finish.words.told_of_nobody(why))),
            _ => {}
        }
    }
    // First of all: what is settled below is due again at once.
    if let Some(why) = why_blocked(&outcome) {
        let why = finish.words.told_of_nobody(why);
        let setting = routes::setting(work.known.integration, route);
        let why = setting.map_or_else(|| why.clone(), |setting| format!("{setting}: {why}"));
        work.block(&why).await;
    }
    let judged = || batch.iter().zip(verdicts);
    let settled = judged().map(|(ready, verdict)| finish.settlement(ready, verdict));
    let settled: Vec<_> = settled.collect();
    let now = work.state.clock.now();
    let ended = judged().zip(&settled);
    let ended = ended.filter(|(_, settlement)| matches!(settlement.end, End::Closed { .. }));
    let ends = ended.map(|((ready, verdict), _)| {
        finish.end(ready, verdict, now, |words, text| words.told_of_nobody(text))
    });
    work.note_ends(target, route, ends);
    work.settling.settle(&work.state, work.slug, settled).await;
}

/// Makes the request. The records are lent to it and not copied: of a third party that is slow many are under way.
async fn tell(work: &Work, target: Target, batch: &mut [Ready]) -> Outcome {
    let records: Vec<Record> = batch.iter_mut().map(|ready| take(&mut ready.record)).collect();
    let (limiter, profile) = (work.seats.limiter.as_ref(), batch[0].profile);
    let exchanged = exchange(
        &work.state,
        &work.known,
        &work.learned,
        limiter,
        target,
        profile,
        &records,
    );
    let outcome = exchanged.await;
    for (ready, record) in batch.iter_mut().zip(records) {
        ready.record = record;
    }
    outcome
}

/// Counts the try that ended with this verdict.
fn count(ready: &mut Ready, verdict: &Verdict, started_at: i64) {
    ready.held.tries += 1;
    // What fails because of the settings burns nothing: neither a try nor the time in which it may be repeated.
    if matches!(verdict, Verdict::Misconfigured(_)) {
        ready.counts.uncounted += 1;
    } else {
        ready.held.first_tried_at.get_or_insert(started_at);
    }
    // What is sent again because of others of its request has not failed.
    if matches!(verdict, Verdict::Resend | Verdict::ResendAlone) {
        ready.counts.uncounted += 1;
    }
    if matches!(verdict, Verdict::RetryAtMost { .. }) {
        ready.counts.limited += 1;
    }
}

/// What the third party has to say against the settings, if it has.
fn why_blocked(outcome: &Outcome) -> Option<&str> {
    outcome.verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Misconfigured(why) | Verdict::RejectedAndBlocked(why) => Some(why.as_str()),
        _ => None,
    })
}

/// What came of a request, from which its records are settled.
struct Finish<'a> {
    work: &'a Work,
    target: Target,
    outcome: &'a Outcome,
    words: Words<'a>,
    started_at: i64,
}

impl<'a> Finish<'a> {
    /// The settlement of one record.
    fn settlement(&mut self, ready: &Ready, verdict: &Verdict) -> Settlement {
        let now = self.work.state.clock.now();
        let attempt = self.attempt(ready, verdict);
        let keeping = deliveries::keep(ready.held.event_seq, self.target.id, attempt);
        Settlement {
            held: ready.held,
            attempt: Some(self.work.state.store.packed(keeping)),
            end: self.end(ready, verdict, now, |words, text| words.told_of(ready, text)),
            now,
        }
    }

    fn attempt(&mut self, ready: &Ready, verdict: &Verdict) -> Attempt {
        let (work, outcome, started_at) = (self.work, self.outcome, self.started_at);
        Attempt {
            number: ready.held.tries,
            started_at,
            duration: outcome.duration,
            request: outcome.request(
                work.known.integration,
                &work.masked,
                self.target,
                &ready.record,
                started_at,
                &ready.mask,
            ),
            status: outcome.status,
            answer: self.words.told_of(ready, &outcome.answer),
            verdict: verdict.name().to_owned(),
        }
    }

    /// How a record's turn ends, its last try counted; `told` says what may be kept of the third party's words.
    fn end(
        &mut self,
        ready: &Ready,
        verdict: &Verdict,
        now: i64,
        told: impl Fn(&mut Words<'a>, &str) -> String,
    ) -> End {
        let mut told = |text: &str| told(&mut self.words, text);
        let later = |due_at, reason: String, alone| End::Later {
            due_at,
            reason,
            record: Some(keep(ready, alone)),
        };
        match verdict {
            Verdict::Delivered => closed(ClosedState::Delivered, None),
            Verdict::DeliveredWithWarning(why) => closed(ClosedState::Delivered, Some(told(why))),
            Verdict::Rejected(why) | Verdict::RejectedAndBlocked(why) => {
                closed(ClosedState::Rejected, Some(told(why)))
            }
            Verdict::Misconfigured(why) => later(now, told(why), ready.alone),
            Verdict::Resend => later(now, "others of its request were wrong".into(), ready.alone),
            Verdict::ResendAlone => later(now, "the request was too much at once".into(), true),
            Verdict::Retry { why, .. } | Verdict::RetryAtMost { why, .. }
                if self.work.is_dead(&ready.record.route) =>
            {
                closed(ClosedState::Rejected, Some(format!("{DEAD}; {}", told(why))))
            }
            Verdict::Retry { why, .. } | Verdict::RetryAtMost { why, .. } => {
                let tries = u32::try_from(ready.held.tries - ready.counts.uncounted).unwrap_or(u32::MAX);
                let schedule = self.work.known.integration.schedule;
                let asked = self.outcome.retry_after;
                match wait(schedule, tries, ready.counts.limited, verdict, asked) {
                    Some(wait) => later(now.saturating_add(wait), told(why), ready.alone),
                    None => closed(
                        ClosedState::Rejected,
                        Some(format!("given up after {tries} tries: {}", told(why))),
                    ),
                }
            }
        }
    }
}

/// How long to wait after so many tries, of which so many were `limited`, in microseconds; `None` to give up. What the third
/// party asks for counts before what its documents say.
fn wait(
    schedule: &Schedule,
    tries: u32,
    limited: i64,
    verdict: &Verdict,
    retry_after: Option<i64>,
) -> Option<i64> {
    let documented = match verdict {
        Verdict::RetryAtMost { tries: most, .. } if limited >= i64::from(*most) => return None,
        Verdict::Retry { after_seconds, .. } => after_seconds.map(i64::from),
        _ => None,
    };
    let asked = retry_after
        .or(documented)
        .map(|seconds| seconds.saturating_mul(1_000_000));
    schedule.wait(tries, asked, chance::number() % DICE)
}
