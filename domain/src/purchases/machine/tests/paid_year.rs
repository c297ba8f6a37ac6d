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

#[test]
fn only_the_time_before_the_charge_counts_and_what_overlaps_counts_once() {
    let rate_of_last = |periods: &[Transaction]| lower(periods, 0..periods.len()).pop();
    let year = |id: &str, from| ending(day(from + 365), paid(id, from));
    // 30 days, and 290 of the year that runs.
    let half = [paid("t1", 0), year("t2", 90), paid("t3", 380)];
    assert_eq!(rate_of_last(&half), Some(false));
    // 300 days twice over in part, and 30 more.
    let twice = [
        ending(day(200), paid("t1", 0)),
        ending(day(300), paid("t2", 100)),
        paid("t3", 340),
        paid("t4", 370),
    ];
    assert_eq!(rate_of_last(&twice), Some(false));
    // A day less than is needed.
    let short = [ending(day(364), paid("t1", 0)), paid("t2", 374)];
    assert_eq!(rate_of_last(&short), Some(false));
    // Grace was not paid for, nor what another product cut off.
    let with_grace = failed(day(350), Some(day(366)), ending(day(350), paid("t1", 0)));
    assert_eq!(rate_of_last(&[with_grace, paid("t2", 366)]), Some(false));
    let yearly = of_product("yearly", year("t1", 0));
    let cut_off = [yearly, paid("t2", 10), paid("t3", 390)];
    assert_eq!(rate_of_last(&cut_off), Some(false));
    // Nor what was paid back.
    let back = [
        refunded(day(300), year("t1", 0)),
        paid("t2", 340),
        paid("t3", 370),
    ];
    assert_eq!(rate_of_last(&back), Some(false));
}

#[test]
fn a_long_gap_begins_anew_wherever_it_lies() {
    for (gap, expected) in [(60, true), (61, false)] {
        let second = 200 + gap;
        let three = [
            ending(day(200), paid("t1", 0)),
            ending(day(second + 200), paid("t2", second)),
            paid("t3", second + 200),
        ];
        assert_eq!(lower(&three, 0..3), [false, false, expected]);
    }
}

/// Weeks with a day between them, but after the tenth, and which of them is the first at the lower rate.
fn first_lower_week(gap_after_the_tenth: i64) -> Option<usize> {
    let begins = |n: i64| n * 8 + if n >= 10 { gap_after_the_tenth - 1 } else { 0 };
    let week = |n| ending(day(begins(n) + 7), paid(&format!("t{}", n + 1), begins(n)));
    let weeks: Vec<_> = (0..70).map(week).collect();
    let lower = lower(&weeks, 0..weeks.len());
    lower.iter().position(|is_lower| *is_lower)
}

#[test]
fn a_long_past_with_many_gaps_is_summed_up() {
    assert_eq!(first_lower_week(1), Some(53));
    assert_eq!(first_lower_week(60), Some(53));
    assert_eq!(first_lower_week(61), Some(63));
}
