//! What the app tells a store that asks whether a customer should be refunded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fields::{self, Field, Kind, Violation};
use crate::ids::ProfileId;
use crate::json::Object;

/// The fields of the body.
pub const FIELDS: &[Field] = &[
    Field::optional(
        "custom_preference",
        Kind::OneOf(&["grant", "no_preference", "decline"]),
    )
    .about("What you would like the store to do; `null`: not set."),
    Field::optional("consent", Kind::Bool).about(
        "Does the customer agree that data on the purchase is shared with the store? `null`: not set.",
    ),
];

/// The JSON Schema of the body.
pub fn schema() -> Value {
    let mut schema = fields::schema(FIELDS, |_| json!({}));
    schema["description"] = "At least one of the two. One that is not named keeps its value.".into();
    schema["minProperties"] = json!(1);
    fields::require_one_of(&mut schema, FIELDS.iter().map(|field| field.name));
    schema
}

/// A profile's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "RefundSaverSettings")]
pub struct RefundSaver {
    /// Does the customer agree that data on the purchase is shared with the store? `null`: not set.
    pub consent: Option<bool>,
    /// What the app would like the store to do; `null`: not set.
    pub custom_preference: Option<RefundPreference>,
}

/// What the app would like the store to do with a wish for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundPreference {
    /// Pay the money back.
    Grant,
    /// Decide alone.
    NoPreference,
    /// Keep the money.
    Decline,
}

/// What a call asks for: the outer `None` keeps a setting, the inner one resets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RefundSaverChanges {
    /// The customer's consent.
    pub consent: Option<Option<bool>>,
    /// The app's wish.
    pub custom_preference: Option<Option<RefundPreference>>,
}

impl RefundSaverChanges {
    /// Reads the body: every wrong field, in body order; at least one field must be there.
    pub fn parse(body: &Object<'_>) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        fields::check(FIELDS, body, "", &mut violations, &mut |_, _, _| {});
        if !violations.is_empty() {
            return Err(violations);
        }
        let changes = Self {
            consent: body.get("consent").map(|_| body.flag("consent")),
            custom_preference: body
                .get("custom_preference")
                .map(|_| body.choice("custom_preference")),
        };
        if changes == Self::default() {
            return Err(vec![Violation::whole("consent or custom_preference is required")]);
        }
        Ok(changes)
    }
}

impl RefundSaver {
    /// Sets and resets. Answers whether anything is different now.
    pub fn apply(&mut self, changes: &RefundSaverChanges) -> bool {
        let before = *self;
        self.consent = changes.consent.unwrap_or(self.consent);
        self.custom_preference = changes.custom_preference.unwrap_or(self.custom_preference);
        *self != before
    }
}

/// The settings as the API shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RefundSaver")]
pub struct RefundSaverBody {
    /// The profile's id.
    pub profile_id: Uuid,
    /// Its settings.
    pub settings: RefundSaver,
}

impl RefundSaverBody {
    /// The settings of this profile.
    pub fn of(profile: ProfileId, settings: RefundSaver) -> Self {
        Self {
            profile_id: profile.0,
            settings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(body: &str) -> Result<RefundSaverChanges, Vec<(&'static str, String)>> {
        RefundSaverChanges::parse(&Object::parse(body.as_bytes()).unwrap()).map_err(|violations| {
            let violations = violations.into_iter();
            violations
                .map(|violation| (violation.code, violation.source))
                .collect()
        })
    }

    fn after(bodies: &[&str]) -> RefundSaver {
        let mut settings = RefundSaver::default();
        for body in bodies {
            settings.apply(&changes(body).unwrap());
        }
        settings
    }

    #[test]
    fn what_is_not_named_stays_and_null_resets() {
        let both = r#"{"consent":true,"custom_preference":"no_preference"}"#;
        let one = after(&[both, r#"{"custom_preference":"decline"}"#]);
        assert_eq!(
            (one.consent, one.custom_preference),
            (Some(true), Some(RefundPreference::Decline))
        );
        let reset = after(&[both, r#"{"consent":null}"#]);
        assert_eq!(
            (reset.consent, reset.custom_preference),
            (None, Some(RefundPreference::NoPreference))
        );
        assert_eq!(
            after(&[both, r#"{"consent":null,"custom_preference":null}"#]),
            RefundSaver::default()
        );
    }

    #[test]
    fn an_equal_value_changes_nothing() {
        let mut settings = after(&[r#"{"consent":false}"#]);
        assert!(!settings.apply(&changes(r#"{"consent":false,"custom_preference":null}"#).unwrap()));
        assert!(settings.apply(&changes(r#"{"consent":true}"#).unwrap()));
    }

    #[test]
    fn at_least_one_setting_must_be_named() {
        for body in ["{}", r#"{"settings":{"consent":true}}"#, r#"{"profile_id":"x"}"#] {
            let expected = [("validation_error", "non_field_errors".to_owned())];
            assert_eq!(changes(body).unwrap_err(), expected, "{body}");
        }
    }

    #[test]
    fn wrong_values_are_told_in_body_order() {
        let body = r#"{"custom_preference":"refuse","consent":"yes"}"#;
        let expected = [
            ("enum", "custom_preference".to_owned()),
            ("base_error", "consent".to_owned()),
        ];
        assert_eq!(changes(body).unwrap_err(), expected);
        let number = changes(r#"{"custom_preference":2}"#).unwrap_err();
        assert_eq!(number, [("base_error", "custom_preference".to_owned())]);
    }

    #[test]
    fn every_preference_is_read_and_written_alike() {
        let Kind::OneOf(words) = FIELDS[0].kind else {
            panic!("a choice")
        };
        for word in words {
            let settings = after(&[&format!(r#"{{"custom_preference":"{word}"}}"#)]);
            let stored = serde_json::to_value(settings).unwrap();
            assert_eq!(stored["custom_preference"], *word);
            assert_eq!(serde_json::from_value::<RefundSaver>(stored).unwrap(), settings);
        }
    }

    #[test]
    fn the_answer_has_no_wrapper() {
        let id = ProfileId(Uuid::nil());
        let unset = RefundSaverBody::of(id, RefundSaver::default());
        assert_eq!(
            serde_json::to_string(&unset).unwrap(),
            r#"{"profile_id":"00000000-0000-0000-0000-000000000000","settings":{"consent":null,"custom_preference":null}}"#
        );
    }
}
