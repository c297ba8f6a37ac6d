//! Proves an integration's settings without an event that counts.

use bursar_domain::integrations::{Integration, Probe, Settings, Verdict};

use crate::state::AppState;

/// Makes the integration's own requests for this. Answers what is wrong, if something is; nothing is where it has no
/// such requests.
pub async fn prove(state: &AppState, integration: &Integration, settings: &Settings) -> Result<(), String> {
    let (Probe::Requests(requests, judge) | Probe::Handshake(requests, judge)) = integration.probe else {
        return Ok(());
    };
    let now = state.clock.now();
    for request in requests(settings, now) {
        let received = state.outbound.send(&request, now).await;
        let verdict = match &received {
            Ok(received) => judge(Some(&received.answer)),
            Err(error) => Verdict::retry(error.to_string()),
        };
        let why = match verdict {
            Verdict::Delivered | Verdict::DeliveredWithWarning(_) => continue,
            Verdict::Retry { why, .. }
            | Verdict::RetryAtMost { why, .. }
            | Verdict::Rejected(why)
            | Verdict::Misconfigured(why) => why,
            Verdict::Resend | Verdict::ResendAlone => "it is to be tried again".to_owned(),
        };
        let host = request.url.split('/').nth(2).unwrap_or_default();
        return Err(format!("{host}: {why}"));
    }
    Ok(())
}
