//! Which properties are there, `null` or absent, for each kind of event.

use bursar_domain::events::EventKind;
use bursar_domain::purchases::transaction::OfferKind;
use serde_json::Value;

use crate::scene::Scene;

/// What is expected of the properties of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Is {
    /// There, with a value.
    Told,
    /// There, without a value.
    Null,
    /// Not there.
    Absent,
}
use Is::{Absent, Null, Told};

const PRICE: &[&str] = &["price_local", "price_usd"];
const REVENUE: &[&str] = &[
    "proceeds_local",
    "proceeds_usd",
    "net_revenue_local",
    "net_revenue_usd",
    "tax_amount_local",
    "tax_amount_usd",
];
const REASON: &[&str] = &["cancellation_reason"];
const TRIAL: &[&str] = &["trial_duration"];
const OFFER: &[&str] = &["store_offer_category", "store_offer_discount_type"];
const IDS_AND_DATES: &[&str] = &[
    "profile_event_id",
    "profile_id",
    "event_datetime",
    "environment",
    "store",
    "transaction_id",
    "original_transaction_id",
    "purchase_date",
    "original_purchase_date",
    "vendor_product_id",
    "currency",
    "consecutive_payments",
    "rate_after_first_year",
    "store_country",
    "profile_has_access_level",
    "profile_total_revenue_usd",
];
const NEVER_KNOWN: &[&str] = &[
    "cohort_name",
    "paywall_name",
    "paywall_revision",
    "developer_id",
    "ab_test_name",
    "ab_test_revision",
    "variation_id",
    "profile_country",
    "profile_ip_address",
];
const ONLY_ON_LEVELS: &[&str] = &[
    "access_level_id",
    "is_active",
    "is_lifetime",
    "is_refund",
    "is_in_grace_period",
    "will_renew",
    "renewed_at",
    "expires_at",
];

/// Price, revenue, reason, trial duration without and with a trial in the chain, offer.
const TABLE: &[(EventKind, Is, Is, Is, Is, Is, Is)] = &[
    (
        EventKind::SubscriptionStarted,
        Told,
        Told,
        Absent,
        Absent,
        Absent,
        Told,
    ),
    (
        EventKind::SubscriptionRenewed,
        Told,
        Told,
        Absent,
        Absent,
        Told,
        Told,
    ),
    (EventKind::TrialStarted, Null, Absent, Absent, Null, Told, Told),
    (EventKind::TrialConverted, Told, Told, Absent, Null, Told, Told),
    (
        EventKind::SubscriptionExpired,
        Told,
        Absent,
        Told,
        Absent,
        Told,
        Told,
    ),
    (EventKind::TrialExpired, Null, Absent, Told, Null, Told, Told),
    (
        EventKind::SubscriptionRenewalCancelled,
        Told,
        Absent,
        Absent,
        Absent,
        Absent,
        Told,
    ),
    (
        EventKind::SubscriptionRenewalReactivated,
        Told,
        Absent,
        Absent,
        Absent,
        Absent,
        Told,
    ),
    (
        EventKind::TrialRenewalCancelled,
        Null,
        Absent,
        Absent,
        Null,
        Told,
        Told,
    ),
    (
        EventKind::TrialRenewalReactivated,
        Null,
        Absent,
        Absent,
        Null,
        Told,
        Told,
    ),
    (
        EventKind::BillingIssueDetected,
        Told,
        Absent,
        Absent,
        Absent,
        Told,
        Told,
    ),
    (
        EventKind::EnteredGracePeriod,
        Told,
        Absent,
        Absent,
        Absent,
        Told,
        Told,
    ),
    (
        EventKind::SubscriptionPaused,
        Told,
        Absent,
        Absent,
        Absent,
        Absent,
        Told,
    ),
    (
        EventKind::SubscriptionDeferred,
        Told,
        Absent,
        Absent,
        Absent,
        Absent,
        Told,
    ),
    (
        EventKind::SubscriptionRefunded,
        Told,
        Told,
        Told,
        Absent,
        Absent,
        Told,
    ),
    (
        EventKind::NonSubscriptionPurchaseRefunded,
        Told,
        Told,
        Told,
        Absent,
        Absent,
        Told,
    ),
    (
        EventKind::NonSubscriptionPurchase,
        Told,
        Told,
        Absent,
        Absent,
        Absent,
        Absent,
    ),
    (EventKind::TrialActive, Null, Absent, Absent, Null, Told, Told),
    (
        EventKind::SubscriptionActive,
        Told,
        Absent,
        Absent,
        Absent,
        Absent,
        Told,
    ),
];

