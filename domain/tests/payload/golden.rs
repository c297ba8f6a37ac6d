//! One whole event of each kind, to be read like code.
//!
//! After a change that is meant: `cargo xtask golden`, and read the difference.

use std::path::Path;

use bursar_domain::events::EventKind;
use bursar_domain::purchases::transaction::{CancellationReason, Environment, OfferKind};

use crate::levels;
use crate::pretty::pretty;
use crate::scene::{Scene, decimal, micros};

const PERSON: &str = r#"{
    "email": "ann@example.com", "ip_country": "DE", "ip_v4_address": "192.0.2.7", "att_status": 3,
    "custom_attributes": [{"key": "level", "value": 10}, {"key": "favourite", "value": "tea \"green\""}],
    "installation_meta": {"device_id": "phone", "user_agent": "Example/1.0 (iPhone)",
        "idfv": "E621E1F8-C36C-495A-93FC-0C247A3E6E5F", "idfa": "6D92078A-8246-4BA4-AE5B-76104861E7DC"}}"#;

const ANDROID: &str = r#"{"custom_attributes": [{"key": "plan.size", "value": 0.5}], "installation_meta": {"device_id": "pixel", "user_agent": "Example/1.0 (Android)",
    "advertising_id": "38400000-8cf0-11bd-b23e-10b96e40000d"}}"#;

const ALL_IDENTIFIERS: &str = r#"{
    "adjust_device_id": "1", "airbridge_device_id": "2", "amplitude_device_id": "3", "amplitude_user_id": "4",
    "appmetrica_device_id": "5", "appmetrica_profile_id": "6", "appsflyer_id": "7", "branch_id": "8",
    "facebook_anonymous_id": "9", "firebase_app_instance_id": "10", "mixpanel_user_id": "11",
    "pushwoosh_hwid": "12", "one_signal_player_id": "13", "one_signal_subscription_id": "14",
    "tenjin_analytics_installation_id": "15", "posthog_distinct_user_id": "16"}"#;

const CAMPAIGN: &str = r#"{
    "status": "non_organic", "attribution_user_id": "n-1", "channel": "search", "campaign": "new year",
    "ad_group": "gold", "ad_set": "de", "creative": "blue \"now\""}"#;

const SOME_IDENTIFIERS: &str = r#"{"appsflyer_id": "1700000000000-1234567", "branch_id": "b-1"}"#;

/// In the App Store, in Germany, with everything known of the customer.
fn apple(kind: EventKind) -> Scene {
    let scene = Scene::new(kind).with_customer(PERSON, ALL_IDENTIFIERS);
    scene.bought("app_store", "DE", "EUR", "9.99").set(|scene| {
        scene.fact.transaction.usd_rate = Some(decimal("1.0836"));
        scene.total_revenue_usd = "21.650328";
    })
}

/// On Google Play, in Britain, with a base plan and the second period of a chain that began with a trial.
fn google(kind: EventKind) -> Scene {
    let scene = Scene::new(kind).with_customer(ANDROID, SOME_IDENTIFIERS);
    let scene = scene.bought("play_store", "GB", "GBP", "4.99").fact(|fact| {
        fact.trial_days = Some(7);
        fact.consecutive_payments = 2;
        let transaction = &mut fact.transaction;
        transaction.id = "GPA.3333-1111-2222-44444..1".into();
        transaction.original_id = "GPA.3333-1111-2222-44444".into();
        transaction.base_plan_id = Some("monthly-base".into());
        transaction.originally_purchased_at = micros("2024-11-24T00:00:00Z");
        transaction.variation_id = Some("9F6B2A10-3C4D-4E5F-8A9B-0C1D2E3F4A5B".into());
    });
    scene.set(|scene| scene.fact.transaction.usd_rate = Some(decimal("1.25")))
}

/// Through Stripe, in Japan, in a currency without a rate, as a test.
fn stripe(kind: EventKind) -> Scene {
    let scene = Scene::new(kind).bought("stripe", "JP", "JPY", "1200");
    scene.fact(|fact| {
        let transaction = &mut fact.transaction;
        transaction.environment = Environment::Sandbox;
        transaction.id = "in_1".into();
        transaction.original_id = "sub_1".into();
        transaction.base_plan_id = Some("price_1".into());
    })
}

fn at(time: &str) -> impl FnOnce(&mut bursar_domain::events::Fact) {
    move |fact| fact.at = micros(time)
}

