//! `replays`, and deliveries that are opened again: for one more try, or by a replay.

use bursar_domain::ids::{AppId, ProfileId};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::delivery_states::DeliveryState;
use super::lane_sets::{LaneSet, lanes_of_set};
use super::lanes::LaneKey;
use crate::store::{Row, Sql, Statement, StoreError};

/// A delivery that is opened again, or by a replay for the first time. Times are microseconds.
#[derive(Debug)]
pub struct Reopened<'a> {
    /// Its lane.
    pub lane: LaneKey,
    /// The number of its event.
    pub event_seq: i64,
    /// Whose it is.
    pub profile: ProfileId,
    /// How often it was tried.
    pub tries: i64,
    /// When it was first made.
    pub made_at: i64,
    /// Which replay it belongs to.
    pub replay: Option<Uuid>,
    /// How it was closed, and why; `None`: there was no delivery.
    pub was: Option<(DeliveryState, Option<&'a str>)>,
    /// Is its part one of which only the newest of a lane counts?
    pub latest_only: bool,
    /// Now: its place in the lane.
    pub now: i64,
}

/// The statements that put a delivery at the end of its lane and take it out of those that are closed. A replay's lane is
/// slow; a lane that is new is due at once. Where only the newest counts, so is one that is there: what is in it may wait
/// for an identifier, and the newest is to wait in its place.
pub fn reopen(delivery: &Reopened<'_>) -> Vec<Statement> {
    static ENQUEUE: Sql = Sql::split(
        "INSERT INTO queue (target_id, lane_id, created_at, event_seq, profile_id, tries, made_at, replay_id, was_state,
                            was_reason, state, updated_at, place)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $3, (
             SELECT coalesce(max(place), -1) + 1 FROM queue
             WHERE target_id = $1 AND lane_id = $2 AND created_at = $3)",
        "INSERT INTO queue (target_id, lane_id, created_at, event_seq, profile_id, tries, made_at, replay_id, was_state,
                            was_reason, state, updated_at, place)
         SELECT $1::bigint, $2::uuid, $3::bigint, $4::bigint, $5::uuid, $6::bigint, $7::bigint, $8::uuid, $9::text,
                $10::text, 'pending', $3, (
             SELECT coalesce(max(place), -1) + 1 FROM queue
             WHERE target_id = $1 AND lane_id = $2 AND created_at = $3)",
    );
    static COUNT_UP: Sql = Sql::same(
        "INSERT INTO lanes (target_id, lane_id, profile_id, slow, due_at, open, waits) VALUES ($1, $2, $3, $4, $5, 1, 0)
         ON CONFLICT (target_id, lane_id) DO UPDATE SET open = lanes.open + 1",
    );
    static OUT: Sql = Sql::same("DELETE FROM deliveries WHERE event_seq = $1 AND target_id = $2");
    let (target, lane) = (delivery.lane.target, delivery.lane.id);
    let (state, reason) = delivery.was.unzip();
    let mut writes = vec![
        Statement::new(
            &ENQUEUE,
            [
                target.into(),
                lane.into(),
                delivery.now.into(),
                delivery.event_seq.into(),
                delivery.profile.0.into(),
                delivery.tries.into(),
                delivery.made_at.into(),
                delivery.replay.into(),
                state.map(DeliveryState::name).into(),
                reason.flatten().into(),
            ],
        ),
        Statement::new(
            &COUNT_UP,
            [
                target.into(),
                lane.into(),
                delivery.profile.0.into(),
                delivery.replay.is_some().into(),
                delivery.now.into(),
            ],
        ),
        Statement::new(&OUT, [delivery.event_seq.into(), target.into()]),
    ];
    if delivery.latest_only {
        writes.push(due_now(delivery.lane, delivery.now));
    }
    writes
}

/// Makes a lane due now, unless somebody is at it.
pub fn due_now(lane: LaneKey, now: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE lanes SET waits = 0, due_at = $1
         WHERE target_id = $2 AND lane_id = $3 AND lease IS NULL AND due_at > $1",
    );
    Statement::new(&SQL, [now.into(), lane.target.into(), lane.id.into()])
}

