//! The price in a body: country, currency and an exact amount.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::transaction::Price;
use crate::fields::{self, Field, Kind, Violation};
use crate::json::{Json, Number, Object};

const FIELD: &str = "price";

/// The most digits before the point.
pub const MAX_WHOLE_DIGITS: u32 = 15;

/// So many digits after the point are kept.
pub const MAX_DECIMALS: u32 = 9;

/// The fields of `price`.
pub const FIELDS: &[Field] = &[
    Field::required("country", Kind::Country).about("The country of the customer's account at the store."),
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
            "exclusiveMaximum": 10_u64.pow(MAX_WHOLE_DIGITS),
            "description": format!("In major units, rounded to {MAX_DECIMALS} decimals."),
        })
    })
}

fn amount(value: &Json<'_>) -> Result<Decimal, String> {
    let Json::Number(number) = value else {
        return Err("must be a number".into());
    };
    let amount = exact(*number)
        .ok_or_else(|| format!("must have at most {MAX_WHOLE_DIGITS} digits before the point"))?;
    if amount < Decimal::ZERO {
        return Err("must not be negative".into());
    }
    Ok(amount)
}

/// The decimal that the number's digits are, rounded to [`MAX_DECIMALS`]: binary tails such as `109.88999999999999`
/// are common. `None`: it is too large.
fn exact(number: Number<'_>) -> Option<Decimal> {
    let text = number.text();
    let read = match text.contains(['e', 'E']) {
        true if is_tiny(text) => Ok(Decimal::ZERO),
        true => Decimal::from_scientific_lossy(text),
        false => text.parse(),
    };
    let value = read.ok()?.round_dp(MAX_DECIMALS).normalize();
    (value.abs() < Decimal::from(10_u64.pow(MAX_WHOLE_DIGITS))).then_some(value)
}

/// Is nothing left of it once it is rounded? Exponents below -28 cannot be read as decimals.
fn is_tiny(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|size| size.abs() < 1e-10)
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
            ("109.88999999999999", "109.89"),
            ("0.0000000001", "0"),
            ("1.000000000000", "1"),
            ("999999999999999.999999999", "999999999999999.999999999"),
            ("100000000000000", "100000000000000"),
            ("0.000000001", "0.000000001"),
            ("-0.0000000001", "0"),
        ];
        for (number, expected) in cases {
            assert_eq!(value(number).as_deref(), Ok(expected), "{number}");
        }
    }

    #[test]
    fn what_is_too_small_to_be_kept_is_read_alike_with_an_exponent_and_without() {
        let cases = [
            ("0.000000000000000000000000000001", "0"),
            ("1e-30", "0"),
            ("-1e-30", "0"),
            ("1.5E-28", "0"),
            ("0e-99", "0"),
            ("1e-9999", "0"),
            ("1.23456789012345678901234567e-5", "0.000012346"),
        ];
        for (number, expected) in cases {
            assert_eq!(value(number).as_deref(), Ok(expected), "{number}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let cases = [
            "-0.01",
            "-0.000000001",
            "1000000000000000",
            "1e15",
            "1e300",
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
        fn every_number_is_read_rounded_or_refused(
            number in "-?(0|[1-9][0-9]{0,20})([.][0-9]{1,12})?([eE][+-]?[0-9]{1,2})?",
        ) {
            if let Ok(read) = value(&number) {
                let (read, sent) = (read.parse::<f64>().unwrap(), number.parse::<f64>().unwrap());
                prop_assert!((read - sent).abs() <= 0.51e-9 + sent.abs() * 1e-15);
            }
        }
    }
}
