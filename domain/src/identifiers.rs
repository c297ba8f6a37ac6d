//! The ids that third parties know a profile by.
//!
//! Source: the founding document ("Add integration identifiers") names 13; the newer OpenAPI file adds three.

use serde_json::{Map, Value, json};

use crate::fields::{Violation, longer};
use crate::json::{Json, Object};

/// Every identifier, in the order in which they are emitted. A new one is one line here.
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identifiers([Option<Box<str>>; NAMES.len()]);

/// What a call asks for: the identifiers to set, and with `None` those to clear.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdentifierChanges(Vec<(usize, Option<Box<str>>)>);

impl Identifiers {
    /// The value of an identifier, by its place in [`NAMES`] or by its name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0[position(name)?].as_deref()
    }

    /// Those that are set, in the order of [`NAMES`].
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = NAMES.iter().zip(&self.0);
        all.filter_map(|(name, value)| Some((*name, value.as_deref()?)))
    }

    /// Sets and clears. Answers whether anything is different now.
    pub fn apply(&mut self, changes: &IdentifierChanges) -> bool {
        let mut changed = false;
        for (position, value) in &changes.0 {
            if self.0[*position] != *value {
                self.0[*position].clone_from(value);
                changed = true;
            }
        }
        changed
    }

    /// The stored form: a JSON object of the identifiers that are set, in the order of [`NAMES`].
    pub fn encode(&self) -> String {
        let mut text = Vec::with_capacity(640);
        text.push(b'{');
        for (name, value) in NAMES.iter().zip(&self.0) {
            let Some(value) = value else { continue };
            if text.len() > 1 {
                text.push(b',');
            }
            text.push(b'"');
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"\":");
            serde_json::to_writer(&mut text, value).expect("a string always serialises");
        }
        text.push(b'}');
        String::from_utf8(text).expect("JSON is UTF-8")
    }

    /// Reads the stored form. Names that this version does not know are left out.
    pub fn decode(text: &str) -> Option<Self> {
        let object = Object::parse(text.as_bytes()).ok()?;
        let mut identifiers = Self::default();
        for (name, value) in object.iter() {
            if let (Some(position), Json::Text(value)) = (position(name), value) {
                identifiers.0[position] = Some(value.as_ref().into());
            }
        }
        Some(identifiers)
    }

    /// All sixteen as the API shows them: `null` where unset.
    pub fn body(&self) -> Value {
        let fields = NAMES.iter().zip(&self.0);
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
        let mut changes = Vec::with_capacity(NAMES.len());
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
                Ok(value) => changes.push((position, value)),
                Err(message) => violations.push(Violation::base(name, message)),
            }
        }
        if !violations.is_empty() {
            return Err(violations);
        }
        if changes.is_empty() {
            return Err(vec![Violation::whole(
                "at least one integration identifier is required",
            )]);
        }
        Ok(Self(changes))
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
        // Generators of clients lose the fields of an object that has `anyOf` itself; `if` they pass over.
        let any_of_them: Vec<_> = NAMES.iter().map(|name| json!({"required": [name]})).collect();
        schema["if"] = json!({"anyOf": any_of_them});
        schema["else"] = json!(false);
    }
    schema
}

fn read(value: &Json<'_>) -> Result<Option<Box<str>>, String> {
    match value {
        Json::Null => Ok(None),
        Json::Text(text) if text.is_empty() => Ok(None),
        Json::Text(text) if longer(text, MAX_LENGTH) => {
            Err(format!("must have at most {MAX_LENGTH} characters"))
        }
        Json::Text(text) => Ok(Some(text.as_ref().into())),
        _ => Err("must be a string".into()),
    }
}

fn position(name: &str) -> Option<usize> {
    NAMES.binary_search(&name).ok()
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
    fn names_are_sorted_so_that_they_can_be_searched() {
        assert!(NAMES.is_sorted());
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
        assert_eq!(Identifiers::decode(&identifiers.encode()), Some(identifiers));
        assert_eq!(Identifiers::default().encode(), "{}");
    }
}
