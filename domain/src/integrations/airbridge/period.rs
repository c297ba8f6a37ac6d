//! How long a product's periods are, read from the dates of an event.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Error, Span, Timestamp};

use crate::events::EventKind;
use crate::integrations::Told;
use crate::time::{SUMMER_TIME, parse_time};

/// The lengths that stores sell: ISO 8601, months, days.
const LENGTHS: [(&str, i64, i64); 6] = [
    ("P1W", 0, 7),
    ("P1M", 1, 0),
    ("P2M", 2, 0),
    ("P3M", 3, 0),
    ("P6M", 6, 0),
    ("P1Y", 12, 0),
];

/// The length of the period that was paid, as an ISO 8601 duration such as `P1M`. `None` where the event is about
/// something else, or its dates are no usual length apart, as in a sandbox.
pub fn of(event: &Told<'_>) -> Option<&'static str> {
    let is_period = matches!(
        event.kind,
        EventKind::SubscriptionStarted | EventKind::SubscriptionRenewed | EventKind::TrialConverted
    );
    if !is_period {
        return None;
    }
    between(
        parse_time(event.text("purchase_date")?)?,
        parse_time(event.text("subscription_expires_at")?)?,
    )
}

/// Where a month has no such day, its last one counts, at the start as at the end: who bought on a 31st has a month from
/// 30 April to 31 May.
fn between(start: i64, end: i64) -> Option<&'static str> {
    let civil = |at| Some(TimeZone::UTC.to_datetime(Timestamp::from_microsecond(at).ok()?));
    let (first, last) = (civil(start)?, civil(end)?);
    let is_near = |day: Result<DateTime, Error>, at: i64| {
        let day = day.and_then(|day| TimeZone::UTC.to_timestamp(day));
        day.is_ok_and(|day| (day.as_microsecond() - at).abs() <= SUMMER_TIME)
    };
    let is_length = |(_, months, days): &&(_, i64, i64)| {
        let length = Span::new().months(*months).days(*days);
        is_near(first.checked_add(length), end) || is_near(last.checked_sub(length), start)
    };
    LENGTHS.iter().find(is_length).map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(start: &str, end: &str) -> Option<&'static str> {
        between(parse_time(start).unwrap(), parse_time(end).unwrap())
    }

    #[test]
    fn usual_lengths_are_recognized_over_ends_of_months_and_summer_time() {
        for (start, end, expected) in [
            (
                "2025-01-01T00:00:00.000000+0000",
                "2025-02-01T00:00:00.000000+0000",
                Some("P1M"),
            ),
            (
                "2025-01-31T12:00:00.000000+0000",
                "2025-02-28T12:00:00.000000+0000",
                Some("P1M"),
            ),
            (
                "2025-03-01T12:00:00.000000+0000",
                "2025-04-01T11:00:00.000000+0000",
                Some("P1M"),
            ),
            (
                "2024-02-29T12:00:00.000000+0000",
                "2025-02-28T12:00:00.000000+0000",
                Some("P1Y"),
            ),
            (
                "2025-01-01T00:00:00.000000+0000",
                "2025-01-08T00:00:00.000000+0000",
                Some("P1W"),
            ),
            (
                "2025-01-01T00:00:00.000000+0000",
                "2025-01-01T00:05:00.000000+0000",
                None,
            ),
            (
                "2025-01-01T00:00:00.000000+0000",
                "2025-01-21T00:00:00.000000+0000",
                None,
            ),
        ] {
            assert_eq!(length(start, end), expected, "{start} {end}");
        }
    }

    #[test]
    fn a_renewal_is_recognized_where_it_comes_back_to_the_last_days_of_a_longer_month() {
        for (start, end, expected) in [
            ("2025-04-30", "2025-05-31", Some("P1M")),
            ("2025-06-30", "2025-07-31", Some("P1M")),
            ("2025-02-28", "2025-03-31", Some("P1M")),
            ("2024-02-29", "2024-03-31", Some("P1M")),
            ("2025-02-28", "2025-03-29", Some("P1M")),
            ("2025-02-28", "2025-04-30", Some("P2M")),
            ("2025-04-30", "2025-07-31", Some("P3M")),
            ("2025-02-28", "2025-08-31", Some("P6M")),
            ("2027-02-28", "2028-02-29", Some("P1Y")),
            ("2025-04-30", "2025-06-01", None),
            ("2025-04-29", "2025-05-31", None),
        ] {
            let noon = |day| format!("{day}T12:00:00.000000+0000");
            assert_eq!(length(&noon(start), &noon(end)), expected, "{start} {end}");
        }
    }
}
