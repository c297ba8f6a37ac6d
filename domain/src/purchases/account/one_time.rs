//! One-time purchases: rows A23, A24 and B20 of the transition tables.

use rust_decimal::Decimal;

use super::Report;
use crate::events::{EventKind, Fact};
use crate::purchases::holdings::{Holdings, Key, OneTime};
use crate::purchases::transaction::{CancellationReason, Transaction};

/// Takes in a one-time purchase. A23, A24, B20.
pub(super) fn buy_once(holdings: &mut Holdings, report: Report<'_>) -> Vec<Fact> {
    let key = Key::of(&report.transaction);
    let transaction = report.transaction;
    let stored = holdings
        .one_time
        .iter_mut()
        .find(|one| Key::of(&one.transaction) == key);
    let mut facts = Vec::new();
    let gives = report.context.access_level_id.filter(|_| !report.is_consumable);
    let gives = gives.map(str::to_owned);
    let was_refunded = match stored {
        Some(stored) => {
            let old = std::mem::replace(&mut stored.transaction, transaction.clone());
            if transaction.gives_anew(&old) {
                stored.is_consumable = report.is_consumable;
                stored.access_level_id = gives;
            }
            old.refunded_at.is_some()
        }
        None => {
            holdings.one_time.push(OneTime {
                purchase_id: report.purchase_id,
                transaction: transaction.clone(),
                is_consumable: report.is_consumable,
                access_level_id: gives,
                revoked: None,
            });
            facts.push(once(
                EventKind::NonSubscriptionPurchase,
                transaction.purchased_at,
                &transaction,
            ));
            false
        }
    };
    if let Some(at) = transaction.refunded_at.filter(|_| !was_refunded) {
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
        timer_days: None,
    }
}
