//! `rate_after_first_year`: from the charge on that follows a year of paid service.

use super::*;

/// Months of thirty days and a year of 365, one after the other, from the first day on.
fn periods(days: &[i64]) -> Vec<Transaction> {
    let mut from = 0;
    let period = |(n, length): (usize, &i64)| {
        let period = ending(day(from + length), paid(&format!("t{}", n + 1), from));
        from += length;
        period
    };
    days.iter().enumerate().map(period).collect()
}

/// Which of them are charged at the lower rate, reported in this order on the day 5,000.
fn lower(periods: &[Transaction], order: impl Iterator<Item = usize>) -> Vec<bool> {
    let mut story = Story::default();
    let mut lower = vec![false; periods.len()];
    for place in order {
        let facts = story.report(day(5_000), &periods[place]);
        let opening = [
            SubscriptionStarted,
            SubscriptionRenewed,
            TrialStarted,
            TrialConverted,
        ];
        let fact = facts.iter().find(|fact| opening.contains(&fact.kind));
        lower[place] = fact.expect("it begins").rate_after_first_year;
    }
    lower
}

fn first_lower(days: &[i64]) -> Option<usize> {
    let all = periods(days);
    let lower = lower(&all, 0..all.len());
    lower.iter().position(|is_lower| *is_lower)
}

const MONTHS: [i64; 14] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28];

#[test]
fn the_thirteenth_month_and_the_second_year_are_charged_less() {
    assert_eq!(first_lower(&MONTHS), Some(12));
    let mut leap = MONTHS;
    leap[1] = 29;
    assert_eq!(first_lower(&leap), Some(12));
    assert_eq!(first_lower(&[365, 365]), Some(1));
    assert_eq!(first_lower(&[366, 365]), Some(1));
    // Nobody has paid for a year when a year is charged after a month.
    assert_eq!(first_lower(&[30, 365, 365]), Some(2));
}

#[test]
fn a_free_trial_does_not_count_and_a_gap_of_more_than_sixty_days_begins_anew() {
    let mut all = periods(&[7, 360, 30, 30]);
    all[0] = free(all[0].clone());
    assert_eq!(lower(&all, 0..4), [false, false, false, true]);
    for (gap, expected) in [(60, true), (61, false)] {
        let second = paid("t2", 365 + gap);
        let both = [ending(day(365), paid("t1", 0)), second];
        assert_eq!(lower(&both, 0..2), [false, expected]);
    }
}

#[test]
fn it_follows_from_what_is_known_of_the_time_before_in_whichever_order_it_was_told() {
    let all = periods(&MONTHS);
    // Newest first: nothing is known of the time before. Then those that come after a refund of the first.
    let mut story = Story::default();
    for period in all.iter().rev() {
        story.report(day(420), period);
    }
    let next = paid("t15", 424);
    let facts = story.report(day(424), &next);
    assert_made(&facts, &[(SubscriptionRenewed, day(424))]);
    assert!(facts[0].rate_after_first_year);
    // What was charged in the first year is paid back as it was charged.
    let facts = story.report(day(425), &refunded(day(425), all[0].clone()));
    assert_made(&facts, &[(SubscriptionRefunded, day(425))]);
    assert!(!facts[0].rate_after_first_year);
    let facts = story.report(day(425), &refunded(day(425), all[13].clone()));
    assert!(facts[0].rate_after_first_year);
}

#[test]
fn a_report_that_is_repeated_counts_once() {
    let all = periods(&MONTHS[..12]);
    let mut story = Story::default();
    for period in all.iter().chain(&all[..11]) {
        story.report(day(334), period);
    }
    let facts = story.report(day(350), &refunded(day(350), all[11].clone()));
    assert!(!facts[0].rate_after_first_year);
}

#[test]
fn a_period_that_another_product_cut_short_counts_until_then() {
    let mut story = Story::default();
    story.report(day(0), &ending(day(365), of_product("yearly", paid("t1", 0))));
    story.report(day(10), &paid("t2", 10));
    let facts = story.report(day(40), &paid("t3", 40));
    assert!(!facts[0].rate_after_first_year);
}
