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
