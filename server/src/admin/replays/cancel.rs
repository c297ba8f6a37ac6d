//! Stops a replay: what it has not sent yet is in the state in which it was before it.

use bursar_domain::ids::AppId;
use bursar_domain::integrations::Pick;
use serde_json::json;
use uuid::Uuid;

use super::count_open;
use crate::actions::{ActionError, known_app};
use crate::admin::Request;
use crate::admin::audit::{Entry, record};
use crate::directory::Target;
use crate::state::AppState;
use crate::store::tables::lane_sets::LaneSet;
use crate::store::tables::lanes::LaneKey;
use crate::store::tables::replays::{self, ReplayStage, cancel_lane, lock_lanes};
use crate::store::{Decision, Loaded, Row, StoreError, rows_of};

/// So many lanes are taken back in one commit.
const BATCH: i64 = 200;

/// Cancels a replay, unless it is through. What is being sent at the moment is sent. One that is cancelled already stays
/// as it is, but for what was not taken back then.
pub async fn cancel(state: &AppState, request: Request, app: AppId, replay: Uuid) -> Result<(), ActionError> {
    if is_through(state, app, replay).await? {
        let why = "the replay is through: nothing of it is open";
        return Err(ActionError::Conflict(why.into()));
    }
    let reads = vec![replays::lock(app, replay)];
    let now = request.now;
    let decide = move |mut loaded: Loaded| -> Result<Decision<String>, ActionError> {
        let found = rows_of(&mut loaded, 0)
            .first_mut()
            .map(replays::read)
            .transpose()?;
        let found = found.ok_or(ActionError::Missing("the replay"))?;
        if found.state == ReplayStage::Cancelled {
            return Ok(Decision {
                writes: Vec::new(),
                answer: found.slug,
            });
        }
        let entry = Entry {
            action: "replay.cancel",
            target: replay.to_string(),
            app: Some(app),
            before: Some(json!({"state": found.state})),
            after: Some(json!({"state": ReplayStage::Cancelled})),
        };
        Ok(Decision {
            writes: vec![
                replays::update(app, replay, ReplayStage::Cancelled, 0),
                record(&request.actor, entry, now),
            ],
            answer: found.slug,
        })
    };
    let slug = state.store.change(reads, decide).await?;
    let app = known_app(state, app).await?;
    let targets = app.integration(&slug).map(|known| known.targets.clone());
    for target in targets.unwrap_or_default() {
        let mut after = Uuid::nil();
        while let Some(last) = take_back(state, target, replay, after, now).await? {
            after = last;
        }
    }
    Ok(())
}

/// Has it sent something, and is nothing of it open any more? It stays so.
async fn is_through(state: &AppState, app: AppId, replay: Uuid) -> Result<bool, ActionError> {
    let mut rows = state.store.read(replays::select_one(app, replay)).await?;
    let found = rows.first_mut().map(replays::read).transpose()?;
    let found = found.ok_or(ActionError::Missing("the replay"))?;
    let has_sent = found.state == ReplayStage::Enqueued && found.enqueued > 0;
    Ok(has_sent && !count_open(state, app).await?.contains_key(&replay))
}

/// Takes some lanes of a part back, behind the lane `after`. Answers the last one; `None`: there are no more.
async fn take_back(
    state: &AppState,
    target: Target,
    replay: Uuid,
    after: Uuid,
    now: i64,
) -> Result<Option<Uuid>, StoreError> {
    // Looked for apart, and each lane once: those of other replays may be many, and no write is to wait for that.
    let found = replays::lanes_of(target.id, replay, after, BATCH);
    let found = state.store.scan_whole(found).await?;
    let lanes = found.iter().map(|row| row.uuid(0));
    let lanes = lanes.collect::<Result<Vec<_>, _>>()?;
    let Some(last) = lanes.last().copied() else {
        return Ok(None);
    };
    let decide = move |mut loaded: Loaded| -> Result<Decision<()>, StoreError> {
        let mut writes = Vec::new();
        for row in rows_of(&mut loaded, 0) {
            let (lane, sent) = read(target, row)?;
            writes.extend(cancel_lane(lane, sent, now));
        }
        Ok(Decision { writes, answer: () })
    };
    let reads = vec![lock_lanes(&LaneSet::new(target.id, lanes), replay, now)];
    state.store.change(reads, decide).await?;
    Ok(Some(last))
}

/// A lane, and the number of the event that is being sent in it, if one is.
fn read(target: Target, row: &mut Row) -> Result<(LaneKey, Option<i64>), StoreError> {
    let lane = LaneKey {
        target: target.id,
        id: row.uuid(1)?,
    };
    let turn = match target.part.pick {
        Pick::First => row.opt_int(2)?,
        Pick::Last => row.opt_int(3)?,
        Pick::LastToHappen => row.opt_int(4)?,
    };
    Ok((
        lane,
        turn.filter(|_| row.int(5).is_ok_and(|claimed| claimed == 1)),
    ))
}
