//! The properties of `access_level_updated`: the access level after the change, without any money.

use serde::Serialize;
use uuid::Uuid;

use super::dates::EventTime;
use super::properties::{PaywallProperties, base_plan, offer_type};
use super::recipient::{Recipient, RecipientProperties};
use super::wire::Days;
use crate::ids::ProfileId;
use crate::purchases::access::AccessLevel;
use crate::purchases::transaction::{CancellationReason, Offer};

/// The category of offers for new customers; all others are told as promotional ones.
const INTRODUCTORY: &str = "introductory";

/// What is told of an access level.
#[derive(Serialize)]
pub(super) struct LevelProperties<'a> {
    profile_event_id: Uuid,
    profile_id: ProfileId,
    event_datetime: EventTime,
    environment: &'static str,
    store: &'a str,
    access_level_id: &'a str,
    is_active: bool,
    is_lifetime: bool,
    is_refund: bool,
    is_in_grace_period: bool,
    will_renew: bool,
    starts_at: Option<EventTime>,
    activated_at: EventTime,
    renewed_at: Option<EventTime>,
    expires_at: Option<EventTime>,
    subscription_expires_at: Option<EventTime>,
    billing_issue_detected_at: Option<EventTime>,
    cancellation_reason: Option<&'static str>,
    vendor_product_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_plan_id: Option<Option<&'a str>>,
    transaction_id: &'a str,
    original_transaction_id: &'a str,
    purchase_date: EventTime,
    original_purchase_date: EventTime,
    currency: Option<&'a str>,
    store_country: Option<&'a str>,
    #[serde(flatten)]
    recipient: RecipientProperties<'a>,
    #[serde(flatten)]
    offer: ActiveOffer<'a>,
    #[serde(flatten)]
    paywall: PaywallProperties<'a>,
    trial_duration: Option<Days>,
}

impl<'a> LevelProperties<'a> {
    pub fn of(id: Uuid, level: &'a AccessLevel, now: i64, recipient: &Recipient<'a>) -> Self {
        Self {
            profile_event_id: id,
            profile_id: recipient.profile_id,
            event_datetime: EventTime(now),
            environment: level.environment.as_str(),
            store: &level.store,
            access_level_id: &level.access_level_id,
            is_active: level.is_active(now),
            is_lifetime: level.expires_at.is_none(),
            is_refund: level.is_refund,
            is_in_grace_period: level.is_in_grace_period(now),
            will_renew: level.will_renew,
            starts_at: level.starts_at.map(EventTime),
            activated_at: EventTime(level.activated_at),
            renewed_at: level.renewed_at.map(EventTime),
            expires_at: level.expires_at.map(EventTime),
            subscription_expires_at: level.subscription_expires_at.map(EventTime),
            billing_issue_detected_at: level.billing_issue_detected_at.map(EventTime),
            cancellation_reason: level.cancellation_reason.map(CancellationReason::as_str),
            vendor_product_id: &level.product_id,
            base_plan_id: base_plan(&level.store, level.base_plan_id.as_deref()),
            transaction_id: level.told_id(),
            original_transaction_id: level.told_original_id(),
            purchase_date: EventTime(level.purchased_at),
            original_purchase_date: EventTime(level.originally_purchased_at),
            currency: level.currency.as_deref(),
            store_country: level.store_country.as_deref(),
            recipient: recipient.properties(),
            offer: ActiveOffer::of(level.offer.as_ref()),
            paywall: PaywallProperties::of(level.variation_id.as_deref()),
            trial_duration: level.trial_days.map(Days),
        }
    }
}

/// The offer of the latest transaction.
#[derive(Default, Serialize)]
struct ActiveOffer<'a> {
    active_introductory_offer_type: Option<&'static str>,
    active_promotional_offer_type: Option<&'static str>,
    active_promotional_offer_id: Option<&'a str>,
}

impl<'a> ActiveOffer<'a> {
    fn of(offer: Option<&'a Offer>) -> Self {
        match offer {
            None => Self::default(),
            Some(offer) if offer.category == INTRODUCTORY => Self {
                active_introductory_offer_type: offer_type(offer),
                ..Self::default()
            },
            Some(offer) => Self {
                active_promotional_offer_type: offer_type(offer),
                active_promotional_offer_id: offer.id.as_deref(),
                ..Self::default()
            },
        }
    }
}
