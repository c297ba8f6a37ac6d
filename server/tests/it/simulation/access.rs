//! What a level comes from, for how long, and which of several is shown.

use std::collections::BTreeMap;

/// From when to when somebody has access. No start: at once; no end: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub starts_at: Option<i64>,
    pub ends_at: Option<i64>,
}

impl Access {
    pub fn is_active(self, now: i64) -> bool {
        self.starts_at.is_none_or(|start| start <= now) && self.ends_at.is_none_or(|end| end > now)
    }

    /// Better ones are greater.
    pub fn rank(self, now: i64) -> (u8, i64) {
        let end = self.ends_at.unwrap_or(i64::MAX);
        let start = self.starts_at.unwrap_or(i64::MIN);
        // What was revoked before it began never begins.
        let begins = end > start;
        match (self.is_active(now), start > now && begins) {
            (true, _) => (3, end),
            (_, true) => (2, -start),
            _ => (u8::from(begins), end),
        }
    }

    pub fn cut_at(self, at: Option<i64>) -> Self {
        let ends_at = match (self.ends_at, at) {
            (Some(end), Some(at)) => Some(end.min(at)),
            (end, at) => end.or(at),
        };
        Self { ends_at, ..self }
    }
}

/// What gives somebody a level.
#[derive(Debug, Clone)]
pub struct Source {
    /// A chain or a grant.
    pub from: String,
    pub level: String,
    pub access: Access,
    /// When it was bought or granted.
    pub since: i64,
}

impl Source {
    /// Better ones are greater.
    pub fn rank(&self, now: i64) -> impl Ord {
        (self.access.rank(now), self.since)
    }
}

/// Of each level the one that is shown.
pub fn best(all: impl Iterator<Item = Source>, now: i64) -> Vec<Source> {
    let mut best: BTreeMap<String, Source> = BTreeMap::new();
    for one in all {
        let known = best.entry(one.level.clone()).or_insert_with(|| one.clone());
        if one.rank(now) > known.rank(now) {
            *known = one;
        }
    }
    best.into_values().collect()
}
