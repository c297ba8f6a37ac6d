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

/// What is said of a field that is no time.
pub const MUST_BE_TIME: &str = "must be a time as in RFC 3339";
/// What is said of a field that is no slug.
pub const MUST_BE_SLUG: &str = "must be an integration's slug, such as `webhook`";

/// What is wrong with the fields of a request: their paths and why.
#[derive(Debug, Clone, Default)]
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

    /// Reads a field, if anything is said. What cannot be read must be something else.
    pub fn read<T>(
        &mut self,
        field: &str,
        said: Option<&str>,
        parse: impl FnOnce(&str) -> Option<T>,
        must_be: &str,
    ) -> Option<T> {
        let read = parse(said?);
        if read.is_none() {
            self.add(field, must_be);
        }
        read
    }

    /// Answers what a check does; what it finds wrong is among these problems then. Another failure is no problem of a field.
    pub fn gather<T>(&mut self, checked: Result<T, ActionError>) -> Result<Option<T>, ActionError> {
        match checked {
            Ok(fine) => Ok(Some(fine)),
            Err(ActionError::BadFields(found)) => {
                self.0.extend(found);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// Refuses if anything is wrong.
    pub fn check(self) -> Result<(), ActionError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.refusal())
        }
    }

    /// The refusal that names them all.
    pub fn refusal(self) -> ActionError {
        ActionError::BadFields(self.0)
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
    let why = why
        .rsplit_once(" at line ")
        .filter(|(_, place)| is_place(place))
        .map_or(why, |(why, _)| why);
    let repeats_value = ["invalid type: ", "invalid value: ", "unknown variant "]
        .iter()
        .any(|start| why.starts_with(start));
    if !repeats_value {
        return why.to_owned();
    }
    let Some(expected) = why.rfind("expected ") else {
        return "has the wrong form".to_owned();
    };
    match &why[expected + "expected ".len()..] {
        "a map" => "expected an object".to_owned(),
        "a sequence" => "expected an array".to_owned(),
        "u8" | "u16" | "u32" | "u64" => "expected a whole number, not negative and not too large".to_owned(),
        name if name.starts_with("struct ") => "expected an object".to_owned(),
        other => format!("expected {other}"),
    }
}

/// Is it how the reader ends its words, `1 column 3`, rather than the end of a value?
fn is_place(text: &str) -> bool {
    text.split_once(" column ")
        .is_some_and(|(line, column)| line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok())
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
mod tests;
