//! Statements of one text run as one: their parameters travel as arrays.
//!
//! A statement that PostgreSQL runs for one row costs it several times what a further row costs in a statement that
//! takes many. So the few statements of the hot path have a second text ([`crate::store::Sql::together`]), whose
//! parameters are arrays and which, if it answers rows, tells in its first column to which of them (from 1) a row
//! belongs.

use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::row::{self, AnyError};
use crate::store::{Row, Sql, Statement, StoreError, Value};

/// What is sent for a list of statements.
pub(super) enum Request<'s> {
    /// The statement at this place of the list, as it is.
    One(usize, &'s Statement),
    /// All statements at these places, which have one text.
    Together(&'static str, Vec<usize>, Vec<Column<'s>>),
}

/// The values of one parameter in all statements.
#[derive(Debug)]
pub(super) struct Column<'s>(Vec<&'s Value>);

/// The places of all reads in their list, where so many belong to each change: the first ones of all changes, then the
/// second ones, and so on. In this order none runs before what stands before it in its change, wherever another change
/// has the same text.
pub(super) fn in_turn(counts: &[usize]) -> Vec<usize> {
    let turns = counts.iter().flat_map(|count| 0..*count);
    let mut places: Vec<(usize, usize)> = turns.enumerate().map(|(place, turn)| (turn, place)).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, place)| place).collect()
}

/// Puts together what has a text for it, and leaves out what is for SQLite alone. The statements run in the order of
/// `places`, those that are put together at the place of the first of them.
pub(super) fn plan<'s>(
    statements: &[&'s Statement],
    places: impl IntoIterator<Item = usize>,
) -> Vec<Request<'s>> {
    let mut shared: Vec<(&'static Sql, Vec<usize>)> = Vec::new();
    for place in places {
        let statement = statements[place];
        if statement.sql.postgres.is_empty() {
            continue;
        }
        match shared
            .iter_mut()
            .find(|(sql, _)| std::ptr::eq(*sql, statement.sql))
        {
            Some((_, places)) if statement.sql.together.is_some() => places.push(place),
            _ => shared.push((statement.sql, vec![place])),
        }
    }
    let request = |(sql, places): (&'static Sql, Vec<usize>)| match (sql.together, places.as_slice()) {
        (Some(text), [_, _, ..]) => {
            let columns = columns(statements, &places);
            Request::Together(text, places, columns)
        }
        (_, places) => Request::One(places[0], statements[places[0]]),
    };
    shared.into_iter().map(request).collect()
}

fn columns<'s>(statements: &[&'s Statement], places: &[usize]) -> Vec<Column<'s>> {
    let count = statements[places[0]].params.len();
    let column = |index: usize| {
        Column(
            places
                .iter()
                .map(|place| &statements[*place].params[index])
                .collect(),
        )
    };
    (0..count).map(column).collect()
}

impl Request<'_> {
    /// Its text.
    pub(super) fn text(&self) -> &'static str {
        match self {
            Self::One(_, statement) => statement.sql.postgres,
            Self::Together(text, ..) => text,
        }
    }

    /// Its parameters as the driver takes them.
    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        match self {
            Self::One(_, statement) => row::params(statement),
            Self::Together(_, _, columns) => columns
                .iter()
                .map(|column| column as &(dyn ToSql + Sync))
                .collect(),
        }
    }

    /// Gives its rows to the statements that they belong to.
    pub(super) fn hand_out(
        &self,
        rows: &[tokio_postgres::Row],
        found: &mut [Vec<Row>],
    ) -> Result<(), StoreError> {
        let rows = rows.iter().map(row::read);
        match self {
            Self::One(place, _) => found[*place] = rows.collect::<Result<_, _>>()?,
            Self::Together(_, places, _) => {
                for row in rows {
                    let mut row = row?;
                    let number = row.int(0)?;
                    row.0.remove(0);
                    let place = usize::try_from(number - 1)
                        .ok()
                        .and_then(|index| places.get(index));
                    let place = place.ok_or_else(|| StoreError::Corrupt("a row of no statement".into()))?;
                    found[*place].push(row);
                }
            }
        }
        Ok(())
    }
}

impl ToSql for Column<'_> {
    fn to_sql(&self, kind: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, AnyError> {
        self.0.to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        [
            Type::INT8_ARRAY,
            Type::TEXT_ARRAY,
            Type::BYTEA_ARRAY,
            Type::UUID_ARRAY,
        ]
        .contains(kind)
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    static TOGETHER: Sql = Sql::same("UPDATE a SET b = $1").together("UPDATE a FROM unnest($1::bigint[])");
    static ALONE: Sql = Sql::same("DELETE FROM a WHERE b = $1");
    static ELSEWHERE: Sql = Sql::on_sqlite("PRAGMA a = $1");

    fn plan_of(statements: &[Statement]) -> Vec<(&'static str, usize)> {
        let statements: Vec<_> = statements.iter().collect();
        let count = |request: &Request<'_>| match request {
            Request::One(..) => 1,
            Request::Together(_, places, _) => places.len(),
        };
        plan(&statements, 0..statements.len())
            .iter()
            .map(|request| (request.text(), count(request)))
            .collect()
    }

    #[test]
    fn only_several_statements_of_a_text_with_an_array_form_are_put_together() {
        let update = |n: i64| Statement::new(&TOGETHER, [n.into()]);
        let delete = |n: i64| Statement::new(&ALONE, [n.into()]);
        let planned = plan_of(&[update(1), delete(2), update(3), delete(4)]);
        let expected = [
            (TOGETHER.together.unwrap(), 2),
            (ALONE.postgres, 1),
            (ALONE.postgres, 1),
        ];
        assert_eq!(planned, expected);
        assert_eq!(plan_of(&[update(1)]), [(TOGETHER.postgres, 1)]);
    }

    #[test]
    fn no_read_runs_before_what_stands_before_it_in_its_change() {
        static BY_ID: Sql = Sql::same("SELECT a WHERE b = $1 FOR UPDATE").together("SELECT a FOR UPDATE");
        static BY_NAME: Sql = Sql::same("SELECT a WHERE c = $1 FOR UPDATE").together("SELECT a FOR UPDATE");
        static FOUND: Sql = Sql::same("SELECT d WHERE e = $1").together("SELECT d");
        let changes = [
            vec![&BY_NAME, &FOUND],
            vec![&BY_ID, &FOUND],
            vec![&BY_NAME],
            vec![&BY_ID, &ALONE, &FOUND],
        ];
        let counts: Vec<_> = changes.iter().map(Vec::len).collect();
        let reads = changes.concat().into_iter();
        let reads: Vec<_> = reads.map(|sql| Statement::new(sql, [1.into()])).collect();
        let reads: Vec<_> = reads.iter().collect();
        let places = |request: &Request<'_>| match request {
            Request::One(place, _) => vec![*place],
            Request::Together(_, places, _) => places.clone(),
        };
        let planned: Vec<_> = plan(&reads, in_turn(&counts)).iter().map(places).collect();
        assert_eq!(planned, [vec![0, 4], vec![2, 5], vec![1, 3, 7], vec![6]]);
    }

    #[test]
    fn what_is_for_sqlite_alone_is_left_out() {
        let planned = plan_of(&[
            Statement::new(&ELSEWHERE, [1.into()]),
            Statement::new(&ALONE, [2.into()]),
        ]);
        assert_eq!(planned, [(ALONE.postgres, 1)]);
    }
}
