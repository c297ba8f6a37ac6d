//! The price in a body: country, currency and an exact amount.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::transaction::Price;
use crate::fields::{self, Field, Kind, Violation};
use crate::json::{Json, Number, Object};

const FIELD: &str = "price";

/// The most digits before the point.
pub const MAX_WHOLE_DIGITS: i64 = 15;

/// The most digits after the point, zeros at the end left out.
pub const MAX_DECIMALS: i64 = 9;

/// The fields of `price`.
pub const FIELDS: &[Field] = &[
    Field::required("country", Kind::Country),
    Field::required("currency", Kind::Currency),
    Field::required("value", Kind::Own),
];

/// Adds what is wrong with a price.
pub fn check(price: &Json<'_>, found: &mut Vec<Violation>) {
    let Json::Object(price) = price else {
        found.push(Violation::base(FIELD, "must be an object"));
        return;
    };
    fields::check(FIELDS, price, FIELD, found, &mut |name, value, found| {
        if let Err(message) = amount(value) {
            found.push(Violation::base(format!("{FIELD}.{name}"), message));
        }
    });
}

/// Reads a price that [`check`] has passed. Country and currency are kept in capitals.
pub fn read(price: &Object<'_>) -> Option<Price> {
    Some(Price {
        country: price.text("country")?.to_ascii_uppercase(),
        currency: price.text("currency")?.to_ascii_uppercase(),
        value: amount(price.get("value")?).ok()?,
    })
}

/// The JSON Schema of `price`.
pub fn schema() -> Value {
    fields::schema(FIELDS, |_| {
        json!({
            "type": "number",
            "minimum": 0,
            "exclusiveMaximum": 10_u64.pow(15),
            "description": format!("In major units, with at most {MAX_DECIMALS} decimals."),
        })
    })
}

fn amount(value: &Json<'_>) -> Result<Decimal, String> {
    let Json::Number(number) = value else {
        return Err("must be a number".into());
    };
    let amount = exact(*number).ok_or_else(|| {
        format!("must have at most {MAX_WHOLE_DIGITS} digits before the point and {MAX_DECIMALS} after it")
    })?;
    if amount < Decimal::ZERO {
        return Err("must not be negative".into());
    }
    Ok(amount)
}

/// The number without any rounding, zeros at the end left out; `None`: it has too many digits.
fn exact(number: Number<'_>) -> Option<Decimal> {
    let text = number.text();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let without_zeros_at_end = digits.trim_end_matches('0');
    let significant = without_zeros_at_end.trim_start_matches('0');
    if significant.is_empty() {
        return Some(Decimal::ZERO);
    }
    let moved_by = i64::from(exponent.parse::<i32>().ok()?);
    // Where the point stands, counted in digits from the front and from the end of what is significant.
    let zeros_in_front = length(without_zeros_at_end) - length(significant);
    let before_point = length(&digits) - length(fraction) - zeros_in_front + moved_by;
    let after_point = length(significant) - before_point;
    if before_point > MAX_WHOLE_DIGITS || after_point > MAX_DECIMALS {
        return None;
    }
    let zeros = u32::try_from(-after_point.min(0)).ok()?; // as in 12e2
    let amount = significant.parse::<i128>().ok()? * 10_i128.pow(zeros);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let scale = u32::try_from(after_point.max(0)).ok()?;
    Some(Decimal::from_i128_with_scale(sign * amount, scale))
}

fn length(digits: &str) -> i64 {
    i64::try_from(digits.len()).expect("a body has fewer bytes than that")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(number: &str) -> Result<String, Vec<(&'static str, String)>> {
        let body = format!(r#"{{"price":{{"country":"us","currency":"usd","value":{number}}}}}"#);
        let body = Object::parse(body.as_bytes()).unwrap();
        let mut found = Vec::new();
        check(body.get("price").unwrap(), &mut found);
        if found.is_empty() {
            return Ok(read(body.object("price").unwrap()).unwrap().value.to_string());
        }
        Err(found
            .into_iter()
            .map(|violation| (violation.code, violation.source))
            .collect())
    }

    #[test]
    fn amounts_are_exact() {
        let cases = [
            ("9.99", "9.99"),
            ("0.1", "0.1"),
            ("9.990", "9.99"),
            ("1200", "1200"),
            ("12e2", "1200"),
            ("1.2E+3", "1200"),
            ("99.9e-2", "0.999"),
            ("0", "0"),
            ("-0", "0"),
            ("0.000", "0"),
            ("0e99", "0"),
            ("1.000000000000", "1"),
            ("999999999999999.999999999", "999999999999999.999999999"),
            ("100000000000000", "100000000000000"),
            ("0.000000001", "0.000000001"),
        ];
        for (number, expected) in cases {
            assert_eq!(value(number).as_deref(), Ok(expected), "{number}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let cases = [
            "-0.01",
            "1000000000000000",
            "1e15",
            "0.0000000001",
            "109.88999999999999",
            "1e300",
            "0.1e-2147483648",
            "1e-9223372036854775808",
            "1e-300",
            "99999999999999999999999999999999999999999999",
            "null",
            "true",
            r#""9.99""#,
            "[]",
        ];
        for number in cases {
            let expected = [("base_error", "price.value".to_owned())];
            assert_eq!(value(number).as_ref().unwrap_err(), &expected, "{number}");
        }
    }

    #[test]
    fn country_and_currency_are_kept_in_capitals() {
        let body = Object::parse(br#"{"country":"us","currency":"usd","value":1}"#).unwrap();
        let price = read(&body).unwrap();
        assert_eq!((price.country.as_str(), price.currency.as_str()), ("US", "USD"));
    }

    proptest! {
        #[test]
        fn every_number_is_read_as_it_is_or_refused(
            number in "-?(0|[1-9][0-9]{0,20})([.][0-9]{1,12})?([eE][+-]?[0-9]{1,2})?",
        ) {
            if let Ok(read) = value(&number) {
                prop_assert_eq!(read.parse::<f64>().unwrap(), number.parse::<f64>().unwrap());
            }
        }
    }
}
