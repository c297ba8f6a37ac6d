//! Dates and times on the wire: everything that the contract accepts, one form to emit.
//!
//! Instants are microseconds since 1970-01-01 UTC.

use jiff::civil::{Date, DateTime, date};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// In microseconds, as all spans of time are.
pub const SECOND: i64 = 1_000_000;
/// Sixty seconds.
pub const MINUTE: i64 = 60 * SECOND;
/// Sixty minutes.
pub const HOUR: i64 = 60 * MINUTE;
/// 24 hours.
pub const DAY: i64 = 24 * HOUR;
/// Stores count in their own time zone: an end may be off by the hour of a summer time.
pub const SUMMER_TIME: i64 = HOUR;

/// The first instant of the year 0.
pub(crate) const EARLIEST: i64 = -62_167_219_200_000_000;
/// The last instant of the year 9999, by which many say "for ever". `jiff::Timestamp` ends a day and two hours earlier.
pub(crate) const LATEST: i64 = 253_402_300_799_999_999;
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);
/// Zeros stand where digits go.
const SHAPE: [u8; 26] = *b"0000-00-00T00:00:00.000000";

/// Reads a date of the form `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10 && shape_matches(text, "dddd-dd-dd");
    if shaped { text.parse().ok() } else { None }
}

/// Reads a time: `T` or a space between date and clock, 0 to 9 fraction digits (cut to microseconds), an
/// offset as `Z`, `+hh:mm` or `+hhmm`, or none, which means UTC. In UTC it lies in the years 0 to 9999.
pub fn parse_time(text: &str) -> Option<i64> {
    const PARSER: DateTimeParser = DateTimeParser::new();
    let (head, tail) = text.split_at_checked(19)?;
    if !shape_matches(head, "dddd-dd-ddTdd:dd:dd") {
        return None;
    }
    let fraction = fraction_length(tail)?;
    let (clock, offset) = text.split_at(head.len() + fraction);
    let nanos = PARSER
        .parse_datetime(clock)
        .ok()?
        .duration_since(EPOCH)
        .as_nanos();
    let micros = i64::try_from(nanos.div_euclid(1_000)).ok()? - offset_micros(offset)?;
    (EARLIEST..=LATEST).contains(&micros).then_some(micros)
}

/// As [`parse_time`], with small letters too, which RFC 3339 allows (section 5.6) and the contract does not.
pub fn parse_time_in_any_case(text: &str) -> Option<i64> {
    parse_time(&text.to_ascii_uppercase())
}

/// Writes a time as `2025-01-05T13:27:47+00:00`, with exactly six fraction digits where the microseconds are
/// not zero. Times outside the years 0 to 9999 are drawn to the nearer end.
pub fn format_time(micros: i64) -> String {
    let digits = digits(micros);
    let is_whole = digits.ends_with(b".000000");
    let shown = if is_whole { &digits[..19] } else { &digits };
    let text = std::str::from_utf8(shown).expect("digits and signs are ASCII");
    [text, "+00:00"].concat()
}

/// A time as `2025-01-10T09:15:02.184233`, which is ASCII. Times outside the years 0 to 9999 are drawn to the nearer end.
pub(crate) fn digits(micros: i64) -> [u8; 26] {
    let micros = micros.clamp(EARLIEST, LATEST);
    let civil = Timestamp::from_microsecond(micros).map_or_else(
        |_| EPOCH.saturating_add(SignedDuration::from_micros(micros)),
        |instant| TimeZone::UTC.to_datetime(instant),
    );
    let (date, clock) = (civil.date(), civil.time());
    let mut text = SHAPE;
    put(&mut text[0..4], date.year().into());
    put(&mut text[5..7], date.month().into());
    put(&mut text[8..10], date.day().into());
    put(&mut text[11..13], clock.hour().into());
    put(&mut text[14..16], clock.minute().into());
    put(&mut text[17..19], clock.second().into());
    put(&mut text[20..26], clock.subsec_nanosecond() / 1_000);
    text
}

/// Writes a number that is not negative, with zeros in front.
fn put(place: &mut [u8], mut number: i32) {
    for byte in place.iter_mut().rev() {
        *byte = b"0123456789"[usize::try_from(number % 10).unwrap_or(0)];
        number /= 10;
    }
}

/// `d` stands for a digit, `T` for a `T` or a space, anything else for itself.
fn shape_matches(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, wanted)| match wanted {
                b'd' => byte.is_ascii_digit(),
                b'T' => byte == b'T' || byte == b' ',
                other => byte == other,
            })
}

