//! One round of a worker: claims what is due, puts what can travel together into requests, and has them sent.

use std::collections::BTreeMap;
use std::iter::once;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::exchange::LONGEST_EXCHANGE;
use super::lookout::Due;
use super::send::send;
use super::settling::PAUSES;
use super::turn::{Considered, Lost, Ready, consider};
use super::worker::Work;
use crate::actions::deliveries::{Claim, Claimed, Settlement, claim, give_back, settle_all, turns};
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
    let (lease, turns) = claim_turns(work, &claim).await?;
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
    let (unwritten, unsent) = join(settling, send_batches(work, target, batches, until)).await;
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

/// Takes lanes, and reads whose turn it is in each. Answers with it the lease that shows that they are ours.
async fn claim_turns(work: &Work, wanted: &Claim) -> Result<(i64, Vec<Turn>), StoreError> {
    let claimed = claim(&work.state, wanted).await?;
    match turns(&work.state, wanted, &claimed).await {
        Ok(turns) => Ok((claimed.lease, turns)),
        Err(error) => {
            // Nobody sends what is in them: they need not wait for the end of the lease.
            give_back_patiently(work, wanted.target, claimed, wanted.now).await?;
            Err(error)
        }
    }
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
) -> BTreeMap<String, Vec<Uuid>> {
    let mut unsent: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
    for batch in batches {
        let route = &batch[0].record.route;
        let Some(permit) = seat(work, route, until).await else {
            let lanes = batch.iter().map(|ready| ready.held.lane.id);
            unsent.entry(route.clone()).or_default().extend(lanes);
            continue;
        };
        work.note_begin(route);
        let work = Arc::clone(work);
        let request = work.state.workers.begin_request();
        tokio::spawn(async move {
            send(&work, target, batch).await;
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
    let now = work.state.clock.now();
    let is_left_alone = work.is_refused() || work.wait(route) > 0;
    // It may have waited so long that others could send it before we are done, that it would fail, or that the owner
    // does not want it sent so any more.
    let is_fine = now + LONGEST_EXCHANGE <= until && !is_left_alone && work.is_current();
    is_fine.then_some(seat)
}

/// Gives back what is not sent, all of it, and answers the first error. Where there `may_be_more` to put off than one round
/// takes, it comes back over as long again: all at once it would stand in front of what goes on other routes.
async fn give_back_unsent(
    work: &Work,
    target: Target,
    unsent: BTreeMap<String, Vec<Uuid>>,
    lease: i64,
    may_be_more: bool,
) -> Result<(), StoreError> {
    let mut given_back = Ok(());
    for (route, lanes) in unsent {
        let put_off = work.put_off(&route);
        let spread = if may_be_more { put_off } else { 0 };
        let due_at = work.state.clock.now() + put_off + part_of(spread);
        let given = give_back_patiently(work, target, Claimed { lease, lanes }, due_at).await;
        given_back = given_back.and(given);
    }
    given_back
}

/// A part of a time by chance.
fn part_of(time: i64) -> i64 {
    let (_, low) = Uuid::new_v4().as_u64_pair();
    i64::try_from(low % (time.max(0).unsigned_abs() + 1)).unwrap_or_default()
}

/// Gives lanes back, and while the database is away or too busy tries again, as nobody else sends what is in them as long as
/// they are ours. A stop ends the wait.
async fn give_back_patiently(
    work: &Work,
    target: Target,
    claimed: Claimed,
    due_at: i64,
) -> Result<(), StoreError> {
    let Claimed { lease, lanes } = claimed;
    let mut given_back = give_back(&work.state, target.id, lanes.clone(), lease, due_at).await;
    for pause in PAUSES {
        let is_away = given_back.as_ref().is_err_and(StoreError::is_passing);
        if !is_away || work.state.workers.is_stopping() {
            break;
        }
        work.state.workers.rest(Duration::from_millis(pause)).await;
        given_back = give_back(&work.state, target.id, lanes.clone(), lease, due_at).await;
    }
    given_back
}

/// Records by what can share a request: their route, whether they are apart, their number and their bytes.
fn batches(
    ready: Vec<Ready>,
    most: usize,
    most_bytes: Option<u32>,
    is_apart: impl Fn(&Ready) -> bool,
) -> Vec<Vec<Ready>> {
    let most_bytes = most_bytes.map_or(usize::MAX, |bytes| bytes as usize);
    let mut open: Vec<(Vec<Ready>, usize)> = Vec::new();
    let mut full = Vec::new();
    for record in ready {
        let bytes = record.record.body.len();
        if record.alone || most == 1 {
            full.push(vec![record]);
            continue;
        }
        let shares =
            |other: &Ready| other.record.route == record.record.route && is_apart(other) == is_apart(&record);
        let place = open.iter().position(|(batch, _)| shares(&batch[0]));
        match place {
            Some(place) if open[place].1 + bytes > most_bytes / 10 * 9 => {
                full.push(std::mem::replace(&mut open[place], (vec![record], bytes)).0);
            }
            Some(place) => {
                open[place].0.push(record);
                open[place].1 += bytes;
            }
            None => open.push((vec![record], bytes)),
        }
        if let Some(place) = open.iter().position(|(batch, _)| batch.len() >= most) {
            full.push(open.swap_remove(place).0);
        }
    }
    full.extend(open.into_iter().map(|(batch, _)| batch));
    full
}

#[cfg(test)]
mod tests {
    use bursar_domain::ids::ProfileId;
    use bursar_domain::integrations::Record;
    use uuid::Uuid;

    use super::super::mask::Mask;
    use super::super::settling::tests::settlements;
    use super::super::texts::Texts;
    use super::super::turn::Counts;
    use super::*;

    /// Records of these routes, of thirty bytes each; those of `lone` need a request of their own.
    fn ready(routes: &str) -> Vec<Ready> {
        let (settlements, routes) = (settlements(routes.len()), routes.split_terminator(' '));
        let each = settlements
            .into_iter()
            .zip(routes)
            .map(|(settlement, route)| Ready {
                held: settlement.held,
                record: Record {
                    route: route.to_owned(),
                    body: "x".repeat(30),
                },
                alone: route == "lone",
                counts: Counts::default(),
                profile: ProfileId(Uuid::nil()),
                mask: Mask::of_nobody(),
                ids: Texts::default(),
                sharers: Texts::default(),
            });
        each.collect()
    }

    /// The routes of each request.
    fn routes(batches: Vec<Vec<Ready>>) -> Vec<String> {
        let of_batch = |batch: Vec<Ready>| {
            let routes = batch.into_iter().map(|ready| ready.record.route);
            routes.collect::<Vec<_>>().join(" ")
        };
        batches.into_iter().map(of_batch).collect()
    }

    #[test]
    fn a_request_carries_no_more_than_the_third_party_takes() {
        let shared = |most, bytes| routes(batches(ready("a a a a a a a"), most, bytes, |_| false));
        assert_eq!(shared(4, None), ["a a a a", "a a a"]);
        assert_eq!(shared(1, None), ["a"; 7]);
        // A tenth is left for what stands around the records.
        assert_eq!(shared(9, Some(100)), ["a a a", "a a a", "a"]);
        assert_eq!(shared(2, Some(100)), ["a a", "a a", "a a", "a"]);
        assert_eq!(shared(9, Some(10)), ["a"; 7], "one that is too large goes alone");
    }

    #[test]
    fn what_does_not_go_together_goes_apart() {
        let is_old = |ready: &Ready| ready.held.lane.id.as_u128() >= 4;
        let mut shared = routes(batches(ready("a b lone a a b a"), 9, None, is_old));
        shared.sort();
        assert_eq!(shared, ["a a", "a a", "b", "b", "lone"]);
    }
}
