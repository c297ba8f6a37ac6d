//! Times as events write them.

use serde::{Serialize, Serializer};

use crate::time::digits;

/// The first instant of the year 1.
const EARLIEST: i64 = -62_135_596_800_000_000;

/// An instant in microseconds, written as `2025-01-10T09:15:02.184233+0000`: always six fraction digits, and an
/// offset without a colon, other than in the answers of the API. Times outside the years 1 to 9999 are drawn to
/// the nearer end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTime(pub i64);

impl EventTime {
    /// The text, which is ASCII.
    fn bytes(self) -> [u8; 31] {
        let mut text = *b"0000-00-00T00:00:00.000000+0000";
        text[..26].copy_from_slice(&digits(self.0.max(EARLIEST)));
        text
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
    use crate::time::{LATEST, parse_time};
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
        assert_eq!(written(i64::MAX), "9999-12-31T23:59:59.999999+0000");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(micros in EARLIEST..=LATEST) {
            prop_assert_eq!(parse_time(&written(micros)), Some(micros));
        }
    }
}