/// How long the fraction at the beginning is: a point and 1 to 9 digits, or nothing.
fn fraction_length(tail: &str) -> Option<usize> {
    let Some(rest) = tail.strip_prefix('.') else {
        return Some(0);
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (1..=9).contains(&digits).then_some(1 + digits)
}

/// How far a clock with this offset is ahead of UTC.
fn offset_micros(offset: &str) -> Option<i64> {
    if offset.is_empty() || offset == "Z" {
        return Some(0);
    }
    let has_form = ["+dd:dd", "-dd:dd", "+dddd", "-dddd"]
        .iter()
        .any(|shape| shape_matches(offset, shape));
    if !has_form {
        return None;
    }
    let number = |digits: &str| digits.parse::<i64>().ok();
    let (hours, minutes) = (number(&offset[1..3])?, number(&offset[offset.len() - 2..])?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let ahead = (hours * 60 + minutes) * MINUTE;
    Some(if offset.starts_with('-') { -ahead } else { ahead })
}

/// The day of a time in UTC, `YYYY-MM-DD`.
pub fn format_day(micros: i64) -> String {
    format_time(micros).chars().take(10).collect()
}

/// The month of a time in UTC, counted from the year 0; `None` before it.
pub(crate) fn month_of(micros: i64) -> Option<usize> {
    let instant = Timestamp::from_microsecond(micros).ok()?;
    let date = TimeZone::UTC.to_datetime(instant).date();
    let months = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
    usize::try_from(months).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accepted_form_is_read() {
        let second = |text: &str| parse_time(text).map(format_time);
        let cases = [
            ("2022-10-12T09:42:50.000000+0000", "2022-10-12T09:42:50+00:00"),
            ("2024-12-24T10:50:23+00:00", "2024-12-24T10:50:23+00:00"),
            ("2025-01-14T14:15:22Z", "2025-01-14T14:15:22+00:00"),
            ("2024-01-15T10:30:00.123Z", "2024-01-15T10:30:00.123000+00:00"),
            ("2022-10-12T11:42:50+02:00", "2022-10-12T09:42:50+00:00"),
            ("2024-10-12T09:42:50.123", "2024-10-12T09:42:50.123000+00:00"),
            ("2024-10-12 09:42:50", "2024-10-12T09:42:50+00:00"),
            (
                "2025-01-05T13:27:47.461425999Z",
                "2025-01-05T13:27:47.461425+00:00",
            ),
            ("1969-12-31T23:59:59.9999995Z", "1969-12-31T23:59:59.999999+00:00"),
            ("2024-12-31T23:59:59-0130", "2025-01-01T01:29:59+00:00"),
            ("2024-10-12T23:59:50+23:59", "2024-10-12T00:00:50+00:00"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
            ("2024-10-12T09:42:60.5Z", "2024-10-12T09:42:59.500000+00:00"),
        ];
        for (text, expected) in cases {
            assert_eq!(second(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_calendar_is_read_and_written_to_its_ends() {
        for text in [
            "0000-01-01T00:00:00+00:00",
            "1969-12-31T23:59:59.999999+00:00",
            "9999-12-30T22:00:00+00:00",
            "9999-12-30T22:00:00.000001+00:00",
            "9999-12-31T00:00:00+00:00",
            "9999-12-31T23:59:59.999999+00:00",
        ] {
            let micros = parse_time(text).unwrap_or_else(|| panic!("{text} is not read"));
            assert_eq!(format_time(micros), text);
        }
        for beyond in ["9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"] {
            assert_eq!(parse_time(beyond), None, "{beyond}");
        }
    }

    #[test]
    fn times_outside_the_calendar_are_drawn_in() {
        assert_eq!(format_time(i64::MIN), "0000-01-01T00:00:00+00:00");
        assert_eq!(format_time(EARLIEST + 1), "0000-01-01T00:00:00.000001+00:00");
        assert_eq!(format_time(i64::MAX), "9999-12-31T23:59:59.999999+00:00");
    }

    #[test]
    fn other_forms_are_refused() {
        let cases = [
            "",
            "1700000000",
            "2024-10-12",
            "2024-10-12T09:42",
            "2024-13-12T09:42:50Z",
            "2024-10-12T24:00:00Z",
            "2016-12-31T23:59:61Z",
            "2024-10-12T09:42:50.Z",
            "2024-10-12T09:42:50.1234567890Z",
            "2024-10-12T09:42:50+00:00[UTC]",
            "2024-10-12T09:42:50 Z",
            "2024-10-12T09:42:50+24:00",
            "2024-10-12T09:42:50+01:60",
            "2024-10-12T09:42:50+01",
            "2024-10-12T09:42:50é",
            "２024-10-12T09:42:50Z",
            "2024-10-12t09:42:50z",
            "2024-10-12t09:42:50Z",
            "2024-10-12_09:42:50Z",
            "2024-10-12T09:42:50+-1:00",
            "2024-10-12T09:42:50+00-00",
        ];
        for text in cases {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn small_letters_are_read_where_they_may_be() {
        let capital = parse_time("2024-10-12T09:42:50.5Z");
        assert!(capital.is_some());
        for text in [
            "2024-10-12t09:42:50.5z",
            "2024-10-12T09:42:50.5z",
            "2024-10-12t11:42:50.5+02:00",
            "2024-10-12 09:42:50.5Z",
        ] {
            assert_eq!(parse_time_in_any_case(text), capital, "{text}");
        }
        for text in ["2024-10-12t09:42:50.5é", "2024-10-12x09:42:50.5z"] {
            assert_eq!(parse_time_in_any_case(text), None, "{text}");
        }
    }

    #[test]
    fn the_day_of_a_time_is_that_in_utc() {
        let day = |text: &str| parse_time(text).map(format_day);
        assert_eq!(day("2024-12-31T23:59:59Z").as_deref(), Some("2024-12-31"));
        assert_eq!(day("2024-12-31T23:59:59-01:00").as_deref(), Some("2025-01-01"));
    }

    #[test]
    fn dates_must_exist() {
        assert!(parse_date("2000-12-31").is_some());
        assert!(parse_date("2001-02-29").is_none());
        assert!(parse_date("2000-12-31T00:00:00Z").is_none());
        assert!(parse_date("20001231").is_none());
    }
}
