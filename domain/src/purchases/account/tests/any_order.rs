//! Reports in any order, any number of times: they end in the same state and the same events, but for what the rules
//! say depends on what was known when they came.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::dice::Dice;
use super::story::{A, Story};
use super::*;
use crate::purchases::samples::*;
use crate::purchases::transaction::CancellationReason::{NewSubscriptionReplace, Upgraded};
use crate::purchases::transaction::{Offer, OfferKind};
use crate::time::DAY;

const RUNS: u32 = 1_000;
const ORDERS: i64 = 6;
/// After so long nothing is waited for any more.
const LONGEST_WAIT: i64 = 61 * DAY;

/// A chain as its store has it in the end: each period begins and ends after the one before, of whichever product, with
/// or without an offer, at once, at the end, early, or after a lapse.
struct Sold {
    periods: Vec<Transaction>,
    /// As some of them are reported first: what has a price is free, or the other way round.
    mistaken: Vec<Transaction>,
    /// When everything is reported.
    reported_at: i64,
}

fn sold(dice: &mut Dice) -> Sold {
    let count = dice.between(1, 10);
    let mut periods: Vec<Transaction> = Vec::new();
    for n in 1..=count {
        let period = period(dice, n, periods.last());
        periods.push(period);
    }
    for place in 1..periods.len() {
        let is_replaced = periods[place - 1].expires_at > Some(periods[place].purchased_at + DAY)
            && periods[place - 1].product_id != periods[place].product_id
            && periods[place - 1].refunded_at.is_none();
        if is_replaced && dice.once_in(3) {
            let reason = dice.pick(&[Upgraded, NewSubscriptionReplace]);
            periods[place - 1].cancellation_reason = Some(reason);
        }
    }
    let newest = &periods[periods.len() - 1];
    let end = newest.expires_at.expect("periods have ends");
    let days = dice.pick(&[-40, -10, -1, 0, 1, 10, 70]);
    let reported_at = newest.purchased_at.max(end + days * DAY) + HOUR;
    if count > 1 && dice.once_in(6) {
        // Of its start nobody tells.
        periods.remove(0);
    }
    // Of more periods a chain remembers only for how long the oldest were paid.
    let are_remembered = periods.len() <= 8;
    let kept = periods.iter().filter(|period| period.refunded_at.is_none());
    let mistaken = kept.filter(|_| are_remembered && dice.once_in(8));
    let mistaken = mistaken.map(otherwise_charged).collect();
    Sold {
        periods,
        mistaken,
        reported_at,
    }
}

/// For nothing what was charged, for money what was free.
fn otherwise_charged(period: &Transaction) -> Transaction {
    if !period.is_free() {
        return free(period.clone());
    }
    let mut charged = period.clone();
    charged.price.value = Decimal::new(999, 2);
    charged.offer = charged.offer.filter(|offer| offer.kind != OfferKind::FreeTrial);
    charged
}

impl Sold {
    /// Reports of all periods in the order of time, or in another one with so many repetitions. What was mistaken at first
    /// is corrected.
    fn reports(&self, dice: &mut Dice, repetitions: i64) -> Vec<Transaction> {
        let mut reports = self.periods.clone();
        let is_mistaken = |period: &&Transaction| self.mistaken.iter().any(|first| first.id == period.id);
        reports.extend(self.periods.iter().filter(is_mistaken).cloned());
        for _ in 0..repetitions {
            reports.push(dice.pick(&self.periods));
        }
        if repetitions > 0 {
            dice.shuffle(&mut reports);
        }
        for first in &self.mistaken {
            let mut places = reports.iter_mut();
            let place = places.find(|report| report.id == first.id);
            *place.expect("each is reported") = first.clone();
        }
        reports
    }
}

/// The next period of a chain.
fn period(dice: &mut Dice, n: i64, before: Option<&Transaction>) -> Transaction {
    let end_before = before.and_then(|before| before.expires_at).unwrap_or(day(0));
    let start_before = before.map_or(day(0) - 1, |before| before.purchased_at);
    let gap = HOUR * dice.pick(&[0, 0, 0, 1, 5, -12, -24, -300, 60, 40 * 24, 90 * 24]);
    let start = match before {
        Some(_) => (end_before + gap).max(start_before + HOUR),
        None => day(0),
    };
    let grace_before = before.and_then(|before| before.grace_period_expires_at);
    let last = grace_before.map_or(end_before, |grace| grace.max(end_before));
    let end = last.max(start) + HOUR * dice.between(24, 40 * 24);
    let mut period = ending(end, paid(&format!("t{n}"), 0));
    period.purchased_at = start;
    period.environment = dice.pick(&[
        Environment::Production,
        Environment::Production,
        Environment::Sandbox,
    ]);
    period.product_id = dice
        .pick(&["monthly", "monthly", "yearly", "gold", "nothing"])
        .into();
    period.price.value = Decimal::new(dice.between(1, 2_000), 2);
    period.offer = dice.maybe(4, |dice| Offer {
        category: dice.pick(&["introductory", "win_back"]).into(),
        kind: dice.pick(&[OfferKind::FreeTrial, OfferKind::PayAsYouGo, OfferKind::PayUpFront]),
        id: Some("offer".into()),
    });
    if period.has_trial_offer() || dice.once_in(6) {
        period = free(period);
        period.replaces_another = dice.once_in(4);
    }
    happening(dice, last.max(start), period)
}

