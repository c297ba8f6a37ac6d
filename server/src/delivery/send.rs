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
use super::turn::{DEAD, FAULT, Ready, closed, keep};
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
    let mut finish = Finish {
        shared,
        target,
        outcome: &outcome,
        words: Words::of(shared, &batch, &outcome),
        started_at,
    };
    for verdict in &outcome.verdicts {
        match verdict {
            Verdict::Delivered => shared.note_warning(None),
            Verdict::DeliveredWithWarning(why) => shared.note_warning(Some(finish.words.told(why))),
            _ => {}
        }
    }
    // First of all: what is settled below is due again at once.
    if let Some(why) = why_blocked(&outcome) {
        let why = finish.words.told(why);
        let setting = routes::setting(shared.known.integration, route);
        let why = setting.map_or_else(|| why.clone(), |setting| format!("{setting}: {why}"));
        shared.block(&why).await;
    }
    let settled = batch
        .into_iter()
        .zip(&outcome.verdicts)
        .map(|(ready, verdict)| finish.settlement(ready, verdict));
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
        let Some((asked, judgement)) = ask(state, known, memory, target, &sending).await else {
            return fault(records.len(), step);
        };
        match judgement {
            Judgement::Next(next) if next > step && next < MOST_STEPS => {
                step = next;
                if let Some(news) = asked.news {
                    memory.note(target.id, profile, &records[0].route, &news);
                    learned = Some(news);
                }
            }
            Judgement::Verdicts(verdicts) if verdicts.len() == records.len() => {
                return outcome(verdicts, asked, step, learned);
            }
            _ => return fault(records.len(), step),
        }
    }
}

/// A request that was made.
struct Asked {
    received: Result<Received, SendError>,
    /// What its answer told for those after it.
    news: Option<String>,
    duration: i64,
    credentials: Mask,
}

/// Makes one request, and has its answer judged. `None`: the integration's functions failed on it.
async fn ask(
    state: &AppState,
    known: &AppIntegration,
    memory: &Learned,
    target: Target,
    sending: &Sending<'_>,
) -> Option<(Asked, Judgement)> {
    let request = caught(|| (known.integration.request)(sending))?;
    if target.part.learns.is_some() && request.method == Method::Get {
        memory.before_question().await;
    }
    let began = Instant::now();
    let received = state.outbound.send(&request, sending.now).await;
    let duration = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
    let answer = received.as_ref().ok().map(|received| &received.answer);
    let (judgement, news) = caught(|| {
        let learns = answer.zip(target.part.learns);
        let news = learns.and_then(|(answer, learns)| learns(answer));
        ((known.integration.judge)(sending, answer), news)
    })?;
    let asked = Asked {
        received,
        news,
        duration,
        credentials: Mask::of_head(&request),
    };
    Some((asked, judgement))
}

fn outcome(verdicts: Vec<Verdict>, asked: Asked, step: u8, learned: Option<String>) -> Outcome {
    let is_silent = asked.received.is_err();
    let (status, retry_after, answer, verdicts) = match asked.received {
        Ok(Received { answer, retry_after }) => (Some(answer.status), retry_after, answer.body, verdicts),
        Err(error) => {
            let why = error.to_string();
            let unanswered = |verdict| unanswered(verdict, &error, &why);
            let verdicts = verdicts.into_iter().map(unanswered).collect();
            (None, None, why, verdicts)
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
        duration: asked.duration,
        credentials: asked.credentials,
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

impl Outcome {
    /// The request, for one record alone, as it is kept: made with masked settings, and personal data masked. An empty object
    /// where the integration fails to make one.
    pub fn request(
        &self,
        integration: &Integration,
        masked: &Settings,
        target: Target,
        record: &Record,
        now: i64,
        mask: &Mask,
    ) -> String {
        let sending = Sending {
            records: std::slice::from_ref(record),
            part: target.part.name,
            settings: masked,
            step: self.step,
            learned: self.learned.as_deref(),
            now,
        };
        let request = caught(|| (integration.request)(&sending));
        request.map_or_else(|| "{}".to_owned(), |request| mask.request(&request))
    }
}

/// What came of a request, from which its records are settled.
struct Finish<'a> {
    shared: &'a Shared,
    target: Target,
    outcome: &'a Outcome,
    words: Words<'a>,
    started_at: i64,
}

impl Finish<'_> {
    /// The settlement of one record.
    fn settlement(&mut self, mut ready: Ready, verdict: &Verdict) -> Settlement {
        let now = self.shared.state.clock.now();
        ready.held.tries += 1;
        // What fails because of the settings burns nothing: neither a try nor the time in which it may be repeated.
        if matches!(verdict, Verdict::Misconfigured(_)) {
            ready.counts.uncounted += 1;
        } else {
            ready.held.first_tried_at.get_or_insert(self.started_at);
        }
        if matches!(verdict, Verdict::RetryAtMost { .. }) {
            ready.counts.limited += 1;
        }
        let attempt = self.attempt(&ready, verdict);
        let keeping = deliveries::keep(ready.held.event_seq, self.target.id, attempt);
        Settlement {
            held: ready.held,
            attempt: Some(self.shared.state.store.packed(keeping)),
            end: self.end(&ready, verdict, now),
            now,
        }
    }

    fn attempt(&mut self, ready: &Ready, verdict: &Verdict) -> Attempt {
        let (shared, outcome, started_at) = (self.shared, self.outcome, self.started_at);
        Attempt {
            number: ready.held.tries,
            started_at,
            duration: outcome.duration,
            request: outcome.request(
                shared.known.integration,
                &shared.masked,
                self.target,
                &ready.record,
                started_at,
                &ready.mask,
            ),
            status: outcome.status,
            answer: self.words.told(&outcome.answer),
            verdict: verdict.name().to_owned(),
        }
    }

    /// How a record's turn ends, its last try counted.
    fn end(&mut self, ready: &Ready, verdict: &Verdict, now: i64) -> End {
        let mut told = |text: &str| self.words.told(text);
        let later = |due_at, reason: String, alone| End::Later {
            due_at,
            reason,
            record: Some(keep(&ready.record, alone, ready.counts, &ready.mask)),
        };
        match verdict {
            Verdict::Delivered => closed("delivered", None),
            Verdict::DeliveredWithWarning(why) => closed("delivered", Some(told(why))),
            Verdict::Rejected(why) | Verdict::RejectedAndBlocked(why) => closed("rejected", Some(told(why))),
            Verdict::Misconfigured(why) => later(now, told(why), ready.alone),
            Verdict::Resend => later(now, "others of its request were wrong".into(), ready.alone),
            Verdict::ResendAlone => later(now, "the request was too much at once".into(), true),
            Verdict::Retry { why, .. } | Verdict::RetryAtMost { why, .. }
                if self.shared.is_dead(&ready.record.route) =>
            {
                closed("rejected", Some(format!("{DEAD}; {}", told(why))))
            }
            Verdict::Retry { why, .. } | Verdict::RetryAtMost { why, .. } => {
                let tries = u32::try_from(ready.held.tries - ready.counts.uncounted).unwrap_or(u32::MAX);
                let schedule = self.shared.known.integration.schedule;
                let asked = self.outcome.retry_after;
                match wait(schedule, tries, ready.counts.limited, verdict, asked) {
                    Some(wait) => later(now.saturating_add(wait), told(why), ready.alone),
                    None => closed(
                        "rejected",
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
    let (_, low) = Uuid::new_v4().as_u64_pair();
    let dice = i64::try_from(low % DICE.unsigned_abs()).unwrap_or_default();
    schedule.wait(tries, asked, dice)
}
