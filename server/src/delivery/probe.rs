//! Proves an integration's settings without an event that counts.

use std::time::Instant;

use bursar_domain::integrations::{Integration, Probe, Request, Settings, Verdict};

use super::mask::{Mask, without_secrets};
use super::routes;
use crate::state::AppState;

/// A request that was made to see whether it works.
pub struct Tried {
    /// Which part of the integration it was for; empty for all of it.
    pub part: &'static str,
    /// When it began, in microseconds.
    pub started_at: i64,
    /// How long it took, in microseconds.
    pub duration: i64,
    /// What was sent: JSON, secrets masked.
    pub request: String,
    /// The answer's status, if one came.
    pub status: Option<u16>,
    /// The answer's begin, masked; or why none came.
    pub answer: String,
    /// What it means: the verdict's name.
    pub verdict: &'static str,
    /// What is wrong by it, masked; if something is.
    pub wrong: Option<String>,
}

/// Makes the integration's own requests for this. Answers what is wrong, if something is, with each place that it is about;
/// nothing is where it has no such requests.
pub async fn prove(state: &AppState, integration: &Integration, settings: &Settings) -> Option<String> {
    let tried = try_all(state, integration, settings).await.unwrap_or_default();
    let wrong = tried
        .into_iter()
        .filter_map(|(place, tried)| Some(format!("{place}: {}", tried.wrong?)));
    let wrong: Vec<String> = wrong.collect();
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

/// Makes the integration's own requests for this: what came of each, behind the setting with its address, or else its host.
/// `None`: it has none.
pub async fn try_all(
    state: &AppState,
    integration: &Integration,
    settings: &Settings,
) -> Option<Vec<(String, Tried)>> {
    let (Probe::Requests(requests, judge) | Probe::Handshake(requests, judge)) = integration.probe else {
        return None;
    };
    let started_at = state.clock.now();
    let secrets = Mask::of_settings(integration, settings);
    // The same requests without the secrets: what may be shown.
    let mut masked = requests(&settings.with_masks(integration.settings), started_at).into_iter();
    let mut all = Vec::new();
    for request in requests(settings, started_at) {
        let shown = masked.next().filter(|shown| shown.method == request.method);
        let shown = shown.unwrap_or_else(|| bare(&request));
        let credentials = Mask::of_head(&request);
        let host = || request.url.split('/').nth(2).unwrap_or_default().to_owned();
        let place = routes::setting_with(settings, &request.url).unwrap_or_else(host);
        let began = Instant::now();
        let received = state.outbound.send(request, started_at).await;
        let duration = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
        let (status, answer, verdict) = match &received {
            Ok(received) => (
                Some(received.answer.status),
                received.answer.body.clone(),
                judge(Some(&received.answer)),
            ),
            Err(error) => (None, error.to_string(), Verdict::retry(error.to_string())),
        };
        let hidden = |text: &str| without_secrets(text, [&secrets, &credentials]);
        let tried = Tried {
            part: "",
            started_at,
            duration,
            request: Mask::of_nobody().request(&shown),
            status,
            answer: Mask::of_nobody().answer(&hidden(&answer)),
            verdict: verdict.name(),
            wrong: wrong(&verdict).map(hidden),
        };
        all.push((place, tried));
    }
    Some(all)
}

/// The request's method and host alone.
fn bare(request: &Request) -> Request {
    let end = request
        .url
        .match_indices('/')
        .nth(2)
        .map_or(request.url.len(), |(end, _)| end);
    Request {
        method: request.method,
        url: request.url[..end].to_owned(),
        headers: Vec::new(),
        body: String::new(),
    }
}

/// What a verdict finds wrong.
pub fn wrong(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Delivered | Verdict::DeliveredWithWarning(_) => None,
        Verdict::Retry { why, .. }
        | Verdict::RetryAtMost { why, .. }
        | Verdict::Rejected(why)
        | Verdict::Misconfigured(why)
        | Verdict::RejectedAndBlocked(why) => Some(why),
        Verdict::Resend | Verdict::ResendAlone => Some("it is to be tried again"),
    }
}
