//! Whose turn it is: the deliveries of claimed lanes that are to be sent, with all that is needed for it.

use bursar_domain::events::EventKind;
use bursar_domain::ids::AppId;
use bursar_domain::integrations::Pick;
use bursar_domain::profile::{Details, Profile};
use uuid::Uuid;

use super::events::read_kind;
use super::lane_sets::{LaneSet, lanes_of_set};
use super::lanes::{LaneKey, Place};
use super::profiles::{self, profile_columns};
use crate::store::{Row, Sql, Statement, StoreError};

/// A claimed lane with the delivery that is its turn. Times are microseconds.
pub struct Turn {
    /// The lane.
    pub lane: LaneKey,
    /// The delivery.
    pub place: Place,
    /// The event.
    pub event: Uuid,
    /// Its number.
    pub event_seq: i64,
    /// What happened.
    pub kind: EventKind,
    /// When it happened.
    pub event_at: i64,
    /// When the event was made.
    pub event_created_at: i64,
    /// The event in the form of the webhook.
    pub payload: String,
    /// How often it was tried.
    pub tries: i64,
    /// When it was tried first, if it was.
    pub first_tried_at: Option<i64>,
    /// What was sent then.
    pub record: Option<String>,
    /// When the delivery was first made.
    pub made_at: i64,
    /// Which replay it belongs to.
    pub replay: Option<Uuid>,
    /// Has one been delivered that is newer, where that is looked at?
    pub is_superseded: bool,
    /// Whose it is.
    pub profile: Profile,
    /// The rest of the profile.
    pub details: Details,
}

macro_rules! columns {
    () => {
        concat!(
            "SELECT ",
            profile_columns!("p.", details),
            ", q.lane_id, q.created_at, q.place, e.event_id, e.event_type, e.event_at,
               e.created_at, e.payload, q.tries, q.first_tried_at, q.record,
               coalesce(q.made_at, q.created_at), q.replay_id, q.event_seq"
        )
    };
}

