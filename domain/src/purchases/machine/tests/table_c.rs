//! Table C: the time.

use super::*;

#[test]
fn c1_a_cancelled_chain_expires_at_its_end() {
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    assert_made(&story.wait_until(day(30) - 1), &[]);
    let facts = story.wait_until(day(30));
    assert_made(&facts, &[(SubscriptionExpired, day(30))]);
    assert_eq!(facts[0].reason, Some(CancellationReason::VoluntarilyCancelled));
    assert_made(&story.wait_until(day(99)), &[]);
    let mut story = in_trial();
    let reason = CancellationReason::PriceIncrease;
    story.report(day(1), &because(reason, cancelled(day(1), trial("t1"))));
    let facts = story.wait_until(day(7));
    assert_made(&facts, &[(TrialExpired, day(7))]);
    assert_eq!(facts[0].reason, Some(reason));
}

#[test]
fn c1_grace_that_was_paid_off_prolongs_nothing() {
    let mut story = recovered();
    let last = ending(day(14), paid("t2", 7));
    story.report(day(11), &cancelled(day(11), last));
    assert_made(&story.wait_until(day(14)), &[(SubscriptionExpired, day(14))]);
    assert!(!story.has_access(day(14)));
}

#[test]
fn c2_access_ends_with_grace_and_the_store_goes_on_trying() {
    let mut story = started();
    story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_made(&story.wait_until(day(47)), &[]);
    assert!(!story.has_access(day(47)));
    assert_eq!(story.chain().closed, None);
}

#[test]
fn c3_without_grace_access_ends_with_the_period() {
    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    assert_made(&story.wait_until(day(31)), &[]);
    assert!(!story.has_access(day(30)));
}

#[test]
fn c4_it_expires_when_the_store_has_stopped_collecting() {
    let mut story = started();
    story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_made(&story.wait_until(day(89) - 1), &[]);
    let facts = story.wait_until(day(89));
    assert_made(&facts, &[(SubscriptionExpired, day(46))]);
    assert_eq!(facts[0].reason, Some(CancellationReason::BillingError));
    // A store of one's own does not go on collecting.
    let own = |transaction| Transaction {
        store: "shop".into(),
        ..transaction
    };
    let mut story = Story::default();
    story.report(day(0), &own(paid("t1", 0)));
    story.report(day(29), &own(failed(day(29), None, paid("t1", 0))));
    assert_made(&story.wait_until(day(30)), &[(SubscriptionExpired, day(30))]);
    // Or the store says so itself.
    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    let reason = CancellationReason::BillingError;
    assert_made(
        &story.tell(day(40), None, Command::End { reason }),
        &[(SubscriptionExpired, day(30))],
    );
}

/// For how many days each store goes on collecting.
const COLLECTING_DAYS: [(&str, i64); 5] = [
    ("app_store", 60),
    ("play_store", 60),
    ("stripe", 0),
    ("paddle", 30),
    ("shop", 0),
];

/// What a store's charge on day 20, of a period up to day 30, comes to if it failed: in billing retry one microsecond
/// before this day, expired at it.
#[track_caller]
fn assert_collects_until(last: i64, store: &str, waits: &Waits) {
    let of_store = |transaction| Transaction {
        store: store.into(),
        ..transaction
    };
    let mut story = Story {
        waits: waits.clone(),
        ..Story::default()
    };
    story.report(day(0), &of_store(paid("t1", 0)));
    story.report(day(20), &of_store(failed(day(20), None, paid("t1", 0))));
    assert_made(&story.wait_until(last - 1), &[]);
    assert_eq!(story.chain().closed, None, "{store}");
    // Stripe cuts access at once.
    let end = day(if store == "stripe" { 20 } else { 30 });
    assert_eq!(story.has_access(last - 1), last - 1 < end, "{store}");
    let facts = story.wait_until(last);
    assert_made(&facts, &[(SubscriptionExpired, end)]);
    assert_eq!(facts[0].reason, Some(CancellationReason::BillingError), "{store}");
    assert!(
        matches!(story.chain().closed, Some(Closed::Expired(_))),
        "{store}"
    );
    assert!(!story.has_access(last), "{store}");
}

#[test]
fn c4_each_store_goes_on_collecting_for_days_of_its_own() {
    for (store, days) in COLLECTING_DAYS {
        // From the day of the failed charge, but never less than what is paid.
        assert_collects_until(day((20 + days).max(30)), store, &Waits::default());
    }
}

