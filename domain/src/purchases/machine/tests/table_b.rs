//! Table B: a known transaction again.

use super::*;

#[test]
fn b0_the_same_again_makes_nothing() {
    let mut story = started();
    let before = story.chain.clone();
    assert_made(&story.report(day(1), &paid("t1", 0)), &[]);
    assert_eq!(story.chain, before);
}

#[test]
fn b1_switching_renewal_off_is_told_once() {
    let mut story = started();
    let off = cancelled(day(5), paid("t1", 0));
    assert_made(
        &story.report(day(6), &off),
        &[(SubscriptionRenewalCancelled, day(5))],
    );
    assert_made(&story.report(day(7), &off), &[]);
    assert!(story.has_access(day(29)));
    let facts = in_trial().report(day(2), &cancelled(day(1), trial("t1")));
    assert_made(&facts, &[(TrialRenewalCancelled, day(1))]);
    let undated = Transaction {
        will_renew: false,
        ..paid("t1", 0)
    };
    assert_made(
        &started().report(day(6), &undated),
        &[(SubscriptionRenewalCancelled, day(6))],
    );
}

#[test]
fn b2_switching_renewal_on_again_carries_the_product_that_was_active() {
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    let on = Transaction {
        renew_status_changed_at: Some(day(6)),
        ..of_product("yearly", paid("t1", 0))
    };
    let facts = story.report(day(6), &on);
    assert_made(&facts, &[(SubscriptionRenewalReactivated, day(6))]);
    assert_eq!(facts[0].transaction.product_id, "monthly");
    let mut story = in_trial();
    story.report(day(1), &cancelled(day(1), trial("t1")));
    assert_made(
        &story.report(day(2), &trial("t1")),
        &[(TrialRenewalReactivated, day(2))],
    );
}

#[test]
fn b2_switching_renewal_on_again_carries_the_base_plan_and_the_price_that_were_active() {
    let of_plan = |plan: &str, price: i64, transaction| Transaction {
        base_plan_id: Some(plan.into()),
        regular_price: Some(price.into()),
        ..transaction
    };
    let mut story = Story::default();
    story.report(day(0), &of_plan("p1m", 12, paid("t1", 0)));
    story.report(day(5), &of_plan("p1m", 12, cancelled(day(5), paid("t1", 0))));
    let yearly = of_product("yearly", paid("t1", 0));
    let facts = story.report(day(6), &of_plan("p1y", 99, yearly));
    assert_made(&facts, &[(SubscriptionRenewalReactivated, day(6))]);
    let told = &facts[0].transaction;
    assert_eq!(told.base_plan_id.as_deref(), Some("p1m"));
    assert_eq!(told.regular_price, Some(12.into()));
}

#[test]
fn b3_renewal_of_an_ended_chain_is_only_stored() {
    let mut story = started();
    story.wait_until(day(40));
    assert_made(&story.report(day(41), &cancelled(day(35), paid("t1", 0))), &[]);
    assert!(!story.chain().latest.will_renew);
}

#[test]
fn b4_a_failed_charge_without_grace() {
    let mut story = started();
    let facts = story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    assert_made(&facts, &[(BillingIssueDetected, day(29))]);
    assert_eq!(facts[0].subscription_expires_at, Some(day(30)));
    assert!(story.has_access(day(29)));
    // Stripe: access is cut at once.
    let stripe = |transaction| Transaction {
        store: "stripe".into(),
        ..transaction
    };
    let mut story = Story::default();
    story.report(day(0), &stripe(paid("t1", 0)));
    story.report(day(10), &stripe(failed(day(10), None, paid("t1", 0))));
    assert!(!story.has_access(day(10)));
}

