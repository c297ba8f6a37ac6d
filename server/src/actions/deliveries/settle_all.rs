//! What came of many turns is written down together: of one request's records, or of requests that ended at once.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::{join, join_all};
use uuid::Uuid;

use super::settle::{End, HeldTurn, Settlement, settle};
use crate::state::AppState;
use crate::store::tables::lane_sets::{self, Held, LaneSet};
use crate::store::{Decision, Loaded, Statement, StoreError};

/// What was not written down.
#[derive(Default)]
pub struct Unwritten {
    /// What could not be, and why.
    pub failed: Vec<(Settlement, StoreError)>,
    /// Turns in lanes that were not ours any more.
    pub late: Vec<HeldTurn>,
}

impl Unwritten {
    /// All of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.failed.extend(other.failed);
        self.late.extend(other.late);
        self
    }
}

/// One alone has a shorter way, which looks at its lease in SQL.
#[cfg(not(feature = "settle-without-lease"))]
const FEWEST: usize = 2;
/// The way with the defence taken away, for any number.
#[cfg(feature = "settle-without-lease")]
const FEWEST: usize = 1;

/// Writes down what came of turns of different lanes, in one commit as far as nothing but their lanes has to be looked
/// at for it. Of lanes that are not ours any more nothing is written.
pub async fn settle_all(state: &AppState, settlements: Vec<Settlement>) -> Unwritten {
    let (plain, others): (Vec<_>, Vec<_>) = settlements.into_iter().partition(Settlement::is_plain);
    let (of_plain, of_others) = join(settle_plain(state, plain), settle_each(state, others)).await;
    of_plain.and(of_others)
}

async fn settle_plain(state: &AppState, settlements: Vec<Settlement>) -> Unwritten {
    if settlements.len() < FEWEST {
        return settle_each(state, settlements).await;
    }
    match settle_together(state, settlements.clone()).await {
        Ok(late) => Unwritten {
            late,
            ..Unwritten::default()
        },
        Err(error) if error.is_passing() => {
            let each = settlements.into_iter();
            Unwritten {
                failed: each.map(|settlement| (settlement, error.clone())).collect(),
                ..Unwritten::default()
            }
        }
        // One of them is the cause. The others are not to suffer for it.
        Err(_) => settle_each(state, settlements).await,
    }
}

async fn settle_each(state: &AppState, settlements: Vec<Settlement>) -> Unwritten {
    let each = settlements.into_iter().map(async |settlement| {
        let written = settle(state, settlement.clone()).await;
        (settlement, written)
    });
    let mut unwritten = Unwritten::default();
    for (settlement, written) in join_all(each).await {
        match written {
            Ok(true) => {}
            Ok(false) => unwritten.late.push(settlement.held),
            Err(error) => unwritten.failed.push((settlement, error)),
        }
    }
    unwritten
}

/// Answers which lanes were not ours any more.
async fn settle_together(
    state: &AppState,
    settlements: Vec<Settlement>,
) -> Result<Vec<HeldTurn>, StoreError> {
    let mut by_target: BTreeMap<i64, Vec<Settlement>> = BTreeMap::new();
    for settlement in settlements {
        let of_target = by_target.entry(settlement.held.lane.target).or_default();
        of_target.push(settlement);
    }
    let groups: Vec<_> = by_target.into_iter().collect();
    let locks = groups.iter().map(|(target, group)| {
        lane_sets::lock_held(&LaneSet::new(*target, group.iter().map(|one| one.held.lane.id)))
    });
    let reads = locks.collect();
    let decide = move |loaded: Loaded| -> Result<Decision<Vec<HeldTurn>>, StoreError> {
        let (mut writes, mut late) = (Vec::new(), Vec::new());
        for ((target, group), rows) in groups.iter().zip(&loaded) {
            let held = rows.iter().map(lane_sets::read_held);
            let held = held.map(|held| held.map(|held| (held.lane, held)));
            let held: HashMap<Uuid, Held> = held.collect::<Result<_, _>>()?;
            let mut ours = Vec::new();
            for one in group {
                match held.get(&one.held.lane.id).filter(|held| is_ours(one, held)) {
                    Some(held) => ours.push((one, *held)),
                    None => late.push(one.held),
                }
            }
            writes_of(*target, &ours, &mut writes);
        }
        Ok(Decision { writes, answer: late })
    };
    state.store.change(reads, decide).await
}

/// Is its lane still held as it was when it was claimed?
#[cfg(not(feature = "settle-without-lease"))]
fn is_ours(settlement: &Settlement, held: &Held) -> bool {
    held.lease == settlement.held.lease
}

/// The defence taken away, so that the test of it can be seen to fail.
#[cfg(feature = "settle-without-lease")]
fn is_ours(_: &Settlement, _: &Held) -> bool {
    true
}

/// What to write for those whose lanes are ours. Statements of one text stand behind each other, which is cheaper.
fn writes_of(target: i64, ours: &[(&Settlement, Held)], writes: &mut Vec<Statement>) {
    let is_closed = |(one, _): &&(&Settlement, Held)| matches!(one.end, End::Closed { .. });
    let (closed, open): (Vec<_>, Vec<_>) = ours.iter().partition(is_closed);
    let lanes: Vec<Held> = closed.iter().map(|(_, held)| *held).collect();
    writes.extend(ours.iter().filter_map(|(one, _)| one.attempt.clone()));
    writes.extend(closed.iter().map(|(one, _)| one.dequeued()));
    writes.extend(closed.iter().filter_map(|(one, _)| one.closed()));
    if let Some(now) = closed.iter().map(|(one, _)| one.now).max() {
        writes.extend(lane_sets::give_back(target, &lanes, 1, now));
    }
    for (one, _) in open {
        if let End::Later { due_at, .. } = &one.end {
            writes.extend(one.keep_open(0, *due_at, false));
        }
    }
}
