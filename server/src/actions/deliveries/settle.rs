//! What came of a try is written down, if the lane is still ours.

use bursar_domain::integrations::Pick;
use bursar_domain::profile::selector::Selector;
use bursar_domain::profile::{Details, Profile};
use uuid::Uuid;

use crate::directory::SEEN_BY_ALL;
use crate::state::AppState;
use crate::store::tables::deliveries::{self, Closed};
use crate::store::tables::delivery_states::ClosedState;
use crate::store::tables::integrations::{self, Saved};
use crate::store::tables::lanes::{self, LaneKey, Noted, Place};
use crate::store::tables::profiles;
use crate::store::tables::superseded;
use crate::store::tables::turns::Turn;
use crate::store::{Decision, Loaded, Statement, StoreError, rows_of};

/// A delivery's turn in a lane that is held: all that has to be known of it to write down what came of it.
#[derive(Clone, Copy)]
pub struct HeldTurn {
    /// Its lane.
    pub lane: LaneKey,
    /// Shows that the lane is ours.
    pub lease: i64,
    /// Where it stands in the lane.
    pub place: Place,
    /// Its event.
    pub event: Uuid,
    /// The event's number.
    pub event_seq: i64,
    /// When the delivery was first made, in microseconds.
    pub made_at: i64,
    /// Which replay it belongs to.
    pub replay: Option<Uuid>,
    /// How often it has been tried.
    pub tries: i64,
    /// When it was tried first, in microseconds.
    pub first_tried_at: Option<i64>,
    /// Why it is its turn: whether what is older in the lane is superseded by it, unless it comes to nothing, and which that is.
    pub pick: Pick,
}

impl HeldTurn {
    /// Of a turn whose lane was claimed with this lease, in a part that picks so.
    pub fn of(turn: &Turn, lease: i64, pick: Pick) -> Self {
        Self {
            lane: turn.lane,
            lease,
            place: turn.place,
            event: turn.event,
            event_seq: turn.event_seq,
            made_at: turn.made_at,
            replay: turn.replay,
            tries: turn.tries,
            first_tried_at: turn.first_tried_at,
            pick,
        }
    }
}

/// What came of a delivery's turn.
#[derive(Clone)]
pub struct Settlement {
    /// The turn.
    pub held: HeldTurn,
    /// What keeps the try, if there was one.
    pub attempt: Option<Statement>,
    /// How it ends, or goes on.
    pub end: End,
    /// Now, in microseconds.
    pub now: i64,
}

/// How a delivery's turn ends. Times are microseconds.
#[derive(Clone)]
pub enum End {
    /// It is closed.
    Closed {
        /// How.
        state: ClosedState,
        /// Why, where that is not plain.
        reason: Option<String>,
    },
    /// It is tried again.
    Later {
        /// When.
        due_at: i64,
        /// Why.
        reason: String,
        /// What was sent, to send the same again.
        record: Option<String>,
    },
    /// It waits for an identifier of its profile.
    Waiting {
        /// When it is looked at again in any case.
        until: i64,
        /// For which.
        reason: String,
        /// The profile in which it was not found.
        seen: Box<(Profile, Details)>,
        /// Of which integration.
        slug: &'static str,
        /// By which save of its settings it waits.
        saved: Saved,
    },
}

/// Writes it down. Answers `false` if the lane was not ours any more: nothing is written then.
pub async fn settle(state: &AppState, settlement: Settlement) -> Result<bool, StoreError> {
    // Whoever adds deliveries locks the profile first and then its lanes.
    let mut reads = Vec::new();
    if let End::Waiting { seen, .. } = &settlement.end {
        reads.push(profiles::lock_whole(seen.0.app, &Selector::Id(seen.0.id)));
    }
    let lane = reads.len();
    reads.push(lanes::lock_held(settlement.held.lane, settlement.held.lease));
    if let End::Waiting { seen, slug, .. } = &settlement.end {
        reads.push(integrations::select_saved(seen.0.app, slug));
    }
    let count = settlement.count_older();
    let supersedes = count.is_some();
    reads.extend(count);
    let decide = move |mut loaded: Loaded| -> Result<Decision<bool>, StoreError> {
        let Some(held) = rows_of(&mut loaded, lane).first_mut() else {
            return Ok(Decision {
                writes: Vec::new(),
                answer: false,
            });
        };
        let open = held.int(1)?;
        let older = match loaded.last_mut().map(Vec::as_mut_slice) {
            Some([row]) if supersedes => row.int(0)?,
            _ => 0,
        };
        let is_all = open <= older + 1;
        let mut writes = settlement.superseded(older);
        writes.extend(settlement.attempt.clone());
        writes.extend(settlement.end_writes(older, is_all, &mut loaded)?);
        Ok(Decision { writes, answer: true })
    };
    state.store.change(reads, decide).await
}

