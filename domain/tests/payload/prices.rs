//! The money of events.

use bursar_domain::events::EventKind;
use bursar_domain::purchases::transaction::OfferKind;
use serde_json::{Value, json};

use crate::scene::{Scene, decimal};

/// Price, original price and discount, in local currency and then in US dollars.
fn prices(scene: &Scene) -> [Value; 6] {
    let mut told = scene.properties();
    [
        "price_local",
        "original_price_local",
        "discount_amount_local",
        "price_usd",
        "original_price_usd",
        "discount_amount_usd",
    ]
    .map(|name| told[name].take())
}

/// The local ones.
fn local(scene: &Scene) -> Value {
    json!(prices(scene)[..3])
}

/// Proceeds, net revenue and tax.
fn revenue(scene: &Scene) -> Value {
    let mut told = scene.properties();
    json!(["proceeds_local", "net_revenue_local", "tax_amount_local"].map(|name| told[name].take()))
}

fn paid(kind: EventKind) -> Scene {
    Scene::new(kind)
}

fn with_regular_price(scene: Scene) -> Scene {
    scene.set(|scene| scene.fact.transaction.regular_price = Some(decimal("12.99")))
}

#[test]
fn the_full_price_has_no_discount() {
    let scene = with_regular_price(paid(EventKind::SubscriptionStarted));
    assert_eq!(local(&scene), json!([9.99, 9.99, 0.0]));
}

#[test]
fn an_offer_is_cheaper_than_the_regular_price_where_that_is_known() {
    let scene = paid(EventKind::SubscriptionStarted).offer("introductory", OfferKind::PayAsYouGo, None);
    assert_eq!(local(&scene), json!([9.99, null, null]));
    assert_eq!(local(&with_regular_price(scene)), json!([9.99, 12.99, 3.0]));
}

#[test]
fn the_app_store_tells_no_discount_of_what_is_paid_up_front() {
    let scene = |store| {
        let scene = paid(EventKind::SubscriptionStarted).bought(store, "US", "USD", "9.99");
        with_regular_price(scene.offer("introductory", OfferKind::PayUpFront, None))
    };
    assert_eq!(local(&scene("app_store")), json!([9.99, 12.99, null]));
    assert_eq!(local(&scene("play_store")), json!([9.99, 12.99, 3.0]));
}

#[test]
fn one_time_purchases_are_at_full_price() {
    let scene = paid(EventKind::NonSubscriptionPurchase).one_time();
    let offered = with_regular_price(scene.offer("offer_code", OfferKind::PayUpFront, None));
    assert_eq!(local(&offered), json!([9.99, 9.99, 0.0]));
}

#[test]
fn a_trial_is_cheaper_by_the_whole_regular_price() {
    let scene = paid(EventKind::TrialStarted).trial();
    assert_eq!(local(&scene), json!([null, null, null]));
    assert_eq!(local(&with_regular_price(scene)), json!([null, 12.99, 12.99]));
}

#[test]
fn the_trial_price_is_sent_where_a_trial_starts() {
    let told = |kind| {
        let scene = paid(kind).trial().bought("play_store", "DE", "EUR", "0");
        let scene = with_regular_price(scene).set(|scene| {
            scene.options.prices.send_trial_price = true;
            scene.fact.transaction.usd_rate = Some(decimal("2"));
        });
        json!(prices(&scene))
    };
    let started = json!([12.99, 12.99, 12.99, 25.98, 25.98, 25.98]);
    assert_eq!(told(EventKind::TrialStarted), started);
    assert_eq!(told(EventKind::TrialActive), started);
    assert_eq!(told(EventKind::TrialExpired)[0], Value::Null);
}

#[test]
fn a_free_renewal_costs_nothing_but_one_under_a_free_offer_has_no_price() {
    let free = paid(EventKind::SubscriptionRenewed).bought("app_store", "US", "USD", "0");
    assert_eq!(local(&free), json!([0.0, 0.0, 0.0]));
    assert_eq!(revenue(&free), json!([0.0, 0.0, 0.0]));
    let won_back = free.offer("win_back", OfferKind::FreeTrial, None);
    assert_eq!(local(&won_back), json!([null, null, null]));
    assert_eq!(revenue(&won_back), json!([null, null, null]));
}

