//! What a chain makes of its periods, as far as no row names it: which it shows, when they end, what it still knows of those
//! that it has forgotten.

use super::*;

#[test]
fn a_trial_ends_with_the_first_charge_that_follows_its_beginning() {
    let ends_with = |charge: Transaction| {
        let mut story = in_trial();
        story.report(day(1), &charge);
        story.report(day(2), &refunded(day(2), charge));
        story.chain().access_ends_at()
    };
    assert_eq!(ends_with(paid("t2", 0)), Some(day(2)));
    assert_eq!(ends_with(paid("t0", -30)), Some(day(7)), "it was charged before");
}

#[test]
fn a_chain_expires_though_it_was_paid_back_on_the_day_on_which_a_kept_period_ended() {
    let mut story = started();
    story.report(day(28), &paid("t2", 28));
    story.report(day(29), &refunded(day(30), paid("t2", 28)));
    assert_made(&story.wait_until(day(31)), &[(SubscriptionExpired, day(30))]);
}

#[test]
fn a_period_runs_from_its_beginning_to_just_before_its_end() {
    for (timer, from, is_told) in [
        (29, 41, true),
        (30, 41, false),
        (40, 41, false),
        (41, 41, true),
        (40, 40, true),
        (30, 30, true),
    ] {
        let mut story = Story::default();
        story.timers.subscription_active = timers(&[timer]);
        story.report(day(45), &paid("t2", from));
        let facts = story.report(day(45), &paid("t1", 0));
        assert_eq!(facts.len() == 2, is_told, "{timer} {from}");
    }
}

#[test]
fn b14_b16_what_another_product_took_the_place_of_stays_ended_though_its_end_is_moved() {
    let weekly = ending(day(17), of_product("weekly", paid("t2", 10)));
    let later = ending(day(90), paid("t1", 0));
    let mut story = started();
    story.report(day(10), &weekly);
    assert_made(&story.wait_until(day(20)), &[(SubscriptionExpired, day(17))]);
    assert_made(&story.report(day(21), &later), &[]);
    assert_eq!(story.chain().access_ends_at(), Some(day(17)));
    let mut story = started();
    story.report(day(10), &because(CancellationReason::Upgraded, paid("t1", 0)));
    story.report(day(11), &because(CancellationReason::Upgraded, later));
    assert_eq!(story.chain().access_ends_at(), Some(day(10)));
}

#[test]
fn b16_an_older_period_that_had_ended_before_the_store_ended_the_chain_can_be_prolonged() {
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    let reason = CancellationReason::CancelledByDeveloper;
    story.tell(day(40), None, Command::End { reason });
    assert_eq!(story.chain().access_ends_at(), Some(day(40)));
    story.report(day(41), &ending(day(90), paid("t1", 0)));
    assert_made(&story.wait_until(day(99)), &[(SubscriptionExpired, day(90))]);
}

#[test]
fn a8_a9_what_was_charged_counts_also_when_the_chain_has_forgotten_that_period() {
    let week = |n: i64| ending(day(7 * n + 7), paid(&format!("t{}", n + 1), 7 * n));
    for (second, expected) in [(week(1), SubscriptionRenewed), (free(week(1)), TrialConverted)] {
        let mut story = in_trial();
        story.report(day(70), &second);
        for n in 3..12 {
            story.report(day(70), &free(week(n)));
        }
        // One more that is reported late.
        let facts = story.report(day(70), &free(week(2)));
        assert_made(&facts, &[(SubscriptionRenewed, day(14))]);
        let facts = story.report(day(84), &week(12));
        assert_made(&facts, &[(expected, day(84))]);
    }
}

#[test]
fn what_is_shown_is_what_was_reported_of_the_newest_with_the_end_that_was_paid_for() {
    // An older one turns out to be the newest.
    let mut story = started();
    story.report(day(30), &of_product("yearly", paid("t2", 30)));
    let newest = ending(day(61), paid("t1", 31));
    story.report(day(32), &newest);
    assert_eq!(story.chain().latest, newest);
    // The newest turns out to be older than one with grace.
    let mut story = started();
    story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    story.report(day(31), &paid("t2", 30));
    story.report(day(32), &ending(day(-1), paid("t2", -30)));
    let latest = &story.chain().latest;
    assert_eq!((latest.id.as_str(), latest.expires_at), ("t1", Some(day(30))));
    // It was the other that was paid back.
    let mut story = started();
    story.report(day(31), &refunded(day(31), paid("t2", 30)));
    let older = ending(day(-1), refunded(day(-20), paid("t2", -30)));
    story.report(day(32), &older);
    let latest = &story.chain().latest;
    assert_eq!((latest.id.as_str(), latest.refunded_at), ("t1", None));
}

#[test]
fn of_two_that_begin_together_the_one_that_ends_last_is_shown() {
    let endless = Transaction {
        expires_at: None,
        ..paid("t2", 0)
    };
    for order in [[&paid("t1", 0), &endless], [&endless, &paid("t1", 0)]] {
        let mut story = Story::default();
        for transaction in order {
            story.report(day(1), transaction);
        }
        assert_eq!(story.chain().latest, endless);
    }
    // It goes on for ever, whatever follows it.
    let mut story = Story::default();
    story.report(day(0), &endless);
    story.report(day(30), &paid("t3", 30));
    assert_made(&story.wait_until(day(99)), &[]);
    assert!(story.has_access(day(99)));
    // An end is moved.
    let mut story = started();
    story.report(day(1), &ending(day(20), paid("t2", 0)));
    assert_eq!(story.chain().latest.id, "t1");
    story.report(day(2), &ending(day(40), paid("t2", 0)));
    assert_eq!(story.chain().latest.id, "t2");
}
