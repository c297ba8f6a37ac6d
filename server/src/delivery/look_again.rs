//! What waits is looked at anew once settings were saved that may ask for less.
//!
//! It may be a million lanes. So they are let go some at a time, each time when nothing else is due: what comes meanwhile
//! waits for those few at most. How far it is stands in `releases`, so that a server that starts goes on with it.

use bursar_domain::ids::AppId;

use crate::directory::{NEVER_ORDERED_FOR, Target};
use crate::failing::Failing;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::tables::integrations::Saved;
use crate::store::tables::releases;

/// How many lanes are let go at a time, at most.
const BATCH: usize = 128;
/// How many are looked at for that: those that do not wait are passed over.
const LOOKED_AT: usize = 4_096;

/// What is left of a part.
#[derive(PartialEq, Eq)]
enum Left {
    /// Nothing was ordered, or all is let go.
    Nothing,
    /// It is not time, or something else is due.
    Later,
    /// Some were let go.
    More,
}

/// Whether what waits for an integration is to be looked at anew.
#[derive(Default)]
pub struct LookAgain {
    /// By which save of the settings nothing was left to look at.
    done: Option<Saved>,
    failing: Failing,
}

impl LookAgain {
    /// Lets some of what waits go, due `at` this time, if that is ordered. Answers whether it did.
    pub async fn by(
        &mut self,
        saved: &Saved,
        state: &AppState,
        (app, slug): (AppId, &str),
        targets: &[Target],
        at: i64,
    ) -> bool {
        if self.done.as_ref() == Some(saved) {
            return false;
        }
        let looked = self.look(saved, state, targets, at).await;
        let has_let_go = matches!(looked, Ok(true));
        self.failing.tell(
            looked,
            |error| {
                tracing::warn!(
                    %error, app.id = %app, slug,
                    "what waits of the app {app} for {slug} could not be looked at by its new settings; it is tried again"
                );
            },
            || {
                tracing::info!(
                    app.id = %app, slug,
                    "what waits of the app {app} for {slug} is looked at by its new settings"
                );
            },
        );
        has_let_go
    }

    async fn look(
        &mut self,
        saved: &Saved,
        state: &AppState,
        targets: &[Target],
        at: i64,
    ) -> Result<bool, StoreError> {
        let (mut is_done, mut has_let_go) = (true, false);
        for target in targets {
            let left = let_some_go(state, *target, at).await?;
            is_done &= left == Left::Nothing;
            has_let_go |= left == Left::More;
        }
        if is_done {
            self.done = Some(saved.clone());
        }
        Ok(has_let_go)
    }
}

async fn let_some_go(state: &AppState, target: Target, at: i64) -> Result<Left, StoreError> {
    let Some(release) = releases::read(&state.store.read(releases::select(target.id)).await?)? else {
        return Ok(Left::Nothing);
    };
    let is_early = release.due_at > at && release.due_at <= at.saturating_add(NEVER_ORDERED_FOR);
    if is_early || release.first_due.is_some_and(|due_at| due_at <= at) {
        return Ok(Left::Later);
    }
    let rows = state.store.read(releases::next(&release, LOOKED_AT)).await?;
    let (mut waiting, mut last) = (0, None);
    for row in &rows {
        waiting += usize::from(row.int(1)? == 1);
        last = Some(row.uuid(0)?);
        if waiting == BATCH {
            break;
        }
    }
    let is_end = waiting < BATCH && rows.len() < LOOKED_AT;
    let mut writes = Vec::new();
    if let Some(last) = last.filter(|_| waiting > 0) {
        writes.push(releases::make_due(&release, last, at));
    }
    writes.push(match last.filter(|_| !is_end) {
        Some(last) => releases::advance(&release, last),
        None => releases::finish(&release),
    });
    state.store.write(writes).await?;
    Ok(Left::More)
}
