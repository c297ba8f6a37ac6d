//! Lanes by when they are due.

use bursar_domain::ids::AppId;
use uuid::Uuid;

use super::lanes::LaneKey;
use crate::store::{Row, Sql, Statement, StoreError};

/// Locks lanes of a target that are due, those that are due longest first. On PostgreSQL those that are due are found by
/// `target_id + 0`, see its migration 13. Lanes that another server looks at are
/// passed over, and where only those that are `free` are wanted, also those that somebody has taken, for however long.
pub fn lock_due(target: i64, slow: bool, free: bool, now: i64, limit: i64) -> Statement {
    static SQL: Sql = Sql::with_lock(
        "SELECT target_id || hex(lane_id), lane_id FROM lanes
         WHERE target_id = $1 AND slow = $2 AND due_at <= $3 AND (lease IS NULL OR $4 = 0) ORDER BY due_at LIMIT $5",
        "SELECT target_id || lane_id::text, lane_id FROM lanes
         WHERE target_id + 0 = $1 AND slow = $2 AND due_at <= $3 AND (lease IS NULL OR $4::bigint = 0)
         ORDER BY due_at LIMIT $5 FOR UPDATE SKIP LOCKED",
    )
    .late();
    Statement::new(
        &SQL,
        [target.into(), slow.into(), now.into(), free.into(), limit.into()],
    )
}

/// The lane of a row of [`lock_due`].
pub fn read_due(row: &mut Row) -> Result<Uuid, StoreError> {
    row.uuid(1)
}

/// When the first lane of each target is due, if it has any, of one app or of all: of the usual ones, and of those of replays;
/// and from when on its waiting ones are let go, if they are to be.
pub fn first_due(app: Option<AppId>) -> Statement {
    macro_rules! first_due {
        ($target:literal, $of:literal) => {
            concat!(
                "SELECT target_id,
                (SELECT min(due_at) FROM lanes WHERE ",
                $target,
                " = targets.target_id AND slow = 0),
                (SELECT min(due_at) FROM lanes WHERE ",
                $target,
                " = targets.target_id AND slow = 1),
                (SELECT due_at FROM releases WHERE releases.target_id = targets.target_id)
                 FROM targets",
                $of
            )
        };
        ($of:literal) => {
            Sql::split(
                first_due!("lanes.target_id", $of),
                first_due!("lanes.target_id + 0", $of),
            )
        };
    }
    static OF_ALL: Sql = first_due!("");
    static OF_APP: Sql = first_due!(" WHERE app_id = $1");
    match app {
        Some(app) => Statement::new(&OF_APP, [app.0.into()]),
        None => Statement::new(&OF_ALL, []),
    }
}

/// Reads a row of [`first_due`]: the target and the three times.
pub fn read_first_due(row: &Row) -> Result<(i64, [Option<i64>; 3]), StoreError> {
    Ok((row.int(0)?, [row.opt_int(1)?, row.opt_int(2)?, row.opt_int(3)?]))
}

/// The lanes behind this one, some at a time, in the order of parts: of one that is due after `now`, when, the lease of who has
/// taken it, and when the last try of what is in it was noted, if there was one. Also those that wait or are due before: no
/// index tells them apart, and to pass over very many of them would take long.
pub fn behind(lane: LaneKey, now: i64, limit: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT target_id, lane_id,
                CASE WHEN waits = 0 AND due_at > $1 THEN due_at END, lease,
                CASE WHEN waits = 0 AND due_at > $1 THEN (
                    SELECT max(updated_at) FROM queue AS q
                    WHERE q.target_id = l.target_id AND q.lane_id = l.lane_id AND q.tries > 0) END
         FROM lanes AS l WHERE (target_id, lane_id) > ($2, $3) ORDER BY target_id, lane_id LIMIT $4",
    );
    Statement::new(
        &SQL,
        [now.into(), lane.target.into(), lane.id.into(), limit.into()],
    )
}

/// Has a lane due at another time, if it is still due when it was.
pub fn due_at_instead(lane: LaneKey, from: i64, to: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE lanes SET due_at = $1 WHERE target_id = $2 AND lane_id = $3 AND due_at = $4 AND waits = 0",
    );
    Statement::new(&SQL, [to.into(), lane.target.into(), lane.id.into(), from.into()])
}
