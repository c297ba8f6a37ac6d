//! Who changed what: one record for each write of the administration, in the commit of the write itself.

use bursar_domain::ids::AppId;
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::ordered_id::ordered_id;
use super::page::{Page, Paging, parse_id};
use crate::actions::ActionError;
use crate::state::AppState;
use crate::store::{Row, Sql, Statement, StoreError, Value};

/// Who acts, as the audit names it: `token admin_live_XXXXXXXX`, `command line` or `first run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(pub String);

/// A write of the administration.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What was done, as `app.create`.
    pub action: &'static str,
    /// What it was done to: an id, a name, a path.
    pub target: String,
    /// The app, where it belongs to one.
    pub app: Option<AppId>,
    /// How it was. Never a secret.
    pub before: Option<Json>,
    /// How it is now. Never a secret.
    pub after: Option<Json>,
}

/// The statement that records a write.
pub fn record(actor: &Actor, entry: Entry, now: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO audit (audit_id, at, actor, action, target, app_id, before, after)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let text = |json: Option<Json>| Value::from(json.map(|json| json.to_string()));
    Statement::new(
        &SQL,
        [
            ordered_id(now).into(),
            now.into(),
            actor.0.as_str().into(),
            entry.action.into(),
            entry.target.into(),
            entry.app.map(|app| app.0).into(),
            text(entry.before),
            text(entry.after),
        ],
    )
}

/// A record of the audit.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditRecord {
    /// Its id. Ids are in the order of time.
    pub audit_id: Uuid,
    /// When it was done.
    pub at: String,
    /// Who did it: `token admin_live_XXXXXXXX`, `command line` or `first run`.
    pub actor: String,
    /// What was done, as `app.create`.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// The app, where it belongs to one.
    pub app_id: Option<Uuid>,
    /// How it was; `null`: it was not there. Never a secret.
    pub before: Option<Json>,
    /// How it was from then on; `null`: it is gone. Never a secret.
    pub after: Option<Json>,
}

/// All records, the newest first.
pub async fn list(state: &AppState, paging: &Paging) -> Result<Page<AuditRecord>, ActionError> {
    static SQL: Sql = Sql::same(
        "SELECT audit_id, at, actor, action, target, app_id, before, after FROM audit
         WHERE audit_id <= $1 ORDER BY audit_id DESC LIMIT $2",
    );
    let from = match paging.key()? {
        Some([from]) => parse_id(from)?,
        None => Uuid::max(),
    };
    let query = Statement::new(&SQL, [from.into(), paging.rows().into()]);
    let rows = state.store.read(query).await?;
    Ok(paging.page(rows, |row| {
        let record = read_row(row)?;
        Ok((vec![record.audit_id.to_string()], record))
    })?)
}

fn read_row(row: &mut Row) -> Result<AuditRecord, StoreError> {
    let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
    let corrupt = |error: serde_json::Error| StoreError::Corrupt(format!("an audit record: {error}"));
    Ok(AuditRecord {
        audit_id: row.uuid(0)?,
        at: format_time(row.int(1)?),
        actor: row.text(2)?,
        action: row.text(3)?,
        target: row.text(4)?,
        app_id: row.opt_uuid(5)?,
        before: json(row.opt_text(6)?).map_err(corrupt)?,
        after: json(row.opt_text(7)?).map_err(corrupt)?,
    })
}
