//! Table B where ends move or have come: B9, B11, B13, B16, B17 and B18 at their edges.

use super::*;

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
