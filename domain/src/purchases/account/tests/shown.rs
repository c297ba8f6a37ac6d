//! What levels and subscriptions show of what gives them.

use super::*;

#[test]
fn a_level_shows_the_transaction_that_gives_it() {
    for (first, last) in [
        (paid("t1", 0), paid("t2", 30)),
        (of_product("coins", bought_once("o0", 30)), bought_once("o1", 30)),
    ] {
        let last = Transaction {
            environment: Environment::Sandbox,
            base_plan_id: Some("plan".into()),
            variation_id: Some("variation".into()),
            offer: Some(Offer {
                category: "offer_code".into(),
                kind: OfferKind::PayUpFront,
                id: Some("winter".into()),
            }),
            ..last
        };
        let mut story = Story::default();
        story.report(day(30), &first);
        story.report(day(30), &last);
        let level = story.level(A, "premium", day(30)).unwrap();
        let from = (level.purchased_at, level.originally_purchased_at);
        assert_eq!(from, (last.purchased_at, last.originally_purchased_at));
        assert_eq!(
            (level.transaction_id, level.original_id),
            (last.id, last.original_id)
        );
        assert_eq!((level.environment, level.offer), (last.environment, last.offer));
        assert_eq!(level.base_plan_id, last.base_plan_id);
        assert_eq!(level.variation_id, last.variation_id);
        let of_period = last.purchase_type == PurchaseType::Subscription;
        assert_eq!(level.renewed_at, of_period.then_some(last.purchased_at));
        assert_eq!(level.currency, Some(last.price.currency));
        assert_eq!(level.store_country, Some(last.price.country));
    }
}

#[test]
fn a_level_is_active_since_its_first_purchase_though_that_is_told_later() {
    let mut story = Story::default();
    story.report(day(3), &paid("t1", 0));
    assert_eq!(story.level(A, "premium", day(3)).unwrap().activated_at, day(0));
}

#[test]
fn a_subscription_is_listed_with_the_end_that_was_paid_for_whatever_its_level_shows() {
    for (told, end) in [
        (failed(day(2), Some(day(46)), paid("t1", 0)), 46),
        (refunded(day(2), paid("t1", 0)), 2),
    ] {
        let mut story = started();
        story.report(day(2), &told);
        let entry = story.parties[A].holdings.chains[0].entry();
        assert_eq!(entry.expires_at, Some(day(30)));
        let level = story.level(A, "premium", day(2)).unwrap();
        assert_eq!(level.expires_at, Some(day(end)));
        assert_eq!(level.subscription_expires_at, Some(day(30)));
    }
    // A revocation that would have come later takes nothing away.
    let mut story = started();
    story.revoke(day(1), "premium", Some(day(20)));
    story.report(day(2), &refunded(day(2), paid("t1", 0)));
    let entry = story.parties[A].holdings.chains[0].entry();
    assert_eq!(
        (entry.expires_at, entry.cancellation_reason),
        (Some(day(30)), Some(Refund))
    );
}

#[test]
fn a_level_shows_for_how_long_its_chain_was_tried_also_after_the_first_charge() {
    let mut story = in_trial();
    story.report(day(7), &paid("t2", 7));
    assert_eq!(story.level(A, "premium", day(7)).unwrap().trial_days, Some(7));
}

#[test]
fn of_two_chains_that_end_together_the_one_that_was_bought_last_is_shown() {
    let later = of_chain("u1", ending(day(30), paid("u1", 1)));
    for order in [[&paid("t1", 0), &later], [&later, &paid("t1", 0)]] {
        let mut story = Story::default();
        for transaction in order {
            story.report(day(1), transaction);
        }
        assert_eq!(story.level(A, "premium", day(1)).unwrap().transaction_id, "u1");
    }
}

#[test]
fn a_level_that_is_lost_is_shown_as_lost_though_another_store_gave_it_under_the_same_id_once() {
    let elsewhere = Transaction {
        store: "play_store".into(),
        ..prepaid(ending(day(5), paid("t1", 0)))
    };
    let mut story = Story::default();
    story.report(day(0), &elsewhere);
    story.report(day(0), &paid("t1", 0));
    story.tick(day(6));
    story.report(day(9), &of_product("gold", paid("t1", 0)));
    let lost = story.level(A, "premium", day(9)).unwrap();
    assert_eq!(
        (lost.store.as_str(), lost.expires_at),
        ("app_store", Some(day(9)))
    );
}

#[test]
fn a_level_that_is_again_as_it_was_told_last_is_not_told_again() {
    let mut story = Story::default();
    story.grant(day(0), "premium", Some(day(5)), Some(day(50)));
    let told = story.report(day(1), &paid("t1", 1));
    assert_eq!(told, ["subscription_started", "+premium"]);
    // The grant is shown since it has begun, which makes no event.
    assert_eq!(
        story.level(A, "premium", day(6)).unwrap().expires_at,
        Some(day(50))
    );
    assert_eq!(story.revoke(day(6), "premium", Some(day(31))), NOTHING);
    assert_eq!(story.level(A, "premium", day(6)).unwrap().transaction_id, "t1");
}

#[test]
fn what_a_chain_of_another_store_has_under_the_same_id_hides_no_change() {
    let elsewhere = |transaction| Transaction {
        store: "play_store".into(),
        ..of_product("gold", ending(day(90), transaction))
    };
    let mut story = started();
    story.report(day(0), &elsewhere(paid("t1", 0)));
    assert_eq!(story.tick(day(31)), ["subscription_expired", "-premium"]);
    let told = story.report(day(32), &elsewhere(cancelled(day(32), paid("t1", 0))));
    assert_eq!(told, ["subscription_renewal_cancelled", "+gold"]);
}
