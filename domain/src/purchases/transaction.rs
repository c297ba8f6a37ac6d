//! One purchase as reported.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::time::MINUTE;

/// So far the first period of a chain may begin from the date that the chain gives for itself.
const FIRST_SLACK: i64 = MINUTE;

/// One purchase as reported: the full state that the reporter knows. Times are microseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transaction {
    /// A known store or the id of a custom one.
    pub store: String,
    /// Its id in the store.
    pub id: String,
    /// The id of its chain; a one-time purchase's own id.
    pub original_id: String,
    /// One purchase, or a period of a subscription.
    pub purchase_type: PurchaseType,
    /// Real money or a test.
    #[serde(default)]
    pub environment: Environment,
    /// The store's product.
    pub product_id: String,
    /// Google's base plan, Stripe's price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_plan_id: Option<String>,
    /// The offer under which it was bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// Did somebody else of the family pay?
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_family_shared: bool,
    /// What was charged.
    pub price: Price,
    /// When this purchase or period began.
    pub purchased_at: i64,
    /// When the first of the chain began.
    pub originally_purchased_at: i64,
    /// When the period ends; `None`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Will it renew by itself?
    #[serde(default, skip_serializing_if = "is_default")]
    pub will_renew: bool,
    /// When renewing was last switched on or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew_status_changed_at: Option<i64>,
    /// When a charge failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_issue_detected_at: Option<i64>,
    /// Until when access goes on after a failed charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_period_expires_at: Option<i64>,
    /// When it was paid back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded_at: Option<i64>,
    /// How much of the price was paid back, 0 to 1, where it was not all of it.
    #[serde(
        default,
        with = "rust_decimal::serde::str_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub refunded_share: Option<Decimal>,
    /// Why it ends or has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation_reason: Option<CancellationReason>,
    /// The paywall variation that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variation_id: Option<String>,
    /// Does it take the place of another subscription? Then it is no trial, though it may cost nothing. No body can say it:
    /// notifications of stores will, Google's by a purchase with a `linkedPurchaseToken`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replaces_another: bool,
    /// USD for one unit of its currency on the day of the purchase, where known when it was first reported.
    #[serde(
        default,
        with = "rust_decimal::serde::str_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub usd_rate: Option<Decimal>,
    /// What the product costs without any offer, where that is not the price itself and the catalogue told it.
    #[serde(
        default,
        with = "rust_decimal::serde::str_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub regular_price: Option<Decimal>,
    /// Was its product not in the catalogue when what it gives was noted?
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_of_unknown_product: bool,
    /// Which chain has taken it in: after a profile is deleted, another one begins under the same original id.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mark: u32,
}

/// Need it not be stored, because it is what stands for nothing: `false`, 0?
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One purchase, or a period of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseType {
    /// Bought once: consumable, non-consumable, lifetime.
    OneTimePurchase,
    /// A period of a subscription.
    Subscription,
}

/// Real money or a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Environment {
    /// Real money.
    #[default]
    Production,
    /// A test; it gives access but no revenue.
    Sandbox,
}

impl Environment {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "Production",
            Self::Sandbox => "Sandbox",
        }
    }
}

/// The offer under which something was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// `introductory`, `promotional`, `offer_code`, `win_back`, `retention`.
    pub category: String,
    /// How it is cheaper.
    #[serde(rename = "type")]
    pub kind: OfferKind,
    /// The store's id of it.
    pub id: Option<String>,
}

/// How an offer is cheaper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferKind {
    /// Nothing to pay.
    FreeTrial,
    /// A lower price for each of some periods.
    PayAsYouGo,
    /// A lower price, once, for a longer period.
    PayUpFront,
    /// The reporter did not know.
    Unknown,
}

impl OfferKind {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FreeTrial => "free_trial",
            Self::PayAsYouGo => "pay_as_you_go",
            Self::PayUpFront => "pay_up_front",
            Self::Unknown => "unknown",
        }
    }
}

/// What was charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The store's country, two letters in capitals.
    pub country: String,
    /// ISO 4217, three letters in capitals.
    pub currency: String,
    /// In major units, not negative.
    #[serde(with = "rust_decimal::serde::str")]
    pub value: Decimal,
}

