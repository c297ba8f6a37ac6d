//! Requests that end at once are written down together: what comes while one commit is under way waits for the next.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::tries::Pauses;
use crate::actions::deliveries::{HeldTurn, Settlement, Unwritten, settle_all};
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::tables::lanes;

/// So many are written in one change, at most: the writer has others to serve in between.
const MOST: usize = 512;
/// What came of the requests of a worker and is not written down yet.
#[derive(Default)]
pub struct Settling {
    line: Mutex<Line>,
    /// Held while a change is under way: there is one at a time, and what comes meanwhile shares the next one.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Settlement>,
    /// How many have ever come, and how many of them have been taken out.
    came: usize,
    taken: usize,
}

impl Settling {
    /// Writes down what came of a request.
    pub async fn settle(&self, state: &AppState, slug: &str, settlements: Vec<Settlement>) {
        let last = self.line().add(settlements);
        let _writing = self.writing.lock().await;
        loop {
            let batch = self.line().take_up_to(last);
            if batch.is_empty() {
                return;
            }
            let unwritten = patiently(state, batch).await;
            for (settlement, error) in unwritten.failed {
                // The lane is ours until the lease ends; then it is sent once more, with the same id.
                let event = settlement.held.event;
                tracing::warn!(
                    %error, slug, event.id = %event,
                    "what {slug} said to the event {event} could not be written down; it is sent once more"
                );
            }
            for turn in unwritten.late {
                tell_if_open(state, slug, &turn).await;
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the log of a turn whose lane was not ours any more when its answer came. If its delivery is not open, it was settled
/// or deleted meanwhile, and nothing is to be told.
async fn tell_if_open(state: &AppState, slug: &str, turn: &HeldTurn) {
    let (event, tries) = (turn.event, turn.tries);
    let found = state.store.read(lanes::tries_of(turn.lane, turn.place, event));
    // What cannot be read now is not known to be open.
    let found = found.await.unwrap_or_default();
    if found
        .first()
        .is_some_and(|row| row.int(0).is_ok_and(|noted| noted < tries))
    {
        tracing::warn!(
            slug, event.id = %event,
            "what {slug} said to the event {event} came after its lease had ended and was not written down; it is sent once more"
        );
    }
}

/// Settles, and while the database is away or too busy does so again: as long as the lanes are ours nobody sends what was
/// answered. Answers what was not written.
async fn patiently(state: &AppState, settlements: Vec<Settlement>) -> Unwritten {
    let mut unwritten = settle_all(state, settlements).await;
    let mut pauses = Pauses::of(&state.workers);
    let is_away = |(_, error): &(Settlement, StoreError)| error.is_passing();
    while unwritten.failed.iter().any(is_away) && pauses.rest().await {
        let (away, others): (Vec<_>, Vec<_>) = unwritten.failed.into_iter().partition(is_away);
        unwritten.failed = others;
        let again = away.into_iter().map(|(settlement, _)| settlement);
        unwritten = unwritten.and(settle_all(state, again.collect()).await);
    }
    unwritten
}

impl Line {
    /// Puts them at the end, and answers the number of the last one.
    fn add(&mut self, settlements: Vec<Settlement>) -> usize {
        self.came += settlements.len();
        self.waiting.extend(settlements);
        self.came
    }

    /// Takes those in front, and what has come behind the one of this number with it; none if that one is taken.
    fn take_up_to(&mut self, last: usize) -> Vec<Settlement> {
        if self.taken >= last {
            return Vec::new();
        }
        let count = self.waiting.len().min(MOST);
        self.taken += count;
        self.waiting.drain(..count).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bursar_domain::integrations::Pick;
    use uuid::Uuid;

    use super::super::turn::closed;
    use super::*;
    use crate::actions::deliveries::HeldTurn;
    use crate::store::tables::delivery_states::ClosedState;
    use crate::store::tables::lanes::{LaneKey, Place};

    /// What came of so many turns, each of a lane of its own.
    pub fn settlements(count: usize) -> Vec<Settlement> {
        let of_lane = |id: u128| Settlement {
            held: HeldTurn {
                lane: LaneKey {
                    target: 1,
                    id: Uuid::from_u128(id),
                },
                lease: 1,
                place: Place {
                    created_at: 0,
                    number: 0,
                },
                event: Uuid::nil(),
                event_seq: 1,
                made_at: 0,
                replay: None,
                tries: 1,
                first_tried_at: None,
                pick: Pick::First,
            },
            attempt: None,
            end: closed(ClosedState::Delivered, None),
            now: 0,
        };
        (0..count as u128).map(of_lane).collect()
    }

    #[test]
    fn who_comes_first_takes_what_has_come_meanwhile_and_nobody_waits_for_what_came_later() {
        let mut line = Line::default();
        let (first, second) = (line.add(settlements(3)), line.add(settlements(2)));
        assert_eq!(line.take_up_to(first).len(), 5);
        assert!(line.take_up_to(second).is_empty(), "the first has it");
        let third = line.add(settlements(MOST + 1));
        let fourth = line.add(settlements(MOST));
        assert_eq!(line.take_up_to(third).len(), MOST);
        assert_eq!(line.take_up_to(third).len(), MOST, "its last one, and more");
        assert!(line.take_up_to(third).is_empty(), "what is left is another's");
        assert_eq!(line.take_up_to(fourth).len(), 1);
        assert!(line.take_up_to(fourth).is_empty());
    }
}
