//! What commands of the administration share: the open database, who acts, which app is meant, words for refusals.

use bursar_domain::ids::AppId;
use uuid::Uuid;

use super::Failure;
use crate::actions::ActionError;
use crate::admin::Request;
use crate::admin::apps;
use crate::admin::audit::Actor;
use crate::admin::events;
use crate::admin::page::Paging;
use crate::config::{Config, LogLevel};
use crate::logging;
use crate::state::AppState;
use crate::store::Location;

/// An administrator at the command line.
pub struct Session {
    /// The database with all that belongs to it.
    pub state: AppState,
}

impl Session {
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
pub fn prepare(mut config: Config) -> Result<Config, Failure> {
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

/// As [`explain`], with each parameter of a list under the name of its flag. What filters can be was looked at when the command
/// line was read: left is the cursor.
pub fn explain_list(error: ActionError) -> Failure {
    let ActionError::BadFields(fields) = error else {
        return explain(error);
    };
    let fields = fields.into_iter().map(|(field, why)| (format!("--{field}"), why));
    explain(ActionError::BadFields(fields.collect()))
}
