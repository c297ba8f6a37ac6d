//! Custom attributes: up to 30 pairs of a key and a text or number.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values;
use crate::fields::{Violation, longer};
use crate::json::{Json, Object};

/// How many attributes a profile may have.
pub const MAX_COUNT: usize = 30;
/// The longest key, in characters.
pub const MAX_KEY: usize = 30;
/// The longest text value, in characters.
pub const MAX_VALUE: usize = 50;

const FIELD: &str = "custom_attributes";

/// A profile's attributes, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(BTreeMap<String, AttributeValue>);

/// The value of an attribute. Numbers are floats: 10 comes back as 10.0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AttributeValue {
    /// A text of at most 50 characters.
    Text(String),
    /// A number.
    Number(f64),
}

/// What a call asks for: the attributes to set, and with `None` those to delete.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AttributeChanges(Vec<(String, Option<AttributeValue>)>);

impl Attributes {
    /// The attributes in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The attributes after the changes; more than 30 after all deletions are refused.
    pub fn after(&self, changes: &AttributeChanges) -> Result<Self, Violation> {
        let mut next = self.0.clone();
        values::apply(&mut next, &changes.0);
        if next.len() > MAX_COUNT {
            return Err(Violation::base(
                FIELD,
                format!("a profile has at most {MAX_COUNT} custom attributes"),
            ));
        }
        Ok(Self(next))
    }

    /// The stored form, a JSON object; `None` where there are no attributes.
    pub fn encode(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        Some(serde_json::to_string(self).expect("texts and finite numbers always serialise"))
    }

    /// Reads the stored form.
    pub fn decode(text: Option<&str>) -> Option<Self> {
        text.map_or_else(|| Some(Self::default()), |text| serde_json::from_str(text).ok())
    }
}

impl AttributeChanges {
    /// Reads `[{"key": …, "value": …}, …]`: booleans become floats, `null` and the empty string delete, and of
    /// a key that comes twice the last counts. An empty array is refused.
    pub fn parse(value: &Json<'_>) -> Result<Self, Violation> {
        let Json::Array(items) = value else {
            return Err(Violation::base(
                FIELD,
                "must be an array of objects with key and value",
            ));
        };
        if items.is_empty() {
            return Err(Violation::base(FIELD, "must hold at least one attribute"));
        }
        items.iter().map(read_item).collect::<Result<_, _>>().map(Self)
    }
}

fn read_item(item: &Json<'_>) -> Result<(String, Option<AttributeValue>), Violation> {
    let refuse = |message: &str| Err(Violation::base(FIELD, message));
    let Json::Object(item) = item else {
        return refuse("each attribute must be an object with key and value");
    };
    let key = read_key(item)?;
    let value = match item.get("value") {
        None => return refuse("each attribute needs a value"),
        Some(Json::Null) => None,
        Some(Json::Text(text)) if text.is_empty() => None,
        Some(Json::Text(text)) if longer(text, MAX_VALUE) => {
            return refuse(&format!(
                "the value of {key} must have at most {MAX_VALUE} characters"
            ));
        }
        Some(Json::Text(text)) => Some(AttributeValue::Text(text.clone().into_owned())),
        Some(Json::Number(number)) => Some(AttributeValue::Number(number.float())),
        Some(Json::Bool(flag)) => Some(AttributeValue::Number(f64::from(*flag))),
        Some(_) => return refuse(&format!("the value of {key} must be a string or a number")),
    };
    Ok((key, value))
}

fn read_key(item: &Object<'_>) -> Result<String, Violation> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    match item.get("key") {
        Some(Json::Text(key)) if (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(allowed) => {
            Ok(key.clone().into_owned())
        }
        _ => Err(Violation::base(
            FIELD,
            format!("a key is a string of 1 to {MAX_KEY} letters, digits, hyphens, dots and underscores"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(array: &str) -> Result<AttributeChanges, Violation> {
        let body = format!(r#"{{"a":{array}}}"#);
        AttributeChanges::parse(Object::parse(body.as_bytes()).unwrap().get("a").unwrap())
    }

    fn after(before: &Attributes, array: &str) -> Attributes {
        before.after(&changes(array).unwrap()).unwrap()
    }

    #[test]
    fn values_are_merged_by_key_and_numbers_become_floats() {
        let first = after(
            &Attributes::default(),
            r#"[{"key":"b","value":10},{"key":"a","value":true}]"#,
        );
        let second = after(
            &first,
            r#"[{"key":"b","value":"text"},{"key":"b","value":"last"}]"#,
        );
        assert_eq!(second.encode().unwrap(), r#"{"a":1.0,"b":"last"}"#);
        assert_eq!(Attributes::decode(second.encode().as_deref()), Some(second));
    }

    #[test]
    fn null_and_empty_delete_and_missing_ones_are_no_error() {
        let first = after(
            &Attributes::default(),
            r#"[{"key":"a","value":1},{"key":"b","value":1}]"#,
        );
        let empty = after(
            &first,
            r#"[{"key":"a","value":null},{"key":"b","value":""},{"key":"c","value":null}]"#,
        );
        assert_eq!(empty, Attributes::default());
        assert_eq!(empty.encode(), None);
    }

    #[test]
    fn the_count_is_taken_after_deletions() {
        let pairs = |range: std::ops::Range<usize>, value: &str| {
            let items: Vec<_> = range
                .map(|n| format!(r#"{{"key":"k{n}","value":{value}}}"#))
                .collect();
            items.join(",")
        };
        let full = after(&Attributes::default(), &format!("[{}]", pairs(0..30, "1")));
        assert!(
            full.after(&changes(&format!("[{}]", pairs(30..31, "1"))).unwrap())
                .is_err()
        );
        let swap = format!("[{},{}]", pairs(30..31, "1"), pairs(0..1, "null"));
        assert!(full.after(&changes(&swap).unwrap()).is_ok());
    }

    #[test]
    fn bad_attributes_are_refused() {
        let long_value = format!(r#"[{{"key":"a","value":"{}"}}]"#, "x".repeat(51));
        let long_key = format!(r#"[{{"key":"{}","value":1}}]"#, "k".repeat(31));
        let cases = [
            "[]",
            "{}",
            "1",
            "[1]",
            r#"[{"key":"a"}]"#,
            r#"[{"value":1}]"#,
            r#"[{"key":"","value":1}]"#,
            r#"[{"key":"ä","value":1}]"#,
            r#"[{"key":"a b","value":1}]"#,
            r#"[{"key":"a","value":[]}]"#,
            long_value.as_str(),
            long_key.as_str(),
        ];
        for case in cases {
            let violation = changes(case).unwrap_err();
            assert_eq!(
                (violation.code, violation.source.as_str()),
                ("base_error", FIELD),
                "{case}"
            );
        }
    }
}
