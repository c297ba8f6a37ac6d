//! Answers to requests that carried an idempotency key.

use uuid::Uuid;

use crate::store::{Row, Sql, Statement, StoreError};

/// A remembered answer.
#[derive(Debug)]
pub struct StoredReply {
    /// Hash of the request that it answered.
    pub fingerprint: Vec<u8>,
    /// Its HTTP status.
    pub status: i64,
    /// Its body, sealed.
    pub sealed_body: Vec<u8>,
    /// When it was given, in microseconds.
    pub created_at: i64,
}

/// Reads the answer to a key. `scope` is the app, or nil for the administration.
pub fn select(scope: Uuid, key: &str) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT fingerprint, status, sealed_body, created_at FROM replies
         WHERE scope = $1 AND idempotency_key = $2",
    )
    .covered();
    Statement::new(&SQL, [scope.into(), key.into()])
}

/// The answer in a read's rows, if there is one.
pub fn read(rows: &mut [Row]) -> Result<Option<StoredReply>, StoreError> {
    let Some(row) = rows.first_mut() else {
        return Ok(None);
    };
    Ok(Some(StoredReply {
        fingerprint: row.bytes(0)?,
        status: row.int(1)?,
        sealed_body: row.bytes(2)?,
        created_at: row.int(3)?,
    }))
}

/// Remembers an answer. Only one of two requests that do so at once will commit; the other will find it.
pub fn insert(scope: Uuid, key: &str, reply: StoredReply) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO replies (scope, idempotency_key, fingerprint, status, sealed_body, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    Statement::new(
        &SQL,
        [
            scope.into(),
            key.into(),
            reply.fingerprint.into(),
            reply.status.into(),
            reply.sealed_body.into(),
            reply.created_at.into(),
        ],
    )
}

/// Forgets one answer, whose time is over. It names the time of that answer, lest it forget a fresh one that another
/// change of the same commit has put in its place.
pub fn delete(scope: Uuid, key: &str, created_at: i64) -> Statement {
    static SQL: Sql =
        Sql::same("DELETE FROM replies WHERE scope = $1 AND idempotency_key = $2 AND created_at = $3");
    Statement::new(&SQL, [scope.into(), key.into(), created_at.into()])
}

/// Forgets some of the answers given before the first time or after the second: few enough for a commit that holds up nobody.
pub fn delete_outside(kept: (i64, i64)) -> Statement {
    static SQL: Sql = Sql::same(
        "DELETE FROM replies WHERE (scope, idempotency_key) IN
           (SELECT * FROM (SELECT scope, idempotency_key FROM replies
              WHERE created_at < $1 ORDER BY created_at LIMIT 250) AS outdated
            UNION ALL
            SELECT * FROM (SELECT scope, idempotency_key FROM replies
              WHERE created_at > $2 ORDER BY created_at DESC LIMIT 250) AS ahead)",
    );
    Statement::new(&SQL, [kept.0.into(), kept.1.into()])
}

/// Finds a row if there are answers given before the first time or after the second. The index tells the ends; with an `OR` of
/// both, PostgreSQL would walk the table, because it plans without the times.
pub fn any_outside(kept: (i64, i64)) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT oldest FROM (SELECT (SELECT min(created_at) FROM replies) AS oldest,
                                    (SELECT max(created_at) FROM replies) AS newest) AS ends
         WHERE oldest < $1 OR newest > $2",
    );
    Statement::new(&SQL, [kept.0.into(), kept.1.into()])
}
