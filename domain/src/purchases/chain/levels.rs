//! What the periods of a chain give access to: almost always the same level. Where products with different ones follow each
//! other, the chain gives what the product of its latest transaction gives that has begun. Newer periods than that one are
//! those at the beginning of the list that note a level of their own.

use serde::{Deserialize, Serialize};

use super::{Chain, Period};

/// What a period gives access to, where that is not what its chain gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnLevel {
    /// Nothing.
    Nothing,
    /// This level.
    Level(String),
}

impl OwnLevel {
    fn of(level: Option<&str>) -> Self {
        level.map_or(Self::Nothing, |level| Self::Level(level.to_owned()))
    }

    fn id(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Level(level) => Some(level),
        }
    }
}

impl Chain {
    /// The product of a period gives this level, which the chain gives from now on. Other periods keep what theirs gave.
    fn give(&mut self, place: usize, level: Option<&str>) {
        let is_given = self.access_level_id.as_deref() == level;
        if is_given && self.periods.iter().all(|period| period.own_level.is_none()) {
            return;
        }
        let before = OwnLevel::of(self.access_level_id.as_deref());
        for period in &mut self.periods {
            period.own_level.get_or_insert_with(|| before.clone());
        }
        self.access_level_id = level.map(str::to_owned);
        if let Some(period) = self.periods.get_mut(place) {
            period.own_level = None;
        }
        self.note_no_more_than_needed();
    }

    /// Periods note what they give only where that is not what the chain gives, or where it comes after such a one that is
    /// waited for.
    fn note_no_more_than_needed(&mut self) {
        let given = OwnLevel::of(self.access_level_id.as_deref());
        let ahead = self.ahead();
        let mut is_other = false;
        for (place, period) in self.periods.iter_mut().enumerate().rev() {
            is_other |= place < ahead && period.own_level.as_ref() != Some(&given);
            period.own_level.take_if(|own| *own == given && !is_other);
        }
    }

    /// How many of its periods are waited for, because a level comes with the first of them that it does not give yet.
    fn ahead(&self) -> usize {
        let waits = |period: &&Period| period.own_level.is_some();
        self.periods.iter().take_while(waits).count()
    }

    /// The product of the newest period gives this level. If that period begins later, those that go on give their own
    /// until then.
    pub(in crate::purchases) fn give_from_its_beginning(&mut self, level: Option<&str>, now: i64) {
        let goes_on = |(_, end): (_, Option<i64>)| end.is_none_or(|end| end > now);
        let has_to_wait = self.access_level_id.is_some() && self.ends().skip(1).any(goes_on);
        match self.periods.first_mut() {
            Some(newest) if has_to_wait => {
                newest.own_level = Some(OwnLevel::of(level));
                self.note_no_more_than_needed();
            }
            _ => self.give(0, level),
        }
    }

    /// The newest period turns out to begin later. If it gives another level, the one that runs gives its own until then.
    pub(in crate::purchases) fn give_from_its_corrected_beginning(&mut self, now: i64) {
        let waits = |newest: &&Period| {
            newest.purchased_at > now && newest.transaction_id == self.latest.id && newest.own_level.is_none()
        };
        let runs = |period: &Period| period.end_without_grace().is_none_or(|end| end > now);
        let older = self.periods.first().filter(waits).map(|_| &self.periods[1..]);
        let running = older.and_then(|older| older.iter().position(runs));
        if let Some(place) = running.map(|place| place + 1)
            && let Some(own) = self.periods[place].own_level.clone()
        {
            self.give(place, own.id());
        }
    }

    /// When the level changes because a period begins that was reported ahead, the first of several, and when the level
    /// before it ends.
    pub fn level_changes_at(&self) -> Option<(i64, i64)> {
        let ahead = self.ahead();
        if ahead == 0 || self.periods[0].transaction_id != self.latest.id {
            return None;
        }
        let begins_at = self.periods[ahead - 1].purchased_at;
        let ends = self.ends().skip(ahead).map(|(_, end)| end.unwrap_or(i64::MAX));
        Some((begins_at, ends.max().map_or(begins_at, |end| end.min(begins_at))))
    }

    /// The product of this transaction gives this level; that of the latest one decides what the chain gives, once it has
    /// begun.
    pub(in crate::purchases) fn note_level(&mut self, transaction_id: &str, level: Option<&str>) {
        let mut periods = self.periods.iter();
        let Some(place) = periods.position(|period| period.transaction_id == transaction_id) else {
            return;
        };
        if transaction_id == self.latest.id && self.level_changes_at().is_none() {
            return self.give(place, level);
        }
        self.periods[place].own_level = Some(OwnLevel::of(level));
        self.note_no_more_than_needed();
    }

    /// The first period has begun that was waited for: the chain gives what its product gives.
    pub(in crate::purchases) fn give_the_next(&mut self) {
        if let Some(place) = self.ahead().checked_sub(1) {
            let own = self.periods[place].own_level.clone();
            self.give(place, own.as_ref().and_then(OwnLevel::id));
        }
    }

    /// Another transaction is the latest now: the chain gives what the product of the newest gives that has begun.
    pub(in crate::purchases) fn give_what_has_begun(&mut self, now: i64) {
        while self
            .level_changes_at()
            .is_some_and(|(begins_at, _)| begins_at <= now)
        {
            self.give_the_next();
        }
    }
}
