//! What happens to profiles when a transaction is reported or becomes due: who owns it, who shares its access, which
//! events follow. Rows A20, A23, A24 and B20 of the transition tables, and F8 to F14.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::access::AccessLevel;
use super::chain::{Chain, Period};
use super::holdings::{Holdings, Key, OneTime, Shared};
use super::machine::{self, Command, Context, clock};
use super::transaction::{CancellationReason, Environment, PurchaseType, Transaction};
use crate::app::Sharing;
use crate::events::{EventKind, Fact};
use crate::fields::Violation;
use crate::ids::ProfileId;

/// A profile that a report touches.
#[derive(Debug, Clone, PartialEq)]
pub struct Party {
    /// Which.
    pub id: ProfileId,
    /// Has it a customer id?
    pub is_identified: bool,
    /// What it has.
    pub holdings: Holdings,
}

/// A report and what the app says of it.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// As reported now.
    pub transaction: Transaction,
    /// As it was reported before.
    pub known: Option<Transaction>,
    /// USD for one unit of its currency on the day of the purchase, where known.
    pub usd_rate: Option<Decimal>,
    /// What happens if somebody else owns it.
    pub sharing: Sharing,
    /// Can the product be bought again and again?
    pub is_consumable: bool,
    /// The id that a one-time purchase gets.
    pub purchase_id: Uuid,
    /// The time, and what the product gives access to.
    pub context: Context<'a>,
}

/// An event to be made.
#[derive(Debug, Clone, PartialEq)]
pub enum Draft {
    /// What the state machine found out.
    Fact(Box<Fact>),
    /// An access level changed.
    Level {
        /// As it is now.
        level: Box<AccessLevel>,
        /// Which change of the profile's access levels this is.
        number: u32,
    },
}

/// The events that follow, each with the profile that it belongs to.
pub type Drafts = Vec<(ProfileId, Draft)>;

/// Takes in a report. `parties` are the caller first, then everybody who owns or shares the chain. Answers the
/// events and the transaction as it is to be stored.
pub fn report(parties: &mut [Party], mut report: Report<'_>) -> Result<(Drafts, Transaction), Violation> {
    let key = Key::of(&report.transaction);
    let known = report.known.clone().filter(|known| {
        let was_in = Key::of(known);
        parties.iter().any(|party| party.holdings.owns(&was_in))
    });
    if let Some(known) = &known
        && known.purchase_type != report.transaction.purchase_type
    {
        return Err(Violation {
            code: "validation_error",
            source: "purchase_type".into(),
            message: "this transaction is known as another type of purchase".into(),
        });
    }
    let before = Before::of(parties, report.context, Some(&key));
    let moved_from = known.as_ref().map(Key::of).filter(|from| *from != key);
    if let Some(from) = &moved_from {
        take_out(parties, from, &report.transaction.id);
    }
    let owner = settle_owner(parties, &key, report.sharing);
    report.transaction.usd_rate = usd_rate(&report, known.as_ref());
    let stored = report.transaction.clone();
    let revenue = revenue(&stored) - known.as_ref().map(revenue).unwrap_or_default();
    let party = &mut parties[owner];
    party.holdings.revenue_usd += revenue;
    let known = known.filter(|_| moved_from.is_none());
    let mut facts = match report.transaction.purchase_type {
        PurchaseType::OneTimePurchase => buy_once(&mut party.holdings, report.clone()),
        PurchaseType::Subscription => advance(&mut party.holdings, &key, known.as_ref(), &report),
    };
    if moved_from.is_some() {
        facts.clear();
    }
    let owner_id = party.id;
    share_access(parties, owner, &key);
    let mut drafts: Drafts = facts
        .into_iter()
        .map(|fact| (owner_id, Draft::Fact(Box::new(fact))))
        .collect();
    let meant =
        |level: &AccessLevel| key.gives(level) || moved_from.as_ref().is_some_and(|from| from.gives(level));
    drafts.extend(before.changes(parties, report.context.now, meant));
    Ok((drafts, stored))
}

/// Handles what is due for the first of the parties by now; the others share its chains.
pub fn tick(parties: &mut [Party], context: Context<'_>) -> Drafts {
    let before = Before::of(parties, context, None);
    let Some(owner) = parties.first_mut() else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    let mut keys = Vec::new();
    for chain in &mut owner.holdings.chains {
        clock::catch_up(chain, context, &mut facts);
        keys.push(Key::of(&chain.latest));
    }
    facts.sort_by_key(|fact| fact.at);
    let owner_id = owner.id;
    for key in &keys {
        share_access(parties, 0, key);
    }
    let mut drafts: Drafts = facts
        .into_iter()
        .map(|fact| (owner_id, Draft::Fact(Box::new(fact))))
        .collect();
    let meant = |level: &AccessLevel| keys.iter().any(|key| key.gives(level));
    drafts.extend(before.changes(parties, context.now, meant));
    drafts
}

