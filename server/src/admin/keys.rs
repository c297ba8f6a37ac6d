//! API keys: made, listed, revoked. A revoked key is gone from the list and stays in the audit.

use bursar_domain::fields::NO_CONTROL;
use bursar_domain::ids::AppId;
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::audit::{Entry, record};
use super::fields::{MAX_TEXT, Problems};
use super::ordered_id::ordered_id;
use super::page::{Page, Paging};
use super::{Request, apps};
use crate::actions::remember::commit;
use crate::actions::{ActionError, Reply};
use crate::directory::raise_version;
use crate::keys::{KeyKind, NewKey};
use crate::state::AppState;
use crate::store::{Decision, Loaded, Sql, Statement, StoreError, rows_of};

/// What a new key is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyDraft {
    /// What it may do.
    pub kind: KeyKind,
    /// What it is for, in the owner's words.
    #[serde(default)]
    #[schemars(length(max = MAX_TEXT), extend("pattern" = NO_CONTROL))]
    pub label: Option<String>,
}

/// A new key, which is shown this once.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(rename = "NewKey")]
pub struct NewKeyBody {
    /// Its id.
    pub key_id: Uuid,
    /// What it may do.
    pub kind: KeyKind,
    /// The part before its dot, by which it is known in lists and logs.
    pub prefix: String,
    /// The key itself.
    pub key: String,
    /// What it is for.
    pub label: Option<String>,
}

/// A key that has not been revoked.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Key")]
pub struct KeyBody {
    /// Its id.
    pub key_id: Uuid,
    /// What it may do.
    pub kind: KeyKind,
    /// The part before its dot.
    pub prefix: String,
    /// What it is for.
    pub label: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was last used; `null`: never. Up to a minute late for uses on other servers.
    pub last_used_at: Option<String>,
}

/// Makes a key. Answers 201 and a [`NewKeyBody`].
pub async fn create(
    state: &AppState,
    request: Request,
    app: AppId,
    draft: KeyDraft,
) -> Result<Reply, ActionError> {
    let mut problems = Problems::default();
    problems.text("label", draft.label.as_deref(), MAX_TEXT);
    problems.check()?;
    let Request { actor, now, remember } = request;
    let (key, id) = (NewKey::for_app(draft.kind, &state.vault), ordered_id(now));
    let decide = move |loaded: &mut Loaded| {
        apps::first(rows_of(loaded, 0))?;
        let entry = Entry {
            action: "key.create",
            target: id.to_string(),
            app: Some(app),
            before: None,
            after: Some(shown(draft.kind.name(), &key.prefix, draft.label.as_deref())),
        };
        let writes = vec![
            insert(app, id, draft.kind, &key, draft.label.as_deref(), now),
            raise_version(),
            record(&actor, entry, now),
        ];
        let answer = NewKeyBody {
            key_id: id,
            kind: draft.kind,
            prefix: key.prefix.clone(),
            key: key.text.clone(),
            label: draft.label.clone(),
        };
        Ok(Decision { writes, answer })
    };
    let render = |key: &NewKeyBody| Reply::with_status(201, key);
    let reply = commit(state, remember, now, vec![apps::lock(app)], decide, render).await?;
    state.see_at_once().await;
    Ok(reply)
}

/// The keys of an app in the order in which they were made.
pub async fn list(state: &AppState, app: AppId, paging: &Paging) -> Result<Page<KeyBody>, ActionError> {
    static SQL: Sql = Sql::same(
        "SELECT key_id, kind, prefix, label, created_at, last_used_at FROM api_keys
         WHERE app_id = $1 AND (created_at, key_id) >= ($2, $3) AND revoked_at IS NULL
         ORDER BY created_at, key_id LIMIT $4",
    );
    apps::find(state, app).await?;
    let (time, id) = paging.time_and_id()?;
    let params = [app.0.into(), time.into(), id.into(), paging.rows().into()];
    let rows = state.store.read(Statement::new(&SQL, params)).await?;
    let directory = state.directory();
    Ok(paging.page(rows, |row| {
        let (id, prefix, created_at) = (row.uuid(0)?, row.text(2)?, row.int(4)?);
        let used_at = row.opt_int(5)?.max(directory.key_used_at(&prefix));
        let key = KeyBody {
            key_id: id,
            kind: KeyKind::parse(&row.text(1)?)
                .ok_or_else(|| StoreError::Corrupt("a key is of no known kind".into()))?,
            prefix,
            label: row.opt_text(3)?,
            created_at: format_time(created_at),
            last_used_at: used_at.map(format_time),
        };
        Ok((vec![created_at.to_string(), id.to_string()], key))
    })?)
}

/// Makes a key useless, at once on this server and within half a second on others.
pub async fn revoke(state: &AppState, request: Request, app: AppId, key: Uuid) -> Result<(), ActionError> {
    static LOCK: Sql = crate::locking!(
        "SELECT key_id, kind, prefix, label FROM api_keys
         WHERE app_id = $1 AND key_id = $2 AND revoked_at IS NULL"
    );
    static REVOKE: Sql = Sql::same("UPDATE api_keys SET revoked_at = $1 WHERE app_id = $2 AND key_id = $3");
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        let row = rows_of(&mut loaded, 0)
            .first_mut()
            .ok_or(ActionError::Missing("the key"))?;
        let entry = Entry {
            action: "key.revoke",
            target: key.to_string(),
            app: Some(app),
            before: Some(shown(&row.text(1)?, &row.text(2)?, row.opt_text(3)?.as_deref())),
            after: None,
        };
        let writes = vec![
            Statement::new(&REVOKE, [request.now.into(), app.0.into(), key.into()]),
            raise_version(),
            record(&request.actor, entry, request.now),
        ];
        Ok(Decision { writes, answer: () })
    };
    let reads = vec![Statement::new(&LOCK, [app.0.into(), key.into()])];
    state.store.change(reads, decide).await?;
    state.see_at_once().await;
    Ok(())
}

/// A key as the audit shows it.
fn shown(kind: &str, prefix: &str, label: Option<&str>) -> Json {
    json!({"kind": kind, "prefix": prefix, "label": label})
}

/// The statement that stores a new key.
pub(super) fn insert(
    app: AppId,
    id: Uuid,
    kind: KeyKind,
    key: &NewKey,
    label: Option<&str>,
    now: i64,
) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO api_keys (key_id, app_id, kind, prefix, hash, label, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    Statement::new(
        &SQL,
        [
            id.into(),
            app.0.into(),
            kind.name().into(),
            key.prefix.as_str().into(),
            key.hash.clone().into(),
            label.into(),
            now.into(),
        ],
    )
}
