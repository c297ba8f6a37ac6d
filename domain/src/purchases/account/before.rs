//! The access levels before a change, and which of them are different after it.

use serde::Serialize;

use super::{Draft, Drafts, Party};
use crate::fnv::fnv1a;
use crate::purchases::access::AccessLevel;
use crate::purchases::holdings::{Holdings, Key, Seen, shown_of};
use crate::purchases::machine::{Context, clock};

/// The access levels before a change.
pub(in crate::purchases) struct Before<'a> {
    /// What gave them to each party: of each level first what was shown.
    sources: Vec<Vec<Seen>>,
    /// A14: the chain in which another product has taken the place of the running one.
    replaced: Option<Key>,
    context: Context<'a>,
}

/// A chain or share in which something is due and has not been handled.
struct Overdue {
    key: Key,
    /// Whose it is, where others have one of their own under the same key, or see it as it stands with its owner.
    party: Option<usize>,
    /// Just before that.
    at: i64,
}

/// What is overdue with the parties.
fn overdue(parties: &[Party], context: Context<'_>) -> Vec<Overdue> {
    let mut overdue = Vec::new();
    for (index, party) in parties.iter().enumerate() {
        for chain in &party.holdings.chains {
            let key = Key::of(&chain.latest);
            let due = clock::next_due(chain, context).filter(|due| *due <= context.now);
            overdue.extend(due.filter(|_| chain.problem().is_none()).map(|due| Overdue {
                party: key.is_of_family.then_some(index),
                key,
                // What is found to be overdue changes nothing before what was handled last.
                at: due.saturating_sub(1).max(chain.clock),
            }));
        }
        for share in &party.holdings.shared {
            let due = share.due_at().filter(|due| *due <= context.now);
            overdue.extend(due.map(|due| Overdue {
                party: Some(index),
                key: share.key.clone(),
                at: due.saturating_sub(1),
            }));
        }
    }
    overdue
}

/// What gives each party its levels as of now; what comes from where something is due as of just before that. So time alone
/// changes nothing until it is handled: not a grant (C9, F2, F4), not a chain that is handled later.
fn sources(parties: &[Party], context: Context<'_>) -> Vec<Vec<Seen>> {
    let overdue = overdue(parties, context);
    let of_party = |(index, party): (usize, &Party)| {
        party.holdings.sources_as_of(|level, is_of_family| {
            let mut causes = overdue.iter().filter(|one| one.key.gives(level));
            let due = causes.find(|one| {
                one.key.is_of_family == is_of_family && one.party.is_none_or(|party| party == index)
            });
            due.map_or(context.now, |one| one.at)
        })
    };
    parties.iter().enumerate().map(of_party).collect()
}

impl<'a> Before<'a> {
    /// As they are.
    pub(in crate::purchases) fn of(parties: &[Party], context: Context<'a>) -> Self {
        Self {
            sources: sources(parties, context),
            replaced: None,
            context,
        }
    }

    /// A14: what the old product of the chain gave is taken away before the new one gives anything, also where both give the
    /// same level.
    pub(super) fn with_replaced(self, replaced: Option<Key>) -> Self {
        Self { replaced, ..self }
    }

    /// A draft for each level that is different now: first those that take away, then those that give; of each its
    /// owner's before those who share it. What is handled later is told then.
    pub(in crate::purchases) fn changes(&self, parties: &mut [Party]) -> Drafts {
        let now = self.context.now;
        let mut changes = Vec::new();
        for (party, before) in parties.iter_mut().zip(&self.sources) {
            keep_ended(&mut party.holdings, before, now);
        }
        let after = sources(parties, self.context).into_iter().map(shown_of);
        for (index, (before, after)) in self.sources.iter().zip(after).enumerate() {
            let is_same = |level: &AccessLevel| {
                shown(before, level).is_some_and(|old| {
                    looks_same(old, level, now)
                        || only_closes(parties, level) && looks_same(&renewing_as(level, old), level, now)
                        || only_runs_out(level, old, now)
                })
            };
            let is_settled = |seen: &Seen| seen.level.is_active(seen.at) == seen.level.is_active(now);
            let after = after.into_iter().filter(is_settled).map(|seen| seen.level);
            let changed: Vec<_> = after.filter(|level| !is_same(level)).collect();
            let taken: Vec<_> = changed
                .iter()
                .filter_map(|level| self.taken_away(before, level))
                .collect();
            changes.extend(taken.into_iter().chain(changed).map(|level| (index, level)));
        }
        let is_shared =
            |index: usize, level: &AccessLevel| !parties[index].holdings.owns(&Key::of_level(level));
        changes.sort_by_key(|(index, level)| (level.is_active(now), is_shared(*index, level)));
        let tell = |(index, level): (usize, AccessLevel)| {
            let party: &mut Party = &mut parties[index];
            let seen = hash(&level, now);
            let told = party.holdings.told.insert(level.access_level_id.clone(), seen);
            if told == Some(seen) {
                return None;
            }
            party.holdings.level_changes += 1;
            let number = party.holdings.level_changes;
            let level = Box::new(level);
            Some((party.id, Draft::Level { level, number }))
        };
        changes.into_iter().filter_map(tell).collect()
    }

