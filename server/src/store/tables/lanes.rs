//! `lanes` and `queue`: open deliveries, and who is at them.
//!
//! Who adds a delivery counts its lane up, who closes one counts it down, each in one statement on the lane's row: so
//! neither has to have read the other's count, and a lane is never left without somebody to look at it.

use bursar_domain::ids::{AppId, ProfileId};
use uuid::Uuid;

use super::delivery_states::DeliveryState;
use super::events::ids_of;
use crate::store::{Sql, Statement, Value};

/// What tells a lane apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LaneKey {
    /// Which part of which app's integration.
    pub target: i64,
    /// The profile, or [`of_event`] where order does not matter; of a replay, a hash of either.
    pub id: Uuid,
}

/// The lane of one event alone, by the event's number: new ones lie side by side in the tables, where ids of events lie
/// anywhere. No profile is made with such an id ([`ProfileId::is_reserved`]). The view `event_lanes` says the same.
pub fn of_event(event_seq: i64) -> Uuid {
    Uuid::from_u64_pair(0, event_seq.unsigned_abs())
}

/// What tells a delivery in its lane apart: its place in the order. Times are microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When it was added.
    pub created_at: i64,
    /// Among those that were added at once.
    pub number: i64,
}

impl Place {
    /// What tells an open delivery apart: its lane, and where it stands there.
    pub(super) fn key(self, lane: LaneKey) -> [Value; 4] {
        [
            lane.target.into(),
            lane.id.into(),
            self.created_at.into(),
            self.number.into(),
        ]
    }
}

/// A delivery that is added.
#[derive(Debug)]
pub struct Added {
    /// Where to.
    pub target: i64,
    /// Does it keep its place behind the profile's others? Else it has a lane of its own.
    pub is_ordered: bool,
    /// When its event was made, in microseconds: its place in the order. Those that are added at once keep their
    /// order.
    pub at: i64,
    /// The event.
    pub event: Uuid,
    /// Whose it is.
    pub profile: ProfileId,
    /// Now, in microseconds: when a new lane is due. The place in the order may lie ahead of it, where another server's
    /// clock, or this one's before it was set back, was ahead.
    pub now: i64,
}