/// The access levels before a change.
pub(super) struct Before(Vec<(Vec<AccessLevel>, i64)>);

impl Before {
    /// As of now; where something was due and has not been handled, as of just before that.
    pub(super) fn of(parties: &[Party], context: Context<'_>, key: Option<&Key>) -> Self {
        let is_meant = |chain: &&Chain| key.is_none_or(|key| *key == Key::of(&chain.latest));
        let chains = parties.iter().flat_map(|party| &party.holdings.chains);
        let due = chains
            .filter(is_meant)
            .filter_map(|chain| clock::next_due(chain, context))
            .min();
        let at = due.map_or(context.now, |due| context.now.min(due - 1));
        Self(
            parties
                .iter()
                .map(|party| (party.holdings.levels(at), at))
                .collect(),
        )
    }

    /// One draft for each level that is different now: first those that take away, then those that give. Only levels that
    /// are `meant`, as they were or as they are: of others something may be due that is still to be told.
    pub(super) fn changes(
        &self,
        parties: &mut [Party],
        now: i64,
        meant: impl Fn(&AccessLevel) -> bool,
    ) -> Drafts {
        let mut changes = Vec::new();
        for (index, (party, (before, at))) in parties.iter().zip(&self.0).enumerate() {
            let after = party.holdings.levels(now);
            let is_told = |level: &AccessLevel| {
                let old = before
                    .iter()
                    .find(|old| old.access_level_id == level.access_level_id);
                (meant(level) || old.is_some_and(&meant))
                    && !old.is_some_and(|old| looks_same(old, *at, level, now))
            };
            let gone = before.iter().filter(|old| {
                let stays = |level: &AccessLevel| level.access_level_id == old.access_level_id;
                meant(old) && old.is_active(*at) && !after.iter().any(stays)
            });
            let ended = gone.map(|old| AccessLevel {
                expires_at: Some(now),
                ..old.clone()
            });
            let changed = after.iter().filter(|level| is_told(level)).cloned();
            changes.extend(ended.chain(changed).map(|level| (index, level)));
        }
        changes.sort_by_key(|(_, level)| level.is_active(now));
        let number = |(index, level): (usize, AccessLevel)| {
            let party: &mut Party = &mut parties[index];
            party.holdings.level_changes += 1;
            let number = party.holdings.level_changes;
            let level = Box::new(level);
            (party.id, Draft::Level { level, number })
        };
        changes.into_iter().map(number).collect()
    }
}

/// The change detector of `access_level_updated`.
fn looks_same(old: &AccessLevel, at: i64, new: &AccessLevel, now: i64) -> bool {
    old.is_active(at) == new.is_active(now)
        && old.starts_at == new.starts_at
        && old.expires_at == new.expires_at
        && old.will_renew == new.will_renew
        && old.is_in_grace_period(at) == new.is_in_grace_period(now)
        && old.is_refund == new.is_refund
        && old.cancellation_reason == new.cancellation_reason
        && old.billing_issue_detected_at == new.billing_issue_detected_at
        && old.product_id == new.product_id
        && old.store == new.store
        && old.transaction_id == new.transaction_id
        && old.offer == new.offer
}

/// Who owns the chain from now on. Shares or moves it as the app's setting says (F8 to F13).
fn settle_owner(parties: &mut [Party], key: &Key, sharing: Sharing) -> usize {
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
                });
            }
            owner
        }
    }
}

/// F9: the caller owns it from now on, and nobody shares it any more. Revenue stays where it was made.
fn hand_over(parties: &mut [Party], owner: usize, key: &Key) -> usize {
    let of_key = |transaction: &Transaction| Key::of(transaction) == *key;
    let held = &mut parties[owner].holdings;
    let chains: Vec<_> = held
        .chains
        .extract_if(.., |chain| of_key(&chain.latest))
        .collect();
    let one_time: Vec<_> = held
        .one_time
        .extract_if(.., |one| of_key(&one.transaction))
        .collect();
    for party in parties.iter_mut() {
        party.holdings.shared.retain(|share| share.key != *key);
    }
    parties[0].holdings.chains.extend(chains);
    parties[0].holdings.one_time.extend(one_time);
    0
}

