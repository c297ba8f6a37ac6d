//! Table A, A1 to A7: the first transaction of a chain.

use super::*;

#[test]
fn a1_a_free_first_period_starts_a_trial() {
    let mut story = Story::default();
    let facts = story.report(day(0), &trial("t1"));
    assert_made(&facts, &[(TrialStarted, day(0))]);
    assert_eq!((facts[0].consecutive_payments, facts[0].trial_days), (0, Some(7)));
    assert!(story.has_access(day(6)));
}

#[test]
fn a1_a2_a4_the_first_of_a_chain_bears_its_id_or_begins_when_the_chain_does() {
    let begun = |id: &str, at| Transaction {
        purchased_at: at,
        expires_at: Some(day(30)),
        ..paid(id, 0)
    };
    let table = [
        (begun("t1", day(1)), SubscriptionStarted),
        (begun("x", day(0) + MINUTE), SubscriptionStarted),
        (begun("x", day(0) + MINUTE + 1), SubscriptionRenewed),
        (free(begun("x", day(0))), TrialStarted),
        (free(begun("x", day(1))), SubscriptionRenewed),
    ];
    for (transaction, expected) in table {
        let at = transaction.purchased_at;
        let facts = Story::default().report(day(1), &transaction);
        assert_made(&facts, &[(expected, at)]);
    }
    // What takes another's place is no trial, though it costs nothing.
    let replacing = Transaction {
        replaces_another: true,
        ..free(paid("t1", 0))
    };
    let facts = Story::default().report(day(0), &replacing);
    assert_made(&facts, &[(SubscriptionStarted, day(0))]);
    // Unless its offer says so.
    let offer = Offer {
        category: "introductory".into(),
        kind: OfferKind::FreeTrial,
        id: None,
    };
    let offered = Transaction {
        offer: Some(offer),
        ..replacing
    };
    let facts = Story::default().report(day(0), &offered);
    assert_made(&facts, &[(TrialStarted, day(0))]);
}

#[test]
fn a2_a_charged_first_period_starts_a_subscription() {
    let mut story = Story::default();
    let facts = story.report(day(0), &paid("t1", 0));
    assert_made(&facts, &[(SubscriptionStarted, day(0))]);
    assert_eq!(facts[0].consecutive_payments, 1);
}

#[test]
fn a3_a_paid_introductory_offer_starts_a_subscription() {
    for kind in [OfferKind::PayAsYouGo, OfferKind::PayUpFront] {
        let offer = Offer {
            category: "introductory".into(),
            kind,
            id: None,
        };
        let transaction = Transaction {
            offer: Some(offer),
            ..paid("t1", 0)
        };
        let facts = Story::default().report(day(0), &transaction);
        assert_made(&facts, &[(SubscriptionStarted, day(0))]);
        assert!(facts[0].transaction.offer.is_some());
    }
}

#[test]
fn a4_a_charged_period_of_a_chain_whose_start_was_never_told_is_a_renewal() {
    let facts = Story::default().report(day(60), &paid("t3", 60));
    assert_made(&facts, &[(SubscriptionRenewed, day(60))]);
}

#[test]
fn a5_a_first_period_that_has_ended_starts_and_expires_in_the_past() {
    let mut story = Story::default();
    let facts = story.report(day(100), &paid("t1", 0));
    assert_made(
        &facts,
        &[(SubscriptionStarted, day(0)), (SubscriptionExpired, day(30))],
    );
    assert!(!story.has_access(day(100)));
    let facts = Story::default().report(day(100), &trial("t1"));
    assert_made(&facts, &[(TrialStarted, day(0)), (TrialExpired, day(7))]);
}

#[test]
fn a5_what_has_ended_at_first_sight_waits_for_nothing() {
    use CancellationReason::{BillingError, PriceIncrease, Unknown, Upgraded, VoluntarilyCancelled};
    for (first, reason) in [
        (paid("t1", 0), Unknown),
        (cancelled(day(3), paid("t1", 0)), VoluntarilyCancelled),
        (failed(day(29), None, paid("t1", 0)), BillingError),
        (because(PriceIncrease, paid("t1", 0)), PriceIncrease),
        (because(Upgraded, paid("t1", 0)), Upgraded),
    ] {
        let facts = Story::default().report(day(30) + HOUR, &first);
        let last = facts.last().expect("it has ended");
        assert_eq!(
            (last.kind, last.at, last.reason),
            (SubscriptionExpired, day(30), Some(reason))
        );
    }
}

#[test]
fn a4_a_later_period_that_is_over_at_first_sight_waits_for_its_renewal() {
    let mut story = Story::default();
    let facts = story.report(day(40) + HOUR, &paid("t2", 10));
    assert_made(&facts, &[(SubscriptionRenewed, day(10))]);
    assert!(!story.has_access(day(40) + HOUR));
    let facts = story.report(day(40) + 2 * HOUR, &paid("t3", 40));
    assert_made(&facts, &[(SubscriptionRenewed, day(40))]);
    assert_eq!(facts[0].consecutive_payments, 2);
    // The renewal does not come, or its charge failed.
    use CancellationReason::{BillingError, Unknown};
    for (later, last, reason) in [
        (paid("t2", 10), day(41), Unknown),
        (failed(day(40), None, paid("t2", 10)), day(100), BillingError),
    ] {
        let mut story = Story::default();
        story.report(day(40) + HOUR, &later);
        assert_made(&story.wait_until(last - 1), &[]);
        let facts = story.wait_until(last);
        assert_made(&facts, &[(SubscriptionExpired, day(40))]);
        assert_eq!(facts[0].reason, Some(reason));
    }
}

