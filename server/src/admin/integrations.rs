//! Integrations: which there are, and an app's settings for each. Secrets come in and are never shown again.

use bursar_domain::app::AppSettings;
use bursar_domain::events::EventKind;
use bursar_domain::ids::AppId;
use bursar_domain::integrations::{self, Integration, Limits, Probe, Problem, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::audit::{Entry, record};
use super::integration_block::{UNPROVED, prove};
use super::page::{Page, Paging};
use super::{Request, apps, integration_findings, integration_settings};
use crate::actions::ActionError;
use crate::directory::{SEEN_BY_ALL, raise_version, why_blocked};
use crate::sealed_settings::{LOST, close, open};
use crate::state::AppState;
use crate::store::tables::integrations::{self as table, StoredIntegration};
use crate::store::tables::{rechecks, releases};
use crate::store::{Decision, Loaded, Row, StoreError, rows_of};
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
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntegrationDraft {
    /// Is anything to be sent?
    pub enabled: bool,
    /// The settings; the integration's schema describes them. Those that are missing take their defaults, a masked
    /// secret keeps the one that is stored.
    pub settings: Map<String, Json>,
}

/// What is to be different of an app's integration; `None`: as it is.
#[derive(Default)]
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
    /// Settings that are valid but do not do what they seem to, and what this server met when it last sent something.
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
    blocked: Option<String>,
    timers_since: i64,
}

impl Current {
    /// The synthetic events that it asks for, with their days.
    fn timers(&self, integration: &Integration) -> Vec<(EventKind, i64)> {
        let delays = integration.synthetic_delays(&self.settings);
        delays.filter(|_| self.enabled).collect()
    }

    /// Does it ask for other synthetic events than before, or at other times? What it asked for by a clock that was ahead, it
    /// asks for from now on.
    fn asks_anew(&self, integration: &Integration, before: Option<&Self>, now: i64) -> bool {
        before.is_none_or(|before| {
            before.timers_since > now || before.timers(integration) != self.timers(integration)
        })
    }

    /// May what waits for an identifier need none any more? What is off looks at nothing before it is switched on.
    fn may_ask_for_less(&self, before: Option<&Self>) -> bool {
        let is_as_before = before.is_some_and(|before| before.enabled && before.settings == self.settings);
        self.enabled && !is_as_before
    }

    /// Does it stand still because its secrets cannot be opened?
    fn has_lost_secrets(&self) -> bool {
        self.blocked.as_deref() == Some(LOST)
    }
}

/// All integrations, in the order of the list.
pub fn catalogue(paging: &Paging) -> Result<Page<CatalogueEntry>, ActionError> {
    let entry = |integration: &Integration| CatalogueEntry {
        slug: integration.slug,
        title: integration.title,
        docs: integration.docs,
        settings: integration.schema(),
        identifiers: integration.identifiers,
        limits: integration.limits,
    };
    page(paging, entry)
}

/// All integrations as an app has them, also those that it never set.
pub async fn list(
    state: &AppState,
    app: AppId,
    paging: &Paging,
) -> Result<Page<IntegrationBody>, ActionError> {
    let settings = apps::find(state, app).await?.settings;
    let mut rows = state.store.read(table::select_of_app(app)).await?;
    let stored = rows.iter_mut().map(table::read).collect::<Result<Vec<_>, _>>()?;
    let show = |integration: &'static Integration| {
        let row = stored.iter().find(|row| row.slug == integration.slug);
        let current = row.map(|row| opened(integration, row, &state.vault));
        integration_findings::with(state, app, shown(integration, current.as_ref(), &settings))
    };
    page(paging, show)
}

/// A page of all integrations.
fn page<T>(paging: &Paging, show: impl Fn(&'static Integration) -> T) -> Result<Page<T>, ActionError> {
    let rest = paging.rest_of(integrations::ALL, |one| one.slug)?.iter();
    Ok(paging.page_of(rest.map(|one| (vec![one.slug.to_owned()], show(one)))))
}

/// One integration as an app has it.
pub async fn find(state: &AppState, app: AppId, slug: &str) -> Result<IntegrationBody, ActionError> {
    let integration = named(slug)?;
    let settings = apps::find(state, app).await?.settings;
    let mut rows = state.store.read(table::select(app, slug)).await?;
    let current = first(integration, &mut rows, &state.vault)?;
    let body = shown(integration, current.as_ref(), &settings);
    Ok(integration_findings::with(state, app, body))
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
        let of_app = apps::first(rows_of(&mut loaded, 0))?.settings;
        let before = first(integration, rows_of(&mut loaded, 1), &shared.vault)?;
        let after = changed(&shared, integration, before.as_ref(), &changes, request.now)?;
        let entry = entry(app, integration, before.as_ref(), &after);
        let (settings, sealed_secrets) = close(app, integration, &after.settings, &shared.vault);
        let row = StoredIntegration {
            app,
            slug: integration.slug.into(),
            enabled: after.enabled,
            settings,
            sealed_secrets,
            blocked: after.blocked.clone(),
            timers_since: after.timers_since,
        };
        let saved = row.saved();
        let parts = integration.parts.iter();
        let mut writes: Vec<_> = parts
            .map(|part| table::add_target(app, integration.slug, part.name))
            .collect();
        writes.extend([
            table::upsert(row),
            raise_version(),
            record(&request.actor, entry, request.now),
        ]);
        if after.may_ask_for_less(before.as_ref()) {
            writes.push(releases::order(app, integration.slug, request.now + SEEN_BY_ALL));
        }
        let asks_anew = after.asks_anew(integration, before.as_ref(), request.now);
        if asks_anew && !after.timers(integration).is_empty() {
            writes.push(rechecks::order(app, request.now + SEEN_BY_ALL));
        }
        Ok(Decision {
            writes,
            answer: (after, of_app, saved),
        })
    };
    let (mut after, of_app, saved) = state.store.change(reads, decide).await?;
    state.see_at_once().await;
    if after.blocked.is_some() && !after.has_lost_secrets() {
        after.blocked = prove(state, app, integration, &after.settings, &saved).await?;
    }
    Ok(shown(integration, Some(&after), &of_app))
}