/// The statements that have an open delivery tried now, unless somebody is at its lane. One that was tried and counts from
/// before `oldest` (microseconds) counts from now, as one that is opened again: it goes to the end of its lane, untried. The
/// second statement counts only in a lane that the first has made due, because that keeps others from it.
pub fn ask_anew(lane: LaneKey, event_seq: i64, oldest: i64, now: i64) -> [Statement; 2] {
    static HURRY: Sql = Sql::same(
        "UPDATE lanes SET waits = 0, due_at = $1 WHERE target_id = $2 AND lane_id = $3 AND lease IS NULL",
    );
    static TO_THE_END: Sql = Sql::same(
        "UPDATE queue SET created_at = $1, made_at = coalesce(made_at, created_at), first_tried_at = NULL, record = NULL,
             place = (SELECT coalesce(max(place), -1) + 1 FROM queue AS q
                      WHERE q.target_id = $2 AND q.lane_id = $3 AND q.created_at = $1)
         WHERE target_id = $2 AND lane_id = $3 AND event_seq = $4 AND created_at < $5 AND first_tried_at IS NOT NULL
           AND EXISTS (SELECT 1 FROM lanes AS l
                       WHERE l.target_id = $2 AND l.lane_id = $3 AND l.lease IS NULL AND l.due_at = $1)",
    );
    let (target, id) = (lane.target, lane.id);
    [
        Statement::new(&HURRY, [now.into(), target.into(), id.into()]),
        Statement::new(
            &TO_THE_END,
            [
                now.into(),
                target.into(),
                id.into(),
                event_seq.into(),
                oldest.into(),
            ],
        ),
    ]
}

/// How far a replay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayStage {
    /// Its deliveries are being opened.
    Enqueuing,
    /// All of them were opened.
    Enqueued,
    /// What of it was not sent was taken back.
    Cancelled,
}

impl ReplayStage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Enqueuing, Self::Enqueued, Self::Cancelled];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enqueuing => "enqueuing",
            Self::Enqueued => "enqueued",
            Self::Cancelled => "cancelled",
        }
    }

    /// The one with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

fn read_stage(row: &mut Row, column: usize) -> Result<ReplayStage, StoreError> {
    let name = row.text(column)?;
    ReplayStage::parse(&name)
        .ok_or_else(|| StoreError::Corrupt(format!("a replay in the unknown state {name:?}")))
}

/// A replay.
#[derive(Debug)]
pub struct Replay {
    /// Its id.
    pub id: Uuid,
    /// Where to.
    pub slug: String,
    /// Which deliveries: JSON.
    pub filter: String,
    /// How far it is.
    pub state: ReplayStage,
    /// How many deliveries matched.
    pub count: i64,
    /// How many have been enqueued.
    pub enqueued: i64,
    /// When it was made, in microseconds.
    pub created_at: i64,
}

/// Adds a replay.
pub fn insert(app: AppId, replay: &Replay) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO replays (app_id, replay_id, slug, filter, state, count, enqueued, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    Statement::new(
        &SQL,
        [
            app.0.into(),
            replay.id.into(),
            replay.slug.as_str().into(),
            replay.filter.as_str().into(),
            replay.state.name().into(),
            replay.count.into(),
            replay.enqueued.into(),
            replay.created_at.into(),
        ],
    )
}

/// Locks a replay. What begins with it may lock many profiles, but without waiting for any.
pub fn lock(app: AppId, replay: Uuid) -> Statement {
    static SQL: Sql = crate::locking!(
        "SELECT replay_id, slug, filter, state, count, enqueued, created_at FROM replays
         WHERE app_id = $1 AND replay_id = $2"
    )
    .late();
    Statement::new(&SQL, [app.0.into(), replay.into()])
}

/// An app's replays, the newest first, from this time and id on.
pub fn select(app: AppId, from: (i64, Uuid), limit: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT replay_id, slug, filter, state, count, enqueued, created_at FROM replays
         WHERE app_id = $1 AND (created_at, replay_id) <= ($2, $3)
         ORDER BY created_at DESC, replay_id DESC LIMIT $4",
    );
    Statement::new(&SQL, [app.0.into(), from.0.into(), from.1.into(), limit.into()])
}

