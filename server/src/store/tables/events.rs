//! Events. Added at the end, shown in the order in which they were added, never changed.
//!
//! One index, that of ids, keeps one event from being stored twice and finds those of a profile, because their ids
//! begin alike ([`bursar_domain::events::id_range`]). An app's events are found by walking the table: few apps
//! share a server, and a further index would be written with every event. Where a time is asked for, the walk is kept to the
//! numbers about that time ([`super::event_numbers`]).
//!
//! On PostgreSQL an event may be seen before another profile's event with a lower number, where both are committed at
//! about the same time. Those of one profile are seen in order: what makes them holds the profile's lock.

use bursar_domain::events::{Event, EventKind, id_range};
use bursar_domain::ids::{AppId, ProfileId};
use uuid::Uuid;

use crate::store::{Row, Sql, Statement, StoreError, TextKind, Value};

/// Which events are wanted. Times are microseconds.
#[derive(Debug)]
pub struct Wanted {
    /// Of which app.
    pub app: AppId,
    /// Of one profile alone.
    pub profile: Option<ProfileId>,
    /// Of one kind alone.
    pub kind: Option<EventKind>,
    /// Made at this time or later.
    pub made_from: i64,
    /// Made before this time.
    pub made_before: i64,
    /// That have happened by this time. What had happened when its event was made has, whatever the time.
    pub happened_by: i64,
    /// In which order.
    pub order: Order,
    /// With which the list begins: its number.
    pub from: i64,
    /// With which it ends at the latest. A profile's events are few, and this says nothing of them.
    pub until: i64,
    /// How many at most.
    pub limit: i64,
}

/// The order of a list of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they were made.
    OldestFirst,
    /// The other way round.
    NewestFirst,
}

/// A stored event as lists show it.
#[derive(Debug)]
pub struct Found {
    /// Its number: the order in which events were added.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub profile: ProfileId,
    /// When it was made, in microseconds.
    pub created_at: i64,
    /// What happened.
    pub kind: EventKind,
    /// The form of the webhook, as it was stored.
    pub payload: String,
}

/// Adds an event. One that is there already, by its id, stays as it is.
pub fn insert(event: Event) -> Statement {
    static SQL: Sql = Sql::split(
        "INSERT INTO events (event_id, app_id, profile_id, event_type, event_at, created_at, plain, packed)
         VALUES ($1, $2, $3, $4, $5, $6, '', $7) ON CONFLICT DO NOTHING",
        "INSERT INTO events (event_id, app_id, profile_id, event_type, event_at, created_at, payload)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (event_id) DO NOTHING",
    )
    .together(
        "INSERT INTO events (event_id, app_id, profile_id, event_type, event_at, created_at, payload)
         SELECT event_id, app_id, profile_id, event_type, event_at, created_at, payload
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])
              WITH ORDINALITY
              AS new (event_id, app_id, profile_id, event_type, event_at, created_at, payload, place)
         ORDER BY place ON CONFLICT (event_id) DO NOTHING",
    );
    Statement::new(
        &SQL,
        [
            event.id.into(),
            event.app.0.into(),
            event.profile.0.into(),
            event.kind.as_str().into(),
            event.at.into(),
            event.created_at.into(),
            Value::Long(event.payload, TextKind::Event),
        ],
    )
}

/// Removes all events of a profile.
pub fn delete_of(app: AppId, profile: ProfileId) -> Statement {
    static SQL: Sql =
        Sql::same("DELETE FROM events WHERE event_id BETWEEN $1 AND $2 AND app_id = $3 AND profile_id = $4");
    let [first, last] = ids_of(profile);
    Statement::new(&SQL, [first.into(), last.into(), app.0.into(), profile.0.into()])
}

/// Finds events.
pub fn select(wanted: &Wanted) -> Statement {
    match wanted.profile {
        Some(profile) => of_profile(wanted, profile),
        None => of_app(wanted),
    }
}

