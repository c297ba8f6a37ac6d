//! The free trial of a chain.

use serde::{Deserialize, Serialize};

use crate::purchases::transaction::Transaction;
use crate::time::{DAY, SUMMER_TIME};

/// The free trial that a chain began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Its transaction.
    pub transaction_id: String,
    /// How long it is, in days; `None`: it has no end.
    pub days: Option<i64>,
}

impl Trial {
    /// Of its transaction, whose end is always later than its beginning.
    pub(in crate::purchases) fn of(transaction: &Transaction) -> Self {
        let length = transaction
            .expires_at
            .map(|end| end.saturating_sub(transaction.purchased_at));
        Self {
            transaction_id: transaction.id.clone(),
            days: length.map(|length| length.saturating_add(SUMMER_TIME) / DAY),
        }
    }
}
