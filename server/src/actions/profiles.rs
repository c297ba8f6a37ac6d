//! What the compatible API does with profiles.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::profile::attribution::{Attribution, WEB};
use bursar_domain::profile::identifiers::IdentifierChanges;
use bursar_domain::profile::selector::Selector;
use bursar_domain::profile::{self, Details, Found, Profile, ProfileChanges, Saving};
use uuid::Uuid;

use super::deliveries::release;
use super::purchases::{Findings, leave};
use super::remember::{Remember, commit};
use super::{ActionError, Reply};
use crate::directory::App;
use crate::state::AppState;
use crate::store::tables::deliveries;
use crate::store::tables::events;
use crate::store::tables::lanes;
use crate::store::tables::locks;
use crate::store::tables::profiles;
use crate::store::tables::purchases;
use crate::store::{Decision, Loaded, Statement, rows_of};

/// A request that changes one profile: of which app, which profile, when, and whether to remember it.
#[derive(Clone)]
pub struct Request {
    /// The caller's app.
    pub app: Arc<App>,
    /// Which profile it means.
    pub selector: Selector,
    /// When it came.
    pub now: i64,
    /// Its idempotency key.
    pub remember: Option<Remember>,
}

/// Makes a change after which deliveries that waited may go on: wakes the app's workers if it wrote anything.
async fn commit_and_wake<T: Send + 'static>(
    state: &AppState,
    app: AppId,
    remember: Option<Remember>,
    now: i64,
    reads: Vec<Statement>,
    decide: impl Fn(&mut Loaded) -> Result<Decision<T>, ActionError> + Send + 'static,
    render: impl Fn(&T) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    // As it was last decided.
    let wrote = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&wrote);
    let decide = move |loaded: &mut Loaded| {
        let decision = decide(loaded)?;
        noted.store(!decision.writes.is_empty(), Ordering::Relaxed);
        Ok(decision)
    };
    let reply = commit(state, remember, now, reads, decide, render).await?;
    if wrote.load(Ordering::Relaxed) {
        state.wake.app(app);
    }
    Ok(reply)
}

/// Sets and clears identifiers of a profile, and nothing else.
pub async fn set_identifiers(
    state: &AppState,
    request: Request,
    changes: IdentifierChanges,
    render: impl Fn(&Profile) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let Request {
        app,
        selector,
        now,
        remember,
    } = request;
    let id = app.id;
    let reads = vec![profiles::lock(id, &selector)];
    let decide = move |loaded: &mut Loaded| {
        let rows = rows_of(loaded, 0);
        let row = profiles::row_of(rows)?;
        let mut profile = selector.pick(profiles::read(id, rows)?)?;
        let changed = profile.set_identifiers(&changes, now);
        let writes = if changed {
            let update = profiles::update_identifiers(&profile, &selector, row);
            and_release(update, &app, &profile, now)
        } else {
            Vec::new()
        };
        Ok(Decision {
            writes,
            answer: profile,
        })
    };
    commit_and_wake(state, id, remember, now, reads, decide, render).await
}

/// Creates a profile, links a customer id to one, or updates the one that is meant.
pub async fn create(
    state: &AppState,
    request: Request,
    changes: ProfileChanges,
    render: impl Fn(&Profile) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let Request {
        app,
        selector,
        now,
        remember,
    } = request;
    let id = app.id;
    let by_id = selector.profile_id().map(Selector::Id);
    let by_customer = selector
        .customer_id()
        .map(|customer| Selector::Customer(customer.to_owned()));
    let both = locks::both(id, &selector);
    let first = both.iter().count();
    let each = by_id.iter().chain(&by_customer);
    let reads = both
        .into_iter()
        .chain(each.map(|by| profiles::lock_whole(id, by)))
        .collect();
    let fresh = ProfileId(Uuid::new_v4());
    let changes = as_kept(changes, &app);
    let decide = move |loaded: &mut Loaded| {
        let mut found = Found::default();
        if by_id.is_some() {
            found.by_id = profiles::read_whole(id, rows_of(loaded, first))?;
        }
        if by_customer.is_some() {
            let place = first + usize::from(by_id.is_some());
            found.by_customer = profiles::read_whole(id, rows_of(loaded, place))?;
        }
        let (profile, details, saving) = profile::create(id, &selector, found, &changes, fresh, now)?;
        let writes = match saving {
            Saving::Insert => vec![profiles::insert(&profile, &details)],
            Saving::Update => and_release(profiles::update(&profile, &details), &app, &profile, now),
            Saving::Nothing => Vec::new(),
        };
        Ok(Decision {
            writes,
            answer: profile,
        })
    };
    commit_and_wake(state, id, remember, now, reads, decide, render).await
}

