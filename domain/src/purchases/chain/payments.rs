//! Whether anything of a chain was charged, and how many payments follow each other without a gap.

use super::{Chain, Period, Phase};
use crate::purchases::transaction::Transaction;

impl Chain {
    /// A chain that began with a trial is in it while nothing is known to have been charged.
    pub(in crate::purchases) fn settle_phase(&mut self) {
        let is_free = self.trial.is_some() && !self.has_charged();
        match self.phase {
            Phase::Trial if !is_free => {
                self.phase = Phase::Paid;
                self.consecutive_payments = 1;
                // The trial's timers are over, and a conversion starts none.
                self.started_at = None;
            }
            Phase::Paid if is_free => {
                self.phase = Phase::Trial;
                self.consecutive_payments = 0;
                self.counted_from = None;
            }
            Phase::Trial | Phase::Paid => {}
        }
    }

    /// The latest payment is the first that counts. If `may_follow_others`, earlier ones may still be reported.
    pub(in crate::purchases) fn count_anew(&mut self, may_follow_others: bool) {
        self.consecutive_payments = 1;
        self.counted_from = may_follow_others.then_some(self.latest.purchased_at);
    }

    /// Counts an older payment too that has become known, and those known before that it joins to the others: each has to
    /// end no earlier than `wait` before the next one begins. The trial, and what was paid back, cut short or is of another
    /// product, is no such payment: nothing before it counts.
    pub(in crate::purchases) fn count_older(&mut self, older: &Transaction, wait: i64) {
        let mut reported = Period::of(older);
        reported.is_of_another_product = older.product_id != self.latest.product_id;
        if let Some(period) = self.period_mut(&older.id) {
            period.is_of_another_product = reported.is_of_another_product;
        }
        let leads_to = |period: &Period, next: i64| {
            let end = period.ends_at.unwrap_or(i64::MAX);
            period.purchased_at < next && next <= end.saturating_add(wait)
        };
        while let Some(next) = self.counted_from {
            let known = self.periods.iter().chain([&reported]);
            let before = known.filter(|period| leads_to(period, next));
            let last = before.max_by_key(|period| period.purchased_at);
            let Some(payment) = last.filter(|period| self.is_payment(period)) else {
                return;
            };
            self.counted_from = Some(payment.purchased_at);
            self.consecutive_payments += 1;
        }
    }

    /// A payment has left that had so many newer ones: only those still count, and with it again those before, if it comes
    /// back. Without the newest the others go on to count.
    pub(super) fn count_without(&mut self, newer: usize) {
        let counted = self.consecutive_payments;
        if self.is_in_trial() {
            return;
        }
        match u32::try_from(newer) {
            Ok(0) if counted > 1 => self.consecutive_payments -= 1,
            Ok(0) => self.count_anew(false),
            Ok(left) if left < counted => {
                self.consecutive_payments = left;
                self.counted_from = Some(self.periods[newer - 1].purchased_at);
            }
            _ => {}
        }
    }

    fn is_payment(&self, period: &Period) -> bool {
        let was_taken_back = period.refunded_at.is_some() || period.cut_at.is_some();
        !self.began_with(&period.transaction_id) && !was_taken_back && !period.is_of_another_product
    }
}
