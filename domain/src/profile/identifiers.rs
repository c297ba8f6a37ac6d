//! The ids that third parties know a profile by.
//!
//! Source: the founding document ("Add integration identifiers") names 13; the newer OpenAPI file adds three.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::fields::{Violation, longer, require_one_of};
use crate::json::{Json, Object, Text};

/// Every identifier, in alphabetical order, in which they are emitted too. All code goes by this list; what else tells of a
/// new one is in `CONTRIBUTING.md`.
pub const NAMES: [&str; 16] = [
    "adjust_device_id",
    "airbridge_device_id",
    "amplitude_device_id",
    "amplitude_user_id",
    "appmetrica_device_id",
    "appmetrica_profile_id",
    "appsflyer_id",
    "branch_id",
    "facebook_anonymous_id",
    "firebase_app_instance_id",
    "mixpanel_user_id",
    "one_signal_player_id",
    "one_signal_subscription_id",
    "posthog_distinct_user_id",
    "pushwoosh_hwid",
    "tenjin_analytics_installation_id",
];

/// The longest identifier, in characters.
pub const MAX_LENGTH: usize = 1024;

/// The founding document's table spells `mixpanel_user_id` so, its examples do not. Read, never emitted.
const MISSPELT: (&str, &str) = ("mixpanel_user_i", "mixpanel_user_id");

/// A profile's identifiers, byte for byte as they were sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Identifiers(Texts);

/// What a call asks for: the identifiers to set, and those to clear, which are named and have no value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IdentifierChanges {
    named: [bool; NAMES.len()],
    values: Texts,
}

/// A text for each of [`NAMES`], or none. All share one allocation, because most profiles have many and each request
/// reads and writes them all.
#[derive(Debug, Clone, Default)]
struct Texts {
    all: String,
    places: [Option<(usize, usize)>; NAMES.len()],
}

impl Texts {
    /// None yet, with room for texts of so many bytes together.
    fn with_room(bytes: usize) -> Self {
        let all = String::with_capacity(bytes);
        let places = Default::default();
        Self { all, places }
    }

    fn get(&self, position: usize) -> Option<&str> {
        self.places[position].map(|(begin, end)| &self.all[begin..end])
    }

    fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        (0..NAMES.len()).map(|position| self.get(position))
    }

    /// Sets the text at a position; one that was there before keeps its room.
    fn set(&mut self, position: usize, text: &str) {
        let begin = self.all.len();
        self.all.push_str(text);
        self.places[position] = Some((begin, self.all.len()));
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Identifiers {
    /// The value of an identifier, by its name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(position(name)?)
    }

    /// Those that are set, in the order of [`NAMES`].
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = NAMES.iter().zip(self.0.iter());
        all.filter_map(|(name, value)| Some((*name, value?)))
    }

    /// Sets and clears. Answers whether anything is different now.
    pub fn apply(&mut self, changes: &IdentifierChanges) -> bool {
        let (old, new) = (&self.0, &changes.values);
        let value = |position: usize| if changes.named[position] { new } else { old }.get(position);
        let after = (0..NAMES.len()).map(value);
        let changed = !old.iter().eq(after.clone());
        if changed {
            let mut values = Texts::with_room(old.all.len() + new.all.len());
            let set = after
                .enumerate()
                .filter_map(|(position, value)| Some((position, value?)));
            set.for_each(|(position, value)| values.set(position, value));
            self.0 = values;
        }
        changed
    }

    /// The stored form: a JSON object of the identifiers that are set, in the order of [`NAMES`].
    pub fn encode(&self) -> String {
        let mut json = String::with_capacity(640);
        json.push('{');
        for (name, value) in self.iter() {
            if json.len() > 1 {
                json.push(',');
            }
            json.push('"');
            json.push_str(name);
            json.push_str("\":");
            push_text(&mut json, value);
        }
        json.push('}');
        json
    }

    /// Reads the stored form. Names that this version does not know are left out.
    pub fn decode(text: &str) -> Option<Self> {
        let values = StoredForm(text.len()).deserialize(&mut serde_json::Deserializer::from_str(text));
        values.ok().map(Self)
    }

    /// All sixteen as the API shows them: `null` where unset.
    pub fn body(&self) -> Value {
        let fields = NAMES.iter().zip(self.0.iter());
        Value::Object(
            fields
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect(),
        )
    }
}

