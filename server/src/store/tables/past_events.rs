//! Past events for deliveries that are made or opened later, and locks on the profiles that they belong to.

use bursar_domain::events::EventKind;
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::profile::Details;
use serde_json::json;
use uuid::Uuid;

use super::events::{ids_of, read_kind};
use super::profiles::read_details;
use crate::store::{Row, Sql, Statement, StoreError, Value};

/// A past event. Times are microseconds.
#[derive(Debug, Clone)]
pub struct PastEvent {
    /// Its number: the order in which events were added.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub profile: ProfileId,
    /// What happened.
    pub kind: EventKind,
    /// When it happened.
    pub at: i64,
    /// When it was made.
    pub created_at: i64,
}

/// The event with this id, with its payload.
pub fn select_one(app: AppId, event: Uuid) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT event_seq, event_id, profile_id, event_type, event_at, created_at, payload FROM events
         WHERE event_id = $1 AND app_id = $2",
    );
    Statement::new(&SQL, [event.into(), app.0.into()])
}

/// The app of the event with this id.
pub fn select_app(event: Uuid) -> Statement {
    static SQL: Sql = Sql::same("SELECT app_id FROM events WHERE event_id = $1");
    Statement::new(&SQL, [event.into()])
}

/// The number of the first event with this number or a higher one, and when it was made.
pub fn select_from(seq: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT event_seq, created_at FROM events WHERE event_seq >= $1 ORDER BY event_seq LIMIT 1",
    );
    Statement::new(&SQL, [seq.into()])
}

/// The number of the last event, and when it was made.
pub fn select_last() -> Statement {
    static SQL: Sql = Sql::same("SELECT event_seq, created_at FROM events ORDER BY event_seq DESC LIMIT 1");
    Statement::new(&SQL, [])
}

/// Reads a row of [`select_from`] or [`select_last`].
pub fn read_numbered(row: &mut Row) -> Result<(i64, i64), StoreError> {
    Ok((row.int(0)?, row.int(1)?))
}

/// Some events behind the one with the number `after`, in their order, but none behind `until`; those made from `made_from` on
/// and before `made_before`. A profile's events are few: `until` says nothing of them.
pub fn select_after(
    app: AppId,
    profile: Option<ProfileId>,
    (after, until): (i64, i64),
    (made_from, made_before): (i64, i64),
    limit: i64,
) -> Statement {
    static OF_APP: Sql = Sql::same(
        "SELECT event_seq, event_id, profile_id, event_type, event_at, created_at FROM events
         WHERE app_id = $1 AND event_seq > $2 AND created_at >= $3 AND created_at < $4 AND event_seq <= $5
         ORDER BY event_seq LIMIT $6",
    );
    static OF_PROFILE: Sql = Sql::same(
        "SELECT event_seq, event_id, profile_id, event_type, event_at, created_at FROM events
         WHERE app_id = $1 AND event_seq + 0 > $2 AND created_at >= $3 AND created_at < $4
           AND profile_id = $5 AND event_id BETWEEN $6 AND $7
         ORDER BY event_seq + 0 LIMIT $8",
    );
    let mut params: Vec<Value> = vec![app.0.into(), after.into(), made_from.into(), made_before.into()];
    let sql = match profile {
        None => {
            params.push(until.into());
            &OF_APP
        }
        Some(profile) => {
            let [first, last] = ids_of(profile);
            params.extend([profile.0.into(), first.into(), last.into()]);
            &OF_PROFILE
        }
    };
    params.push(limit.into());
    Statement::new(sql, params)
}

/// Reads a row of [`select_one`] or [`select_after`].
pub fn read(row: &mut Row) -> Result<PastEvent, StoreError> {
    Ok(PastEvent {
        seq: row.int(0)?,
        id: row.uuid(1)?,
        profile: ProfileId(row.uuid(2)?),
        kind: read_kind(row, 3)?,
        at: row.int(4)?,
        created_at: row.int(5)?,
    })
}

/// Reads a row of [`select_one`]: the event, and its payload.
pub fn read_with_payload(row: &mut Row) -> Result<(PastEvent, String), StoreError> {
    Ok((read(row)?, row.long_text(6)?))
}

/// The details of these profiles, those that are there.
pub fn select_profiles(app: AppId, profiles: impl Iterator<Item = ProfileId>) -> Statement {
    static SQL: Sql = Sql::split(
        "SELECT profile_id, details FROM profiles
         WHERE app_id = $1 AND profile_id IN (SELECT unhex(value, '-') FROM json_each($2))",
        "SELECT profile_id, details FROM profiles
         WHERE app_id = $1 AND profile_id IN (SELECT value::uuid FROM jsonb_array_elements_text($2::text::jsonb))",
    );
    of_profiles(&SQL, app, profiles)
}

/// As [`select_profiles`], and locks them for the change that reads them. Those that another change holds on PostgreSQL
/// are passed over: who holds so many must not wait for more.
pub fn lock_profiles(app: AppId, profiles: impl Iterator<Item = ProfileId>) -> Statement {
    static SQL: Sql = Sql::with_lock(
        "SELECT profile_id, details FROM profiles
         WHERE app_id = $1 AND profile_id IN (SELECT unhex(value, '-') FROM json_each($2))",
        "SELECT profile_id, details FROM profiles
         WHERE app_id = $1 AND profile_id IN (SELECT value::uuid FROM jsonb_array_elements_text($2::text::jsonb))
         FOR UPDATE SKIP LOCKED",
    );
    of_profiles(&SQL, app, profiles)
}

fn of_profiles(sql: &'static Sql, app: AppId, profiles: impl Iterator<Item = ProfileId>) -> Statement {
    let ids = profiles.map(|profile| json!(profile.0)).collect();
    Statement::new(
        sql,
        [app.0.into(), serde_json::Value::Array(ids).to_string().into()],
    )
}

/// Reads a row of [`select_profiles`] or [`lock_profiles`].
pub fn read_profile(row: &mut Row) -> Result<(ProfileId, Details), StoreError> {
    let id = ProfileId(row.uuid(0)?);
    Ok((id, read_details(id, row.opt_text(1)?)?))
}
