//! What is reported late: after something became due that nobody has handled yet, or after what followed it.

use super::*;

#[test]
fn c1_c6_what_was_due_before_a_report_is_told_before_it() {
    let facts = started().report(day(300), &paid("t2", 300));
    let expected = [(SubscriptionExpired, day(30)), (SubscriptionRenewed, day(300))];
    assert_made(&facts, &expected);
    assert_eq!(facts[1].consecutive_payments, 1);
    let facts = in_trial().report(day(50), &paid("t2", 50));
    assert_made(&facts, &[(TrialExpired, day(7)), (TrialConverted, day(50))]);
}

#[test]
fn b3_c1_renewing_that_is_switched_off_when_the_period_has_just_ended_is_only_stored() {
    for (now, expected) in [
        (day(30) - 1, &[(SubscriptionRenewalCancelled, day(29))][..]),
        (day(30), &[(SubscriptionExpired, day(30))]),
    ] {
        let facts = started().report(now, &cancelled(day(29), paid("t1", 0)));
        assert_made(&facts, expected);
    }
}

#[test]
fn a21_a_chain_has_one_first_period_though_another_begins_with_it() {
    for first in [paid("t1", 0), trial("t1")] {
        for other in [ending(day(5), paid("x", 0)), free(ending(day(5), paid("x", 0)))] {
            let mut story = Story::default();
            story.report(day(60), &free(paid("t3", 60)));
            story.report(day(61), &first);
            let facts = story.report(day(62), &other);
            let is_charged = first.is_free() && !other.is_free();
            let kind = if is_charged {
                TrialConverted
            } else {
                SubscriptionRenewed
            };
            assert_made(&facts, &[(kind, day(0))]);
        }
    }
}

#[test]
fn a21_c10_a_trial_that_is_told_late_starts_its_timers_while_nothing_is_charged() {
    let late = |next: Transaction| {
        let mut story = Story::default();
        story.timers.trial_active = timers(&[3]);
        story.report(day(8), &next);
        let facts = story.report(day(9), &trial("t1"));
        assert_eq!(story.chain().problem(), None);
        facts
    };
    let facts = late(free(paid("t2", 7)));
    assert_made(&facts, &[(TrialStarted, day(0)), (TrialActive, day(3))]);
    assert_made(&late(paid("t2", 7)), &[(TrialStarted, day(0))]);
}

#[test]
fn a21_c10_what_the_timers_make_up_for_is_told_in_order_of_time() {
    let mut story = Story::default();
    story.timers.subscription_active = timers(&[20, 10]);
    story.report(day(45), &paid("t2", 30));
    let expected = [
        (SubscriptionStarted, day(0)),
        (SubscriptionActive, day(10)),
        (SubscriptionActive, day(20)),
    ];
    assert_made(&story.report(day(45), &paid("t1", 0)), &expected);
}

#[test]
fn a21_c10_a_start_that_is_told_late_leaves_the_timers_of_another_product_alone() {
    let mut story = Story::default();
    story.timers.subscription_active = timers(&[10]);
    story.report(day(30), &paid("t2", 30));
    story.report(day(40), &of_product("yearly", paid("t3", 40)));
    let facts = story.report(day(41), &paid("t1", 0));
    assert_made(&facts, &[(SubscriptionStarted, day(0))]);
    assert_made(&story.wait_until(day(51)), &[(SubscriptionActive, day(50))]);
}

#[test]
fn a21_what_is_over_stays_so_and_is_not_told_again_when_an_older_period_is_told_late() {
    let older = || ending(day(0), paid("t0", -30));
    let endings = [
        cancelled(day(2), paid("t1", 0)),
        refunded(day(30), paid("t1", 0)),
        because(CancellationReason::Upgraded, paid("t1", 0)),
    ];
    for (now, last) in [day(30), day(40)]
        .into_iter()
        .flat_map(|now| endings.clone().map(|last| (now, last)))
    {
        let mut story = started();
        story.report(day(3), &last);
        story.wait_until(now);
        let closed = story.chain().closed;
        assert!(closed.is_some());
        assert_made(&story.report(now, &older()), &[(SubscriptionRenewed, day(-30))]);
        assert_made(&story.wait_until(day(99)), &[]);
        assert_eq!(story.chain().closed, closed);
    }
}

#[test]
fn a11_a21_another_product_after_a_failed_charge_cuts_nothing_in_whichever_order_it_is_told() {
    let weekly = ending(day(27), of_product("weekly", paid("t2", 25)));
    let failed = failed(day(24), None, paid("t1", 0));
    for order in [[&failed, &weekly], [&weekly, &failed]] {
        let mut story = Story::default();
        for transaction in order {
            story.report(day(26), transaction);
        }
        assert_eq!(story.chain().access_ends_at(), Some(day(30)));
    }
}

#[test]
fn a21_c10_a_first_charge_that_is_told_late_ends_the_timers_of_the_trial() {
    let mut story = in_trial();
    story.timers.subscription_active = timers(&[40]);
    story.report(day(38), &free(paid("t3", 37)));
    story.report(day(39), &paid("t2", 7));
    assert_made(&story.wait_until(day(41)), &[]);
}

#[test]
fn a14_c10_the_timers_of_another_product_count_from_its_beginning_though_that_is_told_late() {
    let mut story = started();
    story.timers.subscription_active = timers(&[5, 10]);
    story.wait_until(day(11));
    let facts = story.report(day(11), &of_product("yearly", paid("t2", 4)));
    let expected = [
        (SubscriptionRefunded, day(4)),
        (SubscriptionStarted, day(4)),
        (SubscriptionActive, day(9)),
    ];
    assert_made(&facts, &expected);
}

#[test]
fn c10_a_timer_is_told_once_though_the_next_period_begins_before_it() {
    let mut story = started();
    story.timers.subscription_active = timers(&[20]);
    assert_made(&story.wait_until(day(21)), &[(SubscriptionActive, day(20))]);
    story.report(day(22), &refunded(day(21), paid("t1", 0)));
    let facts = story.report(day(23), &paid("t2", 10));
    assert_made(&facts, &[(SubscriptionRenewed, day(10))]);
    assert_made(&story.wait_until(day(40) - 1), &[]);
}

#[test]
fn a21_a_trial_that_is_told_after_a_charge_that_was_none_has_no_payments() {
    let mut story = Story::default();
    story.report(day(8), &paid("t2", 7));
    story.report(day(8), &free(paid("t2", 7)));
    story.report(day(9), &trial("t1"));
    story.report(day(9), &free(ending(day(7), paid("x", 3))));
    let chain = story.chain();
    assert!(chain.is_in_trial());
    assert_eq!((chain.consecutive_payments, chain.problem()), (0, None));
}

#[test]
fn c10_what_stripe_has_cut_is_active_no_more() {
    let of_stripe = |transaction| Transaction {
        store: "stripe".into(),
        ..transaction
    };
    let mut story = Story::default();
    story.timers.subscription_active = timers(&[15]);
    story.report(day(0), &of_stripe(paid("t1", 0)));
    story.report(day(9), &of_stripe(failed(day(9), None, paid("t1", 0))));
    assert_made(&story.wait_until(day(16)), &[]);
}

#[test]
fn a21_free_periods_without_a_trial_before_them_are_no_trial() {
    let mut story = Story::default();
    story.report(day(60), &free(paid("t3", 60)));
    let facts = story.report(day(61), &free(paid("t2", 30)));
    assert_made(&facts, &[(SubscriptionRenewed, day(30))]);
    let facts = story.report(day(90), &paid("t4", 90));
    assert_made(&facts, &[(SubscriptionRenewed, day(90))]);
}
