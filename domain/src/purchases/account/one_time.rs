//! One-time purchases: rows A23, A24 and B20 of the transition tables.

use rust_decimal::Decimal;

use super::Report;
use crate::events::{EventKind, Fact};
use crate::purchases::holdings::{Holdings, Key, OneTime};
use crate::purchases::transaction::{CancellationReason, Transaction};

/// What a one-time purchase was before it was stored.
enum Stored {
    New,
    Known { was_refunded: bool },
}

/// Takes in a one-time purchase. A23, A24, B20.
pub(super) fn buy_once(holdings: &mut Holdings, report: Report<'_>) -> Vec<Fact> {
    let stored = store(holdings, &report);
    let transaction = report.transaction;
    let mut facts = Vec::new();
    let was_refunded = match stored {
        Stored::Known { was_refunded } => was_refunded,
        Stored::New => {
            let bought_at = transaction.purchased_at;
            facts.push(once(EventKind::NonSubscriptionPurchase, bought_at, &transaction));
            false
        }
    };
    if let Some(at) = transaction.refunded_at.filter(|_| !was_refunded) {
        let reason = transaction.cancellation_reason;
        facts.push(Fact {
            reason: Some(reason.unwrap_or(CancellationReason::Refund)),
            refunded_share: Some(Decimal::ONE),
            ..once(EventKind::NonSubscriptionPurchaseRefunded, at, &transaction)
        });
    }
    facts
}

/// Adds the purchase, or stores the new state of a known one.
fn store(holdings: &mut Holdings, report: &Report<'_>) -> Stored {
    let transaction = report.transaction.clone();
    let key = Key::of(&transaction);
    let gives = report.context.access_level_id.filter(|_| !report.is_consumable);
    let gives = gives.map(str::to_owned);
    let mut all = holdings.one_time.iter_mut();
    let Some(known) = all.find(|one| key.is_of(&one.transaction)) else {
        holdings.one_time.push(OneTime {
            purchase_id: report.purchase_id,
            transaction,
            is_consumable: report.is_consumable,
            access_level_id: gives,
            revoked: None,
        });
        return Stored::New;
    };
    if transaction.gives_anew(&known.transaction) {
        known.is_consumable = report.is_consumable;
        known.access_level_id = gives;
    }
    let old = std::mem::replace(&mut known.transaction, transaction);
    Stored::Known {
        was_refunded: old.refunded_at.is_some(),
    }
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
        timer_days: None,
    }
}
