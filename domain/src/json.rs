//! Request bodies as JSON: fields in body order, text borrowed from the body, nesting and count limited.

mod reader;

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::value::{self, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::time::parse_time;

/// How deep arrays and objects may nest. A body that goes deeper does not parse.
pub const MAX_DEPTH: usize = 64;

/// How many values a body may hold. In memory each takes many times the few bytes that it can have in the body.
pub const MAX_VALUES: usize = 100_000;

/// A JSON value that borrows its text from the body where no escape stands in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Any number.
    Number(Number<'a>),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// A number as it stands in the body, with every digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<'a>(&'a str);

/// The fields of an object in body order, each name once: when a body repeats a name, the last value counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, nested deeper than [`MAX_DEPTH`], or of more than [`MAX_VALUES`] values.
    #[error("the body is not valid JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    /// JSON, but an array, a string, a number, a boolean or `null`.
    #[error("the body must be a JSON object")]
    NotAnObject,
}

impl Json<'_> {
    /// The text, or `None` where it is something else.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> Object<'a> {
    /// Reads a body. An empty one is an empty object.
    pub fn parse(body: &'a [u8]) -> Result<Self, JsonError> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        match reader::read(body)? {
            Json::Object(object) => Ok(object),
            _ => Err(JsonError::NotAnObject),
        }
    }

    /// The value of a field, or `None` where the body does not name it.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// All fields in body order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// The text in a field, or `None` where there is something else or nothing.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text()
    }

    /// The time in a field, or `None` where there is something else or nothing.
    pub fn time(&self, name: &str) -> Option<i64> {
        parse_time(self.text(name)?)
    }

    /// The flag in a field, or `None` where there is something else or nothing.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Json::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The value of an enumeration in a field, or `None` where there is something else or nothing.
    pub fn choice<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let text: StrDeserializer<'_, value::Error> = self.text(name)?.into_deserializer();
        T::deserialize(text).ok()
    }

    /// The object in a field, or `None` where there is something else or nothing.
    pub fn object(&self, name: &str) -> Option<&Object<'a>> {
        match self.get(name)? {
            Json::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The same object with older names, the first of each pair, read as newer ones. Where a body gives both, the
    /// newer one counts.
    pub fn with_newer_names(&self, pairs: &[(&str, &'static str)]) -> Self {
        let newer = |name: &str| pairs.iter().find(|(older, _)| *older == name).map(|pair| pair.1);
        let fields = self.0.iter().filter_map(|(name, value)| match newer(name) {
            Some(newer) if self.get(newer).is_some() => None,
            Some(newer) => Some((Cow::Borrowed(newer), value.clone())),
            None => Some((name.clone(), value.clone())),
        });
        Self(fields.collect())
    }
}

impl<'a> Number<'a> {
    /// The digits, as JSON writes numbers.
    pub fn text(self) -> &'a str {
        self.0
    }

    /// The nearest float. Integers beyond 2⁵³ lose digits, as in JavaScript.
    pub fn float(self) -> f64 {
        self.0.parse().expect("every number of JSON is one of Rust")
    }
}

/// A text, such as a field's name, borrowed where it can be.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_body_is_an_empty_object() {
        assert_eq!(Object::parse(b"").unwrap(), Object::default());
        assert!(Object::parse(b" \n").is_err());
    }

    #[test]
    fn fields_keep_body_order_and_the_last_of_a_repeated_name_counts() {
        let object = Object::parse(br#"{"b":1,"a":"x","b":"last"}"#).unwrap();
        let names: Vec<_> = object.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(object.get("b"), Some(&Json::Text("last".into())));
    }

    #[test]
    fn a_body_that_is_no_object_is_refused_apart_from_broken_json() {
        assert!(matches!(Object::parse(b"[]"), Err(JsonError::NotAnObject)));
        assert!(matches!(Object::parse(b"null"), Err(JsonError::NotAnObject)));
        assert!(matches!(Object::parse(b"{\"a\":}"), Err(JsonError::Syntax(_))));
        assert!(matches!(Object::parse(b"{} {}"), Err(JsonError::Syntax(_))));
        assert!(matches!(
            Object::parse(b"{\"a\":\"\xff\"}"),
            Err(JsonError::Syntax(_))
        ));
    }

    #[test]
    fn nesting_stops_at_the_limit() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(Object::parse(nested(64).as_bytes()).is_ok());
        assert!(Object::parse(nested(65).as_bytes()).is_err());
        assert!(Object::parse("[".repeat(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn the_count_of_values_stops_at_the_limit() {
        let zeros = |count: usize| format!("{{\"a\":[{}0]}}", "0,".repeat(count - 1));
        // The object and the array count too.
        assert!(Object::parse(zeros(100_000 - 2).as_bytes()).is_ok());
        assert!(Object::parse(zeros(100_000 - 1).as_bytes()).is_err());
    }

    #[test]
    fn many_repeated_names_take_linear_time() {
        let body = format!("{{{}\"a\":2}}", "\"a\":1,".repeat(MAX_VALUES - 2));
        assert_eq!(
            Object::parse(body.as_bytes()).unwrap().get("a"),
            Some(&Json::Number(Number("2")))
        );
    }

    #[test]
    fn numbers_keep_every_digit_wherever_they_stand() {
        let body = br#"{"1":"2\\\"3","a":[-1.50,{"4":1E+2}],"b\"5":123456789012345.123456789 ,"c":-0}"#;
        let object = Object::parse(body).unwrap();
        let Some(Json::Array(items)) = object.get("a") else {
            panic!("an array")
        };
        assert_eq!(items[0], Json::Number(Number("-1.50")));
        assert_eq!(
            object.get("b\"5"),
            Some(&Json::Number(Number("123456789012345.123456789")))
        );
        assert_eq!(object.get("c"), Some(&Json::Number(Number("-0"))));
        let Json::Object(inner) = &items[1] else {
            panic!("an object")
        };
        let Some(Json::Number(hundred)) = inner.get("4") else {
            panic!("a number")
        };
        assert_eq!((hundred.text(), hundred.float()), ("1E+2", 100.0));
    }

    #[test]
    fn older_names_are_read_as_newer_ones_unless_both_stand_there() {
        let object = Object::parse(br#"{"old":1,"other":2}"#).unwrap();
        let pairs = [("old", "new"), ("other", "else")];
        let newer = object.with_newer_names(&pairs);
        let names: Vec<_> = newer.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["new", "else"]);
        let both = Object::parse(br#"{"old":1,"new":null}"#)
            .unwrap()
            .with_newer_names(&pairs);
        assert_eq!(both, Object::parse(br#"{"new":null}"#).unwrap());
    }
}
