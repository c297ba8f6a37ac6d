//! What was put off by a clock that was ahead, and has been set back since: by this server's, or by that of one before it.

use super::round::LEASE;
use crate::failing::Failing;
use crate::state::AppState;
use crate::store::tables::lanes::{self, LaneKey};
use crate::store::{Statement, StoreError};

/// How many lanes are changed in one commit.
const TOGETHER: usize = 256;

/// Has what is due too late due in time, if the clock was set back more often than `mended` before; with `None`, when a
/// server begins, in any case. Answers how often it has been set back, as far as that is mended.
pub async fn mend(state: &AppState, mended: Option<u64>, failing: &mut Failing) -> Option<u64> {
    let times = state.clock.times_set_back();
    if mended == Some(times) {
        return mended;
    }
    let mended_now = bring_forward(state).await;
    let mended = if mended_now.is_ok() { Some(times) } else { mended };
    failing.tell(
        mended_now,
        |error| tracing::warn!(%error, "it could not be looked at what the clock has put off; it is tried again"),
        || tracing::info!("it has been looked at what the clock has put off"),
    );
    mended
}

async fn bring_forward(state: &AppState) -> Result<(), StoreError> {
    let now = state.clock.now();
    let rows = state
        .store
        .scan_whole(lanes::due_after(now.saturating_add(LEASE)))
        .await?;
    let mut writes: Vec<Statement> = Vec::new();
    for row in &rows {
        let lane = LaneKey {
            target: row.int(0)?,
            id: row.uuid(1)?,
        };
        let (due_at, is_taken, tried_at) = (row.int(2)?, row.opt_int(3)?.is_some(), row.opt_int(4)?);
        if let Some(in_time) = in_time(now, due_at, is_taken, tried_at) {
            writes.push(lanes::due_at_instead(lane, due_at, in_time));
        }
    }
    if !writes.is_empty() {
        tracing::info!(
            lanes = writes.len(),
            "the clock was set back: deliveries that it had put off are due in time"
        );
    }
    let mut writes = writes.into_iter();
    loop {
        let some: Vec<_> = writes.by_ref().take(TOGETHER).collect();
        if some.is_empty() {
            return Ok(());
        }
        state.store.write(some).await?;
    }
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
