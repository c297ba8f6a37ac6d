//! Table A, A14 to A17: another product.

use super::*;

#[test]
fn a14_another_product_in_the_middle_refunds_the_old_one_and_starts_the_new_one() {
    let mut story = started();
    let facts = story.report(day(10), &of_product("yearly", paid("t2", 10)));
    assert_made(
        &facts,
        &[(SubscriptionRefunded, day(10)), (SubscriptionStarted, day(10))],
    );
    assert_eq!(facts[0].transaction.product_id, "monthly");
    assert_eq!(facts[0].reason, Some(CancellationReason::Upgraded));
    assert_eq!(facts[1].transaction.product_id, "yearly");
    // The old transaction was reported as upgraded before: said once.
    let mut story = started();
    let told = story.report(day(10), &because(CancellationReason::Upgraded, paid("t1", 0)));
    assert_made(&told, &[(SubscriptionRefunded, day(10))]);
    let facts = story.report(day(10) + 1, &of_product("yearly", paid("t2", 10)));
    assert_made(&facts, &[(SubscriptionStarted, day(10))]);
}

#[test]
fn a14_what_was_paid_back_or_had_ended_is_told_once_and_ends_with_the_change() {
    let weekly = |from| ending(day(from + 7), of_product("weekly", paid("t2", from)));
    let mut story = started();
    let told = story.report(day(5), &refunded(day(20), paid("t1", 0)));
    assert_made(&told, &[(SubscriptionRefunded, day(20))]);
    assert_made(
        &story.report(day(10), &weekly(10)),
        &[(SubscriptionStarted, day(10))],
    );
    assert_eq!(story.chain().access_ends_at(), Some(day(17)));
    let mut story = started();
    assert_made(&story.wait_until(day(40)), &[(SubscriptionExpired, day(30))]);
    let facts = story.report(day(41), &weekly(10));
    assert_made(&facts[..1], &[(SubscriptionStarted, day(10))]);
    assert_eq!(story.chain().access_ends_at(), Some(day(17)));
}

#[test]
fn a14_a15_of_a_short_period_half_decides_whether_it_was_changed_at_once() {
    for (start, first) in [
        (12 * HOUR - 1, SubscriptionRefunded),
        (12 * HOUR, SubscriptionExpired),
    ] {
        let mut story = Story::default();
        story.report(day(0), &ending(day(1), paid("t1", 0)));
        let next = Transaction {
            purchased_at: day(0) + start,
            ..of_product("weekly", paid("t2", 0))
        };
        let facts = story.report(day(0) + start, &next);
        assert_eq!(facts[0].kind, first);
        assert_eq!(facts[1].kind, SubscriptionStarted);
    }
}

#[test]
fn a14_the_old_product_was_upgraded_and_ends_now_whatever_was_said_before() {
    let mut story = started();
    let before = because(CancellationReason::PriceIncrease, paid("t1", 0));
    story.report(day(5), &before);
    let facts = story.report(day(10), &of_product("yearly", paid("t2", 10)));
    assert_eq!(facts[0].reason, Some(CancellationReason::Upgraded));
    assert_eq!(facts[0].subscription_expires_at, Some(day(10)));
}

#[test]
fn a14_a19_another_product_starts_whenever_it_follows_what_was_replaced_and_renews_what_was_paid_back() {
    for at in [day(10) + HOUR, day(15)] {
        let next = Transaction {
            purchased_at: at,
            ..of_product("yearly", paid("t2", 15))
        };
        let mut story = started();
        story.report(day(10), &because(CancellationReason::Upgraded, paid("t1", 0)));
        assert_made(&story.report(at, &next), &[(SubscriptionStarted, at)]);
        let mut story = started();
        story.report(day(10), &refunded(day(10), paid("t1", 0)));
        assert_made(&story.report(at, &next), &[(SubscriptionRenewed, at)]);
    }
}

#[test]
fn a15_another_product_at_the_periods_end_expires_the_old_one_and_starts_the_new_one() {
    for start in [day(30) - 12 * HOUR, day(30), day(30) + 12 * HOUR] {
        let mut story = started();
        let next = Transaction {
            purchased_at: start,
            ..of_product("weekly", paid("t2", 30))
        };
        let facts = story.report(start, &next);
        assert_made(
            &facts,
            &[
                (SubscriptionExpired, start.min(day(30))),
                (SubscriptionStarted, start),
            ],
        );
        assert_eq!(facts[0].transaction.product_id, "monthly");
        let reason = CancellationReason::VoluntarilyCancelled;
        assert_eq!(facts[0].reason, Some(reason), "the customer chose another");
    }
}

#[test]
fn a15_a_periods_end_is_its_own_though_the_grace_before_it_was_longer() {
    let mut story = recovered();
    let facts = story.report(day(14), &of_product("yearly", paid("t3", 14)));
    assert_made(
        &facts,
        &[(SubscriptionExpired, day(14)), (SubscriptionStarted, day(14))],
    );
}

#[test]
fn a15_a17_a_day_after_the_end_it_is_no_change_at_renewal_any_more() {
    for (at, opening) in [(day(31), SubscriptionStarted), (day(31) + 1, SubscriptionRenewed)] {
        let mut story = started();
        let next = Transaction {
            purchased_at: at,
            ..of_product("weekly", paid("t2", 31))
        };
        let facts = story.report(at, &next);
        assert_made(&facts, &[(SubscriptionExpired, day(30)), (opening, at)]);
    }
}

#[test]
fn a16_another_product_after_a_reactivation_renews() {
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    let again = Transaction {
        renew_status_changed_at: Some(day(6)),
        ..paid("t1", 0)
    };
    story.report(day(6), &again);
    let facts = story.report(day(30), &of_product("weekly", paid("t2", 30)));
    assert_made(&facts, &[(SubscriptionRenewed, day(30))]);
    assert_eq!(facts[0].transaction.product_id, "weekly");
}

#[test]
fn a16_a_reactivation_counts_until_the_next_period_or_cancellation() {
    let reactivated = || {
        let mut story = started();
        story.report(day(5), &cancelled(day(5), paid("t1", 0)));
        story.report(day(6), &paid("t1", 0));
        story
    };
    let weekly = |from| of_product("weekly", paid("t9", from));
    let changed = |at| [(SubscriptionExpired, day(at)), (SubscriptionStarted, day(at))];
    let mut story = reactivated();
    story.report(day(30), &paid("t2", 30));
    assert_made(&story.report(day(60), &weekly(60)), &changed(60));
    let mut story = reactivated();
    story.report(day(7), &cancelled(day(7), paid("t1", 0)));
    assert_made(&story.report(day(30), &weekly(30)), &changed(30));
}

#[test]
fn a17_another_product_long_after_the_end_renews() {
    let mut story = started();
    story.wait_until(day(40));
    let facts = story.report(day(200), &of_product("weekly", paid("t2", 200)));
    assert_made(&facts, &[(SubscriptionRenewed, day(200))]);
}
