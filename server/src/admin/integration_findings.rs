//! What this server has found out of an app's integration by sending. It changes nothing of the integration's status.

use bursar_domain::ids::AppId;
use bursar_domain::integrations::{self, Problem};

use super::integrations::IntegrationBody;
use crate::state::AppState;

/// With that nothing is sent for a while, with what comes to nothing one after the other, and with what was said against what
/// was last delivered.
pub(super) fn with(state: &AppState, app: AppId, mut body: IntegrationBody) -> IntegrationBody {
    let Some(integration) = integrations::find(body.slug).filter(|_| body.enabled) else {
        return body;
    };
    for pause in state.workers.pauses(&state.clock, app, integration) {
        let detail = format!("nothing is sent {}", pause.words);
        let field = pause.setting.map(|setting| format!("settings.{setting}"));
        let field = field.unwrap_or_else(|| "status".into());
        body.problems.push(Problem::new(field, detail));
    }
    if let Some(known) = state
        .directory()
        .app(app)
        .and_then(|app| app.integration(integration.slug))
    {
        body.problems
            .extend(state.workers.losses(app, known, state.clock.now()));
    }
    if let Some(warning) = state.workers.warning(app, integration.slug) {
        let detail = format!("what was last delivered was taken with a warning: {warning}");
        body.problems.push(Problem::new("status", detail));
    }
    body
}
