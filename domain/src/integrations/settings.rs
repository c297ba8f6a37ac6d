//! An app's settings for an integration: read from what a caller says, shown with secrets masked, stored apart from
//! them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::{Field, Problem};

/// What stands in place of a secret. Sent back, it keeps the one that is stored.
pub const MASK: &str = "********";

/// Secrets by the paths of their settings.
pub type Secrets = BTreeMap<String, String>;

/// All settings of an integration with their secrets; none is missing. It cannot be printed by mistake.
#[derive(Clone, PartialEq)]
pub struct Settings(Map<String, Json>);

impl Settings {
    /// The settings if nobody says anything.
    pub fn defaults(fields: &[Field]) -> Self {
        let mut settings = Self(Map::new());
        for field in fields {
            settings.put(field.path, field.default());
        }
        settings
    }

    /// Reads what a caller says: missing settings take their defaults, a masked secret keeps the one of `before`.
    /// Answers everything that is wrong.
    pub fn read(fields: &[Field], said: &Map<String, Json>, before: &Self) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        find_unknown(fields, said, "", &mut problems);
        let mut settings = Self::defaults(fields);
        for field in fields {
            match at(said, field.path) {
                Some(Json::String(text)) if field.is_secret() && text == MASK => {
                    match before.text(field.path) {
                        Some(stored) => settings.put(field.path, stored.into()),
                        None => problems.push(Problem::new(field.path, "is masked, but no secret is stored")),
                    }
                }
                Some(value) => settings.put(field.path, field.read(value, &mut problems)),
                None => {}
            }
        }
        if problems.is_empty() {
            problems = settings.problems(fields);
        }
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(problems)
        }
    }

    /// Puts what [`Self::split`] took apart together again. It was checked when it was stored: what this program does
    /// not know any more is left out, what it has learned since takes its default.
    pub fn join(fields: &[Field], stored: &Map<String, Json>, secrets: Secrets) -> Self {
        let mut settings = Self::defaults(fields);
        for field in fields {
            if let Some(value) = at(stored, field.path) {
                settings.put(field.path, field.read(value, &mut Vec::new()));
            }
        }
        for (path, secret) in secrets {
            if fields.iter().any(|field| field.path == path) {
                settings.put(&path, secret.into());
            }
        }
        settings
    }

    /// The settings without their secrets, and the secrets that are set.
    pub fn split(&self, fields: &[Field]) -> (Map<String, Json>, Secrets) {
        let (mut settings, mut secrets) = (self.clone(), Secrets::new());
        for field in fields.iter().filter(|field| field.is_secret()) {
            if let Some(secret) = self.text(field.path) {
                secrets.insert(field.path.into(), secret.into());
                settings.put(field.path, Json::Null);
            }
        }
        (settings.0, secrets)
    }

    /// The settings as they may be shown.
    pub fn masked(&self, fields: &[Field]) -> Map<String, Json> {
        let (settings, secrets) = self.split(fields);
        let mut settings = Self(settings);
        for path in secrets.keys() {
            settings.put(path, MASK.into());
        }
        settings.0
    }

    /// What is wrong with settings that are each fine alone: an event made by a timer needs its delay.
    pub fn problems(&self, fields: &[Field]) -> Vec<Problem> {
        let delays = fields.iter().filter(|field| {
            let event = field.path.strip_prefix("synthetic_delay_days.");
            event.is_some_and(|event| self.sends(event)) && self.get(field.path).is_null()
        });
        delays
            .map(|field| Problem::new(field.path, "is needed while this event is on"))
            .collect()
    }

    /// The value of a setting; `null` where there is no such setting.
    pub fn get(&self, path: &str) -> &Json {
        at(&self.0, path).unwrap_or(&Json::Null)
    }

    /// The text of a setting, if it is set.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path).as_str()
    }

    /// The settings as the type that an integration works with.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(Json::Object(self.0.clone()))
    }

    fn sends(&self, event: &str) -> bool {
        self.get("events")[event] == true
    }

    fn put(&mut self, path: &str, value: Json) {
        let mut table = &mut self.0;
        let (tables, name) = path.rsplit_once('.').unwrap_or(("", path));
        for table_name in tables.split('.').filter(|name| !name.is_empty()) {
            let inner = table.entry(table_name).or_insert_with(|| Map::new().into());
            table = inner.as_object_mut().expect("a path leads through tables alone");
        }
        table.insert(name.to_owned(), value);
    }
}

/// The value at a dotted path.
fn at<'j>(table: &'j Map<String, Json>, path: &str) -> Option<&'j Json> {
    match path.split_once('.') {
        Some((first, rest)) => at(table.get(first)?.as_object()?, rest),
        None => table.get(path),
    }
}

/// Finds names that are no settings, and values where there should be objects.
fn find_unknown(fields: &[Field], said: &Map<String, Json>, prefix: &str, problems: &mut Vec<Problem>) {
    for (name, value) in said {
        let path = format!("{prefix}{name}");
        let inner = format!("{path}.");
        let has_dot = name.contains('.');
        if !has_dot && fields.iter().any(|field| field.path == path) {
            continue;
        }
        match value {
            _ if has_dot || !fields.iter().any(|field| field.path.starts_with(&inner)) => {
                problems.push(Problem::new(path, "there is no such setting"));
            }
            Json::Object(table) => find_unknown(fields, table, &inner, problems),
            _ => problems.push(Problem::new(path, "must be an object")),
        }
    }
}
