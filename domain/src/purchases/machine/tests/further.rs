//! Table A, A8 to A13, A18 and A19: a further charge.

use super::*;

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
fn a9_further_free_periods_are_no_payments() {
    let mut story = in_trial();
    story.report(day(7), &free(ending(day(14), paid("t2", 7))));
    assert_eq!(story.chain().consecutive_payments, 0);
    assert_eq!(story.chain().problem(), None);
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
