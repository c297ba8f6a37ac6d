//! Access is given and taken away.

use bursar_domain::app::PREMIUM;
use bursar_domain::fields::Violation;
use bursar_domain::profile::Profile;
use bursar_domain::purchases::access_body::{GrantRequest, RevokeRequest};
use bursar_domain::purchases::account::{Drafts, Party};
use bursar_domain::purchases::grants;
use bursar_domain::purchases::holdings::Grant;
use bursar_domain::purchases::machine::Context;
use uuid::Uuid;

use super::findings::Findings;
use super::people::{People, Person};
use super::tell::tell;
use super::{Rules, refused};
use crate::actions::profiles::Request;
use crate::actions::remember::commit;
use crate::actions::{ActionError, Reply};
use crate::state::AppState;
use crate::store::tables::catalogue;
use crate::store::tables::locks;
use crate::store::tables::profiles;
use crate::store::{Decision, Loaded, rows_of};

/// Gives a profile an access level.
pub async fn grant(
    state: &AppState,
    request: Request,
    wanted: GrantRequest,
    render: impl Fn(&Profile) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let grant_id = Uuid::new_v4();
    let level = wanted.access_level_id.clone();
    let change = move |party: &mut Party, context: Context<'_>| {
        let grant = Grant {
            grant_id,
            access_level_id: wanted.access_level_id.clone(),
            granted_at: context.now,
            starts_at: wanted.starts_at,
            expires_at: wanted.expires_at,
            revoked: None,
        };
        Ok(grants::grant(party, grant, context))
    };
    change_access(state, request, &level, change, render).await
}

/// Takes an access level from a profile, now or later.
pub async fn revoke(
    state: &AppState,
    request: Request,
    wanted: RevokeRequest,
    render: impl Fn(&Profile) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let level = wanted.access_level_id.clone();
    let change = move |party: &mut Party, context: Context<'_>| {
        grants::revoke(party, &wanted.access_level_id, wanted.revoke_at, context)
    };
    change_access(state, request, &level, change, render).await
}

async fn change_access(
    state: &AppState,
    request: Request,
    level: &str,
    change: impl Fn(&mut Party, Context<'_>) -> Result<Drafts, Violation> + Send + 'static,
    render: impl Fn(&Profile) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let Request {
        app,
        selector,
        now,
        remember,
    } = request;
    let rules = Rules::of(&app);
    let findings = Findings::default();
    let noted = findings.clone();
    let reads = vec![
        locks::all_sharers(app.id, &selector),
        profiles::lock_whole(app.id, &selector),
        catalogue::access_level(app.id, level),
        locks::sharers_of(app.id, &selector),
    ];
    let is_premium = level == PREMIUM;
    let decide = move |loaded: &mut Loaded| {
        noted.begin();
        let mut people = People::of(Person::read(rules.app.id, &selector, rows_of(loaded, 1))?);
        // They are not changed; the events name them.
        people.read(rules.app.id, rows_of(loaded, 3))?;
        if !is_premium && rows_of(loaded, 2).is_empty() {
            return Err(refused(no_such_level()));
        }
        let mut parties = people.parties();
        people.note_problems(&noted);
        let drafts = change(&mut parties[0], rules.context(now, None)).map_err(refused)?;
        let mut writes = people.settle(parties, &[], &rules, now);
        writes.extend(tell(&rules, &people, drafts, now));
        let answer = people.known.swap_remove(0).profile;
        Ok(Decision { writes, answer })
    };
    let done = commit(state, remember, now, reads, decide, render).await;
    findings.tell(&state.metrics, done.is_ok());
    let reply = done?;
    state.wake.app(app.id);
    Ok(reply)
}

fn no_such_level() -> Violation {
    Violation::new(
        "paid_access_level_does_not_exist",
        "non_field_errors",
        "the app has no such access level",
    )
}
