//! Chains of more periods than a chain remembers: what is known stays so, whatever moves and is corrected.

use super::dice::Dice;
use super::*;
use crate::time::DAY;

/// So many periods of a chain, a year after each other, for a dollar each.
fn yearly(chain: &str, count: i64) -> Vec<Transaction> {
    let period = |n: i64| {
        let id = format!("{chain}{n}");
        of_chain(chain, priced(100, paid(&id, 365 * n)))
    };
    (1..=count).map(period).collect()
}

fn told_all(periods: &[Transaction]) -> Story {
    let mut story = Story::default();
    for period in periods {
        story.report(day(5_000), period);
    }
    story
}

#[test]
fn a_period_that_is_not_remembered_stays_known_when_another_leaves_the_chain() {
    let now = day(5_000);
    let periods = yearly("a", 9);
    let refunded_first = refunded(day(366), periods[0].clone());
    let moved = || {
        let mut story = told_all(&periods);
        story.report(now, &of_chain("other", periods[8].clone()));
        story
    };
    let mut story = moved();
    assert_eq!(story.report(now, &periods[0]), NOTHING);
    assert_eq!(story.revenue(A), usd(900));
    story.report(now, &refunded_first);
    assert_eq!(story.revenue(A), usd(800));
    let mut story = moved();
    assert_eq!(story.report(now, &refunded_first), ["subscription_refunded"]);
    assert_eq!(story.revenue(A), usd(800));
    // Somebody else tells it, or tells it as another type.
    let mut story = moved();
    story.report_by(B, now, &periods[0]);
    assert_eq!((story.revenue(A), story.revenue(B)), (usd(900), usd(0)));
    let refused = story.try_report(A, now, &bought_once("a1", 0)).unwrap_err();
    assert_eq!(refused.source, "purchase_type");
    // Then its owner tells it again.
    let mut story = told_all(&periods);
    story.report_by(B, now, &periods[0]);
    assert_eq!(story.report(now, &periods[0]), NOTHING);
    assert_eq!(story.revenue(A), usd(900));
}

#[test]
fn a_period_that_is_not_remembered_stays_known_when_another_turns_out_to_be_older() {
    let now = day(5_000);
    let periods = yearly("b", 9);
    let mut story = told_all(&periods);
    let older = Transaction {
        purchased_at: day(0),
        expires_at: Some(day(30)),
        ..periods[1].clone()
    };
    assert_eq!(story.report(now, &older), NOTHING);
    assert_eq!(story.report(now, &periods[0]), NOTHING);
    assert_eq!(story.revenue(A), usd(900));
}

#[test]
fn all_periods_may_move_to_another_chain_the_newest_first() {
    let now = day(5_000);
    let periods = yearly("g", 12);
    let mut story = told_all(&periods);
    for period in periods.iter().rev() {
        story.report(now, &of_chain("other", period.clone()));
    }
    let holdings = &story.parties[A].holdings;
    assert_eq!((holdings.chains.len(), story.revenue(A)), (1, usd(1_200)));
    // Some of them go back, and the rest is told again.
    for period in &periods[..4] {
        story.report(now, period);
    }
    for period in &periods[4..] {
        story.report(now, &of_chain("other", period.clone()));
    }
    assert_eq!(story.parties[A].holdings.chains[0].revenue_usd, usd(800));
    assert_eq!(story.revenue(A), usd(1_200));
}

/// A period as it is corrected: to another chain, another date, or paid back or not.
fn corrected(dice: &mut Dice, period: &Transaction) -> Transaction {
    let period = period.clone();
    match dice.between(0, 4) {
        0 => of_chain(dice.pick(&["a", "b", "c"]), period),
        1 => {
            let at = period.purchased_at + DAY * dice.between(-1_500, 1_500);
            Transaction {
                purchased_at: at,
                ..ending(at + 30 * DAY, period)
            }
        }
        2 if period.refunded_at.is_none() => refunded(period.purchased_at + HOUR, period),
        3 => Transaction {
            refunded_at: None,
            cancellation_reason: None,
            ..period
        },
        _ => period,
    }
}

#[test]
fn revenue_is_the_sum_of_what_is_owned_whatever_moves_and_is_corrected() {
    let now = day(9_000);
    for mut dice in Dice::each() {
        for _ in 0..300 {
            let mut periods = yearly("a", 12);
            dice.shuffle(&mut periods);
            let mut story = told_all(&periods);
            for _ in 0..40 {
                let stored = dice.pick(&story.stored);
                story.report(now, &corrected(&mut dice, &stored));
                let chains = story.parties[A].holdings.chains.iter();
                let of_chains: Decimal = chains.map(|chain| chain.revenue_usd).sum();
                assert_eq!(story.revenue(A), of_chains);
            }
            // Of a chain that is gone the oldest count when they are told again.
            for stored in story.stored.clone() {
                story.report(now, &stored);
            }
            let kept = story.stored.iter().filter(|stored| stored.refunded_at.is_none());
            let expected = 100 * i64::try_from(kept.count()).expect("a few");
            assert_eq!(story.revenue(A), usd(expected), "{:#?}", story.stored);
        }
    }
}
