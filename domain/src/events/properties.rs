//! The properties of every event but `access_level_updated`.
//!
//! Here `Option<Option<…>>` means: absent, `null` or a value.

use serde::Serialize;
use uuid::Uuid;

use super::Fact;
use super::dates::EventTime;
use super::groups::TrialDuration;
use super::prices::{PriceRules, Prices, Revenue};
use super::recipient::{Recipient, RecipientProperties};
use super::wire::{Days, UuidText};
use crate::ids::ProfileId;
use crate::money::Money;
use crate::purchases::transaction::{CancellationReason, Offer, OfferKind};

/// What is told of a fact.
#[derive(Serialize)]
pub(super) struct Properties<'a> {
    profile_event_id: Uuid,
    profile_id: ProfileId,
    event_datetime: EventTime,
    environment: &'static str,
    store: &'a str,
    transaction_id: &'a str,
    original_transaction_id: &'a str,
    purchase_date: EventTime,
    original_purchase_date: EventTime,
    vendor_product_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_plan_id: Option<Option<&'a str>>,
    subscription_expires_at: Option<EventTime>,
    currency: &'a str,
    #[serde(flatten)]
    prices: Prices,
    #[serde(flatten)]
    revenue: Option<Revenue>,
    consecutive_payments: u32,
    rate_after_first_year: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trial_duration: Option<Option<Days>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation_reason: Option<&'static str>,
    #[serde(flatten)]
    offer: Option<OfferProperties<'a>>,
    store_country: &'a str,
    #[serde(flatten)]
    recipient: RecipientProperties<'a>,
    #[serde(flatten)]
    paywall: PaywallProperties<'a>,
    ab_test_revision: (),
}

impl<'a> Properties<'a> {
    pub fn of(id: Uuid, fact: &'a Fact, money: &Money, recipient: &Recipient<'a>, rules: PriceRules) -> Self {
        let transaction = &fact.transaction;
        let has_offer = fact.kind.has_offer();
        Self {
            profile_event_id: id,
            profile_id: recipient.profile_id,
            event_datetime: EventTime(fact.at),
            environment: transaction.environment.as_str(),
            store: &transaction.store,
            transaction_id: &transaction.id,
            original_transaction_id: &transaction.original_id,
            purchase_date: EventTime(transaction.purchased_at),
            original_purchase_date: EventTime(transaction.originally_purchased_at),
            vendor_product_id: &transaction.product_id,
            base_plan_id: base_plan(&transaction.store, transaction.base_plan_id.as_deref()),
            subscription_expires_at: fact.subscription_expires_at.map(EventTime),
            currency: &transaction.price.currency,
            prices: Prices::of(fact, money, rules),
            revenue: Revenue::of(fact, money, rules),
            consecutive_payments: fact.consecutive_payments,
            rate_after_first_year: fact.rate_after_first_year,
            trial_duration: trial_duration(fact),
            cancellation_reason: reason(fact).map(CancellationReason::as_str),
            offer: has_offer.then(|| OfferProperties::of(transaction.offer.as_ref())),
            store_country: &transaction.price.country,
            recipient: recipient.properties(),
            paywall: PaywallProperties::of(transaction.variation_id.as_deref()),
            ab_test_revision: (),
        }
    }
}

/// The base plan, which the App Store does not have.
pub(super) fn base_plan<'a>(store: &str, base_plan_id: Option<&'a str>) -> Option<Option<&'a str>> {
    (store != "app_store").then_some(base_plan_id)
}

fn trial_duration(fact: &Fact) -> Option<Option<Days>> {
    let days = fact.trial_days.map(Days);
    match fact.kind.trial_duration() {
        TrialDuration::Always => Some(days),
        TrialDuration::IfKnown => days.map(Some),
        TrialDuration::Never => None,
    }
}

/// Why it ended, on the kinds that say so.
fn reason(fact: &Fact) -> Option<CancellationReason> {
    if !fact.kind.has_reason() {
        return None;
    }
    let untold = if fact.kind.is_refund() {
        CancellationReason::Refund
    } else {
        CancellationReason::Unknown
    };
    Some(fact.reason.unwrap_or(untold))
}

/// The name of how an offer is cheaper, where it is known.
pub(super) fn offer_type(offer: &Offer) -> Option<&'static str> {
    (offer.kind != OfferKind::Unknown).then(|| offer.kind.as_str())
}

/// What is told of an offer; all `null` where there is none.
#[derive(Serialize)]
struct OfferProperties<'a> {
    promotional_offer_id: Option<&'a str>,
    store_offer_category: Option<&'a str>,
    store_offer_discount_type: Option<&'static str>,
    store_offer_number_of_periods: Option<u32>,
}

impl<'a> OfferProperties<'a> {
    fn of(offer: Option<&'a Offer>) -> Self {
        Self {
            promotional_offer_id: offer.and_then(|offer| offer.id.as_deref()),
            store_offer_category: offer.map(|offer| offer.category.as_str()),
            store_offer_discount_type: offer.and_then(offer_type),
            // A free trial is one period; of the others nobody tells.
            store_offer_number_of_periods: offer
                .filter(|offer| offer.kind == OfferKind::FreeTrial)
                .map(|_| 1),
        }
    }
}

/// The paywall that led to the purchase. Only the variation is known here; the rest is always `null`.
#[derive(Serialize)]
pub(super) struct PaywallProperties<'a> {
    cohort_name: (),
    paywall_name: (),
    paywall_revision: (),
    developer_id: (),
    ab_test_name: (),
    variation_id: Option<UuidText<'a>>,
}

impl<'a> PaywallProperties<'a> {
    pub fn of(variation_id: Option<&'a str>) -> Self {
        Self {
            cohort_name: (),
            paywall_name: (),
            paywall_revision: (),
            developer_id: (),
            ab_test_name: (),
            variation_id: variation_id.map(UuidText),
        }
    }
}
