//! What commands of the administration share: the open database, who acts, which app is meant, what is printed.

use std::fmt::Display;

use bursar_domain::ids::AppId;
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::long_list::LongList;
use super::print::{self, harmless, harmless_json};
use super::{Failure, open};
use crate::actions::{ActionError, Reply};
use crate::admin::Request;
use crate::admin::apps;
use crate::admin::audit::Actor;
use crate::admin::events;
use crate::admin::page::{Page, Paging};
use crate::config::{Config, LogLevel};
use crate::logging;
use crate::state::AppState;
use crate::store::Location;

/// The form of what a command prints.
#[derive(Debug, Clone, Copy, Args)]
pub struct Output {
    /// Print what the administration API would answer
    #[arg(long)]
    pub(super) json: bool,
}

/// An administrator at the command line.
pub struct Session {
    /// The database with all that belongs to it.
    pub state: AppState,
}

impl Session {
    /// Opens the database that the settings name; makes it where it has to be. Refuses one that would have to be migrated.
    pub async fn open(config: Config) -> Result<Self, Failure> {
        let config = prepare(config)?;
        Ok(Self {
            state: open::state(&config).await?,
        })
    }

    /// Opens the database that the settings name to change what is there. Refuses one that is not there or would have to be
    /// migrated.
    pub async fn to_change(config: Config) -> Result<Self, Failure> {
        let config = prepare(config)?;
        Ok(Self {
            state: open::to_change(&config).await?,
        })
    }

    /// Opens the database that the settings name to look into it. Refuses one that is not there or would have to be
    /// migrated: who only looks must neither find an empty database where a path was mistyped, nor change the tables
    /// under servers that run.
    pub async fn to_read(config: Config) -> Result<Self, Failure> {
        let config = prepare(config)?;
        Ok(Self {
            state: open::existing(&config).await?,
        })
    }

    /// A change by the command line, now.
    pub fn request(&self) -> Request {
        Request {
            actor: Actor("command line".into()),
            now: self.state.clock.now(),
            remember: None,
        }
    }

    /// The app that is named, or that of the event.
    pub async fn app_of_event(&self, named: Option<&str>, event: Uuid) -> Result<AppId, Failure> {
        match named {
            Some(named) => self.app(named).await,
            None => events::app_of(&self.state, event).await.map_err(explain),
        }
    }

    /// The app with this id, or with this name if only one has it.
    pub async fn app(&self, named: &str) -> Result<AppId, Failure> {
        let apps = apps::list(&self.state, &Paging::all())
            .await
            .map_err(explain)?
            .data;
        if let Some(app) = apps.iter().find(|app| app.app_id.to_string() == named) {
            return Ok(AppId(app.app_id));
        }
        let mut of_name = apps.iter().filter(|app| app.name == named);
        match (of_name.next(), of_name.next()) {
            (Some(app), None) => Ok(AppId(app.app_id)),
            (Some(_), Some(_)) => Err(format!("several apps are called {named:?}: give the id").into()),
            (None, _) => Err(format!("there is no app {named:?}: see `bursar app list`").into()),
        }
    }
}

/// Refuses a database that no second program can open. Only warnings are logged.
fn prepare(mut config: Config) -> Result<Config, Failure> {
    if config.location()? == Location::SqliteMemory {
        return Err("a database in memory belongs to its server alone; use the administration API".into());
    }
    if config.log_level != LogLevel::Error {
        config.log_level = LogLevel::Warn;
    }
    logging::start(&config);
    Ok(config)
}

/// The part of a key or token that may be shown: somebody may give all of it.
pub fn without_secret(key: &str) -> &str {
    key.split('.').next().unwrap_or_default()
}

/// Reads an id.
pub fn uuid(text: &str) -> Result<Uuid, &'static str> {
    text.parse().map_err(|_| "must be a UUID")
}

/// An action's refusal or failure in words for the terminal.
pub fn explain(error: ActionError) -> Failure {
    match error {
        ActionError::BadFields(fields) => {
            let fields = fields.iter().map(|(field, why)| format!("{field}: {why}"));
            fields.collect::<Vec<_>>().join("; ").into()
        }
        other => other.into(),
    }
}

