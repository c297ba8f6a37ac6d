//! One test for each row of the transition tables A to C, named by its id. What happens to access levels, and
//! table F, is tested with accounts.

use rust_decimal::Decimal;

use super::{Command, Context, Timers, Waits, apply, clock};
use crate::events::Fact;
use crate::events::{EventKind, EventKind::*};
use crate::purchases::chain::{Chain, Closed};
use crate::purchases::samples::{
    HOUR, MINUTE, because, cancelled, day, ending, failed, free, of_product, paid, refunded, trial,
};
use crate::purchases::transaction::{CancellationReason, Offer, OfferKind, Transaction};

/// A chain and the transactions that are stored of it.
#[derive(Default)]
struct Story {
    chain: Option<Chain>,
    stored: Vec<Transaction>,
    timers: Timers,
}

impl Story {
    fn report(&mut self, now: i64, transaction: &Transaction) -> Vec<Fact> {
        let known = self
            .stored
            .iter()
            .find(|stored| stored.id == transaction.id)
            .cloned();
        let facts = self.tell(
            now,
            known.as_ref(),
            Command::Report(Box::new(transaction.clone())),
        );
        self.stored.retain(|stored| stored.id != transaction.id);
        self.stored.push(transaction.clone());
        facts
    }

    fn tell(&mut self, now: i64, known: Option<&Transaction>, command: Command) -> Vec<Fact> {
        let waits = Waits::default();
        let context = Context {
            now,
            waits: &waits,
            timers: &self.timers,
            access_level_id: Some("premium"),
        };
        let (chain, facts) = apply(self.chain.take(), known, command, context);
        self.chain = chain;
        facts
    }

    fn wait_until(&mut self, now: i64) -> Vec<Fact> {
        let waits = Waits::default();
        let context = Context {
            now,
            waits: &waits,
            timers: &self.timers,
            access_level_id: None,
        };
        let mut facts = Vec::new();
        clock::catch_up(self.chain.as_mut().expect("a chain"), context, &mut facts);
        facts
    }

    fn chain(&self) -> &Chain {
        self.chain.as_ref().expect("a chain")
    }

    fn has_access(&self, now: i64) -> bool {
        self.chain().access().expect("a level").is_active(now)
    }
}

fn kinds(facts: &[Fact]) -> Vec<(EventKind, i64)> {
    facts.iter().map(|fact| (fact.kind, fact.at)).collect()
}

/// Asserts which events were made, and when each happened, in days from the start.
#[track_caller]
fn assert_made(facts: &[Fact], expected: &[(EventKind, i64)]) {
    assert_eq!(kinds(facts), expected);
}

fn started() -> Story {
    let mut story = Story::default();
    story.report(day(0), &paid("t1", 0));
    story
}

fn in_trial() -> Story {
    let mut story = Story::default();
    story.report(day(0), &trial("t1"));
    story
}

// Table A

