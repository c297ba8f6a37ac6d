//! Times as events write them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

/// The first instant of the year 1.
const EARLIEST: i64 = -62_135_596_800_000_000;

/// Zeros stand where digits go.
const SHAPE: [u8; 31] = *b"0000-00-00T00:00:00.000000+0000";

/// An instant in microseconds, written as `2025-01-10T09:15:02.184233+0000`: always six fraction digits, and an
/// offset without a colon, other than in the answers of the API. Times outside the years 1 to 9999 are drawn to
/// the nearer end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTime(pub i64);

impl EventTime {
    /// The text, which is ASCII.
    fn bytes(self) -> [u8; 31] {
        let instant = Timestamp::from_microsecond(self.0.max(EARLIEST)).unwrap_or(Timestamp::MAX);
        let civil = TimeZone::UTC.to_datetime(instant);
        let (date, clock) = (civil.date(), civil.time());
        let mut text = SHAPE;
        digits(&mut text[0..4], date.year().into());
        digits(&mut text[5..7], date.month().into());
        digits(&mut text[8..10], date.day().into());
        digits(&mut text[11..13], clock.hour().into());
        digits(&mut text[14..16], clock.minute().into());
        digits(&mut text[17..19], clock.second().into());
        digits(&mut text[20..26], clock.subsec_nanosecond() / 1_000);
        text
    }
}

/// Writes a number that is not negative, with zeros in front.
fn digits(place: &mut [u8], mut number: i32) {
    for byte in place.iter_mut().rev() {
        *byte = b"0123456789"[usize::try_from(number % 10).unwrap_or(0)];
        number /= 10;
    }
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.bytes()).expect("digits and signs are ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_time;
    use proptest::prelude::*;

    fn written(micros: i64) -> String {
        String::from_utf8(EventTime(micros).bytes().to_vec()).unwrap()
    }

    #[test]
    fn there_are_always_six_fraction_digits() {
        assert_eq!(written(0), "1970-01-01T00:00:00.000000+0000");
        assert_eq!(written(1_736_500_502_184_233), "2025-01-10T09:15:02.184233+0000");
        assert_eq!(written(-1), "1969-12-31T23:59:59.999999+0000");
    }

    #[test]
    fn times_outside_the_calendar_are_drawn_in() {
        assert_eq!(written(i64::MIN), "0001-01-01T00:00:00.000000+0000");
        assert!(written(i64::MAX).starts_with("9999-12-30T"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(micros in EARLIEST..253_000_000_000_000_000_i64) {
            prop_assert_eq!(parse_time(&written(micros)), Some(micros));
        }
    }
}
