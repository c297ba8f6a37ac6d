//! Chains of more periods than a chain remembers: what is known stays so, whatever moves and is corrected.

use super::*;

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
