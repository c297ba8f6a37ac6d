//! What a profile has bought, was given and shares, as the administration sees it.

use bursar_domain::profile::body::OfferBody;
use bursar_domain::purchases::chain::{Chain, Closed, Period, Phase, Revoked};
use bursar_domain::purchases::holdings::{Grant, OneTime, Shared};
use bursar_domain::purchases::transaction::{Offer, Transaction};
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// A subscription with its latest periods.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Chain")]
pub struct ChainView<'a> {
    /// The store.
    pub store: &'a str,
    /// The first transaction.
    pub store_original_transaction_id: &'a str,
    /// What it gives access to.
    pub access_level_id: Option<&'a str>,
    /// `trial` until something is charged, then `paid`.
    pub phase: &'static str,
    /// How it ended; `null` while it runs or the store may still collect.
    pub closed: Option<ClosedView>,
    /// When access ends, grace included; `null`: never.
    pub access_ends_at: Option<String>,
    /// Since when renewing is off; `null` while it is on.
    pub renewal_cancelled_at: Option<String>,
    /// When a pause that begins at the period's end was arranged.
    pub pause_arranged_at: Option<String>,
    /// Access was revoked.
    pub revoked: Option<RevokedView>,
    /// Length of the free trial that it began with, in days; `null` too where that has no end.
    pub trial_days: Option<i64>,
    /// Paid periods without interruption.
    pub consecutive_payments: u32,
    /// The latest periods, newest first.
    pub periods: Vec<PeriodView<'a>>,
    /// The latest transaction as it was last reported.
    pub latest: TransactionView<'a>,
}

/// How a subscription ended.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChainEnd")]
pub struct ClosedView {
    /// `expired`, `refunded` or `replaced`.
    pub how: &'static str,
    /// When.
    pub at: String,
}

/// Access that was revoked.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Revocation")]
pub struct RevokedView {
    /// From then on there is no access.
    pub at: String,
    /// When it was said.
    pub said_at: String,
}

/// One period of a subscription.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChainPeriod")]
pub struct PeriodView<'a> {
    /// Its transaction.
    pub store_transaction_id: &'a str,
    /// When it begins.
    pub purchased_at: String,
    /// When it ends, with grace; `null`: never.
    pub ends_at: Option<String>,
    /// When it was paid back.
    pub refunded_at: Option<String>,
}

/// A one-time purchase.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OneTimePurchase")]
pub struct OneTimeView<'a> {
    /// Stable for the life of the purchase.
    pub purchase_id: Uuid,
    /// Can it be bought again and again? It gives no access then.
    pub is_consumable: bool,
    /// What it gives access to.
    pub access_level_id: Option<&'a str>,
    /// Access was revoked.
    pub revoked: Option<RevokedView>,
    /// As it was last reported.
    pub transaction: TransactionView<'a>,
}

/// An access level that was granted.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Grant")]
pub struct GrantView<'a> {
    /// Its id, shown as its transaction.
    pub grant_id: Uuid,
    /// Which level.
    pub access_level_id: &'a str,
    /// When it was given.
    pub granted_at: String,
    /// When it begins; `null`: at once.
    pub starts_at: Option<String>,
    /// When it ends; `null`: never.
    pub expires_at: Option<String>,
    /// It was revoked.
    pub revoked: Option<RevokedView>,
}

/// Access that comes from what another profile owns.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SharedAccess")]
pub struct SharedView<'a> {
    /// The store.
    pub store: &'a str,
    /// The other's chain or one-time purchase.
    pub store_original_transaction_id: &'a str,
    /// What it gives access to at the moment.
    pub access_level_id: Option<&'a str>,
    /// It was revoked for this profile.
    pub revoked: Option<RevokedView>,
}

/// A transaction as it was last reported.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Transaction")]
pub struct TransactionView<'a> {
    /// Its id in the store.
    pub store_transaction_id: &'a str,
    /// The product's id in the store.
    pub store_product_id: &'a str,
    /// Play base plan or Stripe price.
    pub store_base_plan_id: Option<&'a str>,
    /// `Production` or `Sandbox`.
    pub environment: &'static str,
    /// The offer under which it was bought.
    pub offer: Option<OfferBody>,
    /// Did somebody else of the family pay?
    pub is_family_shared: bool,
    /// What was charged.
    pub price: PriceView<'a>,
    /// When this purchase or period began.
    pub purchased_at: String,
    /// When the first of the chain began.
    pub originally_purchased_at: String,
    /// When the period ends; `null`: never.
    pub expires_at: Option<String>,
    /// Will it renew by itself?
    pub renew_status: bool,
    /// When renewing was last switched on or off.
    pub renew_status_changed_at: Option<String>,
    /// When a charge failed.
    pub billing_issue_detected_at: Option<String>,
    /// Until when access goes on after a failed charge.
    pub grace_period_expires_at: Option<String>,
    /// When it was paid back.
    pub refunded_at: Option<String>,
    /// Why it ends or has ended.
    pub cancellation_reason: Option<&'static str>,
    /// The paywall variation that led to it.
    pub variation_id: Option<&'a str>,
}

