//! What happens to profiles when a transaction is reported or becomes due: who owns it, who shares its access, which
//! events follow. Rows A20 and F14 of the transition tables; F8 to F13 are in [`owners`], those of one-time purchases in
//! [`one_time`].

mod before;
mod family;
mod kept;
mod notification;
mod one_time;
mod owners;
#[cfg(test)]
mod tests;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::access::AccessLevel;
use super::holdings::{Holdings, Key, Shared};
use super::machine::{self, Command, Context, clock};
use super::transaction::{Environment, PurchaseType, Transaction};
use crate::app::Sharing;
use crate::events::{EventKind, Fact};
use crate::fields::Violation;
use crate::ids::ProfileId;
pub(super) use before::Before;
use kept::{complete, is_of_unknown_product};
pub use notification::notify;
use one_time::buy_once;
use owners::{settle_owner, share_access, sharing};

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
    /// What its chain shows when it has left it or is not the latest any more; see [`uncovers`].
    pub uncovered: Option<Transaction>,
    /// USD for one unit of its currency on the day of the purchase, where known.
    pub usd_rate: Option<Decimal>,
    /// What happens if somebody else owns it. F13: that may be another setting for the sandbox.
    pub sharing: Sharing,
    /// The same in the sandbox.
    pub sandbox_sharing: Sharing,
    /// What the catalogue says that the product costs without any offer, in the transaction's currency.
    pub regular_price: Option<Decimal>,
    /// Can the product be bought again and again?
    pub is_consumable: bool,
    /// Is the product in the catalogue?
    pub is_known_product: bool,
    /// The id that a one-time purchase gets. The mark of a new chain is taken from it.
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
    let was_stored = report.known.take();
    // F14: what only a deleted profile knew is news.
    let is_known = |known: &&Transaction| parties.iter().any(|party| party.holdings.knows(known));
    let known = was_stored.as_ref().filter(is_known);
    refuse_another_type(known, &report.transaction)?;
    let before = Before::of(parties, report.context);
    complete(&mut report, was_stored.as_ref(), parties, &key);
    report.transaction.is_of_unknown_product = is_of_unknown_product(&report, known);
    if key.is_of_family {
        let to_store = family::take_in(parties, &key, known, &report);
        return Ok((before.changes(parties), to_store));
    }
    // What others have as the family's is news to whoever paid for it.
    let known_to_payer = known.filter(|known| !known.is_family_shared || parties[0].holdings.knows(known));
    if let Some(moved) = known_to_payer.filter(|known| !key.is_of(known)) {
        take_out(parties, moved, report.uncovered.as_ref(), report.context.now);
    }
    let sharing = sharing(&report, parties, &key);
    let owner = settle_owner(parties, &key, sharing);
    let (to_store, now) = (report.transaction.clone(), report.context.now);
    let facts = take_in_or_move(&mut parties[owner].holdings, &key, known_to_payer, report);
    share_access(parties, owner, &key, now);
    let is_replaced = facts.iter().any(tells_of_another_product);
    let before = before.with_replaced(is_replaced.then_some(key));
    let owner = parties[owner].id;
    Ok((told(owner, facts, before.changes(parties)), to_store))
}

/// A transaction stays of the type of purchase that it was first reported as.
fn refuse_another_type(known: Option<&Transaction>, reported: &Transaction) -> Result<(), Violation> {
    match known {
        Some(known) if known.purchase_type != reported.purchase_type => Err(Violation::of_rule(
            "purchase_type",
            "this transaction is known as another type of purchase",
        )),
        Some(_) | None => Ok(()),
    }
}

/// The owner takes the transaction in, or it moves from another chain to this one: of a move nothing is told but what was
/// due before.
fn take_in_or_move(
    holdings: &mut Holdings,
    key: &Key,
    known: Option<&Transaction>,
    report: Report<'_>,
) -> Vec<Fact> {
    // What the profile had as the family's, and has paid for after all, is news too.
    let known = known.filter(|known| !known.is_family_shared);
    if known.is_none_or(|known| key.is_of(known)) {
        return take_in(holdings, key, known, report);
    }
    let due = catch_up(holdings, key, report.context);
    take_in(holdings, key, None, report);
    due
}

/// A14: did a period end early because another product took its place?
fn tells_of_another_product(fact: &Fact) -> bool {
    fact.kind == EventKind::SubscriptionRefunded && fact.transaction.refunded_at.is_none()
}

/// Handles what is due for the first of the parties by now; the others share its chains, or with it the chains of
/// somebody who was deleted. An inconsistent chain (see `Chain::problem`) is left alone.
pub fn tick(parties: &mut [Party], context: Context<'_>) -> Drafts {
    let Some(owner) = parties.first() else {
        return Vec::new();
    };
    let chains = &owner.holdings.chains;
    let keys: Vec<_> = chains.iter().map(|chain| Key::of(&chain.latest)).collect();
    let is_due = |share: &&Shared| share.due_at().is_some_and(|due| due <= context.now);
    let shared = owner.holdings.shared.iter().filter(is_due);
    let shared: Vec<_> = shared.map(|share| share.key.clone()).collect();
    let before = Before::of(parties, context);
    let mut facts = Vec::new();
    let owner = &mut parties[0];
    for chain in &mut owner.holdings.chains {
        if chain.problem().is_none() {
            clock::catch_up(chain, context, &mut facts);
        }
    }
    facts.sort_by_key(|fact| fact.at);
    let owner_id = owner.id;
    for key in keys {
        share_access(parties, 0, &key, context.now);
    }
    for party in parties.iter_mut() {
        for share in &mut party.holdings.shared {
            if shared.contains(&share.key) {
                share.catch_up(context.now);
            }
        }
    }
    told(owner_id, facts, before.changes(parties))
}

