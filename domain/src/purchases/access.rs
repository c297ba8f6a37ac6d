//! Access levels: what a customer may use, until when, and what gives it.

use serde::{Deserialize, Serialize};

use super::chain::Revoked;
use super::holdings::{GRANT_PRODUCT, GRANT_STORE};
use super::transaction::{CancellationReason, Environment, Offer};

/// What gives an access level: a chain, a one-time purchase, a grant. A profile shows one of them for each level.
/// Times are microseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessLevel {
    /// Which level.
    pub access_level_id: String,
    /// The store, or `adapty` for a grant.
    pub store: String,
    /// The store's product.
    pub product_id: String,
    /// Google's base plan, Stripe's price.
    pub base_plan_id: Option<String>,
    /// The latest transaction.
    pub transaction_id: String,
    /// The chain.
    pub original_id: String,
    /// The offer of the latest transaction.
    pub offer: Option<Offer>,
    /// Real money or a test.
    pub environment: Environment,
    /// When it begins; `None`: it has begun.
    pub starts_at: Option<i64>,
    /// The latest purchase, or the grant.
    pub purchased_at: i64,
    /// The first purchase of the chain, or the grant.
    pub originally_purchased_at: i64,
    /// When access ends, with grace, refund and revocation looked at; `None`: never.
    pub expires_at: Option<i64>,
    /// When the paid period itself ends.
    pub subscription_expires_at: Option<i64>,
    /// When renewing was switched off; `None` while it is on.
    pub renewal_cancelled_at: Option<i64>,
    /// When a charge failed.
    pub billing_issue_detected_at: Option<i64>,
    /// Until when access goes on after a failed charge, if nothing else ends it before.
    pub grace_period_expires_at: Option<i64>,
    /// Why it ends or has ended.
    pub cancellation_reason: Option<CancellationReason>,
    /// Was it ended by a refund?
    pub is_refund: bool,
    /// Will it renew by itself?
    pub will_renew: bool,
    /// When the level was last opened after a time without it.
    pub activated_at: i64,
    /// The latest purchase of a chain: its first, or its last renewal. One-time purchases and grants have none.
    pub renewed_at: Option<i64>,
    /// ISO 4217; grants have none.
    pub currency: Option<String>,
    /// Two letters; grants have none.
    pub store_country: Option<String>,
    /// Days of the chain's free trial, if it had one.
    pub trial_days: Option<i64>,
    /// The paywall variation that led to it.
    pub variation_id: Option<String>,
}

impl AccessLevel {
    /// The transaction under which events tell of it: a grant has none, so its product stands there.
    pub fn told_id(&self) -> &str {
        self.product_of_grant().unwrap_or(&self.transaction_id)
    }

    /// As [`Self::told_id`], the chain.
    pub fn told_original_id(&self) -> &str {
        self.product_of_grant().unwrap_or(&self.original_id)
    }

    fn product_of_grant(&self) -> Option<&str> {
        self.is_grant().then_some(GRANT_PRODUCT)
    }

    /// Was it given through our API?
    pub(super) fn is_grant(&self) -> bool {
        self.store == GRANT_STORE && self.product_id == GRANT_PRODUCT
    }

    /// Has it begun and not ended?
    pub fn is_active(&self, now: i64) -> bool {
        self.starts_at.is_none_or(|start| start <= now) && self.expires_at.is_none_or(|end| end > now)
    }

    /// Is it the same level, given by the same chain, purchase or grant?
    pub(super) fn is_from_the_source_of(&self, other: &Self) -> bool {
        self.access_level_id == other.access_level_id
            && self.store == other.store
            && self.original_id == other.original_id
    }

    /// The revocation, if it takes anything away.
    pub fn effective(&self, revoked: Option<Revoked>) -> Option<Revoked> {
        revoked.filter(|revoked| self.expires_at.is_none_or(|end| revoked.at < end))
    }

    /// As a revocation leaves it.
    #[must_use]
    pub fn cut_by(self, revoked: Option<Revoked>) -> Self {
        match self.effective(revoked) {
            None => self,
            Some(revoked) => Self {
                renewal_cancelled_at: Some(revoked.said_at),
                cancellation_reason: Some(CancellationReason::AdaptyRevoked),
                ..self.ending_by(revoked.at)
            },
        }
    }

    /// The same, over at an instant if it is not before. Grace is over with access.
    #[must_use]
    pub fn ending_by(self, at: i64) -> Self {
        Self {
            expires_at: Some(self.expires_at.map_or(at, |end| end.min(at))),
            grace_period_expires_at: self.grace_period_expires_at.map(|end| end.min(at)),
            ..self
        }
    }

    /// Does access go on only because a failed charge may still succeed?
    pub fn is_in_grace_period(&self, now: i64) -> bool {
        self.billing_issue_detected_at.is_some() && self.grace_period_expires_at.is_some_and(|end| end > now)
    }
}
