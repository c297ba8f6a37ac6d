//! Sends records in one request, and settles what comes back for each of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bursar_domain::ids::ProfileId;
use bursar_domain::integrations::contract::schedule::DICE;
use bursar_domain::integrations::{
    Integration, Judgement, Method, Record, Schedule, Sending, Settings, Verdict,
};
use governor::DefaultDirectRateLimiter;
use uuid::Uuid;

use super::caught::caught;
use super::learned::Learned;
use super::mask::{Mask, beginning};
use super::routes;
use super::turn::{Counts, DEAD, FAULT, Ready, closed, keep};
use super::worker::Shared;
use crate::actions::deliveries::{End, Settlement};
use crate::directory::{AppIntegration, Target};
use crate::outbound::{Received, SendError, TIMEOUT};
use crate::state::AppState;
use crate::store::tables::deliveries::{self, Attempt};

/// No integration asks for more requests than this for one record.
const MOST_STEPS: u8 = 5;
/// How long all of them may take together, in microseconds.
pub const LONGEST: i64 = MOST_STEPS as i64 * TIMEOUT.as_micros() as i64;

/// What came of a request, for each of its records.
pub struct Outcome {
    /// What it means for each record.
    pub verdicts: Vec<Verdict>,
    retry_after: Option<i64>,
    /// Was there no whole answer, or no connection?
    is_silent: bool,
    /// The answer's status, if one came.
    pub status: Option<u16>,
    /// The answer's body, or why none came.
    pub answer: String,
    /// Which of the requests it was.
    pub step: u8,
    /// What it knew from an answer before.
    pub learned: Option<String>,
    /// How long it took, in microseconds.
    pub duration: i64,
    /// What it said of ours in its head.
    pub credentials: Mask,
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
        shared.seats.limiter.as_ref(),
        target,
        profile,
        &records,
    )
    .await;
    let route = &records[0].route;
    shared.note_health(route, &outcome.verdicts, outcome.is_silent, outcome.retry_after);
    for verdict in &outcome.verdicts {
        let seconds = std::time::Duration::from_micros(outcome.duration.unsigned_abs()).as_secs_f64();
        shared.state.metrics.tried(shared.slug, verdict.name(), seconds);
    }
    let mut words = Words::of(shared, &batch, &outcome);
    for verdict in &outcome.verdicts {
        match verdict {
            Verdict::Delivered => shared.note_warning(None),
            Verdict::DeliveredWithWarning(why) => shared.note_warning(Some(words.told(why))),
            _ => {}
        }
    }
    // First of all: what is settled below is due again at once.
    if let Some(why) = why_blocked(&outcome) {
        let why = words.told(why);
        let setting = routes::setting(shared.known.integration, route);
        let why = setting.map_or_else(|| why.clone(), |setting| format!("{setting}: {why}"));
        shared.block(&why).await;
    }
    let settled = batch
        .into_iter()
        .zip(&outcome.verdicts)
        .map(|(ready, verdict)| finish(shared, target, ready, verdict, (&outcome, &mut words), started_at));
    let settled: Vec<_> = settled.collect();
    shared.note_ends(target, &records[0].route, &settled);
    shared.settling.settle(&shared.state, shared.slug, settled).await;
}

/// What the third party has to say against the settings, if it has.
fn why_blocked(outcome: &Outcome) -> Option<&str> {
    outcome.verdicts.iter().find_map(|verdict| match verdict {
        Verdict::Misconfigured(why) | Verdict::RejectedAndBlocked(why) => Some(why.as_str()),
        _ => None,
    })
}

/// A third party's words about a request as they may be kept. They may repeat anything of any of its records.
struct Words<'a> {
    masks: [&'a Mask; 2],
    personal: Mask,
    /// Most records get the same words.
    told: HashMap<String, String>,
}

