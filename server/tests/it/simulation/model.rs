//! What must come of what was said: who owns which chain, what access it gives, what was paid. Written from the rules
//! as people read them, with no regard to how the server works it out.

use std::collections::{BTreeMap, BTreeSet};

use bursar_domain::app::Sharing;
use bursar_domain::purchases::transaction::{Environment, PurchaseType, Transaction};

use super::access::{Access, Source, best};

pub const STORES: [&str; 3] = ["app_store", "stripe", "my_store"];
/// Those of the latest histories alone, so that the others stay as they were found.
pub const MORE_STORES: [&str; 2] = ["play_store", "paddle"];
/// For how many days after a failed charge a store goes on collecting; others do not.
const COLLECTING_DAYS: [(&str, i64); 3] = [("app_store", 60), ("play_store", 60), ("paddle", 30)];
/// For so long a renewal is waited for.
const RENEWAL_WAIT: i64 = DAY;
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Store and original id.
pub type Key = (String, String);

#[derive(Debug, Clone, Default)]
pub struct Chain {
    pub owner: Option<usize>,
    sharers: BTreeSet<usize>,
    /// As last reported.
    pub reports: BTreeMap<String, Transaction>,
    /// Revocations, by whose they are.
    cuts: BTreeMap<usize, Cut>,
    /// A newest period that was reported ahead: which it is, and the level that the chain gives until it begins.
    ahead: Option<(String, &'static str)>,
}

/// A revocation: from when on, and when a later period begins that was reported ahead and opens access again.
#[derive(Debug, Clone, Copy)]
struct Cut {
    at: i64,
    lifted_at: Option<i64>,
}

#[derive(Debug, Clone)]
struct Grant {
    level: String,
    granted_at: i64,
    access: Access,
    cut: Option<i64>,
}

/// All that is known.
#[derive(Debug, Default)]
pub struct Model {
    pub chains: BTreeMap<Key, Chain>,
    /// What the family has: a chain for each profile that reported it, whatever the payer has.
    family: BTreeMap<(usize, Key), Chain>,
    grants: BTreeMap<usize, Vec<Grant>>,
    /// Levels that nothing gives any more, each with when the last of it ended.
    ended: BTreeMap<(usize, String), Source>,
    /// Who has lost a level when this model did not say until when it was there.
    unsure: BTreeSet<usize>,
    /// Has a chain gone from one profile to another? Its events have not.
    pub handed_over: bool,
    pub deleted: bool,
    /// Was something due and the servers down? What then came in first may tell a change of access, and what was due tells
    /// it again.
    pub was_late: bool,
}

impl Chain {
    fn latest(&self) -> Option<&Transaction> {
        self.reports.values().max_by_key(|transaction| {
            (
                transaction.purchased_at,
                transaction.expires_at.unwrap_or(i64::MAX),
            )
        })
    }

    /// What was waited for has come: a period begins that was reported ahead. What it gives comes from its owner.
    fn catch_up(&mut self, is_owned: bool, now: i64) {
        self.cuts.retain(|_, cut| cut.lifted_at.is_none_or(|at| at > now));
        let has_begun = self.latest().is_some_and(|latest| latest.purchased_at <= now);
        self.ahead = self.ahead.take().filter(|_| !(is_owned && has_begun));
    }

    fn newest(&self) -> Option<String> {
        Some(self.latest()?.id.clone())
    }

    /// Takes a report in, which finds this transaction as the newest. Another one opens again what was revoked; what lies
    /// ahead, when it begins.
    fn keep(&mut self, transaction: &Transaction, newest: Option<&str>, now: i64) {
        self.catch_up(true, now);
        let level = self.level();
        let had_time = self.reports.values().any(|known| {
            let end = known.refunded_at.into_iter().chain(known.expires_at).min();
            known.purchased_at <= now && end.is_none_or(|end| end > now)
        });
        self.reports.insert(transaction.id.clone(), transaction.clone());
        if newest != self.newest().as_deref() {
            let ahead = Some(transaction.id.clone()).zip(level);
            self.ahead = ahead.filter(|_| had_time && transaction.purchased_at > now);
            let begins_at = transaction.purchased_at;
            self.cuts.retain(|_, cut| {
                let lifted_at = cut.lifted_at.unwrap_or(begins_at).min(begins_at);
                cut.lifted_at = Some(lifted_at);
                cut.at > now && lifted_at > now
            });
        }
    }