#[test]
fn c4_an_app_says_itself_for_how_many_days_a_store_goes_on_collecting() {
    for ((store, usual), days) in COLLECTING_DAYS
        .into_iter()
        .flat_map(|store| [0, 11, 45, 365].map(|days| (store, days)))
    {
        let said = |store: &str| Waits::new(24, &BTreeMap::from([(store.to_owned(), days)]));
        assert_collects_until(day((20 + i64::from(days)).max(30)), store, &said(store));
        // What is said of another store changes nothing.
        assert_collects_until(day((20 + usual).max(30)), store, &said("another"));
    }
}

#[test]
fn c5_access_ends_on_time_though_a_renewal_is_expected() {
    let mut story = started();
    assert_made(&story.wait_until(day(30) + MINUTE), &[]);
    assert!(!story.has_access(day(30)));
    assert_made(
        &story.report(day(30) + 2 * MINUTE, &paid("t2", 30)),
        &[(SubscriptionRenewed, day(30))],
    );
    assert_eq!(story.chain().consecutive_payments, 2);
}

#[test]
fn c6_it_expires_when_the_renewal_has_not_come_after_a_day() {
    let mut story = started();
    assert_made(&story.wait_until(day(31) - 1), &[]);
    let facts = story.wait_until(day(31));
    assert_made(&facts, &[(SubscriptionExpired, day(30))]);
    assert_eq!(facts[0].reason, Some(CancellationReason::Unknown));
}

#[test]
fn c7_a_paused_chain_loses_access_and_does_not_expire() {
    let mut story = started();
    let facts = story.tell(day(3), None, Command::ArrangePause { at: day(3) });
    assert_made(&facts, &[(SubscriptionPaused, day(3))]);
    assert!(story.has_access(day(29)));
    assert_made(&story.wait_until(day(200)), &[]);
    assert!(!story.has_access(day(30)));
    let mut story = started();
    story.tell(day(3), None, Command::ArrangePause { at: day(3) });
    assert_made(&story.tell(day(4), None, Command::WithdrawPause), &[]);
    assert_made(&story.wait_until(day(31)), &[(SubscriptionExpired, day(30))]);
}

#[test]
fn c8_nothing_becomes_due_for_a_refunded_or_replaced_chain() {
    for last in [
        refunded(day(4), paid("t1", 0)),
        because(CancellationReason::Upgraded, paid("t1", 0)),
    ] {
        let mut story = started();
        story.report(day(5), &last);
        assert_made(&story.wait_until(day(999)), &[]);
    }
}

#[test]
fn c10_timers_tell_once_that_something_is_still_running() {
    let all = Timers {
        trial_active: timers(&[3]),
        subscription_active: timers(&[10, 40]),
    };
    let with_timers = || Story {
        timers: all.clone(),
        ..Story::default()
    };
    let mut story = with_timers();
    story.report(day(0), &trial("t1"));
    story.report(day(1), &cancelled(day(1), trial("t1")));
    assert_made(
        &story.wait_until(day(8)),
        &[(TrialActive, day(3)), (TrialExpired, day(7))],
    );
    // Converted before: neither timer.
    let mut story = with_timers();
    story.report(day(0), &trial("t1"));
    story.report(day(2), &paid("t2", 2));
    assert_made(&story.wait_until(day(31)), &[]);
    // Renewals start no second timer; one beyond the end stays silent.
    let mut story = with_timers();
    story.report(day(0), &paid("t1", 0));
    let facts = story.wait_until(day(20));
    assert_made(&facts, &[(SubscriptionActive, day(10))]);
    assert_eq!(facts[0].timer_days, Some(10));
    story.report(day(30), &paid("t2", 30));
    let facts = story.wait_until(day(55));
    assert_made(&facts, &[(SubscriptionActive, day(40))]);
    assert_eq!(facts[0].transaction.id, "t2", "of the newest");
    let mut story = with_timers();
    story.report(day(0), &paid("t1", 0));
    assert_made(
        &story.wait_until(day(99)),
        &[(SubscriptionActive, day(10)), (SubscriptionExpired, day(30))],
    );
    // Due while the renewal is waited for: told when that has come, and once.
    let mut story = with_timers();
    story.report(day(0), &ending(day(10), paid("t1", 0)));
    assert_made(&story.wait_until(day(10) + MINUTE), &[]);
    let facts = story.report(day(10) + HOUR, &paid("t2", 10));
    assert_made(
        &facts,
        &[(SubscriptionRenewed, day(10)), (SubscriptionActive, day(10))],
    );
    assert_made(&story.wait_until(day(39)), &[]);
    // After a gap it is too late.
    let mut story = with_timers();
    story.report(day(0), &ending(day(10), paid("t1", 0)));
    story.wait_until(day(12));
    let facts = story.report(day(12), &paid("t2", 12));
    assert_made(&facts, &[(SubscriptionRenewed, day(12))]);
}

