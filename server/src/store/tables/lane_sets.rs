//! Many lanes of a target in one statement each: claimed together, settled together.
//!
//! Ids travel as a JSON text, which both databases take apart. A statement for each lane would cost more than what it
//! does.

use uuid::Uuid;

use crate::store::{Row, Sql, Statement, StoreError, Value};

/// Lanes of a target.
#[derive(Debug, Clone)]
pub struct LaneSet {
    target: Value,
    ids: Value,
}

impl LaneSet {
    /// These of them.
    pub fn new(target: i64, ids: impl IntoIterator<Item = Uuid>) -> Self {
        let mut text = String::from("[");
        let mut buffer = Uuid::encode_buffer();
        for id in ids {
            let separator = if text.len() > 1 { ",\"" } else { "\"" };
            text.push_str(separator);
            text.push_str(id.simple().encode_lower(&mut buffer));
            text.push('"');
        }
        text.push(']');
        Self {
            target: target.into(),
            ids: text.into(),
        }
    }

    pub(super) fn key(&self) -> [Value; 2] {
        [self.target.clone(), self.ids.clone()]
    }
}

/// The lanes of a set on PostgreSQL, in the order of their ids, with `columns`. `LATERAL` and `OFFSET 0` hold it to looking each
/// one up: by the size that the table had when it looked last, it would walk through all lanes.
macro_rules! lanes_of_set {
    ($columns:literal, $target:literal, $ids:literal) => {
        concat!(
            "(SELECT value::uuid AS id FROM jsonb_array_elements_text(",
            $ids,
            "::text::jsonb) AS one (value) ORDER BY id) AS one
             CROSS JOIN LATERAL (
                 SELECT ",
            $columns,
            " FROM lanes WHERE target_id = ",
            $target,
            " AND lane_id = one.id OFFSET 0) AS l"
        )
    };
}
pub(super) use lanes_of_set;

/// The beginning of a statement, the condition that names the lanes of a set by the parameters for the target and the
/// ids, and the end. PostgreSQL finds the rows by their places, which do not change: they are locked.
macro_rules! of_set {
    ($begin:literal, $target:literal, $ids:literal, $end:literal) => {
        Sql::split(
            concat!(
                $begin,
                " WHERE target_id = ",
                $target,
                " AND lane_id IN (SELECT unhex(value) FROM json_each(",
                $ids,
                "))",
                $end
            ),
            concat!(
                $begin,
                " WHERE ctid = ANY (ARRAY(SELECT l.ctid FROM ",
                lanes_of_set!("ctid", $target, $ids),
                "))",
                $end
            ),
        )
    };
}

/// Takes lanes that are locked, until `until`; whoever holds `lease` may settle what it sends.
pub fn claim(lanes: &LaneSet, lease: i64, until: i64) -> Statement {
    static SQL: Sql = of_set!(
        "UPDATE lanes SET lease = $1, due_at = $2, waits = 0",
        "$3",
        "$4",
        ""
    );
    let [target, ids] = lanes.key();
    Statement::new(&SQL, [lease.into(), until.into(), target, ids])
}

/// Removes those lanes that were claimed with `lease` and have nothing in them.
pub fn remove_empty(lanes: &LaneSet, lease: i64) -> Statement {
    static SQL: Sql = of_set!(
        "DELETE FROM lanes",
        "$1",
        "$2",
        " AND lease = $3 AND NOT EXISTS (
             SELECT 1 FROM queue WHERE queue.target_id = lanes.target_id AND queue.lane_id = lanes.lane_id)"
    );
    let [target, ids] = lanes.key();
    Statement::new(&SQL, [target, ids, lease.into()])
}

/// A locked lane that somebody is at.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// The lane.
    pub lane: Uuid,
    /// The lease with which it is held.
    pub lease: i64,
    /// How many deliveries are open in it. Who adds one waits for the lock.
    open: i64,
}

/// Locks lanes and tells who is at each; see [`read_held`].
pub fn lock_held(lanes: &LaneSet) -> Statement {
    static SQL: Sql = Sql::with_lock(
        "SELECT target_id || hex(lane_id), lane_id, lease, open FROM lanes
         WHERE target_id = $1 AND lane_id IN (SELECT unhex(value) FROM json_each($2)) AND lease IS NOT NULL",
        concat!(
            "SELECT l.target_id || l.lane_id::text, l.lane_id, l.lease, l.open FROM ",
            lanes_of_set!("*", "$1", "$2"),
            " WHERE l.lease IS NOT NULL FOR UPDATE OF l"
        ),
    )
    .late();
    Statement::new(&SQL, lanes.key())
}

/// Reads a row of [`lock_held`].
pub fn read_held(row: &Row) -> Result<Held, StoreError> {
    Ok(Held {
        lane: row.uuid(1)?,
        lease: row.int(2)?,
        open: row.int(3)?,
    })
}

/// Gives locked lanes back for `due_at`, of each of which `closed` deliveries were closed; removes those of which that was all.
pub fn give_back(target: i64, held: &[Held], closed: i64, due_at: i64) -> Vec<Statement> {
    static REMOVE: Sql = of_set!("DELETE FROM lanes", "$1", "$2", "");
    static GIVE_BACK: Sql = of_set!(
        "UPDATE lanes SET open = open - $1, due_at = $2, waits = 0, lease = NULL",
        "$3",
        "$4",
        ""
    );
    let (empty, others): (Vec<&Held>, Vec<&Held>) = held.iter().partition(|one| one.open <= closed);
    let key_of = |lanes: &[&Held]| LaneSet::new(target, lanes.iter().map(|one| one.lane)).key();
    let mut writes = Vec::new();
    if !empty.is_empty() {
        writes.push(Statement::new(&REMOVE, key_of(&empty)));
    }
    if !others.is_empty() {
        let [target, ids] = key_of(&others);
        writes.push(Statement::new(
            &GIVE_BACK,
            [closed.into(), due_at.into(), target, ids],
        ));
    }
    writes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_a_json_list() {
        let ids_of = |ids: &[Uuid]| LaneSet::new(1, ids.iter().copied()).ids;
        assert_eq!(ids_of(&[]), "[]".into());
        let [one, two] = [Uuid::from_u128(1), Uuid::max()];
        let expected = r#"["00000000000000000000000000000001","ffffffffffffffffffffffffffffffff"]"#;
        assert_eq!(ids_of(&[one, two]), expected.into());
    }
}