    /// From when on somebody has no access.
    fn cut_of(&self, who: usize) -> Option<i64> {
        self.cuts.get(&who).map(|cut| cut.at)
    }

    /// The level that it goes on to give until its newest period begins, which was reported ahead.
    fn level_before(&self) -> Option<&'static str> {
        let latest = self.latest()?;
        let (id, level) = self.ahead.as_ref()?;
        let is_other = level_of(latest) != Some(level);
        (latest.id == *id && is_other).then_some(level)
    }

    fn level(&self) -> Option<&'static str> {
        self.level_before().or_else(|| level_of(self.latest()?))
    }

    fn access(&self) -> Option<Access> {
        let latest = self.latest()?;
        let access = Access {
            starts_at: None,
            ends_at: self.paid_until()?,
        };
        let fails = latest.store == "stripe" && latest.grace_period_expires_at.is_none();
        Some(access.cut_at(latest.billing_issue_detected_at.filter(|_| fails)))
    }

    /// Until when its periods last, whatever became of a charge; no end: for ever.
    fn paid_until(&self) -> Option<Option<i64>> {
        let latest = self.latest()?;
        // A refund ends its period, and never prolongs what has ended.
        let end = |transaction: &Transaction| {
            let ends = [
                with_grace(transaction, latest),
                transaction.refunded_at,
                self.converted_at(transaction),
            ];
            ends.into_iter().flatten().min()
        };
        let changes_later = self.level_before().is_some();
        let counts = |other: &&Transaction| !changes_later || other.id != latest.id;
        let ends: Option<Vec<_>> = self.reports.values().filter(counts).map(end).collect();
        let end = ends.and_then(|ends| ends.into_iter().max());
        let begins_at = changes_later.then_some(latest.purchased_at);
        Some(end.into_iter().chain(begins_at).min())
    }

    /// Did it begin with a trial, and has nothing been charged?
    pub fn is_in_trial(&self) -> bool {
        let mut all = self.reports.values();
        self.reports.values().any(is_trial) && all.all(Transaction::is_free)
    }

    /// A trial is over with the first charge, if that begins clearly before its end.
    fn converted_at(&self, trial: &Transaction) -> Option<i64> {
        let (start, end) = (trial.purchased_at, trial.refunded_at.or(trial.expires_at)?);
        let charges = self.reports.values().filter(|other| !other.is_free());
        let charged = charges.map(|other| other.purchased_at).filter(|at| *at >= start);
        let clearly_before = end - DAY.min((end - start) / 2);
        charged.min().filter(|at| is_trial(trial) && *at < clearly_before)
    }

    /// When one product takes the place of another depends on what was known when it was reported. Where an older period
    /// outlasts the newest of another product, this model does not say when access ends. What the family has is not
    /// replaced, because nobody of it paid.
    fn is_settled(&self) -> bool {
        let Some(latest) = self.latest().filter(|latest| !latest.is_family_shared) else {
            return true;
        };
        let end = |transaction: &Transaction| with_grace(transaction, latest).unwrap_or(i64::MAX);
        let outlasts = |old: &Transaction| {
            old.product_id != latest.product_id && (latest.refunded_at.is_some() || end(old) > end(latest))
        };
        !self.reports.values().any(outlasts)
    }

    /// The last transaction of a chain that has been over for so long that nothing is waited for any more.
    pub fn long_over(&self, now: i64) -> Option<&Transaction> {
        let latest = self.latest()?;
        let is_over = self.waits_until()?.max(self.paid_until()?? + RENEWAL_WAIT) <= now;
        (is_over && !is_once(latest)).then_some(latest)
    }

    /// When the chain is over, if this is its last transaction and was not paid back.
    pub fn over_at(&self, id: &str) -> Option<i64> {
        let latest = self.latest()?;
        self.waits_until()
            .filter(|_| latest.id == id && latest.refunded_at.is_none())
    }

    /// Until when a charge or a renewal may still come.
    fn waits_until(&self) -> Option<i64> {
        let (latest, end) = (self.latest()?, self.paid_until()??);
        let days = COLLECTING_DAYS.iter().find(|(store, _)| *store == latest.store);
        let collecting = days.map_or(0, |(_, days)| *days * DAY);
        Some(match latest.billing_issue_detected_at {
            Some(failed) => end.max(failed + collecting),
            None if latest.will_renew => end + RENEWAL_WAIT,
            None => end,
        })
    }

    fn is_held_by(&self, who: usize) -> bool {
        self.owner == Some(who) || self.sharers.contains(&who)
    }
}

