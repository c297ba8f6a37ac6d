//! `releases`: parts of integrations whose waiting lanes are looked at anew, because settings were saved that may ask for
//! less.

use bursar_domain::ids::AppId;
use uuid::Uuid;

use crate::store::{Row, Sql, Statement, StoreError};

/// A part whose waiting lanes are let go, some at a time.
pub struct Release {
    target: i64,
    /// From when on, in microseconds: by then every server knows the settings.
    pub due_at: i64,
    /// How far it has come: behind this lane.
    pub after: Uuid,
    /// When the first of the part's lanes is due that are not of replays, if it has any.
    pub first_due: Option<i64>,
}

/// Has all waiting lanes of an app's integration looked at anew, from the first one on.
pub fn order(app: AppId, slug: &str, due_at: i64) -> Statement {
    static SQL: Sql = Sql::split(
        "INSERT INTO releases (target_id, due_at, after_lane)
         SELECT target_id, $1, $2 FROM targets WHERE app_id = $3 AND slug = $4
         ON CONFLICT (target_id) DO UPDATE SET due_at = excluded.due_at, after_lane = excluded.after_lane",
        "INSERT INTO releases (target_id, due_at, after_lane)
         SELECT target_id, $1::bigint, $2::uuid FROM targets WHERE app_id = $3 AND slug = $4
         ON CONFLICT (target_id) DO UPDATE SET due_at = excluded.due_at, after_lane = excluded.after_lane",
    );
    Statement::new(
        &SQL,
        [due_at.into(), Uuid::nil().into(), app.0.into(), slug.into()],
    )
}

/// The one that is ordered of a part, if there is one.
pub fn select(target: i64) -> Statement {
    static SQL: Sql = Sql::split(
        "SELECT target_id, due_at, after_lane,
                (SELECT min(due_at) FROM lanes WHERE lanes.target_id = releases.target_id AND slow = 0)
         FROM releases WHERE target_id = $1",
        "SELECT target_id, due_at, after_lane,
                (SELECT min(due_at) FROM lanes WHERE lanes.target_id + 0 = releases.target_id AND slow = 0)
         FROM releases WHERE target_id = $1",
    );
    Statement::new(&SQL, [target.into()])
}

/// The row of [`select`].
pub fn read(rows: &[Row]) -> Result<Option<Release>, StoreError> {
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(Release {
        target: row.int(0)?,
        due_at: row.int(1)?,
        after: row.uuid(2)?,
        first_due: row.opt_int(3)?,
    }))
}

/// The next lanes, some at a time, and whether each waits. Also those that do not: no index tells them apart, and to pass over
/// very many of them would take long.
pub fn next(release: &Release, limit: usize) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT lane_id, waits FROM lanes WHERE target_id = $1 AND lane_id > $2 ORDER BY lane_id LIMIT $3",
    );
    let Release { target, after, .. } = release;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Statement::new(&SQL, [(*target).into(), (*after).into(), limit.into()])
}

/// Has those lanes due that wait, up to this one.
pub fn make_due(release: &Release, to: Uuid, due_at: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE lanes SET waits = 0, due_at = $1
         WHERE target_id = $2 AND lane_id > $3 AND lane_id <= $4 AND waits = 1",
    );
    let Release { target, after, .. } = release;
    Statement::new(
        &SQL,
        [due_at.into(), (*target).into(), (*after).into(), to.into()],
    )
}

/// It has come to this lane, unless it was ordered anew meanwhile.
pub fn advance(release: &Release, to: Uuid) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE releases SET after_lane = $1 WHERE target_id = $2 AND due_at = $3 AND after_lane = $4",
    );
    let Release {
        target,
        due_at,
        after,
        ..
    } = release;
    Statement::new(
        &SQL,
        [to.into(), (*target).into(), (*due_at).into(), (*after).into()],
    )
}

/// It is done, unless it was ordered anew meanwhile.
pub fn finish(release: &Release) -> Statement {
    static SQL: Sql = Sql::same("DELETE FROM releases WHERE target_id = $1 AND due_at = $2");
    Statement::new(&SQL, [release.target.into(), release.due_at.into()])
}
