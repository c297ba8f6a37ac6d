//! Reports in any order, any number of times: they end in the same state and the same events, but for what the rules
//! say depends on what was known when they came.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::dice::Dice;
use super::story::{A, Story};
use super::*;
use crate::purchases::chain::DAY;
use crate::purchases::samples::*;

const RUNS: u32 = 400;
const ORDERS: u32 = 6;
/// When everything is reported, and when everything has ended.
const REPORTED: i64 = START + 400 * DAY;
const OVER: i64 = START + 600 * DAY;

/// Periods of one chain as a store has them in the end: each begins and ends after the one before, and only the newest
/// says anything of renewing and of failed charges.
fn periods(dice: &mut Dice) -> Vec<Transaction> {
    let is_trial = dice.once_in(3);
    let count = dice.between(1, 10);
    let ends_on = dice.pick(&[340, 390, 399, 410, 450]);
    let period = |n: i64| {
        let from = if n == 0 { 0 } else { n * 30 + dice.between(0, 12) };
        let last = n + 1 == count;
        let length = if last {
            ends_on - from
        } else {
            dice.between(14, 30)
        };
        let mut period = ending(day(from + length), paid(&format!("t{}", n + 1), from));
        period.product_id = dice
            .pick(&["monthly", "monthly", "monthly", "yearly", "gold"])
            .into();
        period.price.value = Decimal::new(dice.between(1, 2_000), 2);
        if n == 0 && is_trial {
            period = free(period);
        }
        let (start, hours) = (period.purchased_at, dice.between(1, 14 * 24));
        match dice.between(0, if last { 6 } else { 1 }) {
            0 if dice.once_in(2) => refunded(start + HOUR * hours, period),
            2 => cancelled(start + HOUR * hours, period),
            3 => failed(start + HOUR * hours, None, period),
            4 => {
                let grace = period.expires_at.map(|end| end + 6 * DAY);
                failed(start + HOUR * hours, grace, period)
            }
            _ => period,
        }
    };
    (0..count).map(period).collect()
}

/// What a fact is in whichever order it was found, if it is in every order:
///
/// * which event opens a period that is not the first (A8, A14 to A17, A21): with a trial or another product before it,
///   it is another one than without, but there is always one;
/// * the end of a period that another follows (A5, A12, A15): where that is known already, it is no end;
/// * what a product change pays back (A14): the old period has to be known first;
/// * the end of a trial that was paid back (B12): it has ended if a later period is known.
fn in_any_order(fact: &Fact, newest: &str) -> Option<(&'static str, String, i64)> {
    let kind = match fact.kind {
        EventKind::SubscriptionStarted | EventKind::SubscriptionRenewed | EventKind::TrialConverted
            if fact.transaction.id != "t1" =>
        {
            "an opening"
        }
        EventKind::SubscriptionExpired | EventKind::TrialExpired if fact.transaction.id != newest => {
            return None;
        }
        EventKind::SubscriptionRefunded if fact.transaction.refunded_at.is_none() => return None,
        kind => kind.as_str(),
    };
    Some((kind, fact.transaction.id.clone(), fact.at))
}

/// The state of a chain that every order ends in. Not in it: payments without interruption and when access was last
/// opened, which count what was known; timers; where a product change has cut an older period.
fn state(story: &Story) -> String {
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
                &chain.closed,
                &chain.trial,
                chain.has_first
            ),
            (
                chain.access_ends_at(),
                chain.renewal_off_at,
                &chain.access_level_id
            ),
            (chain.is_after_first_year(chain.latest.purchased_at), periods),
            story.revenue(A),
        )
    )
}

#[test]
fn any_order_and_repetition_ends_in_the_same_state_and_the_same_events() {
    let mut dice = Dice::new();
    for _ in 0..RUNS {
        let periods = periods(&mut dice);
        let newest = &periods.last().expect("one at least").id;
        let mut outcomes = BTreeSet::new();
        for order in 0..ORDERS {
            let mut reports = periods.clone();
            for _ in 0..order {
                reports.push(dice.pick(&periods));
            }
            if order > 0 {
                dice.shuffle(&mut reports);
            }
            let mut story = Story::default();
            let mut told = BTreeSet::new();
            let mut note = |drafts: Drafts| {
                for (_, draft) in &drafts {
                    if let Draft::Fact(fact) = draft {
                        told.extend(in_any_order(fact, newest));
                    }
                }
            };
            for report in &reports {
                note(story.try_report(A, REPORTED, report).expect("it is accepted"));
            }
            let reported = state(&story);
            note(story.try_tick(OVER));
            outcomes.insert((reported, state(&story), told));
        }
        assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
    }
}