impl Model {
    /// Does the model say which access a profile has?
    pub fn is_settled(&self, who: usize) -> bool {
        !self.unsure.contains(&who) && self.holds_settled(who)
    }

    fn holds_settled(&self, who: usize) -> bool {
        self.held(who).all(Chain::is_settled)
    }

    fn held(&self, who: usize) -> impl Iterator<Item = &Chain> {
        let held = self.chains.values().filter(move |chain| chain.is_held_by(who));
        let of_family = self.family.iter().filter(move |((of, _), _)| *of == who);
        held.chain(of_family.map(|(_, chain)| chain))
    }

    /// Takes in a report. What somebody had and nothing gives any more has ended with it.
    pub fn report(
        &mut self,
        who: usize,
        named: &[bool],
        transaction: &Transaction,
        sharing: Sharing,
        now: i64,
    ) {
        self.change(named.len(), now, |model| {
            model.take_in(who, named, transaction, sharing, now);
        });
    }

    /// The servers have handled what is due by now.
    pub fn catch_up(&mut self, people: usize, now: i64) {
        self.change(people, now, |model| {
            for chain in model.chains.values_mut() {
                chain.catch_up(chain.owner.is_some(), now);
            }
            for chain in model.family.values_mut() {
                chain.catch_up(true, now);
            }
        });
    }

    fn change(&mut self, people: usize, now: i64, change: impl FnOnce(&mut Self)) {
        let everybody = 0..people;
        let before: Vec<_> = everybody
            .map(|who| (self.given(who, now), self.holds_settled(who)))
            .collect();
        change(self);
        for (who, (before, was_settled)) in before.into_iter().enumerate() {
            let sources = self.sources(who);
            let is_there = |old: &Source| {
                sources
                    .iter()
                    .any(|one| (&one.from, &one.level) == (&old.from, &old.level))
            };
            for mut old in before.into_iter().filter(|old| !is_there(old)) {
                if old.access.is_active(now) {
                    old.access.ends_at = Some(now);
                }
                let key = (who, old.level.clone());
                let last = self.ended.entry(key).or_insert_with(|| old.clone());
                if old.rank(now) > last.rank(now) {
                    *last = old;
                }
                if !was_settled {
                    self.unsure.insert(who);
                }
            }
            let outlives = |(of, level): &(usize, String), ended: &mut Source| {
                let is_shown = |one: &Source| {
                    one.level == *level && (one.from == ended.from || one.rank(now) >= ended.rank(now))
                };
                *of != who || !sources.iter().any(is_shown)
            };
            self.ended.retain(outlives);
        }
    }

