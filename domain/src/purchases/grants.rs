//! Access given and taken away through our API: rows F1 to F7 of the transition tables.

use super::access::AccessLevel;
use super::account::{Before, Drafts, Party};
use super::chain::Revoked;
use super::holdings::Grant;
use super::machine::Context;
use crate::fields::Violation;

/// F1, F2, F3: gives an access level. A second grant extends and never shortens: the later end wins.
pub fn grant(party: &mut Party, grant: Grant, context: Context<'_>) -> Drafts {
    let parties = std::slice::from_mut(party);
    let before = Before::of(parties, context);
    let grants = &mut parties[0].holdings.grants;
    let level = grant.access_level_id.clone();
    grants.push(grant);
    // To show that the level was there, the new one is enough, or if it is over itself the one that ended last.
    let ended = |grant: &Grant| {
        let end = grant.access().expires_at.filter(|end| *end <= context.now)?;
        let has_begun = grant.starts_at.is_none_or(|start| start < end);
        (grant.access_level_id == level).then_some((has_begun, end, grant.granted_at))
    };
    let is_over = grants.last().and_then(ended);
    let last = is_over.and(grants.iter().filter_map(ended).max());
    grants.retain(|grant| ended(grant).is_none() || ended(grant) == last);
    drop_covered(grants, &level, context.now);
    before.changes(parties)
}

/// Drops each grant of the level that is never shown beside another one, which from now on begins no later and ends later,
/// or at the same time and was given later. What was revoked is left alone.
fn drop_covered(grants: &mut Vec<Grant>, level: &str, now: i64) {
    let span = |grant: &Grant| {
        let is_meant = grant.access_level_id == level && grant.revoked.is_none();
        let start = grant.starts_at.unwrap_or(now).max(now);
        let end = grant.expires_at.unwrap_or(i64::MAX);
        is_meant.then_some((start, (end, grant.granted_at)))
    };
    let spans: Vec<_> = grants.iter().filter_map(span).collect();
    grants.retain(|one| {
        let is_covered = |(start, rank): (i64, (i64, i64))| {
            spans
                .iter()
                .any(|(its_start, its_rank)| *its_start <= start && *its_rank > rank)
        };
        !span(one).is_some_and(is_covered)
    });
}

/// F5, F6, F7: takes an access level away, now or from `at` on, whatever it came from. A chain's own dates stay: its next
/// period gives access again.
pub fn revoke(
    party: &mut Party,
    access_level_id: &str,
    at: Option<i64>,
    context: Context<'_>,
) -> Result<Drafts, Violation> {
    let now = context.now;
    let levels = party.holdings.levels(now);
    let shown = levels
        .iter()
        .find(|level| level.access_level_id == access_level_id);
    let Some(shown) = shown else {
        return Err(Violation::new(
            "profile_paid_access_level_does_not_exist",
            "non_field_errors",
            "the profile never had this access level",
        ));
    };
    if let Some(at) = at {
        check(at, shown, now)?;
    }
    let parties = std::slice::from_mut(party);
    let before = Before::of(parties, context);
    cut(&mut parties[0], access_level_id, at, now);
    Ok(before.changes(parties))
}

fn check(at: i64, shown: &AccessLevel, now: i64) -> Result<(), Violation> {
    if at <= now {
        return Err(Violation::new(
            "value_error",
            "revoke_at",
            "must be in the future",
        ));
    }
    if shown.expires_at.is_some_and(|end| at > end) {
        return Err(Violation::new(
            "revocation_date_more_than_expiration_date",
            "revoke_at",
            "must not be later than the access level's end",
        ));
    }
    Ok(())
}

/// Cuts every source of the level that has not ended by then.
fn cut(party: &mut Party, access_level_id: &str, at: Option<i64>, now: i64) {
    let revoked = |level: &AccessLevel| {
        let is_meant = level.access_level_id == access_level_id;
        let earliest = level.starts_at.unwrap_or(now).max(now);
        let at = at.unwrap_or(earliest);
        let goes_on = level.expires_at.is_none_or(|end| end > at);
        (is_meant && goes_on).then_some(Revoked {
            at,
            said_at: now,
            lifted_at: None,
        })
    };
    let holdings = &mut party.holdings;
    for chain in &mut holdings.chains {
        let cut = chain.access().as_ref().and_then(revoked);
        // What another product gives later is another level.
        let lifted_at = chain.level_changes_at().map(|(begins_at, _)| begins_at);
        let cut = cut.map(|cut| Revoked { lifted_at, ..cut });
        chain.revoked = cut.or(chain.revoked);
    }
    for one_time in &mut holdings.one_time {
        let cut = one_time.access().as_ref().and_then(revoked);
        one_time.revoked = cut.or(one_time.revoked);
    }
    for grant in &mut holdings.grants {
        grant.revoked = revoked(&grant.access()).or(grant.revoked);
    }
    for share in &mut holdings.shared {
        let cut = share.access().as_ref().and_then(revoked);
        share.revoked = cut.or(share.revoked);
    }
}
