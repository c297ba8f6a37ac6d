//! Table B: a known transaction again.

use super::*;
use crate::purchases::transaction::CancellationReason;

#[test]
fn a_transaction_stays_in_the_environment_in_which_it_was_first_reported() {
    let mut story = Story::default();
    story.report(day(0), &paid("t1", 0));
    let as_sandbox = Transaction {
        environment: Environment::Sandbox,
        ..paid("t1", 0)
    };
    assert!(story.report(day(1), &as_sandbox).is_empty());
    assert_eq!(
        story.parties[A].holdings.chains[0].latest.environment,
        Environment::Production
    );
    assert_eq!(story.revenue(A), usd(999));
}

#[test]
fn b0_the_same_again_makes_nothing_and_changes_nothing() {
    let mut story = started();
    story.report(day(0), &of_chain("u1", paid("u1", 0)));
    story.report(day(0), &bought_once("o1", 0));
    let before = story.parties.clone();
    for again in [paid("t1", 0), of_chain("u1", paid("u1", 0)), bought_once("o1", 0)] {
        assert_eq!(story.report(day(1), &again), NOTHING);
    }
    assert_eq!(story.parties, before);
}

#[test]
fn b1_b2_b3_renewal_switched_off_and_on() {
    let mut story = started();
    let told = story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    assert_eq!(told, ["subscription_renewal_cancelled", "+premium"]);
    assert!(!story.level(A, "premium", day(5)).unwrap().will_renew);
    let told = story.report(day(6), &paid("t1", 0));
    assert_eq!(told, ["subscription_renewal_reactivated", "+premium"]);
    assert!(story.level(A, "premium", day(6)).unwrap().will_renew);
    story.tick(day(40));
    assert_eq!(story.report(day(41), &cancelled(day(5), paid("t1", 0))), NOTHING);

    let mut story = in_trial();
    let told = story.report(day(1), &cancelled(day(1), trial("t1")));
    assert_eq!(told, ["trial_renewal_cancelled", "+premium"]);
    assert_eq!(
        story.report(day(2), &trial("t1")),
        ["trial_renewal_reactivated", "+premium"]
    );
}

#[test]
fn b4_a_failed_charge_is_seen_at_the_level_and_stripe_cuts_it() {
    let told = started().report(day(29), &failed(day(29), None, paid("t1", 0)));
    assert_eq!(told, ["billing_issue_detected", "+premium"]);
    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    let level = story.level(A, "premium", day(29)).unwrap();
    assert!(!level.is_in_grace_period(day(29)), "no grace was given");
    let stripe = |transaction| Transaction {
        store: "stripe".into(),
        ..transaction
    };
    let mut story = Story::default();
    story.report(day(0), &stripe(paid("t1", 0)));
    let told = story.report(day(9), &stripe(failed(day(9), None, paid("t1", 0))));
    assert_eq!(told, ["billing_issue_detected", "-premium"]);
    // But not what has grace.
    let mut story = Story::default();
    story.report(day(0), &stripe(paid("t1", 0)));
    story.report(day(9), &stripe(failed(day(9), Some(day(37)), paid("t1", 0))));
    assert!(story.has(A, "premium", day(37) - 1));
    // At first sight, too: the period is cut, not over.
    let mut story = Story::default();
    let told = story.report(day(9), &stripe(failed(day(9), None, paid("t1", 0))));
    assert_eq!(
        told,
        ["subscription_started", "billing_issue_detected", "-premium"]
    );
    assert_eq!(
        story.tick(day(30)),
        ["subscription_expired"],
        "access has ended before"
    );
}

