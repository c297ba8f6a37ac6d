//! One period of a chain.

use serde::{Deserialize, Serialize};

use super::OwnLevel;
use crate::purchases::transaction::{Transaction, is_default};
use crate::time::DAY;

/// One period of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Its transaction.
    pub transaction_id: String,
    /// When it begins.
    pub purchased_at: i64,
    /// When it ends, with grace; `None`: never.
    pub ends_at: Option<i64>,
    /// When it was paid back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded_at: Option<i64>,
    /// When it was cut short: another product took its place, or the store ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_at: Option<i64>,
    /// Which transaction of another product cut it short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_by: Option<CutBy>,
    /// Was it told as paid back when another product took its place?
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_replaced: bool,
    /// Was it reported after a later one of another product?
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_of_another_product: bool,
    /// Did it cost nothing?
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_free: bool,
    /// How long its end is put off by grace, in microseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grace: i64,
    /// What its product gives access to, where that is not what the chain gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_level: Option<OwnLevel>,
}

/// Which transaction of another product cut a period short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutBy {
    /// Which.
    pub transaction_id: String,
    /// The product of the period that was cut.
    pub product_id: String,
}

/// Does what begins then take the place of a period that still runs, rather than follow it?
pub fn is_change_at_once(old_start: i64, old_end: i64, new_start: i64) -> bool {
    let margin = DAY.min(old_end.saturating_sub(old_start) / 2);
    new_start < old_end.saturating_sub(margin)
}

impl Period {
    /// The period of a transaction.
    pub fn of(transaction: &Transaction) -> Self {
        let end = transaction.expires_at;
        let grace_end = transaction.grace_period_expires_at;
        let ends_at = end.map(|end| grace_end.map_or(end, |grace| grace.max(end)));
        let grace = ends_at.zip(end).map(|(late, end)| late.saturating_sub(end));
        Self {
            transaction_id: transaction.id.clone(),
            purchased_at: transaction.purchased_at,
            ends_at,
            refunded_at: transaction.refunded_at,
            cut_at: None,
            cut_by: None,
            is_replaced: false,
            is_of_another_product: false,
            is_free: transaction.is_free(),
            grace: grace.unwrap_or_default(),
            own_level: None,
        }
    }

    /// As [`Transaction::place`].
    pub(super) fn place(&self) -> (i64, i64) {
        (self.purchased_at, self.paid_end().unwrap_or(i64::MAX))
    }

    /// When it ends as it was reported, grace left out.
    pub(super) fn paid_end(&self) -> Option<i64> {
        self.ends_at.map(|end| end.saturating_sub(self.grace))
    }

    /// When it really ends; `None`: never. A refund or a cut never prolongs it.
    pub fn end(&self) -> Option<i64> {
        self.cut_short(self.ends_at)
    }

    /// The same when grace counts no more, because a later charge has succeeded.
    pub(super) fn end_without_grace(&self) -> Option<i64> {
        self.cut_short(self.paid_end())
    }

    fn cut_short(&self, end: Option<i64>) -> Option<i64> {
        [end, self.refunded_at, self.cut_at].into_iter().flatten().min()
    }
}