/// What happens to a period. It is paid back after what was before it has ended (`last`), so that it ends later.
fn happening(dice: &mut Dice, last: i64, period: Transaction) -> Transaction {
    let hours = HOUR * dice.between(1, 14 * 24);
    let at = period.purchased_at + hours;
    match dice.between(0, 11) {
        0 | 1 => refunded(last + hours, period),
        2 => cancelled(at, period),
        3 => Transaction {
            will_renew: false,
            ..period
        },
        4 => failed(at, None, period),
        5 => {
            let grace = period.expires_at.map(|end| end + HOUR * dice.between(0, 16 * 24));
            failed(at, grace, period)
        }
        _ => period,
    }
}

/// What a fact is in whichever order it was found, if it is in every order:
///
/// * which event opens a period that is not the first (A8, A14 to A17, A21): with a trial or another product before it,
///   it is another one than without, but there is always one;
/// * the end of a period that another follows (A5, A12, A15): where that is known already, it is no end;
/// * what a product change pays back (A14): the old period has to be known first;
/// * the end of a trial that was paid back (B12): it has ended if a later period is known;
/// * what the refund of a free period is (B9, B12): of the trial, while nothing is known to have been charged;
/// * a failed charge, grace, and renewing that is off, of a period that another follows (A21): they are told of the newest
///   that is known;
/// * renewing that is off from the beginning (A7): it is told if what was known before would have renewed;
/// * whether what ends or will not renew is a trial or a subscription, where the newest period was free: it has to be known
///   what was before it.
fn in_any_order(fact: &Fact, sold: &Sold) -> Option<(&'static str, String, i64)> {
    let (newest, others) = sold.periods.split_last().expect("one at least");
    let about = &fact.transaction;
    let is_newest = about.id == newest.id;
    let is_free = newest.is_free() || sold.mistaken.iter().any(|first| first.id == newest.id);
    let others_renew = others.iter().all(|period| period.will_renew);
    let kind = match fact.kind {
        EventKind::SubscriptionStarted | EventKind::SubscriptionRenewed | EventKind::TrialConverted
            if about.id != "t1" =>
        {
            "an opening"
        }
        EventKind::SubscriptionRefunded if about.refunded_at.is_none() => return None,
        EventKind::SubscriptionRefunded | EventKind::TrialExpired
            if about.is_free() && about.refunded_at.is_some() =>
        {
            return None;
        }
        EventKind::SubscriptionExpired
        | EventKind::TrialExpired
        | EventKind::BillingIssueDetected
        | EventKind::EnteredGracePeriod
        | EventKind::SubscriptionRenewalCancelled
        | EventKind::TrialRenewalCancelled
            if !is_newest =>
        {
            return None;
        }
        EventKind::SubscriptionRenewalCancelled | EventKind::TrialRenewalCancelled if !others_renew => {
            return None;
        }
        EventKind::SubscriptionExpired | EventKind::TrialExpired if is_free => "an end",
        EventKind::SubscriptionRenewalCancelled | EventKind::TrialRenewalCancelled if is_free => {
            "renewing is off"
        }
        kind => kind.as_str(),
    };
    Some((kind, about.id.clone(), fact.at))
}

/// The state of a chain that every order ends in. Not in it: payments without interruption and when access was last
/// opened, which count what was known; timers; where a product change has cut an older period; and, while something may
/// still be waited for, whether it is over: what has ended when it is first heard of is so at once (A5), what was known
/// waits (C4, C6).
fn state(story: &Story, waits: bool) -> String {
    let chain = &story.parties[A].holdings.chains[0];
    let periods: Vec<_> = chain
        .periods
        .iter()
        .map(|period| {
            (
                &period.transaction_id,
                period.purchased_at,
                period.ends_at,
                period.refunded_at,
            )
        })
        .collect();
    format!(
        "{:?}",
        (
            (
                &chain.latest,
                chain.phase,
                chain.closed.filter(|_| !waits),
                &chain.trial,
                chain.has_first
            ),
            (
                chain.access_ends_at(),
                chain.renewal_off_at,
                &chain.access_level_id
            ),
            (chain.is_after_first_year(chain.latest.purchased_at), periods),
            story.revenue(A).normalize(),
        )
    )
}

#[test]
fn any_order_and_repetition_ends_in_the_same_state_and_the_same_events() {
    for mut dice in Dice::each() {
        for _ in 0..RUNS {
            let sold = sold(&mut dice);
            let mut outcomes: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for order in 0..ORDERS {
                let reports = sold.reports(&mut dice, order);
                let mut story = Story::default();
                let mut told = BTreeSet::new();
                let mut note = |drafts: Drafts| {
                    for (_, draft) in &drafts {
                        if let Draft::Fact(fact) = draft {
                            told.extend(in_any_order(fact, &sold));
                        }
                    }
                };
                for report in &reports {
                    note(
                        story
                            .try_report(A, sold.reported_at, report)
                            .expect("it is accepted"),
                    );
                }
                let reported = state(&story, true);
                note(story.try_tick(sold.reported_at + LONGEST_WAIT + 60 * DAY));
                let ids: Vec<_> = reports.iter().map(|report| report.id.clone()).collect();
                outcomes
                    .entry((reported, state(&story, false), told))
                    .or_default()
                    .push(ids);
            }
            assert_eq!(outcomes.len(), 1, "{outcomes:#?} {:#?}", sold.periods);
        }
    }
}
