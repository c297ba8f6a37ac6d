//! What becomes of a chain when one of its transactions moves to another.

use super::Chain;
use crate::purchases::transaction::Transaction;

impl Chain {
    /// Goes on without a transaction that has moved to another chain: its payment, its trial and its start go with it.
    /// `uncovered` is shown then, if it was the latest. It may leave no period behind.
    pub(in crate::purchases) fn go_on_without(
        &mut self,
        moved: &Transaction,
        uncovered: Option<&Transaction>,
        now: i64,
    ) {
        let mut periods = self.periods.iter();
        let place = periods.position(|period| period.transaction_id == moved.id);
        self.forget(&moved.id);
        if self.periods.is_empty() {
            return;
        }
        if self.latest.id == moved.id {
            self.fall_back(uncovered, now);
            self.note_renewal_state(now);
        }
        self.cut_anew(&moved.id, None);
        self.go_on_uncut(now);
        self.trial.take_if(|trial| trial.transaction_id == moved.id);
        self.has_first &= !moved.is_first();
        self.started_at.take_if(|at| *at == moved.purchased_at);
        if let Some(place) = place {
            self.count_without(place);
        }
        self.settle_phase();
    }
}
