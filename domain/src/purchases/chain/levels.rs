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

    /// The product of this transaction gives this level; that of the latest one decides what the chain gives.
    pub fn note_level(&mut self, transaction_id: &str, level: Option<&str>) {
        if transaction_id == self.latest.id {
            return self.give(level);
        }
        let is_other = level != self.access_level_id.as_deref();
        for period in &mut self.periods {
            if period.transaction_id == transaction_id {
                period.own_level = is_other.then(|| OwnLevel::of(level));
            }
        }
    }

    /// Another transaction is the latest now: the chain gives what the product of that one gave.
    pub(super) fn give_what_the_newest_gives(&mut self) {
        let newest = self.periods.first();
        if let Some(own) = newest.and_then(|period| period.own_level.clone()) {
            self.give(own.id());
        }
    }
}
