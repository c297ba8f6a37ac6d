//! Table A: a transaction that was not known.

use super::*;

#[test]
fn a1_a_free_first_period_starts_a_trial() {
    let mut story = Story::default();
    let facts = story.report(day(0), &trial("t1"));
    assert_made(&facts, &[(TrialStarted, day(0))]);
    assert_eq!((facts[0].consecutive_payments, facts[0].trial_days), (0, Some(7)));
    assert!(story.has_access(day(6)));
}

#[test]
fn a2_a_charged_first_period_starts_a_subscription() {
    let mut story = Story::default();
    let facts = story.report(day(0), &paid("t1", 0));
    assert_made(&facts, &[(SubscriptionStarted, day(0))]);
    assert_eq!(facts[0].consecutive_payments, 1);
}

#[test]
fn a3_a_paid_introductory_offer_starts_a_subscription() {
    for kind in [OfferKind::PayAsYouGo, OfferKind::PayUpFront] {
        let offer = Offer {
            category: "introductory".into(),
            kind,
            id: None,
        };
        let transaction = Transaction {
            offer: Some(offer),
            ..paid("t1", 0)
        };
        let facts = Story::default().report(day(0), &transaction);
        assert_made(&facts, &[(SubscriptionStarted, day(0))]);
        assert!(facts[0].transaction.offer.is_some());
    }
}

#[test]
fn a4_a_charged_period_of_a_chain_whose_start_was_never_told_is_a_renewal() {
    let facts = Story::default().report(day(60), &paid("t3", 60));
    assert_made(&facts, &[(SubscriptionRenewed, day(60))]);
}

#[test]
fn a5_a_first_period_that_has_ended_starts_and_expires_in_the_past() {
    let mut story = Story::default();
    let facts = story.report(day(100), &paid("t1", 0));
    assert_made(
        &facts,
        &[(SubscriptionStarted, day(0)), (SubscriptionExpired, day(30))],
    );
    assert!(!story.has_access(day(100)));
    let facts = Story::default().report(day(100), &trial("t1"));
    assert_made(&facts, &[(TrialStarted, day(0)), (TrialExpired, day(7))]);
}

