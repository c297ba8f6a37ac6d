//! The Profile object of the API. Always all ten keys; lists are `[]`, never `null`.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::Profile;
use super::attributes::{AttributeValue, Attributes};
use crate::fnv::fnv1a;
use crate::purchases::access::AccessLevel;
use crate::purchases::holdings::OneTime;
use crate::purchases::transaction::Offer;
use crate::time::format_time;

/// A profile as the compatible API shows it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Profile")]
pub struct ProfileBody<'a> {
    /// The app's id.
    pub app_id: Uuid,
    /// The profile's id.
    pub profile_id: Uuid,
    /// The caller's own id of the customer; `null` for an anonymous profile.
    pub customer_user_id: Option<&'a str>,
    /// What the customer has paid in production, in US dollars.
    pub total_revenue_usd: f64,
    /// A stable hash of what segments are made from, 16 hex digits. Internal.
    pub segment_hash: String,
    /// When this answer was made, in milliseconds since 1970-01-01 UTC. Never goes back for one profile.
    pub timestamp: i64,
    /// Custom attributes in the order of their keys.
    pub custom_attributes: Vec<AttributeBody<'a>>,
    /// At most one entry for each access level.
    pub access_levels: Vec<AccessLevelBody>,
    /// One entry for each subscription.
    pub subscriptions: Vec<SubscriptionBody>,
    /// One entry for each one-time purchase.
    pub non_subscriptions: Vec<NonSubscriptionBody>,
}

/// A custom attribute.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "CustomAttribute")]
pub struct AttributeBody<'a> {
    /// 1 to 30 letters, digits, hyphens, dots and underscores.
    pub key: &'a str,
    /// A text of at most 50 characters, or a number.
    pub value: &'a AttributeValue,
}

/// What the customer may use, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "AccessLevel")]
pub struct AccessLevelBody {
    /// For example `premium`.
    pub access_level_id: String,
    /// When a grant begins or began; `null`: at once, or it is no grant.
    pub starts_at: Option<String>,
    /// Where it comes from.
    #[serde(flatten)]
    pub purchase: SubscriptionBody,
}

/// A subscription: the latest transaction of its chain.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Subscription")]
pub struct SubscriptionBody {
    /// `app_store`, `play_store`, `stripe`, `paddle`, `adapty` (a grant) or a custom store's id.
    pub store: String,
    /// The product's id in the store.
    pub store_product_id: String,
    /// Play base plan or Stripe price.
    pub store_base_plan_id: Option<String>,
    /// The latest transaction.
    pub store_transaction_id: String,
    /// The first transaction of the chain.
    pub store_original_transaction_id: String,
    /// The offer that the latest transaction used.
    pub offer: Option<OfferBody>,
    /// `Production` or `Sandbox`.
    pub environment: String,
    /// Time of the latest purchase.
    pub purchased_at: String,
    /// Time of the first purchase of the chain.
    pub originally_purchased_at: String,
    /// When it ends; `null` means never.
    pub expires_at: Option<String>,
    /// When the customer switched renewal off, or, after a revocation, when that was asked for; `null` while it is on.
    pub renewal_cancelled_at: Option<String>,
    /// When a charge failed.
    pub billing_issue_detected_at: Option<String>,
    /// May the customer still use it although a charge failed?
    pub is_in_grace_period: bool,
    /// Why it was cancelled.
    pub cancellation_reason: Option<String>,
}

/// A one-time purchase.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "NonSubscription")]
pub struct NonSubscriptionBody {
    /// Stable for the life of the purchase.
    pub purchase_id: Uuid,
    /// The store.
    pub store: String,
    /// The product's id in the store.
    pub store_product_id: String,
    /// Play base plan or Stripe price.
    pub store_base_plan_id: Option<String>,
    /// The transaction.
    pub store_transaction_id: String,
    /// The same as the transaction.
    pub store_original_transaction_id: String,
    /// Time of the purchase.
    pub purchased_at: String,
    /// `Production` or `Sandbox`.
    pub environment: String,
    /// Was it refunded?
    pub is_refund: bool,
    /// Can it be bought again?
    pub is_consumable: bool,
}

/// An offer of a store.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Offer")]
pub struct OfferBody {
    /// `introductory`, `promotional`, `offer_code`, `win_back` or `retention`.
    pub category: String,
    /// `free_trial`, `pay_as_you_go`, `pay_up_front` or `unknown`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The offer's id in the store.
    pub id: Option<String>,
}

