//! What was being sent when its replay was cancelled, and failed: it is not tried again.

use std::collections::HashSet;

use bursar_domain::ids::AppId;
use uuid::Uuid;

use crate::state::AppState;
use crate::store::tables::lanes::{self, LaneKey};
use crate::store::tables::replays::{self, ReplayStage, cancel_lane};
use crate::store::tables::turns::Turn;
use crate::store::{Decision, Loaded, StoreError, rows_of};

/// Puts the deliveries of cancelled replays back to how they were before, in lanes that are ours by this lease. Answers the
/// other turns.
pub async fn take_back_cancelled(
    state: &AppState,
    app: AppId,
    lease: i64,
    turns: Vec<Turn>,
    now: i64,
) -> Result<Vec<Turn>, StoreError> {
    let mut cancelled = HashSet::new();
    for replay in turns
        .iter()
        .filter_map(|turn| turn.replay)
        .collect::<HashSet<_>>()
    {
        if is_cancelled(state, app, replay).await? {
            cancelled.insert(replay);
        }
    }
    let is_one = |turn: &Turn| turn.replay.is_some_and(|replay| cancelled.contains(&replay));
    let (gone, left): (Vec<_>, Vec<_>) = turns.into_iter().partition(is_one);
    for turn in gone {
        take_back(state, turn.lane, lease, now).await?;
    }
    Ok(left)
}

async fn is_cancelled(state: &AppState, app: AppId, replay: Uuid) -> Result<bool, StoreError> {
    let mut rows = state.store.read(replays::select_one(app, replay)).await?;
    let found = rows.first_mut().map(replays::read).transpose()?;
    Ok(found.is_some_and(|replay| replay.state == ReplayStage::Cancelled))
}

async fn take_back(state: &AppState, lane: LaneKey, lease: i64, now: i64) -> Result<(), StoreError> {
    let decide = move |mut loaded: Loaded| -> Result<Decision<()>, StoreError> {
        let is_ours = !rows_of(&mut loaded, 0).is_empty();
        let writes = is_ours.then(|| cancel_lane(lane, None, now));
        Ok(Decision {
            writes: writes.into_iter().flatten().collect(),
            answer: (),
        })
    };
    let reads = vec![lanes::lock_held(lane, lease)];
    state.store.change(reads, decide).await
}