#[test]
fn c10_a_start_that_is_told_late_starts_the_timers() {
    let with_timers = || Story {
        timers: Timers {
            trial_active: timers(&[3]),
            subscription_active: timers(&[40, 10, 70]),
        },
        ..Story::default()
    };
    let mut story = with_timers();
    story.report(day(45), &paid("t2", 30));
    let facts = story.report(day(45), &paid("t1", 0));
    let expected = [
        (SubscriptionStarted, day(0)),
        (SubscriptionActive, day(10)),
        (SubscriptionActive, day(40)),
    ];
    assert_made(&facts, &expected);
    let of: Vec<_> = facts.iter().map(|fact| fact.transaction.id.as_str()).collect();
    assert_eq!(of, ["t1", "t2", "t2"], "of the newest that is known");
    story.report(day(60), &paid("t3", 60));
    assert_made(&story.wait_until(day(80)), &[(SubscriptionActive, day(70))]);
    // One that runs out before a period that was reported ahead begins is told in time.
    let mut story = with_timers();
    story.report(day(35), &paid("t2", 45));
    let facts = story.report(day(35), &ending(day(45), paid("t1", 0)));
    let expected = [(SubscriptionStarted, day(0)), (SubscriptionActive, day(10))];
    assert_made(&facts, &expected);
    assert_made(&story.wait_until(day(41)), &[(SubscriptionActive, day(40))]);
    // A timer that would have run out where there was no access tells nothing.
    let mut story = with_timers();
    story.report(day(45), &paid("t2", 41));
    let facts = story.report(day(45), &paid("t1", 0));
    assert_made(
        &facts,
        &[(SubscriptionStarted, day(0)), (SubscriptionActive, day(10))],
    );
    // A trial that is known to have been converted starts none.
    let mut story = with_timers();
    story.report(day(8), &paid("t2", 7));
    assert_made(&story.report(day(8), &trial("t1")), &[(TrialStarted, day(0))]);
    assert_made(&story.wait_until(day(36)), &[]);
}

#[test]
fn c10_a_timer_that_is_asked_for_later_tells_of_what_runs_but_not_of_what_lies_before() {
    let asked = |days: i64, since: i64| Timers {
        subscription_active: vec![Timer { days, since }],
        ..Timers::default()
    };
    for (since, told) in [(day(10) + 1, false), (day(10), true)] {
        let mut story = started();
        story.timers = asked(10, since);
        let expected: &[_] = if told {
            &[(SubscriptionActive, day(10))]
        } else {
            &[]
        };
        assert_made(&story.wait_until(day(20)), expected);
        // A start that is told late makes up for no more.
        let mut story = Story {
            timers: asked(10, since),
            ..Story::default()
        };
        let facts = story.report(day(20), &paid("t1", 0));
        assert_eq!(facts.len() == 2, told);
    }
    // One for a later day does not lose it for the other.
    let mut story = started();
    story.timers = asked(5, i64::MIN);
    story.wait_until(day(6));
    let later = asked(12, day(8));
    story.timers.subscription_active.extend(later.subscription_active);
    assert_made(&story.wait_until(day(20)), &[(SubscriptionActive, day(12))]);
}

#[test]
fn c10_another_product_starts_the_timers_anew_also_where_the_chain_began_with_a_trial() {
    let mut story = in_trial();
    story.timers.subscription_active = timers(&[10]);
    story.report(day(7), &paid("t2", 7));
    assert_made(&story.wait_until(day(20)), &[]);
    story.report(day(20), &of_product("yearly", paid("t3", 20)));
    assert_made(&story.wait_until(day(31)), &[(SubscriptionActive, day(30))]);
}

