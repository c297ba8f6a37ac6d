//! Table B where ends move or have come: B9, B11, B13, B16, B17 and B18 at their edges.

use super::*;
use crate::app::AppSettings;

#[test]
fn b16_what_was_over_is_activated_anew_if_it_runs_again() {
    let table = [
        (day(30) - 1, 60, 0, &[(SubscriptionExpired, day(60))][..]),
        (day(30), 60, 30, &[(SubscriptionExpired, day(60))]),
        (day(41), 60, 41, &[(SubscriptionExpired, day(60))]),
        (day(41), 41, 0, &[]),
        (day(41), 35, 0, &[]),
    ];
    for (now, end, activated_at, told) in table {
        let mut story = started();
        story.wait_until(now);
        assert_made(&story.report(now, &ending(day(end), paid("t1", 0))), &[]);
        assert_eq!(story.chain().activated_at, day(activated_at), "{now} {end}");
        assert_made(&story.wait_until(day(99)), told);
    }
}

#[test]
fn b16_a_chain_that_closed_with_the_refund_of_an_older_period_expires_if_the_newest_runs_again() {
    let older = ending(day(60), paid("t1", 0));
    let newest = ending(day(40), paid("t2", 30));
    let mut story = Story::default();
    story.report(day(30), &older);
    story.report(day(30), &newest);
    story.report(day(50), &refunded(day(50), older));
    assert_made(&story.report(day(51), &failed(day(39), None, newest)), &[]);
    assert_eq!(story.chain().closed, Some(Closed::Refunded(day(50))));
    assert!(story.chain().access().unwrap().is_refund);
    assert_made(&story.report(day(60), &ending(day(90), paid("t2", 30))), &[]);
    assert!(story.has_access(day(89)));
    assert_made(&story.wait_until(day(99)), &[(SubscriptionExpired, day(90))]);
}

#[test]
fn b13_a_refund_that_is_withdrawn_when_the_period_is_over_makes_no_event() {
    for now in [day(30), day(31)] {
        let mut story = started();
        story.report(day(11), &refunded(day(11), paid("t1", 0)));
        assert_made(&story.report(now, &paid("t1", 0)), &[]);
        assert_made(&story.wait_until(day(99)), &[]);
        assert_eq!(story.chain().closed, Some(Closed::Expired(day(30))));
    }
}

#[test]
fn b17_b18_only_what_will_not_renew_ends_at_once_with_an_end_that_has_come() {
    let mut story = started();
    assert_made(&story.report(day(9), &ending(day(9), paid("t1", 0))), &[]);
    let facts = story.wait_until(day(10));
    assert_made(&facts, &[(SubscriptionExpired, day(9))]);
    assert_eq!(facts[0].reason, Some(CancellationReason::Unknown));
    // That also where the store was collecting.
    let collecting = failed(day(8), None, paid("t1", 0));
    let mut story = started();
    story.report(day(8), &collecting);
    let facts = story.report(day(9), &cancelled(day(9), ending(day(9), collecting)));
    let expected = [
        (SubscriptionRenewalCancelled, day(9)),
        (SubscriptionExpired, day(9)),
    ];
    assert_made(&facts, &expected);
}

#[test]
fn b4_b5_a_charge_that_failed_is_told_though_the_same_report_ends_the_chain() {
    use CancellationReason::{BillingError, Upgraded};
    let before = || {
        let mut story = Story::default();
        story.report(day(10), &paid("t1", 10));
        story
    };
    let ended = |transaction| ending(day(30), because(BillingError, transaction));
    let off = ended(cancelled(day(30), failed(day(29), None, paid("t1", 10))));
    let mut story = before();
    let facts = story.report(day(30), &off);
    let expected = [
        (SubscriptionRenewalCancelled, day(30)),
        (BillingIssueDetected, day(29)),
        (SubscriptionExpired, day(30)),
    ];
    assert_made(&facts, &expected);
    assert_eq!(facts[2].reason, Some(BillingError));
    assert_made(&story.report(day(31), &off), &[]);
    // It was known before, or renewing was off.
    let mut story = before();
    story.report(day(29), &failed(day(29), None, paid("t1", 10)));
    assert_made(&story.report(day(30), &off), &[expected[0], expected[2]]);
    let mut story = before();
    story.report(day(20), &cancelled(day(20), paid("t1", 10)));
    assert_made(&story.report(day(30), &off), &expected[1..]);
    // With a grace that was over too.
    let facts = before().report(day(33), &failed(day(29), Some(day(32)), off));
    let expected = [
        (SubscriptionRenewalCancelled, day(30)),
        (BillingIssueDetected, day(29)),
        (EnteredGracePeriod, day(29)),
        (SubscriptionExpired, day(32)),
    ];
    assert_made(&facts, &expected);
    // Another product took its place.
    let replaced = because(Upgraded, failed(day(29), None, paid("t1", 10)));
    let facts = before().report(day(30), &replaced);
    let expected = [(BillingIssueDetected, day(29)), (SubscriptionRefunded, day(30))];
    assert_made(&facts, &expected);
}

