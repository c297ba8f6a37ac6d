//! Admin tokens.

use uuid::Uuid;

use crate::keys::NewKey;
use crate::store::{Sql, Statement};

/// The statement that stores a new token.
pub(super) fn insert(id: Uuid, token: &NewKey, label: Option<&str>, now: i64) -> Statement {
    const SQL: Sql = Sql::same(
        "INSERT INTO admin_tokens (token_id, prefix, hash, label, created_at) VALUES ($1, $2, $3, $4, $5)",
    );
    let (prefix, hash) = (token.prefix.as_str(), token.hash.clone());
    Statement::new(
        &SQL,
        [id.into(), prefix.into(), hash.into(), label.into(), now.into()],
    )
}
