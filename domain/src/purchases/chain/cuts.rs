//! Periods that are cut short: another product took their place, or the store ended them.

use super::Chain;

impl Chain {
    /// Cuts short what would go on at an instant.
    pub fn cut(&mut self, at: i64) {
        for period in &mut self.periods {
            if period.end().is_none_or(|end| end > at) {
                period.cut_at = Some(at);
            }
        }
    }

    /// Cuts one period short at an instant.
    pub fn cut_period(&mut self, transaction_id: &str, at: i64) {
        let mut periods = self.periods.iter_mut();
        if let Some(period) = periods.find(|period| period.transaction_id == transaction_id) {
            period.cut_at = Some(at);
        }
    }

    /// Another product has taken the place of a transaction, which was told as its refund.
    pub fn note_replaced(&mut self, transaction_id: &str) {
        for period in &mut self.periods {
            period.is_replaced |= period.transaction_id == transaction_id;
        }
    }

    /// Was the refund of a transaction told when another product took its place?
    pub fn is_replaced(&self, transaction_id: &str) -> bool {
        let mut periods = self.periods.iter();
        periods.any(|period| period.transaction_id == transaction_id && period.is_replaced)
    }

    /// Takes back what [`Self::cut`] did at an instant, because no other product took its place.
    pub fn take_back_cut(&mut self, at: i64) {
        for period in &mut self.periods {
            if period.cut_at == Some(at) {
                period.cut_at = None;
                period.is_replaced = false;
            }
        }
    }
}
