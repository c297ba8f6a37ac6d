//! Admin tokens: made, listed, revoked. A revoked token is gone from the list and stays in the audit.

use bursar_domain::fields::NO_CONTROL;
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::Request;
use super::audit::{Entry, record};
use super::fields::{MAX_TEXT, Problems};
use super::ordered_id::ordered_id;
use super::page::{Page, Paging};
use crate::actions::remember::commit;
use crate::actions::{ActionError, Reply};
use crate::directory::raise_version;
use crate::keys::NewKey;
use crate::state::AppState;
use crate::store::{Decision, Loaded, Sql, Statement, rows_of};

/// What a new admin token is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenDraft {
    /// What it is for, in the owner's words.
    #[serde(default)]
    #[schemars(length(max = MAX_TEXT), extend("pattern" = NO_CONTROL))]
    pub label: Option<String>,
}

/// A new admin token, which is shown this once.
#[derive(Clone, Serialize, JsonSchema)]
pub struct NewAdminToken {
    /// Its id.
    pub token_id: Uuid,
    /// The token itself.
    pub admin_token: String,
    /// The part before its dot, by which it is known in lists and logs.
    pub prefix: String,
    /// What it is for.
    pub label: Option<String>,
}

/// An admin token that has not been revoked.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AdminToken")]
pub struct TokenBody {
    /// Its id.
    pub token_id: Uuid,
    /// The part before its dot.
    pub prefix: String,
    /// What it is for.
    pub label: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was last used; `null`: never. Up to a minute late for uses on other servers.
    pub last_used_at: Option<String>,
}

/// Makes an admin token. Answers 201 and a [`NewAdminToken`].
pub async fn create(state: &AppState, request: Request, draft: TokenDraft) -> Result<Reply, ActionError> {
    let mut problems = Problems::default();
    problems.text("label", draft.label.as_deref(), MAX_TEXT);
    problems.check()?;
    let Request { actor, now, remember } = request;
    let (token, id) = (NewKey::for_admin(&state.vault), ordered_id(now));
    let decide = move |_: &mut Loaded| {
        let label = draft.label.as_deref();
        let entry = Entry {
            action: "admin_token.create",
            target: id.to_string(),
            app: None,
            before: None,
            after: Some(shown(&token.prefix, label)),
        };
        let writes = vec![
            insert(id, &token, label, now),
            raise_version(),
            record(&actor, entry, now),
        ];
        let answer = NewAdminToken {
            token_id: id,
            admin_token: token.text.clone(),
            prefix: token.prefix.clone(),
            label: draft.label.clone(),
        };
        Ok(Decision { writes, answer })
    };
    let render = |token: &NewAdminToken| Reply::with_status(201, token);
    let reply = commit(state, remember, now, Vec::new(), decide, render).await?;
    state.see_at_once().await;
    Ok(reply)
}

/// All admin tokens in the order in which they were made.
pub async fn list(state: &AppState, paging: &Paging) -> Result<Page<TokenBody>, ActionError> {
    static SQL: Sql = Sql::same(
        "SELECT token_id, prefix, label, created_at, last_used_at FROM admin_tokens
         WHERE (created_at, token_id) >= ($1, $2) AND revoked_at IS NULL
         ORDER BY created_at, token_id LIMIT $3",
    );
    let (time, id) = paging.time_and_id()?;
    let query = Statement::new(&SQL, [time.into(), id.into(), paging.rows().into()]);
    let rows = state.store.read(query).await?;
    let directory = state.directory();
    Ok(paging.page(rows, |row| {
        let (id, prefix, created_at) = (row.uuid(0)?, row.text(1)?, row.int(3)?);
        let used_at = row.opt_int(4)?.max(directory.token_used_at(&prefix));
        let token = TokenBody {
            token_id: id,
            prefix,
            label: row.opt_text(2)?,
            created_at: format_time(created_at),
            last_used_at: used_at.map(format_time),
        };
        Ok((vec![created_at.to_string(), id.to_string()], token))
    })?)
}

/// Makes an admin token useless, at once on this server and within half a second on others.
pub async fn revoke(state: &AppState, request: Request, token: Uuid) -> Result<(), ActionError> {
    static LOCK: Sql = crate::locking!(
        "SELECT token_id, prefix, label FROM admin_tokens WHERE token_id = $1 AND revoked_at IS NULL"
    );
    static REVOKE: Sql = Sql::same("UPDATE admin_tokens SET revoked_at = $1 WHERE token_id = $2");
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        let row = rows_of(&mut loaded, 0)
            .first_mut()
            .ok_or(ActionError::Missing("the admin token"))?;
        let entry = Entry {
            action: "admin_token.revoke",
            target: token.to_string(),
            app: None,
            before: Some(shown(&row.text(1)?, row.opt_text(2)?.as_deref())),
            after: None,
        };
        let writes = vec![
            Statement::new(&REVOKE, [request.now.into(), token.into()]),
            raise_version(),
            record(&request.actor, entry, request.now),
        ];
        Ok(Decision { writes, answer: () })
    };
    let reads = vec![Statement::new(&LOCK, [token.into()])];
    state.store.change(reads, decide).await?;
    state.see_at_once().await;
    Ok(())
}

/// A token as the audit shows it.
fn shown(prefix: &str, label: Option<&str>) -> Json {
    json!({"prefix": prefix, "label": label})
}

/// The statement that stores a new token.
pub(super) fn insert(id: Uuid, token: &NewKey, label: Option<&str>, now: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO admin_tokens (token_id, prefix, hash, label, created_at) VALUES ($1, $2, $3, $4, $5)",
    );
    let (prefix, hash) = (token.prefix.as_str(), token.hash.clone());
    Statement::new(
        &SQL,
        [id.into(), prefix.into(), hash.into(), label.into(), now.into()],
    )
}