fn check(kind: EventKind, properties: &Value, names: &[&str], expected: Is) {
    for name in names {
        let is = match properties.get(name) {
            None => Absent,
            Some(Value::Null) => Null,
            Some(_) => Told,
        };
        assert_eq!(is, expected, "{name} of {}", kind.as_str());
    }
}

fn is_one_time(kind: EventKind) -> bool {
    kind.as_str().starts_with("non_subscription")
}

fn scene(kind: EventKind) -> Scene {
    let scene = Scene::new(kind);
    if is_one_time(kind) {
        scene.one_time()
    } else {
        scene
    }
}

#[test]
fn each_kind_carries_its_groups() {
    for (kind, price, revenue, reason, no_trial, trial, offer) in TABLE {
        let kind = *kind;
        let plain = scene(kind).properties();
        check(kind, &plain, PRICE, *price);
        check(kind, &plain, REVENUE, *revenue);
        check(kind, &plain, REASON, *reason);
        check(kind, &plain, TRIAL, *no_trial);
        check(kind, &plain, OFFER, if *offer == Told { Null } else { *offer });
        let with_trial = scene(kind).fact(|fact| fact.trial_days = Some(7)).properties();
        check(kind, &with_trial, TRIAL, *trial);
        let with_offer = scene(kind).offer("introductory", OfferKind::PayAsYouGo, Some("id"));
        check(kind, &with_offer.properties(), OFFER, *offer);
        check(kind, &with_offer.properties(), &["promotional_offer_id"], *offer);
    }
}

#[test]
fn the_table_has_every_kind_that_is_made_of_a_fact() {
    let mut kinds: Vec<_> = TABLE.iter().map(|row| row.0).collect();
    kinds.push(EventKind::AccessLevelUpdated);
    kinds.sort_unstable();
    assert_eq!(kinds, EventKind::ALL);
}

#[test]
fn ids_dates_and_states_are_told_by_all_and_access_by_none() {
    for (kind, ..) in TABLE {
        let properties = scene(*kind).properties();
        check(*kind, &properties, IDS_AND_DATES, Told);
        check(*kind, &properties, NEVER_KNOWN, Null);
        check(*kind, &properties, ONLY_ON_LEVELS, Absent);
        let end = if is_one_time(*kind) { Null } else { Told };
        check(*kind, &properties, &["subscription_expires_at"], end);
    }
}

#[test]
fn only_the_app_store_has_no_base_plans() {
    let base_plan = |store: &str, plan: Option<&str>| {
        let scene = Scene::new(EventKind::SubscriptionStarted).bought(store, "US", "USD", "1");
        let scene = scene.fact(|fact| fact.transaction.base_plan_id = plan.map(str::to_owned));
        scene.properties().get("base_plan_id").cloned()
    };
    assert_eq!(base_plan("app_store", Some("ignored")), None);
    assert_eq!(base_plan("play_store", Some("plan")), Some("plan".into()));
    assert_eq!(base_plan("my_store", None), Some(Value::Null));
}

#[test]
fn an_untold_reason_is_unknown_or_the_refund() {
    let reason = |kind| scene(kind).properties()["cancellation_reason"].take();
    assert_eq!(reason(EventKind::SubscriptionExpired), "unknown");
    assert_eq!(reason(EventKind::NonSubscriptionPurchaseRefunded), "refund");
}