/// One replay.
pub fn select_one(app: AppId, replay: Uuid) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT replay_id, slug, filter, state, count, enqueued, created_at FROM replays
         WHERE app_id = $1 AND replay_id = $2",
    );
    Statement::new(&SQL, [app.0.into(), replay.into()])
}

/// Reads a row of [`lock`], [`select`] or [`select_one`].
pub fn read(row: &mut Row) -> Result<Replay, StoreError> {
    Ok(Replay {
        id: row.uuid(0)?,
        slug: row.text(1)?,
        filter: row.text(2)?,
        state: read_stage(row, 3)?,
        count: row.int(4)?,
        enqueued: row.int(5)?,
        created_at: row.int(6)?,
    })
}

/// Notes how far a replay is.
pub fn update(app: AppId, replay: Uuid, state: ReplayStage, more: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "UPDATE replays SET state = $1, enqueued = enqueued + $2 WHERE app_id = $3 AND replay_id = $4",
    );
    Statement::new(
        &SQL,
        [state.name().into(), more.into(), app.0.into(), replay.into()],
    )
}

/// How many deliveries of each of an app's replays are open: id and number.
pub fn count_open(app: AppId) -> Statement {
    static SQL: Sql = Sql::split(
        "SELECT q.replay_id, count(*) FROM targets AS t
         JOIN lanes AS l ON l.target_id = t.target_id AND l.slow = 1
         JOIN queue AS q ON q.target_id = l.target_id AND q.lane_id = l.lane_id
         WHERE t.app_id = $1 GROUP BY q.replay_id",
        "SELECT q.replay_id, count(*) FROM targets AS t
         JOIN lanes AS l ON l.target_id + 0 = t.target_id AND l.slow = 1
         JOIN queue AS q ON q.target_id = l.target_id AND q.lane_id = l.lane_id
         WHERE t.app_id = $1 GROUP BY q.replay_id",
    );
    Statement::new(&SQL, [app.0.into()])
}

/// Some lanes of a target that have deliveries of a replay, behind the lane `after`. It may look at all lanes of the target.
pub fn lanes_of(target: i64, replay: Uuid, after: Uuid, limit: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT lane_id FROM lanes AS l WHERE target_id = $1 AND slow = 1 AND lane_id > $2
           AND EXISTS (SELECT 1 FROM queue AS q WHERE q.target_id = l.target_id AND q.lane_id = l.lane_id
                       AND q.replay_id = $3)
         ORDER BY lane_id LIMIT $4",
    );
    Statement::new(&SQL, [target.into(), after.into(), replay.into(), limit.into()])
}

