//! What is wrong with settings.

use schemars::JsonSchema;
use serde::Serialize;

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "IntegrationProblem")]
pub struct Problem {
    /// The setting, nested by dots.
    pub field: String,
    /// What is wrong with it, for people.
    pub detail: String,
    /// Can nothing at all be sent because of it?
    #[serde(skip)]
    pub stops: bool,
}

impl Problem {
    /// Pairs a setting with what is wrong with it.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
            stops: false,
        }
    }

    /// As [`Self::new`], of a setting without which nothing at all can be sent.
    pub fn stopping(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, detail).stopping_if(true)
    }

    /// The same, where nothing at all can be sent because of it if `stops`.
    #[must_use]
    pub fn stopping_if(self, stops: bool) -> Self {
        Self { stops, ..self }
    }

    /// The same one level further down.
    #[must_use]
    pub fn below(self, table: &str) -> Self {
        let field = if self.field.is_empty() {
            table.to_owned()
        } else {
            format!("{table}.{}", self.field)
        };
        Self { field, ..self }
    }
}