    fn take_in(&mut self, who: usize, named: &[bool], transaction: &Transaction, sharing: Sharing, now: i64) {
        let key = (transaction.store.clone(), transaction.original_id.clone());
        if transaction.is_family_shared {
            return self.take_in_of_family(who, &key, transaction, now);
        }
        self.take_out(&key, &transaction.id);
        let chain = self.chains.entry(key).or_default();
        let newest = chain.newest();
        match chain.owner {
            Some(owner) if owner == who => {}
            None => {
                chain.reports.clear();
                chain.owner = Some(who);
                chain.sharers.remove(&who);
                chain.cuts.remove(&who);
            }
            Some(owner) => match (sharing, named[owner], named[who]) {
                (Sharing::Transfer, true, true) | (Sharing::Disabled, false, true) => {
                    chain.cuts.remove(&owner);
                    chain.owner = Some(who);
                    chain.sharers.clear();
                    self.handed_over = true;
                }
                (Sharing::Disabled, true, _) => {}
                _ => drop(chain.sharers.insert(who)),
            },
        }
        chain.keep(transaction, newest.as_deref(), now);
    }

    /// Whoever reports it has it, and all who have this period already see what is said of it now.
    fn take_in_of_family(&mut self, who: usize, key: &Key, transaction: &Transaction, now: i64) {
        self.family.entry((who, key.clone())).or_default();
        for ((of, other), chain) in &mut self.family {
            if other == key && (*of == who || chain.reports.contains_key(&transaction.id)) {
                let newest = chain.newest();
                chain.keep(transaction, newest.as_deref(), now);
            }
        }
    }

    /// A transaction that was in another chain leaves it.
    fn take_out(&mut self, key: &Key, id: &str) {
        for (other, chain) in &mut self.chains {
            if other.0 == key.0 && other != key {
                chain.reports.remove(id);
            }
        }
        self.chains.retain(|_, chain| !chain.reports.is_empty());
    }

    pub fn delete(&mut self, who: usize) {
        self.deleted = true;
        self.grants.remove(&who);
        self.ended.retain(|(of, _), _| *of != who);
        self.family.retain(|(of, _), _| *of != who);
        for chain in self.chains.values_mut() {
            chain.sharers.remove(&who);
            if chain.owner == Some(who) {
                chain.owner = None;
            }
        }
        self.chains
            .retain(|_, chain| chain.owner.is_some() || !chain.sharers.is_empty());
    }

    pub fn grant(&mut self, who: usize, level: &str, access: Access, now: i64) {
        let grants = self.grants.entry(who).or_default();
        grants.push(Grant {
            level: level.to_owned(),
            granted_at: now,
            access,
            cut: None,
        });
        // Those that are over make room for a new one; or if that is over itself, for the one that ended last.
        let over = |one: &Grant| {
            let access = one.access.cut_at(one.cut);
            let is_over = one.level == level && access.ends_at.is_some_and(|end| end <= now);
            is_over.then(|| (access.rank(now), one.granted_at))
        };
        let last = grants.last().and_then(over);
        let last = last.and(grants.iter().filter_map(over).max());
        grants.retain(|one| over(one).is_none() || over(one) == last);
        // One that another outlasts from its beginning on is not kept, so that a revocation does not find it.
        let span = |grant: &Grant| {
            let start = grant.access.starts_at.unwrap_or(now).max(now);
            (
                start,
                (grant.access.ends_at.unwrap_or(i64::MAX), grant.granted_at),
            )
        };
        let all = grants.clone();
        grants.retain(|one| {
            let (start, end) = span(one);
            let mut alike = all
                .iter()
                .filter(|other| other.level == one.level && other.cut.is_none());
            one.cut.is_some() || !alike.any(|other| span(other).0 <= start && span(other).1 > end)
        });
    }

    /// Cuts every source of the level that goes on.
    pub fn revoke(&mut self, who: usize, level: &str, at: Option<i64>, now: i64) {
        let cut = |access: Access, before: Option<i64>| {
            let earliest = access.starts_at.unwrap_or(now).max(now);
            let at = at.unwrap_or(earliest);
            let goes_on = access.cut_at(before).ends_at.is_none_or(|end| end > at);
            if goes_on { Some(at) } else { before }
        };
        let held = self.chains.values_mut().filter(|chain| chain.is_held_by(who));
        let of_family = self.family.iter_mut().filter(|((of, _), _)| *of == who);
        for chain in held.chain(of_family.map(|(_, chain)| chain)) {
            if let Some(access) = chain.access().filter(|_| chain.level() == Some(level))
                && let before = chain.cut_of(who)
                && let Some(at) = cut(access, before)
                && before != Some(at)
            {
                let ahead = chain.level_before().and_then(|_| chain.latest());
                let lifted_at = ahead.map(|next| next.purchased_at);
                chain.cuts.insert(who, Cut { at, lifted_at });
            }
        }
        for grant in self.grants.get_mut(&who).into_iter().flatten() {
            if grant.level == level {
                grant.cut = cut(grant.access, grant.cut);
            }
        }
    }

