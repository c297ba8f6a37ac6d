//! The state machine of a chain: what is known, what is said or due, and `now` give the new state and the facts.
//!
//! The rows of the transition tables stand beside the code by their ids: [`report`] holds table A (a new
//! transaction), [`update`] table B (a known one again), [`clock`] table C (time). Table F, access through our API
//! and between profiles, is in [`crate::purchases::account`] and [`crate::purchases::grants`].

pub mod clock;
mod report;
#[cfg(test)]
mod tests;
mod update;

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::chain::Chain;
use super::transaction::{CancellationReason, Transaction};
use crate::events::{EventKind, Fact};
use crate::time::DAY;

/// What somebody says of a chain. Only `Report` is said today; the others are for stores' notifications, which no call takes in
/// yet.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The full state of a transaction.
    Report(Box<Transaction>),
    /// A pause begins at the period's end (Google Play).
    ArrangePause {
        /// When that was arranged.
        at: i64,
    },
    /// The pause that was arranged does not take place.
    WithdrawPause,
    /// B15: the billing date was moved (Google Play).
    Defer {
        /// When that was said.
        at: i64,
        /// The period's new end.
        until: i64,
    },
    /// The store has given up collecting, or ended the chain for another reason.
    End {
        /// Why.
        reason: CancellationReason,
    },
    /// From the next period on it will be another product. Until then only renewing shows it: this one will not.
    AnnounceProduct {
        /// Which; `None`: it stays the same after all.
        product_id: Option<String>,
    },
    /// A part of a transaction was paid back.
    RefundShare {
        /// The stored transaction.
        transaction: Box<Transaction>,
        /// When.
        at: i64,
        /// How much of the price, 0 to 1.
        share: Decimal,
        /// Does access go on?
        keeps_access: bool,
    },
}

/// How long stores go on collecting after a failed charge, in days, by store. Others: not at all.
const COLLECTING: [(&str, i64); 3] = [("app_store", 60), ("play_store", 60), ("paddle", 30)];

/// How long stores go on collecting, and how long we wait for a renewal that nobody has reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    renewal: i64,
    collecting_days: BTreeMap<String, u16>,
}

impl Default for Waits {
    fn default() -> Self {
        Self::new(24, &BTreeMap::new())
    }
}

impl Waits {
    /// The usual ones, but for the stores that are named.
    pub fn new(renewal_hours: u16, collecting_days: &BTreeMap<String, u16>) -> Self {
        Self {
            renewal: i64::from(renewal_hours) * DAY / 24,
            collecting_days: collecting_days.clone(),
        }
    }

    fn collecting(&self, store: &str) -> i64 {
        let usual = COLLECTING.iter().find(|(name, _)| *name == store);
        let said = self.collecting_days.get(store).map(|days| i64::from(*days));
        said.or(usual.map(|(_, days)| *days)).unwrap_or_default() * DAY
    }
}

/// When the synthetic events of the app's integrations are due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timers {
    /// After `trial_started`.
    pub trial_active: Vec<Timer>,
    /// After `subscription_started`.
    pub subscription_active: Vec<Timer>,
}

/// When a synthetic event is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// So many days after the start.
    pub days: i64,
    /// Since when an integration has asked for it, in microseconds. What lies before that is not told.
    pub since: i64,
}

/// What the machine knows beside the chain.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// In microseconds.
    pub now: i64,
    /// How long to wait.
    pub waits: &'a Waits,
    /// Which timers run.
    pub timers: &'a Timers,
    /// What the reported product gives access to.
    pub access_level_id: Option<&'a str>,
}

