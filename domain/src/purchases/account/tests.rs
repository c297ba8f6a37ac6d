//! One test for each row of the transition tables that is about accounts, and for what happens to access levels in
//! the others; named by the row's id. `+` tells a level that is active after the change, `-` one that is not.

use rust_decimal::Decimal;

use super::story::{A, ANON, ANON_2, B, Story};
use super::*;
use crate::purchases::samples::*;
use crate::purchases::transaction::CancellationReason::*;
use crate::purchases::transaction::{Offer, OfferKind};

const NOTHING: [&str; 0] = [];

fn started() -> Story {
    let mut story = Story::default();
    story.report(day(0), &paid("t1", 0));
    story
}

fn in_trial() -> Story {
    let mut story = Story::default();
    story.report(day(0), &trial("t1"));
    story
}

fn shared() -> Story {
    let mut story = started();
    story.report_by(B, day(1), &paid("t1", 0));
    story
}

fn prepaid(transaction: Transaction) -> Transaction {
    Transaction {
        will_renew: false,
        ..transaction
    }
}

fn priced(cents: i64, transaction: Transaction) -> Transaction {
    let mut transaction = transaction;
    transaction.price.value = Decimal::new(cents, 2);
    transaction
}

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

// Table A

#[test]
fn a1_a2_a3_a_first_period_opens_access() {
    assert_eq!(
        Story::default().report(day(0), &trial("t1")),
        ["trial_started", "+premium"]
    );
    assert_eq!(
        Story::default().report(day(0), &paid("t1", 0)),
        ["subscription_started", "+premium"]
    );
    let offer = Offer {
        category: "introductory".into(),
        kind: OfferKind::PayUpFront,
        id: None,
    };
    let offered = Transaction {
        offer: Some(offer.clone()),
        ..paid("t1", 0)
    };
    let mut story = Story::default();
    assert_eq!(
        story.report(day(0), &offered),
        ["subscription_started", "+premium"]
    );
    assert_eq!(story.level(A, "premium", day(0)).unwrap().offer, Some(offer));
}

#[test]
fn a4_a_period_of_an_unknown_chain_opens_access() {
    assert_eq!(
        Story::default().report(day(60), &paid("t3", 60)),
        ["subscription_renewed", "+premium"]
    );
}

#[test]
fn a5_a6_what_is_over_at_first_sight_opens_nothing() {
    let told = Story::default().report(day(99), &paid("t1", 0));
    assert_eq!(told, ["subscription_started", "subscription_expired", "-premium"]);
    let told = Story::default().report(day(99), &trial("t1"));
    assert_eq!(told, ["trial_started", "trial_expired", "-premium"]);
    let told = Story::default().report(day(5), &refunded(day(3), paid("t1", 0)));
    assert_eq!(
        told,
        ["subscription_started", "subscription_refunded", "-premium"]
    );
}

#[test]
fn a7_a_first_period_that_will_not_renew_opens_access() {
    let told = Story::default().report(day(1), &cancelled(day(1), paid("t1", 0)));
    assert_eq!(
        told,
        [
            "subscription_started",
            "subscription_renewal_cancelled",
            "+premium"
        ]
    );
    let told = Story::default().report(day(1), &prepaid(paid("t1", 0)));
    assert_eq!(told, ["subscription_started", "+premium"]);
}

#[test]
fn a8_a9_a18_what_follows_a_trial_extends_access() {
    assert_eq!(
        in_trial().report(day(7), &paid("t2", 7)),
        ["trial_converted", "+premium"]
    );
    let yearly = of_product("yearly", paid("t2", 3));
    assert_eq!(
        in_trial().report(day(3), &yearly),
        ["trial_converted", "+premium"]
    );
    let second = free(ending(day(14), paid("t2", 7)));
    assert_eq!(
        in_trial().report(day(7), &second),
        ["subscription_renewed", "+premium"]
    );
}

#[test]
fn a10_a11_a12_a19_what_follows_a_charge_extends_or_opens_access() {
    let renewed = ["subscription_renewed", "+premium"];
    assert_eq!(started().report(day(30) - 1, &paid("t2", 30)), renewed);

    let mut story = started();
    story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_eq!(story.report(day(31), &paid("t2", 31)), renewed);
    assert!(
        !story
            .level(A, "premium", day(31))
            .unwrap()
            .is_in_grace_period(day(31))
    );

    let mut story = started();
    story.tick(day(31));
    assert_eq!(story.report(day(99), &paid("t2", 99)), renewed);
    assert_eq!(story.level(A, "premium", day(99)).unwrap().activated_at, day(99));

    let mut story = started();
    story.report(day(4), &refunded(day(4), paid("t1", 0)));
    assert_eq!(story.report(day(5), &paid("t2", 5)), renewed);
    assert!(!story.level(A, "premium", day(5)).unwrap().is_refund);
}

#[test]
fn a13_c7_a_pause_closes_access_and_a_charge_opens_it_again() {
    let mut story = started();
    let told = story.tell(day(3), Command::ArrangePause { at: day(3) });
    assert_eq!(told, ["subscription_paused"]);
    assert_eq!(story.tick(day(30) - 1), NOTHING);
    assert_eq!(story.tick(day(30)), ["-premium"]);
    assert_eq!(
        story.report(day(90), &paid("t2", 90)),
        ["subscription_renewed", "+premium"]
    );
}

