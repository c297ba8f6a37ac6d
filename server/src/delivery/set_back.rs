//! What was put off by a clock that was ahead, and has been set back since: by this server's, or by that of one before it.

use std::time::Duration;

use uuid::Uuid;

use super::round::LEASE;
use crate::failing::Failing;
use crate::state::AppState;
use crate::store::tables::due_lanes;
use crate::store::tables::lanes::LaneKey;
use crate::store::{Row, Statement, StoreError};

/// How often it is looked whether the clock was set back.
const LOOK: Duration = Duration::from_millis(100);
/// How many lanes are looked at together.
const STEP: i64 = 2_048;
/// How many are changed in one commit.
const TOGETHER: usize = 256;

/// Has what is due too late due in time, when a server begins and whenever its clock was set back.
pub async fn mend_always(state: &AppState) {
    let (mut mended, mut failing) = (None, Failing::default());
    loop {
        let times = state.clock.times_set_back();
        if mended != Some(times) {
            let mended_now = bring_forward(state).await;
            if mended_now.is_ok() {
                mended = Some(times);
            }
            failing.tell(
                mended_now,
                |error| tracing::warn!(%error, "it could not be looked at what the clock has put off; it is tried again"),
                || tracing::info!("it has been looked at what the clock has put off"),
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Goes through all lanes, which may be very many: nobody waits for it.
async fn bring_forward(state: &AppState) -> Result<(), StoreError> {
    let mut last = LaneKey {
        target: 0,
        id: Uuid::nil(),
    };
    let mut brought_forward = 0;
    loop {
        let now = state.clock.now();
        let step = due_lanes::behind(last, now.saturating_add(LEASE), STEP);
        let rows = state.store.scan_whole(step).await?;
        let mut writes = Vec::new();
        for row in &rows {
            last = LaneKey {
                target: row.int(0)?,
                id: row.uuid(1)?,
            };
            writes.extend(in_time_if_late(now, last, row)?);
        }
        brought_forward += writes.len();
        for some in writes.chunks(TOGETHER) {
            state.store.write(some.to_vec()).await?;
        }
        if i64::try_from(rows.len()) != Ok(STEP) {
            break;
        }
    }
    if brought_forward > 0 {
        tracing::info!(
            lanes = brought_forward,
            "the clock was set back: deliveries that it had put off are due in time"
        );
    }
    Ok(())
}

/// Has the lane of this row due in time, if it is due too late.
fn in_time_if_late(now: i64, lane: LaneKey, row: &Row) -> Result<Option<Statement>, StoreError> {
    let (due_at, is_taken, tried_at) = (row.opt_int(2)?, row.opt_int(3)?.is_some(), row.opt_int(4)?);
    let late = due_at.and_then(|due_at| Some((due_at, in_time(now, due_at, is_taken, tried_at)?)));
    Ok(late.map(|(due_at, in_time)| due_lanes::due_at_instead(lane, due_at, in_time)))
}

/// When a lane ought to be due that is due more than a lease from `now`, if that is another time. Microseconds.
fn in_time(now: i64, due_at: i64, is_taken: bool, tried_at: Option<i64>) -> Option<i64> {
    if is_taken {
        // Nobody takes a lane for longer. Who has it may still be at it.
        return Some(now + LEASE);
    }
    match tried_at {
        // Nothing that was never tried is put off for long, and if, this server knows nothing of why.
        None => Some(now),
        // It waits for as long as it was to wait.
        Some(tried_at) if tried_at > now + LEASE => Some(now + (due_at - tried_at).max(0)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_stays_as_long_as_it_was_and_a_claim_ends() {
        const NOW: i64 = 1_000 * LEASE;
        assert_eq!(in_time(NOW, 9 * NOW, true, None), Some(NOW + LEASE));
        assert_eq!(in_time(NOW, 9 * NOW, false, None), Some(NOW));
        assert_eq!(in_time(NOW, 9 * NOW + 5, false, Some(9 * NOW)), Some(NOW + 5));
        assert_eq!(
            in_time(NOW, NOW + 5 * LEASE, false, Some(NOW)),
            None,
            "it was put off lately"
        );
        assert_eq!(
            in_time(NOW, NOW + 5 * LEASE, false, Some(NOW + LEASE)),
            None,
            "by a server whose clock is a little ahead"
        );
    }
}
