//! Deliveries as the administration shows them: open ones and closed ones alike.

use bursar_domain::events::EventKind;
use bursar_domain::ids::{AppId, ProfileId};
use serde_json::json;
use uuid::Uuid;

use super::delivery_states::{DeliveryState, read_state};
use super::events::{ids_of, read_kind};
use crate::store::{Row, Sql, Statement, StoreError, Value};

/// A delivery. Times are microseconds.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The event.
    pub event: Uuid,
    /// The integration's slug.
    pub slug: String,
    /// The integration's part.
    pub part: String,
    /// The two as a number.
    pub target: i64,
    /// Where it is.
    pub state: DeliveryState,
    /// Why, where that is not plain.
    pub reason: Option<String>,
    /// How often it was tried.
    pub tries: i64,
    /// When it was made.
    pub made_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// Which replay it belongs to.
    pub replay: Option<Uuid>,
    /// Where it stands, if it is open.
    pub open: Option<Standing>,
}

/// Where an open delivery stands. Times are microseconds.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its lane.
    pub lane: Uuid,
    /// When the lane is looked at next.
    pub due_at: i64,
    /// The event whose turn it is in the lane.
    pub turn: Uuid,
    /// When it was tried first.
    pub first_tried_at: Option<i64>,
}

/// A delivery in a list, with its place there.
#[derive(Debug)]
pub struct Listed {
    /// The number of its event.
    pub seq: i64,
    /// What happened.
    pub kind: EventKind,
    /// Whose it is.
    pub profile: Uuid,
    /// The delivery.
    pub shown: Shown,
}

/// Which deliveries are wanted.
#[derive(Debug)]
pub struct Wanted {
    /// Of which app.
    pub app: AppId,
    /// Of one integration alone.
    pub slug: Option<&'static str>,
    /// In one state alone.
    pub state: Option<DeliveryState>,
    /// Of one profile alone.
    pub profile: Option<ProfileId>,
    /// Of one event of that profile alone.
    pub event: Option<Uuid>,
    /// The event's number and the target with which the list begins.
    pub from: (i64, i64),
    /// How many at most.
    pub limit: i64,
    /// Now, in microseconds.
    pub now: i64,
    /// The app's targets.
    pub targets: Targets,
}

/// What is known in memory of an app's targets, as lists of their ids: `,3,7,`.
#[derive(Debug)]
pub struct Targets {
    /// Those of which only the latest delivery counts.
    pub latest_only: String,
    /// Those among them of which that is the one whose event happened last.
    pub by_event_time: String,
    /// Those that stand still because their secrets cannot be opened, which no row tells.
    pub lost: String,
}

/// Has an open delivery `o` waited, and is due again because what it waited for may be there?
macro_rules! waited {
    () => {
        "o.state = 'waiting' AND EXISTS (
             SELECT 1 FROM lanes WHERE target_id = o.target_id AND lane_id = o.lane_id AND waits = 0)"
    };
}

/// What follows the state of an open delivery `o`: first, why it is where it is.
macro_rules! rest {
    () => {
        concat!(
            ", CASE WHEN ",
            waited!(),
            " THEN NULL ELSE o.reason END AS reason, o.tries, o.made_at, o.updated_at, o.replay_id, o.lane_id, o.due_at,
             o.turn_event, o.first_tried_at"
        )
    };
}

/// The state of an open delivery `o`, by the parameters for [`Targets::lost`] and the time.
macro_rules! state {
    ($lost:literal, $now:literal) => {
        concat!(
            "CASE WHEN o.is_stopped = 1 OR ",
            $lost,
            " LIKE '%,' || o.target_id || ',%' THEN 'blocked'
                  WHEN o.lease IS NOT NULL AND o.due_at > ",
            $now,
            " AND o.turn_event = o.event_id THEN 'sending'
                  WHEN ",
            waited!(),
            " THEN 'pending' ELSE o.state END"
        )
    };
}

