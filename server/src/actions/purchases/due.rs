//! What becomes due by time alone: ends of periods and of grace, renewals that have not come, timers.

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::purchases::account;

use super::Rules;
use super::people::People;
use super::tell::tell;
use crate::actions::ActionError;
use crate::state::AppState;
use crate::store::tables::profiles::rows_of;
use crate::store::tables::purchases;
use crate::store::{Decision, Loaded, StoreError};

/// How many profiles are looked up at a time; they are handled together, so that they share commits.
const BATCH: i64 = 512;

/// Handles everything that is due by `now`, and answers for how many profiles. Several servers may do so at once: who
/// comes second finds nothing left to do.
pub async fn handle_due(state: &AppState, now: i64) -> Result<u64, StoreError> {
    let mut handled = 0;
    loop {
        let mut rows = state.store.read(purchases::due(now, BATCH)).await?;
        if rows.is_empty() {
            return Ok(handled);
        }
        let due: Vec<_> = rows
            .iter_mut()
            .map(|row| Ok((AppId(row.uuid(0)?), ProfileId(row.uuid(1)?))))
            .collect::<Result<_, StoreError>>()?;
        let all = due
            .iter()
            .map(|(app, profile)| handle(state, *app, *profile, now));
        let results = futures_util::future::join_all(all).await;
        let mut progress = 0;
        for ((_, profile), result) in due.iter().zip(results) {
            match result {
                Ok(()) => progress += 1,
                Err(ActionError::Store(error)) if error.is_transient() => return Err(error),
                Err(error) => {
                    state.metrics.events.unreadable.inc();
                    tracing::error!(profile.id = %profile, %error, "what is due for a profile cannot be handled");
                }
            }
        }
        handled += progress;
        if progress == 0 {
            return Ok(handled);
        }
    }
}

async fn handle(state: &AppState, app: AppId, profile: ProfileId, now: i64) -> Result<(), ActionError> {
    let Some(app) = state.directory().app(app) else {
        return Ok(());
    };
    let rules = Rules::of(&app);
    let reads = vec![purchases::lock_sharers(app.id, profile)];
    let decide = move |mut loaded: Loaded| -> Result<Decision<()>, ActionError> {
        let mut people = People(Vec::new());
        people.read(rules.app.id, rows_of(&mut loaded, 0))?;
        let Some(owner) = people.position(profile) else {
            return Ok(Decision {
                writes: Vec::new(),
                answer: (),
            });
        };
        people.0.swap(0, owner);
        let mut parties = people.parties();
        let drafts = account::tick(&mut parties, rules.context(now, None));
        let mut writes = people.settle(parties, &[], &rules, now);
        writes.extend(tell(&rules, &people, drafts, None, now));
        Ok(Decision { writes, answer: () })
    };
    state.store.change(reads, decide).await
}
