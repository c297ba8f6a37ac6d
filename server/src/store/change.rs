//! A change of state as the writers see it: what to read, a pure decision, what to write, whom to answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::oneshot;

use super::StoreError;
use super::statement::{Row, Statement};

/// What a change of state leads to: rows to write in one commit, and the answer to give after it.
#[derive(Debug)]
pub struct Decision<T> {
    /// Run in this order, all or none.
    pub writes: Vec<Statement>,
    /// For the caller, once the writes are on disk.
    pub answer: T,
}

/// The rows of each of a change's reads, in the order of the reads.
pub type Loaded = Vec<Vec<Row>>;

/// The rows of the `index`th read of a change.
pub fn rows_of(loaded: &mut Loaded, index: usize) -> &mut [Row] {
    loaded.get_mut(index).map_or(&mut [], Vec::as_mut_slice)
}

/// The rows that a change has locked, each by a hash of what tells it apart.
#[derive(Debug, Default)]
pub(super) struct LockedRows(pub Vec<u64>);

/// What a change decided before it queued; see `sqlite/ahead.rs`.
#[derive(Debug)]
pub(super) struct Ahead {
    /// The last commit that the decision saw.
    pub since: u64,
    pub locked: LockedRows,
    pub writes: Vec<Statement>,
}

/// A change that waits for a writer. `decide` may run several times: a writer that has to start again reads
/// and decides anew.
pub(super) trait Queued: Send {
    fn reads(&self) -> &[Statement];
    /// Since when its caller waits.
    fn queued_at(&self) -> Instant;
    /// What it decided before it queued, if it did.
    fn ahead(&mut self) -> &mut Option<Ahead>;
    /// Decides on what was read and answers what to write. A refusal or a panic writes nothing.
    fn decide(&mut self, loaded: Loaded) -> Vec<Statement>;
    /// Answers the caller: with the decision if it is committed, else with the error. Once.
    fn finish(&mut self, committed: Result<(), StoreError>);
}

pub(super) struct Pending<T, E, F> {
    pub reads: Vec<Statement>,
    pub decide: F,
    pub outcome: Option<Result<T, E>>,
    pub has_writes: bool,
    /// The store's, see [`super::Store`].
    pub is_refusing: Arc<AtomicBool>,
    pub ahead: Option<Ahead>,
    pub queued_at: Instant,
    pub caller: Option<oneshot::Sender<Result<T, E>>>,
}

impl<T, E, F> Queued for Pending<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: Fn(Loaded) -> Result<Decision<T>, E> + Send,
{
    fn reads(&self) -> &[Statement] {
        &self.reads
    }

    fn queued_at(&self) -> Instant {
        self.queued_at
    }

    fn ahead(&mut self) -> &mut Option<Ahead> {
        &mut self.ahead
    }

    fn decide(&mut self, loaded: Loaded) -> Vec<Statement> {
        // A panic must not take the writer with it, nor the other changes of the commit.
        let decided = catch_unwind(AssertUnwindSafe(|| (self.decide)(loaded)));
        let panicked = |_| Err(StoreError::Internal("a change panicked while it was decided".into()).into());
        match decided.unwrap_or_else(panicked) {
            Ok(Decision { writes, answer }) => {
                self.outcome = Some(Ok(answer));
                self.has_writes = !writes.is_empty();
                writes
            }
            Err(refusal) => {
                self.outcome = Some(Err(refusal));
                self.has_writes = false;
                Vec::new()
            }
        }
    }

    fn finish(&mut self, committed: Result<(), StoreError>) {
        match &committed {
            Ok(()) if self.has_writes => self.is_refusing.store(false, Ordering::Relaxed),
            Err(StoreError::Unavailable(_)) => self.is_refusing.store(true, Ordering::Relaxed),
            _ => {}
        }
        let outcome = match (committed, self.outcome.take()) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(StoreError::Internal("a change was committed undecided".into()).into()),
            (Err(error), _) => Err(error.into()),
        };
        // A caller that has gone away needs no answer; what it asked for is done all the same.
        drop(self.caller.take().map(|caller| caller.send(outcome)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Sql;

    #[test]
    fn only_what_was_written_shows_that_there_is_room_again() {
        let is_refusing = Arc::new(AtomicBool::new(false));
        let full = || Err(StoreError::unavailable("the disk is full"));
        let wrong = || Err(StoreError::Internal("a mistake".into()));
        for (committed, has_writes, expected) in [
            (Ok(()), true, false),
            (full(), true, true),
            (Ok(()), false, true),
            (wrong(), true, true),
            (Ok(()), true, false),
            (wrong(), true, false),
        ] {
            let decide = |_| {
                Ok::<_, StoreError>(Decision {
                    writes: Vec::new(),
                    answer: (),
                })
            };
            let mut change = Pending {
                reads: Vec::new(),
                decide,
                outcome: None,
                has_writes,
                is_refusing: Arc::clone(&is_refusing),
                ahead: None,
                queued_at: Instant::now(),
                caller: None,
            };
            change.finish(committed);
            assert_eq!(is_refusing.load(Ordering::Relaxed), expected);
        }
    }

    #[test]
    fn what_is_refused_when_it_is_decided_once_more_has_written_nothing() {
        static ADD: Sql = Sql::same("INSERT INTO a (b) VALUES (1)");
        let is_refusing = Arc::new(AtomicBool::new(true));
        let has_decided = AtomicBool::new(false);
        let decide = |_| {
            if has_decided.swap(true, Ordering::Relaxed) {
                return Err(StoreError::Internal("somebody came before".into()));
            }
            Ok(Decision {
                writes: vec![Statement::new(&ADD, [])],
                answer: (),
            })
        };
        let mut change = Pending {
            reads: Vec::new(),
            decide,
            outcome: None,
            has_writes: false,
            is_refusing: Arc::clone(&is_refusing),
            ahead: None,
            queued_at: Instant::now(),
            caller: None,
        };
        assert_eq!(change.decide(Vec::new()).len(), 1);
        assert!(change.decide(Vec::new()).is_empty());
        change.finish(Ok(()));
        assert!(is_refusing.load(Ordering::Relaxed));
    }
}
