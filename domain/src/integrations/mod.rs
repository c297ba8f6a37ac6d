//! Integrations: the third parties that events are sent to. Each is a record in a file of its own.
//!
//! A new one is a file here and a line in [`ALL`]. Its settings are a table of [`Field`]s: the form, the checks, the
//! defaults and the masking of secrets come from there.

pub mod event_choices;
pub mod field;
mod schema;
pub mod secret;
pub mod settings;
mod url;
pub mod webhook;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

pub use field::{Field, Kind};
pub use settings::Settings;

/// All integrations, in the order in which they are listed.
pub const ALL: &[Integration] = &[webhook::INTEGRATION];

/// A third party.
pub struct Integration {
    /// Its name in paths and on the command line.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Where its format is described.
    pub docs: &'static str,
    /// What an app can choose.
    pub settings: &'static [Field],
    /// Which of a profile's identifiers it needs, in order of preference.
    pub identifiers: &'static [&'static str],
    /// What it takes at most.
    pub limits: Limits,
    /// What is valid but will not do what it seems to.
    pub check: fn(&Settings) -> Vec<Problem>,
}

/// What an integration takes at most; `null`: there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Limits {
    /// Events in one request.
    pub events_per_request: u32,
    /// Bytes of one request.
    pub request_bytes: Option<u32>,
    /// Requests in a second.
    pub requests_per_second: Option<u32>,
    /// How old an event may be, in hours.
    pub oldest_event_hours: Option<u32>,
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "IntegrationProblem")]
pub struct Problem {
    /// The setting, nested by dots.
    pub field: String,
    /// What is wrong with it, for people.
    pub detail: String,
}

impl Problem {
    /// Pairs a setting with what is wrong with it.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

impl Integration {
    /// The JSON Schema of its settings.
    pub fn schema(&self) -> Value {
        schema::of(self.settings)
    }
}

/// The integration with this slug.
pub fn find(slug: &str) -> Option<&'static Integration> {
    ALL.iter().find(|integration| integration.slug == slug)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::identifiers::NAMES;

    #[test]
    fn every_record_is_complete() {
        for integration in ALL {
            let slug = integration.slug;
            assert_eq!(find(slug).map(|found| found.title), Some(integration.title));
            assert!(
                slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{slug}"
            );
            assert!(integration.docs.starts_with("https://"), "{slug}");
            assert!(
                integration.identifiers.iter().all(|name| NAMES.contains(name)),
                "{slug}"
            );
            let paths: BTreeSet<&str> = integration.settings.iter().map(|field| field.path).collect();
            assert_eq!(paths.len(), integration.settings.len(), "{slug}");
            let defaults = Settings::defaults(integration.settings);
            assert!(defaults.problems(integration.settings).is_empty(), "{slug}");
        }
    }
}
