//! The money of an event.

use rust_decimal::Decimal;
use serde::Serialize;

use super::Fact;
use super::kind::EventKind;
use super::wire::Amount;
use crate::money::Money;
use crate::purchases::transaction::{OfferKind, PurchaseType, Transaction};

/// How the owner wants an event's money to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PriceRules {
    /// Does a trial's start tell the regular price?
    pub send_trial_price: bool,
    /// Are refunds told as positive amounts?
    pub refund_amounts_positive: bool,
}

/// What was charged, and what it would have been without an offer. `None`: not known, or nothing could be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Prices {
    /// Charged, or paid back, before the store's share.
    pub price_local: Option<Amount>,
    /// The same in US dollars.
    pub price_usd: Option<Amount>,
    /// The price without any offer.
    pub original_price_local: Option<Amount>,
    /// The same in US dollars.
    pub original_price_usd: Option<Amount>,
    /// By how much the offer is cheaper.
    pub discount_amount_local: Option<Amount>,
    /// The same in US dollars.
    pub discount_amount_usd: Option<Amount>,
}

/// What is left of what was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Revenue {
    /// Without the store's share.
    pub proceeds_local: Option<Amount>,
    /// The same in US dollars.
    pub proceeds_usd: Option<Amount>,
    /// Without the store's share and taxes.
    pub net_revenue_local: Option<Amount>,
    /// The same in US dollars.
    pub net_revenue_usd: Option<Amount>,
    /// The taxes.
    pub tax_amount_local: Option<Amount>,
    /// The same in US dollars.
    pub tax_amount_usd: Option<Amount>,
}

impl Prices {
    /// The prices of a fact. On refunds all of them are times the part that was paid back, and negative unless the
    /// rules say otherwise, so that the original price less the discount is the price there too.
    pub fn of(fact: &Fact, money: &Money, rules: PriceRules) -> Self {
        let told = |value: Option<Decimal>| told(fact, money, rules, value);
        let original = original(fact, money);
        let (price_local, price_usd) = told(price(fact, money, rules));
        let (original_price_local, original_price_usd) = told(original);
        let (discount_amount_local, discount_amount_usd) = told(discount(fact, original));
        Self {
            price_local,
            price_usd,
            original_price_local,
            original_price_usd,
            discount_amount_local,
            discount_amount_usd,
        }
    }
}

impl Revenue {
    /// The revenue of a fact, for the kinds that tell it; `None` for the others.
    pub fn of(fact: &Fact, money: &Money, rules: PriceRules) -> Option<Self> {
        if !fact.kind.has_revenue() {
            return None;
        }
        let parts = &money.local;
        let told = |part| told(fact, money, rules, (!is_unpaid(fact)).then_some(part));
        let (proceeds_local, proceeds_usd) = told(parts.proceeds);
        let (net_revenue_local, net_revenue_usd) = told(parts.net);
        let (tax_amount_local, tax_amount_usd) = told(parts.tax);
        Some(Self {
            proceeds_local,
            proceeds_usd,
            net_revenue_local,
            net_revenue_usd,
            tax_amount_local,
            tax_amount_usd,
        })
    }
}

/// What was charged for the period that the event is about.
fn price(fact: &Fact, money: &Money, rules: PriceRules) -> Option<Decimal> {
    if !is_unpaid(fact) {
        return Some(money.local.price);
    }
    let opens_trial = matches!(fact.kind, EventKind::TrialStarted | EventKind::TrialActive);
    fact.transaction
        .regular_price
        .filter(|_| opens_trial && rules.send_trial_price)
}

/// The price without any offer.
fn original(fact: &Fact, money: &Money) -> Option<Decimal> {
    let transaction = &fact.transaction;
    let is_one_time = transaction.purchase_type == PurchaseType::OneTimePurchase;
    let is_full_price = transaction.offer.is_none() && !is_unpaid(fact);
    if is_one_time || is_full_price {
        Some(money.local.price)
    } else {
        transaction.regular_price
    }
}

/// By how much the offer is cheaper: by all of it where nothing is to be paid. Not told of what is paid up front
/// in the App Store, whose price is for another length of time than the regular one.
fn discount(fact: &Fact, original: Option<Decimal>) -> Option<Decimal> {
    let transaction = &fact.transaction;
    if is_unpaid(fact) {
        return original;
    }
    if is_paid_up_front_to_apple(transaction) {
        return None;
    }
    original?.checked_sub(transaction.price.value)
}

/// Is there nothing that could have been charged: a trial, or a later period for nothing under a free offer?
/// Other periods for nothing are charged, with 0.
fn is_unpaid(fact: &Fact) -> bool {
    let tells_of_running_period = matches!(
        fact.kind,
        EventKind::BillingIssueDetected
            | EventKind::EnteredGracePeriod
            | EventKind::SubscriptionPaused
            | EventKind::SubscriptionDeferred
    );
    let is_free_offer = fact.transaction.is_free() && fact.transaction.has_trial_offer();
    fact.kind.is_of_trial() || is_free_offer || (tells_of_running_period && fact.is_in_trial)
}

fn is_paid_up_front_to_apple(transaction: &Transaction) -> bool {
    let offer = transaction.offer.as_ref();
    let is_up_front = offer.is_some_and(|offer| offer.kind == OfferKind::PayUpFront);
    let is_subscription = transaction.purchase_type == PurchaseType::Subscription;
    is_up_front && is_subscription && transaction.store == "app_store"
}

/// A local amount as the event tells it, and the same in US dollars.
fn told(
    fact: &Fact,
    money: &Money,
    rules: PriceRules,
    value: Option<Decimal>,
) -> (Option<Amount>, Option<Amount>) {
    let local = value.and_then(|value| value.checked_mul(factor(fact, rules)));
    let usd = local.and_then(|local| money.to_usd(local));
    (local.map(Amount), usd.map(Amount))
}

/// 1, but on refunds the part that was paid back, with its sign.
fn factor(fact: &Fact, rules: PriceRules) -> Decimal {
    if !fact.kind.is_refund() {
        return Decimal::ONE;
    }
    let share = fact.refunded_share.unwrap_or(Decimal::ONE);
    if rules.refund_amounts_positive {
        share
    } else {
        -share
    }
}