impl IdentifierChanges {
    /// Reads the body of "add identifiers": strings of 1 to 1024 characters set, `null` and the empty string
    /// clear, unknown fields are ignored, and at least one known field must be there.
    pub fn parse(body: &Object<'_>) -> Result<Self, Vec<Violation>> {
        let sent = body.iter().map(|(_, value)| value.as_text().map_or(0, str::len));
        let mut changes = Self {
            values: Texts::with_room(sent.sum()),
            ..Self::default()
        };
        let mut violations = Vec::new();
        let right_spelling_sent = body.get(MISSPELT.1).is_some();
        for (name, value) in body.iter() {
            let known = if name == MISSPELT.0 && !right_spelling_sent {
                MISSPELT.1
            } else {
                name
            };
            let Some(position) = position(known) else { continue };
            match read(value) {
                Ok(value) => changes.take(position, value),
                Err(message) => violations.push(Violation::base(name, message)),
            }
        }
        if !violations.is_empty() {
            return Err(violations);
        }
        if !changes.named.contains(&true) {
            return Err(vec![Violation::whole(
                "at least one integration identifier is required",
            )]);
        }
        Ok(changes)
    }

    fn take(&mut self, position: usize, value: Option<&str>) {
        self.named[position] = true;
        if let Some(value) = value {
            self.values.set(position, value);
        }
    }
}

/// Reads the stored form, a text of so many bytes.
struct StoredForm(usize);

