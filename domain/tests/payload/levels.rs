//! `access_level_updated`.

use bursar_domain::events::payload;
use bursar_domain::events::{EventKind, payload::PayloadOptions};
use bursar_domain::purchases::access::AccessLevel;
use bursar_domain::purchases::holdings::Grant;
use bursar_domain::purchases::transaction::{CancellationReason, Environment, Offer, OfferKind};
use serde_json::{Value, json};
use uuid::uuid;

use crate::scene::{Scene, micros};

/// The example of the contract.
const SWITCHED_OFF: &str = r#"{"profile_id":"5b0e6a52-7c1d-4a0e-9a44-0f6b7a0c9d11","customer_user_id":"u1","idfv":null,"idfa":null,
 "advertising_id":null,"profile_install_datetime":"2025-01-01T00:00:00.000000+0000","user_agent":null,"email":null,
 "event_type":"access_level_updated","event_datetime":"2025-01-10T09:15:02.184233+0000","event_api_version":1,
 "profiles_sharing_access_level":null,"integration_ids":{"amplitude_user_id":"amp-77"},
 "event_properties":{"profile_event_id":"0d8f0d0e-6c0b-4f5e-8a51-3f1d1c2b7a90","profile_id":"5b0e6a52-7c1d-4a0e-9a44-0f6b7a0c9d11",
  "event_datetime":"2025-01-10T09:15:02.184233+0000","environment":"Production","store":"app_store","access_level_id":"premium",
  "is_active":true,"is_lifetime":false,"is_refund":false,"is_in_grace_period":false,"will_renew":false,
  "starts_at":null,"activated_at":"2025-01-01T00:00:00.000000+0000","renewed_at":"2025-01-01T00:00:00.000000+0000",
  "expires_at":"2025-02-01T00:00:00.000000+0000","subscription_expires_at":"2025-02-01T00:00:00.000000+0000",
  "billing_issue_detected_at":null,"cancellation_reason":"voluntarily_cancelled","vendor_product_id":"monthly",
  "transaction_id":"t1","original_transaction_id":"t1","purchase_date":"2025-01-01T00:00:00.000000+0000",
  "original_purchase_date":"2025-01-01T00:00:00.000000+0000","currency":"USD","store_country":"US","profile_country":null,
  "profile_ip_address":null,"profile_has_access_level":true,"profile_total_revenue_usd":9.99,
  "active_introductory_offer_type":null,"active_promotional_offer_type":null,"active_promotional_offer_id":null,
  "cohort_name":null,"paywall_name":null,"paywall_revision":null,"developer_id":null,"ab_test_name":null,
  "variation_id":null,"trial_duration":null}}"#;

const NOW: &str = "2025-01-10T09:15:02.184233Z";

/// A month in the App Store whose renewal was switched off.
fn level() -> AccessLevel {
    let (from, to) = (micros("2025-01-01T00:00:00Z"), micros("2025-02-01T00:00:00Z"));
    AccessLevel {
        access_level_id: "premium".into(),
        store: "app_store".into(),
        product_id: "monthly".into(),
        base_plan_id: None,
        transaction_id: "t1".into(),
        original_id: "t1".into(),
        offer: None,
        environment: Environment::Production,
        starts_at: None,
        purchased_at: from,
        originally_purchased_at: from,
        expires_at: Some(to),
        subscription_expires_at: Some(to),
        renewal_cancelled_at: Some(micros("2025-01-10T09:15:00Z")),
        billing_issue_detected_at: None,
        grace_period_expires_at: None,
        cancellation_reason: Some(CancellationReason::VoluntarilyCancelled),
        is_refund: false,
        will_renew: false,
        activated_at: from,
        renewed_at: Some(from),
        currency: Some("USD".into()),
        store_country: Some("US".into()),
        trial_days: None,
        variation_id: None,
    }
}

fn told(level: &AccessLevel, now: &str) -> String {
    let mut scene = Scene::new(EventKind::AccessLevelUpdated);
    let identifiers = r#"{"amplitude_user_id":"amp-77"}"#;
    scene = scene.with_customer("{}", identifiers);
    scene.profile.customer_user_id = Some("u1".into());
    let id = uuid!("0d8f0d0e-6c0b-4f5e-8a51-3f1d1c2b7a90");
    scene.tell(|recipient| payload::of_level(id, level, micros(now), recipient, &PayloadOptions::default()))
}

fn properties(level: &AccessLevel, now: &str) -> Value {
    let mut event: Value = serde_json::from_str(&told(level, now)).unwrap();
    event["event_properties"].take()
}

/// Renewal was switched off.
pub fn example() -> String {
    told(&level(), NOW)
}

#[test]
fn switching_renewal_off_is_told_value_for_value() {
    let expected: Value = serde_json::from_str(SWITCHED_OFF).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&example()).unwrap(), expected);
}