#[test]
fn a_second_period_for_nothing_is_a_free_renewal_although_nothing_was_ever_paid() {
    let scene = paid(EventKind::SubscriptionRenewed).bought("app_store", "US", "USD", "0");
    assert_eq!(
        local(&scene.fact(|fact| fact.is_in_trial = true)),
        json!([0.0, 0.0, 0.0])
    );
}

#[test]
fn events_of_a_running_period_tell_its_price_unless_it_is_a_trial() {
    for kind in [
        EventKind::BillingIssueDetected,
        EventKind::EnteredGracePeriod,
        EventKind::SubscriptionPaused,
        EventKind::SubscriptionDeferred,
    ] {
        assert_eq!(local(&paid(kind)), json!([9.99, 9.99, 0.0]));
        let free = paid(kind).bought("stripe", "US", "USD", "0");
        assert_eq!(
            local(&free.fact(|fact| fact.is_in_trial = true)),
            json!([null, null, null])
        );
    }
}

#[test]
fn the_stores_share_and_then_the_tax_are_taken_off() {
    let started =
        |country: &str| paid(EventKind::SubscriptionStarted).bought("app_store", country, "USD", "9.99");
    assert_eq!(revenue(&started("US")), json!([6.993, 6.993, 0.0]));
    assert_eq!(revenue(&started("DE")), json!([6.993, 5.876_471, 1.116_529]));
    let long_paid = started("US").fact(|fact| fact.rate_after_first_year = true);
    assert_eq!(revenue(&long_paid), json!([8.4915, 8.4915, 0.0]));
    let untaxed = started("DE").set(|scene| {
        scene.settings.vat.insert("DE".into(), "0".into());
    });
    assert_eq!(revenue(&untaxed), json!([6.993, 6.993, 0.0]));
}

#[test]
fn refunds_are_negative_unless_the_owner_wants_them_positive() {
    let refunded = |positive, share: Option<&str>| {
        let scene = paid(EventKind::SubscriptionRefunded).set(|scene| {
            scene.options.prices.refund_amounts_positive = positive;
            scene.fact.refunded_share = share.map(decimal);
        });
        (local(&scene), revenue(&scene))
    };
    let full = (json!([-9.99, -9.99, 0.0]), json!([-6.993, -6.993, 0.0]));
    assert_eq!(refunded(false, None), full);
    assert_eq!(refunded(false, Some("1")), full);
    let half = (json!([-4.995, -4.995, 0.0]), json!([-3.4965, -3.4965, 0.0]));
    assert_eq!(refunded(false, Some("0.5")), half);
    assert_eq!(
        refunded(true, None),
        (json!([9.99, 9.99, 0.0]), json!([6.993, 6.993, 0.0]))
    );
}

#[test]
fn a_part_of_what_an_offer_cost_is_paid_back_with_that_part_of_the_discount() {
    let offered = paid(EventKind::SubscriptionRefunded).offer("introductory", OfferKind::PayAsYouGo, None);
    let half = with_regular_price(offered).fact(|fact| fact.refunded_share = Some(decimal("0.5")));
    assert_eq!(local(&half), json!([-4.995, -6.495, -1.5]));
    let positive = half.set(|scene| scene.options.prices.refund_amounts_positive = true);
    assert_eq!(local(&positive), json!([4.995, 6.495, 1.5]));
}

#[test]
fn without_a_rate_dollars_are_unknown() {
    let scene = paid(EventKind::SubscriptionStarted).bought("app_store", "JP", "JPY", "1000");
    assert_eq!(
        json!(prices(&scene)),
        json!([1000.0, 1000.0, 0.0, null, null, null])
    );
    let mut told = scene.properties();
    for name in ["proceeds_usd", "net_revenue_usd", "tax_amount_usd"] {
        assert_eq!(told[name].take(), Value::Null);
    }
    let rated = scene.set(|scene| scene.fact.transaction.usd_rate = Some(decimal("0.0067")));
    assert_eq!(json!(prices(&rated)), json!([1000.0, 1000.0, 0.0, 6.7, 6.7, 0.0]));
}

#[test]
fn the_number_of_periods_is_that_of_a_trial() {
    let periods = |kind| {
        let scene = paid(EventKind::SubscriptionRenewed).offer("introductory", kind, None);
        scene.properties()["store_offer_number_of_periods"].take()
    };
    assert_eq!(periods(OfferKind::FreeTrial), 1);
    assert_eq!(periods(OfferKind::PayAsYouGo), Value::Null);
    assert_eq!(periods(OfferKind::PayUpFront), Value::Null);
}
