//! Beside the tables.

use super::*;

#[test]
fn an_early_renewal_keeps_the_chain_running_and_its_refund_gives_back_the_running_period() {
    let mut story = started();
    story.report(day(29), &paid("t2", 30));
    assert_made(&story.wait_until(day(31)), &[]);
    let mut story = started();
    story.report(day(29), &paid("t2", 30));
    let facts = story.report(day(29), &refunded(day(30) + 1, paid("t2", 30)));
    assert_made(&facts, &[(SubscriptionRefunded, day(30) + 1)]);
    assert!(story.has_access(day(30) - 1));
    assert!(!story.has_access(day(31)));
}

#[test]
fn a_refund_of_what_was_charged_in_a_trial_does_not_bring_the_trial_back() {
    let yearly = of_product("yearly", paid("t2", 3));
    for charge in [paid("t2", 3), yearly] {
        let mut story = in_trial();
        story.report(day(3), &charge);
        let facts = story.report(day(4), &refunded(day(4), charge.clone()));
        assert_made(&facts, &[(SubscriptionRefunded, day(4))]);
        assert_eq!(story.chain().access_ends_at(), Some(day(4)));
        assert_made(&story.wait_until(day(99)), &[]);
        assert_eq!(story.chain().closed, Some(Closed::Refunded(day(4))));
        // Whatever is reported first.
        let mut story = Story::default();
        story.report(day(5), &refunded(day(4), charge));
        story.report(day(5), &trial("t1"));
        assert_eq!(story.chain().access_ends_at(), Some(day(4)));
    }
    // What is charged at its end, a little ahead, leaves it alone.
    let mut story = in_trial();
    story.report(day(6), &paid("t2", 7));
    story.report(day(6), &refunded(day(7) + 1, paid("t2", 7)));
    assert!(story.has_access(day(7) - 1));
    let mut story = in_trial();
    let early = paid("t2", 6);
    story.report(day(6), &early);
    story.report(day(6) + HOUR, &refunded(day(6) + HOUR, early));
    assert_eq!(story.chain().access_ends_at(), Some(day(7)));
}

#[test]
fn renewing_of_a_new_period_is_off_since_it_was_said_of_that_one() {
    let prepaid = |transaction| Transaction {
        will_renew: false,
        ..transaction
    };
    let mut story = started();
    story.report(day(3), &cancelled(day(3), paid("t1", 0)));
    story.report(day(31), &prepaid(paid("t2", 30)));
    assert_eq!(story.chain().renewal_off_at, Some(day(31)));
    // The same again, or something older, changes nothing.
    story.report(day(32), &prepaid(paid("t2", 30)));
    story.report(day(33), &cancelled(day(4), paid("t0", -30)));
    assert_eq!(story.chain().renewal_off_at, Some(day(31)));
}

#[test]
fn renewing_is_off_since_the_date_that_was_said_last() {
    let mut story = started();
    story.report(day(3), &cancelled(day(3), paid("t1", 0)));
    story.report(day(5), &cancelled(day(4), paid("t1", 0)));
    assert_eq!(story.chain().renewal_off_at, Some(day(4)));
}

#[test]
fn a1_a_trial_is_as_long_as_its_whole_days_and_without_an_end_has_no_length() {
    for (from, end, days) in [
        (0, None, None),
        (0, Some(day(7)), Some(7)),
        (0, Some(day(7) + 12 * HOUR), Some(7)),
        // A summer time began meanwhile.
        (0, Some(day(7) - HOUR), Some(7)),
        (0, Some(day(7) - HOUR - 1), Some(6)),
        (0, Some(day(0) + MINUTE), Some(0)),
        (1, Some(day(8)), Some(7)),
    ] {
        let mut story = Story::default();
        let first = Transaction {
            purchased_at: day(from),
            expires_at: end,
            ..trial("t1")
        };
        let facts = story.report(day(from), &first);
        assert_eq!((facts[0].kind, facts[0].trial_days), (TrialStarted, days));
        assert_eq!(story.chain().access().unwrap().trial_days, days);
    }
}