impl<'de> DeserializeSeed<'de> for StoredForm {
    type Value = Texts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Texts, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for StoredForm {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("identifiers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        let mut texts = Texts::with_room(self.0);
        while let Some(Text(name)) = map.next_key()? {
            match position(&name) {
                Some(position) => texts.set(position, &map.next_value::<Text<'_>>()?.0),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(texts)
    }
}

/// The JSON Schema of the body of "add identifiers" and, with every name required, of the answer of "read".
pub fn schema(all: bool) -> Value {
    let field = json!({"type": ["string", "null"], "maxLength": MAX_LENGTH});
    let properties: Map<_, _> = NAMES
        .iter()
        .map(|name| ((*name).to_owned(), field.clone()))
        .collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if all {
        schema["required"] = json!(NAMES);
    } else {
        let about = "At least one identifier. `null` and the empty string clear one; those that are not named \
                     keep their values.";
        schema["description"] = json!(about);
        schema["minProperties"] = json!(1);
        require_one_of(&mut schema, NAMES);
    }
    schema
}

fn read<'j>(value: &'j Json<'_>) -> Result<Option<&'j str>, String> {
    match value {
        Json::Null => Ok(None),
        Json::Text(text) if text.is_empty() => Ok(None),
        Json::Text(text) if longer(text, MAX_LENGTH) => {
            Err(format!("must have at most {MAX_LENGTH} characters"))
        }
        Json::Text(text) => Ok(Some(text)),
        _ => Err("must be a string".into()),
    }
}

/// Adds a text as JSON writes it. Hardly an identifier has anything to escape, and to see that none of its bytes is such a
/// one is much quicker than to write them one by one.
fn push_text(json: &mut String, text: &str) {
    let is_plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
    if text.bytes().fold(true, |all, byte| all & is_plain(byte)) {
        json.extend(["\"", text, "\""]);
    } else {
        json.push_str(&json!(text).to_string());
    }
}

fn position(name: &str) -> Option<usize> {
    // Most names differ in their lengths, so this is quicker than halving.
    NAMES.iter().position(|known| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(body: &str) -> Result<IdentifierChanges, Vec<Violation>> {
        IdentifierChanges::parse(&Object::parse(body.as_bytes()).unwrap())
    }

    fn after(bodies: &[&str]) -> Identifiers {
        let mut identifiers = Identifiers::default();
        for body in bodies {
            identifiers.apply(&changes(body).unwrap());
        }
        identifiers
    }

    #[test]
    fn what_a_call_does_not_mention_stays() {
        let identifiers = after(&[r#"{"branch_id":"b","appsflyer_id":"a"}"#, r#"{"branch_id":"c"}"#]);
        assert_eq!(identifiers.get("branch_id"), Some("c"));
        assert_eq!(identifiers.get("appsflyer_id"), Some("a"));
    }

    #[test]
    fn null_and_the_empty_string_clear() {
        let identifiers = after(&[
            r#"{"branch_id":"b","appsflyer_id":"a"}"#,
            r#"{"branch_id":null,"appsflyer_id":""}"#,
        ]);
        assert_eq!(identifiers, Identifiers::default());
        assert!(changes(r#"{"branch_id":null}"#).is_ok());
    }

    #[test]
    fn setting_an_equal_value_changes_nothing() {
        let mut identifiers = after(&[r#"{"branch_id":"b"}"#]);
        assert!(!identifiers.apply(&changes(r#"{"branch_id":"b"}"#).unwrap()));
        assert!(identifiers.apply(&changes(r#"{"branch_id":"c"}"#).unwrap()));
    }

    #[test]
    fn the_misspelt_name_is_read_and_the_right_one_wins() {
        assert_eq!(
            after(&[r#"{"mixpanel_user_i":"m"}"#]).get("mixpanel_user_id"),
            Some("m")
        );
        let both = after(&[r#"{"mixpanel_user_id":"right","mixpanel_user_i":"wrong"}"#]);
        assert_eq!(both.get("mixpanel_user_id"), Some("right"));
    }

    #[test]
    fn each_bad_field_is_named_and_nothing_is_taken() {
        let long = "x".repeat(MAX_LENGTH + 1);
        let violations = changes(&format!(
            r#"{{"branch_id":1,"appsflyer_id":"ok","pushwoosh_hwid":"{long}"}}"#
        ))
        .unwrap_err();
        let sources: Vec<_> = violations
            .iter()
            .map(|violation| violation.source.as_str())
            .collect();
        assert_eq!(sources, ["branch_id", "pushwoosh_hwid"]);
        assert!(changes(&format!(r#"{{"branch_id":"{}"}}"#, "é".repeat(MAX_LENGTH))).is_ok());
    }

    #[test]
    fn only_unknown_fields_are_no_request() {
        for body in ["{}", r#"{"else":"x"}"#] {
            let violations = changes(body).unwrap_err();
            assert_eq!(violations[0].code, "validation_error");
            assert_eq!(violations[0].source, "non_field_errors");
        }
    }

    #[test]
    fn the_stored_form_keeps_every_byte() {
        let identifiers = after(&[r#"{"branch_id":" \u0000\"ü\\ ","adjust_device_id":"🦀"}"#]);
        let stored = identifiers.encode();
        assert_eq!(
            serde_json::from_str::<Value>(&stored).unwrap()["branch_id"],
            " \u{0}\"ü\\ "
        );
        assert_eq!(Identifiers::decode(&stored), Some(identifiers));
        assert_eq!(Identifiers::default().encode(), "{}");
        // Each byte that JSON escapes is enough.
        for text in ["\"", "\\", "\u{1f}"] {
            let identifiers = after(&[&json!({"branch_id": text}).to_string()]);
            let stored = serde_json::from_str::<Value>(&identifiers.encode()).unwrap();
            assert_eq!(stored, json!({"branch_id": text}));
        }
    }

    #[test]
    fn of_the_stored_form_unknown_names_are_left_out() {
        let stored = r#"{"branch_id":"b","of_a_newer_version":["x"]}"#;
        assert_eq!(
            Identifiers::decode(stored),
            Some(after(&[r#"{"branch_id":"b"}"#]))
        );
        assert_eq!(Identifiers::decode(r#"{"branch_id":1}"#), None);
    }
}
