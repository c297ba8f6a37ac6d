//! How many payments of a chain follow each other without a gap.

use super::{Chain, Period};
use crate::purchases::transaction::Transaction;

impl Chain {
    /// The latest payment is the first that counts. If `may_follow_others`, earlier ones may still be reported.
    pub fn count_anew(&mut self, may_follow_others: bool) {
        self.consecutive_payments = 1;
        self.counted_from = may_follow_others.then_some(self.latest.purchased_at);
    }

    /// Counts an older payment too that has become known, and those known before that it joins to the others: each has to
    /// end no earlier than `wait` before the next one begins. The trial, and what was paid back or is of another product, is
    /// no such payment: nothing before it counts.
    pub fn count_older(&mut self, older: &Transaction, wait: i64) {
        let reported = Period::of(older);
        let leads_to = |period: &Period, next: i64| {
            let end = period.paid_end().unwrap_or(i64::MAX);
            period.purchased_at < next && next <= end.saturating_add(wait)
        };
        let is_other = older.product_id != self.latest.product_id;
        if is_other && self.counted_from.is_some_and(|next| leads_to(&reported, next)) {
            self.counted_from = None;
        }
        while let Some(next) = self.counted_from {
            let known = self.periods.iter().chain([&reported]);
            let before = known.filter(|period| leads_to(period, next));
            let Some(last) = before.max_by_key(|period| period.purchased_at) else {
                return;
            };
            let is_payment = last.refunded_at.is_none() && last.cut_at.is_none() && !self.is_trial(last);
            self.counted_from = is_payment.then_some(last.purchased_at);
            self.consecutive_payments += u32::from(is_payment);
        }
    }

    fn is_trial(&self, period: &Period) -> bool {
        let trial = self.trial.as_ref();
        trial.is_some_and(|trial| trial.transaction_id == period.transaction_id)
    }
}