#[test]
fn a14_another_product_at_once_takes_away_the_old_level_and_gives_the_new_one() {
    let mut story = started();
    let told = story.report(day(10), &of_product("gold", paid("t2", 10)));
    assert_eq!(
        told,
        [
            "subscription_refunded",
            "subscription_started",
            "-premium",
            "+gold"
        ]
    );
    let mut story = started();
    let told = story.report(day(10), &of_product("yearly", paid("t2", 10)));
    assert_eq!(
        told,
        ["subscription_refunded", "subscription_started", "+premium"]
    );
}

#[test]
fn a14_the_old_products_period_ends_with_the_change() {
    let yearly = ending(day(365), of_product("yearly", paid("t1", 0)));
    let mut story = Story::default();
    story.report(day(0), &yearly);
    story.report(day(10), &of_product("monthly", paid("t2", 10)));
    assert_eq!(
        story.level(A, "premium", day(10)).unwrap().expires_at,
        Some(day(40))
    );
    // The same again changes nothing.
    assert_eq!(story.report(day(11), &yearly), NOTHING);
    // B14 tells it in two steps.
    let mut story = Story::default();
    story.report(day(0), &yearly);
    assert_eq!(
        story.report(day(10), &because(Upgraded, yearly.clone())),
        ["subscription_refunded", "-premium"]
    );
    let told = story.report(day(10) + 1, &of_product("monthly", paid("t2", 10)));
    assert_eq!(told, ["subscription_started", "+premium"]);
    assert_eq!(
        story.level(A, "premium", day(11)).unwrap().expires_at,
        Some(day(40))
    );
    assert_eq!(story.report(day(12), &because(Upgraded, yearly)), NOTHING);
    assert_eq!(
        story.level(A, "premium", day(12)).unwrap().expires_at,
        Some(day(40))
    );
}

#[test]
fn a15_a16_a17_another_product_later_extends_or_opens_access() {
    let told = started().report(day(30), &of_product("weekly", paid("t2", 30)));
    assert_eq!(told, ["subscription_expired", "subscription_started", "+premium"]);

    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    story.report(day(6), &paid("t1", 0));
    let told = story.report(day(30), &of_product("weekly", paid("t2", 30)));
    assert_eq!(told, ["subscription_renewed", "+premium"]);

    let mut story = started();
    story.tick(day(40));
    let told = story.report(day(99), &of_product("weekly", paid("t2", 99)));
    assert_eq!(told, ["subscription_renewed", "+premium"]);
}

#[test]
fn a20_another_chain_of_the_same_level_leaves_the_first_alone() {
    let mut story = started();
    let longer = of_chain("u1", ending(day(60), paid("u1", 0)));
    assert_eq!(
        story.report(day(0), &longer),
        ["subscription_started", "+premium"]
    );
    assert_eq!(story.level(A, "premium", day(0)).unwrap().transaction_id, "u1");
    let shorter = of_chain("v1", ending(day(9), paid("v1", 0)));
    assert_eq!(story.report(day(0), &shorter), ["subscription_started"]);
    assert_eq!(story.parties[A].holdings.chains.len(), 3);
    // The level goes on with the longer one.
    story.report(day(1), &prepaid(shorter));
    assert_eq!(story.tick(day(9)), ["subscription_expired"]);
    assert_eq!(story.tick(day(31)), ["subscription_expired"]);
    assert_eq!(story.tick(day(60)), ["-premium"]);
}

#[test]
fn a21_an_older_period_leaves_access_untouched() {
    let mut story = Story::default();
    story.report(day(60), &paid("t3", 60));
    assert_eq!(story.report(day(61), &paid("t2", 30)), ["subscription_renewed"]);
    assert_eq!(story.report(day(61), &paid("t1", 0)), ["subscription_started"]);
}

#[test]
fn a21_an_older_period_that_still_runs_opens_an_ended_chain_until_it_ends() {
    let mut story = Story::default();
    story.report(day(10), &prepaid(ending(day(20), paid("t2", 10))));
    assert_eq!(story.tick(day(20)), ["subscription_expired", "-premium"]);
    let told = story.report(day(21), &paid("t1", 0));
    assert_eq!(told, ["subscription_started", "+premium"]);
    assert_eq!(story.tick(day(30)), ["subscription_expired", "-premium"]);
}

#[test]
fn a22_family_sharing_changes_levels_only() {
    let family = of_family(paid("t1", 0));
    let mut story = Story::default();
    assert_eq!(story.report(day(0), &family), ["+premium"]);
    assert_eq!(
        story.level(A, "premium", day(0)).unwrap().trial_days,
        None,
        "it is no trial"
    );
    assert_eq!(story.report(day(1), &family), NOTHING);
    assert_eq!(story.report(day(29), &of_family(paid("t2", 30))), ["+premium"]);
    assert_eq!(
        story.tell(day(30), Command::ArrangePause { at: day(30) }),
        NOTHING
    );
    assert_eq!(
        story.tell(
            day(30),
            Command::Defer {
                at: day(30),
                until: day(70)
            }
        ),
        ["+premium"]
    );
    assert_eq!(story.tick(day(70)), ["-premium"]);
    assert_eq!(story.revenue(A), Decimal::ZERO);
    // One that is over at first sight.
    let mut story = Story::default();
    assert_eq!(story.report(day(40), &of_family(paid("t1", 0))), ["-premium"]);
    assert_eq!(story.tick(day(40)), NOTHING);
    // After a chain of one's own has ended.
    let mut story = started();
    story.tick(day(31));
    assert_eq!(story.report(day(40), &of_family(paid("t2", 40))), ["+premium"]);
    assert_eq!(story.tick(day(70)), ["-premium"]);
}

