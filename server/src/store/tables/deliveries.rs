//! `deliveries` and `attempts`: what each event came to at each target, and each try. Rows of events that were made one
//! after the other lie side by side, because they are found by the number of their event.

use bursar_domain::ids::{AppId, ProfileId};
use uuid::Uuid;

use super::delivery_states::{ClosedState, DeliveryState};
use super::events::ids_of;
use crate::store::{Row, Sql, Statement, StoreError, TextKind, Value};

/// A delivery that is closed. Times are microseconds.
#[derive(Debug)]
pub struct Closed<'a> {
    /// The number of its event.
    pub event_seq: i64,
    /// Where to.
    pub target: i64,
    /// How it ended.
    pub state: ClosedState,
    /// Why, where that is not plain.
    pub reason: Option<&'a str>,
    /// How often it was tried.
    pub tries: i64,
    /// When it was made.
    pub created_at: i64,
    /// When it was closed.
    pub now: i64,
    /// Which replay it belongs to.
    pub replay: Option<Uuid>,
}

/// A try. Times are microseconds.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Counts from 1.
    pub number: i64,
    /// When it began.
    pub started_at: i64,
    /// How long it took.
    pub duration: i64,
    /// What was sent: JSON, secrets and personal data masked.
    pub request: String,
    /// The answer's status, if one came.
    pub status: Option<u16>,
    /// The answer's beginning, masked; or why none came.
    pub answer: String,
    /// What it meant.
    pub verdict: String,
}

/// Closes a delivery.
pub fn close(closed: &Closed<'_>) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO deliveries (event_seq, target_id, state, reason, tries, created_at, updated_at, replay_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (event_seq, target_id) DO UPDATE SET
             state = excluded.state, reason = excluded.reason, tries = excluded.tries,
             updated_at = excluded.updated_at, replay_id = excluded.replay_id",
    )
    .together(
        "INSERT INTO deliveries (event_seq, target_id, state, reason, tries, created_at, updated_at, replay_id)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                              $8::uuid[])
         ON CONFLICT (event_seq, target_id) DO UPDATE SET
             state = excluded.state, reason = excluded.reason, tries = excluded.tries,
             updated_at = excluded.updated_at, replay_id = excluded.replay_id",
    );
    Statement::new(
        &SQL,
        [
            closed.event_seq.into(),
            closed.target.into(),
            DeliveryState::from(closed.state).name().into(),
            closed.reason.into(),
            closed.tries.into(),
            closed.created_at.into(),
            closed.now.into(),
            closed.replay.into(),
        ],
    )
}

/// Closes a delivery before it was ever open: if its event was added by the same change, before this statement.
/// It is found as in [`super::lanes::enqueue`].
pub fn skip(event: Uuid, target: i64, reason: &str, now: i64) -> Statement {
    static SQL: Sql = Sql::split(
        "INSERT INTO deliveries (event_seq, target_id, reason, created_at, updated_at, state, tries)
         VALUES (last_insert_rowid(), $1, $2, $3, $3, 'skipped', 0)",
        "INSERT INTO deliveries (event_seq, target_id, reason, created_at, updated_at, state, tries)
         SELECT event_seq, $1::bigint, $2::text, $3::bigint, $3, 'skipped', 0
         FROM events WHERE event_id = $4 AND xmin = pg_current_xact_id()::xid ON CONFLICT DO NOTHING",
    )
    .together(
        "INSERT INTO deliveries (event_seq, target_id, reason, created_at, updated_at, state, tries)
         SELECT event_seq, target_id, reason, now, now, 'skipped', 0
         FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[]) AS new (target_id, reason, now, event_id)
         JOIN events USING (event_id) WHERE events.xmin = pg_current_xact_id()::xid
         ON CONFLICT DO NOTHING",
    )
    .if_added();
    Statement::new(&SQL, [target.into(), reason.into(), now.into(), event.into()])
}

/// Keeps a try.
pub fn keep(event_seq: i64, target: i64, attempt: Attempt) -> Statement {
    static SQL: Sql = Sql::split(
        "INSERT INTO attempts
             (event_seq, target_id, number, started_at, duration_us, plain, packed, status, answer, verdict)
         VALUES ($1, $2, $3, $4, $5, '', $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        "INSERT INTO attempts (event_seq, target_id, number, started_at, duration_us, request, status, answer, verdict)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .together(
        "INSERT INTO attempts (event_seq, target_id, number, started_at, duration_us, request, status, answer, verdict)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
                              $7::bigint[], $8::text[], $9::text[])
         ON CONFLICT DO NOTHING",
    );
    Statement::new(
        &SQL,
        [
            event_seq.into(),
            target.into(),
            attempt.number.into(),
            attempt.started_at.into(),
            attempt.duration.into(),
            Value::Long(attempt.request, TextKind::Request),
            attempt.status.map(i64::from).into(),
            attempt.answer.into(),
            attempt.verdict.into(),
        ],
    )
}

/// The tries of a delivery, the first one first.
pub fn select_attempts(event_seq: i64, target: i64) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT number, started_at, duration_us, request, status, answer, verdict FROM attempts
         WHERE event_seq = $1 AND target_id = $2 ORDER BY number",
    );
    Statement::new(&SQL, [event_seq.into(), target.into()])
}

/// Reads a row of [`select_attempts`].
pub fn read_attempt(row: &mut Row) -> Result<Attempt, StoreError> {
    let status = row.opt_int(4)?.map(u16::try_from).transpose();
    Ok(Attempt {
        number: row.int(0)?,
        started_at: row.int(1)?,
        duration: row.int(2)?,
        request: row.long_text(3)?,
        status: status.map_err(|_| StoreError::Corrupt("the status of a try".into()))?,
        answer: row.text(5)?,
        verdict: row.text(6)?,
    })
}

/// Removes what is closed for an app's profile, tries included. Another app's profile may have the same id.
pub fn delete_of(app: AppId, profile: ProfileId) -> [Statement; 2] {
    static DELIVERIES: Sql = Sql::same(
        "DELETE FROM deliveries WHERE event_seq IN (
             SELECT event_seq FROM events WHERE event_id BETWEEN $1 AND $2 AND app_id = $3 AND profile_id = $4)",
    );
    static ATTEMPTS: Sql = Sql::same(
        "DELETE FROM attempts WHERE event_seq IN (
             SELECT event_seq FROM events WHERE event_id BETWEEN $1 AND $2 AND app_id = $3 AND profile_id = $4)",
    );
    let params = || {
        let [from, to] = ids_of(profile);
        [from.into(), to.into(), app.0.into(), profile.0.into()]
    };
    [
        Statement::new(&DELIVERIES, params()),
        Statement::new(&ATTEMPTS, params()),
    ]
}
