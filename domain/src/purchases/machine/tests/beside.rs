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
fn a_year_of_paid_service_lowers_the_stores_share() {
    let mut story = started();
    let mut last = Vec::new();
    for n in 1..=13 {
        last = story.report(day(30 * n), &paid(&format!("t{}", n + 1), 30 * n));
    }
    assert!(last[0].rate_after_first_year, "390 paid days");
    // A gap of more than 60 days counts from nothing.
    let facts = story.report(day(500), &paid("late", 500));
    assert!(!facts.last().expect("the renewal").rate_after_first_year);
}