#[test]
fn a6_a_first_period_that_is_refunded_already_starts_and_is_refunded() {
    let mut story = Story::default();
    let facts = story.report(day(5), &refunded(day(3), paid("t1", 0)));
    assert_made(
        &facts,
        &[(SubscriptionStarted, day(0)), (SubscriptionRefunded, day(3))],
    );
    assert!(!story.has_access(day(5)));
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn a7_a_first_period_that_will_not_renew_was_cancelled_only_if_a_date_says_so() {
    let facts = Story::default().report(day(1), &cancelled(day(1), paid("t1", 0)));
    let expected = [
        (SubscriptionStarted, day(0)),
        (SubscriptionRenewalCancelled, day(1)),
    ];
    assert_made(&facts, &expected);
    let prepaid = Transaction {
        will_renew: false,
        ..paid("t1", 0)
    };
    assert_made(
        &Story::default().report(day(1), &prepaid),
        &[(SubscriptionStarted, day(0))],
    );
}

#[test]
fn a8_the_first_charge_after_a_trial_converts_it_also_after_a_gap() {
    let mut story = in_trial();
    let facts = story.report(day(7), &paid("t2", 7));
    assert_made(&facts, &[(TrialConverted, day(7))]);
    assert_eq!((facts[0].consecutive_payments, facts[0].trial_days), (1, Some(7)));

    let mut story = in_trial();
    story.report(day(1), &cancelled(day(1), trial("t1")));
    assert_made(&story.wait_until(day(8)), &[(TrialExpired, day(7))]);
    assert_made(
        &story.report(day(50), &paid("t2", 50)),
        &[(TrialConverted, day(50))],
    );
}

#[test]
fn a9_another_free_period_in_a_trial_renews_and_the_first_charge_still_converts() {
    let mut story = in_trial();
    let second = free(ending(day(14), paid("t2", 7)));
    assert_made(&story.report(day(7), &second), &[(SubscriptionRenewed, day(7))]);
    assert_made(
        &story.report(day(14), &paid("t3", 14)),
        &[(TrialConverted, day(14))],
    );
}

#[test]
fn a10_a_further_charge_renews_and_counts() {
    let mut story = started();
    let facts = story.report(day(30), &paid("t2", 30));
    assert_made(&facts, &[(SubscriptionRenewed, day(30))]);
    assert_eq!(facts[0].consecutive_payments, 2);
    // Renewing off and on again with the new period: the renewal says it all.
    let mut story = started();
    story.report(day(2), &cancelled(day(2), paid("t1", 0)));
    assert_made(
        &story.report(day(29), &paid("t2", 29)),
        &[(SubscriptionRenewed, day(29))],
    );
}

#[test]
fn a11_a_charge_in_grace_or_retry_renews_and_clears_the_billing_issue() {
    for grace in [None, Some(day(46))] {
        let mut story = started();
        story.report(day(30), &failed(day(29), grace, paid("t1", 0)));
        let facts = story.report(day(40), &paid("t2", 40));
        assert_made(&facts, &[(SubscriptionRenewed, day(40))]);
        assert!(!story.chain().has_billing_issue());
        assert!(story.has_access(day(41)));
    }
}

#[test]
fn a11_a_charge_for_another_product_in_grace_or_retry_renews() {
    let grace = Some(day(46));
    for (grace, at) in [(grace, 30), (grace, 40), (None, 30), (None, 40)] {
        let mut story = started();
        story.report(day(30) - HOUR, &failed(day(30) - HOUR, grace, paid("t1", 0)));
        let facts = story.report(day(at), &of_product("yearly", paid("t2", at)));
        assert_made(&facts, &[(SubscriptionRenewed, day(at))]);
        assert!(!story.chain().has_billing_issue());
    }
}

#[test]
fn a12_a_charge_after_the_end_renews_and_counts_from_one() {
    let mut story = started();
    story.wait_until(day(40));
    let facts = story.report(day(300), &paid("t2", 300));
    assert_made(&facts, &[(SubscriptionRenewed, day(300))]);
    assert_eq!(facts[0].consecutive_payments, 1);
    assert_eq!(story.chain().activated_at, day(300));
}

#[test]
fn a12_a_charge_after_the_end_that_was_cancelled_since_it_was_made_says_so() {
    let ended = || {
        let mut story = started();
        story.report(day(5), &cancelled(day(5), paid("t1", 0)));
        story.wait_until(day(40));
        story
    };
    let facts = ended().report(day(301), &cancelled(day(301), paid("t2", 300)));
    let expected = [
        (SubscriptionRenewed, day(300)),
        (SubscriptionRenewalCancelled, day(301)),
    ];
    assert_made(&facts, &expected);
    // The date of the time before is no news.
    let facts = ended().report(day(301), &cancelled(day(5), paid("t2", 300)));
    assert_made(&facts, &[(SubscriptionRenewed, day(300))]);
}

#[test]
fn a13_a_charge_after_a_pause_renews() {
    let mut story = started();
    story.tell(day(3), None, Command::ArrangePause { at: day(3) });
    assert_made(&story.wait_until(day(90)), &[]);
    let facts = story.report(day(90), &paid("t2", 90));
    assert_made(&facts, &[(SubscriptionRenewed, day(90))]);
    assert_eq!(facts[0].consecutive_payments, 1);
    assert_eq!(story.chain().activated_at, day(90));
}

#[test]
fn a13_a_charge_for_another_product_after_a_pause_renews() {
    for at in [30, 90] {
        let mut story = started();
        story.tell(day(3), None, Command::ArrangePause { at: day(3) });
        let facts = story.report(day(at) + HOUR, &of_product("yearly", paid("t2", at)));
        assert_made(&facts, &[(SubscriptionRenewed, day(at))]);
    }
    // Before the pause begins, the chain is active.
    let mut story = started();
    story.tell(day(3), None, Command::ArrangePause { at: day(3) });
    let facts = story.report(day(10), &of_product("yearly", paid("t2", 10)));
    let expected = [(SubscriptionRefunded, day(10)), (SubscriptionStarted, day(10))];
    assert_made(&facts, &expected);
}

#[test]
fn a14_another_product_in_the_middle_refunds_the_old_one_and_starts_the_new_one() {
    let mut story = started();
    let facts = story.report(day(10), &of_product("yearly", paid("t2", 10)));
    assert_made(
        &facts,
        &[(SubscriptionRefunded, day(10)), (SubscriptionStarted, day(10))],
    );
    assert_eq!(facts[0].transaction.product_id, "monthly");
    assert_eq!(facts[0].reason, Some(CancellationReason::Upgraded));
    assert_eq!(facts[1].transaction.product_id, "yearly");
    // The old transaction was reported as upgraded before: said once.
    let mut story = started();
    let told = story.report(day(10), &because(CancellationReason::Upgraded, paid("t1", 0)));
    assert_made(&told, &[(SubscriptionRefunded, day(10))]);
    let facts = story.report(day(10) + 1, &of_product("yearly", paid("t2", 10)));
    assert_made(&facts, &[(SubscriptionStarted, day(10))]);
}

#[test]
fn a14_what_was_paid_back_or_had_ended_is_told_once_and_ends_with_the_change() {
    let weekly = |from| ending(day(from + 7), of_product("weekly", paid("t2", from)));
    let mut story = started();
    let told = story.report(day(5), &refunded(day(20), paid("t1", 0)));
    assert_made(&told, &[(SubscriptionRefunded, day(20))]);
    assert_made(
        &story.report(day(10), &weekly(10)),
        &[(SubscriptionStarted, day(10))],
    );
    assert_eq!(story.chain().access_ends_at(), Some(day(17)));
    let mut story = started();
    assert_made(&story.wait_until(day(40)), &[(SubscriptionExpired, day(30))]);
    let facts = story.report(day(41), &weekly(10));
    assert_made(&facts[..1], &[(SubscriptionStarted, day(10))]);
    assert_eq!(story.chain().access_ends_at(), Some(day(17)));
}

#[test]
fn a15_another_product_at_the_periods_end_expires_the_old_one_and_starts_the_new_one() {
    for start in [day(30) - 12 * HOUR, day(30), day(30) + 12 * HOUR] {
        let mut story = started();
        let next = Transaction {
            purchased_at: start,
            ..of_product("weekly", paid("t2", 30))
        };
        let facts = story.report(start, &next);
        assert_made(
            &facts,
            &[
                (SubscriptionExpired, start.min(day(30))),
                (SubscriptionStarted, start),
            ],
        );
        assert_eq!(facts[0].transaction.product_id, "monthly");
    }
}

#[test]
fn a15_a_periods_end_is_its_own_though_the_grace_before_it_was_longer() {
    let mut story = recovered();
    let facts = story.report(day(14), &of_product("yearly", paid("t3", 14)));
    assert_made(
        &facts,
        &[(SubscriptionExpired, day(14)), (SubscriptionStarted, day(14))],
    );
}

#[test]
fn a16_another_product_after_a_reactivation_renews() {
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    let again = Transaction {
        renew_status_changed_at: Some(day(6)),
        ..paid("t1", 0)
    };
    story.report(day(6), &again);
    let facts = story.report(day(30), &of_product("weekly", paid("t2", 30)));
    assert_made(&facts, &[(SubscriptionRenewed, day(30))]);
    assert_eq!(facts[0].transaction.product_id, "weekly");
}

#[test]
fn a15_a17_a_day_after_the_end_it_is_no_change_at_renewal_any_more() {
    for (at, opening) in [(day(31), SubscriptionStarted), (day(31) + 1, SubscriptionRenewed)] {
        let mut story = started();
        let next = Transaction {
            purchased_at: at,
            ..of_product("weekly", paid("t2", 31))
        };
        let facts = story.report(at, &next);
        assert_made(&facts, &[(SubscriptionExpired, day(30)), (opening, at)]);
    }
}

#[test]
fn a17_another_product_long_after_the_end_renews() {
    let mut story = started();
    story.wait_until(day(40));
    let facts = story.report(day(200), &of_product("weekly", paid("t2", 200)));
    assert_made(&facts, &[(SubscriptionRenewed, day(200))]);
}

#[test]
fn a18_a_charge_for_another_product_in_a_trial_converts_it() {
    let facts = in_trial().report(day(3), &of_product("yearly", paid("t2", 3)));
    assert_made(&facts, &[(TrialConverted, day(3))]);
    assert_eq!(facts[0].transaction.product_id, "yearly");
}

#[test]
fn a19_a_charge_after_a_refund_renews() {
    let mut story = started();
    story.report(day(4), &refunded(day(4), paid("t1", 0)));
    let facts = story.report(day(8), &paid("t2", 8));
    assert_made(&facts, &[(SubscriptionRenewed, day(8))]);
    assert_eq!(facts[0].consecutive_payments, 1);
    assert!(story.has_access(day(9)));
}

#[test]
fn a21_an_older_period_gets_its_own_event_and_changes_nothing_else() {
    let mut story = Story::default();
    story.report(day(60), &paid("t3", 60));
    assert_made(
        &story.report(day(61), &paid("t2", 30)),
        &[(SubscriptionRenewed, day(30))],
    );
    assert_made(&story.report(day(62), &trial("t1")), &[(TrialStarted, day(0))]);
    assert_eq!(story.chain().latest.id, "t3");
    assert_eq!(story.chain().ends_at(), Some(day(90)));
}

#[test]
fn a21_a_first_charge_that_is_reported_late_ends_the_trial() {
    let mut story = in_trial();
    story.report(day(40), &free(paid("t3", 37)));
    assert!(story.chain().is_in_trial());
    let facts = story.report(day(41), &paid("t2", 7));
    assert_made(&facts, &[(TrialConverted, day(7))]);
    assert!(!facts[0].is_in_trial);
    assert_made(
        &story.report(day(42), &paid("t4", 42)),
        &[(SubscriptionRenewed, day(42))],
    );
}

#[test]
fn a21_a_trial_that_is_reported_late_goes_on_while_nothing_is_charged() {
    let mut story = Story::default();
    story.report(day(8), &free(paid("t2", 7)));
    story.report(day(9), &trial("t1"));
    assert!(story.chain().is_in_trial());
    assert_made(
        &story.report(day(37), &paid("t3", 37)),
        &[(TrialConverted, day(37))],
    );
    // With a charge before it the trial is over.
    let mut story = Story::default();
    story.report(day(8), &paid("t2", 7));
    story.report(day(9), &trial("t1"));
    assert!(!story.chain().is_in_trial());
}

#[test]
fn a21_a_period_whose_product_was_replaced_ends_with_the_change() {
    let mut story = Story::default();
    story.report(day(100), &paid("t2", 100));
    let yearly = ending(day(365), of_product("yearly", paid("t1", 0)));
    assert_made(&story.report(day(101), &yearly), &[(SubscriptionStarted, day(0))]);
    assert_eq!(story.chain().access_ends_at(), Some(day(130)));
    // Of the same product, both periods count.
    let mut story = Story::default();
    story.report(day(100), &paid("t2", 100));
    story.report(day(101), &ending(day(365), paid("t1", 0)));
    assert_eq!(story.chain().access_ends_at(), Some(day(365)));
}

#[test]
fn a21_a_period_that_outlasted_the_refund_of_the_newest_is_what_expired() {
    let mut story = Story::default();
    story.report(day(60), &refunded(day(29), paid("t2", 28)));
    let facts = story.report(day(61), &paid("t1", 0));
    assert_made(
        &facts,
        &[(SubscriptionStarted, day(0)), (SubscriptionExpired, day(30))],
    );
}

#[test]
fn a22_family_sharing_gives_access_and_no_events() {
    let family = Transaction {
        is_family_shared: true,
        ..free(paid("t1", 0))
    };
    let mut story = Story::default();
    story.timers.subscription_active = timers(&[3]);
    assert_made(&story.report(day(0), &family), &[]);
    assert_made(&story.wait_until(day(4)), &[]);
    assert!(story.has_access(day(5)));
    assert_made(&story.report(day(5), &cancelled(day(5), family)), &[]);
    assert_made(&story.wait_until(day(90)), &[]);
    assert!(!story.has_access(day(90)));
}

#[test]
fn a1_a2_a4_the_first_of_a_chain_bears_its_id_or_begins_when_the_chain_does() {
    let begun = |id: &str, at| Transaction {
        purchased_at: at,
        expires_at: Some(day(30)),
        ..paid(id, 0)
    };
    let table = [
        (begun("t1", day(1)), SubscriptionStarted),
        (begun("x", day(0) + MINUTE), SubscriptionStarted),
        (begun("x", day(0) + MINUTE + 1), SubscriptionRenewed),
        (free(begun("x", day(0))), TrialStarted),
        (free(begun("x", day(1))), SubscriptionRenewed),
    ];
    for (transaction, expected) in table {
        let at = transaction.purchased_at;
        let facts = Story::default().report(day(1), &transaction);
        assert_made(&facts, &[(expected, at)]);
    }
    // What takes another's place is no trial, though it costs nothing.
    let replacing = Transaction {
        replaces_another: true,
        ..free(paid("t1", 0))
    };
    let facts = Story::default().report(day(0), &replacing);
    assert_made(&facts, &[(SubscriptionStarted, day(0))]);
    // Unless its offer says so.
    let offer = Offer {
        category: "introductory".into(),
        kind: OfferKind::FreeTrial,
        id: None,
    };
    let offered = Transaction {
        offer: Some(offer),
        ..replacing
    };
    let facts = Story::default().report(day(0), &offered);
    assert_made(&facts, &[(TrialStarted, day(0))]);
}

#[test]
fn a6_a7_a_renewal_may_say_more_than_that_it_has_begun() {
    let renewal = paid("t2", 30);
    let told = |first: Transaction, second: Transaction| {
        let mut story = Story::default();
        story.report(day(1), &first);
        let facts = kinds(&story.report(day(31), &second));
        let begins = facts.iter().position(|(kind, _)| *kind == SubscriptionRenewed);
        facts[begins.expect("it begins") + 1..].to_vec()
    };
    assert_eq!(
        told(paid("t1", 0), refunded(day(31), renewal.clone())),
        [(SubscriptionRefunded, day(31))]
    );
    assert_eq!(
        told(paid("t1", 0), cancelled(day(31), renewal.clone())),
        [(SubscriptionRenewalCancelled, day(31))]
    );
    assert_eq!(
        told(paid("t1", 0), failed(day(31), None, renewal.clone())),
        [(BillingIssueDetected, day(31))]
    );
    assert_eq!(
        told(
            paid("t1", 0),
            because(CancellationReason::Upgraded, renewal.clone())
        ),
        [(SubscriptionRefunded, day(31))]
    );
    assert_eq!(
        told(paid("t1", 0), cancelled(day(29), renewal.clone())),
        [(SubscriptionRenewalCancelled, day(29))],
        "it was on before"
    );
    // It was off before, or has been switched on.
    let was_off = cancelled(day(1), paid("t1", 0));
    assert_eq!(told(was_off.clone(), cancelled(day(1), renewal.clone())), []);
    assert_eq!(
        told(was_off.clone(), cancelled(day(30), renewal.clone())),
        [(SubscriptionRenewalCancelled, day(30))],
        "a renewal is on when it begins"
    );
    let is_on = Transaction {
        renew_status_changed_at: Some(day(31)),
        ..renewal
    };
    assert_eq!(told(was_off, is_on.clone()), []);
    assert_eq!(told(paid("t1", 0), is_on), []);
}

#[test]
fn a13_a_pause_interrupts_the_payments_however_short_it_is() {
    let payments = |is_paused: bool, at| {
        let mut story = started();
        if is_paused {
            story.tell(day(3), None, Command::ArrangePause { at: day(3) });
        }
        let next = Transaction {
            purchased_at: at,
            ..paid("t2", 30)
        };
        story.report(at, &next)[0].consecutive_payments
    };
    assert_eq!(payments(true, day(30) + HOUR), 1);
    assert_eq!(payments(true, day(30)), 2, "the pause has not begun");
    assert_eq!(payments(false, day(30) + HOUR), 2);
}

#[test]
fn a13_what_goes_on_after_a_pause_ends_as_usual() {
    let mut story = started();
    story.tell(day(3), None, Command::ArrangePause { at: day(3) });
    story.report(day(90), &paid("t2", 90));
    assert_made(&story.wait_until(day(121)), &[(SubscriptionExpired, day(120))]);
}

#[test]
fn a14_a15_of_a_short_period_half_decides_whether_it_was_changed_at_once() {
    for (start, first) in [
        (12 * HOUR - 1, SubscriptionRefunded),
        (12 * HOUR, SubscriptionExpired),
    ] {
        let mut story = Story::default();
        story.report(day(0), &ending(day(1), paid("t1", 0)));
        let next = Transaction {
            purchased_at: day(0) + start,
            ..of_product("weekly", paid("t2", 0))
        };
        let facts = story.report(day(0) + start, &next);
        assert_eq!(facts[0].kind, first);
        assert_eq!(facts[1].kind, SubscriptionStarted);
    }
}

#[test]
fn a14_the_old_product_was_upgraded_and_ends_now_whatever_was_said_before() {
    let mut story = started();
    let before = because(CancellationReason::PriceIncrease, paid("t1", 0));
    story.report(day(5), &before);
    let facts = story.report(day(10), &of_product("yearly", paid("t2", 10)));
    assert_eq!(facts[0].reason, Some(CancellationReason::Upgraded));
    assert_eq!(facts[0].subscription_expires_at, Some(day(10)));
}

#[test]
fn a16_a_reactivation_counts_until_the_next_period_or_cancellation() {
    let reactivated = || {
        let mut story = started();
        story.report(day(5), &cancelled(day(5), paid("t1", 0)));
        story.report(day(6), &paid("t1", 0));
        story
    };
    let weekly = |from| of_product("weekly", paid("t9", from));
    let changed = |at| [(SubscriptionExpired, day(at)), (SubscriptionStarted, day(at))];
    let mut story = reactivated();
    story.report(day(30), &paid("t2", 30));
    assert_made(&story.report(day(60), &weekly(60)), &changed(60));
    let mut story = reactivated();
    story.report(day(7), &cancelled(day(7), paid("t1", 0)));
    assert_made(&story.report(day(30), &weekly(30)), &changed(30));
}

#[test]
fn a21_an_older_period_is_told_as_far_as_it_is_known() {
    let after = || {
        let mut story = Story::default();
        story.report(day(60), &paid("t3", 60));
        story.report(day(90), &paid("t4", 90));
        story
    };
    let facts = after().report(day(91), &refunded(day(40), paid("t2", 30)));
    let expected = [(SubscriptionRenewed, day(30)), (SubscriptionRefunded, day(40))];
    assert_made(&facts, &expected);
    assert_eq!((facts[0].consecutive_payments, facts[0].is_in_trial), (1, false));
    let facts = after().report(day(91), &trial("t1"));
    assert_eq!((facts[0].consecutive_payments, facts[0].is_in_trial), (0, true));
}

#[test]
fn a21_payments_count_from_the_charge_that_turned_out_to_be_the_first() {
    let mut story = in_trial();
    story.report(day(40), &free(paid("t3", 37)));
    story.report(day(41), &paid("t2", 7));
    let facts = story.report(day(67), &paid("t4", 67));
    assert_eq!(facts[0].consecutive_payments, 2);
}

#[test]
fn a5_what_has_ended_at_first_sight_waits_for_nothing() {
    use CancellationReason::{BillingError, PriceIncrease, Unknown, VoluntarilyCancelled};
    for (first, reason) in [
        (paid("t1", 0), Unknown),
        (cancelled(day(3), paid("t1", 0)), VoluntarilyCancelled),
        (failed(day(29), None, paid("t1", 0)), BillingError),
        (because(PriceIncrease, paid("t1", 0)), PriceIncrease),
    ] {
        let facts = Story::default().report(day(30) + HOUR, &first);
        let last = facts.last().expect("it has ended");
        assert_eq!(
            (last.kind, last.at, last.reason),
            (SubscriptionExpired, day(30), Some(reason))
        );
    }
}

#[test]
fn a6_c8_what_was_replaced_at_first_sight_does_not_expire() {
    let mut story = Story::default();
    let facts = story.report(day(5), &because(CancellationReason::Upgraded, paid("t1", 0)));
    let expected = [(SubscriptionStarted, day(0)), (SubscriptionRefunded, day(5))];
    assert_made(&facts, &expected);
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn a9_further_free_periods_are_no_payments() {
    let mut story = in_trial();
    story.report(day(7), &free(ending(day(14), paid("t2", 7))));
    assert_eq!(story.chain().consecutive_payments, 0);
    assert_eq!(story.chain().problem(), None);
}

#[test]
fn a11_a12_payments_are_interrupted_by_an_end_or_a_time_without_access() {
    let payments = |before: Transaction, at| {
        let mut story = started();
        story.report(day(29), &before);
        story.wait_until(at);
        let next = Transaction {
            purchased_at: at,
            ..paid("t2", 30)
        };
        story.report(at, &next)[0].consecutive_payments
    };
    let ended = cancelled(day(29), paid("t1", 0));
    assert_eq!(payments(ended, day(30) + HOUR), 1);
    assert_eq!(payments(failed(day(29), None, paid("t1", 0)), day(40)), 1);
    assert_eq!(
        payments(failed(day(29), Some(day(46)), paid("t1", 0)), day(40)),
        2
    );
    // Of one that is reported ahead its own date decides.
    for (from, expected) in [(day(31), 2), (day(31) + 1, 1)] {
        let next = Transaction {
            purchased_at: from,
            ..paid("t2", 31)
        };
        let facts = started().report(day(29), &next);
        assert_eq!(facts[0].consecutive_payments, expected);
    }
}