/// Why a subscription ends or has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancellationReason {
    /// The customer switched renewing off.
    VoluntarilyCancelled,
    /// The charge failed.
    BillingError,
    /// The customer did not agree to a higher price.
    PriceIncrease,
    /// The store does not sell it any more.
    ProductWasNotAvailable,
    /// The money was paid back.
    Refund,
    /// The app's owner ended it.
    CancelledByDeveloper,
    /// Another subscription took its place.
    NewSubscriptionReplace,
    /// A higher product took its place.
    Upgraded,
    /// Nobody told.
    Unknown,
    /// Access was revoked through our API.
    AdaptyRevoked,
}

impl CancellationReason {
    /// All, in the order of the wire contract.
    pub const ALL: [Self; 10] = [
        Self::VoluntarilyCancelled,
        Self::BillingError,
        Self::PriceIncrease,
        Self::ProductWasNotAvailable,
        Self::Refund,
        Self::CancelledByDeveloper,
        Self::NewSubscriptionReplace,
        Self::Upgraded,
        Self::Unknown,
        Self::AdaptyRevoked,
    ];

    /// All, as the API writes them.
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut place = 0;
        while place < names.len() {
            names[place] = Self::ALL[place].as_str();
            place += 1;
        }
        names
    };

    /// As the API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VoluntarilyCancelled => "voluntarily_cancelled",
            Self::BillingError => "billing_error",
            Self::PriceIncrease => "price_increase",
            Self::ProductWasNotAvailable => "product_was_not_available",
            Self::Refund => "refund",
            Self::CancelledByDeveloper => "cancelled_by_developer",
            Self::NewSubscriptionReplace => "new_subscription_replace",
            Self::Upgraded => "upgraded",
            Self::Unknown => "unknown",
            Self::AdaptyRevoked => "adapty_revoked",
        }
    }
}

impl Transaction {
    /// Is it the first of its chain?
    pub fn is_first(&self) -> bool {
        let distance = self.purchased_at.abs_diff(self.originally_purchased_at);
        self.id == self.original_id || distance <= FIRST_SLACK.unsigned_abs()
    }

    /// Was nothing charged, be it a trial or a free period?
    pub fn is_free(&self) -> bool {
        self.price.value.is_zero()
    }

    /// Which of two is shown: that with the latest purchase, then the latest end as it was reported.
    pub fn place(&self) -> (i64, i64) {
        (self.purchased_at, self.expires_at.unwrap_or(i64::MAX))
    }

    /// How much of its price has not been paid back, 0 to 1.
    pub fn kept_share(&self) -> Decimal {
        match (self.refunded_share, self.refunded_at) {
            (Some(share), _) => Decimal::ONE
                .saturating_sub(share)
                .clamp(Decimal::ZERO, Decimal::ONE),
            (None, Some(_)) => Decimal::ZERO,
            (None, None) => Decimal::ONE,
        }
    }

    /// The same after a part of its price was paid back.
    #[must_use]
    pub fn refunded_in_part(self, at: i64, share: Decimal, keeps_access: bool) -> Self {
        let refunded = Self {
            refunded_share: Some(share),
            ..self
        };
        if keeps_access {
            return refunded;
        }
        Self {
            refunded_at: Some(at),
            cancellation_reason: Some(CancellationReason::Refund),
            ..refunded
        }
    }

    /// Is what it gives to be noted anew, after it was reported as `old`? Its product was corrected, or has come into the
    /// catalogue since.
    pub fn gives_anew(&self, old: &Self) -> bool {
        self.product_id != old.product_id || old.is_of_unknown_product && !self.is_of_unknown_product
    }

    /// Has another product taken its place, by what is said of it?
    pub fn is_replaced(&self) -> bool {
        matches!(
            self.cancellation_reason,
            Some(CancellationReason::Upgraded | CancellationReason::NewSubscriptionReplace)
        )
    }

    /// Does its offer say that it is a free trial?
    pub fn has_trial_offer(&self) -> bool {
        self.offer
            .as_ref()
            .is_some_and(|offer| offer.kind == OfferKind::FreeTrial)
    }
}