/// The event of each kind that is kept as a file.
fn event(kind: EventKind) -> String {
    let scene = match kind {
        EventKind::SubscriptionStarted => apple(kind),
        EventKind::SubscriptionRenewed => google(kind).set(|scene| {
            scene.is_shared = true;
            scene.options.send_user_attributes = true;
        }),
        EventKind::SubscriptionRenewalCancelled => stripe(kind).fact(at("2025-01-10T09:15:00Z")),
        EventKind::SubscriptionRenewalReactivated => {
            let reactivated = apple(kind).fact(at("2025-01-12T00:00:00Z"));
            reactivated
                .offer("promotional", OfferKind::PayAsYouGo, Some("winter"))
                .set(|scene| scene.fact.transaction.regular_price = Some(decimal("14.99")))
        }
        EventKind::SubscriptionExpired => google(kind).fact(|fact| {
            fact.at = micros("2025-02-01T00:00:00Z");
            fact.reason = Some(CancellationReason::VoluntarilyCancelled);
        }),
        EventKind::SubscriptionPaused => google(kind).fact(at("2025-01-20T10:00:00.25Z")),
        EventKind::SubscriptionDeferred => google(kind).fact(|fact| {
            fact.at = micros("2025-01-20T10:00:00Z");
            fact.subscription_expires_at = Some(micros("2025-02-15T00:00:00Z"));
        }),
        EventKind::NonSubscriptionPurchase => apple(kind).one_time(),
        EventKind::TrialStarted => apple(kind).trial().came_from(CAMPAIGN).set(|scene| {
            scene.fact.transaction.regular_price = Some(decimal("9.99"));
            scene.options.prices.send_trial_price = true;
            scene.options.send_user_attributes = true;
            scene.options.send_attribution = true;
        }),
        EventKind::TrialConverted => google(kind).fact(|fact| fact.consecutive_payments = 1),
        EventKind::TrialRenewalCancelled => apple(kind).trial().fact(at("2025-01-03T00:00:00Z")),
        EventKind::TrialRenewalReactivated => google(kind).trial().fact(at("2025-01-04T00:00:00Z")),
        EventKind::TrialExpired => apple(kind).trial().fact(|fact| {
            fact.at = micros("2025-01-08T00:00:00Z");
            fact.subscription_expires_at = Some(fact.at);
            fact.reason = Some(CancellationReason::BillingError);
        }),
        EventKind::EnteredGracePeriod => apple(kind).fact(|fact| {
            fact.at = micros("2025-02-01T00:00:00Z");
            fact.subscription_expires_at = Some(micros("2025-02-17T00:00:00Z"));
        }),
        EventKind::BillingIssueDetected => google(kind).trial().fact(at("2025-01-08T00:00:00Z")),
        EventKind::SubscriptionRefunded => apple(kind).fact(|fact| {
            fact.at = micros("2025-01-15T00:00:00Z");
            fact.subscription_expires_at = Some(fact.at);
            fact.reason = Some(CancellationReason::Refund);
            fact.refunded_share = Some(decimal("0.5"));
        }),
        EventKind::NonSubscriptionPurchaseRefunded => google(kind).one_time().fact(|fact| {
            fact.at = micros("2025-01-15T00:00:00Z");
            fact.reason = Some(CancellationReason::Refund);
        }),
        EventKind::AccessLevelUpdated => return levels::example(),
        EventKind::TrialActive => stripe(kind).trial().fact(at("2025-01-04T00:00:00Z")),
        EventKind::SubscriptionActive => apple(kind)
            .fact(at("2025-01-04T00:00:00Z"))
            .offer("introductory", OfferKind::PayUpFront, None)
            .set(|scene| {
                scene.fact.transaction.regular_price = Some(decimal("14.99"));
                scene.options.name = Some("still_here");
            }),
    };
    scene.json()
}

#[expect(clippy::disallowed_methods, reason = "the one place of this variable")]
fn shall_rewrite() -> bool {
    std::env::var_os("BURSAR_TEST_REWRITE_GOLDEN").is_some_and(|value| value == "1")
}

#[test]
fn events_of_every_kind_are_as_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/events");
    for kind in EventKind::ALL {
        let file = folder.join(format!("{}.json", kind.as_str()));
        let event = pretty(&event(*kind));
        if shall_rewrite() {
            std::fs::write(&file, &event).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap();
        assert_eq!(event, kept, "{}", file.display());
    }
}