#[test]
fn a23_a_one_time_purchase_gives_its_level_for_ever_and_consumables_none() {
    let mut story = Story::default();
    assert_eq!(
        story.report(day(0), &bought_once("o1", 0)),
        ["non_subscription_purchase", "+premium"]
    );
    let level = story.level(A, "premium", day(9_999)).unwrap();
    assert!(level.is_active(day(9_999)) && level.expires_at.is_none());
    for id in ["o2", "o3"] {
        let coins = of_product("coins", bought_once(id, 1));
        assert_eq!(story.report(day(1), &coins), ["non_subscription_purchase"]);
    }
    assert_eq!(
        story.report(day(1), &of_product("nothing", bought_once("o4", 1))),
        ["non_subscription_purchase"]
    );
    assert_eq!(story.report(day(2), &bought_once("o1", 0)), NOTHING);
    assert_eq!(
        story.report(day(2), &of_family(of_product("gold", bought_once("o6", 2)))),
        ["+gold"]
    );
    assert_eq!(story.revenue(A), usd(4 * 999));
}

#[test]
fn a24_a_one_time_purchase_that_is_refunded_at_first_sight() {
    let told = Story::default().report(day(4), &refunded(day(3), bought_once("o1", 0)));
    assert_eq!(
        told,
        [
            "non_subscription_purchase",
            "non_subscription_purchase_refunded",
            "-premium"
        ]
    );
}

// Table B

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
    let stripe = |transaction| Transaction {
        store: "stripe".into(),
        ..transaction
    };
    let mut story = Story::default();
    story.report(day(0), &stripe(paid("t1", 0)));
    let told = story.report(day(9), &stripe(failed(day(9), None, paid("t1", 0))));
    assert_eq!(told, ["billing_issue_detected", "-premium"]);
    // At first sight, too: the period is cut, not over.
    let mut story = Story::default();
    let told = story.report(day(9), &stripe(failed(day(9), None, paid("t1", 0))));
    assert_eq!(
        told,
        ["subscription_started", "billing_issue_detected", "-premium"]
    );
    assert_eq!(story.tick(day(30)), ["subscription_expired", "-premium"]);
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
    assert_eq!(story.report(day(5), &bought_once("o1", 0)), ["+premium"]);
    assert_eq!(story.revenue(A), usd(999));
    let coins = of_product("coins", bought_once("o2", 0));
    story.report(day(5), &coins);
    assert_eq!(
        story.report(day(6), &refunded(day(6), coins)),
        ["non_subscription_purchase_refunded"]
    );
}

// Table C

#[test]
fn c1_to_c6_access_ends_on_time_and_events_follow() {
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    assert_eq!(story.tick(day(30)), ["subscription_expired", "-premium"]);

    // C2, C4
    let mut story = started();
    story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_eq!(story.tick(day(46)), ["-premium"]);
    assert_eq!(
        story.tick(day(89)),
        ["subscription_expired", "-premium"],
        "it will not renew"
    );

    // C3
    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    assert_eq!(story.tick(day(30)), ["-premium"]);

    // C5, C6
    let mut story = started();
    assert_eq!(story.tick(day(30)), ["-premium"]);
    assert_eq!(
        story.tick(day(31)),
        ["subscription_expired", "-premium"],
        "it will not renew"
    );
    // Both at once, where the clock was stopped: told once.
    assert_eq!(started().tick(day(50)), ["subscription_expired", "-premium"]);
}

#[test]
fn c8_c9_what_makes_nothing() {
    for last in [refunded(day(4), paid("t1", 0)), because(Upgraded, paid("t1", 0))] {
        let mut story = started();
        story.report(day(5), &last);
        assert_eq!(story.tick(day(999)), NOTHING);
    }
    let mut story = Story::default();
    story.grant(day(0), "gold", None, Some(day(10)));
    assert_eq!(story.tick(day(20)), NOTHING);
}

#[test]
fn c9_a_grant_that_begins_or_runs_out_makes_nothing_though_something_else_is_due() {
    let mut story = started();
    story.grant(day(0), "gold", None, Some(day(30)));
    story.grant(day(0), "silver", Some(day(30)), None);
    assert_eq!(story.tick(day(30)), ["-premium"]);
}

#[test]
fn c10_timers_change_no_level_and_are_told_once() {
    let mut story = Story::default();
    story.timers.subscription_active = vec![29];
    story.report(day(0), &paid("t1", 0));
    assert_eq!(story.tick(day(29)), ["subscription_active"]);
    // A renewal that is dated before the timer does not start it again.
    let told = story.report(day(29) + HOUR, &paid("t2", 28));
    assert_eq!(told, ["subscription_renewed", "+premium"]);
    assert_eq!(story.tick(day(31)), NOTHING);
    // Nor does an end that moves to and fro.
    story.report(day(31), &ending(day(29), paid("t2", 28)));
    story.report(day(32), &ending(day(90), paid("t2", 28)));
    assert_eq!(story.tick(day(33)), NOTHING);
}

#[test]
fn c11_a_late_product_change_opens_access_again() {
    let mut story = started();
    story.report(day(10), &cancelled(day(10), paid("t1", 0)));
    assert_eq!(story.tick(day(30)), ["subscription_expired", "-premium"]);
    let told = story.report(day(30) + HOUR, &of_product("weekly", paid("t2", 30)));
    assert_eq!(told, ["subscription_started", "+premium"]);
}

// Table F

