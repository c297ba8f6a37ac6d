//! What the periods of a chain give access to: almost always the same level. Where products with different ones follow each
//! other, the chain gives what the product of its latest transaction gives.

use serde::{Deserialize, Serialize};

use super::Chain;

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
    /// The product of its latest transaction gives this level. Other periods keep what theirs gave.
    pub fn give(&mut self, level: Option<&str>) {
        if self.access_level_id.as_deref() == level {
            return;
        }
        let (before, now) = (OwnLevel::of(self.access_level_id.as_deref()), OwnLevel::of(level));
        for period in &mut self.periods {
            let own = period.own_level.take().unwrap_or_else(|| before.clone());
            let is_latest = period.transaction_id == self.latest.id;
            period.own_level = Some(own).filter(|own| !is_latest && *own != now);
        }
        self.access_level_id = level.map(str::to_owned);
    }

    /// The product of the newest period gives this level. If that period begins later, the one that runs gives its own
    /// until then; only the last change is waited for.
    pub fn give_from_its_beginning(&mut self, level: Option<&str>, now: i64) {
        let is_other = self.access_level_id.is_some() && self.access_level_id.as_deref() != level;
        let has_to_wait = is_other && self.has_period_at(now);
        match self.periods.first_mut() {
            Some(newest) if has_to_wait => newest.own_level = Some(OwnLevel::of(level)),
            _ => self.give(level),
        }
    }

    /// When the level changes because the newest period begins, which was reported ahead, and when the level before it ends.
    pub fn level_changes_at(&self) -> Option<(i64, i64)> {
        let newest = self.periods.first().filter(|newest| newest.own_level.is_some())?;
        if newest.transaction_id != self.latest.id {
            return None;
        }
        let begins_at = newest.purchased_at;
        let ends = self.ends().skip(1).map(|(_, end)| end.unwrap_or(i64::MAX));
        Some((begins_at, ends.max().map_or(begins_at, |end| end.min(begins_at))))
    }

    /// The product of this transaction gives this level; that of the latest one decides what the chain gives, once it has
    /// begun.
    pub fn note_level(&mut self, transaction_id: &str, level: Option<&str>) {
        if transaction_id == self.latest.id && self.level_changes_at().is_none() {
            return self.give(level);
        }
        let is_other = level != self.access_level_id.as_deref();
        for period in &mut self.periods {
            if period.transaction_id == transaction_id {
                period.own_level = is_other.then(|| OwnLevel::of(level));
            }
        }
    }

    /// Another transaction is the latest now, or the latest has begun: the chain gives what the product of that one gives.
    pub fn give_what_the_newest_gives(&mut self) {
        let newest = self.periods.first();
        if let Some(own) = newest.and_then(|period| period.own_level.clone()) {
            self.give(own.id());
        }
    }
}
