//! Checks the fields of administration calls. Each bad field is named with its path in the body.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value as Json, json};

use super::distinct::Distinct;
use super::strict::Strict;
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

/// A field that is not of the right form, and why.
struct Wrong {
    path: String,
    why: String,
}

/// Reads the text of a body, which is JSON. Names every field that is not of the right form.
pub fn read_text<T: DeserializeOwned>(text: &[u8]) -> Result<T, ActionError> {
    let value = serde_json::from_slice(text).map_err(|error| bad("body", plain(&error.to_string())))?;
    let read = read(value, "")?;
    match repeated(text) {
        Some(path) => Err(bad(&path, "is given twice")),
        None => Ok(read),
    }
}

/// Where in a JSON text a name stands that its object has already, if there is one. A value keeps one of the two.
pub fn repeated(text: &[u8]) -> Option<String> {
    let read = first_wrong::<Distinct, _>(&mut serde_json::Deserializer::from_slice(text));
    read.err().map(|wrong| wrong.path)
}

/// Reads a value. Names every field that is not of the right form, as far as what is wrong with one does not hide
/// another. `prefix` stands before their paths.
pub fn read<T: DeserializeOwned>(mut value: Json, prefix: &str) -> Result<T, ActionError> {
    /// Nobody reads more.
    const MOST: usize = 20;
    let mut wrong = match first_wrong(Strict(&value)) {
        Ok(read) => return Ok(read),
        Err(wrong) => Some(wrong),
    };
    let mut problems = Vec::new();
    while let Some(Wrong { path, why }) = wrong.take().filter(|_| problems.len() < MOST) {
        wrong = next_wrong::<T>(&mut value, &path, &why);
        problems.push((join(&[prefix, &path]), plain(&why)));
    }
    Err(ActionError::BadFields(problems))
}

fn first_wrong<'de, T, D>(from: D) -> Result<T, Wrong>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    serde_path_to_error::deserialize(from).map_err(|error| {
        let path = error.path().to_string();
        let why = error.into_inner().to_string();
        Wrong {
            path: full_path(&path, &why),
            why,
        }
    })
}

/// What else is wrong: something that fits is put at `path` for that, if anything does.
fn next_wrong<T: DeserializeOwned>(value: &mut Json, path: &str, why: &str) -> Option<Wrong> {
    let named = why.rsplit("expected ").next().unwrap_or_default();
    let choice = named.split('`').nth(1).map(|choice| json!(choice));
    let fits = [
        json!(null),
        json!(false),
        json!(0),
        json!(""),
        json!({}),
        json!([]),
    ];
    // What is unknown fits nowhere and is taken away.
    for stand_in in fits.into_iter().chain(choice).map(Some).chain([None]) {
        let mut tried = value.clone();
        if put(&mut tried, path, stand_in).is_none() {
            continue;
        }
        match first_wrong::<T, _>(Strict(&tried)) {
            Ok(_) => return None,
            Err(next) if is_within(&next.path, path) => {}
            Err(next) => {
                *value = tried;
                return Some(next);
            }
        }
    }
    None
}

