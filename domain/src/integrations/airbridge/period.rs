//! How long a product's periods are, read from the dates of an event.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::events::EventKind;
use crate::integrations::Told;
use crate::time::{HOUR, parse_time};

/// Stores count in their own time zone: an end may be off by the hour of a summer time.
const TOLERANCE: i64 = HOUR;

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

fn between(start: i64, end: i64) -> Option<&'static str> {
    let start = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(start).ok()?);
    let is_length = |(_, months, days): &&(_, i64, i64)| {
        let later = start.checked_add(Span::new().months(*months).days(*days));
        let later = later.and_then(|later| TimeZone::UTC.to_timestamp(later));
        later.is_ok_and(|later| (later.as_microsecond() - end).abs() <= TOLERANCE)
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
}
