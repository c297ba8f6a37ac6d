//! How long a chain has been paid for: from a year on stores take a smaller share.

use serde::{Deserialize, Serialize};

use super::{Chain, Period};
use crate::time::DAY;

/// Gaps up to this length do not interrupt the year.
const LONGEST_GAP: i64 = 60 * DAY;
/// What has to lie behind a charge, that with its first day the sum of paid days is more than 365.
const YEAR_BUT_A_DAY: i64 = 364 * DAY;
/// A chain remembers so many stretches of its past. Only where there are gaps, there is more than one.
const STRETCHES: usize = 24;

/// A stretch of service without a gap, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// When it begins.
    pub from: i64,
    /// When it ends.
    pub to: i64,
    /// How much of it was paid for. What was free, such as a trial, came first.
    pub paid: i64,
}

impl Stretch {
    /// The paid time of a period; `None`: it has no end.
    fn of(period: &Period) -> Option<Self> {
        period.ends_at?;
        let (from, to) = (period.purchased_at, period.end_without_grace()?);
        // Dates may be absurd: the years from 0 to 9999 are accepted.
        let length = to.saturating_sub(from).max(0);
        let paid = if period.is_free { 0 } else { length };
        Some(Self { from, to, paid })
    }

    /// What of it lies before an instant.
    fn before(self, at: i64) -> Option<Self> {
        let to = self.to.min(at);
        let left_out = self.to.saturating_sub(to);
        let paid = self.paid.saturating_sub(left_out).max(0);
        (self.from < at).then_some(Self { to, paid, ..self })
    }

    /// Both, where the other begins later: what both cover counts once.
    fn and(self, later: Self) -> Self {
        let to = self.to.max(later.to);
        let added = to.saturating_sub(self.to.max(later.from));
        Self {
            from: self.from,
            to,
            paid: self.paid.saturating_add(later.paid.min(added)),
        }
    }
}

/// One stretch for those that overlap or follow each other without a gap.
fn joined(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_by_key(|stretch| (stretch.from, std::cmp::Reverse(stretch.to)));
    let mut joined: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        match joined.last_mut().filter(|last| stretch.from <= last.to) {
            Some(last) => *last = last.and(stretch),
            None => joined.push(stretch),
        }
    }
    joined
}

impl Chain {
    /// Is what is charged at an instant charged at the lower rate? With that day the sum of paid days has to be more
    /// than 365; free ones do not count, and a gap of more than 60 days begins anew.
    pub fn is_after_first_year(&self, at: i64) -> bool {
        let oldest = self.periods.iter().map(|period| period.purchased_at);
        let oldest = oldest.chain(self.past.iter().map(|stretch| stretch.from)).min();
        if oldest.is_none_or(|oldest| at.saturating_sub(oldest) <= YEAR_BUT_A_DAY) {
            return false;
        }
        let periods = self.periods.iter().filter_map(Stretch::of);
        let known = periods.chain(self.past.iter().copied());
        let before = joined(known.filter_map(|stretch| stretch.before(at)).collect());
        let (mut paid, mut last_end) = (0_i64, at);
        for stretch in before {
            if stretch.from.saturating_sub(last_end) > LONGEST_GAP {
                paid = 0;
            }
            paid = paid.saturating_add(stretch.paid);
            last_end = stretch.to;
        }
        at.saturating_sub(last_end) <= LONGEST_GAP && paid > YEAR_BUT_A_DAY
    }

    /// Keeps of the periods that are not remembered any more how long they were paid for.
    pub(super) fn sum_up(&mut self, forgotten: &[Period]) {
        if forgotten.is_empty() {
            return;
        }
        let mut past = std::mem::take(&mut self.past);
        past.extend(forgotten.iter().filter_map(Stretch::of));
        self.past = joined(past);
        while self.past.len() > STRETCHES {
            let oldest = self.past.remove(0);
            let next = &mut self.past[0];
            if next.from.saturating_sub(oldest.to) <= LONGEST_GAP {
                next.from = oldest.from;
                next.paid = next.paid.saturating_add(oldest.paid);
            }
        }
    }
}
