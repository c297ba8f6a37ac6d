//! `rechecks`: apps whose profiles have to be looked through for when something of them is due next, because timers were
//! switched on.

use bursar_domain::ids::{AppId, ProfileId};
use uuid::Uuid;

use crate::store::{Row, Sql, Statement, StoreError};

/// An app whose profiles are looked through.
pub struct Recheck {
    /// Which.
    pub app: AppId,
    /// From when on, in microseconds: by then every server knows the settings.
    pub due_at: i64,
    /// How far it has come: behind this profile.
    pub after: Uuid,
}

/// Has all profiles of an app looked through, from the first one on.
pub fn order(app: AppId, due_at: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO rechecks (app_id, due_at, after_profile) VALUES ($1, $2, $3)
         ON CONFLICT (app_id) DO UPDATE SET due_at = excluded.due_at, after_profile = excluded.after_profile",
    );
    Statement::new(&SQL, [app.0.into(), due_at.into(), Uuid::nil().into()])
}

/// One that is to be gone on with by `now`; also one that is due after `latest`, for which none is ordered: the clock was
/// ahead.
pub fn select(now: i64, latest: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT app_id, due_at, after_profile FROM rechecks WHERE due_at <= $1 OR due_at > $2
         ORDER BY due_at, app_id LIMIT 1",
    );
    Statement::new(&SQL, [now.into(), latest.into()])
}

/// The row of [`select`].
pub fn read(rows: &mut [Row]) -> Result<Option<Recheck>, StoreError> {
    let Some(row) = rows.first_mut() else {
        return Ok(None);
    };
    Ok(Some(Recheck {
        app: AppId(row.uuid(0)?),
        due_at: row.int(1)?,
        after: row.uuid(2)?,
    }))
}

/// The next profiles of its app, some at a time: what each has, if anything, and when something of it is due next. Also those that
/// have nothing: no index tells them apart, and to pass over very many of them would take long.
pub fn next(recheck: &Recheck, limit: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT profile_id, holdings, due_at FROM profiles
         WHERE app_id = $1 AND profile_id > $2 ORDER BY profile_id LIMIT $3",
    );
    let Recheck { app, after, .. } = recheck;
    Statement::new(&SQL, [app.0.into(), (*after).into(), limit.into()])
}

/// It has come to this profile, unless it was ordered anew meanwhile.
pub fn advance(recheck: &Recheck, to: Uuid) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE rechecks SET after_profile = $1 WHERE app_id = $2 AND due_at = $3 AND after_profile = $4",
    );
    let Recheck { app, due_at, after } = recheck;
    Statement::new(&SQL, [to.into(), app.0.into(), (*due_at).into(), (*after).into()])
}

/// It is done, unless it was ordered anew meanwhile.
pub fn finish(recheck: &Recheck) -> Statement {
    static SQL: Sql = Sql::same("DELETE FROM rechecks WHERE app_id = $1 AND due_at = $2");
    Statement::new(&SQL, [recheck.app.0.into(), recheck.due_at.into()])
}

/// Something of a profile is due earlier than is noted.
pub fn due_earlier(app: AppId, profile: ProfileId, due_at: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE profiles SET due_at = $1
         WHERE app_id = $2 AND profile_id = $3 AND (due_at IS NULL OR due_at > $1)",
    );
    Statement::new(&SQL, [due_at.into(), app.0.into(), profile.0.into()])
}
