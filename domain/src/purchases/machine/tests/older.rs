//! Table A, A21 and A22: an older period, and what the family shares.

use super::*;

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
    assert_eq!(facts[0].subscription_expires_at, Some(day(60)), "its own end");
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

/// How many payments the next renewal counts, where monthly periods were reported in this order, after the running one at 120.
fn counted_after(older: &[Transaction]) -> u32 {
    let mut story = Story::default();
    story.report(day(121), &paid("t5", 120));
    for transaction in older {
        story.report(day(121), transaction);
    }
    story.report(day(150), &paid("t6", 150))[0].consecutive_payments
}

#[test]
fn a21_payments_that_are_reported_afterwards_count_as_far_back_as_there_is_no_gap() {
    let [t1, t2, t3, t4] = [("t1", 0), ("t2", 30), ("t3", 60), ("t4", 90)].map(|(id, at)| paid(id, at));
    let all = |order: [&Transaction; 4]| counted_after(&order.map(Clone::clone));
    assert_eq!(all([&t4, &t3, &t2, &t1]), 6, "the newest first");
    assert_eq!(all([&t1, &t3, &t2, &t4]), 6, "in any order");
    assert_eq!(counted_after(&[t4.clone(), t2.clone(), t1.clone()]), 3, "a gap");
    let refunded = refunded(day(70), t3.clone());
    assert_eq!(counted_after(&[t4.clone(), refunded, t2.clone()]), 3, "paid back");
    let other = of_product("other", t3.clone());
    assert_eq!(
        counted_after(&[t4.clone(), other.clone(), t2.clone()]),
        3,
        "another product"
    );
    assert_eq!(
        counted_after(&[other.clone(), t4.clone(), t2.clone()]),
        3,
        "in any order"
    );
    let twice = [t4.clone(), other.clone(), other, t2.clone()];
    assert_eq!(counted_after(&twice), 3, "told twice");
    let short = |end| [ending(end, t4.clone())];
    assert_eq!(
        counted_after(&short(day(119))),
        3,
        "as long as a renewal is waited for"
    );
    assert_eq!(counted_after(&short(day(119) - 1)), 2, "longer");
    let changed = ending(day(365), of_product("yearly", t1.clone()));
    assert_eq!(
        counted_after(&[changed, t4.clone()]),
        3,
        "its product was changed"
    );
    let graced = Transaction {
        billing_issue_detected_at: Some(day(90)),
        grace_period_expires_at: Some(day(106)),
        ..paid("t3", 60)
    };
    assert_eq!(counted_after(&[paid("t4", 100), graced]), 4, "paid in grace");
    let trial = ending(day(30), trial("t1"));
    assert_eq!(all([&t4, &t3, &t2, &trial]), 5, "a trial is no payment");
    assert_eq!(all([&trial, &t2, &t4, &t3]), 5, "in any order");
}

#[test]
fn a21_a_period_that_was_missing_joins_those_around_it() {
    let mut story = Story::default();
    story.report(day(0), &paid("t1", 0));
    let facts = story.report(day(60), &paid("t3", 60));
    let renewed = facts.iter().find(|fact| fact.kind == SubscriptionRenewed);
    assert_eq!(renewed.unwrap().consecutive_payments, 1);
    story.report(day(61), &paid("t2", 30));
    let facts = story.report(day(90), &paid("t4", 90));
    assert_eq!(facts[0].consecutive_payments, 4);
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
