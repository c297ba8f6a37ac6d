//! Integrations: which there are, and an app's settings for each. Secrets come in and are never shown again.

use bursar_domain::ids::AppId;
use bursar_domain::integrations::{self, Integration, Limits, Problem, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::audit::{Entry, record};
use super::page::Page;
use super::{Request, apps, see_at_once};
use crate::actions::ActionError;
use crate::directory::raise_version;
use crate::sealed_settings::{close, open};
use crate::state::AppState;
use crate::store::tables::integrations as table;
use crate::store::{Decision, Loaded, Row, StoreError};
use crate::vault::Vault;

/// A third party that events can be sent to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Integration")]
pub struct CatalogueEntry {
    /// Its name in paths.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Where its format is described.
    pub docs: &'static str,
    /// The JSON Schema of its settings.
    pub settings: Json,
    /// Which of a profile's identifiers it needs, in order of preference.
    pub identifiers: &'static [&'static str],
    /// What it takes at most.
    pub limits: Limits,
}

/// What is said of an app's integration.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntegrationDraft {
    /// Is anything to be sent?
    pub enabled: bool,
    /// The settings; the integration's schema describes them. Those that are missing take their defaults, a masked
    /// secret keeps the one that is stored.
    pub settings: Map<String, Json>,
}

/// What is to be different of an app's integration; `None`: as it is.
#[derive(Debug, Default)]
pub struct IntegrationChanges {
    /// Is anything to be sent?
    pub enabled: Option<bool>,
    /// All settings anew, as in [`IntegrationDraft`].
    pub settings: Option<Map<String, Json>>,
}

/// An app's integration.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AppIntegration")]
pub struct IntegrationBody {
    /// The integration.
    pub slug: &'static str,
    /// Is anything to be sent?
    pub enabled: bool,
    /// All settings, those that were never set with their defaults. Secrets are masked.
    pub settings: Map<String, Json>,
    /// Is anything sent?
    pub status: Status,
    /// Settings that are valid but do not do what they seem to.
    pub problems: Vec<Problem>,
}

/// Is anything sent?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Yes.
    Ok,
    /// Not before a problem is solved.
    Blocked,
    /// No: it is off.
    Disabled,
}

/// An integration as one app has it.
#[derive(Clone)]
struct Current {
    enabled: bool,
    settings: Settings,
}

/// All integrations, on one page.
pub fn catalogue() -> Page<CatalogueEntry> {
    let entry = |integration: &Integration| CatalogueEntry {
        slug: integration.slug,
        title: integration.title,
        docs: integration.docs,
        settings: integration.schema(),
        identifiers: integration.identifiers,
        limits: integration.limits,
    };
    one_page(integrations::ALL.iter().map(entry).collect())
}

/// All integrations as an app has them, also those that it never set, on one page.
pub async fn list(state: &AppState, app: AppId) -> Result<Page<IntegrationBody>, ActionError> {
    apps::find(state, app).await?;
    let mut rows = state.store.read(table::select_of_app(app)).await?;
    let stored = rows.iter_mut().map(table::read).collect::<Result<Vec<_>, _>>()?;
    let show = |integration: &'static Integration| {
        let row = stored.iter().find(|row| row.slug == integration.slug);
        let current = row
            .map(|row| opened(integration, row, &state.vault))
            .transpose()?;
        Ok(shown(integration, current.as_ref()))
    };
    let entries: Result<_, StoreError> = integrations::ALL.iter().map(show).collect();
    Ok(one_page(entries?))
}

/// One integration as an app has it.
pub async fn find(state: &AppState, app: AppId, slug: &str) -> Result<IntegrationBody, ActionError> {
    let integration = named(slug)?;
    apps::find(state, app).await?;
    let rows = state.store.read(table::select(app, slug)).await?;
    let current = first(integration, rows, &state.vault)?;
    Ok(shown(integration, current.as_ref()))
}

/// Changes what `changes` names and nothing else. Answers the integration after it.
pub async fn set(
    state: &AppState,
    request: Request,
    app: AppId,
    slug: &str,
    changes: IntegrationChanges,
) -> Result<IntegrationBody, ActionError> {
    let integration = named(slug)?;
    let reads = vec![apps::lock(app), table::select(app, slug)];
    let shared = state.clone();
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        let rows = loaded.pop().unwrap_or_default();
        apps::first(loaded.pop().unwrap_or_default())?;
        let before = first(integration, rows, &shared.vault)?;
        let mut after = before.clone().unwrap_or_else(|| unset(integration));
        after.enabled = changes.enabled.unwrap_or(after.enabled);
        if let Some(said) = &changes.settings {
            let settings = Settings::read(integration.settings, said, &after.settings);
            after.settings = settings.map_err(refused)?;
        }
        let in_audit = |current: &Current| {
            let settings = current.settings.masked(integration.settings);
            json!({"enabled": current.enabled, "settings": settings})
        };
        let entry = Entry {
            action: "integration.set",
            target: integration.slug.into(),
            app: Some(app),
            before: before.as_ref().map(in_audit),
            after: Some(in_audit(&after)),
        };
        let row = close(app, integration, after.enabled, &after.settings, &shared.vault);
        let writes = vec![
            table::upsert(row),
            raise_version(),
            record(&request.actor, entry, request.now),
        ];
        let answer = shown(integration, Some(&after));
        Ok(Decision { writes, answer })
    };
    let after = state.store.change(reads, decide).await?;
    see_at_once(state).await;
    Ok(after)
}

fn named(slug: &str) -> Result<&'static Integration, ActionError> {
    integrations::find(slug).ok_or(ActionError::Missing("the integration"))
}

/// The integration of a read's rows; `None`: the app never set it.
fn first(
    integration: &Integration,
    mut rows: Vec<Row>,
    vault: &Vault,
) -> Result<Option<Current>, StoreError> {
    let row = rows.first_mut().map(table::read).transpose()?;
    row.map(|row| opened(integration, &row, vault)).transpose()
}

fn opened(
    integration: &Integration,
    row: &table::StoredIntegration,
    vault: &Vault,
) -> Result<Current, StoreError> {
    Ok(Current {
        enabled: row.enabled,
        settings: open(integration, row, vault)?,
    })
}

/// An integration that an app never set.
fn unset(integration: &Integration) -> Current {
    Current {
        enabled: false,
        settings: Settings::defaults(integration.settings),
    }
}

/// `None`: the app never set it, so there is nothing to find fault with.
fn shown(integration: &'static Integration, current: Option<&Current>) -> IntegrationBody {
    let problems = current.map(|current| (integration.check)(&current.settings));
    let unset = unset(integration);
    let Current { enabled, settings } = current.unwrap_or(&unset);
    IntegrationBody {
        slug: integration.slug,
        enabled: *enabled,
        settings: settings.masked(integration.settings),
        status: if *enabled { Status::Ok } else { Status::Disabled },
        problems: problems.unwrap_or_default().into_iter().map(in_body).collect(),
    }
}

/// The problem with the path that its setting has in the body.
fn in_body(problem: Problem) -> Problem {
    Problem::new(format!("settings.{}", problem.field), problem.detail)
}

fn refused(problems: Vec<Problem>) -> ActionError {
    let problems = problems.into_iter().map(in_body);
    ActionError::BadFields(problems.map(|problem| (problem.field, problem.detail)).collect())
}

fn one_page<T>(data: Vec<T>) -> Page<T> {
    Page {
        data,
        next_cursor: None,
    }
}
