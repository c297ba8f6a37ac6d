//! API keys: made, listed, revoked.

use bursar_domain::ids::AppId;
use uuid::Uuid;

use crate::keys::{KeyKind, NewKey};
use crate::store::{Sql, Statement};

/// The statement that stores a new key.
pub(super) fn insert(
    app: AppId,
    id: Uuid,
    kind: KeyKind,
    key: &NewKey,
    label: Option<&str>,
    now: i64,
) -> Statement {
    const SQL: Sql = Sql::same(
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