impl<'a> ProfileBody<'a> {
    /// The profile as it is at `now` (microseconds). The answer's time is never before the profile's last change.
    pub fn at(profile: &'a Profile, now: i64) -> Self {
        Self {
            app_id: profile.app.0,
            profile_id: profile.id.0,
            customer_user_id: profile.customer_user_id.as_deref(),
            total_revenue_usd: number(profile.holdings.revenue_usd),
            segment_hash: segment_hash(&profile.attributes),
            timestamp: now.max(profile.updated_at).div_euclid(1_000),
            custom_attributes: profile
                .attributes
                .iter()
                .map(|(key, value)| AttributeBody { key, value })
                .collect(),
            access_levels: profile
                .holdings
                .levels(now)
                .into_iter()
                .map(|level| AccessLevelBody::of(level, now))
                .collect(),
            subscriptions: profile
                .holdings
                .chains
                .iter()
                .map(|chain| SubscriptionBody::of(chain.entry(), now))
                .collect(),
            non_subscriptions: profile
                .holdings
                .one_time
                .iter()
                .map(NonSubscriptionBody::of)
                .collect(),
        }
    }
}

impl AccessLevelBody {
    fn of(level: AccessLevel, now: i64) -> Self {
        Self {
            access_level_id: level.access_level_id.clone(),
            starts_at: level.starts_at.map(format_time),
            purchase: SubscriptionBody::of(level, now),
        }
    }
}

impl SubscriptionBody {
    fn of(level: AccessLevel, now: i64) -> Self {
        Self {
            is_in_grace_period: level.is_in_grace_period(now),
            store: level.store,
            store_product_id: level.product_id,
            store_base_plan_id: level.base_plan_id,
            store_transaction_id: level.transaction_id,
            store_original_transaction_id: level.original_id,
            offer: level.offer.map(OfferBody::of),
            environment: level.environment.as_str().into(),
            purchased_at: format_time(level.purchased_at),
            originally_purchased_at: format_time(level.originally_purchased_at),
            expires_at: level.expires_at.map(format_time),
            renewal_cancelled_at: level.renewal_cancelled_at.map(format_time),
            billing_issue_detected_at: level.billing_issue_detected_at.map(format_time),
            cancellation_reason: level.cancellation_reason.map(|reason| reason.as_str().into()),
        }
    }
}

impl NonSubscriptionBody {
    fn of(purchase: &OneTime) -> Self {
        let transaction = &purchase.transaction;
        Self {
            purchase_id: purchase.purchase_id,
            store: transaction.store.clone(),
            store_product_id: transaction.product_id.clone(),
            store_base_plan_id: transaction.base_plan_id.clone(),
            store_transaction_id: transaction.id.clone(),
            store_original_transaction_id: transaction.original_id.clone(),
            purchased_at: format_time(transaction.purchased_at),
            environment: transaction.environment.as_str().into(),
            is_refund: transaction.refunded_at.is_some(),
            is_consumable: purchase.is_consumable,
        }
    }
}

impl OfferBody {
    fn of(offer: Offer) -> Self {
        Self {
            category: offer.category,
            kind: offer.kind.as_str().into(),
            id: offer.id,
        }
    }
}

/// The number that reads like the decimal.
fn number(value: Decimal) -> f64 {
    value.normalize().to_string().parse().unwrap_or_default()
}

/// A hash of the stored form of the custom attributes.
fn segment_hash(attributes: &Attributes) -> String {
    let hash = fnv1a(&attributes.encode().unwrap_or_default());
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AppId, ProfileId};

    #[test]
    fn all_ten_keys_are_always_there() {
        let profile = Profile::new(AppId(Uuid::nil()), ProfileId(Uuid::nil()), None, 2_000_000);
        let json = serde_json::to_string(&ProfileBody::at(&profile, 1_000_000)).unwrap();
        let expected = concat!(
            r#"{"app_id":"00000000-0000-0000-0000-000000000000","profile_id":"00000000-0000-0000-0000-000000000000","#,
            r#""customer_user_id":null,"total_revenue_usd":0.0,"segment_hash":"cbf29ce484222325","timestamp":2000,"#,
            r#""custom_attributes":[],"access_levels":[],"subscriptions":[],"non_subscriptions":[]}"#
        );
        assert_eq!(json, expected);
    }
}