#[test]
fn b5_a_failed_charge_with_grace() {
    let mut story = started();
    let facts = story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_made(
        &facts,
        &[(BillingIssueDetected, day(29)), (EnteredGracePeriod, day(29))],
    );
    assert_eq!(facts[0].subscription_expires_at, Some(day(46)));
    assert_eq!(facts[1].subscription_expires_at, Some(day(46)));
    assert!(story.has_access(day(45)));
    // Settled, and failed anew: the same day, but another grace period.
    story.report(day(30), &paid("t1", 0));
    let again = story.report(day(30), &failed(day(29), Some(day(50)), paid("t1", 0)));
    assert_ne!(again[1].discriminator, facts[1].discriminator);
}

#[test]
fn b6_grace_given_later() {
    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    let facts = story.report(day(31), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_made(&facts, &[(EnteredGracePeriod, day(29))]);
    assert!(story.has_access(day(45)));
}

#[test]
fn b7_billing_fields_that_go_away_make_no_event() {
    let mut story = started();
    story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_made(&story.report(day(29), &paid("t1", 0)), &[]);
    assert!(!story.has_access(day(31)));
}

#[test]
fn b19_a_chain_whose_first_period_was_charged_after_all_had_no_trial() {
    let mut story = in_trial();
    story.report(day(1), &ending(day(7), paid("t1", 0)));
    let facts = story.report(day(7), &paid("t2", 7));
    assert_made(&facts, &[(SubscriptionRenewed, day(7))]);
    assert_eq!(facts[0].trial_days, None);
    // As if it had been known from the start, in either direction.
    story.report(day(8), &trial("t1"));
    assert_eq!(story.chain().trial.as_ref().unwrap().days, Some(7));
}

#[test]
fn b8_another_date_of_the_failed_charge_makes_no_event() {
    let mut story = started();
    story.report(day(29), &failed(day(28), None, paid("t1", 0)));
    assert_made(&story.report(day(29), &failed(day(29), None, paid("t1", 0))), &[]);
}

#[test]
fn b4_b14_of_what_has_ended_only_a_refund_is_told() {
    for change in [
        failed(day(29), None, paid("t1", 0)),
        because(CancellationReason::Upgraded, paid("t1", 0)),
    ] {
        let mut story = started();
        story.wait_until(day(40));
        assert_made(&story.report(day(41), &change), &[]);
        assert_eq!(story.chain().closed, Some(Closed::Expired(day(30))));
    }
}

#[test]
fn b14_what_has_ended_before_it_is_said_to_be_replaced_expires_at_its_end() {
    let replaced = because(CancellationReason::Upgraded, paid("t1", 0));
    let mut story = started();
    let facts = story.report(day(30) + HOUR, &replaced);
    assert_made(&facts, &[(SubscriptionExpired, day(30))]);
    assert_eq!(facts[0].reason, Some(CancellationReason::Upgraded));
    assert_made(&story.wait_until(day(99)), &[]);
    // A store that goes on collecting has not ended it either.
    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    let facts = story.report(day(35), &failed(day(29), None, replaced));
    assert_made(&facts, &[(SubscriptionExpired, day(30))]);
    let mut story = in_trial();
    let facts = story.report(day(7) + HOUR, &because(CancellationReason::Upgraded, trial("t1")));
    assert_made(&facts, &[(TrialExpired, day(7))]);
}

#[test]
fn b14_what_ends_with_the_report_that_it_is_replaced_is_paid_back_at_its_end() {
    let mut story = started();
    let replaced = because(CancellationReason::Upgraded, ending(day(11), paid("t1", 0)));
    let facts = story.report(day(12), &replaced);
    assert_made(&facts, &[(SubscriptionRefunded, day(11))]);
    assert_eq!(facts[0].subscription_expires_at, Some(day(11)));
    assert_eq!(story.chain().closed, Some(Closed::Replaced(day(11))));
}

#[test]
fn b14_an_older_period_that_is_told_after_the_replacement_gives_nothing_after_it() {
    let replaced = because(CancellationReason::NewSubscriptionReplace, paid("t2", 29));
    // It becomes known, or longer.
    for before in [None, Some(ending(day(20), paid("t1", 0)))] {
        let mut story = Story::default();
        if let Some(before) = before {
            story.report(day(1), &before);
        }
        story.report(day(29), &paid("t2", 29));
        story.report(day(29) + HOUR, &replaced);
        story.report(day(29) + 2 * HOUR, &paid("t1", 0));
        assert_eq!(story.chain().access_ends_at(), Some(day(29) + HOUR));
        // It was a mistake.
        story.report(day(29) + 3 * HOUR, &paid("t2", 29));
        assert_eq!(story.chain().access_ends_at(), Some(day(59)));
        story.report(day(29) + 3 * HOUR, &refunded(day(29), paid("t2", 29)));
        assert_eq!(story.chain().access_ends_at(), Some(day(30)));
    }
}

#[test]
fn b14_nor_does_one_that_another_product_had_cut_later_or_cuts_no_more() {
    let yearly = |from| ending(day(400), of_product("yearly", paid("t2", from)));
    let because_upgraded = |transaction| because(CancellationReason::Upgraded, transaction);
    // It lies ahead of its replacement.
    let mut story = Story::default();
    story.report(day(11), &yearly(20));
    story.report(day(12), &because_upgraded(yearly(20)));
    story.report(day(13), &paid("t1", 0));
    assert_eq!(story.chain().access_ends_at(), Some(day(12)));
    // It was of the same product after all.
    let mut story = started();
    story.report(day(11), &yearly(11));
    story.report(day(12), &because_upgraded(yearly(11)));
    story.report(day(13), &because_upgraded(ending(day(400), paid("t2", 11))));
    assert_eq!(story.chain().access_ends_at(), Some(day(12)));
}

#[test]
fn b9_a_refund_of_the_running_period_ends_it_and_it_never_expires() {
    let mut story = started();
    let facts = story.report(day(12), &refunded(day(11), paid("t1", 0)));
    assert_made(&facts, &[(SubscriptionRefunded, day(11))]);
    assert_eq!(
        facts[0].discriminator,
        day(11),
        "of another day it is another one"
    );
    assert_eq!(facts[0].refunded_share, Some(Decimal::ONE));
    assert_eq!(facts[0].reason, Some(CancellationReason::Refund));
    assert_eq!(facts[0].subscription_expires_at, Some(day(11)));
    assert_eq!(story.chain().access_ends_at(), Some(day(11)));
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn b9_a_refund_ends_access_though_the_grace_before_that_period_was_longer() {
    let mut story = started();
    story.report(day(30), &failed(day(30), Some(day(46)), paid("t1", 0)));
    story.report(day(32), &paid("t2", 30));
    let facts = story.report(day(34), &refunded(day(34), paid("t2", 30)));
    assert_made(&facts, &[(SubscriptionRefunded, day(34))]);
    assert_eq!(story.chain().access_ends_at(), Some(day(34)));
    assert_eq!(story.chain().closed, Some(Closed::Refunded(day(34))));
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn b10_a_refund_of_the_last_period_after_its_end() {
    let mut story = started();
    story.wait_until(day(40));
    let facts = story.report(day(41), &refunded(day(41), paid("t1", 0)));
    assert_made(&facts, &[(SubscriptionRefunded, day(41))]);
    assert!(!story.has_access(day(41)));
}

#[test]
fn b11_a_refund_of_an_older_period_leaves_access_alone() {
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    let facts = story.report(day(40), &refunded(day(39), paid("t1", 0)));
    assert_made(&facts, &[(SubscriptionRefunded, day(39))]);
    assert_eq!(facts[0].transaction.id, "t1");
    assert!(story.has_access(day(59)));
}

#[test]
fn b12_a_refund_of_a_trial_expires_it() {
    let mut story = in_trial();
    let facts = story.report(day(3), &refunded(day(2), trial("t1")));
    assert_made(&facts, &[(TrialExpired, day(2))]);
    assert_eq!(facts[0].reason, Some(CancellationReason::Refund));
    assert_eq!(facts[0].subscription_expires_at, Some(day(2)));
    assert!(!story.has_access(day(3)));
}

#[test]
fn b12_a_refund_of_a_trial_that_was_converted_makes_no_event() {
    let mut story = in_trial();
    story.report(day(7), &paid("t2", 7));
    assert_made(&story.report(day(8), &refunded(day(8), trial("t1"))), &[]);
    assert!(story.has_access(day(36)));
}

#[test]
fn b12_a_refund_of_another_free_period_of_a_trial_expires_it() {
    let further = free(ending(day(14), paid("t2", 7)));
    let mut story = in_trial();
    story.report(day(7), &further);
    let facts = story.report(day(9), &refunded(day(9), further.clone()));
    assert_made(&facts, &[(TrialExpired, day(9))]);
    assert_eq!(facts[0].reason, Some(CancellationReason::Refund));
    assert!(!story.has_access(day(9)));
    assert_made(&story.wait_until(day(99)), &[]);
    // It had ended.
    let mut story = in_trial();
    story.report(day(7), &further);
    assert_made(&story.wait_until(day(15)), &[(TrialExpired, day(14))]);
    assert_made(&story.report(day(16), &refunded(day(16), further.clone())), &[]);
    // The trial itself runs on.
    let mut story = in_trial();
    story.report(day(6), &further);
    let in_time = refunded(day(7) + 1, ending(day(8), paid("t2", 7)));
    story.report(day(6), &ending(day(10), trial("t1")));
    assert_made(&story.report(day(6), &free(in_time)), &[]);
    assert_made(&story.wait_until(day(11)), &[(TrialExpired, day(10))]);
}

#[test]
fn b13_a_refund_that_is_withdrawn_opens_the_period_again() {
    let mut story = started();
    story.report(day(11), &refunded(day(11), paid("t1", 0)));
    assert_made(&story.report(day(12), &paid("t1", 0)), &[]);
    assert!(story.has_access(day(13)));
    assert_made(&story.wait_until(day(40)), &[(SubscriptionExpired, day(30))]);
}

#[test]
fn b14_a_replacement_without_a_refund_date_ends_it_now() {
    for reason in [
        CancellationReason::Upgraded,
        CancellationReason::NewSubscriptionReplace,
    ] {
        let mut story = started();
        let facts = story.report(day(12), &because(reason, paid("t1", 0)));
        assert_made(&facts, &[(SubscriptionRefunded, day(12))]);
        assert_eq!(facts[0].reason, Some(reason));
        assert_eq!(story.chain().closed, Some(Closed::Replaced(day(12))));
        assert!(!story.has_access(day(12)));
        assert_made(&story.wait_until(day(99)), &[]);
    }
}

#[test]
fn b14_a_replacement_that_is_withdrawn_opens_the_period_again() {
    let upgraded = because(CancellationReason::Upgraded, paid("t1", 0));
    let mut story = started();
    story.report(day(12), &upgraded);
    assert_made(&story.report(day(13), &paid("t1", 0)), &[]);
    assert_eq!(story.chain().closed, None);
    assert_eq!(story.chain().access_ends_at(), Some(day(30)));
    assert_made(&story.wait_until(day(40)), &[(SubscriptionExpired, day(30))]);
    // Renewing that is another then is only stored (B3); another reason is no replacement.
    let mut story = started();
    story.report(day(12), &upgraded);
    let off = cancelled(day(13), paid("t1", 0));
    let off = because(CancellationReason::VoluntarilyCancelled, off);
    assert_made(&story.report(day(13), &off), &[]);
    assert!(story.has_access(day(29)));
    // Its period is over by then.
    let mut story = started();
    story.report(day(12), &upgraded);
    assert_made(&story.report(day(31), &paid("t1", 0)), &[]);
    assert_eq!(story.chain().closed, Some(Closed::Expired(day(30))));
    // It is said of the newest, and once more.
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    story.report(day(40), &because(CancellationReason::Upgraded, paid("t2", 30)));
    assert_made(&story.report(day(41), &paid("t1", 0)), &[]);
    assert!(!story.has_access(day(41)));
    assert_made(&story.report(day(42), &paid("t2", 30)), &[]);
    assert!(story.has_access(day(59)));
    let again = story.report(day(43), &because(CancellationReason::Upgraded, paid("t2", 30)));
    assert_made(&again, &[(SubscriptionRefunded, day(43))]);
}

#[test]
fn b14_a_refund_of_what_was_replaced_is_not_told_again_and_leaves_its_end_alone() {
    let upgraded = because(CancellationReason::Upgraded, paid("t1", 0));
    let back = refunded(day(14), paid("t1", 0));
    let mut story = started();
    story.report(day(12), &upgraded);
    assert_made(&story.report(day(15), &back), &[]);
    assert_eq!(story.chain().access_ends_at(), Some(day(12)));
    // The new product told it.
    let mut story = started();
    let facts = story.report(day(12), &of_product("yearly", paid("t2", 12)));
    assert_made(
        &facts,
        &[(SubscriptionRefunded, day(12)), (SubscriptionStarted, day(12))],
    );
    assert_made(&story.report(day(15), &back), &[]);
    assert!(story.has_access(day(41)));
    // It was no replacement after all.
    let mut story = started();
    story.report(day(12), &upgraded);
    story.report(day(13), &paid("t1", 0));
    assert_made(&story.report(day(15), &back), &[(SubscriptionRefunded, day(14))]);
}

#[test]
fn b15_a_later_end_is_a_deferral_only_when_google_says_so() {
    let mut story = started();
    assert_made(&story.report(day(3), &ending(day(44), paid("t1", 0))), &[]);
    assert!(story.has_access(day(43)));
    let facts = story.tell(
        day(4),
        None,
        Command::Defer {
            at: day(4),
            until: day(50),
        },
    );
    assert_made(&facts, &[(SubscriptionDeferred, day(4))]);
    assert!(story.has_access(day(49)));
}

#[test]
fn b16_an_end_moved_into_the_future_opens_an_expired_chain_and_it_can_expire_again() {
    let mut story = started();
    assert_made(&story.wait_until(day(40)), &[(SubscriptionExpired, day(30))]);
    assert_made(&story.report(day(41), &ending(day(60), paid("t1", 0))), &[]);
    assert!(story.has_access(day(50)));
    assert_made(&story.wait_until(day(90)), &[(SubscriptionExpired, day(60))]);
}

#[test]
fn b16_the_end_of_an_older_period_moved_into_the_future_does_so_too() {
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    assert_made(&story.wait_until(day(70)), &[(SubscriptionExpired, day(60))]);
    assert_made(&story.report(day(71), &ending(day(90), paid("t1", 0))), &[]);
    assert!(story.has_access(day(80)));
    assert_made(&story.wait_until(day(100)), &[(SubscriptionExpired, day(90))]);
    assert!(!story.has_access(day(90)));
}

#[test]
fn b16_an_expired_chain_that_runs_again_was_not_reactivated() {
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    assert_made(&story.wait_until(day(40)), &[(SubscriptionExpired, day(30))]);
    assert_made(&story.report(day(41), &ending(day(60), paid("t1", 0))), &[]);
    assert!(story.has_access(day(50)));
    assert_eq!(story.chain().reactivated_at, None);
    // From then on it is told (B1, B2).
    let off = cancelled(day(42), ending(day(60), paid("t1", 0)));
    assert_made(
        &story.report(day(42), &off),
        &[(SubscriptionRenewalCancelled, day(42))],
    );
}

#[test]
fn b17_cancelling_with_an_end_that_has_come_ends_it_at_once() {
    let mut story = started();
    let reason = CancellationReason::CancelledByDeveloper;
    let ended = because(reason, cancelled(day(8), ending(day(9), paid("t1", 0))));
    let facts = story.report(day(9), &ended);
    assert_made(
        &facts,
        &[
            (SubscriptionRenewalCancelled, day(8)),
            (SubscriptionExpired, day(9)),
        ],
    );
    assert_eq!(facts[1].reason, Some(reason));
    assert!(!story.has_access(day(9)));
}

#[test]
fn b18_an_end_that_has_come_expires_a_cancelled_chain() {
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    let facts = story.report(day(9), &cancelled(day(5), ending(day(9), paid("t1", 0))));
    assert_made(&facts, &[(SubscriptionExpired, day(9))]);
}

#[test]
fn b19_another_price_offer_or_variation_makes_no_event() {
    let mut story = started();
    let mut corrected = paid("t1", 0);
    corrected.price.value = Decimal::new(499, 2);
    corrected.variation_id = Some("v".into());
    assert_made(&story.report(day(3), &corrected), &[]);
    assert_eq!(story.chain().latest, corrected);
}

/// The same with a price after all.
fn priced(transaction: Transaction) -> Transaction {
    let mut priced = transaction;
    priced.price.value = Decimal::new(999, 2);
    priced
}

#[test]
fn b19_a_trial_that_was_charged_after_all_keeps_its_period_and_is_a_subscription() {
    let mut story = in_trial();
    assert_made(&story.report(day(1), &priced(trial("t1"))), &[]);
    assert!(story.has_access(day(6)));
    // The store that keeps its ids: the same transaction is the first charge.
    let mut next = ending(day(37), paid("t1", 6));
    next.offer = None;
    assert_made(&story.report(day(7), &next), &[]);
    assert!(story.has_access(day(36)));
    assert_made(
        &story.report(day(37), &paid("t2", 37)),
        &[(SubscriptionRenewed, day(37))],
    );
}

#[test]
fn b19_a_charge_that_was_not_free_after_all_ends_the_trial_of_its_chain() {
    let mut story = in_trial();
    let second = free(paid("t2", 7));
    story.report(day(7), &second);
    assert_made(&story.report(day(8), &priced(second)), &[]);
    assert_made(&story.wait_until(day(90)), &[(SubscriptionExpired, day(37))]);
    assert_made(
        &story.report(day(91), &paid("t3", 91)),
        &[(SubscriptionRenewed, day(91))],
    );
}

#[test]
fn b19_what_was_charged_after_all_is_paid_back_as_a_subscription() {
    let mut story = in_trial();
    let second = free(paid("t2", 7));
    story.report(day(7), &second);
    story.report(day(8), &priced(second.clone()));
    let facts = story.report(day(9), &refunded(day(9), priced(second)));
    assert_made(&facts, &[(SubscriptionRefunded, day(9))]);

    let mut story = in_trial();
    story.report(day(7), &paid("t2", 7));
    assert_made(&story.report(day(8), &priced(trial("t1"))), &[]);
    let facts = story.report(day(9), &refunded(day(9), priced(trial("t1"))));
    assert_made(&facts, &[(SubscriptionRefunded, day(9))]);

    // Both at once.
    let facts = in_trial().report(day(2), &refunded(day(2), priced(trial("t1"))));
    assert_made(&facts, &[(SubscriptionRefunded, day(2))]);
}

#[test]
fn b19_the_only_charge_that_was_free_after_all_leaves_a_trial_that_is_converted_by_the_next() {
    let mut story = Story::default();
    story.report(day(0), &priced(trial("t1")));
    assert_made(&story.report(day(1), &trial("t1")), &[]);
    assert_made(&story.report(day(7), &paid("t2", 7)), &[(TrialConverted, day(7))]);
    assert_made(&story.report(day(8), &free(paid("t2", 7))), &[]);
    assert_made(&story.wait_until(day(90)), &[(TrialExpired, day(37))]);
    // Where another charge is known, it is a subscription as before.
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    assert_made(&story.report(day(31), &free(paid("t2", 30))), &[]);
    assert_made(&story.wait_until(day(90)), &[(SubscriptionExpired, day(60))]);
}

#[test]
fn b9_a_charge_whose_price_goes_with_its_refund_is_paid_back() {
    let facts = started().report(day(9), &refunded(day(9), free(paid("t1", 0))));
    assert_made(&facts, &[(SubscriptionRefunded, day(9))]);
}

#[test]
fn b9_so_is_the_charge_that_converted_a_trial() {
    let mut story = in_trial();
    story.report(day(7), &paid("t2", 7));
    let facts = story.report(day(9), &refunded(day(9), free(paid("t2", 7))));
    assert_made(&facts, &[(SubscriptionRefunded, day(9))]);
    assert!(!story.chain().is_in_trial());
}

#[test]
fn b9_what_was_paid_back_in_the_trial_is_told_when_it_turns_out_to_have_been_charged() {
    let mut story = Story::default();
    story.report(day(0), &ending(day(30), trial("t1")));
    story.report(day(7), &free(paid("t2", 7)));
    let free_refund = refunded(day(8), free(paid("t2", 7)));
    assert_made(&story.report(day(9), &free_refund), &[]);
    let facts = story.report(day(10), &refunded(day(8), paid("t2", 7)));
    assert_made(&facts, &[(SubscriptionRefunded, day(8))]);
    assert_made(&story.report(day(11), &refunded(day(8), paid("t2", 7))), &[]);
}

#[test]
fn b1_renewing_is_switched_off_in_a_trial_whose_free_renewal_was_paid_back() {
    let mut story = Story::default();
    story.report(day(0), &ending(day(30), trial("t1")));
    let renewal = refunded(day(8), free(paid("t2", 7)));
    story.report(day(9), &renewal);
    let facts = story.report(day(10), &cancelled(day(10), renewal));
    assert_made(&facts, &[(TrialRenewalCancelled, day(10))]);
}

#[test]
fn b19_a_trial_is_as_long_as_it_was_reported_last() {
    let endless = Transaction {
        expires_at: None,
        ..trial("t1")
    };
    for first in [endless, ending(day(3), trial("t1"))] {
        let mut story = Story::default();
        story.report(day(0), &first);
        assert_made(&story.report(day(1), &trial("t1")), &[]);
        assert_eq!(story.chain().access().unwrap().trial_days, Some(7));
        let facts = story.report(day(7), &paid("t2", 7));
        assert_eq!((facts[0].kind, facts[0].trial_days), (TrialConverted, Some(7)));
    }
    // A shorter one, said while it runs.
    let mut story = in_trial();
    story.report(day(1), &ending(day(3), trial("t1")));
    assert_eq!(story.chain().access().unwrap().trial_days, Some(3));
}

#[test]
fn b18_a_trial_that_is_ended_at_once_was_to_be_as_long_as_it_was() {
    let facts = in_trial().report(day(3), &ending(day(3), cancelled(day(3), trial("t1"))));
    let told: Vec<_> = facts.iter().map(|fact| (fact.kind, fact.trial_days)).collect();
    assert_eq!(told, [(TrialRenewalCancelled, Some(7)), (TrialExpired, Some(7))]);
}

#[test]
fn b19_timers_count_from_the_beginning_that_was_reported_last_and_what_was_told_is_told() {
    let from = |start: i64| Transaction {
        purchased_at: start,
        ..trial("t1")
    };
    let with_timers = || Story {
        timers: Timers {
            trial_active: timers(&[2, 4]),
            ..Timers::default()
        },
        ..Story::default()
    };
    // A day later than was said: the second timer has run out, the first is not told again.
    let mut story = with_timers();
    story.report(day(0), &from(day(0)));
    assert_made(&story.wait_until(day(2)), &[(TrialActive, day(2))]);
    assert_made(&story.report(day(2), &from(day(1))), &[]);
    assert_made(&story.wait_until(day(6)), &[(TrialActive, day(5))]);
    // Two days earlier: the first one was due before anybody knew.
    let mut story = with_timers();
    story.report(day(2), &from(day(2)));
    assert_made(&story.report(day(3), &from(day(0))), &[(TrialActive, day(2))]);
    assert_made(&story.wait_until(day(6)), &[(TrialActive, day(4))]);
}