#[test]
fn f1_a_grant_gives_access() {
    let mut story = Story::default();
    assert_eq!(story.grant(day(0), "premium", None, None), ["+premium"]);
    assert_eq!(story.revenue(A), Decimal::ZERO);
}

#[test]
fn f2_a_grant_for_later_is_told_now_and_not_when_it_begins() {
    let mut story = Story::default();
    assert_eq!(
        story.grant(day(0), "premium", Some(day(5)), Some(day(9))),
        ["-premium"]
    );
    assert_eq!(story.tick(day(6)), NOTHING);
    assert!(story.has(A, "premium", day(6)));
}

#[test]
fn f3_a_second_grant_extends_and_never_shortens() {
    let mut story = Story::default();
    story.grant(day(0), "premium", None, Some(day(9)));
    assert_eq!(story.grant(day(1), "premium", None, Some(day(20))), ["+premium"]);
    assert_eq!(story.grant(day(2), "premium", None, Some(day(5))), NOTHING);
    assert!(story.has(A, "premium", day(19)));
}

#[test]
fn f4_a_grant_that_runs_out_makes_nothing() {
    let mut story = Story::default();
    story.grant(day(0), "premium", None, Some(day(9)));
    assert_eq!(story.tick(day(10)), NOTHING);
    assert!(!story.has(A, "premium", day(10)));
    // A later change of another level does not tell it either.
    assert_eq!(story.grant(day(11), "gold", None, None), ["+gold"]);
}

#[test]
fn f5_a_revocation_ends_access_now() {
    let mut story = Story::default();
    story.grant(day(0), "premium", None, None);
    assert_eq!(story.revoke(day(3), "premium", None), ["-premium"]);
    let level = story.level(A, "premium", day(3)).unwrap();
    assert_eq!(
        (level.expires_at, level.cancellation_reason),
        (Some(day(3)), Some(AdaptyRevoked))
    );
    assert_eq!(level.renewal_cancelled_at, Some(day(3)));
    assert_eq!(
        story.revoke(day(4), "premium", None),
        NOTHING,
        "it has ended already"
    );
    assert_eq!(story.grant(day(5), "premium", None, None), ["+premium"]);
}

#[test]
fn f5_a_revocation_of_what_has_not_begun_ends_it_where_it_would_begin() {
    let mut story = Story::default();
    story.grant(day(0), "premium", Some(day(5)), None);
    assert_eq!(story.revoke(day(1), "premium", None), ["-premium"]);
    assert_eq!(
        story.level(A, "premium", day(1)).unwrap().expires_at,
        Some(day(5))
    );
    assert!(!story.has(A, "premium", day(6)));
}

#[test]
fn f5_a_revocation_is_refused_where_it_cannot_be() {
    let mut story = Story::default();
    let code = |answer: Result<Drafts, Violation>| answer.map_err(|violation| violation.code);
    let never = story.try_revoke(A, day(0), "premium", None);
    assert_eq!(code(never), Err("profile_paid_access_level_does_not_exist"));
    story.grant(day(0), "premium", None, Some(day(9)));
    assert_eq!(
        code(story.try_revoke(A, day(1), "premium", Some(day(1)))),
        Err("value_error")
    );
    let late = story.try_revoke(A, day(1), "premium", Some(day(9) + 1));
    assert_eq!(code(late), Err("revocation_date_more_than_expiration_date"));
}

#[test]
fn f6_a_revocation_for_later_is_told_now_and_not_then() {
    let mut story = started();
    assert_eq!(story.revoke(day(3), "premium", Some(day(8))), ["+premium"]);
    assert_eq!(
        story.level(A, "premium", day(3)).unwrap().expires_at,
        Some(day(8))
    );
    assert_eq!(story.tick(day(9)), NOTHING);
    assert!(!story.has(A, "premium", day(9)));
}

#[test]
fn f7_a_revoked_chain_keeps_its_own_dates() {
    let mut story = started();
    assert_eq!(story.revoke(day(3), "premium", None), ["-premium"]);
    assert_eq!(
        story.report(day(30), &paid("t2", 30)),
        ["subscription_renewed", "+premium"]
    );
    let mut story = started();
    story.report(day(1), &cancelled(day(1), paid("t1", 0)));
    story.revoke(day(3), "premium", None);
    assert_eq!(story.tick(day(30)), ["subscription_expired"]);
    // So do a one-time purchase and what is shared.
    let mut story = shared();
    story.report(day(1), &bought_once("o1", 0));
    assert_eq!(story.revoke(day(3), "premium", None), ["-premium"]);
    assert!(story.has(B, "premium", day(3)), "taken from one profile");
    story.try_revoke(B, day(4), "premium", None).unwrap();
    assert!(!story.has(B, "premium", day(4)));
    assert_eq!(
        story.report(day(30), &paid("t2", 30)),
        ["subscription_renewed", "+premium", "b +premium"]
    );
}

#[test]
fn f8_a_second_profile_shares_the_chain_and_all_later_changes() {
    let mut story = started();
    assert_eq!(story.report_by(B, day(1), &paid("t1", 0)), ["b +premium"]);
    assert_eq!(
        story.report_by(B, day(1), &paid("t1", 0)),
        NOTHING,
        "a restore without change"
    );
    // One for each profile that inherits it; facts only for the owner, whoever tells.
    assert_eq!(story.report_by(ANON, day(1), &paid("t1", 0)), ["anon +premium"]);
    let told = story.report_by(B, day(2), &cancelled(day(2), paid("t1", 0)));
    let [fact, levels @ ..] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(fact, "subscription_renewal_cancelled");
    let mut levels = levels.to_vec();
    levels.sort();
    assert_eq!(levels, ["+premium", "anon +premium", "b +premium"]);
    assert_eq!(
        story.tick(day(30)),
        ["subscription_expired", "-premium", "b -premium", "anon -premium"]
    );
    assert!(story.parties[B].holdings.chains.is_empty());
    assert_eq!(story.revenue(B), Decimal::ZERO);
}

