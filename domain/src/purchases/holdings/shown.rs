//! Which of several sources of one level a profile shows.

use std::cmp::Ordering;

use crate::purchases::access::AccessLevel;

/// An access level as it is looked at as of an instant.
pub(in crate::purchases) struct Seen {
    pub(in crate::purchases) level: AccessLevel,
    pub(in crate::purchases) at: i64,
}

impl Seen {
    /// By levels; of one level what is shown comes first.
    pub(super) fn in_order(&self, other: &Self) -> Ordering {
        let by_level = self.level.access_level_id.cmp(&other.level.access_level_id);
        by_level.then_with(|| rank(&other.level, other.at).cmp(&rank(&self.level, self.at)))
    }
}

/// Of the sources of each level the first.
pub(in crate::purchases) fn shown_of(mut sources: Vec<Seen>) -> Vec<Seen> {
    sources.dedup_by(|next, first| next.level.access_level_id == first.level.access_level_id);
    sources
}

/// Active before upcoming before ended; among active ones the latest end, then the latest purchase; among upcoming
/// ones the earliest start; among ended ones the latest end. What was revoked before it began never begins: it comes last.
fn rank(level: &AccessLevel, at: i64) -> (u8, i64, i64) {
    let end = level.expires_at.unwrap_or(i64::MAX);
    let begins = level.starts_at.is_none_or(|start| start < end);
    if level.is_active(at) {
        (3, end, level.purchased_at)
    } else if begins && end > at {
        (
            2,
            level.starts_at.unwrap_or_default().saturating_neg(),
            level.purchased_at,
        )
    } else {
        (u8::from(begins), end, level.purchased_at)
    }
}