/// Adds a delivery to its lane, behind those that are there, and counts the lane up; a new lane is due at once. Only if
/// its event was added by the same change, before these statements: on SQLite it is the last row that was added to a table
/// whose rows have numbers, which `queue`, `lanes` and `deliveries` are not; on PostgreSQL its row is of this transaction.
pub fn enqueue(added: &Added) -> [Statement; 2] {
    // SQLite builds a temporary tree, which costs more than all else here, for a `SELECT` from the table that it adds to. On
    // PostgreSQL this statement counts the lane up, too: what is added need not be looked for again. `OFFSET 0` and the
    // joins hold it to looking each one up.
    static ADD: Sql = Sql::split(
        "INSERT INTO queue (target_id, created_at, profile_id, updated_at, lane_id, event_seq, tries, state, place)
         VALUES ($1, $2, $3, $4,
             coalesce($5, unhex(printf('%032x', last_insert_rowid()))), last_insert_rowid(), 0, 'pending',
             CASE WHEN $5 IS NULL THEN 0 ELSE (
                 SELECT coalesce(max(place), -1) + 1 FROM queue
                 WHERE target_id = $1 AND lane_id = $5 AND created_at = $2) END)",
        "WITH added AS (
             INSERT INTO queue
                 (target_id, created_at, profile_id, updated_at, lane_id, event_seq, tries, state, place)
             SELECT $1::bigint, $2::bigint, $3::uuid, $4::bigint, e.lane_id, e.event_seq, 0, 'pending', there.places + 1
             FROM (SELECT event_seq, coalesce($5::uuid, lpad(to_hex(event_seq), 32, '0')::uuid) AS lane_id
                   FROM events WHERE event_id = $6 AND xmin = pg_current_xact_id()::xid) AS e
             CROSS JOIN LATERAL (
                 SELECT coalesce(max(q.place), 0) AS places, bool_or(q.event_seq = e.event_seq) AS is_added
                 FROM queue AS q WHERE q.target_id = $1 AND q.lane_id = e.lane_id AND q.created_at = $2) AS there
             WHERE there.is_added IS NOT TRUE
             RETURNING target_id, lane_id, updated_at, profile_id)
         INSERT INTO lanes (target_id, lane_id, due_at, profile_id, slow, open, waits)
         SELECT target_id, lane_id, updated_at, profile_id, 0, 1, 0 FROM added
         ON CONFLICT (target_id, lane_id) DO UPDATE SET open = lanes.open + 1",
    )
    .together(
        "WITH added AS (
             INSERT INTO queue
                 (target_id, created_at, profile_id, updated_at, lane_id, event_seq, tries, state, place)
             SELECT target_id, created_at, profile_id, updated_at, e.lane_id, e.event_seq, 0, 'pending',
                    there.places + row_number() OVER (PARTITION BY target_id, e.lane_id, created_at ORDER BY number)
             FROM unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::bigint[], $5::uuid[], $6::uuid[])
                  WITH ORDINALITY
                  AS new (target_id, created_at, profile_id, updated_at, lane_id, event_id, number)
             CROSS JOIN LATERAL (
                 SELECT event_seq, coalesce(new.lane_id, lpad(to_hex(event_seq), 32, '0')::uuid) AS lane_id
                 FROM events
                 WHERE events.event_id = new.event_id AND events.xmin = pg_current_xact_id()::xid OFFSET 0) AS e
             CROSS JOIN LATERAL (
                 SELECT coalesce(max(q.place), 0) AS places, bool_or(q.event_seq = e.event_seq) AS is_added
                 FROM queue AS q
                 WHERE q.target_id = new.target_id AND q.lane_id = e.lane_id AND q.created_at = new.created_at)
                 AS there
             WHERE there.is_added IS NOT TRUE
             RETURNING target_id, lane_id, updated_at, profile_id)
         INSERT INTO lanes (target_id, lane_id, due_at, profile_id, slow, open, waits)
         SELECT target_id, lane_id, min(updated_at), (array_agg(profile_id))[1], 0, count(*), 0 FROM added
         GROUP BY target_id, lane_id ORDER BY target_id, lane_id
         ON CONFLICT (target_id, lane_id) DO UPDATE SET open = lanes.open + excluded.open",
    )
    .if_added();
    static COUNT_UP: Sql = Sql::on_sqlite(
        "INSERT INTO lanes (target_id, due_at, profile_id, lane_id, slow, open, waits)
         VALUES ($1, $2, $3, coalesce($4, unhex(printf('%032x', last_insert_rowid()))), 0, 1, 0)
         ON CONFLICT (target_id, lane_id) DO UPDATE SET open = lanes.open + 1",
    )
    .if_added();
    let (target, profile, event) = (added.target, added.profile.0, added.event);
    let lane = added.is_ordered.then_some(profile);
    [
        Statement::new(
            &ADD,
            [
                target.into(),
                added.at.into(),
                profile.into(),
                added.now.into(),
                lane.into(),
                event.into(),
            ],
        ),
        Statement::new(
            &COUNT_UP,
            [target.into(), added.now.into(), profile.into(), lane.into()],
        ),
    ]
}

