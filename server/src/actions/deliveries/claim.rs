//! Lanes that are due are taken for a while, so that nobody else sends their deliveries meanwhile.

use std::collections::HashMap;

use bursar_domain::ids::AppId;
use uuid::Uuid;

use crate::chance;
use crate::directory::Target;
use crate::state::AppState;
use crate::store::tables::due_lanes;
use crate::store::tables::lane_sets::{self, Held, LaneSet};
use crate::store::tables::turns::{self, Turn};
use crate::store::{Decision, Loaded, Row, StoreError, rows_of};

/// Which lanes are to be claimed. Times are microseconds.
#[derive(Clone, Copy)]
pub struct Claim {
    /// Of which app.
    pub app: AppId,
    /// Of which part. Whose turn it is in each, it says.
    pub target: Target,
    /// Those of replays, or all others?
    pub slow: bool,
    /// Only those that nobody had taken before?
    pub free: bool,
    /// Those that are due then.
    pub now: i64,
    /// Until when they are taken.
    pub until: i64,
    /// How many at most.
    pub limit: i64,
}

/// Lanes that were claimed together.
pub struct Claimed {
    /// Shows that they are ours.
    pub lease: i64,
    /// Which.
    pub lanes: Vec<Uuid>,
}

/// Takes lanes that are due.
pub async fn claim(state: &AppState, wanted: &Claim) -> Result<Claimed, StoreError> {
    let lease = chance::number();
    let Claim {
        target,
        slow,
        free,
        now,
        until,
        limit,
        ..
    } = *wanted;
    let reads = vec![due_lanes::lock_due(target.id, slow, free, now, limit)];
    let decide = move |mut loaded: Loaded| -> Result<Decision<Vec<Uuid>>, StoreError> {
        let due = rows_of(&mut loaded, 0).iter_mut().map(due_lanes::read_due);
        let due = due.collect::<Result<Vec<_>, _>>()?;
        let set = LaneSet::new(target.id, due.iter().copied());
        let claim = (!due.is_empty()).then(|| lane_sets::claim(&set, lease, until));
        Ok(Decision {
            writes: Vec::from_iter(claim),
            answer: due,
        })
    };
    let lanes = state.store.change(reads, decide).await?;
    Ok(Claimed { lease, lanes })
}

/// The deliveries whose turn it is in lanes that are ours. A lane in which there is none is removed.
pub async fn turns(state: &AppState, wanted: &Claim, claimed: &Claimed) -> Result<Vec<Turn>, StoreError> {
    let Claim {
        app,
        target,
        slow,
        until,
        ..
    } = *wanted;
    let Claimed { lease, lanes } = claimed;
    if lanes.is_empty() {
        return Ok(Vec::new());
    }
    let turns = turns::of_claimed(app, target.id, slow, *lease, until, target.part.pick);
    let mut rows = state.store.read(turns).await?;
    if rows.len() < lanes.len() {
        let lanes = LaneSet::new(target.id, lanes.iter().copied());
        let removal = lane_sets::remove_empty(&lanes, *lease);
        state.store.write(vec![removal]).await?;
    }
    let turns = rows
        .iter_mut()
        .filter_map(|row| readable(state, app, target, row));
    turns.collect()
}

/// Those of these lanes that are still ours, each with when its profile was changed last.
pub async fn still_held(
    state: &AppState,
    app: AppId,
    target: i64,
    claimed: &Claimed,
) -> Result<HashMap<Uuid, i64>, StoreError> {
    let lanes = LaneSet::new(target, claimed.lanes.iter().copied());
    let held = turns::still_held(app, &lanes, claimed.lease);
    let rows = state.store.read(held).await?;
    rows.iter().map(turns::read_still_held).collect()
}

/// A turn; `None` where what is stored makes no sense here, such as an event of a kind that only a newer version knows.
/// Its lane is looked at again when the lease is over, and the others go on meanwhile.
fn readable(state: &AppState, app: AppId, target: Target, row: &mut Row) -> Option<Result<Turn, StoreError>> {
    match turns::read(app, target.id, target.part.pick, row) {
        Err(error @ (StoreError::Corrupt(_) | StoreError::Unreadable(..))) => {
            if error.is_of_profile() {
                state.metrics.unsound_profiles.inc();
            }
            let event = turns::event(row).map(|id| id.to_string()).unwrap_or_default();
            tracing::error!(event.id = %event, %error, "the event {event} or its profile cannot be read: its delivery waits");
            None
        }
        turn => Some(turn),
    }
}

/// Gives lanes of a target back that were claimed and of which nothing was sent; they are due again at `due_at`. Those that
/// are not held any more stay as they are.
pub async fn give_back(
    state: &AppState,
    target: i64,
    claimed: &Claimed,
    due_at: i64,
) -> Result<(), StoreError> {
    let lease = claimed.lease;
    let lanes = LaneSet::new(target, claimed.lanes.iter().copied());
    let reads = vec![lane_sets::lock_held(&lanes)];
    let decide = move |mut loaded: Loaded| -> Result<Decision<()>, StoreError> {
        let held = rows_of(&mut loaded, 0)
            .iter()
            .map(lane_sets::read_held)
            .collect::<Result<Vec<_>, _>>()?;
        let ours: Vec<Held> = held.into_iter().filter(|one| one.lease == lease).collect();
        Ok(Decision {
            writes: lane_sets::give_back(target, &ours, 0, due_at),
            answer: (),
        })
    };
    state.store.change(reads, decide).await
}
