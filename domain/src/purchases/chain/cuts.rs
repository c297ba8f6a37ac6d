//! Periods that are cut short: another product took their place, or the store ended them.

use super::{Chain, Closed, CutBy, Period, is_change_at_once};
use crate::purchases::transaction::Transaction;

impl Chain {
    /// Cuts short what would go on at an instant; `by` says which transaction of another product does, if that is why.
    pub(in crate::purchases) fn cut(&mut self, at: i64, by: Option<&CutBy>) {
        for period in &mut self.periods {
            if period.end().is_none_or(|end| end > at) {
                period.cut_at = Some(at);
                period.cut_by = by.cloned();
            }
        }
    }

    /// Nothing outlasts that another product has taken the chain's place, also what becomes known, longer or uncut after that.
    pub(in crate::purchases) fn stay_replaced(&mut self) {
        let Some(Closed::Replaced(at)) = self.closed else {
            return;
        };
        let latest = &self.latest.id;
        let older = self
            .periods
            .iter_mut()
            .filter(|period| period.transaction_id != *latest);
        for period in older.filter(|period| period.end().is_none_or(|end| end > at)) {
            period.cut_at = Some(at);
        }
    }

    /// Cuts the period of an old transaction short, because the latest one is of another product.
    pub(in crate::purchases) fn cut_by_latest(&mut self, old: &Transaction) {
        let (at, by) = (self.latest.purchased_at, CutBy::of(old, &self.latest));
        if let Some(period) = self.period_mut(&old.id) {
            period.cut_at = Some(at);
            period.cut_by = Some(by);
        }
    }

    /// Was the period of a transaction cut short?
    pub fn is_cut(&self, transaction_id: &str) -> bool {
        self.period(transaction_id)
            .is_some_and(|period| period.cut_at.is_some())
    }

    /// Works out anew what a transaction has cut short, which is `corrected` now or has left the chain.
    pub(in crate::purchases) fn cut_anew(&mut self, transaction_id: &str, corrected: Option<&Transaction>) {
        let latest = &self.latest;
        for period in &mut self.periods {
            let Some(by) = period.cut_by.clone() else { continue };
            // Or it has become the newest, or begins after what cut it.
            let is_newer = period.transaction_id == latest.id
                || period.cut_at.is_none_or(|at| at <= period.purchased_at);
            if by.transaction_id != transaction_id && !is_newer {
                continue;
            }
            period.cut_at = None;
            let cuts = |new: &&Transaction| new.product_id != by.product_id && period.is_changed_by(new);
            let cut = corrected.into_iter().chain([latest]).filter(cuts);
            let cut = cut.min_by_key(|new| new.purchased_at);
            (period.cut_at, period.cut_by) = match cut {
                Some(new) => {
                    let transaction_id = new.id.clone();
                    (Some(new.purchased_at), Some(CutBy { transaction_id, ..by }))
                }
                // What had cut it may be corrected once more.
                None => (None, corrected.map(|_| by)),
            };
        }
    }

    /// What had ended goes on where a period runs after all, because what had cut it is gone.
    pub(in crate::purchases) fn go_on_uncut(&mut self, now: i64) {
        let is_running = self.ends_at().is_none_or(|end| end > now);
        if is_running && matches!(self.closed, Some(Closed::Expired(_))) {
            self.closed = None;
            self.activated_at = now;
        }
    }

    /// Another product has taken the place of a transaction, which was told as its refund.
    pub(in crate::purchases) fn note_replaced(&mut self, transaction_id: &str) {
        if let Some(period) = self.period_mut(transaction_id) {
            period.is_replaced = true;
        }
    }

    /// Was the refund of a transaction told when another product took its place?
    pub fn is_replaced(&self, transaction_id: &str) -> bool {
        self.period(transaction_id)
            .is_some_and(|period| period.is_replaced)
    }

    /// Takes back what [`Self::cut`] did at an instant, because no other product took its place.
    pub(in crate::purchases) fn take_back_cut(&mut self, at: i64) {
        for period in &mut self.periods {
            if period.cut_at == Some(at) {
                period.cut_at = None;
                period.cut_by = None;
                period.is_replaced = false;
            }
        }
    }
}

impl CutBy {
    /// The one transaction is cut short by the other.
    pub fn of(old: &Transaction, new: &Transaction) -> Self {
        Self {
            transaction_id: new.id.clone(),
            product_id: old.product_id.clone(),
        }
    }
}

impl Period {
    /// Does a later transaction take its place at once, if it is of another product?
    fn is_changed_by(&self, new: &Transaction) -> bool {
        let is_later = new.id != self.transaction_id && new.purchased_at > self.purchased_at;
        let end = self.end().unwrap_or(i64::MAX);
        is_later && is_change_at_once(self.purchased_at, end, new.purchased_at)
    }
}