/// The event whose turn it is in the lane of an open delivery, by the parameters for [`Targets::latest_only`] and
/// [`Targets::by_event_time`]; as [`bursar_domain::integrations::Pick`] says.
macro_rules! turn_event {
    ($latest_only:literal, $by_event_time:literal) => {
        concat!(
            "CASE WHEN ",
            $latest_only,
            " NOT LIKE '%,' || target_id || ',%' THEN first_event
                  WHEN ",
            $by_event_time,
            " NOT LIKE '%,' || target_id || ',%' THEN last_event
                  ELSE (SELECT h.event_id FROM queue AS f JOIN events AS h ON h.event_seq = f.event_seq
                        WHERE f.target_id = open_deliveries.target_id AND f.lane_id = open_deliveries.lane_id
                        ORDER BY h.event_at DESC, h.event_seq DESC LIMIT 1) END"
        )
    };
}

/// Closed deliveries, those of the newest events first. An app's are found by walking its events.
pub fn select_closed(wanted: &Wanted) -> Statement {
    static OF_APP: Sql = Sql::same(
        "SELECT e.event_seq, e.event_type, e.profile_id, e.event_id, t.slug, t.part, d.target_id, d.state, d.reason,
                d.tries, d.created_at, d.updated_at, d.replay_id, NULL, NULL, NULL, NULL
         FROM events AS e CROSS JOIN deliveries AS d CROSS JOIN targets AS t
         WHERE e.app_id = $1 AND e.event_seq <= $2 AND (e.event_seq < $2 OR d.target_id <= $3)
           AND d.event_seq = e.event_seq AND d.state = coalesce($4, d.state)
           AND t.target_id = d.target_id AND t.slug = coalesce($5, t.slug)
         ORDER BY e.event_seq DESC, d.target_id DESC LIMIT $6",
    );
    static OF_PROFILE: Sql = Sql::same(
        "SELECT e.event_seq, e.event_type, e.profile_id, e.event_id, t.slug, t.part, d.target_id, d.state, d.reason,
                d.tries, d.created_at, d.updated_at, d.replay_id, NULL, NULL, NULL, NULL
         FROM events AS e CROSS JOIN deliveries AS d CROSS JOIN targets AS t
         WHERE e.app_id = $1 AND (e.event_seq + 0 < $2 OR e.event_seq + 0 = $2 AND d.target_id <= $3)
           AND d.event_seq = e.event_seq AND d.state = coalesce($4, d.state)
           AND t.target_id = d.target_id AND t.slug = coalesce($5, t.slug)
           AND e.profile_id = $6 AND e.event_id BETWEEN $7 AND $8
         ORDER BY e.event_seq + 0 DESC, d.target_id DESC LIMIT $9",
    );
    let mut params: Vec<Value> = vec![
        wanted.app.0.into(),
        wanted.from.0.into(),
        wanted.from.1.into(),
        wanted.state.map(DeliveryState::name).into(),
        wanted.slug.into(),
    ];
    let sql = match wanted.profile {
        None => &OF_APP,
        Some(profile) => {
            let [first, last] = wanted.events(profile);
            params.extend([profile.0.into(), first.into(), last.into()]);
            &OF_PROFILE
        }
    };
    params.push(wanted.limit.into());
    Statement::new(sql, params)
}