/// Lets everybody who shares it see it as it stands with its owner.
fn share_access(parties: &mut [Party], owner: usize, key: &Key) {
    let access = parties[owner].holdings.access_of(key);
    for (index, party) in parties.iter_mut().enumerate() {
        if index == owner {
            party.holdings.shared.retain(|share| share.key != *key);
        }
        for share in &mut party.holdings.shared {
            if share.key == *key {
                let is_new_period = match (&share.access, &access) {
                    (Some(old), Some(new)) => old.transaction_id != new.transaction_id,
                    _ => true,
                };
                if is_new_period {
                    share.revoked = None;
                }
                share.access.clone_from(&access);
            }
        }
    }
}

/// A transaction moves to another chain: the old one goes on without it.
fn take_out(parties: &mut [Party], from: &Key, transaction_id: &str) {
    for party in parties {
        let Some(index) = party.holdings.chain(from) else {
            continue;
        };
        let chain = &mut party.holdings.chains[index];
        chain.forget(transaction_id);
        let newest = chain.periods.first().cloned();
        match newest {
            None => drop(party.holdings.chains.remove(index)),
            Some(period) if chain.latest.id == transaction_id => fall_back(chain, period),
            Some(_) => {}
        }
    }
}

/// Of the period before only its dates are at hand; the rest stays as it was last seen.
fn fall_back(chain: &mut Chain, period: Period) {
    chain.latest = Transaction {
        id: period.transaction_id,
        purchased_at: period.purchased_at,
        expires_at: period.ends_at,
        refunded_at: period.refunded_at,
        ..chain.latest.clone()
    };
}

fn advance(
    holdings: &mut Holdings,
    key: &Key,
    known: Option<&Transaction>,
    report: &Report<'_>,
) -> Vec<Fact> {
    let chain = holdings.chain(key).map(|index| holdings.chains.remove(index));
    let command = Command::Report(Box::new(report.transaction.clone()));
    let (chain, facts) = machine::apply(chain, known, command, report.context);
    holdings.chains.extend(chain);
    facts
}

/// A23, A24, B20.
fn buy_once(holdings: &mut Holdings, report: Report<'_>) -> Vec<Fact> {
    let key = Key::of(&report.transaction);
    let transaction = report.transaction;
    let stored = holdings
        .one_time
        .iter_mut()
        .find(|one| Key::of(&one.transaction) == key);
    let mut facts = Vec::new();
    let was_refunded = match stored {
        Some(stored) => {
            let old = std::mem::replace(&mut stored.transaction, transaction.clone());
            old.refunded_at.is_some()
        }
        None => {
            let gives_access = !report.is_consumable;
            holdings.one_time.push(OneTime {
                purchase_id: report.purchase_id,
                transaction: transaction.clone(),
                is_consumable: report.is_consumable,
                access_level_id: report
                    .context
                    .access_level_id
                    .filter(|_| gives_access)
                    .map(str::to_owned),
                revoked: None,
            });
            if !transaction.is_family_shared {
                facts.push(once(
                    EventKind::NonSubscriptionPurchase,
                    transaction.purchased_at,
                    &transaction,
                ));
            }
            false
        }
    };
    if let Some(at) = transaction
        .refunded_at
        .filter(|_| !was_refunded && !transaction.is_family_shared)
    {
        facts.push(Fact {
            reason: Some(
                transaction
                    .cancellation_reason
                    .unwrap_or(CancellationReason::Refund),
            ),
            refunded_share: Some(Decimal::ONE),
            ..once(EventKind::NonSubscriptionPurchaseRefunded, at, &transaction)
        });
    }
    facts
}

fn once(kind: EventKind, at: i64, transaction: &Transaction) -> Fact {
    Fact {
        kind,
        at,
        discriminator: at,
        transaction: transaction.clone(),
        subscription_expires_at: None,
        reason: None,
        consecutive_payments: 1,
        rate_after_first_year: false,
        trial_days: None,
        is_in_trial: false,
        refunded_share: None,
    }
}

/// The rate of the day of the purchase; once known it stays, also if the table is changed later.
fn usd_rate(report: &Report<'_>, known: Option<&Transaction>) -> Option<Decimal> {
    let same_currency = |known: &&Transaction| known.price.currency == report.transaction.price.currency;
    let known = known.filter(same_currency).and_then(|known| known.usd_rate);
    known.or(report.usd_rate)
}

/// What a transaction adds to its profile's total revenue.
fn revenue(transaction: &Transaction) -> Decimal {
    let counts = transaction.environment == Environment::Production
        && transaction.refunded_at.is_none()
        && !transaction.is_family_shared;
    match transaction.usd_rate.filter(|_| counts) {
        Some(rate) => transaction.price.value.checked_mul(rate).unwrap_or_default(),
        None => Decimal::ZERO,
    }
}