    /// The level as the old product of the replaced chain leaves it, if that product gave it and the new one gives it now.
    fn taken_away(&self, before: &[Seen], level: &AccessLevel) -> Option<AccessLevel> {
        let replaced = self.replaced.as_ref().filter(|key| key.gives(level))?;
        let old = shown(before, level)?;
        let now = self.context.now;
        (replaced.gives(&old.level) && old.level.is_active(old.at) && level.is_active(now))
            .then(|| left(&old.level, now))
    }
}

/// What was shown of the level.
fn shown<'b>(before: &'b [Seen], level: &AccessLevel) -> Option<&'b Seen> {
    let is_it = |old: &&Seen| old.level.access_level_id == level.access_level_id;
    before.iter().find(is_it)
}

/// A level whose source is gone stays in the list: one that was active ends now, one that was over stays as it was. It
/// goes when something else is shown in its place, and when its source gives it again.
fn keep_ended(holdings: &mut Holdings, before: &[Seen], now: i64) {
    // Those of earlier changes are among what was there before.
    holdings.ended.clear();
    let given: Vec<_> = holdings.sources().map(|(level, _)| level).collect();
    let is_given = |old: &AccessLevel| given.iter().any(|level| level.is_from_the_source_of(old));
    for old in before.iter().filter(|old| !is_given(&old.level)) {
        let was_active = old.level.is_active(old.at);
        let ended = if was_active {
            left(&old.level, now)
        } else {
            old.level.clone()
        };
        holdings.ended.push(ended);
    }
    if !holdings.ended.is_empty() {
        let shown = holdings.levels(now);
        holdings.ended.retain(|level| shown.contains(level));
    }
}

/// An active level as it is when nothing gives it any more.
fn left(old: &AccessLevel, now: i64) -> AccessLevel {
    AccessLevel {
        will_renew: false,
        ..old.clone().ending_by(now)
    }
}

/// What the change detector of `access_level_updated` looks at.
///
/// What was told of a level is kept as a hash of this as JSON ([`Holdings::told`]). So what it holds is part of the stored
/// format: after a change of it the server would no longer know what it has told.
fn watched(level: &AccessLevel, at: i64) -> impl PartialEq + Serialize {
    (
        (level.is_active(at), level.starts_at, level.expires_at),
        (level.will_renew, level.is_in_grace_period(at), level.is_refund),
        (level.cancellation_reason, level.billing_issue_detected_at),
        (&level.product_id, &level.store, level.told_id(), &level.offer),
    )
}

/// What is kept of a level that is told.
fn hash(level: &AccessLevel, now: i64) -> u64 {
    let text = serde_json::to_string(&watched(level, now));
    fnv1a(&text.expect("texts and numbers always serialise"))
}

fn looks_same(old: &Seen, new: &AccessLevel, now: i64) -> bool {
    watched(&old.level, old.at) == watched(new, now)
}

/// The old level with what the new one says of renewing.
fn renewing_as(new: &AccessLevel, old: &Seen) -> Seen {
    let level = AccessLevel {
        will_renew: new.will_renew,
        ..old.level.clone()
    };
    Seen { level, ..*old }
}

/// C4, C6: will it not renew any more though nobody has switched that off, because its chain is closed?
fn only_closes(parties: &[Party], level: &AccessLevel) -> bool {
    let mut chains = parties.iter().flat_map(|party| &party.holdings.chains);
    chains
        .any(|chain| Key::of(&chain.latest).gives(level) && chain.closed.is_some() && chain.latest.will_renew)
}

/// F4: did a grant take over when what was shown ended, and has run out before that end was found?
fn only_runs_out(level: &AccessLevel, old: &Seen, now: i64) -> bool {
    let takes_over_at = |end: i64| end <= now && level.is_active(end) && !level.is_active(now);
    level.is_grant() && old.level.is_active(old.at) && old.level.expires_at.is_some_and(takes_over_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::purchases::samples::*;
    use crate::purchases::transaction::{CancellationReason, Environment, Offer, OfferKind};

    fn level() -> AccessLevel {
        AccessLevel {
            access_level_id: "premium".into(),
            store: "app_store".into(),
            product_id: "monthly".into(),
            base_plan_id: None,
            transaction_id: "t2".into(),
            original_id: "t1".into(),
            offer: Some(Offer {
                category: "introductory".into(),
                kind: OfferKind::PayAsYouGo,
                id: Some("winter".into()),
            }),
            environment: Environment::Production,
            starts_at: None,
            purchased_at: START,
            originally_purchased_at: START,
            expires_at: Some(day(30)),
            subscription_expires_at: Some(day(20)),
            renewal_cancelled_at: None,
            billing_issue_detected_at: Some(day(20)),
            grace_period_expires_at: Some(day(30)),
            cancellation_reason: Some(CancellationReason::BillingError),
            is_refund: false,
            will_renew: true,
            activated_at: START,
            renewed_at: None,
            currency: None,
            store_country: None,
            trial_days: None,
            variation_id: None,
        }
    }

    #[test]
    fn what_is_watched_is_stored_as_ever() {
        let text = concat!(
            r#"[[true,null,1644192000000000],[true,true,false],["billing_error",1643328000000000],"#,
            r#"["monthly","app_store","t2",{"category":"introductory","type":"pay_as_you_go","id":"winter"}]]"#
        );
        assert_eq!(serde_json::to_string(&watched(&level(), day(25))).unwrap(), text);
        assert_eq!(hash(&level(), day(25)), 8_070_921_425_506_394_287);
        assert_eq!(hash(&level(), day(30)), 3_509_333_477_326_366_445);
    }
}
