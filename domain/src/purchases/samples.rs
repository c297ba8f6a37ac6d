//! Transactions for the tests of purchases: days count from [`START`].

use rust_decimal::Decimal;

use super::machine::Timer;
use super::transaction::{CancellationReason, Environment, Price, PurchaseType, Transaction};
pub use crate::time::{DAY, HOUR, MINUTE};

pub const START: i64 = 19_000 * DAY;

/// So many days after [`START`].
pub fn day(n: i64) -> i64 {
    START + n * DAY
}

/// Timers after so many days, for which somebody has always asked.
pub fn timers(days: &[i64]) -> Vec<Timer> {
    let timer = |days: &i64| Timer {
        days: *days,
        since: i64::MIN,
    };
    days.iter().map(timer).collect()
}

/// Thirty days for money, renewing.
pub fn paid(id: &str, from: i64) -> Transaction {
    Transaction {
        store: "app_store".into(),
        id: id.into(),
        original_id: "t1".into(),
        purchase_type: PurchaseType::Subscription,
        environment: Environment::Production,
        product_id: "monthly".into(),
        base_plan_id: None,
        offer: None,
        is_family_shared: false,
        price: Price {
            country: "US".into(),
            currency: "USD".into(),
            value: Decimal::new(999, 2),
        },
        purchased_at: day(from),
        originally_purchased_at: START,
        expires_at: Some(day(from + 30)),
        will_renew: true,
        renew_status_changed_at: None,
        billing_issue_detected_at: None,
        grace_period_expires_at: None,
        refunded_at: None,
        cancellation_reason: None,
        variation_id: None,
        replaces_another: false,
        refunded_share: None,
        usd_rate: None,
        regular_price: None,
        is_of_unknown_product: false,
        mark: 0,
    }
}

/// Seven days for nothing.
pub fn trial(id: &str) -> Transaction {
    let mut transaction = free(paid(id, 0));
    transaction.expires_at = Some(day(7));
    transaction
}

/// The same for nothing.
pub fn free(mut transaction: Transaction) -> Transaction {
    transaction.price.value = Decimal::ZERO;
    transaction
}

/// The same with another end.
pub fn ending(end: i64, transaction: Transaction) -> Transaction {
    Transaction {
        expires_at: Some(end),
        ..transaction
    }
}

/// The same of another product.
pub fn of_product(product: &str, transaction: Transaction) -> Transaction {
    Transaction {
        product_id: product.into(),
        ..transaction
    }
}

/// The same with renewing switched off.
pub fn cancelled(at: i64, transaction: Transaction) -> Transaction {
    Transaction {
        will_renew: false,
        renew_status_changed_at: Some(at),
        ..transaction
    }
}

/// The same paid back.
pub fn refunded(at: i64, transaction: Transaction) -> Transaction {
    Transaction {
        refunded_at: Some(at),
        cancellation_reason: Some(CancellationReason::Refund),
        ..transaction
    }
}

/// The same with a failed charge.
pub fn failed(at: i64, grace: Option<i64>, transaction: Transaction) -> Transaction {
    Transaction {
        billing_issue_detected_at: Some(at),
        grace_period_expires_at: grace,
        ..transaction
    }
}

/// The same with a reason.
pub fn because(reason: CancellationReason, transaction: Transaction) -> Transaction {
    Transaction {
        cancellation_reason: Some(reason),
        ..transaction
    }
}

/// Bought once, for money.
pub fn bought_once(id: &str, from: i64) -> Transaction {
    Transaction {
        purchase_type: PurchaseType::OneTimePurchase,
        original_id: id.into(),
        product_id: "lifetime".into(),
        originally_purchased_at: day(from),
        expires_at: None,
        will_renew: false,
        ..paid(id, from)
    }
}

/// The same of another chain.
pub fn of_chain(original_id: &str, transaction: Transaction) -> Transaction {
    Transaction {
        original_id: original_id.into(),
        ..transaction
    }
}

/// The same, shared by the family.
pub fn of_family(transaction: Transaction) -> Transaction {
    Transaction {
        is_family_shared: true,
        ..free(transaction)
    }
}