#[test]
fn a_grant_has_no_store_facts() {
    let grant = AccessLevel {
        store: "adapty".into(),
        product_id: "adapty_server_side_product".into(),
        expires_at: None,
        subscription_expires_at: None,
        renewed_at: None,
        currency: None,
        store_country: None,
        cancellation_reason: None,
        ..level()
    };
    let told = properties(&grant, NOW);
    for key in [
        "base_plan_id",
        "currency",
        "store_country",
        "expires_at",
        "subscription_expires_at",
        "renewed_at",
    ] {
        assert_eq!(told.get(key), Some(&Value::Null), "{key}");
    }
    assert_eq!(
        (&told["is_lifetime"], &told["is_active"]),
        (&json!(true), &json!(true))
    );
}

#[test]
fn activity_and_grace_are_those_of_the_moment() {
    let failed = AccessLevel {
        billing_issue_detected_at: Some(micros("2025-02-01T00:00:00Z")),
        grace_period_expires_at: Some(micros("2025-02-17T00:00:00Z")),
        expires_at: Some(micros("2025-02-17T00:00:00Z")),
        ..level()
    };
    for (now, expected) in [("2025-02-16T23:59:59Z", true), ("2025-02-17T00:00:00Z", false)] {
        let told = properties(&failed, now);
        assert_eq!(told["is_active"], expected, "{now}");
        assert_eq!(told["is_in_grace_period"], expected, "{now}");
        assert_eq!(told["subscription_expires_at"], "2025-02-01T00:00:00.000000+0000");
    }
}

#[test]
fn offers_are_introductory_or_promotional() {
    let with = |category: &str, kind| {
        let offer = Offer {
            category: category.into(),
            kind,
            id: Some("winter".into()),
        };
        let told = properties(
            &AccessLevel {
                offer: Some(offer),
                trial_days: Some(7),
                ..level()
            },
            NOW,
        );
        assert_eq!(told["trial_duration"], "7 days");
        let names = [
            "active_introductory_offer_type",
            "active_promotional_offer_type",
            "active_promotional_offer_id",
        ];
        names.map(|name| told[name].clone())
    };
    let null = Value::Null;
    assert_eq!(
        with("introductory", OfferKind::FreeTrial),
        [json!("free_trial"), null.clone(), null.clone()]
    );
    assert_eq!(
        with("win_back", OfferKind::PayUpFront),
        [null.clone(), json!("pay_up_front"), json!("winter")]
    );
    assert_eq!(
        with("promotional", OfferKind::Unknown),
        [null.clone(), null, json!("winter")]
    );
}

#[test]
fn no_money_is_told() {
    let told = properties(&level(), NOW);
    for word in ["price", "proceeds", "net_revenue", "tax", "discount"] {
        let about_money = told.as_object().unwrap().keys().find(|key| key.contains(word));
        assert_eq!(about_money, None);
    }
}

#[test]
fn a_grant_is_told_under_its_product_alone() {
    let grant = Grant {
        grant_id: uuid!("7c1d4a0e-9a44-4f5e-8a51-3f1d1c2b7a90"),
        access_level_id: "premium".into(),
        granted_at: micros(NOW),
        starts_at: None,
        expires_at: None,
        revoked: None,
    };
    let told = properties(&grant.access(), NOW);
    for id in ["vendor_product_id", "transaction_id", "original_transaction_id"] {
        assert_eq!(told[id], "adapty_server_side_product", "{id}");
    }
    assert_eq!(told["store"], "adapty");
    // A store of the owner's own may bear any name.
    let custom = AccessLevel {
        store: "adapty".into(),
        ..level()
    };
    assert_eq!(properties(&custom, NOW)["transaction_id"], "t1");
}

#[test]
fn each_date_and_each_id_is_told_under_its_own_name() {
    let at = |day: u32| micros(&format!("2025-03-{day:02}T00:00:00Z"));
    let renewed = AccessLevel {
        transaction_id: "t2".into(),
        starts_at: Some(at(1)),
        originally_purchased_at: at(2),
        activated_at: at(3),
        purchased_at: at(4),
        renewed_at: Some(at(5)),
        billing_issue_detected_at: Some(at(6)),
        subscription_expires_at: Some(at(7)),
        expires_at: Some(at(8)),
        ..level()
    };
    let told = properties(&renewed, NOW);
    let names = [
        "starts_at",
        "original_purchase_date",
        "activated_at",
        "purchase_date",
        "renewed_at",
        "billing_issue_detected_at",
        "subscription_expires_at",
        "expires_at",
    ];
    for (day, name) in (1..).zip(names) {
        assert_eq!(
            told[name],
            format!("2025-03-{day:02}T00:00:00.000000+0000"),
            "{name}"
        );
    }
    let ids = [&told["transaction_id"], &told["original_transaction_id"]];
    assert_eq!(ids, ["t2", "t1"]);
    assert_eq!(told["is_active"], false, "it begins in March");
}

#[test]
fn a_purchase_for_ever_that_was_paid_back_is_for_ever_no_more() {
    let back = AccessLevel {
        subscription_expires_at: None,
        is_refund: true,
        ..level()
    };
    let told = properties(&back, NOW);
    assert_eq!(told["is_lifetime"], false);
    assert_eq!(told["is_refund"], true);
}