/// Is all the same that identifiers and fallbacks come from?
fn is_same(one: &(Profile, Details), other: &(Profile, Details)) -> bool {
    one.0.identifiers == other.0.identifiers
        && one.0.customer_user_id == other.0.customer_user_id
        && one.1 == other.1
}

impl End {
    /// Is it closed without having been delivered? What is older has not been said by it then.
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Closed { state, .. } if *state != ClosedState::Delivered)
    }
}

impl Settlement {
    /// Does nothing have to be looked at to write it down but whose its lane is?
    pub(super) fn is_plain(&self) -> bool {
        self.count_older().is_none() && !matches!(self.end, End::Waiting { .. })
    }

    /// Counts what is superseded by it, if anything can be.
    fn count_older(&self) -> Option<Statement> {
        let held = &self.held;
        match held.pick {
            _ if self.end.is_nothing() => None,
            Pick::First => None,
            Pick::Last => Some(superseded::count_older(held.lane, held.place)),
            Pick::LastToHappen => Some(superseded::count_earlier(held.lane, held.event_seq)),
        }
    }

    /// What its end comes to, in a lane of which so many are superseded by it, and which may have nothing but these and it. Of
    /// one that waits its profile was read first, and its integration third.
    fn end_writes(
        &self,
        older: i64,
        is_all: bool,
        loaded: &mut Loaded,
    ) -> Result<Vec<Statement>, StoreError> {
        Ok(match &self.end {
            End::Closed { .. } => self.close(older, is_all),
            End::Later { due_at, .. } => self.keep_open(older, *due_at, false),
            End::Waiting {
                until, seen, saved, ..
            } => {
                // What it waits for may have come since it was looked for, and so may a newer delivery, which is to wait in its
                // place.
                let now_there = profiles::read_whole(seen.0.app, rows_of(loaded, 0))?;
                let is_newest = matches!(self.held.pick, Pick::First) || is_all;
                let still_waits = is_newest && now_there.is_some_and(|known| is_same(&known, seen));
                // Others may have saved settings since by which it need not wait, and have let go what did.
                let is_current = integrations::read_saved(rows_of(loaded, 2))?.as_ref() == Some(saved);
                let due_at = match (still_waits, is_current) {
                    (true, true) => *until,
                    (true, false) => self.now + SEEN_BY_ALL,
                    (false, _) => self.now,
                };
                self.keep_open(older, due_at, still_waits && is_current)
            }
        })
    }

    fn close(&self, older: i64, is_all: bool) -> Vec<Statement> {
        let lane = self.held.lane;
        let mut writes = vec![self.dequeued()];
        writes.extend(self.closed());
        writes.push(if is_all {
            lanes::remove(lane)
        } else {
            lanes::give_back(lane, older + 1, self.now, false)
        });
        writes
    }

    pub(super) fn dequeued(&self) -> Statement {
        lanes::dequeue(self.held.lane, self.held.place)
    }

    /// The closed delivery, if it ends.
    pub(super) fn closed(&self) -> Option<Statement> {
        let End::Closed { state, reason } = &self.end else {
            return None;
        };
        Some(deliveries::close(&Closed {
            event_seq: self.held.event_seq,
            target: self.held.lane.target,
            state: *state,
            reason: reason.as_deref(),
            tries: self.held.tries,
            created_at: self.held.made_at,
            now: self.now,
            replay: self.held.replay,
        }))
    }

    /// What it is when it goes on.
    pub(super) fn keep_open(&self, older: i64, due_at: i64, waits: bool) -> Vec<Statement> {
        let (reason, record) = match &self.end {
            End::Closed { .. } => return Vec::new(),
            End::Later { reason, record, .. } => (reason, record.as_deref()),
            End::Waiting { reason, .. } => (reason, None),
        };
        let noted = Noted {
            waits,
            reason,
            tries: self.held.tries,
            first_tried_at: self.held.first_tried_at,
            record,
            now: self.now,
        };
        let HeldTurn { lane, place, .. } = self.held;
        vec![
            lanes::note(lane, place, &noted),
            lanes::give_back(lane, older, due_at, waits),
        ]
    }

    fn superseded(&self, older: i64) -> Vec<Statement> {
        if older == 0 {
            return Vec::new();
        }
        let (held, now) = (&self.held, self.now);
        match held.pick {
            Pick::First => Vec::new(),
            Pick::Last => superseded::supersede_older(held.lane, held.place, now).into(),
            Pick::LastToHappen => superseded::supersede_earlier(held.lane, held.event_seq, now).into(),
        }
    }
}
