//! Integrations that are stopped, and go on.

use bursar_domain::ids::AppId;

use crate::directory::raise_version;
use crate::state::AppState;
use crate::store::tables::apps;
use crate::store::tables::integrations::{self as table, Saved};
use crate::store::{Decision, Loaded, Statement, StoreError, rows_of};

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
pub async fn block_noting(
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
        let now_there = rows_of(&mut loaded, 1).first_mut().map(table::read).transpose()?;
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
    state.see_at_once().await;
    Ok(is_same)
}
