//! Makes a request, with those that follow from its answer, and has the integration judge what comes back.

use std::time::Instant;

use bursar_domain::ids::ProfileId;
use bursar_domain::integrations::{Integration, Judgement, Method, Record, Sending, Settings, Verdict};
use governor::DefaultDirectRateLimiter;

use super::caught::caught;
use super::learned::Learned;
use super::mask::Mask;
use super::turn::FAULT;
use crate::directory::{AppIntegration, Target};
use crate::outbound::{Received, SendError, TIMEOUT};
use crate::state::AppState;

/// No integration asks for more requests than this for one record.
const MOST_STEPS: u8 = 5;
/// How long all of them may take together, in microseconds, without what they wait for between them.
pub const LONGEST_EXCHANGE: i64 = MOST_STEPS as i64 * TIMEOUT.as_micros() as i64;

/// What came of a request, for each of its records.
pub struct Outcome {
    /// What it means for each record.
    pub verdicts: Vec<Verdict>,
    /// For how many seconds the third party asks to be left alone, if it does.
    pub retry_after: Option<i64>,
    /// Was there no whole answer, or no connection?
    pub is_silent: bool,
    /// Did the integration's own functions fail? That says nothing of the third party.
    pub is_fault: bool,
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
    let credentials = Mask::of_head(&request);
    let began = Instant::now();
    let received = state.outbound.send(request, sending.now).await;
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
        credentials,
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
        is_fault: false,
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
        is_fault: true,
        status: None,
        answer: String::new(),
        step,
        learned: None,
        duration: 0,
        credentials: Mask::of_nobody(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_there_is_no_answer_says_what_that_means() {
        let wrong = "http://[".parse::<hyper::Uri>().map_err(hyper::http::Error::from);
        let unwritable = SendError::Request(wrong.expect_err("no address"));
        let unreachable = SendError::Unreachable("no way".into());
        let judged = || Verdict::Rejected("may have arrived".into());
        for (error, verdict, expected) in [
            (SendError::Forbidden("inside"), judged(), "misconfigured"),
            (unwritable, Verdict::retry("no answer"), "misconfigured"),
            (unreachable, judged(), "retry"),
            (SendError::TimedOut, judged(), "rejected"),
            (
                SendError::Connection("cut".into()),
                Verdict::retry("no answer"),
                "retry",
            ),
        ] {
            let found = unanswered(verdict, &error, "why");
            assert_eq!(found.name(), expected, "{error}");
        }
    }
}