#[test]
fn a4_a_later_period_ends_at_first_sight_if_nothing_is_waited_for() {
    use CancellationReason::{BillingError, PriceIncrease, Unknown, Upgraded, VoluntarilyCancelled};
    let later = paid("t2", 10);
    let unwilling = because(PriceIncrease, cancelled(day(13), later.clone()));
    for (now, later, reason) in [
        (day(41), later.clone(), Unknown),
        (day(40), cancelled(day(13), later.clone()), VoluntarilyCancelled),
        (day(40), unwilling, PriceIncrease),
        (day(40), because(Upgraded, later.clone()), Upgraded),
        (day(99), failed(day(39), None, later.clone()), BillingError),
    ] {
        let facts = Story::default().report(now, &later);
        let last = facts.last().expect("it has ended");
        assert_eq!(
            (last.kind, last.at, last.reason),
            (SubscriptionExpired, day(40), Some(reason))
        );
    }
    let mut story = Story::default();
    let facts = story.report(day(40), &refunded(day(20), later));
    let expected = [(SubscriptionRenewed, day(10)), (SubscriptionRefunded, day(20))];
    assert_made(&facts, &expected);
    assert_made(&story.wait_until(day(999)), &[]);
}

#[test]
fn a6_a_first_period_that_is_refunded_already_starts_and_is_refunded() {
    let mut story = Story::default();
    let facts = story.report(day(5), &refunded(day(3), paid("t1", 0)));
    assert_made(
        &facts,
        &[(SubscriptionStarted, day(0)), (SubscriptionRefunded, day(3))],
    );
    assert!(!story.has_access(day(5)));
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn a6_a7_a_renewal_may_say_more_than_that_it_has_begun() {
    let renewal = paid("t2", 30);
    let told = |first: Transaction, second: Transaction| {
        let mut story = Story::default();
        story.report(day(1), &first);
        let facts = kinds(&story.report(day(31), &second));
        let begins = facts.iter().position(|(kind, _)| *kind == SubscriptionRenewed);
        facts[begins.expect("it begins") + 1..].to_vec()
    };
    assert_eq!(
        told(paid("t1", 0), refunded(day(31), renewal.clone())),
        [(SubscriptionRefunded, day(31))]
    );
    assert_eq!(
        told(paid("t1", 0), cancelled(day(31), renewal.clone())),
        [(SubscriptionRenewalCancelled, day(31))]
    );
    assert_eq!(
        told(paid("t1", 0), failed(day(31), None, renewal.clone())),
        [(BillingIssueDetected, day(31))]
    );
    assert_eq!(
        told(
            paid("t1", 0),
            because(CancellationReason::Upgraded, renewal.clone())
        ),
        [(SubscriptionRefunded, day(31))]
    );
    assert_eq!(
        told(paid("t1", 0), cancelled(day(29), renewal.clone())),
        [(SubscriptionRenewalCancelled, day(29))],
        "it was on before"
    );
    // It was off before, or has been switched on.
    let was_off = cancelled(day(1), paid("t1", 0));
    assert_eq!(told(was_off.clone(), cancelled(day(1), renewal.clone())), []);
    assert_eq!(
        told(was_off.clone(), cancelled(day(30), renewal.clone())),
        [(SubscriptionRenewalCancelled, day(30))],
        "a renewal is on when it begins"
    );
    let is_on = Transaction {
        renew_status_changed_at: Some(day(31)),
        ..renewal
    };
    assert_eq!(told(was_off, is_on.clone()), []);
    assert_eq!(told(paid("t1", 0), is_on), []);
}

#[test]
fn a6_c8_what_was_replaced_at_first_sight_does_not_expire() {
    let mut story = Story::default();
    let facts = story.report(day(5), &because(CancellationReason::Upgraded, paid("t1", 0)));
    let expected = [(SubscriptionStarted, day(0)), (SubscriptionRefunded, day(5))];
    assert_made(&facts, &expected);
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn a7_a_first_period_that_will_not_renew_was_cancelled_only_if_a_date_says_so() {
    let facts = Story::default().report(day(1), &cancelled(day(1), paid("t1", 0)));
    let expected = [
        (SubscriptionStarted, day(0)),
        (SubscriptionRenewalCancelled, day(1)),
    ];
    assert_made(&facts, &expected);
    let prepaid = Transaction {
        will_renew: false,
        ..paid("t1", 0)
    };
    assert_made(
        &Story::default().report(day(1), &prepaid),
        &[(SubscriptionStarted, day(0))],
    );
}

#[test]
fn a6_a_trial_that_is_paid_back_already_starts_and_expires() {
    let facts = Story::default().report(day(5), &refunded(day(3), trial("t1")));
    assert_made(&facts, &[(TrialStarted, day(0)), (TrialExpired, day(3))]);
    assert_eq!(facts[1].reason, Some(CancellationReason::Refund));
}
