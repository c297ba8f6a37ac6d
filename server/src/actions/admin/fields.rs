//! Checks the fields of administration calls. Each bad field is named with its path in the body.

use serde::{Deserialize, Deserializer};

use crate::actions::ActionError;

/// The longest name, label, title and id, in characters.
pub const MAX_TEXT: usize = 255;
/// The longest description, in characters.
pub const MAX_DESCRIPTION: usize = 1_024;

/// What is wrong with the fields of a request: their paths and why.
#[derive(Debug, Default)]
pub struct Problems(Vec<(String, String)>);

impl Problems {
    /// Adds a problem.
    pub fn add(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.0.push((field.into(), why.into()));
    }

    /// Checks a text that names something: 1 to [`MAX_TEXT`] characters, none of them a control character.
    pub fn name(&mut self, field: &str, text: &str) {
        if text.is_empty() {
            self.add(field, "must not be empty");
        }
        self.text(field, Some(text), MAX_TEXT);
    }

    /// Checks a text that may be empty or missing.
    pub fn text(&mut self, field: &str, text: Option<&str>, max: usize) {
        let text = text.unwrap_or_default();
        if text.chars().count() > max {
            self.add(field, format!("must have at most {max} characters"));
        }
        if text.chars().any(char::is_control) {
            self.add(field, "must not hold control characters");
        }
    }

    /// Refuses if anything is wrong.
    pub fn check(self) -> Result<(), ActionError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ActionError::BadFields(self.0))
        }
    }
}

/// One bad field as a refusal.
pub fn bad(field: &str, why: impl Into<String>) -> ActionError {
    ActionError::BadFields(vec![(field.to_owned(), why.into())])
}

/// Reads a value; if it is not of the right form, names the field. `prefix` stands before its path.
pub fn read<'de, T, D>(from: D, prefix: &str) -> Result<T, ActionError>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    serde_path_to_error::deserialize(from).map_err(|error| {
        let path = error.path().to_string();
        let why = error.into_inner().to_string();
        bad(&full_path(prefix, &path, &why), plain(&why))
    })
}

/// The reader's words for the caller: no place in the text, because the field is named; no value, because it may be a
/// secret at the wrong place; no type of ours.
fn plain(why: &str) -> String {
    let why = why.rsplit_once(" at line ").map_or(why, |(why, _)| why);
    let repeats_value = ["invalid type: ", "invalid value: ", "unknown variant "]
        .iter()
        .any(|start| why.starts_with(start));
    let Some(expected) = why.rfind("expected ").filter(|_| repeats_value) else {
        return why.to_owned();
    };
    match &why[expected + "expected ".len()..] {
        "a map" => "expected an object".to_owned(),
        "a sequence" => "expected an array".to_owned(),
        "u8" | "u16" | "u32" | "u64" => "expected a whole number, not negative and not too large".to_owned(),
        name if name.starts_with("struct ") => "expected an object".to_owned(),
        other => format!("expected {other}"),
    }
}

/// The path of the field that an error is about. Where a field is missing or unknown, the path that the reader
/// tells may be that of the object around it, and the field's name stands in the message alone.
fn full_path(prefix: &str, path: &str, why: &str) -> String {
    let named = ["missing field `", "unknown field `"]
        .iter()
        .find_map(|start| why.strip_prefix(start)?.split('`').next());
    let named = named.filter(|name| path.rsplit('.').next() != Some(name));
    let parts = [
        prefix,
        if path == "." { "" } else { path },
        named.unwrap_or_default(),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        "body".to_owned()
    } else {
        parts.join(".")
    }
}

/// Reads a field that must be there but may be `null`. (An `Option` alone may also be missing.)
pub(super) fn present<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only read")]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only read")]
        count: u8,
    }

    fn field(body: &str) -> String {
        let mut reader = serde_json::Deserializer::from_str(body);
        match read::<Outer, _>(&mut reader, "").unwrap_err() {
            ActionError::BadFields(fields) => fields[0].0.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_bad_field_is_named() {
        assert_eq!(field("1"), "body");
        assert_eq!(field("{}"), "inner");
        assert_eq!(field(r#"{"inner":1}"#), "inner");
        assert_eq!(field(r#"{"iner":1}"#), "iner");
        assert_eq!(field(r#"{"inner":[{"count":"x"}]}"#), "inner[0].count");
        assert_eq!(field(r#"{"inner":[{"count":1,"coun":1}]}"#), "inner[0].coun");
        assert_eq!(field(r#"{"inner":[{}]}"#), "inner[0].count");
    }

    #[test]
    fn the_reason_is_plain_and_does_not_repeat_the_value() {
        let why = |body: &str| match read::<Outer, _>(&mut serde_json::Deserializer::from_str(body), "") {
            Err(ActionError::BadFields(fields)) => fields[0].1.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(why(r#"{"inner":"s3cret"}"#), "expected an array");
        assert_eq!(
            why(r#"{"inner":[{"count":987654}]}"#),
            "expected a whole number, not negative and not too large"
        );
        assert_eq!(why(r#"{"inner":[7]}"#), "expected an object");
        assert_eq!(
            plain("unknown variant `s3cret`, expected `a` or `b` at line 1 column 3"),
            "expected `a` or `b`"
        );
        assert_eq!(why(r#"{"iner":1}"#), "unknown field `iner`, expected `inner`");
        assert_eq!(why("{}"), "missing field `inner`");
    }

    #[test]
    fn texts_are_checked() {
        let problems = |text: &str| {
            let mut problems = Problems::default();
            problems.name("name", text);
            problems.0.len()
        };
        assert_eq!(problems("Ünïcode and spaces"), 0);
        assert_eq!(problems(&"é".repeat(MAX_TEXT)), 0);
        for wrong in ["", "a\0", "a\nb", "\u{85}", &"x".repeat(MAX_TEXT + 1)] {
            assert_eq!(problems(wrong), 1, "{wrong:?}");
        }
    }
}
