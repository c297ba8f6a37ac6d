//! Table C: the time.

use super::*;

#[test]
fn c1_to_c6_access_ends_on_time_and_events_follow() {
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    assert_eq!(story.tick(day(30)), ["subscription_expired", "-premium"]);

    // C2, C4
    let mut story = started();
    story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_eq!(story.tick(day(46)), ["-premium"]);
    // The level has ended already, and nobody has switched renewing off.
    assert_eq!(story.tick(day(89)), ["subscription_expired"]);

    // C3
    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    assert_eq!(story.tick(day(30)), ["-premium"]);

    // C5, C6
    let mut story = started();
    assert_eq!(story.tick(day(30)), ["-premium"]);
    assert_eq!(story.tick(day(31)), ["subscription_expired"]);
    // Both at once, where the clock was stopped: told once.
    assert_eq!(started().tick(day(50)), ["subscription_expired", "-premium"]);
}

#[test]
fn c8_c9_what_makes_nothing() {
    for last in [refunded(day(4), paid("t1", 0)), because(Upgraded, paid("t1", 0))] {
        let mut story = started();
        story.report(day(5), &last);
        assert_eq!(story.tick(day(999)), NOTHING);
    }
    let mut story = Story::default();
    story.grant(day(0), "gold", None, Some(day(10)));
    assert_eq!(story.tick(day(20)), NOTHING);
}

#[test]
fn c9_a_grant_that_begins_or_runs_out_makes_nothing_though_something_else_is_due() {
    let mut story = started();
    story.grant(day(0), "gold", None, Some(day(30)));
    story.grant(day(0), "silver", Some(day(30)), None);
    assert_eq!(story.tick(day(30)), ["-premium"]);
}

#[test]
fn c9_a_grant_that_outlasts_a_period_makes_nothing_where_both_are_found_to_be_over_at_once() {
    let told = |starts_at, end, ticks: &[i64]| {
        let mut story = started();
        story.grant(day(1), "premium", starts_at, Some(end));
        ticks.iter().flat_map(|at| story.tick(*at)).collect::<Vec<_>>()
    };
    let end = day(30) + HOUR;
    for starts_at in [None, Some(day(20)), Some(day(30))] {
        for ticks in [vec![day(42)], vec![day(30), end, day(31)]] {
            assert_eq!(told(starts_at, end, &ticks), ["subscription_expired"]);
        }
    }
    // Access had ended before the grant began, or with the period.
    for (starts_at, end) in [(Some(day(30) + 1), end), (None, day(30))] {
        for ticks in [vec![day(42)], vec![day(30), day(31)]] {
            let mut told = told(starts_at, end, &ticks);
            told.sort();
            assert_eq!(told, ["-premium", "subscription_expired"]);
        }
    }
    // A report finds it out.
    let mut story = started();
    story.grant(day(1), "premium", None, Some(end));
    assert_eq!(story.report(day(42), &paid("t1", 0)), ["subscription_expired"]);
    // What is to come takes nothing over from what is paid back before.
    for starts_at in [day(20), day(30)] {
        let mut story = started();
        story.grant(day(1), "premium", Some(starts_at), Some(day(40)));
        let told = story.report(day(10), &refunded(day(10), paid("t1", 0)));
        assert_eq!(told, ["subscription_refunded", "-premium"]);
    }
}

#[test]
fn c10_timers_change_no_level_and_are_told_once() {
    let mut story = Story::default();
    story.timers.subscription_active = timers(&[29]);
    story.report(day(0), &paid("t1", 0));
    assert_eq!(story.tick(day(29)), ["subscription_active"]);
    // A renewal that is dated before the timer does not start it again.
    let told = story.report(day(29) + HOUR, &paid("t2", 28));
    assert_eq!(told, ["subscription_renewed", "+premium"]);
    assert_eq!(story.tick(day(31)), NOTHING);
    // Nor does an end that moves to and fro.
    story.report(day(31), &ending(day(29), paid("t2", 28)));
    story.report(day(32), &ending(day(90), paid("t2", 28)));
    assert_eq!(story.tick(day(33)), NOTHING);
}

#[test]
fn c11_a_late_product_change_opens_access_again() {
    let mut story = started();
    story.report(day(10), &cancelled(day(10), paid("t1", 0)));
    assert_eq!(story.tick(day(30)), ["subscription_expired", "-premium"]);
    let told = story.report(day(30) + HOUR, &of_product("weekly", paid("t2", 30)));
    assert_eq!(told, ["subscription_started", "+premium"]);
}

#[test]
fn c1_renewing_that_is_switched_off_after_the_end_is_told_with_the_expiry() {
    let mut story = started();
    assert_eq!(story.tick(day(30)), ["-premium"]);
    let told = story.report(day(30) + HOUR, &cancelled(day(30) + MINUTE, paid("t1", 0)));
    assert_eq!(told, ["subscription_expired", "-premium"], "it will not renew");
}

#[test]
fn b9_a_refund_for_later_ends_access_when_it_takes_effect() {
    let mut story = started();
    let told = story.report(day(10), &refunded(day(20), paid("t1", 0)));
    assert_eq!(told, ["subscription_refunded", "+premium"]);
    assert!(story.has(A, "premium", day(19)));
    assert_eq!(story.tick(day(20) - 1), NOTHING);
    assert_eq!(story.tick(day(20)), ["-premium"]);
    assert_eq!(story.tick(day(99)), NOTHING, "it never expires");
}