/// The text of [`of_claimed`] for one of the ends of a lane, with `more` columns. SQLite knows nothing of what lies in
/// its tables and would walk through all lanes of the target, so it is told by which index to find the claimed ones.
macro_rules! on_sqlite {
    ($more:expr, $join:literal, $order:literal) => {
        concat!(
            columns!(),
            $more,
            " FROM lanes AS l INDEXED BY lanes_by_due
             JOIN queue AS q ON q.target_id = l.target_id AND q.lane_id = l.lane_id
                  AND (q.created_at, q.place) = (
                      SELECT f.created_at, f.place FROM queue AS f ",
            $join,
            "
                      WHERE f.target_id = l.target_id AND f.lane_id = l.lane_id
                      ORDER BY ",
            $order,
            " LIMIT 1)
             JOIN events AS e ON e.event_seq = q.event_seq
             JOIN profiles AS p ON p.app_id = $1 AND p.profile_id = q.profile_id
             WHERE l.target_id = $2 AND l.slow = $3 AND l.due_at = $4 AND l.lease = $5"
        )
    };
}

/// The same for PostgreSQL, which knows how much lay in its tables when it looked last: `LATERAL` and `OFFSET 0` hold it to
/// looking each row up also where that was hardly any.
macro_rules! on_postgres {
    ($more:expr, $join:literal, $order:literal) => {
        concat!(
            columns!(),
            $more,
            " FROM lanes AS l
             CROSS JOIN LATERAL (
                 SELECT f.* FROM queue AS f ",
            $join,
            "
                 WHERE f.target_id = l.target_id AND f.lane_id = l.lane_id
                 ORDER BY ",
            $order,
            " LIMIT 1) AS q
             CROSS JOIN LATERAL (SELECT * FROM events WHERE event_seq = q.event_seq OFFSET 0) AS e
             CROSS JOIN LATERAL (
                 SELECT * FROM profiles WHERE app_id = $1 AND profile_id = q.profile_id OFFSET 0) AS p
             WHERE l.target_id + 0 = $2 AND l.slow = $3 AND l.due_at = $4 AND l.lease = $5"
        )
    };
}

/// As [`of_claimed`], of one of the ends of a lane.
macro_rules! end_of_lane {
    ($order:literal) => {
        Sql::split(on_sqlite!("", "", $order), on_postgres!("", "", $order))
    };
}

/// As [`of_claimed`], of the event that happened last, and whether a later one has been delivered. Such ones of the
/// profile are found by the six bytes with which the ids of its events begin.
macro_rules! last_to_happen {
    ($text:ident, $profile:literal, $one:literal) => {
        $text!(
            concat!(
                ", CASE WHEN EXISTS (
                     SELECT 1 FROM events AS n WHERE ", $profile, " AND n.profile_id = e.profile_id
                     AND (n.event_at, n.event_seq) > (e.event_at, e.event_seq) AND EXISTS (
                         SELECT 1 FROM deliveries AS d WHERE d.event_seq = n.event_seq AND d.target_id = l.target_id
                         AND d.state = 'delivered')) THEN ", $one, " ELSE 0 END"
            ),
            "JOIN events AS h ON h.event_seq = f.event_seq",
            "h.event_at DESC, h.event_seq DESC"
        )
    };
}

/// The delivery of each lane that was claimed with `lease` until `until` whose turn it is.
pub fn of_claimed(app: AppId, target: i64, slow: bool, lease: i64, until: i64, pick: Pick) -> Statement {
    static FIRST: Sql = end_of_lane!("f.created_at, f.place");
    static LAST: Sql = end_of_lane!("f.created_at DESC, f.place DESC");
    static LAST_TO_HAPPEN: Sql = Sql::split(
        last_to_happen!(
            on_sqlite,
            "n.event_id BETWEEN substr(e.event_id, 1, 6)
             AND CAST(substr(e.event_id, 1, 6) || x'ffffffffffffffffffff' AS BLOB)",
            "1"
        ),
        last_to_happen!(
            on_postgres,
            "n.event_id BETWEEN (left(e.event_id::text, 13) || '-0000-0000-000000000000')::uuid
             AND (left(e.event_id::text, 13) || '-ffff-ffff-ffffffffffff')::uuid",
            "1::bigint"
        ),
    );
    Statement::new(
        match pick {
            Pick::First => &FIRST,
            Pick::Last => &LAST,
            Pick::LastToHappen => &LAST_TO_HAPPEN,
        },
        [
            app.0.into(),
            target.into(),
            slow.into(),
            until.into(),
            lease.into(),
        ],
    )
}

/// Those of these lanes that are still held with `lease`, each with when its profile was changed last.
pub fn still_held(app: AppId, lanes: &LaneSet, lease: i64) -> Statement {
    static SQL: Sql = Sql::split(
        "SELECT l.lane_id, p.updated_at FROM lanes AS l
         CROSS JOIN profiles AS p
         WHERE l.target_id = $1 AND l.lane_id IN (SELECT unhex(value) FROM json_each($2)) AND l.lease = $3
           AND p.app_id = $4 AND p.profile_id = l.profile_id",
        concat!(
            "SELECT l.lane_id, p.updated_at FROM ",
            lanes_of_set!("*", "$1", "$2"),
            " CROSS JOIN LATERAL (
                 SELECT updated_at FROM profiles WHERE app_id = $4 AND profile_id = l.profile_id OFFSET 0) AS p
             WHERE l.lease = $3"
        ),
    );
    let [target, ids] = lanes.key();
    Statement::new(&SQL, [target, ids, lease.into(), app.0.into()])
}

/// Reads a row of [`still_held`].
pub fn read_still_held(row: &Row) -> Result<(Uuid, i64), StoreError> {
    Ok((row.uuid(0)?, row.int(1)?))
}

/// Reads a row of [`of_claimed`].
pub fn read(app: AppId, target: i64, pick: Pick, row: &mut Row) -> Result<Turn, StoreError> {
    let kind = read_kind(row, 12)?;
    let lane = LaneKey {
        target,
        id: row.uuid(8)?,
    };
    let place = Place {
        created_at: row.int(9)?,
        number: row.int(10)?,
    };
    let id = event(row)?;
    let (event_at, event_created_at) = (row.int(13)?, row.int(14)?);
    let (payload, tries) = (row.long_text(15)?, row.int(16)?);
    let (first_tried_at, record) = (row.opt_int(17)?, row.opt_text(18)?);
    let (made_at, replay) = (row.int(19)?, row.opt_uuid(20)?);
    let is_superseded = pick == Pick::LastToHappen && row.int(22)? != 0;
    let whole = profiles::read_whole(app, std::slice::from_mut(row))?;
    let (profile, details) = whole.ok_or_else(|| StoreError::Corrupt("a row without a profile".into()))?;
    Ok(Turn {
        lane,
        place,
        event: id,
        event_seq: row.int(21)?,
        kind,
        event_at,
        event_created_at,
        payload,
        tries,
        first_tried_at,
        record,
        made_at,
        replay,
        is_superseded,
        profile,
        details,
    })
}

/// The event of such a row.
pub fn event(row: &mut Row) -> Result<Uuid, StoreError> {
    row.uuid(11)
}