/// Locks a lane: answers a row, with how many deliveries are open in it, if it is still held with this lease. Who adds one waits
/// for the lock.
///
/// Here and below `LATERAL` and `OFFSET 0` hold PostgreSQL to looking each row up, however few there were when it looked last.
/// By its place, `ctid`, a row is found again that is locked and cannot move.
pub fn lock_held(lane: LaneKey, lease: i64) -> Statement {
    static SQL: Sql = Sql::with_lock(
        "SELECT target_id || hex(lane_id), open FROM lanes WHERE target_id = $1 AND lane_id = $2 AND lease = $3",
        "SELECT target_id || lane_id::text, open FROM lanes
         WHERE target_id = $1 AND lane_id = $2 AND lease = $3 FOR UPDATE",
    )
    .together(
        "SELECT wanted.place, l.target_id || l.lane_id::text, l.open
         FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]) WITH ORDINALITY
              AS wanted (target_id, lane_id, lease, place)
         CROSS JOIN LATERAL (
             SELECT * FROM lanes
             WHERE target_id = wanted.target_id AND lane_id = wanted.lane_id AND lease = wanted.lease OFFSET 0) AS l
         ORDER BY wanted.place FOR UPDATE OF l",
    )
    .late();
    Statement::new(&SQL, [lane.target.into(), lane.id.into(), lease.into()])
}

/// Removes a delivery from its lane's queue.
pub fn dequeue(lane: LaneKey, place: Place) -> Statement {
    static SQL: Sql = Sql::same(
        "DELETE FROM queue WHERE target_id = $1 AND lane_id = $2 AND created_at = $3 AND place = $4",
    )
    .together(
        "DELETE FROM queue WHERE ctid = ANY (ARRAY(
             SELECT q.ctid FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[])
                  AS old (target_id, lane_id, created_at, place)
             CROSS JOIN LATERAL (
                 SELECT ctid FROM queue WHERE target_id = old.target_id AND lane_id = old.lane_id
                 AND created_at = old.created_at AND place = old.place OFFSET 0) AS q))",
    );
    Statement::new(&SQL, place.key(lane))
}

/// Removes a locked lane, all deliveries of which are closed.
pub fn remove(lane: LaneKey) -> Statement {
    static SQL: Sql = Sql::same("DELETE FROM lanes WHERE target_id = $1 AND lane_id = $2").together(
        "DELETE FROM lanes WHERE ctid = ANY (ARRAY(
             SELECT l.ctid FROM unnest($1::bigint[], $2::uuid[]) AS old (target_id, lane_id)
             CROSS JOIN LATERAL (
                 SELECT ctid FROM lanes WHERE target_id = old.target_id AND lane_id = old.lane_id OFFSET 0) AS l))",
    );
    Statement::new(&SQL, [lane.target.into(), lane.id.into()])
}

/// Gives a locked lane back for `due_at`, of which `closed` deliveries were closed and others are open.
pub fn give_back(lane: LaneKey, closed: i64, due_at: i64, waits: bool) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE lanes SET open = open - $1, due_at = $2, waits = $3, lease = NULL
         WHERE target_id = $4 AND lane_id = $5",
    )
    .together(
        "UPDATE lanes SET open = open - closed, due_at = new.due_at, waits = new.waits, lease = NULL
         FROM (SELECT given.*, l.ctid AS found
               FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::uuid[])
                    AS given (closed, due_at, waits, target_id, lane_id)
               CROSS JOIN LATERAL (
                   SELECT ctid FROM lanes WHERE target_id = given.target_id AND lane_id = given.lane_id
                   OFFSET 0) AS l) AS new
         WHERE lanes.ctid = new.found",
    );
    Statement::new(
        &SQL,
        [
            closed.into(),
            due_at.into(),
            waits.into(),
            lane.target.into(),
            lane.id.into(),
        ],
    )
}

/// Notes on an open delivery how it stands.
pub fn note(lane: LaneKey, place: Place, noted: &Noted<'_>) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE queue SET state = $1, reason = $2, tries = $3, first_tried_at = $4, record = $5, updated_at = $6
         WHERE target_id = $7 AND lane_id = $8 AND created_at = $9 AND place = $10",
    );
    let state = if noted.waits {
        DeliveryState::Waiting
    } else {
        DeliveryState::Pending
    };
    Statement::new(
        &SQL,
        [
            state.name().into(),
            noted.reason.into(),
            noted.tries.into(),
            noted.first_tried_at.into(),
            noted.record.into(),
            noted.now.into(),
            lane.target.into(),
            lane.id.into(),
            place.created_at.into(),
            place.number.into(),
        ],
    )
}

