//! Access levels: what products give. Every app has `premium`; none is ever deleted, because profiles hold them.

use bursar_domain::fields::NO_CONTROL;
use bursar_domain::ids::AppId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit::{Entry, record};
use super::fields::{MAX_DESCRIPTION, Problems};
use super::page::{Page, Paging};
use super::{Request, apps};
use crate::actions::ActionError;
use crate::state::AppState;
use crate::store::{Decision, Loaded, Sql, Statement, rows_of};

/// What can be said of an access level.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessLevelDraft {
    /// What it opens, for people.
    #[serde(default)]
    #[schemars(length(max = MAX_DESCRIPTION), extend("pattern" = NO_CONTROL))]
    pub description: Option<String>,
}

/// An access level.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "AppAccessLevel")]
pub struct AccessLevel {
    /// Its id, for example `premium`.
    pub access_level_id: String,
    /// What it opens, for people.
    pub description: Option<String>,
}

/// Makes an access level, or changes its description.
pub async fn set(
    state: &AppState,
    request: Request,
    app: AppId,
    id: String,
    draft: AccessLevelDraft,
) -> Result<AccessLevel, ActionError> {
    static BEFORE: Sql =
        Sql::same("SELECT description FROM access_levels WHERE app_id = $1 AND access_level_id = $2");
    static SET: Sql = Sql::same(
        "INSERT INTO access_levels (app_id, access_level_id, description) VALUES ($1, $2, $3)
         ON CONFLICT (app_id, access_level_id) DO UPDATE SET description = excluded.description",
    );
    let mut problems = Problems::default();
    problems.name("id", &id);
    if !id.is_empty() && id.trim().is_empty() {
        problems.add("id", "must not be white space alone");
    }
    problems.text("description", draft.description.as_deref(), MAX_DESCRIPTION);
    problems.check()?;
    let params = [app.0.into(), id.as_str().into()];
    let reads = vec![apps::lock(app), Statement::new(&BEFORE, params)];
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        apps::first(rows_of(&mut loaded, 0))?;
        let before = rows_of(&mut loaded, 1)
            .first_mut()
            .map(|row| row.opt_text(0))
            .transpose()?;
        let description = draft.description.as_deref();
        let entry = Entry {
            action: "access_level.set",
            target: id.clone(),
            app: Some(app),
            before: before.map(|description| json!({"description": description})),
            after: Some(json!({"description": description})),
        };
        let writes = vec![
            Statement::new(&SET, [app.0.into(), id.as_str().into(), description.into()]),
            record(&request.actor, entry, request.now),
        ];
        let answer = AccessLevel {
            access_level_id: id.clone(),
            description: draft.description.clone(),
        };
        Ok(Decision { writes, answer })
    };
    state.store.change(reads, decide).await
}

/// The access levels of an app in the order of their ids.
pub async fn list(state: &AppState, app: AppId, paging: &Paging) -> Result<Page<AccessLevel>, ActionError> {
    static SQL: Sql = Sql::same(
        "SELECT access_level_id, description FROM access_levels
         WHERE app_id = $1 AND access_level_id >= $2 ORDER BY access_level_id LIMIT $3",
    );
    apps::find(state, app).await?;
    let [from] = paging.key()?.unwrap_or_default();
    let query = Statement::new(&SQL, [app.0.into(), from.into(), paging.rows().into()]);
    let rows = state.store.read(query).await?;
    Ok(paging.page(rows, |row| {
        let level = AccessLevel {
            access_level_id: row.text(0)?,
            description: row.opt_text(1)?,
        };
        Ok((vec![level.access_level_id.clone()], level))
    })?)
}
