//! What was found out about an integration's settings: nothing is sent with them until they are mended, or it goes on.

use std::sync::Arc;
use std::time::Duration;

use bursar_domain::ids::AppId;
use bursar_domain::integrations::{Integration, Settings};
use futures_util::future::join_all;

use super::{apps, see_at_once};
use crate::actions::ActionError;
use crate::delivery::probe;
use crate::directory::{App, AppIntegration, raise_version};
use crate::state::AppState;
use crate::store::tables::integrations::{self as table, Saved};
use crate::store::{Decision, Loaded, Statement, StoreError};

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
    let why = probe::prove(state, integration, settings).await.err();
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

/// Stops an integration until its owner mends it, or with `None` lets it go on. What was found out about settings that
/// have been saved anew since, here or by another server, counts nothing: answers `false` then.
pub async fn block(
    state: &AppState,
    app: AppId,
    slug: &str,
    saved: &Saved,
    why: Option<&str>,
) -> Result<bool, StoreError> {
    block_noting(state, app, slug, saved, why, |_| None).await
}

/// As [`block`], with a record of what came of it in the same commit.
pub(super) async fn block_noting(
    state: &AppState,
    app: AppId,
    slug: &str,
    saved: &Saved,
    why: Option<&str>,
    note: impl Fn(bool) -> Option<Statement> + Send + 'static,
) -> Result<bool, StoreError> {
    // Who saves settings locks the app too.
    let reads = vec![apps::lock(app), table::select(app, slug)];
    let (slug, saved, why) = (slug.to_owned(), saved.clone(), why.map(str::to_owned));
    let decide = move |mut loaded: Loaded| -> Result<Decision<bool>, StoreError> {
        let mut rows = loaded.pop().unwrap_or_default();
        let now_there = rows.first_mut().map(table::read).transpose()?;
        let is_same = now_there.is_some_and(|row| row.saved() == saved);
        let mut writes = Vec::from_iter(note(is_same));
        if is_same {
            writes.extend([table::block(app, &slug, why.as_deref()), raise_version()]);
        }
        Ok(Decision {
            writes,
            answer: is_same,
        })
    };
    let is_same = state.store.change(reads, decide).await?;
    see_at_once(state).await;
    Ok(is_same)
}
