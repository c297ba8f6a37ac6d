//! One round of a worker: claims what is due, puts what can travel together into requests, and has them sent.

use std::collections::BTreeMap;
use std::iter::once;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::batches::batches;
use super::exchange::LONGEST_EXCHANGE;
use super::giving_back::{give_back_patiently, give_back_unsent};
use super::in_turn::{in_turn, send_in_turn};
use super::lookout::Due;
use super::turn::{Considered, Lost, Ready, consider};
use super::worker::Work;
use crate::actions::deliveries::{Claim, Claimed, Settlement, claim, settle_all, take_back_cancelled, turns};
use crate::directory::Target;
use crate::store::StoreError;
use crate::store::tables::turns::Turn;

/// How long a claimed lane stays ours, in microseconds: longer than waiting for a seat and then a request with all that
/// may follow from it take, as a rule.
pub const LEASE: i64 = 60_000_000;
/// How many lanes are claimed at a time, at most.
const MOST_LANES: usize = 512;
/// How many for a third party whose last request failed: more would lie in memory for nothing.
const MOST_LANES_OF_FAILING: usize = 64;

/// How much was claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claims {
    Nothing,
    Some,
    /// As much as there was room for.
    Full,
}

/// Claims what is due `at` this time, and sends it. Answers whether there may be more that is due already. What becomes due
/// when something of it ends is looked for then.
pub async fn run(work: &Arc<Work>, due: Due, at: i64) -> Result<bool, StoreError> {
    let targets = &work.known.targets;
    if work.seats.in_flight.available_permits() == 0 {
        // There may be something to do as soon as a request is done. This is no round: it would cost a part its turn.
        drop(work.seats.in_flight.acquire().await);
        return Ok(true);
    }
    let first = work.seats.next_round() % targets.len().max(1);
    let mut claims = Claims::Nothing;
    // Replays come after everything else of all parts.
    for (slow, is_due) in [(false, due.usual), (true, due.replays)] {
        if !is_due {
            continue;
        }
        // Each round begins with another part, so that none is left out where the seats do not last.
        for target in targets[first..].iter().chain(&targets[..first]) {
            claims = claims.max(run_lanes(work, *target, slow, at).await?);
        }
        if claims > Claims::Nothing {
            break;
        }
    }
    Ok(claims == Claims::Full)
}