    /// The access levels of a profile, one each, by name.
    pub fn levels(&self, who: usize, now: i64) -> Vec<(String, Access)> {
        let ended = self.ended.iter().filter(|((of, _), _)| *of == who);
        let ended = ended.map(|(_, ended)| ended.clone());
        best(self.sources(who).into_iter().chain(ended), now)
            .into_iter()
            .map(|one| (one.level, one.access))
            .collect()
    }

    /// The access levels that something gives a profile, one each, by name.
    fn given(&self, who: usize, now: i64) -> Vec<Source> {
        best(self.sources(who).into_iter(), now)
    }

    /// All that gives a profile access.
    fn sources(&self, who: usize) -> Vec<Source> {
        let chains = self.held(who).filter_map(|chain| {
            let latest = chain.latest()?;
            Some(Source {
                from: format!("{} {}", latest.store, latest.original_id),
                level: chain.level()?.to_owned(),
                access: chain.access()?.cut_at(chain.cut_of(who)),
                since: latest.purchased_at,
            })
        });
        let grants = self.grants.get(&who).into_iter().flatten();
        let grants = grants.map(|grant| Source {
            from: format!("grant {}", grant.granted_at),
            level: grant.level.clone(),
            access: grant.access.cut_at(grant.cut),
            since: grant.granted_at,
        });
        chains.chain(grants).collect()
    }

    /// What was paid for what a profile owns, in hundredths of a cent of US dollars.
    pub fn revenue(&self, who: usize) -> i64 {
        let own = self.chains.values().filter(|chain| chain.owner == Some(who));
        own.flat_map(|chain| chain.reports.values()).map(revenue).sum()
    }

    /// Transactions of chains that somebody owns, and of what the family has, each with whose it is.
    pub fn owned(&self) -> impl Iterator<Item = (usize, &Transaction)> {
        let owned = self
            .chains
            .values()
            .filter_map(|chain| Some((chain.owner?, chain)));
        let family = self.family.iter().map(|((who, _), chain)| (*who, chain));
        let all = owned.chain(family);
        all.flat_map(|(who, chain)| chain.reports.values().map(move |report| (who, report)))
    }
}

fn level_of(transaction: &Transaction) -> Option<&'static str> {
    match transaction.product_id.as_str() {
        "gold-monthly" => Some("gold"),
        "coins" => None,
        _ => Some("premium"),
    }
}

fn is_trial(transaction: &Transaction) -> bool {
    let is_first = transaction.purchased_at == transaction.originally_purchased_at;
    is_first && transaction.is_free() && !transaction.replaces_another && !transaction.is_family_shared
}

/// When a transaction ends, as far as it was reported. Grace counts for the latest alone.
fn with_grace(transaction: &Transaction, latest: &Transaction) -> Option<i64> {
    let grace = transaction.grace_period_expires_at;
    grace
        .filter(|_| transaction.id == latest.id)
        .or(transaction.expires_at)
}

fn revenue(transaction: &Transaction) -> i64 {
    let counts = transaction.environment == Environment::Production && transaction.refunded_at.is_none();
    let cents = i64::try_from(transaction.price.value.mantissa()).unwrap();
    match transaction.price.currency.as_str() {
        _ if !counts => 0,
        "USD" => cents * 100,
        "EUR" => cents * 125,
        // Nobody has told a rate.
        _ => 0,
    }
}

pub fn is_once(transaction: &Transaction) -> bool {
    transaction.purchase_type == PurchaseType::OneTimePurchase
}