#[test]
fn b5_b6_b7_b8_grace_extends_access_until_the_charge_is_settled() {
    let mut story = started();
    let told = story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_eq!(
        told,
        ["billing_issue_detected", "entered_grace_period", "+premium"]
    );
    let level = story.level(A, "premium", day(29)).unwrap();
    assert_eq!(
        (level.expires_at, level.is_in_grace_period(day(29))),
        (Some(day(46)), true)
    );
    let extended = failed(day(29), Some(day(50)), paid("t1", 0));
    assert_eq!(
        story.report(day(30), &extended),
        ["+premium"],
        "27 of the open questions"
    );
    assert_eq!(
        story.report(day(29), &paid("t1", 0)),
        ["+premium"],
        "B7: until the period's own end"
    );

    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    assert_eq!(story.tick(day(30)), ["-premium"]);
    let told = story.report(day(31), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_eq!(told, ["entered_grace_period", "+premium"]);
    // B8 makes no event of its own; the level shows the date.
    let told = story.report(day(32), &failed(day(28), Some(day(46)), paid("t1", 0)));
    assert_eq!(told, ["+premium"]);
}

#[test]
fn b9_b10_b11_b12_refunds_and_access() {
    let mut story = started();
    let told = story.report(day(12), &refunded(day(11), paid("t1", 0)));
    assert_eq!(told, ["subscription_refunded", "-premium"]);
    let level = story.level(A, "premium", day(12)).unwrap();
    assert_eq!((level.expires_at, level.is_refund), (Some(day(11)), true));
    assert_eq!(story.tick(day(99)), NOTHING);

    let mut story = started();
    story.tick(day(31));
    let told = story.report(day(41), &refunded(day(41), paid("t1", 0)));
    assert_eq!(
        told,
        ["subscription_refunded", "-premium"],
        "the reason has changed"
    );

    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    assert_eq!(
        story.report(day(40), &refunded(day(39), paid("t1", 0))),
        ["subscription_refunded"]
    );

    let told = in_trial().report(day(3), &refunded(day(2), trial("t1")));
    assert_eq!(told, ["trial_expired", "-premium"]);
}

#[test]
fn b9_grace_is_over_with_access_that_ends_before() {
    let in_grace = failed(day(30), Some(day(46)), paid("t1", 0));
    let is_in_grace = |story: &Story, at| {
        let entry = story.parties[A].holdings.chains[0].entry();
        let level = story.level(A, "premium", at).unwrap();
        assert_eq!(level.is_in_grace_period(at), entry.is_in_grace_period(at));
        level.is_in_grace_period(at)
    };
    let granted = || {
        let mut story = started();
        story.report(day(31), &in_grace);
        assert!(is_in_grace(&story, day(35)));
        story
    };
    let mut story = granted();
    let told = story.report(day(35), &refunded(day(35), in_grace.clone()));
    assert_eq!(told, ["subscription_refunded", "-premium"]);
    assert!(!is_in_grace(&story, day(35)));
    assert_eq!(story.tick(day(99)), NOTHING);
    let mut story = granted();
    assert_eq!(story.revoke(day(35), "premium", None), ["-premium"]);
    assert!(!is_in_grace(&story, day(35)));
    assert_eq!(story.tick(day(46)), NOTHING);
    let mut story = granted();
    story.report(day(35), &because(Upgraded, in_grace.clone()));
    assert!(!is_in_grace(&story, day(35)));
    assert_eq!(story.tick(day(99)), NOTHING);
    // The level has gone.
    let mut story = granted();
    story.report(day(35), &of_product("gold", in_grace.clone()));
    let level = story.level(A, "premium", day(36)).unwrap();
    assert!(!level.is_in_grace_period(day(36)));
}

#[test]
fn b10_a_refund_after_the_end_or_in_the_future_does_not_extend_access() {
    let mut story = started();
    story.tick(day(31));
    story.report(day(41), &refunded(day(50), paid("t1", 0)));
    assert_eq!(
        story.level(A, "premium", day(41)).unwrap().expires_at,
        Some(day(30))
    );
}

#[test]
fn b10_a_refund_of_what_the_store_has_ended_does_not_open_it_when_told_again() {
    let mut story = started();
    let reason = CancelledByDeveloper;
    story.tell(day(9), Command::End { reason });
    let back = refunded(day(12), paid("t1", 0));
    story.report(day(10), &back);
    let before = story.parties.clone();
    assert_eq!(story.report(day(10), &back), NOTHING);
    assert_eq!(story.parties, before);
}

#[test]
fn b13_a_refund_withdrawn_opens_access_again() {
    let mut story = started();
    story.report(day(11), &refunded(day(11), paid("t1", 0)));
    assert_eq!(story.report(day(12), &paid("t1", 0)), ["+premium"]);
    assert_eq!(story.revenue(A), usd(999));
}

#[test]
fn b14_b16_what_opens_a_chain_again_changes_the_level_alone() {
    let mut story = started();
    story.report(day(12), &because(Upgraded, paid("t1", 0)));
    assert_eq!(story.report(day(13), &paid("t1", 0)), ["+premium"]);
    let level = story.level(A, "premium", day(13)).unwrap();
    assert_eq!((level.expires_at, level.will_renew), (Some(day(30)), true));
    assert_eq!(story.report(day(14), &paid("t1", 0)), NOTHING);
    // Renewing is on again too, but nobody reactivated it.
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    assert_eq!(story.tick(day(30)), ["subscription_expired", "-premium"]);
    let longer = ending(day(60), paid("t1", 0));
    assert_eq!(story.report(day(31), &longer), ["+premium"]);
}

#[test]
fn b14_b15_b16_ends_that_move() {
    for reason in [Upgraded, NewSubscriptionReplace] {
        let told = started().report(day(12), &because(reason, paid("t1", 0)));
        assert_eq!(told, ["subscription_refunded", "-premium"]);
    }
    let mut story = started();
    assert_eq!(
        story.report(day(3), &ending(day(44), paid("t1", 0))),
        ["+premium"]
    );
    let deferred = story.tell(
        day(4),
        Command::Defer {
            at: day(4),
            until: day(50),
        },
    );
    assert_eq!(deferred, ["subscription_deferred", "+premium"]);
    assert_eq!(story.tick(day(51)), ["subscription_expired", "-premium"]);
    assert_eq!(
        story.report(day(52), &ending(day(60), paid("t1", 0))),
        ["+premium"]
    );
    assert_eq!(story.tick(day(61)), ["subscription_expired", "-premium"]);
}

#[test]
fn b17_b18_b19_an_end_that_has_come_and_corrections() {
    let told = started().report(day(9), &cancelled(day(9), ending(day(9), paid("t1", 0))));
    assert_eq!(
        told,
        [
            "subscription_renewal_cancelled",
            "subscription_expired",
            "-premium"
        ]
    );
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    let told = story.report(day(9), &cancelled(day(5), ending(day(9), paid("t1", 0))));
    assert_eq!(told, ["subscription_expired", "-premium"]);
    assert_eq!(started().report(day(2), &priced(499, paid("t1", 0))), NOTHING);
}

#[test]
fn b17_a_store_that_ends_a_running_chain_ends_its_access() {
    let mut story = started();
    let told = story.tell(
        day(9),
        Command::End {
            reason: CancelledByDeveloper,
        },
    );
    assert_eq!(told, ["subscription_expired", "-premium"]);
    assert_eq!(story.report(day(10), &paid("t1", 0)), NOTHING);
    assert!(!story.has(A, "premium", day(10)));
    // B16
    assert_eq!(
        story.report(day(11), &ending(day(31), paid("t1", 0))),
        ["+premium"]
    );
}

#[test]
fn b20_a_refund_of_a_one_time_purchase_takes_its_access_away() {
    let mut story = Story::default();
    story.report(day(0), &bought_once("o1", 0));
    let back = refunded(day(3), bought_once("o1", 0));
    assert_eq!(
        story.report(day(3), &back),
        ["non_subscription_purchase_refunded", "-premium"]
    );
    assert_eq!(story.report(day(4), &back), NOTHING);
    assert_eq!(story.revenue(A), Decimal::ZERO);
    let is_refund = |story: &Story| story.level(A, "premium", day(5)).unwrap().is_refund;
    assert!(is_refund(&story));
    assert_eq!(story.report(day(5), &bought_once("o1", 0)), ["+premium"]);
    assert!(!is_refund(&story));
    assert_eq!(story.revenue(A), usd(999));
    let coins = of_product("coins", bought_once("o2", 0));
    story.report(day(5), &coins);
    assert_eq!(
        story.report(day(6), &refunded(day(6), coins)),
        ["non_subscription_purchase_refunded"]
    );
}

#[test]
fn b9_a_refund_of_the_running_period_ends_access_on_its_date_though_the_period_before_was_kept() {
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    let told = story.report(day(45), &refunded(day(44), paid("t2", 30)));
    assert_eq!(told, ["subscription_refunded", "-premium"]);
    assert_eq!(
        story.level(A, "premium", day(45)).unwrap().expires_at,
        Some(day(44))
    );
    assert_eq!(story.tick(day(99)), NOTHING);
}

#[test]
fn b10_a_refund_after_the_end_is_seen_at_the_level() {
    let mut story = started();
    story.tick(day(31));
    story.report(day(41), &refunded(day(41), paid("t1", 0)));
    assert!(story.level(A, "premium", day(41)).unwrap().is_refund);
}

#[test]
fn b11_a_refund_of_what_had_kept_the_chain_running_closes_it() {
    // An early renewal is refunded, then the running period too.
    let mut story = started();
    story.report(day(29), &paid("t2", 30));
    story.report(day(29) + HOUR, &refunded(day(29) + HOUR, paid("t2", 30)));
    assert!(story.has(A, "premium", day(29) + 2 * HOUR));
    let told = story.report(day(29) + 3 * HOUR, &refunded(day(29) + 3 * HOUR, paid("t1", 0)));
    assert_eq!(told, ["subscription_refunded", "-premium"]);
    assert!(story.level(A, "premium", day(30)).unwrap().is_refund);
    assert_eq!(story.tick(day(99)), NOTHING);
}

#[test]
fn b9_a_refund_of_the_product_that_took_anothers_place_is_told_of_its_own() {
    let mut story = started();
    let yearly = of_product("yearly", paid("t2", 10));
    story.report(day(10), &yearly);
    let told = story.report(day(12), &refunded(day(12), yearly));
    assert_eq!(told, ["subscription_refunded", "-premium"]);
}

#[test]
fn b4_b7_what_stripe_cut_is_activated_anew_by_the_next_charge_or_when_it_is_mended() {
    let of_stripe = |transaction| Transaction {
        store: "stripe".into(),
        ..transaction
    };
    let cut = || {
        let mut story = Story::default();
        story.report(day(0), &of_stripe(paid("t1", 0)));
        story.report(day(9), &of_stripe(failed(day(9), None, paid("t1", 0))));
        assert!(!story.has(A, "premium", day(9)));
        story
    };
    let activated_at = |story: &Story, at| story.level(A, "premium", at).unwrap().activated_at;
    // A charge from just then on, or from before, leaves no time without access.
    for (next, expected) in [(10, 10), (9, 0), (8, 0)] {
        let mut story = cut();
        story.report(day(11), &of_stripe(paid("t2", next)));
        assert_eq!(activated_at(&story, day(11)), day(expected));
    }
    let mut story = cut();
    story.report(day(12), &of_stripe(paid("t1", 0)));
    assert_eq!(activated_at(&story, day(12)), day(12));
}

#[test]
fn c8_what_was_told_as_replaced_is_over_when_the_new_product_leaves_the_chain() {
    let mut story = Story::default();
    story.report(day(0), &paid("t1", 0));
    let told = story.report(day(10), &because(CancellationReason::Upgraded, paid("t1", 0)));
    assert_eq!(told, ["subscription_refunded", "-premium"]);
    let yearly = ending(day(400), of_product("gold", paid("t2", 10)));
    story.report(day(10), &yearly);
    let told = story.report(day(11), &of_chain("another", yearly));
    assert!(!told.contains(&"subscription_expired".to_owned()), "{told:?}");
    assert_eq!(story.tick(day(99)), NOTHING);
}
