//! The access levels before a change, and which of them are different after it.

use super::{Draft, Drafts, Party};
use crate::purchases::access::AccessLevel;
use crate::purchases::chain::Chain;
use crate::purchases::holdings::{Holdings, Key, Shared};
use crate::purchases::machine::{Context, clock};

/// The access levels before a change.
pub(in crate::purchases) struct Before {
    /// The chains in which something was due and is handled now, each with the instant just before that.
    due: Vec<(Key, i64)>,
    /// Of each party.
    levels: Vec<Vec<AccessLevel>>,
    /// A14: the chain in which another product has taken the place of the running one.
    replaced: Option<Key>,
    now: i64,
}

impl Before {
    /// As of now; what comes from the chains of `handled`, where something is due, as of just before that. So time
    /// alone changes nothing else: not a grant (C9, F2, F4), not a chain that is handled later.
    pub(in crate::purchases) fn of(parties: &[Party], context: Context<'_>, handled: &[Key]) -> Self {
        let due = |chain: &Chain| {
            let key = Some(Key::of(&chain.latest)).filter(|key| handled.contains(key))?;
            let due = clock::next_due(chain, context).filter(|_| chain.problem().is_none())?;
            // What is found to be overdue changes nothing before what was handled last.
            let just_before = due.saturating_sub(1).max(chain.clock);
            (due <= context.now).then_some((key, just_before))
        };
        let chains = parties.iter().flat_map(|party| &party.holdings.chains);
        let shared = parties.iter().flat_map(|party| &party.holdings.shared);
        let due_share = |share: &Shared| {
            let due = share
                .due_at()
                .filter(|due| *due <= context.now && handled.contains(&share.key))?;
            Some((share.key.clone(), due.saturating_sub(1)))
        };
        let mut before = Self {
            due: chains
                .filter_map(due)
                .chain(shared.filter_map(due_share))
                .collect(),
            levels: Vec::new(),
            replaced: None,
            now: context.now,
        };
        let levels = |party: &Party| party.holdings.levels_as_of(|level| before.instant(level));
        before.levels = parties.iter().map(levels).collect();
        before
    }

    /// A14: what the old product of the chain gave is taken away before the new one gives anything, also where both give the
    /// same level.
    pub(super) fn with_replaced(self, replaced: Option<Key>) -> Self {
        Self { replaced, ..self }
    }

    /// As of when a level is looked at.
    fn instant(&self, level: &AccessLevel) -> i64 {
        let due = self.due.iter().find(|(key, _)| key.gives(level));
        due.map_or(self.now, |(_, at)| *at)
    }

    /// A draft for each level that is different now: first those that take away, then those that give; of each its
    /// owner's before those who share it.
    pub(in crate::purchases) fn changes(&self, parties: &mut [Party], now: i64) -> Drafts {
        let mut changes = Vec::new();
        for (party, before) in parties.iter_mut().zip(&self.levels) {
            self.keep_ended(&mut party.holdings, before, now);
        }
        for (index, (party, before)) in parties.iter().zip(&self.levels).enumerate() {
            let after = party.holdings.levels(now);
            let is_same = |level: &AccessLevel| {
                let old = before
                    .iter()
                    .find(|old| old.access_level_id == level.access_level_id);
                old.is_some_and(|old| {
                    let at = self.instant(old);
                    let is_same = looks_same(old, at, level, now);
                    is_same && (old.will_renew == level.will_renew || only_closes(parties, level))
                })
            };
            let changed = || after.iter().filter(|level| !is_same(level));
            let taken = changed().filter_map(|level| self.taken_away(before, level));
            let all = taken.chain(changed().cloned());
            changes.extend(all.map(|level| (index, level)));
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
    fn taken_away(&self, before: &[AccessLevel], level: &AccessLevel) -> Option<AccessLevel> {
        let replaced = self.replaced.as_ref().filter(|key| key.gives(level))?;
        let mut gave = before.iter().filter(|old| replaced.gives(old));
        let old = gave.find(|old| old.access_level_id == level.access_level_id)?;
        (old.is_active(self.instant(old)) && level.is_active(self.now)).then(|| left(old, self.now))
    }

    /// A level that nothing gives any more stays in the list: one that was active ends now, one that was over stays as
    /// it was. It goes when something gives it again.
    fn keep_ended(&self, holdings: &mut Holdings, before: &[AccessLevel], now: i64) {
        let given = holdings.levels(now);
        let is_given = |old: &AccessLevel| {
            given
                .iter()
                .any(|level| level.access_level_id == old.access_level_id)
        };
        for old in before.iter().filter(|old| !is_given(old)) {
            let was_active = old.is_active(self.instant(old));
            let ended = if was_active { left(old, now) } else { old.clone() };
            holdings.ended.push(ended);
        }
        let shown = holdings.levels(now);
        holdings.ended.retain(|level| shown.contains(level));
    }
}

/// An active level as it is when nothing gives it any more.
fn left(old: &AccessLevel, now: i64) -> AccessLevel {
    AccessLevel {
        expires_at: Some(old.expires_at.map_or(now, |end| end.min(now))),
        will_renew: false,
        ..old.clone()
    }
}

/// FNV-1a (64 bits) over what the change detector looks at.
fn hash(level: &AccessLevel, now: i64) -> u64 {
    let seen = format!(
        "{:?}",
        (
            (level.is_active(now), level.starts_at, level.expires_at),
            (level.will_renew, level.is_in_grace_period(now), level.is_refund),
            (level.cancellation_reason, level.billing_issue_detected_at),
            (&level.product_id, &level.store, level.told_id(), &level.offer),
        )
    );
    seen.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The change detector of `access_level_updated`, renewing left out.
fn looks_same(old: &AccessLevel, at: i64, new: &AccessLevel, now: i64) -> bool {
    old.is_active(at) == new.is_active(now)
        && old.starts_at == new.starts_at
        && old.expires_at == new.expires_at
        && old.is_in_grace_period(at) == new.is_in_grace_period(now)
        && old.is_refund == new.is_refund
        && old.cancellation_reason == new.cancellation_reason
        && old.billing_issue_detected_at == new.billing_issue_detected_at
        && old.product_id == new.product_id
        && old.store == new.store
        && old.told_id() == new.told_id()
        && old.offer == new.offer
}

/// C4, C6: will it not renew any more though nobody has switched that off, because its chain is closed?
fn only_closes(parties: &[Party], level: &AccessLevel) -> bool {
    let mut chains = parties.iter().flat_map(|party| &party.holdings.chains);
    let chain = chains.find(|chain| Key::of(&chain.latest).gives(level));
    chain.is_some_and(|chain| chain.closed.is_some() && chain.latest.will_renew)
}