async fn run_lanes(work: &Arc<Work>, target: Target, slow: bool, at: i64) -> Result<Claims, StoreError> {
    let limits = &work.known.integration.limits;
    let per_request = target.part.most_records(&work.known.settings, limits);
    let most = if work.is_failing() {
        MOST_LANES_OF_FAILING
    } else {
        MOST_LANES
    };
    let limit = work.room().saturating_mul(per_request).min(most);
    if limit == 0 {
        return Ok(Claims::Nothing);
    }
    let began = Instant::now();
    let until = work.state.clock.now() + LEASE;
    let claim = Claim {
        app: work.app.id,
        target,
        slow,
        // What is under way has its time also if the clock was set ahead meanwhile, here and where it is another server's.
        free: work.state.clock.was_set_ahead_within(LEASE),
        now: at,
        until,
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let (lease, looked_at, turns) = claim_turns(work, &claim).await?;
    if turns.is_empty() {
        return Ok(Claims::Nothing);
    }
    let is_full = turns.len() >= limit;
    let (ready, settled) = consider_all(work, target, lease, turns, at);
    let is_apart = |ready: &Ready| target.part.is_apart(&ready.record, at);
    let batches = batches(ready, per_request, limits.request_bytes, is_apart);
    let is_settled = !settled.is_empty();
    // At once: who waits for a seat may do so for long, and a lane would be set waiting by what was known before it.
    let settling = settle_all(&work.state, settled);
    let (unwritten, unsent) = join(settling, send_batches(work, target, batches, until, looked_at)).await;
    let may_be_due = is_settled || !unsent.is_empty();
    let given_back = give_back_unsent(work, target, unsent, lease, is_full).await;
    if may_be_due {
        // As at the end of a request.
        work.state.wake.app(work.app.id);
    }
    work.note_round(is_full, began.elapsed());
    given_back?;
    match unwritten.failed.into_iter().next() {
        Some((_, error)) => Err(error),
        None if is_full => Ok(Claims::Full),
        None => Ok(Claims::Some),
    }
}

/// Takes lanes, and reads whose turn it is in each. Answers with it the lease that shows that they are ours, and
/// when it looked.
async fn claim_turns(work: &Work, wanted: &Claim) -> Result<(i64, Instant, Vec<Turn>), StoreError> {
    let claimed = claim(&work.state, wanted).await?;
    let (lease, looked_at) = (claimed.lease, Instant::now());
    let turns = turns_of(work, wanted, &claimed).await;
    // Nobody sends what is in them. Where that will pass they need not wait for the end of the lease; where it will not, others
    // have their turn until then.
    if turns.as_ref().is_err_and(StoreError::is_passing) {
        give_back_patiently(work, wanted.target, &claimed, wanted.now).await?;
    }
    Ok((lease, looked_at, turns?))
}

async fn turns_of(work: &Work, wanted: &Claim, claimed: &Claimed) -> Result<Vec<Turn>, StoreError> {
    let turns = turns(&work.state, wanted, claimed).await?;
    if !wanted.slow {
        return Ok(turns);
    }
    take_back_cancelled(&work.state, wanted.app, claimed.lease, turns, wanted.now).await
}

/// Decides on turns: what is to be sent, and what came of the others.
fn consider_all(
    work: &Work,
    target: Target,
    lease: i64,
    turns: Vec<Turn>,
    at: i64,
) -> (Vec<Ready>, Vec<Settlement>) {
    let (mut ready, mut settled) = (Vec::new(), Vec::new());
    for turn in turns {
        match consider(
            turn,
            lease,
            &work.app.settings,
            &work.known,
            target,
            |route| work.is_dead(route),
            at,
        ) {
            Considered::Send(record) => ready.push(*record),
            Considered::Settle(settlement, lost) => {
                match lost {
                    Some(Lost::Unset(setting)) => work.note_unset(setting),
                    Some(Lost::Failed(route)) => work.note_ends(target, &route, once(settlement.end.clone())),
                    None => {}
                }
                settled.push(*settlement);
            }
        }
    }
    if work.are_routes_apart() {
        // What has failed may have done so for itself: who looks whether an address is back is one that has not.
        ready.sort_by_key(|ready| ready.held.first_tried_at.is_some());
    }
    (ready, settled)
}

/// Has records sent whose lanes are ours `until` then. Answers the lanes of those that are not, by their route.
async fn send_batches(
    work: &Arc<Work>,
    target: Target,
    batches: Vec<Vec<Ready>>,
    until: i64,
    looked_at: Instant,
) -> BTreeMap<String, Vec<Uuid>> {
    let mut unsent: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
    for sequence in in_turn(batches) {
        let route = &sequence[0][0].record.route;
        let Some(permit) = seat(work, route, until).await else {
            let lanes = sequence.iter().flatten().map(|ready| ready.held.lane.id);
            unsent.entry(route.clone()).or_default().extend(lanes);
            continue;
        };
        work.note_begin(route);
        let work = Arc::clone(work);
        let request = work.state.workers.begin_request();
        tokio::spawn(async move {
            send_in_turn(&work, target, sequence, until, looked_at).await;
            drop((permit, request));
            work.state.wake.app(work.app.id);
        });
    }
    unsent
}

/// A seat for a request on a route, if it can go.
async fn seat(work: &Work, route: &str, until: i64) -> Option<OwnedSemaphorePermit> {
    // What cannot go needs no seat.
    if work.wait(route) > 0 {
        return None;
    }
    let seat = work.seat().await?;
    may_begin(work, route, until).then_some(seat)
}

/// May a request on a route be begun still? It may have waited so long that others could send it before we are done, that it
/// would fail, or that the owner does not want it sent so any more.
pub fn may_begin(work: &Work, route: &str, until: i64) -> bool {
    let is_left_alone = work.is_refused() || work.wait(route) > 0;
    work.state.clock.now() + LONGEST_EXCHANGE <= until && !is_left_alone && work.is_current()
}
