//! SQL as data: a statement and its parameters, the same for both databases.
//!
//! One text serves both drivers where it can; where they must differ both stand side by side. Decision record:
//! `docs/decisions/0001-one-statement-form-for-two-databases.md`.

use uuid::Uuid;

use super::StoreError;
use super::packed::{self, TextKind};

/// A statement's text. Parameters are `$1`, `$2`, … and first occur in ascending order (SQLite numbers them so). The last
/// ones may be of one text alone.
///
/// Each is a `static`, not a constant: the writers know by where it lies which statements have the same text.
#[derive(Debug)]
pub struct Sql {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
    pub(super) locks: bool,
    pub(super) together: Option<&'static str>,
    pub(super) is_late: bool,
    pub(super) is_covered: bool,
    pub(super) is_for_all: bool,
    pub(super) is_if_added: bool,
    pub(super) is_erasure: bool,
}

impl Sql {
    /// One text for both databases.
    pub const fn same(text: &'static str) -> Self {
        Self::split(text, text)
    }

    /// A text for each: `SQLite`'s, then `PostgreSQL`'s.
    pub const fn split(sqlite: &'static str, postgres: &'static str) -> Self {
        Self {
            sqlite,
            postgres,
            locks: false,
            together: None,
            is_late: false,
            is_covered: false,
            is_for_all: false,
            is_if_added: false,
            is_erasure: false,
        }
    }

    /// A text for `SQLite` alone: on PostgreSQL the statement before it did what it does.
    pub const fn on_sqlite(text: &'static str) -> Self {
        Self::split(text, "")
    }

    /// What [`locking!`](crate::locking) makes. Without a text for `SQLite` it is a lock for PostgreSQL alone, and no row
    /// of it is looked at.
    pub const fn with_lock(sqlite: &'static str, postgres: &'static str) -> Self {
        Self {
            locks: true,
            ..Self::split(sqlite, postgres)
        }
    }

    /// Adds a text that PostgreSQL runs for many statements of this one at once: each parameter is an array, and
    /// rows tell in their first column to which of the array's places (from 1) they belong. A write with such a text
    /// must not depend on what its change writes before or after it. Of a group's reads all first ones run before all
    /// second ones: a read with such a text may depend on locks that stand before its place in every change that has it.
    #[must_use]
    pub const fn together(self, text: &'static str) -> Self {
        Self {
            together: Some(text),
            ..self
        }
    }

    /// What it locks, others lock while they hold locks of the usual kind. A transaction that begins with it must not
    /// go on to those: PostgreSQL's writers keep changes that begin with such a lock apart from the others.
    #[must_use]
    pub const fn late(self) -> Self {
        Self {
            is_late: true,
            ..self
        }
    }

    /// A `SELECT` without a lock, whose change still notices on SQLite if what it found was another by then: it becomes
    /// another only in changes that lock rows which this one locks as well, by an `INSERT` that fails if it is made
    /// twice, or by writes that are [for all](Self::for_all).
    #[must_use]
    pub const fn covered(self) -> Self {
        Self {
            is_covered: true,
            ..self
        }
    }

    /// A write to what changes seldom and many changes read without a lock. On SQLite all that was decided before it
    /// is decided anew.
    #[must_use]
    pub const fn for_all(self) -> Self {
        Self {
            is_for_all: true,
            ..self
        }
    }

    /// A write that follows from an `INSERT … ON CONFLICT DO NOTHING` before it in the same change. On SQLite it runs if
    /// that added a row; PostgreSQL gets all statements at once, so there the text itself has to look for that row.
    #[must_use]
    pub const fn if_added(self) -> Self {
        Self {
            is_if_added: true,
            ..self
        }
    }

    /// A write that deletes what must soon be gone from the disk too, SQLite's log included.
    #[must_use]
    pub const fn erasure(self) -> Self {
        Self {
            is_erasure: true,
            ..self
        }
    }
}

/// A `SELECT` that locks what it finds until the change is committed. Its first column tells rows apart: changes
/// that found the same one do not share a transaction. On SQLite the writer looks after it (`sqlite/ahead.rs`).
#[macro_export]
macro_rules! locking {
    ($text:literal) => {
        $crate::store::Sql::with_lock($text, concat!($text, " FOR UPDATE"))
    };
}

/// A statement with its parameters.
#[derive(Debug, Clone)]
pub struct Statement {
    pub(super) sql: &'static Sql,
    pub(super) params: Vec<Value>,
}

impl Statement {
    /// Pairs a text with its parameters.
    pub fn new(sql: &'static Sql, params: impl Into<Vec<Value>>) -> Self {
        let params = params.into();
        debug_assert!(
            are_used(sql, params.len()),
            "parameters are out of order, or not all used: {}",
            sql.sqlite
        );
        Self { sql, params }
    }

    /// Packs what SQLite stores packed, so that its writer need not.
    pub(super) fn pack(&mut self) {
        for value in &mut self.params {
            if let Value::Long(text, kind) = value {
                *value = Value::Bytes(packed::pack(text, *kind));
            }
        }
    }