/// What happened to the owner's, and then what has changed of access.
fn told(owner: ProfileId, facts: Vec<Fact>, changes: Drafts) -> Drafts {
    let facts = facts.into_iter().map(|fact| (owner, Draft::Fact(Box::new(fact))));
    facts.chain(changes).collect()
}

/// The first of the parties is deleted: the ends of what it shared with the others become due with them, except for those
/// that were handled, and so told, with the owner's chain.
pub fn leave(parties: &mut [Party]) {
    let Some((owner, others)) = parties.split_first_mut() else {
        return;
    };
    for share in others.iter_mut().flat_map(|party| &mut party.holdings.shared) {
        if owner.holdings.owns(&share.key) {
            let chain = owner.holdings.chain(&share.key);
            let handled = chain.map(|index| owner.holdings.chains[index].clock);
            let end = share.access.as_ref().and_then(|access| access.expires_at);
            share.ends_at = end.filter(|end| handled.is_none_or(|handled| *end > handled));
        }
    }
}

/// The id of the transaction that a chain shows next, if the report takes the one that it shows out of it or corrects it to
/// an older one. As it was stored it has to come with the report, because of older periods a chain knows the dates alone.
pub fn uncovers(parties: &[Party], known: &Transaction, reported: &Transaction) -> Option<String> {
    let from = Key::of(known);
    let holdings = parties.iter().map(|party| &party.holdings);
    let chain = holdings
        .filter_map(|holdings| holdings.chain_of(&from))
        .find(|chain| chain.latest.id == known.id)?;
    chain.shows_next(reported).map(str::to_owned)
}

/// A transaction moves to another chain: the old one goes on without it, and so does its owner's revenue. A one-time
/// purchase goes as a whole.
fn take_out(parties: &mut [Party], moved: &Transaction, uncovered: Option<&Transaction>, now: i64) {
    let from = Key::of(moved);
    let is_once = moved.purchase_type == PurchaseType::OneTimePurchase;
    let has_it = |party: &Party| match is_once {
        true => party.holdings.knows(moved),
        false => party.holdings.chain(&from).is_some(),
    };
    let Some(owner) = parties.iter().position(has_it) else {
        return;
    };
    let holdings = &mut parties[owner].holdings;
    holdings.revenue_usd = holdings.revenue_usd.saturating_sub(revenue(moved));
    if is_once {
        holdings.one_time.retain(|one| !from.is_of(&one.transaction));
    } else if let Some(index) = holdings.chain(&from) {
        let chain = &mut holdings.chains[index];
        chain.revenue_usd = chain.revenue_usd.saturating_sub(revenue(moved));
        chain.go_on_without(moved, uncovered, now);
        if chain.periods.is_empty() {
            // What it does not remember any more goes with it, and is news when it is told again.
            let gone = holdings.chains.remove(index).revenue_usd;
            holdings.revenue_usd = holdings.revenue_usd.saturating_sub(gone);
        }
    }
    share_access(parties, owner, &from, now);
}

/// What is due in a chain.
fn catch_up(holdings: &mut Holdings, key: &Key, context: Context<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(index) = holdings.chain(key) {
        clock::catch_up(&mut holdings.chains[index], context, &mut facts);
    }
    facts
}

/// The owner takes the transaction in. Revenue beyond the largest amount that can be written stays there.
fn take_in(holdings: &mut Holdings, key: &Key, known: Option<&Transaction>, report: Report<'_>) -> Vec<Fact> {
    let more = revenue(&report.transaction) - known.map(revenue).unwrap_or_default();
    holdings.revenue_usd = holdings.revenue_usd.saturating_add(more);
    match report.transaction.purchase_type {
        PurchaseType::OneTimePurchase => buy_once(holdings, report),
        PurchaseType::Subscription => advance(holdings, key, known, report, more),
    }
}

/// The chain keeps its place among the others, so that a report without news changes nothing.
fn advance(
    holdings: &mut Holdings,
    key: &Key,
    known: Option<&Transaction>,
    report: Report<'_>,
    more: Decimal,
) -> Vec<Fact> {
    let index = holdings.chain(key);
    let chain = index.map(|index| holdings.chains.remove(index));
    let command = Command::Report(Box::new(report.transaction));
    let uncovered = report.uncovered.as_ref();
    let (chain, facts) = machine::apply(chain, known, uncovered, command, report.context);
    if let Some(mut chain) = chain {
        chain.revenue_usd = chain.revenue_usd.saturating_add(more);
        holdings
            .chains
            .insert(index.unwrap_or(holdings.chains.len()), chain);
    }
    facts
}

/// What a transaction adds to its profile's total revenue. What the family shares costs nothing.
fn revenue(transaction: &Transaction) -> Decimal {
    let counts = transaction.environment == Environment::Production;
    let kept = transaction.price.value.checked_mul(transaction.kept_share());
    let kept = kept.unwrap_or_default();
    match transaction.usd_rate.filter(|_| counts) {
        Some(rate) => kept.checked_mul(rate).unwrap_or_default(),
        None => Decimal::ZERO,
    }
}