/// What was charged.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChargedPrice")]
pub struct PriceView<'a> {
    /// The store's country, two letters.
    pub country: &'a str,
    /// ISO 4217, three letters.
    pub currency: &'a str,
    /// The amount in major units, a decimal.
    pub value: String,
    /// US dollars for one unit of the currency on the day of the purchase; `null`: not known, so it counts 0.
    pub usd_rate: Option<String>,
}

impl<'a> ChainView<'a> {
    /// The chain.
    pub fn of(chain: &'a Chain) -> Self {
        Self {
            store: &chain.latest.store,
            store_original_transaction_id: &chain.latest.original_id,
            access_level_id: chain.access_level_id.as_deref(),
            phase: match chain.phase {
                Phase::Trial => "trial",
                Phase::Paid => "paid",
            },
            closed: chain.closed.map(closed),
            access_ends_at: chain.access_ends_at().map(format_time),
            renewal_cancelled_at: chain.renewal_off_at.map(format_time),
            pause_arranged_at: chain.pause_arranged_at.map(format_time),
            revoked: chain.revoked.map(revoked),
            trial_days: chain.trial.as_ref().and_then(|trial| trial.days),
            consecutive_payments: chain.consecutive_payments,
            periods: chain.periods.iter().map(period).collect(),
            latest: TransactionView::of(&chain.latest),
        }
    }
}

fn closed(closed: Closed) -> ClosedView {
    let (how, at) = match closed {
        Closed::Expired(at) => ("expired", at),
        Closed::Refunded(at) => ("refunded", at),
        Closed::Replaced(at) => ("replaced", at),
    };
    ClosedView {
        how,
        at: format_time(at),
    }
}

fn revoked(revoked: Revoked) -> RevokedView {
    RevokedView {
        at: format_time(revoked.at),
        said_at: format_time(revoked.said_at),
    }
}

fn period(period: &Period) -> PeriodView<'_> {
    PeriodView {
        store_transaction_id: &period.transaction_id,
        purchased_at: format_time(period.purchased_at),
        ends_at: period.ends_at.map(format_time),
        refunded_at: period.refunded_at.map(format_time),
    }
}

impl<'a> OneTimeView<'a> {
    /// The purchase.
    pub fn of(purchase: &'a OneTime) -> Self {
        Self {
            purchase_id: purchase.purchase_id,
            is_consumable: purchase.is_consumable,
            access_level_id: purchase.access_level_id.as_deref(),
            revoked: purchase.revoked.map(revoked),
            transaction: TransactionView::of(&purchase.transaction),
        }
    }
}

impl<'a> GrantView<'a> {
    /// The grant.
    pub fn of(grant: &'a Grant) -> Self {
        Self {
            grant_id: grant.grant_id,
            access_level_id: &grant.access_level_id,
            granted_at: format_time(grant.granted_at),
            starts_at: grant.starts_at.map(format_time),
            expires_at: grant.expires_at.map(format_time),
            revoked: grant.revoked.map(revoked),
        }
    }
}

impl<'a> SharedView<'a> {
    /// The access.
    pub fn of(shared: &'a Shared) -> Self {
        let access = shared.access.as_ref();
        Self {
            store: &shared.key.store,
            store_original_transaction_id: &shared.key.original_id,
            access_level_id: access.map(|level| level.access_level_id.as_str()),
            revoked: shared.revoked.map(revoked),
        }
    }
}

impl<'a> TransactionView<'a> {
    fn of(transaction: &'a Transaction) -> Self {
        Self {
            store_transaction_id: &transaction.id,
            store_product_id: &transaction.product_id,
            store_base_plan_id: transaction.base_plan_id.as_deref(),
            environment: transaction.environment.as_str(),
            offer: transaction.offer.as_ref().map(offer),
            is_family_shared: transaction.is_family_shared,
            price: PriceView {
                country: &transaction.price.country,
                currency: &transaction.price.currency,
                value: transaction.price.value.to_string(),
                usd_rate: transaction.usd_rate.map(|rate| rate.to_string()),
            },
            purchased_at: format_time(transaction.purchased_at),
            originally_purchased_at: format_time(transaction.originally_purchased_at),
            expires_at: transaction.expires_at.map(format_time),
            renew_status: transaction.will_renew,
            renew_status_changed_at: transaction.renew_status_changed_at.map(format_time),
            billing_issue_detected_at: transaction.billing_issue_detected_at.map(format_time),
            grace_period_expires_at: transaction.grace_period_expires_at.map(format_time),
            refunded_at: transaction.refunded_at.map(format_time),
            cancellation_reason: transaction.cancellation_reason.map(|reason| reason.as_str()),
            variation_id: transaction.variation_id.as_deref(),
        }
    }
}

fn offer(offer: &Offer) -> OfferBody {
    OfferBody {
        category: offer.category.clone(),
        kind: offer.kind.as_str().into(),
        id: offer.id.clone(),
    }
}