/// Locks those of these lanes that have deliveries of a replay beside the one that is being sent at the moment: the
/// lane, its target, the numbers of the events of [`bursar_domain::integrations::Pick`], and whether it is claimed.
pub fn lock_lanes(lanes: &LaneSet, replay: Uuid, now: i64) -> Statement {
    static SQL: Sql = Sql::with_lock(
        "SELECT l.target_id || hex(l.lane_id), l.lane_id,
                (SELECT event_seq FROM queue AS f WHERE f.target_id = l.target_id AND f.lane_id = l.lane_id
                 ORDER BY f.created_at, f.place LIMIT 1),
                (SELECT event_seq FROM queue AS f WHERE f.target_id = l.target_id AND f.lane_id = l.lane_id
                 ORDER BY f.created_at DESC, f.place DESC LIMIT 1),
                (SELECT f.event_seq FROM queue AS f JOIN events AS e ON e.event_seq = f.event_seq
                 WHERE f.target_id = l.target_id AND f.lane_id = l.lane_id
                 ORDER BY e.event_at DESC, e.event_seq DESC LIMIT 1),
                CASE WHEN l.lease IS NOT NULL AND l.due_at > $1 THEN 1 ELSE 0 END
         FROM lanes AS l WHERE l.target_id = $2 AND l.slow = 1
           AND l.lane_id IN (SELECT unhex(value) FROM json_each($3))
           AND (SELECT count(*) FROM queue AS q WHERE q.target_id = l.target_id AND q.lane_id = l.lane_id
                AND q.replay_id = $4) > CASE WHEN l.lease IS NOT NULL AND l.due_at > $1 THEN 1 ELSE 0 END",
        concat!(
            "SELECT l.target_id || l.lane_id::text, l.lane_id,
                (SELECT event_seq FROM queue AS f WHERE f.target_id = l.target_id AND f.lane_id = l.lane_id
                 ORDER BY f.created_at, f.place LIMIT 1),
                (SELECT event_seq FROM queue AS f WHERE f.target_id = l.target_id AND f.lane_id = l.lane_id
                 ORDER BY f.created_at DESC, f.place DESC LIMIT 1),
                (SELECT f.event_seq FROM queue AS f JOIN events AS e ON e.event_seq = f.event_seq
                 WHERE f.target_id = l.target_id AND f.lane_id = l.lane_id
                 ORDER BY e.event_at DESC, e.event_seq DESC LIMIT 1),
                CASE WHEN l.lease IS NOT NULL AND l.due_at > $1 THEN 1::bigint ELSE 0 END
         FROM ",
            lanes_of_set!("*", "$2", "$3"),
            "
         WHERE l.slow = 1
           AND (SELECT count(*) FROM queue AS q WHERE q.target_id = l.target_id AND q.lane_id = l.lane_id
                AND q.replay_id = $4) > CASE WHEN l.lease IS NOT NULL AND l.due_at > $1 THEN 1 ELSE 0 END
         FOR UPDATE OF l"
        ),
    )
    .late();
    let [target, ids] = lanes.key();
    Statement::new(&SQL, [now.into(), target, ids, replay.into()])
}

/// Puts the deliveries of a replay's lane back to how they were closed before, but for when and by which earlier replay, which
/// the queue does not keep; those that were not there are closed as skipped. The one of the event with the number `but` goes on.
pub fn cancel_lane(lane: LaneKey, but: Option<i64>, now: i64) -> [Statement; 4] {
    static CLOSE: Sql = Sql::same(
        "INSERT INTO deliveries (event_seq, target_id, state, reason, tries, created_at, updated_at)
         SELECT event_seq, target_id, coalesce(was_state, 'skipped'),
                CASE WHEN was_state IS NULL THEN 'replay_cancelled' ELSE was_reason END,
                tries, coalesce(made_at, created_at), $1
         FROM queue WHERE target_id = $2 AND lane_id = $3 AND event_seq <> $4
         ON CONFLICT (event_seq, target_id) DO UPDATE SET
             state = excluded.state, reason = excluded.reason, tries = excluded.tries, updated_at = excluded.updated_at",
    );
    static REMOVE: Sql =
        Sql::same("DELETE FROM queue WHERE target_id = $1 AND lane_id = $2 AND event_seq <> $3");
    static COUNT: Sql = Sql::same(
        "UPDATE lanes SET open = (
             SELECT count(*) FROM queue WHERE queue.target_id = lanes.target_id AND queue.lane_id = lanes.lane_id)
         WHERE target_id = $1 AND lane_id = $2",
    );
    static EMPTY: Sql = Sql::same("DELETE FROM lanes WHERE target_id = $1 AND lane_id = $2 AND open = 0");
    let (target, id, but) = (lane.target, lane.id, but.unwrap_or_default());
    [
        Statement::new(&CLOSE, [now.into(), target.into(), id.into(), but.into()]),
        Statement::new(&REMOVE, [target.into(), id.into(), but.into()]),
        Statement::new(&COUNT, [target.into(), id.into()]),
        Statement::new(&EMPTY, [target.into(), id.into()]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_called_the_same_everywhere() {
        for stage in ReplayStage::ALL {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.name());
            assert_eq!(ReplayStage::parse(stage.name()), Some(stage));
        }
        assert_eq!(ReplayStage::parse("done"), None);
    }
}
