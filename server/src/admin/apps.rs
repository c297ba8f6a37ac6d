//! Apps: made with a key of each kind and the access level that every app has, listed, read.

use bursar_domain::app::{AppSettings, PREMIUM};
use bursar_domain::fields::NO_CONTROL;
use bursar_domain::ids::AppId;
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::audit::{Actor, Entry, record};
use super::fields::{MAX_TEXT, Problems};
use super::ordered_id::ordered_id;
use super::page::{Page, Paging};
use super::{Request, keys};
use crate::actions::remember::commit;
use crate::actions::{ActionError, Reply};
use crate::directory::raise_version;
use crate::keys::{KeyKind, NewKey};
use crate::state::AppState;
pub(super) use crate::store::tables::apps::lock;
use crate::store::{Decision, Loaded, Row, Sql, Statement, StoreError};
use crate::vault::Vault;

/// What a new app is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppDraft {
    /// Its name. Two apps may have the same one.
    #[schemars(length(min = 1, max = MAX_TEXT), extend("pattern" = NO_CONTROL))]
    pub name: String,
}

/// A new app with its keys, which are shown this once.
#[derive(Clone, Serialize, JsonSchema)]
pub struct NewApp {
    /// The app's id.
    pub app_id: Uuid,
    /// Its name.
    pub name: String,
    /// For servers.
    pub secret_key: String,
    /// For apps on devices.
    pub public_key: String,
    /// Its settings.
    pub settings: AppSettings,
}

/// An app.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "App")]
pub struct AppBody {
    /// Its id.
    pub app_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its settings, those that were never set with their defaults.
    pub settings: AppSettings,
    /// When it was made.
    pub created_at: String,
}

/// Makes an app with a secret and a public key and the access level `premium`. Answers 201 and a [`NewApp`].
pub async fn create(state: &AppState, request: Request, draft: &AppDraft) -> Result<Reply, ActionError> {
    let mut problems = Problems::default();
    problems.name("name", &draft.name);
    problems.check()?;
    let Request { actor, now, remember } = request;
    let (app, writes) = new_app(&state.vault, &draft.name, &actor, now);
    let decide = move |_: &mut Loaded| {
        Ok(Decision {
            writes: writes.clone(),
            answer: app.clone(),
        })
    };
    let render = |app: &NewApp| Reply::with_status(201, app);
    let reply = commit(state, remember, now, Vec::new(), decide, render).await?;
    state.see_at_once().await;
    Ok(reply)
}

/// All apps in the order in which they were made.
pub async fn list(state: &AppState, paging: &Paging) -> Result<Page<AppBody>, ActionError> {
    static SQL: Sql = Sql::same(
        "SELECT app_id, name, settings, created_at FROM apps
         WHERE (created_at, app_id) >= ($1, $2) ORDER BY created_at, app_id LIMIT $3",
    );
    let (time, id) = paging.time_and_id()?;
    let query = Statement::new(&SQL, [time.into(), id.into(), paging.rows().into()]);
    let rows = state.store.read(query).await?;
    Ok(paging.page(rows, |row| {
        let (time, app) = read_row(row)?;
        Ok((vec![time.to_string(), app.app_id.to_string()], app))
    })?)
}

/// One app.
pub async fn find(state: &AppState, app: AppId) -> Result<AppBody, ActionError> {
    static SQL: Sql = Sql::same("SELECT app_id, name, settings, created_at FROM apps WHERE app_id = $1");
    let mut rows = state.store.read(Statement::new(&SQL, [app.0.into()])).await?;
    first(&mut rows)
}

/// The app of a read's rows.
pub(super) fn first(rows: &mut [Row]) -> Result<AppBody, ActionError> {
    let row = rows.first_mut().ok_or(ActionError::Missing("the app"))?;
    Ok(read_row(row)?.1)
}

fn read_row(row: &mut Row) -> Result<(i64, AppBody), StoreError> {
    let settings = serde_json::from_str(&row.text(2)?);
    let created_at = row.int(3)?;
    let app = AppBody {
        app_id: row.uuid(0)?,
        name: row.text(1)?,
        settings: settings.map_err(|error| StoreError::Corrupt(format!("an app's settings: {error}")))?,
        created_at: format_time(created_at),
    };
    Ok((created_at, app))
}

/// Makes an app and answers it with the statements that store it.
pub(super) fn new_app(vault: &Vault, name: &str, actor: &Actor, now: i64) -> (NewApp, Vec<Statement>) {
    static APP: Sql =
        Sql::same("INSERT INTO apps (app_id, name, settings, created_at) VALUES ($1, $2, $3, $4)");
    static LEVEL: Sql = Sql::same("INSERT INTO access_levels (app_id, access_level_id) VALUES ($1, $2)");
    let id = AppId(ordered_id(now));
    let settings = AppSettings::default();
    let stored = serde_json::to_string(&settings).expect("settings always serialise");
    let secret = NewKey::for_app(KeyKind::Secret, vault);
    let public = NewKey::for_app(KeyKind::Public, vault);
    let entry = Entry {
        action: "app.create",
        target: id.to_string(),
        app: Some(id),
        before: None,
        after: Some(json!({"name": name, "key_prefixes": [secret.prefix, public.prefix]})),
    };
    let writes = vec![
        Statement::new(&APP, [id.0.into(), name.into(), stored.into(), now.into()]),
        Statement::new(&LEVEL, [id.0.into(), PREMIUM.into()]),
        keys::insert(id, ordered_id(now), KeyKind::Secret, &secret, None, now),
        keys::insert(id, ordered_id(now), KeyKind::Public, &public, None, now),
        raise_version(),
        record(actor, entry, now),
    ];
    let app = NewApp {
        app_id: id.0,
        name: name.to_owned(),
        secret_key: secret.text,
        public_key: public.text,
        settings,
    };
    (app, writes)
}