/// How an open delivery stands. Times are microseconds.
#[derive(Debug)]
pub struct Noted<'a> {
    /// Does it wait for an identifier?
    pub waits: bool,
    /// Why it is still open.
    pub reason: &'a str,
    /// How often it was tried.
    pub tries: i64,
    /// When it was tried first.
    pub first_tried_at: Option<i64>,
    /// What was sent, to send the same again.
    pub record: Option<&'a str>,
    /// Now.
    pub now: i64,
}

/// Makes the lanes due that wait for an identifier of an app's profile.
pub fn release(app: AppId, profile: ProfileId, now: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE lanes SET waits = 0, due_at = $1 WHERE profile_id = $2 AND waits = 1
         AND EXISTS (SELECT 1 FROM targets AS t WHERE t.target_id = lanes.target_id AND t.app_id = $3)",
    )
    .together(
        "UPDATE lanes SET waits = 0, due_at = new.due_at
         FROM unnest($1::bigint[], $2::uuid[], $3::uuid[]) AS new (due_at, profile_id, app_id)
         WHERE lanes.profile_id = new.profile_id AND waits = 1
         AND EXISTS (SELECT 1 FROM targets AS t WHERE t.target_id = lanes.target_id AND t.app_id = new.app_id)",
    );
    Statement::new(&SQL, [now.into(), profile.0.into(), app.0.into()])
}

/// How many tries are noted of an event's delivery that stands there, if it is open.
pub fn tries_of(lane: LaneKey, place: Place, event: Uuid) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT q.tries FROM queue AS q JOIN events AS e ON e.event_seq = q.event_seq
         WHERE q.target_id = $1 AND q.lane_id = $2 AND q.created_at = $3 AND q.place = $4 AND e.event_id = $5",
    );
    let [target, id, created_at, number] = place.key(lane);
    Statement::new(&SQL, [target, id, created_at, number, event.into()])
}

/// Removes everything that is open for a profile, before its events go. Its lanes are its own id, those of replays,
/// which begin as the ids of its events, and those of the events. First the lanes, as whoever settles a delivery locks them
/// before what is in them.
pub fn delete_of(app: AppId, profile: ProfileId) -> [Statement; 6] {
    macro_rules! delete {
        ($table:literal, $lanes:literal) => {
            Sql::same(concat!(
                "DELETE FROM ",
                $table,
                " WHERE target_id IN (SELECT target_id FROM targets WHERE app_id = $1) AND profile_id = $2 AND lane_id ",
                $lanes
            ))
        };
    }
    static QUEUE: Sql = delete!("queue", "= $2");
    static QUEUE_OF_REPLAYS: Sql = delete!("queue", "BETWEEN $3 AND $4");
    static QUEUE_OF_EVENTS: Sql = delete!(
        "queue",
        "IN (SELECT lane_id FROM event_lanes WHERE event_id BETWEEN $3 AND $4)"
    );
    static LANES: Sql = delete!("lanes", "= $2");
    static LANES_OF_REPLAYS: Sql = delete!("lanes", "BETWEEN $3 AND $4");
    static LANES_OF_EVENTS: Sql = delete!(
        "lanes",
        "IN (SELECT lane_id FROM event_lanes WHERE event_id BETWEEN $3 AND $4)"
    );
    let by_event = |sql| {
        let [from, to] = ids_of(profile);
        Statement::new(sql, [app.0.into(), profile.0.into(), from.into(), to.into()])
    };
    [
        Statement::new(&LANES, [app.0.into(), profile.0.into()]),
        by_event(&LANES_OF_REPLAYS),
        by_event(&LANES_OF_EVENTS),
        Statement::new(&QUEUE, [app.0.into(), profile.0.into()]),
        by_event(&QUEUE_OF_REPLAYS),
        by_event(&QUEUE_OF_EVENTS),
    ]
}