/// Does what a command says. `known` is the stored form of the transaction that is reported, `uncovered` that of the one
/// that is shown instead, if it is not the latest any more.
pub fn apply(
    chain: Option<Chain>,
    known: Option<&Transaction>,
    uncovered: Option<&Transaction>,
    command: Command,
    context: Context<'_>,
) -> (Option<Chain>, Vec<Fact>) {
    let mut facts = Vec::new();
    let mut chain = match (chain, command) {
        (None, Command::Report(transaction)) => Some(report::begin(*transaction, context, &mut facts)),
        (None, _) => None,
        (Some(mut chain), command) => {
            clock::catch_up(&mut chain, context, &mut facts);
            let mut change = Change {
                chain,
                context,
                facts: &mut facts,
            };
            match (command, known) {
                (Command::Report(transaction), Some(known)) => change.update(known, &transaction, uncovered),
                (Command::Report(transaction), None) => change.add(*transaction),
                (command, _) => change.told(command),
            }
            Some(change.chain)
        }
    };
    if let Some(chain) = &mut chain {
        clock::catch_up(chain, context, &mut facts);
        chain.note_renewal_state(context.now);
    }
    // A22: no event ever.
    facts.retain(|fact| !fact.transaction.is_family_shared);
    (chain, facts)
}

/// A chain that is being changed, and the facts that come of it.
struct Change<'a> {
    chain: Chain,
    context: Context<'a>,
    facts: &'a mut Vec<Fact>,
}

impl Change<'_> {
    fn note(&mut self, kind: EventKind, at: i64, transaction: &Transaction) -> &mut Fact {
        self.facts.push(fact(&self.chain, kind, at, transaction));
        self.facts.last_mut().expect("a fact was just added")
    }

    /// Has its last period not ended yet?
    fn is_running(&self) -> bool {
        self.chain.ends_at().is_none_or(|end| end > self.context.now)
    }

    fn expire(&mut self, at: i64, reason: CancellationReason) {
        clock::expire(&mut self.chain, at, reason, self.facts);
    }

    /// What only store notifications say.
    fn told(&mut self, command: Command) {
        let latest = self.chain.latest.clone();
        match command {
            Command::ArrangePause { at } if self.chain.closed.is_none() => {
                self.chain.pause_arranged_at = Some(at);
                self.note(EventKind::SubscriptionPaused, at, &latest);
            }
            Command::AnnounceProduct { product_id } => self.chain.pending_product_id = product_id,
            Command::WithdrawPause => self.chain.pause_arranged_at = None,
            Command::Defer { at, until } => {
                let later = Transaction {
                    expires_at: Some(until),
                    ..latest
                };
                self.update(&self.chain.latest.clone(), &later, None);
                self.note(EventKind::SubscriptionDeferred, at, &later);
            }
            Command::End { reason } if self.chain.closed.is_none() => {
                let end = self.chain.access_ends_at().unwrap_or(self.context.now);
                let end = end.min(self.context.now);
                self.expire(end, reason);
                self.chain.cut(end, None);
            }
            Command::RefundShare {
                transaction,
                at,
                share,
                keeps_access,
            } => self.refund_share(&transaction, at, share, keeps_access),
            Command::ArrangePause { .. } | Command::End { .. } | Command::Report(_) => {}
        }
    }
}

/// A fact about a transaction of a chain as it stands.
fn fact(chain: &Chain, kind: EventKind, at: i64, transaction: &Transaction) -> Fact {
    let is_in_trial = chain.is_in_trial();
    Fact {
        kind,
        at,
        discriminator: at,
        transaction: transaction.clone(),
        subscription_expires_at: transaction.expires_at,
        reason: None,
        consecutive_payments: if is_in_trial {
            0
        } else {
            chain.consecutive_payments
        },
        rate_after_first_year: chain.is_after_first_year(transaction.purchased_at),
        trial_days: chain.trial.as_ref().and_then(|trial| trial.days),
        is_in_trial,
        refunded_share: None,
        timer_days: None,
    }
}

/// The kind for a trial or for a charged subscription.
fn by_phase(chain: &Chain, trial: EventKind, paid: EventKind) -> EventKind {
    if chain.is_in_trial() { trial } else { paid }
}