/// Open deliveries in the same order. All that are open of the app, or of the profile, are looked at.
pub fn select_open(wanted: &Wanted) -> Statement {
    macro_rules! open {
        ($($lanes:expr),+) => {
            concat!(
                "SELECT event_seq, event_type, profile_id, event_id, slug, part, target_id, state, reason, tries,
                        made_at, updated_at, replay_id, lane_id, due_at, turn_event, first_tried_at
                 FROM (
                     SELECT o.event_seq, o.event_type, o.profile_id, o.event_id, o.slug, o.part, o.target_id,
                            ",
                state!("$1", "$2"),
                " AS state",
                rest!(),
                "
                     FROM (
                         SELECT open_deliveries.*, ",
                turn_event!("$3", "$4"),
                " AS turn_event
                         FROM open_deliveries WHERE app_id = $5) AS o
                     WHERE o.slug = coalesce($6, o.slug) AND o.profile_id = coalesce($7, o.profile_id) AND (",
                $($lanes,)+
                ") AND o.event_id BETWEEN $10 AND $11
                 ) AS shown
                 WHERE state = coalesce($12, state) AND (event_seq < $13 OR event_seq = $13 AND target_id <= $14)
                 ORDER BY event_seq DESC, target_id DESC LIMIT $15"
            )
        };
    }
    // One list of lanes: only so are they looked up instead of all that are open.
    macro_rules! lanes {
        ($profile:literal) => {
            concat!(
                "SELECT ",
                $profile,
                " UNION ALL
                 SELECT lane_id FROM lanes WHERE target_id IN (SELECT target_id FROM targets WHERE app_id = $5)
                        AND lane_id BETWEEN $8 AND $9
                 UNION ALL SELECT lane_id FROM event_lanes WHERE event_id BETWEEN $10 AND $11"
            )
        };
    }
    static OF_APP: Sql = Sql::same(open!("o.lane_id BETWEEN $8 AND $9"));
    static OF_PROFILE: Sql = Sql::split(
        open!("o.lane_id IN (", lanes!("$7"), ")"),
        open!("o.lane_id = ANY (ARRAY(", lanes!("$7::uuid"), "))"),
    );
    let everything = [Uuid::nil(), Uuid::max()];
    // The lanes of a profile's replays lie where its events do.
    let lanes = wanted.profile.map_or(everything, ids_of);
    let events = wanted
        .profile
        .map_or(everything, |profile| wanted.events(profile));
    Statement::new(
        if wanted.profile.is_some() {
            &OF_PROFILE
        } else {
            &OF_APP
        },
        [
            wanted.targets.lost.as_str().into(),
            wanted.now.into(),
            wanted.targets.latest_only.as_str().into(),
            wanted.targets.by_event_time.as_str().into(),
            wanted.app.0.into(),
            wanted.slug.into(),
            wanted.profile.map(|profile| profile.0).into(),
            lanes[0].into(),
            lanes[1].into(),
            events[0].into(),
            events[1].into(),
            wanted.state.map(DeliveryState::name).into(),
            wanted.from.0.into(),
            wanted.from.1.into(),
            wanted.limit.into(),
        ],
    )
}

impl Wanted {
    fn events(&self, profile: ProfileId) -> [Uuid; 2] {
        self.event.map_or_else(|| ids_of(profile), |event| [event; 2])
    }
}

/// Reads a row of [`select_closed`] or [`select_open`].
pub fn read_listed(row: &mut Row) -> Result<Listed, StoreError> {
    Ok(Listed {
        seq: row.int(0)?,
        kind: read_kind(row, 1)?,
        profile: row.uuid(2)?,
        shown: read_from(row, 3)?,
    })
}

/// All deliveries of these events with their profiles, in the order of event and target.
pub fn select_of_events(
    app: AppId,
    events: impl Iterator<Item = (Uuid, ProfileId)>,
    now: i64,
    targets: &Targets,
) -> Statement {
    static SQL: Sql = Sql::split(
        concat!(
            "WITH said AS (
             SELECT unhex(value ->> 0, '-') AS event_id, unhex(value ->> 1, '-') AS first_lane,
                    unhex(value ->> 2, '-') AS last_lane
             FROM json_each($1)),
         wanted AS (
             SELECT * FROM said UNION ALL
             SELECT event_id, lane_id, lane_id FROM event_lanes WHERE event_id IN (SELECT event_id FROM said))
         SELECT e.event_id AS event, t.slug, t.part, d.target_id AS target, d.state, d.reason, d.tries, d.created_at,
                d.updated_at, d.replay_id, NULL, NULL, NULL, NULL
         FROM events AS e CROSS JOIN deliveries AS d ON d.event_seq = e.event_seq
         JOIN targets AS t ON t.target_id = d.target_id
         WHERE t.app_id = $2 AND e.event_id IN (SELECT event_id FROM wanted)
         UNION ALL
         SELECT o.event_id, o.slug, o.part, o.target_id, ",
            state!("$3", "$4"),
            rest!(),
            "
         FROM (
             SELECT open_deliveries.*, ",
            turn_event!("$5", "$6"),
            " AS turn_event
             FROM wanted JOIN open_deliveries ON app_id = $2 AND open_deliveries.event_id = wanted.event_id
                  AND lane_id BETWEEN first_lane AND last_lane) AS o
         ORDER BY event, target"
        ),
        concat!(
            "WITH said AS (
             SELECT (value ->> 0)::uuid AS event_id, (value ->> 1)::uuid AS first_lane, (value ->> 2)::uuid AS last_lane
             FROM jsonb_array_elements($1::text::jsonb)),
         wanted AS (
             SELECT * FROM said UNION ALL
             SELECT event_id, lane_id, lane_id FROM event_lanes WHERE event_id IN (SELECT event_id FROM said))
         SELECT e.event_id AS event, t.slug, t.part, d.target_id AS target, d.state, d.reason, d.tries, d.created_at,
                d.updated_at, d.replay_id, NULL::uuid, NULL::bigint, NULL::uuid, NULL::bigint
         FROM (SELECT DISTINCT event_id FROM wanted) AS one
         JOIN events AS e ON e.event_id = one.event_id
         CROSS JOIN LATERAL (SELECT * FROM deliveries WHERE deliveries.event_seq = e.event_seq OFFSET 0) AS d
         JOIN targets AS t ON t.target_id = d.target_id AND t.app_id = $2
         UNION ALL
         SELECT o.event_id, o.slug, o.part, o.target_id, ",
            state!("$3", "$4"),
            rest!(),
            "
         FROM (
             SELECT open_deliveries.*, ",
            turn_event!("$5", "$6"),
            " AS turn_event
             FROM wanted CROSS JOIN LATERAL (
                 SELECT * FROM open_deliveries
                 WHERE app_id = $2 AND open_deliveries.event_id = wanted.event_id
                       AND lane_id BETWEEN first_lane AND last_lane OFFSET 0) AS open_deliveries) AS o
         ORDER BY event, target"
        ),
    );
    let entries = events.flat_map(|(event, profile)| {
        let [first, last] = ids_of(profile);
        [json!([event, profile.0, profile.0]), json!([event, first, last])]
    });
    let entries = serde_json::Value::Array(entries.collect()).to_string();
    Statement::new(
        &SQL,
        [
            entries.into(),
            app.0.into(),
            targets.lost.as_str().into(),
            now.into(),
            targets.latest_only.as_str().into(),
            targets.by_event_time.as_str().into(),
        ],
    )
}

/// Reads a row of [`select_of_events`].
pub fn read(row: &mut Row) -> Result<Shown, StoreError> {
    read_from(row, 0)
}

fn read_from(row: &mut Row, first: usize) -> Result<Shown, StoreError> {
    Ok(Shown {
        event: row.uuid(first)?,
        slug: row.text(first + 1)?,
        part: row.text(first + 2)?,
        target: row.int(first + 3)?,
        state: read_state(row, first + 4)?,
        reason: row.opt_text(first + 5)?,
        tries: row.int(first + 6)?,
        made_at: row.int(first + 7)?,
        updated_at: row.int(first + 8)?,
        replay: row.opt_uuid(first + 9)?,
        open: standing(row, first + 10)?,
    })
}

fn standing(row: &mut Row, first: usize) -> Result<Option<Standing>, StoreError> {
    let Some(lane) = row.opt_uuid(first)? else {
        return Ok(None);
    };
    Ok(Some(Standing {
        lane,
        due_at: row.int(first + 1)?,
        turn: row.uuid(first + 2)?,
        first_tried_at: row.opt_int(first + 3)?,
    }))
}
