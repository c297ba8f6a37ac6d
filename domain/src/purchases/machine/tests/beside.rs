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
