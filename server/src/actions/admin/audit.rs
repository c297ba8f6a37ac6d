//! Who changed what: one record for each write of the administration, in the commit of the write itself.

use bursar_domain::ids::AppId;
use serde_json::Value as Json;
use uuid::{NoContext, Timestamp, Uuid};

use crate::store::{Sql, Statement, Value};

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
    const SQL: Sql = Sql::same(
        "INSERT INTO audit (audit_id, at, actor, action, target, app_id, before, after)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let text = |json: Option<Json>| Value::from(json.map(|json| json.to_string()));
    Statement::new(
        &SQL,
        [
            time_ordered_id(now).into(),
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

/// A UUID whose order is the order of time (version 7).
fn time_ordered_id(now: i64) -> Uuid {
    let micros = u64::try_from(now).unwrap_or_default();
    let nanos = u32::try_from(micros % 1_000_000 * 1_000).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, micros / 1_000_000, nanos))
}
