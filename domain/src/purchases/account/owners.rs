//! Who owns a purchase and who shares its access: rows F8, F9, F10, F11, F12 and F13 of the transition tables.

use rust_decimal::Decimal;

use super::{Party, Report, revenue};
use crate::app::Sharing;
use crate::purchases::access::AccessLevel;
use crate::purchases::holdings::{Key, Shared};
use crate::purchases::transaction::Environment;

/// What happens if somebody else owns it. Whether it is a test is said by what is known of it, not by who reports.
pub(super) fn sharing(report: &Report<'_>, parties: &[Party], key: &Key) -> Sharing {
    let of_owner = parties.iter().find_map(|party| party.holdings.environment(key));
    match of_owner.unwrap_or(report.transaction.environment) {
        Environment::Production => report.sharing,
        Environment::Sandbox => report.sandbox_sharing,
    }
}

/// Who owns the chain from now on. Shares or moves it as the app's setting says (F8 to F13).
pub(super) fn settle_owner(parties: &mut [Party], key: &Key, sharing: Sharing) -> usize {
    let owner = parties.iter().position(|party| party.holdings.owns(key));
    let Some(owner) = owner.filter(|owner| *owner != 0) else {
        return 0;
    };
    let (caller_named, owner_named) = (parties[0].is_identified, parties[owner].is_identified);
    match sharing {
        Sharing::Transfer if caller_named && owner_named => hand_over(parties, owner, key),
        Sharing::Disabled if caller_named && !owner_named => hand_over(parties, owner, key),
        // F10: the call succeeds, the newcomer gets nothing.
        Sharing::Disabled if owner_named => owner,
        // F8, F11
        Sharing::Enabled | Sharing::Transfer | Sharing::Disabled => {
            let shared = &mut parties[0].holdings.shared;
            if !shared.iter().any(|share| share.key == *key) {
                shared.push(Shared {
                    key: key.clone(),
                    access: None,
                    revoked: None,
                    ends_at: None,
                });
            }
            owner
        }
    }
}

/// F9, F12: the caller owns it from now on, its revenue too, and nobody shares it any more. A revocation is of one
/// profile alone: the owner's stays behind, the caller's own goes on.
fn hand_over(parties: &mut [Party], owner: usize, key: &Key) -> usize {
    let mut own_shares = parties[0].holdings.shared.iter();
    let revoked = own_shares
        .find(|share| share.key == *key)
        .and_then(|share| share.revoked);
    let held = &mut parties[owner].holdings;
    let mut chains: Vec<_> = held
        .chains
        .extract_if(.., |chain| key.is_of(&chain.latest))
        .collect();
    let mut one_time: Vec<_> = held
        .one_time
        .extract_if(.., |one| key.is_of(&one.transaction))
        .collect();
    let revenues = chains.iter().map(|chain| chain.revenue_usd);
    let revenues = revenues.chain(one_time.iter().map(|one| revenue(&one.transaction)));
    let moved = revenues.fold(Decimal::ZERO, Decimal::saturating_add);
    held.revenue_usd = held.revenue_usd.saturating_sub(moved);
    for chain in &mut chains {
        chain.revoked = revoked;
    }
    for one in &mut one_time {
        one.revoked = revoked;
    }
    for party in parties.iter_mut() {
        party.holdings.shared.retain(|share| share.key != *key);
    }
    let gained = &mut parties[0].holdings;
    gained.revenue_usd = gained.revenue_usd.saturating_add(moved);
    gained.chains.extend(chains);
    gained.one_time.extend(one_time);
    0
}

/// Lets everybody who shares it see it as it stands with its owner.
pub(super) fn share_access(parties: &mut [Party], owner: usize, key: &Key, now: i64) {
    let access = parties[owner].holdings.access_of(key);
    for (index, party) in parties.iter_mut().enumerate() {
        if index == owner {
            party.holdings.shared.retain(|share| share.key != *key);
        }
        for share in &mut party.holdings.shared {
            if share.key == *key {
                share.revoked = match (&share.access, &access) {
                    (Some(old), Some(new)) if is_same_period(old, new) => share.revoked,
                    (_, Some(new)) => share
                        .revoked
                        .and_then(|revoked| revoked.followed(new.purchased_at, now)),
                    (_, None) => None,
                };
                share.access.clone_from(&access);
                share.ends_at = None;
                share.catch_up(now);
            }
        }
    }
}

/// Does a revocation of the one hold for the other?
fn is_same_period(old: &AccessLevel, new: &AccessLevel) -> bool {
    old.transaction_id == new.transaction_id && old.access_level_id == new.access_level_id
}