#[test]
fn c11_a_product_change_that_comes_late_does_not_expire_the_old_one_again() {
    let mut story = started();
    let announced = Command::AnnounceProduct {
        product_id: Some("weekly".into()),
    };
    assert_made(&story.tell(day(9), None, announced), &[]);
    story.report(day(10), &cancelled(day(10), paid("t1", 0)));
    assert_made(&story.wait_until(day(30)), &[(SubscriptionExpired, day(30))]);
    let facts = story.report(day(30) + HOUR, &of_product("weekly", paid("t2", 30)));
    assert_made(&facts, &[(SubscriptionStarted, day(30))]);
}

// A chain that has ended gets its end event, whatever is said between its end and that

#[test]
fn c1_renewing_that_is_switched_off_while_the_renewal_is_waited_for_expires_it() {
    let mut story = started();
    assert_made(&story.wait_until(day(30) + HOUR), &[]);
    let facts = story.report(day(30) + 2 * HOUR, &cancelled(day(30) + HOUR, paid("t1", 0)));
    assert_made(&facts, &[(SubscriptionExpired, day(30))]);
    assert_eq!(facts[0].reason, Some(CancellationReason::VoluntarilyCancelled));
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn c1_a_failed_charge_that_is_settled_after_the_end_expires_what_will_not_renew() {
    let mut story = started();
    let off = cancelled(day(20), paid("t1", 0));
    story.report(day(29), &failed(day(29), None, off.clone()));
    assert_made(&story.wait_until(day(35)), &[]);
    assert_made(&story.report(day(36), &off), &[(SubscriptionExpired, day(30))]);
}

#[test]
fn c1_a_pause_that_is_withdrawn_after_the_end_expires_what_will_not_renew() {
    let mut story = started();
    story.report(day(2), &cancelled(day(2), paid("t1", 0)));
    story.tell(day(3), None, Command::ArrangePause { at: day(3) });
    assert_made(&story.wait_until(day(40)), &[]);
    let facts = story.tell(day(41), None, Command::WithdrawPause);
    assert_made(&facts, &[(SubscriptionExpired, day(30))]);
}

#[test]
fn c4_a_failed_charge_that_is_reported_after_the_end_expires_it_where_nobody_collects() {
    let own = |transaction| Transaction {
        store: "shop".into(),
        ..transaction
    };
    let mut story = Story::default();
    story.report(day(0), &own(paid("t1", 0)));
    assert_made(&story.wait_until(day(30) + HOUR), &[]);
    let facts = story.report(day(30) + 2 * HOUR, &own(failed(day(29), None, paid("t1", 0))));
    let expected = [(BillingIssueDetected, day(29)), (SubscriptionExpired, day(30))];
    assert_made(&facts, &expected);
    assert_eq!(facts[1].reason, Some(CancellationReason::BillingError));
}

#[test]
fn c4_renewing_that_is_switched_off_while_the_store_collects_is_told_and_the_store_goes_on() {
    let off = cancelled(day(40), failed(day(29), None, paid("t1", 0)));
    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    assert_made(
        &story.report(day(40), &off),
        &[(SubscriptionRenewalCancelled, day(40))],
    );
    assert_made(&story.wait_until(day(89) - 1), &[]);
    assert_made(&story.wait_until(day(89)), &[(SubscriptionExpired, day(30))]);
}

#[test]
fn c4_c6_a_wait_that_is_made_shorter_than_what_has_passed_is_over() {
    let at_once = Waits::new(0, &[("app_store".to_owned(), 0)].into());
    let mut story = started();
    story.wait_until(day(30) + HOUR);
    story.waits = at_once.clone();
    assert_made(
        &story.wait_until(day(30) + 2 * HOUR),
        &[(SubscriptionExpired, day(30))],
    );
    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    story.wait_until(day(40));
    story.waits = at_once;
    assert_made(&story.wait_until(day(41)), &[(SubscriptionExpired, day(30))]);
}

#[test]
fn c7_c8_what_has_ended_is_neither_paused_nor_ended_again() {
    let mut story = started();
    story.wait_until(day(40));
    let at = day(40);
    assert_made(&story.tell(at, None, Command::ArrangePause { at }), &[]);
    let reason = CancellationReason::CancelledByDeveloper;
    assert_made(&story.tell(at, None, Command::End { reason }), &[]);
}