#[test]
fn f8_one_time_purchases_are_shared_too() {
    let mut story = Story::default();
    story.report(day(0), &bought_once("o1", 0));
    assert_eq!(story.report_by(B, day(1), &bought_once("o1", 0)), ["b +premium"]);
    let told = story.report(day(2), &refunded(day(2), bought_once("o1", 0)));
    assert_eq!(
        told,
        ["non_subscription_purchase_refunded", "-premium", "b -premium"]
    );
}

#[test]
fn f8_sharers_lose_what_its_owner_loses_when_both_have_something_due() {
    let mut story = shared();
    story.report_by(
        B,
        day(1),
        &of_product("gold", of_chain("u1", prepaid(ending(day(31), paid("u1", 1))))),
    );
    // Each is told once.
    let told = story.tick(day(31));
    assert_eq!(
        told,
        [
            "subscription_expired",
            "-premium",
            "b -premium",
            "b subscription_expired",
            "b -gold"
        ]
    );
}

#[test]
fn f9_f12_a_transfer_moves_access_and_later_events() {
    let mut story = started();
    story.sharing = Sharing::Transfer;
    assert_eq!(
        story.report_by(B, day(1), &paid("t1", 0)),
        ["-premium", "b +premium"]
    );
    assert!(!story.has(A, "premium", day(1)));
    assert!(story.parties[A].holdings.chains.is_empty() && story.parties[A].holdings.shared.is_empty());
    // F12
    let told = story.report_by(B, day(30), &paid("t2", 30));
    assert_eq!(told, ["b subscription_renewed", "b +premium"]);
    assert_eq!(story.tick(day(61)), ["b subscription_expired", "b -premium"]);
}

#[test]
fn f8_to_f13_each_setting_does_what_its_table_says() {
    /// What the newcomer gets.
    #[derive(Debug, PartialEq)]
    enum Gets {
        Share,
        Chain,
        Nothing,
    }
    let table = [
        (Sharing::Enabled, A, B, Gets::Share),
        (Sharing::Enabled, A, ANON, Gets::Share),
        (Sharing::Enabled, ANON, B, Gets::Share),
        (Sharing::Enabled, ANON, ANON_2, Gets::Share),
        (Sharing::Transfer, A, B, Gets::Chain),
        (Sharing::Transfer, A, ANON, Gets::Share),
        (Sharing::Transfer, ANON, B, Gets::Share),
        (Sharing::Transfer, ANON, ANON_2, Gets::Share),
        (Sharing::Disabled, A, B, Gets::Nothing),
        (Sharing::Disabled, A, ANON, Gets::Nothing),
        (Sharing::Disabled, ANON, B, Gets::Chain),
        (Sharing::Disabled, ANON, ANON_2, Gets::Share),
    ];
    for (sharing, owner, newcomer, expected) in table {
        let mut story = Story {
            sharing,
            ..Story::default()
        };
        story.report_by(owner, day(0), &paid("t1", 0));
        story.report_by(newcomer, day(1), &paid("t1", 0));
        let keeps = story.has(owner, "premium", day(1));
        let owns = |who: usize| !story.parties[who].holdings.chains.is_empty();
        let gets = match (owns(newcomer), story.has(newcomer, "premium", day(1))) {
            (true, true) => Gets::Chain,
            (false, true) => Gets::Share,
            (_, false) => Gets::Nothing,
        };
        assert_eq!(gets, expected, "{sharing:?}, {owner} to {newcomer}");
        assert_eq!(
            keeps,
            expected != Gets::Chain,
            "{sharing:?}, {owner} to {newcomer}"
        );
        assert_eq!(owns(owner), expected != Gets::Chain);
    }
}

#[test]
fn f10_where_sharing_is_off_the_newcomer_still_updates_the_chain() {
    let mut story = started();
    story.sharing = Sharing::Disabled;
    assert_eq!(story.report_by(B, day(1), &paid("t1", 0)), NOTHING);
    let told = story.report_by(B, day(30), &paid("t2", 30));
    assert_eq!(told, ["subscription_renewed", "+premium"]);
    assert_eq!(
        (story.revenue(A), story.revenue(B)),
        (usd(2 * 999), Decimal::ZERO)
    );
}

#[test]
fn f14_after_a_deletion_the_next_who_tells_becomes_the_owner_and_it_begins_anew() {
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    story.delete(A);
    let told = story.report_by(B, day(31), &paid("t1", 0));
    assert_eq!(
        told,
        ["b subscription_started", "b subscription_expired", "b -premium"]
    );
    // The rest of its chain is news, too.
    assert_eq!(
        story.report_by(B, day(31), &paid("t2", 30)),
        ["b subscription_renewed", "b +premium"]
    );
    assert_eq!(story.revenue(B), usd(2 * 999));
    assert_eq!(story.report_by(B, day(31), &paid("t2", 30)), NOTHING);
}