#[test]
fn b4_b6_a_charge_that_failed_is_told_after_the_end_only_if_grace_opens_it_again() {
    let ended = || {
        let mut story = started();
        assert_made(&story.wait_until(day(31)), &[(SubscriptionExpired, day(30))]);
        story
    };
    let late = |grace| failed(day(30), grace, paid("t1", 0));
    assert_made(&ended().report(day(32), &late(None)), &[]);
    assert_made(&ended().report(day(32), &late(Some(day(32)))), &[]);
    let mut story = ended();
    let facts = story.report(day(32), &late(Some(day(46))));
    let expected = [(BillingIssueDetected, day(30)), (EnteredGracePeriod, day(30))];
    assert_made(&facts, &expected);
    assert!(story.has_access(day(45)));
    assert_made(&story.wait_until(day(99)), &[(SubscriptionExpired, day(46))]);
}

#[test]
fn b9_what_is_paid_back_never_expires_though_its_refund_comes_earlier_than_was_said() {
    let mut story = started();
    story.report(day(10), &refunded(day(20), paid("t1", 0)));
    let earlier = cancelled(day(12), refunded(day(11), paid("t1", 0)));
    assert_made(&story.report(day(12), &earlier), &[]);
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn b11_a_free_period_of_a_paid_chain_is_paid_back_though_the_chain_began_with_a_trial() {
    let further = free(paid("t3", 37));
    let mut story = in_trial();
    story.report(day(7), &paid("t2", 7));
    story.report(day(37), &further);
    let facts = story.report(day(40), &refunded(day(40), further));
    assert_made(&facts, &[(SubscriptionRefunded, day(40))]);
}

#[test]
fn b12_a_trial_whose_periods_are_all_paid_back_expires_in_whichever_order_that_is_told() {
    let further = Transaction {
        purchased_at: day(6) - 2 * HOUR,
        ..free(ending(day(14), paid("t2", 6)))
    };
    let ends = [
        refunded(day(6) + 12 * HOUR, further.clone()),
        refunded(day(6) + 19 * HOUR, trial("t1")),
    ];
    for order in [[0, 1], [1, 0]] {
        let mut story = in_trial();
        story.report(day(6), &further);
        assert_made(&story.report(day(6) + 19 * HOUR, &ends[order[0]]), &[]);
        let facts = story.report(day(6) + 19 * HOUR, &ends[order[1]]);
        assert_eq!(kinds(&facts), [(TrialExpired, day(6) + 19 * HOUR)]);
        assert_eq!(facts[0].reason, Some(CancellationReason::Refund));
        assert_made(&story.wait_until(day(99)), &[]);
    }
    // By the end of one that is corrected.
    let mut story = in_trial();
    story.report(day(6), &further);
    assert_made(&story.report(day(6) + 12 * HOUR, &ends[0]), &[]);
    let corrected = ending(day(6), trial("t1"));
    let facts = story.report(day(6) + 13 * HOUR, &corrected);
    assert_eq!(kinds(&facts), [(TrialExpired, day(6) + 12 * HOUR)]);
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn b12_a_refund_of_the_trial_that_outlasts_the_latest_period_expires_it() {
    let lasting = ending(day(14), trial("t1"));
    let further = free(ending(day(10), paid("t2", 7)));
    for (told_at, back_at) in [(12, 12), (8, 12)] {
        let mut story = Story::default();
        story.report(day(0), &lasting);
        story.report(day(7), &further);
        let mut facts = story.report(day(told_at), &refunded(day(back_at), lasting.clone()));
        facts.extend(story.wait_until(day(99)));
        assert_made(&facts, &[(TrialExpired, day(12))]);
        assert_eq!(facts[0].reason, Some(CancellationReason::Refund));
    }
    // It was told ahead, and the trial went on.
    let mut story = Story::default();
    story.report(day(0), &lasting);
    let facts = story.report(day(5), &refunded(day(12), lasting));
    assert_made(&facts, &[(TrialExpired, day(12))]);
    assert_made(&story.report(day(7), &further), &[(SubscriptionRenewed, day(7))]);
    assert_made(&story.wait_until(day(99)), &[(TrialExpired, day(12))]);
}

#[test]
fn b11_a_refund_of_an_older_period_that_outlasts_the_latest_expires_it() {
    let off = |transaction: Transaction| Transaction {
        will_renew: false,
        ..transaction
    };
    let year = ending(day(365), paid("t1", 0));
    let newest = off(ending(day(97), paid("t2", 90)));
    let mut story = Story::default();
    story.report(day(0), &year);
    story.report(day(90), &newest);
    let facts = story.report(day(100), &refunded(day(100), year.clone()));
    let expected = [(SubscriptionRefunded, day(100)), (SubscriptionExpired, day(100))];
    assert_made(&facts, &expected);
    assert_eq!(facts[1].transaction.id, "t2");
    assert_eq!(facts[1].reason, Some(CancellationReason::VoluntarilyCancelled));
    assert_made(&story.wait_until(day(101)), &[]);
    // What is over anyway ends once; what runs again once more.
    assert_made(&story.report(day(102), &ending(day(101), newest.clone())), &[]);
    assert_made(&story.report(day(103), &year), &[]);
    assert!(story.has_access(day(103)));
    assert_made(&story.wait_until(day(400)), &[(SubscriptionExpired, day(365))]);
    // The refund was told before the latest period was.
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    story.report(day(50), &refunded(day(50), paid("t2", 30)));
    let facts = story.report(day(55), &off(ending(day(47), paid("t3", 40))));
    let expected = [(SubscriptionRenewed, day(40)), (SubscriptionExpired, day(50))];
    assert_made(&facts, &expected);
    assert_eq!(facts[1].transaction.id, "t3");
    assert_made(&story.wait_until(day(99)), &[]);
    // That in a trial that was converted late.
    let mut story = in_trial();
    let free_month = free(ending(day(60), paid("t2", 7)));
    story.report(day(7), &free_month);
    story.report(day(50), &refunded(day(50), free_month));
    let facts = story.report(day(55), &ending(day(47), paid("t3", 40)));
    let expected = [(TrialConverted, day(40)), (SubscriptionExpired, day(50))];
    assert_made(&facts, &expected);
}

#[test]
fn b16_what_stripe_has_cut_expires_once_until_it_gives_access_again() {
    let of_stripe = |transaction| Transaction {
        store: "stripe".into(),
        ..transaction
    };
    let cut = |end| of_stripe(failed(day(31), None, ending(end, paid("t1", 0))));
    let mut story = Story::default();
    story.report(day(0), &of_stripe(paid("t1", 0)));
    assert_made(&story.wait_until(day(32)), &[(SubscriptionExpired, day(30))]);
    assert_made(&story.report(day(32), &cut(day(30))), &[]);
    assert_made(&story.report(day(33), &cut(day(60))), &[]);
    assert!(!story.has_access(day(33)));
    assert_made(&story.wait_until(day(99)), &[]);
    // The charge succeeds after all.
    assert_made(&story.report(day(100), &cut(day(130))), &[]);
    let mended = of_stripe(ending(day(130), paid("t1", 0)));
    assert_made(&story.report(day(101), &mended), &[]);
    assert!(story.has_access(day(101)));
    assert_made(&story.wait_until(day(199)), &[(SubscriptionExpired, day(130))]);
}

#[test]
fn c4_the_store_stops_collecting_because_of_the_failed_charge_whatever_was_said_before() {
    let mut story = started();
    let unwilling = because(CancellationReason::PriceIncrease, paid("t1", 0));
    story.report(day(29), &failed(day(29), None, unwilling));
    let facts = story.wait_until(day(89));
    assert_made(&facts, &[(SubscriptionExpired, day(30))]);
    assert_eq!(facts[0].reason, Some(CancellationReason::BillingError));
}

#[test]
fn b9_a_refund_that_is_dated_before_what_was_handled_last_closes_the_chain() {
    let mut story = started();
    story.timers.subscription_active = timers(&[5]);
    assert_made(&story.wait_until(day(6)), &[(SubscriptionActive, day(5))]);
    let facts = story.report(day(8), &refunded(day(4), paid("t1", 0)));
    assert_made(&facts, &[(SubscriptionRefunded, day(4))]);
    assert_eq!(story.chain().closed, Some(Closed::Refunded(day(4))));
}

#[test]
fn b9_what_is_paid_back_for_a_price_of_nothing_was_no_trial() {
    let mut story = started();
    let facts = story.report(day(3), &free(refunded(day(3), paid("t1", 0))));
    assert_made(&facts, &[(SubscriptionRefunded, day(3))]);
    assert_eq!(story.chain().trial, None);
}

#[test]
fn b12_a_trial_that_is_paid_back_while_its_charge_is_waited_for_expires_with_the_refund() {
    let mut story = in_trial();
    let at = day(7) + 12 * HOUR;
    let facts = story.report(at + HOUR, &refunded(at, trial("t1")));
    assert_made(&facts, &[(TrialExpired, at)]);
}

#[test]
fn b12_a_trial_that_was_paid_back_is_told_once_though_it_had_a_price_after_all() {
    let mut story = in_trial();
    let facts = story.report(day(3), &refunded(day(3), trial("t1")));
    assert_made(&facts, &[(TrialExpired, day(3))]);
    let charged = refunded(day(3), ending(day(7), paid("t1", 0)));
    assert_made(&story.report(day(4), &charged), &[]);
}

#[test]
fn b12_a_trial_that_will_be_paid_back_expires_once() {
    let mut story = in_trial();
    let back = refunded(day(5), trial("t1"));
    assert_made(&story.report(day(2), &back), &[(TrialExpired, day(5))]);
    assert_made(&story.report(day(3), &back), &[]);
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn c6_an_app_says_itself_for_how_many_hours_a_renewal_is_waited_for() {
    for hours in [0, 1, 36, 720] {
        let settings = AppSettings {
            renewal_wait_hours: hours,
            ..AppSettings::default()
        };
        let mut story = Story {
            waits: settings.waits(),
            ..Story::default()
        };
        story.report(day(0), &paid("t1", 0));
        let last = day(30) + HOUR * i64::from(hours);
        assert_made(&story.wait_until(last - 1), &[]);
        assert_made(&story.wait_until(last), &[(SubscriptionExpired, day(30))]);
    }
}

#[test]
fn a9_b12_a_free_renewal_that_is_paid_back_ends_the_trial_in_whichever_order_that_is_told() {
    let further = free(paid("t2", 7));
    let back = refunded(day(10), further.clone());
    let renewed = (SubscriptionRenewed, day(7));
    let expired = (TrialExpired, day(10));
    let mut story = in_trial();
    assert_made(&story.report(day(7), &further), &[renewed]);
    assert_made(&story.report(day(11), &back), &[expired]);
    assert_made(&story.wait_until(day(99)), &[]);
    let mut story = in_trial();
    let facts = story.report(day(7) + 12 * HOUR, &back);
    assert_made(&facts, &[renewed, expired]);
    assert_eq!(facts[1].reason, Some(CancellationReason::Refund));
    assert_made(&story.wait_until(day(99)), &[]);
    // Told after a later one, it ends nothing that goes on.
    let last = free(paid("t3", 37));
    let mut story = in_trial();
    assert_made(&story.report(day(7), &last), &[(SubscriptionRenewed, day(37))]);
    assert_made(&story.report(day(11), &back), &[renewed]);
    assert_made(&story.wait_until(day(99)), &[(TrialExpired, day(67))]);
    // What had expired by itself does so once.
    let mut story = in_trial();
    story.report(day(7), &further);
    assert_made(&story.wait_until(day(48)), &[(TrialExpired, day(37))]);
    assert_made(&story.report(day(49), &refunded(day(49), further)), &[]);
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn b14_a_trial_whose_place_another_product_took_expires() {
    let mut story = in_trial();
    let reason = CancellationReason::Upgraded;
    let facts = story.report(day(3), &because(reason, trial("t1")));
    assert_made(&facts, &[(TrialExpired, day(3))]);
    assert_eq!(facts[0].reason, Some(reason));
}

#[test]
fn b16_what_had_expired_and_runs_again_until_it_is_paid_back_closes_with_the_refund() {
    let mut story = started();
    assert_made(&story.wait_until(day(31)), &[(SubscriptionExpired, day(30))]);
    let prolonged = refunded(day(40), ending(day(60), paid("t1", 0)));
    let facts = story.report(day(32), &prolonged);
    assert_made(&facts, &[(SubscriptionRefunded, day(40))]);
    assert!(story.has_access(day(39)));
    assert_made(&story.wait_until(day(99)), &[]);
    assert_eq!(story.chain().closed, Some(Closed::Refunded(day(40))));
}