impl<'a> Words<'a> {
    fn of(shared: &'a Shared, batch: &[Ready], outcome: &'a Outcome) -> Self {
        Self {
            masks: [&shared.secrets, &outcome.credentials],
            personal: Mask::together(batch.iter().map(|ready| &ready.mask)),
            told: HashMap::new(),
        }
    }

    fn told(&mut self, words: &str) -> String {
        if let Some(told) = self.told.get(words) {
            return told.clone();
        }
        let words = beginning(words);
        let [secrets, credentials] = self.masks;
        let told = self.personal.answer(&credentials.text(&secrets.text(words)));
        self.told.insert(words.to_owned(), told.clone());
        told
    }
}

/// Makes the request, and those that follow from its answer; these wait for the `limiter` too.
pub async fn exchange(
    state: &AppState,
    known: &AppIntegration,
    memory: &Learned,
    limiter: Option<&DefaultDirectRateLimiter>,
    target: Target,
    profile: ProfileId,
    records: &[Record],
) -> Outcome {
    let mut learned = memory.recall(target.id, profile, &records[0].route);
    let mut step = 0;
    loop {
        if let Some(limiter) = limiter.filter(|_| step > 0) {
            limiter.until_ready().await;
        }
        let sending = Sending {
            records,
            part: target.part.name,
            settings: &known.settings,
            step,
            learned: learned.as_deref(),
            now: state.clock.now(),
        };
        let Some(request) = caught(|| (known.integration.request)(&sending)) else {
            return fault(records.len(), step);
        };
        if target.part.learns.is_some() && request.method == Method::Get {
            memory.before_question().await;
        }
        let credentials = Mask::of_head(&request);
        let began = Instant::now();
        let received = state.outbound.send(&request, sending.now).await;
        let duration = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
        let answer = received.as_ref().ok().map(|received| &received.answer);
        let judged = caught(|| {
            let learns = answer.zip(target.part.learns);
            let news = learns.and_then(|(answer, learns)| learns(answer));
            ((known.integration.judge)(&sending, answer), news)
        });
        match judged {
            Some((Judgement::Next(next), news)) if next > step && next < MOST_STEPS => {
                step = next;
                if let Some(news) = news {
                    memory.note(target.id, profile, &records[0].route, &news);
                    learned = Some(news);
                }
            }
            Some((Judgement::Verdicts(verdicts), _)) if verdicts.len() == records.len() => {
                return outcome(verdicts, received, (step, learned), duration, credentials);
            }
            _ => return fault(records.len(), step),
        }
    }
}

fn outcome(
    verdicts: Vec<Verdict>,
    received: Result<Received, SendError>,
    (step, learned): (u8, Option<String>),
    duration: i64,
    credentials: Mask,
) -> Outcome {
    let is_silent = received.is_err();
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
        is_silent,
        status,
        answer,
        step,
        learned,
        duration,
        credentials,
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
        // Whatever has to be feared of a request that may have arrived: this one has not.
        (SendError::Unreachable(_), _) => Verdict::retry(why),
        (_, verdict) => verdict,
    }
}

fn fault(records: usize, step: u8) -> Outcome {
    tracing::error!("an integration's functions failed on a request: its records are rejected");
    Outcome {
        verdicts: vec![Verdict::Rejected(FAULT.to_string()); records],
        retry_after: None,
        is_silent: false,
        status: None,
        answer: String::new(),
        step,
        learned: None,
        duration: 0,
        credentials: Mask::of_secrets([]),
    }
}

