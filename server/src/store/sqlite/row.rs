//! Statements and rows between our form and rusqlite's.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, PrepFlags, ToSql, params_from_iter};

use crate::store::{Loaded, Row, Statement, Value, packed};

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Long(text, kind) => return Ok(ToSqlOutput::Owned(packed::pack(text, *kind).into())),
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }))
    }
}

/// Runs a query and takes all its rows. One that is for PostgreSQL alone has none.
pub(super) fn query(connection: &Connection, statement: &Statement) -> rusqlite::Result<Vec<Row>> {
    if statement.sql.sqlite.is_empty() {
        return Ok(Vec::new());
    }
    let mut prepared = connection.prepare_cached(statement.sql.sqlite)?;
    let columns = prepared.column_count();
    let params = statement.params.iter().take(prepared.parameter_count());
    let mut rows = prepared.query(params_from_iter(params))?;
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

/// The statements that the writer has run, ready to run again. They are found by where their texts lie: those of a change
/// are some ten, and to look each up by its text would cost as much as some of them do.
pub(super) struct Prepared<'c> {
    connection: &'c Connection,
    statements: HashMap<*const str, rusqlite::Statement<'c>>,
}

impl<'c> Prepared<'c> {
    pub(super) fn on(connection: &'c Connection) -> Self {
        Self {
            connection,
            statements: HashMap::new(),
        }
    }

    /// Runs statements in their order; what follows from an addition only if there was one.
    pub(super) fn execute_all(&mut self, statements: &[Statement]) -> rusqlite::Result<()> {
        let mut has_added = true;
        for statement in statements {
            if statement.sql.is_if_added && !has_added {
                continue;
            }
            let prepared = self.of(statement.sql.sqlite)?;
            let params = statement.params.iter().take(prepared.parameter_count());
            let changed = prepared.execute(params_from_iter(params))?;
            if !statement.sql.is_if_added {
                has_added = changed > 0;
            }
        }
        Ok(())
    }

    /// Runs a text without parameters.
    pub(super) fn run(&mut self, text: &'static str) -> rusqlite::Result<()> {
        self.of(text)?.execute([]).map(drop)
    }

    fn of(&mut self, text: &'static str) -> rusqlite::Result<&mut rusqlite::Statement<'c>> {
        Ok(match self.statements.entry(text) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let flags = PrepFlags::SQLITE_PREPARE_PERSISTENT;
                new.insert(self.connection.prepare_with_flags(text, flags)?)
            }
        })
    }
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