#[test]
fn f14_a_sharer_takes_over_when_it_tells_of_a_chain_whose_owner_is_gone() {
    let mut story = shared();
    story.report_by(ANON, day(1), &paid("t1", 0));
    story.delete(A);
    assert_eq!(
        story.report_by(B, day(2), &paid("t1", 0)),
        ["b subscription_started"]
    );
    assert!(story.parties[B].holdings.shared.is_empty());
    let told = story.report_by(B, day(30), &paid("t2", 30));
    assert_eq!(told, ["b subscription_renewed", "b +premium", "anon +premium"]);
}

#[test]
fn f14_a_one_time_purchase_whose_owner_is_gone_is_news() {
    let mut story = Story::default();
    story.report(day(0), &bought_once("o1", 0));
    story.delete(A);
    assert_eq!(
        story.report_by(B, day(1), &bought_once("o1", 0)),
        ["b non_subscription_purchase", "b +premium"]
    );
    assert_eq!(story.revenue(B), usd(999));
}

// Beside the tables

#[test]
fn a_transaction_that_moves_to_another_chain_makes_no_start_event() {
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    let told = story.report(day(31), &of_chain("u1", paid("t2", 30)));
    assert_eq!(told, NOTHING, "what is shown is the same");
    let chains = &story.parties[A].holdings.chains;
    let ids: Vec<_> = chains.iter().map(|chain| chain.latest.id.as_str()).collect();
    assert_eq!(ids, ["t1", "t2"]);
    assert_eq!(story.revenue(A), usd(2 * 999));
}

#[test]
fn a_chain_whose_latest_transaction_moves_away_shows_the_one_before_as_it_was_reported() {
    let mut story = Story::default();
    let first = Transaction {
        offer: Some(Offer {
            category: "introductory".into(),
            kind: OfferKind::PayAsYouGo,
            id: None,
        }),
        ..cancelled(day(5), priced(499, paid("t1", 0)))
    };
    story.report(day(5), &first);
    let second = of_product("weekly", paid("t2", 30));
    story.report(day(30), &second);
    story.report(day(31), &of_chain("u1", second));
    let shown = story.parties[A].holdings.chains[0].entry();
    assert_eq!(
        (shown.product_id.as_str(), shown.offer, shown.renewal_cancelled_at),
        ("monthly", first.offer, Some(day(5)))
    );
    assert_eq!(story.parties[A].holdings.chains[0].latest.price, first.price);
}

#[test]
fn a_transaction_that_moves_to_the_chain_of_another_profile_takes_its_revenue_along() {
    let mut story = started();
    story.report_by(B, day(0), &of_chain("u1", paid("u1", 0)));
    story.report(day(1), &of_chain("u1", paid("t1", 0)));
    assert_eq!(
        (story.revenue(A), story.revenue(B)),
        (Decimal::ZERO, usd(2 * 999))
    );
}

#[test]
fn who_shares_a_chain_loses_what_moves_out_of_it() {
    let mut story = shared();
    let told = story.report(day(2), &of_product("gold", of_chain("u1", paid("t1", 0))));
    assert_eq!(told, ["-premium", "b -premium", "+gold"]);
}

#[test]
fn what_was_due_in_the_chain_that_a_transaction_moves_to_is_still_told() {
    let mut story = started();
    story.report(day(20), &of_chain("u1", paid("u1", 20)));
    let told = story.report(day(40), &paid("u1", 20));
    assert_eq!(told[0], "subscription_expired");
}

#[test]
fn another_purchase_type_is_refused() {
    let mut story = started();
    let before = story.parties.clone();
    let refused = story.try_report(A, day(1), &bought_once("t1", 0)).unwrap_err();
    assert_eq!(
        (refused.code, refused.source.as_str()),
        ("validation_error", "purchase_type")
    );
    assert_eq!(story.parties, before);
}

#[test]
fn revenue_counts_what_was_paid_in_production_at_the_rate_of_the_day() {
    let mut story = started();
    assert_eq!(story.revenue(A), usd(999));
    let sandbox = Transaction {
        environment: Environment::Sandbox,
        ..of_chain("s1", paid("s1", 0))
    };
    story.report(day(0), &sandbox);
    assert_eq!(story.revenue(A), usd(999), "a test");
    story.report(day(1), &priced(499, paid("t1", 0)));
    assert_eq!(story.revenue(A), usd(499), "a corrected price");
    story.report(day(2), &refunded(day(2), priced(499, paid("t1", 0))));
    assert_eq!(story.revenue(A), Decimal::ZERO, "a refund");
    story.report(day(3), &paid("t1", 0));
    assert_eq!(story.revenue(A), usd(999), "a refund withdrawn");
    let euros = |transaction: Transaction| {
        let mut transaction = of_chain("e1", transaction);
        transaction.price.currency = "EUR".into();
        transaction
    };
    story.usd_rate = None;
    story.report(day(3), &euros(paid("e1", 3)));
    assert_eq!(story.revenue(A), usd(999), "an unknown rate");
    story.usd_rate = Some(Decimal::TWO);
    story.report(day(4), &euros(paid("e1", 3)));
    assert_eq!(story.revenue(A), usd(3 * 999), "a rate that has become known");
    story.usd_rate = Some(Decimal::TEN);
    story.report(day(5), &euros(paid("e1", 3)));
    assert_eq!(story.revenue(A), usd(3 * 999), "it stays");
}