/// Changes what the body names and nothing else.
pub async fn update(
    state: &AppState,
    request: Request,
    changes: ProfileChanges,
    render: impl Fn(&Profile) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let Request {
        app,
        selector,
        now,
        remember,
    } = request;
    let id = app.id;
    let reads = vec![profiles::lock_whole(id, &selector)];
    let changes = as_kept(changes, &app);
    let decide = move |loaded: &mut Loaded| {
        let (found, details) = profiles::read_whole(id, rows_of(loaded, 0))?.unzip();
        let mut profile = selector.pick(found)?;
        let mut details = details.unwrap_or_default();
        let changed = profile.update(&mut details, &changes, now)?;
        let writes = if changed {
            and_release(profiles::update(&profile, &details), &app, &profile, now)
        } else {
            Vec::new()
        };
        Ok(Decision {
            writes,
            answer: profile,
        })
    };
    commit_and_wake(state, id, remember, now, reads, decide, render).await
}

/// Notes where the customer came from, as the web API reports it.
pub async fn set_attribution(
    state: &AppState,
    request: Request,
    told: Attribution,
    render: impl Fn() -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let change = move |details: &mut Details| details.attributions.set(WEB, told.clone());
    change_details(state, request, change, move |_| render()).await
}

/// Changes details that no identifier is taken from, so that no delivery waits for them. `change` answers whether
/// anything is different now.
pub(super) async fn change_details(
    state: &AppState,
    request: Request,
    change: impl Fn(&mut Details) -> bool + Send + 'static,
    render: impl Fn(&(ProfileId, Details)) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let Request {
        app,
        selector,
        now,
        remember,
    } = request;
    let reads = vec![profiles::lock_whole(app.id, &selector)];
    let decide = move |loaded: &mut Loaded| {
        let (found, details) = profiles::read_whole(app.id, rows_of(loaded, 0))?.unzip();
        let mut profile = selector.pick(found)?;
        let mut details = details.unwrap_or_default();
        let mut writes = Vec::new();
        if change(&mut details) {
            profile.touch(now);
            writes.push(profiles::update(&profile, &details));
        }
        Ok(Decision {
            writes,
            answer: (profile.id, details),
        })
    };
    commit(state, remember, now, reads, decide, render).await
}

/// The changes without what the app does not keep.
fn as_kept(mut changes: ProfileChanges, app: &App) -> ProfileChanges {
    if !app.settings.collect_ip {
        changes.forget_ip_address();
    }
    changes
}

/// The update with what it lets go on: deliveries that waited for what it sets.
fn and_release(update: Statement, app: &App, profile: &Profile, now: i64) -> Vec<Statement> {
    std::iter::once(update)
        .chain(release(app, profile, now))
        .collect()
}

/// Deletes a profile and all that is known of it, past events and their deliveries included. Its customer id is free again.
///
/// Answers that were remembered for an `Idempotency-Key` stay, sealed, until their 24 hours are over; they may hold
/// the profile as it was.
pub async fn delete(
    state: &AppState,
    app: &Arc<App>,
    selector: Selector,
    now: i64,
) -> Result<(), ActionError> {
    let app = Arc::clone(app);
    let id = app.id;
    let findings = Findings::default();
    let noted = findings.clone();
    let reads = vec![
        locks::all_sharers(id, &selector),
        profiles::lock(id, &selector),
        locks::sharers_of(id, &selector),
    ];
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        let rows = rows_of(&mut loaded, 1);
        let row = profiles::row_of(rows)?;
        let profile = selector.pick(profiles::read(id, rows)?)?;
        let sharers = rows_of(&mut loaded, 2);
        Ok(Decision {
            writes: [
                &leave(&noted, &app, profile.clone(), row, sharers, now)?[..],
                &lanes::delete_of(id, profile.id)[..],
                &deliveries::delete_of(id, profile.id),
                &[
                    profiles::delete(&profile),
                    purchases::part_from_all(id, profile.id),
                    events::delete_of(id, profile.id),
                ],
            ]
            .concat(),
            answer: (),
        })
    };
    let done = state.store.change(reads, decide).await;
    findings.tell(&state.metrics, done.is_ok());
    done
}

/// The profile that the selector means.
pub async fn read(state: &AppState, app: AppId, selector: &Selector) -> Result<Profile, ActionError> {
    let mut rows = state.store.read(profiles::select(app, selector)).await?;
    Ok(selector.pick(profiles::read(app, &mut rows)?)?)
}