/// What is wrong with settings that are said of an app's integration: it is told beside what is wrong around them.
pub async fn check(
    state: &AppState,
    app: AppId,
    slug: &str,
    said: &Map<String, Json>,
) -> Result<(), ActionError> {
    let integration = named(slug)?;
    let mut rows = state.store.read(table::select(app, slug)).await?;
    let before = first(integration, &mut rows, &state.vault)?.unwrap_or_else(|| unset(integration));
    integration_settings::read(state, integration, said, &before.settings).map(drop)
}

/// The integration after the changes, as far as it is known before it is proved.
fn changed(
    state: &AppState,
    integration: &Integration,
    before: Option<&Current>,
    changes: &IntegrationChanges,
    now: i64,
) -> Result<Current, ActionError> {
    let mut after = before.cloned().unwrap_or_else(|| unset(integration));
    after.enabled = changes.enabled.unwrap_or(after.enabled);
    if let Some(said) = &changes.settings {
        after.settings = integration_settings::read(state, integration, said, &after.settings)?;
    }
    // Whatever was wrong, the owner has looked at it: it is found out anew. But lost secrets do not come back.
    let stays_lost = changes.settings.is_none() && after.has_lost_secrets();
    if !stays_lost {
        after.blocked = first_proof(integration, before, &after, now);
    }
    if after.asks_anew(integration, before, now) {
        after.timers_since = now;
    }
    Ok(after)
}

/// The change as the audit shows it.
fn entry(app: AppId, integration: &Integration, before: Option<&Current>, after: &Current) -> Entry {
    let shown = |current: &Current| {
        let settings = current.settings.masked(integration.settings);
        json!({"enabled": current.enabled, "settings": settings})
    };
    Entry {
        action: "integration.set",
        target: integration.slug.into(),
        app: Some(app),
        before: before.map(shown),
        after: Some(shown(after)),
    }
}

/// An integration that is proved before anything is sent waits for that, unless it was on and all that has to be proved
/// is as it was; the others go on at once.
fn first_proof(
    integration: &Integration,
    before: Option<&Current>,
    after: &Current,
    now: i64,
) -> Option<String> {
    let Probe::Handshake(requests, _) = integration.probe else {
        return None;
    };
    let well = before.filter(|before| before.enabled && before.blocked.is_none());
    let proved = well.map_or_else(Vec::new, |before| requests(&before.settings, now));
    let is_news = |request| well.is_none() || !proved.contains(request);
    let has_to_wait = after.enabled && requests(&after.settings, now).iter().any(is_news);
    has_to_wait.then(|| UNPROVED.to_owned())
}

/// The integration with this slug.
pub(super) fn named(slug: &str) -> Result<&'static Integration, ActionError> {
    integrations::find(slug).ok_or(ActionError::Missing("the integration"))
}

/// The integration of a read's rows; `None`: the app never set it.
fn first(integration: &Integration, rows: &mut [Row], vault: &Vault) -> Result<Option<Current>, StoreError> {
    let row = rows.first_mut().map(table::read).transpose()?;
    Ok(row.map(|row| opened(integration, &row, vault)))
}

fn opened(integration: &Integration, row: &StoredIntegration, vault: &Vault) -> Current {
    let (settings, blocked) = open(integration, row, vault);
    Current {
        enabled: row.enabled,
        settings,
        blocked,
        timers_since: row.timers_since,
    }
}

/// An integration that an app never set.
fn unset(integration: &Integration) -> Current {
    Current {
        enabled: false,
        settings: Settings::defaults(integration.settings),
        blocked: None,
        timers_since: 0,
    }
}

/// `None`: the app never set it, so there is nothing to find fault with.
fn shown(
    integration: &'static Integration,
    current: Option<&Current>,
    of_app: &AppSettings,
) -> IntegrationBody {
    // Of settings without their secrets it would tell what is not so.
    let whole = current.filter(|current| !current.has_lost_secrets());
    let problems = whole.map(|current| integration.problems(&current.settings, of_app));
    let blocked = current.and_then(|current| {
        let found = current.blocked.as_deref();
        let why = why_blocked(integration, &current.settings, found, of_app);
        why.filter(|why| current.enabled || why == LOST)
    });
    let unset = unset(integration);
    let Current {
        enabled, settings, ..
    } = current.unwrap_or(&unset);
    let mut problems: Vec<_> = problems
        .unwrap_or_default()
        .into_iter()
        .map(integration_settings::in_body)
        .collect();
    let is_blocked = blocked.is_some();
    problems.extend(blocked.map(|why| Problem::new("status", why)));
    IntegrationBody {
        slug: integration.slug,
        enabled: *enabled,
        settings: settings.masked(integration.settings),
        status: match (enabled, is_blocked) {
            (false, _) => Status::Disabled,
            (true, true) => Status::Blocked,
            (true, false) => Status::Ok,
        },
        problems,
    }
}