    /// Does it lock what it finds?
    pub(super) fn locks(&self) -> bool {
        self.sql.locks
    }

    /// Does its change notice if what it found is not so any more?
    pub(super) fn is_checked(&self) -> bool {
        self.sql.locks || self.sql.is_covered
    }
}

/// Do `$1`, `$2`, … first occur in this order in `SQLite`'s text, and is each of them in one of the two texts?
fn are_used(sql: &Sql, count: usize) -> bool {
    let used = |text| parameters(text).max().unwrap_or(0);
    let mut seen = 0;
    let is_next_or_known = |number| {
        let fits = number <= seen + 1;
        seen = seen.max(number);
        fits
    };
    parameters(sql.sqlite).all(is_next_or_known) && seen.max(used(sql.postgres)) == count
}

/// The numbers of a text's parameters.
fn parameters(text: &str) -> impl Iterator<Item = usize> {
    let digits = |part: &str| part.bytes().take_while(u8::is_ascii_digit).count();
    let behind_signs = text.split('$').skip(1);
    behind_signs.map(move |part| part[..digits(part)].parse().unwrap_or(usize::MAX))
}

/// A value on its way into the database or out of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// `NULL`
    Null,
    /// `INTEGER`, `BIGINT`
    Int(i64),
    /// `TEXT`
    Text(String),
    /// `TEXT` on PostgreSQL, on SQLite a `BLOB` that is packed. Read with [`Row::long_text`].
    Long(String, TextKind),
    /// `BLOB`, `BYTEA`
    Bytes(Vec<u8>),
    /// `BLOB` of 16 bytes, `UUID`
    Uuid(Uuid),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of an answer. Columns are taken by their place; one of another type than asked for means that the
/// database does not hold what this program wrote.
#[derive(Debug)]
pub struct Row(pub(super) Vec<Value>);

impl Row {
    /// A text.
    pub fn text(&mut self, column: usize) -> Result<String, StoreError> {
        self.opt_text(column)?.ok_or_else(|| corrupt(column))
    }

    /// A text or `NULL`.
    pub fn opt_text(&mut self, column: usize) -> Result<Option<String>, StoreError> {
        match self.take(column)? {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            _ => Err(corrupt(column)),
        }
    }

    /// A text that was written as [`Value::Long`].
    pub fn long_text(&mut self, column: usize) -> Result<String, StoreError> {
        match self.take(column)? {
            Value::Text(text) => Ok(text),
            Value::Bytes(bytes) => packed::unpack(&bytes),
            _ => Err(corrupt(column)),
        }
    }

    /// An integer.
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or_else(|| corrupt(column))
    }

    /// An integer or `NULL`.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.get(column)? {
            Value::Int(number) => Ok(Some(*number)),
            Value::Null => Ok(None),
            _ => Err(corrupt(column)),
        }
    }

    /// A UUID.
    pub fn uuid(&self, column: usize) -> Result<Uuid, StoreError> {
        self.opt_uuid(column)?.ok_or_else(|| corrupt(column))
    }

    /// A UUID or `NULL`.
    pub fn opt_uuid(&self, column: usize) -> Result<Option<Uuid>, StoreError> {
        match self.get(column)? {
            Value::Uuid(uuid) => Ok(Some(*uuid)),
            Value::Bytes(bytes) => Uuid::from_slice(bytes).map(Some).map_err(|_| corrupt(column)),
            Value::Null => Ok(None),
            _ => Err(corrupt(column)),
        }
    }

    /// Bytes.
    pub fn bytes(&mut self, column: usize) -> Result<Vec<u8>, StoreError> {
        match self.take(column)? {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(corrupt(column)),
        }
    }

    fn get(&self, column: usize) -> Result<&Value, StoreError> {
        self.0.get(column).ok_or_else(|| corrupt(column))
    }

    fn take(&mut self, column: usize) -> Result<Value, StoreError> {
        let value = self.0.get_mut(column).ok_or_else(|| corrupt(column))?;
        Ok(std::mem::replace(value, Value::Null))
    }
}

fn corrupt(column: usize) -> StoreError {
    StoreError::Corrupt(format!("column {column} of a row is missing or of another type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_must_first_occur_in_order() {
        let are_used = |text, count| are_used(&Sql::same(text), count);
        assert!(are_used("SELECT 1", 0));
        assert!(are_used("UPDATE a SET b = $1 WHERE c = $2 OR d = $1", 2));
        assert!(!are_used("UPDATE a SET b = $2 WHERE c = $1", 2));
        assert!(!are_used("SELECT $1", 2));
        assert!(!are_used("SELECT $b", 1));
    }

    #[test]
    fn the_last_parameters_may_be_of_postgresqls_text_alone() {
        let sql = Sql::split("SELECT $1", "SELECT $2, $1");
        assert!(are_used(&sql, 2));
        assert!(!are_used(&sql, 1), "one is missing on PostgreSQL");
        assert!(!are_used(&sql, 3), "one is used nowhere");
    }
}