#[test]
fn a1_a_free_first_period_starts_a_trial() {
    let mut story = Story::default();
    let facts = story.report(day(0), &trial("t1"));
    assert_made(&facts, &[(TrialStarted, day(0))]);
    assert_eq!((facts[0].consecutive_payments, facts[0].trial_days), (0, Some(7)));
    assert!(story.has_access(day(6)));
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
fn a8_the_first_charge_after_a_trial_converts_it_also_after_a_gap() {
    let mut story = in_trial();
    let facts = story.report(day(7), &paid("t2", 7));
    assert_made(&facts, &[(TrialConverted, day(7))]);
    assert_eq!((facts[0].consecutive_payments, facts[0].trial_days), (1, Some(7)));

    let mut story = in_trial();
    story.report(day(1), &cancelled(day(1), trial("t1")));
    assert_made(&story.wait_until(day(8)), &[(TrialExpired, day(7))]);
    assert_made(
        &story.report(day(50), &paid("t2", 50)),
        &[(TrialConverted, day(50))],
    );
}

#[test]
fn a9_another_free_period_in_a_trial_renews_and_the_first_charge_still_converts() {
    let mut story = in_trial();
    let second = free(ending(day(14), paid("t2", 7)));
    assert_made(&story.report(day(7), &second), &[(SubscriptionRenewed, day(7))]);
    assert_made(
        &story.report(day(14), &paid("t3", 14)),
        &[(TrialConverted, day(14))],
    );
}

#[test]
fn a10_a_further_charge_renews_and_counts() {
    let mut story = started();
    let facts = story.report(day(30), &paid("t2", 30));
    assert_made(&facts, &[(SubscriptionRenewed, day(30))]);
    assert_eq!(facts[0].consecutive_payments, 2);
    // Renewing off and on again with the new period: the renewal says it all.
    let mut story = started();
    story.report(day(2), &cancelled(day(2), paid("t1", 0)));
    assert_made(
        &story.report(day(29), &paid("t2", 29)),
        &[(SubscriptionRenewed, day(29))],
    );
}

#[test]
fn a11_a_charge_in_grace_or_retry_renews_and_clears_the_billing_issue() {
    for grace in [None, Some(day(46))] {
        let mut story = started();
        story.report(day(30), &failed(day(29), grace, paid("t1", 0)));
        let facts = story.report(day(40), &paid("t2", 40));
        assert_made(&facts, &[(SubscriptionRenewed, day(40))]);
        assert!(!story.chain().has_billing_issue());
        assert!(story.has_access(day(41)));
    }
}

#[test]
fn a12_a_charge_after_the_end_renews_and_counts_from_one() {
    let mut story = started();
    story.wait_until(day(40));
    let facts = story.report(day(300), &paid("t2", 300));
    assert_made(&facts, &[(SubscriptionRenewed, day(300))]);
    assert_eq!(facts[0].consecutive_payments, 1);
    assert_eq!(story.chain().activated_at, day(300));
}

#[test]
fn a13_a_charge_after_a_pause_renews() {
    let mut story = started();
    story.tell(day(3), None, Command::ArrangePause { at: day(3) });
    assert_made(&story.wait_until(day(90)), &[]);
    let facts = story.report(day(90), &paid("t2", 90));
    assert_made(&facts, &[(SubscriptionRenewed, day(90))]);
    assert_eq!(facts[0].consecutive_payments, 1);
}

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
fn a17_another_product_long_after_the_end_renews() {
    let mut story = started();
    story.wait_until(day(40));
    let facts = story.report(day(200), &of_product("weekly", paid("t2", 200)));
    assert_made(&facts, &[(SubscriptionRenewed, day(200))]);
}

#[test]
fn a18_a_charge_for_another_product_in_a_trial_converts_it() {
    let facts = in_trial().report(day(3), &of_product("yearly", paid("t2", 3)));
    assert_made(&facts, &[(TrialConverted, day(3))]);
    assert_eq!(facts[0].transaction.product_id, "yearly");
}

#[test]
fn a19_a_charge_after_a_refund_renews() {
    let mut story = started();
    story.report(day(4), &refunded(day(4), paid("t1", 0)));
    let facts = story.report(day(8), &paid("t2", 8));
    assert_made(&facts, &[(SubscriptionRenewed, day(8))]);
    assert_eq!(facts[0].consecutive_payments, 1);
    assert!(story.has_access(day(9)));
}

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
fn a22_family_sharing_gives_access_and_no_events() {
    let family = Transaction {
        is_family_shared: true,
        ..free(paid("t1", 0))
    };
    let mut story = Story::default();
    assert_made(&story.report(day(0), &family), &[]);
    assert!(story.has_access(day(5)));
    assert_made(&story.report(day(5), &cancelled(day(5), family)), &[]);
    assert_made(&story.wait_until(day(90)), &[]);
    assert!(!story.has_access(day(90)));
}

// Table B

#[test]
fn b0_the_same_again_makes_nothing() {
    let mut story = started();
    let before = story.chain.clone();
    assert_made(&story.report(day(1), &paid("t1", 0)), &[]);
    assert_eq!(story.chain, before);
}

#[test]
fn b1_switching_renewal_off_is_told_once() {
    let mut story = started();
    let off = cancelled(day(5), paid("t1", 0));
    assert_made(
        &story.report(day(6), &off),
        &[(SubscriptionRenewalCancelled, day(5))],
    );
    assert_made(&story.report(day(7), &off), &[]);
    assert!(story.has_access(day(29)));
    let facts = in_trial().report(day(2), &cancelled(day(1), trial("t1")));
    assert_made(&facts, &[(TrialRenewalCancelled, day(1))]);
    let undated = Transaction {
        will_renew: false,
        ..paid("t1", 0)
    };
    assert_made(
        &started().report(day(6), &undated),
        &[(SubscriptionRenewalCancelled, day(6))],
    );
}

#[test]
fn b2_switching_renewal_on_again_carries_the_product_that_was_active() {
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    let on = Transaction {
        renew_status_changed_at: Some(day(6)),
        ..of_product("yearly", paid("t1", 0))
    };
    let facts = story.report(day(6), &on);
    assert_made(&facts, &[(SubscriptionRenewalReactivated, day(6))]);
    assert_eq!(facts[0].transaction.product_id, "monthly");
    let mut story = in_trial();
    story.report(day(1), &cancelled(day(1), trial("t1")));
    assert_made(
        &story.report(day(2), &trial("t1")),
        &[(TrialRenewalReactivated, day(2))],
    );
}

#[test]
fn b3_renewal_of_an_ended_chain_is_only_stored() {
    let mut story = started();
    story.wait_until(day(40));
    assert_made(&story.report(day(41), &cancelled(day(35), paid("t1", 0))), &[]);
    assert!(!story.chain().latest.will_renew);
}

#[test]
fn b4_a_failed_charge_without_grace() {
    let mut story = started();
    let facts = story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    assert_made(&facts, &[(BillingIssueDetected, day(29))]);
    assert!(story.has_access(day(29)));
    // Stripe: access is cut at once.
    let stripe = |transaction| Transaction {
        store: "stripe".into(),
        ..transaction
    };
    let mut story = Story::default();
    story.report(day(0), &stripe(paid("t1", 0)));
    story.report(day(10), &stripe(failed(day(10), None, paid("t1", 0))));
    assert!(!story.has_access(day(10)));
}

#[test]
fn b5_a_failed_charge_with_grace() {
    let mut story = started();
    let facts = story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_made(
        &facts,
        &[(BillingIssueDetected, day(29)), (EnteredGracePeriod, day(29))],
    );
    assert_eq!(facts[1].subscription_expires_at, Some(day(46)));
    assert!(story.has_access(day(45)));
}

#[test]
fn b6_grace_given_later() {
    let mut story = started();
    story.report(day(29), &failed(day(29), None, paid("t1", 0)));
    let facts = story.report(day(31), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_made(&facts, &[(EnteredGracePeriod, day(29))]);
    assert!(story.has_access(day(45)));
}

#[test]
fn b7_billing_fields_that_go_away_make_no_event() {
    let mut story = started();
    story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_made(&story.report(day(29), &paid("t1", 0)), &[]);
    assert!(!story.has_access(day(31)));
}

#[test]
fn b8_another_date_of_the_failed_charge_makes_no_event() {
    let mut story = started();
    story.report(day(29), &failed(day(28), None, paid("t1", 0)));
    assert_made(&story.report(day(29), &failed(day(29), None, paid("t1", 0))), &[]);
}

#[test]
fn b9_a_refund_of_the_running_period_ends_it_and_it_never_expires() {
    let mut story = started();
    let facts = story.report(day(12), &refunded(day(11), paid("t1", 0)));
    assert_made(&facts, &[(SubscriptionRefunded, day(11))]);
    assert_eq!(facts[0].refunded_share, Some(Decimal::ONE));
    assert_eq!(story.chain().access_ends_at(), Some(day(11)));
    assert_made(&story.wait_until(day(99)), &[]);
}

#[test]
fn b10_a_refund_of_the_last_period_after_its_end() {
    let mut story = started();
    story.wait_until(day(40));
    let facts = story.report(day(41), &refunded(day(41), paid("t1", 0)));
    assert_made(&facts, &[(SubscriptionRefunded, day(41))]);
    assert!(!story.has_access(day(41)));
}

#[test]
fn b11_a_refund_of_an_older_period_leaves_access_alone() {
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    let facts = story.report(day(40), &refunded(day(39), paid("t1", 0)));
    assert_made(&facts, &[(SubscriptionRefunded, day(39))]);
    assert_eq!(facts[0].transaction.id, "t1");
    assert!(story.has_access(day(59)));
}

#[test]
fn b12_a_refund_of_a_trial_expires_it() {
    let mut story = in_trial();
    let facts = story.report(day(3), &refunded(day(2), trial("t1")));
    assert_made(&facts, &[(TrialExpired, day(2))]);
    assert_eq!(facts[0].reason, Some(CancellationReason::Refund));
    assert!(!story.has_access(day(3)));
}

#[test]
fn b13_a_refund_that_is_withdrawn_opens_the_period_again() {
    let mut story = started();
    story.report(day(11), &refunded(day(11), paid("t1", 0)));
    assert_made(&story.report(day(12), &paid("t1", 0)), &[]);
    assert!(story.has_access(day(13)));
    assert_made(&story.wait_until(day(40)), &[(SubscriptionExpired, day(30))]);
}

#[test]
fn b14_a_replacement_without_a_refund_date_ends_it_now() {
    for reason in [
        CancellationReason::Upgraded,
        CancellationReason::NewSubscriptionReplace,
    ] {
        let mut story = started();
        let facts = story.report(day(12), &because(reason, paid("t1", 0)));
        assert_made(&facts, &[(SubscriptionRefunded, day(12))]);
        assert_eq!(facts[0].reason, Some(reason));
        assert_eq!(story.chain().closed, Some(Closed::Replaced(day(12))));
        assert!(!story.has_access(day(12)));
        assert_made(&story.wait_until(day(99)), &[]);
    }
}

#[test]
fn b15_a_later_end_is_a_deferral_only_when_google_says_so() {
    let mut story = started();
    assert_made(&story.report(day(3), &ending(day(44), paid("t1", 0))), &[]);
    assert!(story.has_access(day(43)));
    let facts = story.tell(
        day(4),
        None,
        Command::Defer {
            at: day(4),
            until: day(50),
        },
    );
    assert_made(&facts, &[(SubscriptionDeferred, day(4))]);
    assert!(story.has_access(day(49)));
}

#[test]
fn b16_an_end_moved_into_the_future_opens_an_expired_chain_and_it_can_expire_again() {
    let mut story = started();
    assert_made(&story.wait_until(day(40)), &[(SubscriptionExpired, day(30))]);
    assert_made(&story.report(day(41), &ending(day(60), paid("t1", 0))), &[]);
    assert!(story.has_access(day(50)));
    assert_made(&story.wait_until(day(90)), &[(SubscriptionExpired, day(60))]);
}

#[test]
fn b17_cancelling_with_an_end_that_has_come_ends_it_at_once() {
    let mut story = started();
    let facts = story.report(day(9), &cancelled(day(9), ending(day(9), paid("t1", 0))));
    assert_made(
        &facts,
        &[
            (SubscriptionRenewalCancelled, day(9)),
            (SubscriptionExpired, day(9)),
        ],
    );
    assert!(!story.has_access(day(9)));
}

#[test]
fn b18_an_end_that_has_come_expires_a_cancelled_chain() {
    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    let facts = story.report(day(9), &cancelled(day(5), ending(day(9), paid("t1", 0))));
    assert_made(&facts, &[(SubscriptionExpired, day(9))]);
}

#[test]
fn b19_another_price_offer_or_variation_makes_no_event() {
    let mut story = started();
    let mut corrected = paid("t1", 0);
    corrected.price.value = Decimal::new(499, 2);
    corrected.variation_id = Some("v".into());
    assert_made(&story.report(day(3), &corrected), &[]);
    assert_eq!(story.chain().latest, corrected);
}

// Table C

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
    let timers = Timers {
        trial_active: vec![3],
        subscription_active: vec![10, 40],
    };
    let with_timers = || Story {
        timers: timers.clone(),
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
    assert_made(&story.wait_until(day(20)), &[(SubscriptionActive, day(10))]);
    story.report(day(30), &paid("t2", 30));
    assert_made(&story.wait_until(day(55)), &[(SubscriptionActive, day(40))]);
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
fn c11_a_product_change_that_comes_late_does_not_expire_the_old_one_again() {
    let mut story = started();
    assert_made(&story.tell(day(9), None, Command::AnnounceProduct), &[]);
    story.report(day(10), &cancelled(day(10), paid("t1", 0)));
    assert_made(&story.wait_until(day(30)), &[(SubscriptionExpired, day(30))]);
    let facts = story.report(day(30) + HOUR, &of_product("weekly", paid("t2", 30)));
    assert_made(&facts, &[(SubscriptionStarted, day(30))]);
}

// Beside the tables

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
