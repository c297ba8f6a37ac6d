//! What was found out about an integration's settings: nothing is sent with them until they are mended, or it goes on.

use std::sync::Arc;
use std::time::Duration;

use bursar_domain::ids::AppId;
use bursar_domain::integrations::{Integration, Settings};
use futures_util::future::join_all;

use crate::actions::ActionError;
use crate::actions::integrations::block;
use crate::delivery::probe;
use crate::directory::{App, AppIntegration};
use crate::state::AppState;
use crate::store::tables::integrations::Saved;

/// Why nothing is sent with settings whose proof has not ended yet.
pub(super) const UNPROVED: &str = "it has not been proved yet";

/// How often it is looked for proofs that a server or a command was about when it was ended: longer than a proof takes.
const LOOK: Duration = Duration::from_secs(60);

/// Looks for such proofs until it is dropped.
pub async fn keep_taking_up(state: AppState) {
    loop {
        take_up(state.clone()).await;
        tokio::time::sleep(LOOK).await;
    }
}

/// Takes up the proofs that a server or a command was about when it was ended. Where another one is still at it the
/// settings are proved twice, which changes nothing.
pub async fn take_up(state: AppState) {
    let unproved: Vec<_> = {
        let directory = state.directory();
        let of_app = |app: &Arc<App>| {
            let waits = |known: &&Arc<AppIntegration>| known.blocked.as_deref() == Some(UNPROVED);
            let waiting = app.enabled().filter(waits).cloned();
            waiting.map(|known| (app.id, known)).collect::<Vec<_>>()
        };
        directory.apps().flat_map(of_app).collect()
    };
    let all = unproved.iter().map(async |(app, known)| {
        let (integration, slug) = (known.integration, known.integration.slug);
        if let Err(error) = prove(&state, *app, integration, &known.settings, &known.saved).await {
            tracing::warn!(
                %error, app.id = %app, slug,
                "what came of the handshake of {slug} of the app {app} could not be written down; save its settings anew"
            );
        }
    });
    join_all(all).await;
}

/// Proves the settings and notes what came of it, unless they were saved anew meanwhile. Answers why nothing may be sent
/// with them, if so.
pub(super) async fn prove(
    state: &AppState,
    app: AppId,
    integration: &Integration,
    settings: &Settings,
    saved: &Saved,
) -> Result<Option<String>, ActionError> {
    let why = probe::prove(state, integration, settings).await;
    let slug = integration.slug;
    if !block(state, app, slug, saved, why.as_deref()).await? {
        return Ok(why);
    }
    match &why {
        None => state.workers.note_proof(app, slug),
        Some(_) => tracing::warn!(
            app.id = %app, slug,
            "{slug} of the app {app} has not passed its handshake; nothing is sent until it does"
        ),
    }
    Ok(why)
}
