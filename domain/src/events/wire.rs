//! Single values as events write them.

use std::borrow::Cow;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// The most decimals that are written.
const DECIMALS: u32 = 6;
/// Whole numbers below this are exact as floats.
const EXACT: u128 = 1 << 53;
const POWERS: [f64; DECIMALS as usize + 1] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];

/// Money in major units, written as a number with at most six decimals; halves are rounded away from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Decimal);

impl Amount {
    /// The float that is nearest to the rounded amount; never a negative zero.
    fn nearest(self) -> f64 {
        let rounded = self
            .0
            .round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointAwayFromZero);
        let mantissa = rounded.mantissa();
        if mantissa.unsigned_abs() >= EXACT {
            return rounded.to_string().parse().unwrap_or(f64::MAX);
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "looked at above: one division of two exact floats rounds once"
        )]
        let mantissa = mantissa as f64;
        mantissa / POWERS[rounded.scale() as usize]
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.nearest())
    }
}

/// A country, written in upper case.
#[derive(Debug, Clone, Copy)]
pub struct UpperCase<'a>(pub &'a str);

impl Serialize for UpperCase<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_upper = !self.0.bytes().any(|byte| byte.is_ascii_lowercase());
        let text = if is_upper {
            Cow::Borrowed(self.0)
        } else {
            Cow::Owned(self.0.to_ascii_uppercase())
        };
        serializer.serialize_str(&text)
    }
}

/// An id that ought to be a UUID: written in lower case if it is one in the usual form, else as it is.
#[derive(Debug, Clone, Copy)]
pub struct UuidText<'a>(pub &'a str);

impl Serialize for UuidText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const USUAL_LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
        match Uuid::try_parse(self.0) {
            Ok(uuid) if self.0.len() == USUAL_LENGTH => uuid.serialize(serializer),
            _ => serializer.serialize_str(self.0),
        }
    }
}

/// A length in days, written as `7 days`.
#[derive(Debug, Clone, Copy)]
pub struct Days(pub i64);

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{} days", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(value: impl Serialize) -> String {
        serde_json::to_string(&value).unwrap()
    }

    fn amount(text: &str) -> String {
        json(Amount(text.parse().unwrap()))
    }

    #[test]
    fn amounts_have_at_most_six_decimals() {
        let cases = [
            ("9.99", "9.99"),
            ("9.990000000", "9.99"),
            ("10", "10.0"),
            ("5.8764705882352941176470588235", "5.876471"),
            ("-1.0000005", "-1.000001"),
            ("0.0000004", "0.0"),
            ("123456789012345678.5", "1.2345678901234568e+17"),
        ];
        for (text, expected) in cases {
            assert_eq!(amount(text), expected, "{text}");
        }
    }

    #[test]
    fn there_is_no_negative_zero() {
        assert_eq!(json(Amount(-Decimal::ZERO)), "0.0");
        assert_eq!(amount("-0.0000001"), "0.0");
    }

    #[test]
    fn countries_are_upper_case_and_uuids_lower_case() {
        assert_eq!(json(UpperCase("de")), r#""DE""#);
        assert_eq!(json(UpperCase("USD")), r#""USD""#);
        let upper = "5B0E6A52-7C1D-4A0E-9A44-0F6B7A0C9D11";
        assert_eq!(json(UuidText(upper)), json(upper.to_lowercase()));
        for other in ["", "Variation-A", "5B0E6A527C1D4A0E9A440F6B7A0C9D11"] {
            assert_eq!(json(UuidText(other)), json(other));
        }
    }

    proptest! {
        #[test]
        fn an_amount_is_the_float_nearest_to_its_digits(micros in i64::MIN..i64::MAX) {
            let decimal = Decimal::new(micros, 6);
            let nearest: f64 = decimal.to_string().parse().unwrap();
            prop_assert_eq!(Amount(decimal).nearest(), nearest);
        }
    }
}