/// The settlement of one record.
fn finish(
    shared: &Shared,
    target: Target,
    ready: Ready,
    verdict: &Verdict,
    (outcome, words): (&Outcome, &mut Words<'_>),
    started_at: i64,
) -> Settlement {
    let now = shared.state.clock.now();
    let mut held = ready.held;
    held.tries += 1;
    let counted = held.tries - ready.counts.uncounted;
    // What fails because of the settings burns nothing: neither a try nor the time in which it may be repeated.
    let is_burnt = !matches!(verdict, Verdict::Misconfigured(_));
    if is_burnt {
        held.first_tried_at.get_or_insert(started_at);
    }
    let is_limited = matches!(verdict, Verdict::RetryAtMost { .. });
    let counts = Counts {
        uncounted: ready.counts.uncounted + i64::from(!is_burnt),
        limited: ready.counts.limited + i64::from(is_limited),
    };
    let attempt = Attempt {
        number: held.tries,
        started_at,
        duration: outcome.duration,
        request: kept(
            shared.known.integration,
            &shared.masked,
            target,
            &ready.record,
            (outcome, started_at),
            &ready.mask,
        ),
        status: outcome.status,
        answer: words.told(&outcome.answer),
        verdict: verdict.name().to_owned(),
    };
    let keeping = deliveries::keep(held.event_seq, held.lane.target, attempt);
    let tries = u32::try_from(counted).unwrap_or(u32::MAX);
    Settlement {
        held,
        attempt: Some(shared.state.store.packed(keeping)),
        end: end(shared, &ready, verdict, (tries, counts), (outcome, words), now),
        now,
    }
}

/// How a record's turn ends after so many tries that count.
fn end(
    shared: &Shared,
    ready: &Ready,
    verdict: &Verdict,
    (tries, counts): (u32, Counts),
    (outcome, words): (&Outcome, &mut Words<'_>),
    now: i64,
) -> End {
    let mut told = |text: &str| words.told(text);
    let later = |due_at, reason: String, alone| End::Later {
        due_at,
        reason,
        record: Some(keep(&ready.record, alone, counts, &ready.mask)),
    };
    match verdict {
        Verdict::Delivered => closed("delivered", None),
        Verdict::DeliveredWithWarning(why) => closed("delivered", Some(told(why))),
        Verdict::Rejected(why) | Verdict::RejectedAndBlocked(why) => closed("rejected", Some(told(why))),
        Verdict::Misconfigured(why) => later(now, told(why), ready.alone),
        Verdict::Resend => later(now, "others of its request were wrong".into(), ready.alone),
        Verdict::ResendAlone => later(now, "the request was too much at once".into(), true),
        Verdict::Retry { why, .. } | Verdict::RetryAtMost { why, .. }
            if shared.is_dead(&ready.record.route) =>
        {
            closed("rejected", Some(format!("{DEAD}; {}", told(why))))
        }
        Verdict::Retry { why, .. } | Verdict::RetryAtMost { why, .. } => {
            match wait(
                shared.known.integration.schedule,
                (tries, counts.limited),
                verdict,
                outcome.retry_after,
            ) {
                Some(wait) => later(now.saturating_add(wait), told(why), ready.alone),
                None => closed(
                    "rejected",
                    Some(format!("given up after {tries} tries: {}", told(why))),
                ),
            }
        }
    }
}

/// The request of an outcome, for one record alone, as it is kept: made with masked settings, and personal data masked.
/// An empty object where the integration fails to make one.
pub fn kept(
    integration: &Integration,
    masked: &Settings,
    target: Target,
    record: &Record,
    (outcome, now): (&Outcome, i64),
    mask: &Mask,
) -> String {
    let sending = Sending {
        records: std::slice::from_ref(record),
        part: target.part.name,
        settings: masked,
        step: outcome.step,
        learned: outcome.learned.as_deref(),
        now,
    };
    let request = caught(|| (integration.request)(&sending));
    request.map_or_else(|| "{}".to_owned(), |request| mask.request(&request))
}

/// How long to wait after so many tries, of which so many were `limited`, in microseconds; `None` to give up. What the third
/// party asks for counts before what its documents say.
fn wait(
    schedule: &Schedule,
    (tries, limited): (u32, i64),
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
    let (_, low) = Uuid::new_v4().as_u64_pair();
    let dice = i64::try_from(low % DICE.unsigned_abs()).unwrap_or_default();
    schedule.wait(tries, asked, dice)
}