/// As [`explain`], with each field of a filter under the name of its flag.
pub fn explain_filter(error: ActionError) -> Failure {
    let ActionError::BadFields(fields) = error else {
        return explain(error);
    };
    let flag = |field: &str| {
        let name = field.trim_start_matches("filter.").split(['[', '.']).next();
        match name.unwrap_or_default() {
            "event_type" | "event_types" => "--type".to_owned(),
            "states" => "--state".to_owned(),
            name => format!("--{}", name.trim_end_matches("_id")),
        }
    };
    let fields = fields.into_iter().map(|(field, why)| (flag(&field), why));
    explain(ActionError::BadFields(fields.collect()))
}

impl Output {
    /// Prints one thing: a line for each of its fields.
    pub fn one(self, thing: &impl Serialize) -> Result<(), Failure> {
        let thing = serde_json::to_value(thing)?;
        match &thing {
            Value::Object(fields) if !self.json => {
                let width = fields.keys().map(|name| name.len()).max().unwrap_or_default();
                for (name, value) in fields {
                    print::line(format_args!("{name:width$}  {}", field(value)?))?;
                }
            }
            _ => print::line(harmless_json(&thing)?)?,
        }
        Ok(())
    }

    /// Prints the body of an answer.
    pub fn reply(self, reply: &Reply) -> Result<(), Failure> {
        self.one(&serde_json::from_slice::<Value>(&reply.body)?)
    }

    /// Prints a list: a line for each entry with these fields of it.
    pub fn list(self, page: &Page<impl Serialize>, columns: &[&str]) -> Result<(), Failure> {
        let mut list = LongList::new(self, columns);
        list.add(&page.data)?;
        list.end(page.next_cursor.as_deref())
    }

    /// Prints a thing as JSON, or nothing as lines.
    pub fn json(self, thing: &impl Serialize) -> Result<(), Failure> {
        if self.json {
            print::line(harmless_json(thing)?)?;
        }
        Ok(())
    }

    /// Prints a sentence, or nothing as JSON.
    pub fn done(self, sentence: impl Display) -> Result<(), Failure> {
        if !self.json {
            print::line(cell(&Value::String(sentence.to_string())))?;
        }
        Ok(())
    }
}

/// As a cell, but what has parts goes on below, indented.
fn field(value: &Value) -> Result<String, Failure> {
    let has_parts = match value {
        Value::Array(parts) => !parts.is_empty(),
        Value::Object(parts) => !parts.is_empty(),
        _ => false,
    };
    if !has_parts {
        return Ok(cell(value));
    }
    let text = serde_json::to_string_pretty(value)?;
    let lines = text.lines().map(|line| format!("\n  {}", harmless(line)));
    Ok(lines.collect())
}

pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => harmless(text),
        other => harmless(&other.to_string()),
    }
}

/// Prints lines with their cells below each other.
pub(super) fn print_table(lines: &[Vec<String>]) -> Result<(), Failure> {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for line in lines {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        print::line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_parts_goes_on_below() {
        assert_eq!(field(&json!([])).unwrap(), "[]");
        assert_eq!(
            field(&json!({"a": ["\u{9b}2J"]})).unwrap(),
            "\n  {\n    \"a\": [\n      \"\\u{9b}2J\"\n    ]\n  }"
        );
    }

    #[test]
    fn what_would_steer_the_terminal_is_escaped_wherever_it_stands() {
        for (value, shown) in [
            (json!(null), "-"),
            (json!("Zoë \"x\" \\n"), "Zoë \"x\" \\n"),
            (json!("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n"),
            (json!({"a": "\u{9b}2J"}), "{\"a\":\"\\u{9b}2J\"}"),
            (json!(["\u{202e}cod.exe"]), "[\"\\u{202e}cod.exe\"]"),
        ] {
            assert_eq!(cell(&value), shown);
        }
    }
}