fn of_app(wanted: &Wanted) -> Statement {
    static OLDEST_FIRST: Sql = Sql::same(
        "SELECT event_seq, event_id, created_at, event_type, payload, profile_id FROM events
         WHERE app_id = $1 AND event_type = coalesce($2, event_type)
           AND created_at >= $3 AND created_at < $4 AND (event_at <= $5 OR event_at <= created_at)
           AND event_seq >= $6 AND event_seq <= $7
         ORDER BY event_seq LIMIT $8",
    );
    static NEWEST_FIRST: Sql = Sql::same(
        "SELECT event_seq, event_id, created_at, event_type, payload, profile_id FROM events
         WHERE app_id = $1 AND event_type = coalesce($2, event_type)
           AND created_at >= $3 AND created_at < $4 AND (event_at <= $5 OR event_at <= created_at)
           AND event_seq <= $6 AND event_seq >= $7
         ORDER BY event_seq DESC LIMIT $8",
    );
    let sql = match wanted.order {
        Order::OldestFirst => &OLDEST_FIRST,
        Order::NewestFirst => &NEWEST_FIRST,
    };
    let mut params = conditions(wanted);
    params.extend([wanted.until.into(), wanted.limit.into()]);
    Statement::new(sql, params)
}

/// The `+ 0` keeps the databases from walking the whole table in order instead of sorting the few of the profile.
fn of_profile(wanted: &Wanted, profile: ProfileId) -> Statement {
    static OLDEST_FIRST: Sql = Sql::same(
        "SELECT event_seq, event_id, created_at, event_type, payload, profile_id FROM events
         WHERE app_id = $1 AND event_type = coalesce($2, event_type)
           AND created_at >= $3 AND created_at < $4 AND (event_at <= $5 OR event_at <= created_at)
           AND event_seq + 0 >= $6
           AND profile_id = $7 AND event_id BETWEEN $8 AND $9
         ORDER BY event_seq + 0 LIMIT $10",
    );
    static NEWEST_FIRST: Sql = Sql::same(
        "SELECT event_seq, event_id, created_at, event_type, payload, profile_id FROM events
         WHERE app_id = $1 AND event_type = coalesce($2, event_type)
           AND created_at >= $3 AND created_at < $4 AND (event_at <= $5 OR event_at <= created_at)
           AND event_seq + 0 <= $6
           AND profile_id = $7 AND event_id BETWEEN $8 AND $9
         ORDER BY event_seq + 0 DESC LIMIT $10",
    );
    let sql = match wanted.order {
        Order::OldestFirst => &OLDEST_FIRST,
        Order::NewestFirst => &NEWEST_FIRST,
    };
    let [first, last] = ids_of(profile);
    let mut params = conditions(wanted);
    params.extend([profile.0.into(), first.into(), last.into(), wanted.limit.into()]);
    Statement::new(sql, params)
}

fn conditions(wanted: &Wanted) -> Vec<Value> {
    vec![
        wanted.app.0.into(),
        wanted.kind.map(EventKind::as_str).into(),
        wanted.made_from.into(),
        wanted.made_before.into(),
        wanted.happened_by.into(),
        wanted.from.into(),
    ]
}

/// Between which the ids of a profile's events lie.
pub(super) fn ids_of(profile: ProfileId) -> [Uuid; 2] {
    let ids = id_range(profile);
    [*ids.start(), *ids.end()]
}

/// What happened, in this column of a row. A newer version may know kinds that this one does not.
pub(super) fn read_kind(row: &mut Row, column: usize) -> Result<EventKind, StoreError> {
    let kind = row.text(column)?;
    EventKind::parse(&kind)
        .ok_or_else(|| StoreError::Corrupt(format!("an event of the unknown kind {kind:?}")))
}

/// The event of a row of [`select`].
pub fn read(row: &mut Row) -> Result<Found, StoreError> {
    Ok(Found {
        seq: row.int(0)?,
        id: row.uuid(1)?,
        created_at: row.int(2)?,
        kind: read_kind(row, 3)?,
        payload: row.long_text(4)?,
        profile: ProfileId(row.uuid(5)?),
    })
}