/// Is it the field at the path or one inside it?
fn is_within(field: &str, path: &str) -> bool {
    let rest = field.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Puts something at a path, or takes away what is there. `None`: there is no such place.
fn put(value: &mut Json, path: &str, stand_in: Option<Json>) -> Option<()> {
    let steps = path.replace('[', ".").replace(']', "");
    let (around, name) = steps.rsplit_once('.').unwrap_or(("", &steps));
    let steps = around.split('.').filter(|step| !step.is_empty());
    let place = steps.into_iter().try_fold(value, |inner, step| match inner {
        Json::Object(fields) => fields.get_mut(step),
        Json::Array(entries) => entries.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    })?;
    match (place, stand_in) {
        (Json::Object(fields), Some(stand_in)) => drop(fields.insert(name.to_owned(), stand_in)),
        (Json::Object(fields), None) => drop(fields.remove(name)),
        (Json::Array(entries), Some(stand_in)) => *entries.get_mut(name.parse::<usize>().ok()?)? = stand_in,
        _ => return None,
    }
    Some(())
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
fn full_path(path: &str, why: &str) -> String {
    let named = ["missing field `", "unknown field `"]
        .iter()
        .find_map(|start| why.strip_prefix(start)?.split('`').next());
    let named = named.filter(|name| path.rsplit('.').next() != Some(name));
    let path = if path == "." { "" } else { path };
    join(&[path, named.unwrap_or_default()])
}

/// Parts of a path as one; without any it is the whole body.
fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
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
    use std::collections::BTreeMap;

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
        match read_text::<Outer>(body.as_bytes()).unwrap_err() {
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
    fn every_bad_field_is_named() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
        struct Draft {
            kind: Kind,
            filter: Filter,
            label: Option<String>,
            #[serde(default)]
            dry: bool,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "snake_case")]
        enum Kind {
            Secret,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
        struct Filter {
            slug: String,
            kinds: Option<Vec<Kind>>,
            after: u8,
        }
        let named = |body: &str| -> Vec<String> {
            match read_text::<Draft>(body.as_bytes()) {
                Err(ActionError::BadFields(fields)) => fields.into_iter().map(|(field, _)| field).collect(),
                other => panic!("{other:?}"),
            }
        };
        let sorted = |body: &str| {
            let mut fields = named(body);
            fields.sort();
            fields
        };
        assert_eq!(
            sorted(
                r#"{"kind":"x","filter":{"slug":1,"kinds":["y","z","secret"],"afer":1},"label":2,"dry":"no","lab":1,"labels":1}"#
            ),
            [
                "dry",
                "filter.afer",
                "filter.after",
                "filter.kinds[0]",
                "filter.kinds[1]",
                "filter.slug",
                "kind",
                "lab",
                "label",
                "labels"
            ]
        );
        assert_eq!(
            sorted(r#"{"kind":"secret","filter":{}}"#),
            ["filter.after", "filter.slug"]
        );
        assert_eq!(
            sorted(r#"{"kind":"secret","filter":{"slug":"","after":0},"dry":true,"dry":true}"#),
            ["dry"]
        );
    }

    #[test]
    fn a_name_that_is_given_twice_is_found_wherever_it_stands() {
        for (text, path) in [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":{"a":1,"b":[{"c":1},{"c":1,"d":{},"c":1}]}}"#, "a.b[1].c"),
            (r#"{"a":{"a":1,"a":1}}"#, "a.a"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
        ] {
            assert_eq!(repeated(text.as_bytes()).as_deref(), Some(path), "{text}");
        }
        let all = r#"{"a":[{"a":-1},{"a":1e300},99999999999999999999],"b":"a","c":true,"d":null,"":18446744073709551615}"#;
        assert_eq!(repeated(all.as_bytes()), None);
    }

    #[test]
    fn nothing_but_an_object_is_an_object_and_nothing_but_a_text_a_choice() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
        struct Draft {
            inner: Option<Inner>,
            size: Option<Size>,
            table: Option<BTreeMap<String, Inner>>,
            more: Option<serde_json::Map<String, Json>>,
        }
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Size {
            Small,
            Large,
        }
        let object = "expected an object";
        let choice = "expected `small` or `large`";
        for (body, field, why) in [
            ("[{},null,null,null]", "body", object),
            (r#"{"inner":[1]}"#, "inner", object),
            (r#"{"inner":[]}"#, "inner", object),
            (r#"{"table":{"a":[1]}}"#, "table.a", object),
            (r#"{"table":[]}"#, "table", object),
            (r#"{"more":[]}"#, "more", object),
            (r#"{"size":{"small":null}}"#, "size", choice),
            (r#"{"size":["small"]}"#, "size", choice),
            (r#"{"size":1}"#, "size", choice),
            (r#"{"size":"tiny"}"#, "size", choice),
        ] {
            match read_text::<Draft>(body.as_bytes()) {
                Err(ActionError::BadFields(fields)) => {
                    assert_eq!(fields, [(field.to_owned(), why.to_owned())], "{body}");
                }
                other => panic!("{body}: {other:?}"),
            }
        }
        for good in [
            "{}",
            r#"{"inner":null,"size":null,"table":null,"more":null}"#,
            r#"{"inner":{"count":1},"size":"large","table":{"a":{"count":1}},"more":{"a":[[]]}}"#,
        ] {
            read_text::<Draft>(good.as_bytes()).unwrap();
        }
    }

    #[test]
    fn the_reason_is_plain_and_does_not_repeat_the_value() {
        let why = |body: &str| match read_text::<Outer>(body.as_bytes()) {
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
