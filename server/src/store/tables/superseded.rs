//! Deliveries of which only the latest of a lane counts: what a newer one makes superfluous.
//!
//! Newer is what was made later, or what happened later, as the integration's part says.

use bursar_domain::ids::ProfileId;

use super::events::ids_of;
use super::lanes::{LaneKey, Place};
use crate::store::{Sql, Statement};

/// Makes a lane due that waits for an identifier, behind the statements that add a delivery with its event: the newest one is
/// to wait, and nothing older.
pub fn make_due(lane: LaneKey, now: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE lanes SET waits = 0, due_at = $1 WHERE target_id = $2 AND lane_id = $3 AND waits = 1",
    )
    .together(
        "UPDATE lanes SET waits = 0, due_at = new.due_at
         FROM unnest($1::bigint[], $2::bigint[], $3::uuid[]) AS new (due_at, target_id, lane_id)
         WHERE lanes.target_id = new.target_id AND lanes.lane_id = new.lane_id AND waits = 1",
    )
    .if_added();
    Statement::new(&SQL, [now.into(), lane.target.into(), lane.id.into()])
}

/// An event of the profile whose lane this is that happened after the one with this time (microseconds) and number, of which the
/// target was told or is to be told: no row, if there is none.
pub fn select_later(lane: LaneKey, (at, seq): (i64, i64)) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT n.event_seq FROM events AS n
         WHERE n.event_id BETWEEN $1 AND $2 AND n.profile_id = $3 AND (n.event_at, n.event_seq) > ($4, $5)
           AND (EXISTS (SELECT 1 FROM deliveries AS d
                        WHERE d.event_seq = n.event_seq AND d.target_id = $6 AND d.state = 'delivered')
                OR EXISTS (SELECT 1 FROM queue AS q
                           WHERE q.target_id = $6 AND q.lane_id = $3 AND q.event_seq = n.event_seq))
         LIMIT 1",
    );
    let [first, last] = ids_of(ProfileId(lane.id));
    Statement::new(
        &SQL,
        [
            first.into(),
            last.into(),
            lane.id.into(),
            at.into(),
            seq.into(),
            lane.target.into(),
        ],
    )
}

/// Counts the deliveries of a lane that are older than the one at `place`.
pub fn count_older(lane: LaneKey, place: Place) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT count(*) FROM queue WHERE target_id = $1 AND lane_id = $2 AND (created_at, place) < ($3, $4)",
    );
    Statement::new(&SQL, place.key(lane))
}

/// Counts the deliveries of a lane whose events happened before this one.
pub fn count_earlier(lane: LaneKey, event_seq: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT count(*) FROM queue AS q JOIN events AS e ON e.event_seq = q.event_seq
         WHERE q.target_id = $1 AND q.lane_id = $2
               AND (e.event_at, e.event_seq) < (SELECT event_at, event_seq FROM events WHERE event_seq = $3)",
    );
    Statement::new(&SQL, [lane.target.into(), lane.id.into(), event_seq.into()])
}

/// Closes all older deliveries of a lane as superseded by the one at `place`: into `deliveries`, out of `queue`.
pub fn supersede_older(lane: LaneKey, place: Place, now: i64) -> [Statement; 2] {
    static CLOSE: Sql = Sql::same(
        "INSERT INTO deliveries (event_seq, target_id, state, reason, tries, created_at, updated_at, replay_id)
         SELECT event_seq, target_id, 'skipped', 'superseded', tries, coalesce(made_at, created_at), $1, replay_id
         FROM queue WHERE target_id = $2 AND lane_id = $3 AND (created_at, place) < ($4, $5)
         ON CONFLICT (event_seq, target_id) DO UPDATE SET
             state = excluded.state, reason = excluded.reason, tries = excluded.tries,
             updated_at = excluded.updated_at, replay_id = excluded.replay_id",
    );
    static REMOVE: Sql = Sql::same(
        "DELETE FROM queue WHERE target_id = $1 AND lane_id = $2 AND (created_at, place) < ($3, $4)",
    );
    let key = place.key(lane);
    let [target, id, created_at, number] = key.clone();
    [
        Statement::new(&CLOSE, [now.into(), target, id, created_at, number]),
        Statement::new(&REMOVE, key),
    ]
}

/// As [`supersede_older`], of the deliveries whose events happened before this one.
pub fn supersede_earlier(lane: LaneKey, event_seq: i64, now: i64) -> [Statement; 2] {
    static CLOSE: Sql = Sql::same(
        "INSERT INTO deliveries (event_seq, target_id, state, reason, tries, created_at, updated_at, replay_id)
         SELECT q.event_seq, q.target_id, 'skipped', 'superseded', q.tries, coalesce(q.made_at, q.created_at), $1,
                q.replay_id
         FROM queue AS q JOIN events AS e ON e.event_seq = q.event_seq
         WHERE q.target_id = $2 AND q.lane_id = $3
               AND (e.event_at, e.event_seq) < (SELECT event_at, event_seq FROM events WHERE event_seq = $4)
         ON CONFLICT (event_seq, target_id) DO UPDATE SET
             state = excluded.state, reason = excluded.reason, tries = excluded.tries,
             updated_at = excluded.updated_at, replay_id = excluded.replay_id",
    );
    static REMOVE: Sql = Sql::same(
        "DELETE FROM queue WHERE target_id = $1 AND lane_id = $2 AND event_seq IN (
             SELECT e.event_seq FROM queue AS q JOIN events AS e ON e.event_seq = q.event_seq
             WHERE q.target_id = $1 AND q.lane_id = $2
                   AND (e.event_at, e.event_seq) < (SELECT event_at, event_seq FROM events WHERE event_seq = $3))",
    );
    let key = [lane.target.into(), lane.id.into(), event_seq.into()];
    let [target, id, event] = key.clone();
    [
        Statement::new(&CLOSE, [now.into(), target, id, event]),
        Statement::new(&REMOVE, key),
    ]
}
