//! Statements and rows between our form and rusqlite's.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, ToSql, params_from_iter};

use crate::store::{Loaded, Row, Statement, Value, packed};

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Long(text) => return Ok(ToSqlOutput::Owned(packed::pack(text).into())),
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }))
    }
}

/// Runs a query and takes all its rows.
pub(super) fn query(connection: &Connection, statement: &Statement) -> rusqlite::Result<Vec<Row>> {
    let mut prepared = connection.prepare_cached(statement.sql.sqlite)?;
    let columns = prepared.column_count();
    let mut rows = prepared.query(params(statement))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|column| row.get_ref(column).map(value));
        found.push(Row(values.collect::<Result<_, _>>()?));
    }
    Ok(found)
}

/// Runs several queries on one state of the database.
pub(super) fn query_all(connection: &Connection, queries: &[Statement]) -> rusqlite::Result<Loaded> {
    let each = || queries.iter().map(|one| query(connection, one)).collect();
    let sees_one_state = queries.len() < 2 || !connection.is_autocommit();
    if sees_one_state {
        return each();
    }
    let snapshot = connection.unchecked_transaction()?;
    let loaded = each();
    snapshot.finish()?;
    loaded
}

/// Runs a statement that answers no rows.
pub(super) fn execute(connection: &Connection, statement: &Statement) -> rusqlite::Result<()> {
    connection
        .prepare_cached(statement.sql.sqlite)?
        .execute(params(statement))
        .map(drop)
}

/// Runs statements in their order; what follows from an addition only if there was one. Those of one text that follow each
/// other are looked up once.
pub(super) fn execute_all(connection: &Connection, statements: &[Statement]) -> rusqlite::Result<()> {
    let mut has_added = true;
    for alike in statements.chunk_by(|one, next| std::ptr::eq(one.sql, next.sql)) {
        let mut prepared = connection.prepare_cached(alike[0].sql.sqlite)?;
        for statement in alike {
            if !statement.sql.is_if_added {
                has_added = prepared.execute(params(statement))? > 0;
            } else if has_added {
                prepared.execute(params(statement))?;
            }
        }
    }
    Ok(())
}

fn params(statement: &Statement) -> impl Params + '_ {
    params_from_iter(statement.params.iter())
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        // No column of ours holds reals or texts that are not UTF-8; what reads the row will say so.
        ValueRef::Real(number) => Value::Bytes(number.to_be_bytes().to_vec()),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Bytes(text.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}