#[test]
fn revenue_beyond_the_largest_amount_stays_there() {
    let mut story = Story {
        usd_rate: Some(Decimal::from(10_i64.pow(13))),
        ..Story::default()
    };
    for n in 0..12 {
        let mut dear = bought_once(&format!("o{n}"), 0);
        dear.price.value = Decimal::from(10_i64.pow(15) - 1);
        story.report(day(0), &dear);
    }
    assert_eq!(story.revenue(A), Decimal::MAX);
}

#[test]
fn what_is_due_is_told_by_the_tick_only_and_not_again_by_a_grant_or_another_chain() {
    let mut story = started();
    assert_eq!(story.grant(day(31), "gold", None, None), ["+gold"]);
    let told = story.report(day(31), &of_product("silver", bought_once("o1", 0)));
    assert_eq!(told[0], "non_subscription_purchase");
    let mut story = started();
    story.grant(day(31), "gold", None, None);
    assert_eq!(story.tick(day(31)), ["subscription_expired", "-premium"]);
}

#[test]
fn a_purchase_that_bears_the_id_of_a_chain_leaves_what_is_due_there_alone() {
    let mut story = Story::default();
    story.report(day(0), &of_product("gold", of_chain("o1", paid("t1", 0))));
    assert_eq!(
        story.report(day(31), &bought_once("o1", 31)),
        ["non_subscription_purchase", "+premium"]
    );
    assert_eq!(story.tick(day(31)), ["subscription_expired", "-gold"]);
}

#[test]
fn every_visible_field_of_a_level_is_watched() {
    let base = cancelled(day(1), paid("t1", 0));
    let offer = Offer {
        category: "promotional".into(),
        kind: OfferKind::PayAsYouGo,
        id: Some("o".into()),
    };
    let changes = [
        of_product("yearly", base.clone()),
        ending(day(31), base.clone()),
        because(PriceIncrease, base.clone()),
        failed(day(2), None, base.clone()),
        Transaction {
            will_renew: true,
            ..base.clone()
        },
        Transaction {
            offer: Some(offer),
            ..base.clone()
        },
        refunded(day(2), base.clone()),
    ];
    for change in changes {
        let mut story = Story::default();
        story.report(day(1), &base);
        let told = story.report(day(2), &change);
        let levels = told.iter().filter(|word| word.ends_with("premium")).count();
        assert_eq!(levels, 1, "{change:?}");
    }
    let same = Transaction {
        variation_id: Some("v".into()),
        ..base.clone()
    };
    let mut story = Story::default();
    story.report(day(1), &base);
    assert_eq!(story.report(day(2), &same), NOTHING);
}

// What is owned, and what is left of it

#[test]
fn a_level_that_a_change_of_the_product_ends_stays_in_the_list() {
    let mut story = started();
    story.report(day(10), &of_product("gold", paid("t2", 10)));
    let premium = story
        .level(A, "premium", day(10))
        .expect("it has ended, not vanished");
    assert_eq!(
        (
            premium.expires_at,
            premium.transaction_id.as_str(),
            premium.will_renew
        ),
        (Some(day(10)), "t1", false)
    );
    assert_eq!(story.revoke(day(11), "premium", None), NOTHING, "it is over");
    // It comes back, and is lost once more.
    let told = story.report(day(12), &paid("t3", 12));
    assert_eq!(told[2..], ["-gold", "+premium"]);
    assert_eq!(story.parties[A].holdings.ended.len(), 1, "gold alone");
    let told = story.report(day(14), &of_product("gold", paid("t4", 14)));
    assert_eq!(told[2..], ["-premium", "+gold"]);
    assert_eq!(
        story.level(A, "premium", day(14)).unwrap().expires_at,
        Some(day(14))
    );
}

#[test]
fn a_level_that_had_ended_before_another_one_came_stays_as_it_was() {
    let mut story = started();
    story.tick(day(40));
    let before = story.level(A, "premium", day(40));
    let told = story.report(day(99), &of_product("gold", paid("t2", 99)));
    assert_eq!(told, ["subscription_renewed", "+gold"]);
    assert_eq!(story.level(A, "premium", day(99)), before);
}

#[test]
fn a_level_that_goes_to_another_profile_stays_ended() {
    let mut story = shared();
    story.sharing = Sharing::Transfer;
    story.report_by(ANON, day(1), &paid("t1", 0));
    story.report_by(B, day(2), &paid("t1", 0));
    for who in [A, ANON] {
        let level = story.level(who, "premium", day(2)).expect("it has ended");
        assert_eq!(level.expires_at, Some(day(2)));
    }
    assert_eq!(story.revoke(day(3), "premium", None), NOTHING);
    // And back.
    assert_eq!(
        story.report_by(A, day(4), &paid("t1", 0)),
        ["b -premium", "+premium"]
    );
    assert!(story.parties[A].holdings.ended.is_empty());
}

#[test]
fn f9_revenue_goes_with_the_chain() {
    let mut story = started();
    story.sharing = Sharing::Transfer;
    story.report(day(0), &bought_once("o1", 0));
    story.report(day(30), &paid("t2", 30));
    story.report_by(B, day(31), &paid("t2", 30));
    assert_eq!((story.revenue(A), story.revenue(B)), (usd(999), usd(2 * 999)));
    story.report_by(B, day(31), &bought_once("o1", 0));
    assert_eq!((story.revenue(A), story.revenue(B)), (usd(0), usd(3 * 999)));
    // What was paid before the transfer is paid back by who owns it now.
    story.report_by(B, day(32), &refunded(day(32), paid("t1", 0)));
    assert_eq!((story.revenue(A), story.revenue(B)), (usd(0), usd(2 * 999)));
    story.report_by(A, day(33), &paid("t2", 30));
    assert_eq!((story.revenue(A), story.revenue(B)), (usd(999), usd(999)));
}

