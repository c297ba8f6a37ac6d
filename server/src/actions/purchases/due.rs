//! What becomes due by time alone: ends of periods and of grace, renewals that have not come, timers.

use std::collections::HashSet;

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::profile::selector::Selector;
use bursar_domain::purchases::account;
use bursar_domain::time::HOUR;
use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt, stream};

use super::Rules;
use super::findings::Findings;
use super::people::People;
use super::recheck;
use super::tell::tell;
use crate::actions::{ActionError, known_app};
use crate::state::AppState;
use crate::store::tables::purchases::Due;
use crate::store::tables::{locks, purchases};
use crate::store::{Decision, Loaded, StoreError, rows_of};

/// How many profiles are looked up at a time.
const BATCH: i64 = 8_192;
/// How many of them share a task.
const TASK: usize = 64;
/// How many tasks are at work at once: enough for full commits, and far less than may queue.
const TASKS: usize = 16;
/// When a profile that could not be handled is looked at again, in microseconds: an hour later.
const POSTPONED: i64 = HOUR;

/// A profile, and what came of what was due for it.
type Handled = (AppId, ProfileId, Result<(), ActionError>);

/// Handles everything that is due by `now`. Several servers may do so at once: who comes second finds nothing left to
/// do.
pub async fn handle_due(state: &AppState, now: i64) -> Result<(), StoreError> {
    let _one_at_a_time = state.due.lock().await;
    loop {
        let mut rows = state.store.read(purchases::due(now, BATCH)).await?;
        // A recheck that fails must not hold up what is due, of whichever app.
        if rows.is_empty() && !recheck::go_on(state, now).await? {
            return Ok(());
        }
        let due: Result<Vec<_>, _> = rows.iter_mut().map(purchases::read_due).collect();
        for (app, profile, result) in handle_all(state, &one_of_each_chain(&due?), now).await {
            match result {
                Ok(()) => {}
                Err(ActionError::Store(error)) if error.is_passing() => {
                    return Err(error);
                }
                Err(error) => set_aside(state, app, profile, now, &error).await?,
            }
        }
    }
}

/// Of profiles that share a chain one alone, the first: each locks all the others, and who comes first may handle what is due
/// for all of them. Those that are left are found again if something of theirs is due still.
fn one_of_each_chain(due: &[Due]) -> Vec<(AppId, ProfileId)> {
    let mut begun = HashSet::new();
    let mut first = Vec::new();
    for rows in due.chunk_by(|one, next| (one.app, one.profile) == (next.app, next.profile)) {
        let chains = || rows.iter().filter_map(|row| Some((row.app, row.chain.as_ref()?)));
        if !chains().any(|chain| begun.contains(&chain)) {
            begun.extend(chains());
            first.push((rows[0].app, rows[0].profile));
        }
    }
    first
}

/// Handles these profiles, on all threads. Where a task is done the next begins, so that no commit waits for the last of
/// a batch.
async fn handle_all(state: &AppState, due: &[(AppId, ProfileId)], now: i64) -> Vec<Handled> {
    let shares: Vec<_> = due.chunks(TASK).map(<[_]>::to_vec).collect();
    let tasks = stream::iter(shares).map(|some| {
        let state = state.clone();
        tokio::spawn(async move {
            let each = some.into_iter().map(|(app, profile)| {
                let handled = handle(&state, app, profile, now);
                handled.map(move |result| (app, profile, result))
            });
            join_all(each).await
        })
    });
    let handled = tasks
        .buffer_unordered(TASKS)
        .map(|done| done.expect("a task does not panic: what is decided is caught where it panics"));
    handled.collect::<Vec<_>>().await.into_iter().flatten().collect()
}

/// A profile that cannot be handled must not hold up the others.
async fn set_aside(
    state: &AppState,
    app: AppId,
    profile: ProfileId,
    now: i64,
    error: &ActionError,
) -> Result<(), StoreError> {
    state.metrics.due_failures.inc();
    if matches!(error, ActionError::Store(error) if error.is_of_profile()) {
        state.metrics.unsound_profiles.inc();
    }
    tracing::error!(profile.id = %profile, %error, "what is due for profile {profile} cannot be handled");
    let until = now.saturating_add(POSTPONED);
    state
        .store
        .write(vec![purchases::set_due(app, profile, Some(until), now)])
        .await
}

async fn handle(state: &AppState, app: AppId, profile: ProfileId, now: i64) -> Result<(), ActionError> {
    let app = known_app(state, app).await?;
    let rules = Rules::of(&app);
    let findings = Findings::default();
    let noted = findings.clone();
    let reads = vec![
        locks::all_sharers(app.id, &Selector::Id(profile)),
        locks::sharers(app.id, profile),
    ];
    let decide = move |mut loaded: Loaded| -> Result<Decision<()>, ActionError> {
        noted.begin();
        let mut people = People::default();
        people.read(rules.app.id, rows_of(&mut loaded, 1))?;
        people.require(profile)?;
        people.note_problems(&noted);
        let mut writes = Vec::new();
        if let Some(owner) = people.position(profile) {
            people.known.swap(0, owner);
            let mut parties = people.parties();
            let drafts = account::tick(&mut parties, rules.context(now, None));
            writes = people.settle(parties, &[], &rules, now);
            if writes.is_empty() {
                // The app's settings have changed since the date was noted.
                let holdings = &people.known[0].profile.holdings;
                let due_at = holdings.next_due(rules.context(now, None));
                writes.push(purchases::set_due(rules.app.id, profile, due_at, now));
            }
            writes.extend(tell(&rules, &people, drafts, now));
        }
        Ok(Decision { writes, answer: () })
    };
    let done = state.store.change(reads, decide).await;
    findings.tell(&state.metrics, done.is_ok());
    done?;
    state.wake.app(app.id);
    Ok(())
}