#[test]
fn f14_of_a_long_chain_whose_owner_is_gone_every_period_is_news_newest_first_too() {
    let mut story = Story::default();
    let periods: Vec<_> = (0..12).map(|n| paid(&format!("t{n}"), 30 * n)).collect();
    for period in &periods {
        story.report(period.purchased_at, period);
    }
    assert_eq!(story.revenue(A), usd(12 * 999));
    story.delete(A);
    for period in periods.iter().rev() {
        let told = story.report_by(B, day(340), period);
        assert!(
            told.iter().any(|word| word.starts_with("b subscription_")),
            "{}",
            period.id
        );
        assert_eq!(story.report_by(B, day(340), period), NOTHING, "{}", period.id);
    }
    assert_eq!(story.revenue(B), usd(12 * 999));
}

#[test]
fn f14_who_shared_what_a_deleted_profile_owned_is_told_of_the_end() {
    let mut story = shared();
    story.report_by(ANON, day(1), &paid("t1", 0));
    story.delete(A);
    assert_eq!(story.tick(day(30) - 1), NOTHING);
    let mut told = story.tick(day(30));
    told.sort();
    assert_eq!(told, ["anon -premium", "b -premium"]);
    assert_eq!(story.tick(day(60)), NOTHING);
    // Of a level that something else still gives there is nothing to tell.
    let mut story = shared();
    story.grant_to(B, day(1), "premium", None, Some(day(90)));
    story.delete(A);
    assert_eq!(story.tick(day(30)), NOTHING);
    // Who takes it over goes on with it.
    let mut story = shared();
    story.delete(A);
    story.report_by(B, day(29), &paid("t1", 0));
    assert_eq!(story.tick(day(30)), ["b -premium"]);
    assert_eq!(story.tick(day(31)), ["b subscription_expired", "b -premium"]);
}

#[test]
fn a_known_transaction_keeps_its_environment_also_after_its_owner_is_gone() {
    let as_sandbox = Transaction {
        environment: Environment::Sandbox,
        ..paid("t1", 0)
    };
    let mut story = started();
    story.delete(A);
    story.report_by(B, day(1), &as_sandbox);
    assert_eq!(story.revenue(B), usd(999));
}

#[test]
fn a_grant_that_says_the_same_again_is_no_change() {
    let mut story = Story::default();
    assert_eq!(story.grant(day(0), "premium", None, Some(day(9))), ["+premium"]);
    assert_eq!(story.grant(day(1), "premium", None, Some(day(9))), NOTHING);
}

#[test]
fn whether_a_chain_is_shared_as_a_test_is_said_by_what_is_known_of_it() {
    let mut story = Story {
        sharing: Sharing::Disabled,
        sandbox_sharing: Some(Sharing::Enabled),
        ..Story::default()
    };
    let as_sandbox = |transaction: Transaction| Transaction {
        environment: Environment::Sandbox,
        ..transaction
    };
    story.report(day(0), &paid("t1", 0));
    story.report(day(0), &bought_once("o1", 0));
    for claimed in [paid("t1", 0), paid("t2", 30), bought_once("o1", 0)] {
        story.report_by(B, day(30), &as_sandbox(claimed));
        assert!(!story.has(B, "premium", day(30)), "it was paid for");
    }
    story.report(day(30), &as_sandbox(of_chain("s1", paid("s1", 30))));
    story.report_by(B, day(30), &of_chain("s1", paid("s1", 30)));
    assert!(story.has(B, "premium", day(30)), "it is a test");
}

#[test]
fn a_transaction_keeps_the_regular_price_with_which_it_was_first_reported() {
    let offered = |transaction: Transaction| Transaction {
        offer: Some(Offer {
            category: "introductory".into(),
            kind: OfferKind::PayAsYouGo,
            id: None,
        }),
        ..transaction
    };
    let kept = |story: &Story| story.parties[A].holdings.chains[0].latest.regular_price;
    let mut story = Story {
        regular_price: Some(usd(1_499)),
        ..Story::default()
    };
    story.report(day(0), &offered(paid("t1", 0)));
    assert_eq!(kept(&story), Some(usd(1_499)));
    story.regular_price = Some(usd(1_999));
    story.report(day(1), &cancelled(day(1), offered(paid("t1", 0))));
    assert_eq!(kept(&story), Some(usd(1_499)));
    story.report(day(1), &of_product("yearly", offered(paid("t1", 0))));
    assert_eq!(kept(&story), Some(usd(1_999)), "of another product");
    story.report(day(30), &paid("t2", 30));
    assert_eq!(kept(&story), None, "the price is the regular one");
}

#[test]
fn a_chain_that_cannot_be_so_is_left_alone_and_holds_up_no_other() {
    let mut story = started();
    story.report(day(0), &of_chain("u1", of_product("gold", paid("u1", 0))));
    let impossible = &mut story.parties[A].holdings.chains[0];
    impossible.phase = crate::purchases::chain::Phase::Trial;
    let before = impossible.clone();
    let problem = story.parties[A].holdings.problem().expect("it cannot be so");
    assert!(problem.contains("t1"), "{problem}");
    assert_eq!(story.tick(day(40)), ["subscription_expired", "-gold"]);
    assert_eq!(story.parties[A].holdings.chains[0], before);
    assert_eq!(story.parties[A].holdings.next_due(story.context(day(40))), None);
}
