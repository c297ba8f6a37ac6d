//! Between which numbers the events of some time lie, so that nobody walks through all others to find them.
//!
//! Events are numbered as they are made, so their times grow with their numbers, but for clocks that differ: those of
//! several servers, or one that was set. Halving finds the place of a time with some twenty looks at the table.

use bursar_domain::time::HOUR;

use super::past_events::{read_numbered, select_from, select_last};
use crate::store::{Statement, Store, StoreError};

/// By so much clocks may differ, in microseconds. What a clock has dated that was further off may not be found by its time.
const SLACK: i64 = 2 * HOUR;

/// The first and the last number that an event can have which was made from the first time on and before the second.
pub async fn between(store: &Store, (made_from, made_before): (i64, i64)) -> Result<(i64, i64), StoreError> {
    let (mut first, mut until) = (i64::MIN, i64::MAX);
    let Some((last, _)) = numbered(store, select_last()).await? else {
        return Ok((first, until));
    };
    if made_from != i64::MIN {
        first = first_made_from(store, made_from.saturating_sub(SLACK), last).await?;
    }
    if made_before != i64::MAX {
        let behind = first_made_from(store, made_before.saturating_add(SLACK), last).await?;
        // What is added from now on may be made before that time as well.
        until = if behind > last { i64::MAX } else { behind - 1 };
    }
    Ok((first, until))
}

/// The number from which on events were made at this time or later: one behind the last event where none was.
async fn first_made_from(store: &Store, time: i64, last: i64) -> Result<i64, StoreError> {
    let mut halving = Halving::new(last);
    while let Some(middle) = halving.middle() {
        halving.look(middle, numbered(store, select_from(middle)).await?, time);
    }
    Ok(halving.low)
}

async fn numbered(store: &Store, query: Statement) -> Result<Option<(i64, i64)>, StoreError> {
    let mut rows = store.read(query).await?;
    rows.first_mut().map(read_numbered).transpose()
}

/// What is below `low` was made before the time that is looked for, what is from `high` on was not.
struct Halving {
    low: i64,
    high: i64,
}

impl Halving {
    fn new(last: i64) -> Self {
        Self {
            low: 0,
            high: last + 1,
        }
    }

    /// From which number on to look next.
    fn middle(&self) -> Option<i64> {
        (self.low < self.high).then(|| self.low + (self.high - self.low) / 2)
    }

    /// Takes the number and the time of the first event from the middle on: there may be holes.
    fn look(&mut self, middle: i64, found: Option<(i64, i64)>, time: i64) {
        match found {
            Some((seq, created_at)) if seq < self.high && created_at < time => self.low = seq + 1,
            _ => self.high = middle,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The number that is found, and after how many looks.
    fn find(events: &BTreeMap<i64, i64>, time: i64) -> (i64, usize) {
        let last = events.last_key_value().map_or(0, |(seq, _)| *seq);
        let (mut halving, mut looks) = (Halving::new(last), 0);
        while let Some(middle) = halving.middle() {
            let found = events.range(middle..).next();
            halving.look(middle, found.map(|(seq, time)| (*seq, *time)), time);
            looks += 1;
        }
        (halving.low, looks)
    }

    #[test]
    fn the_place_of_a_time_is_found_among_holes_with_few_looks() {
        // A hole at the beginning, one of a thousand numbers, and many small ones; two events at each time.
        let numbers = (200..40_000).filter(|n| n % 7 != 0 && n % 11 != 0 && !(5_000..6_000).contains(n));
        let events: BTreeMap<i64, i64> = numbers.map(|n| (n, n / 2)).collect();
        for time in (0..21_000).step_by(131).chain([i64::MIN, i64::MAX]) {
            let (found, looks) = find(&events, time);
            assert!(
                events.range(..found).all(|(_, made)| *made < time),
                "{time}: {found}"
            );
            assert!(
                events.range(found..).all(|(_, made)| *made >= time),
                "{time}: {found}"
            );
            assert!(looks <= 17, "{time}: {looks} looks");
        }
        assert_eq!(find(&BTreeMap::new(), 1).0, 0);
    }

    #[test]
    fn what_is_out_of_order_within_the_slack_is_not_lost() {
        let time_of = |n: i64| n * SLACK / 100 + (n * 7_919 % 13 - 6) * SLACK / 13;
        let events: BTreeMap<i64, i64> = (1..3_000).map(|n| (n, time_of(n))).collect();
        for time in (0..30 * SLACK).step_by(1_999_999_999) {
            let first = find(&events, time - SLACK).0;
            assert!(events.range(..first).all(|(_, made)| *made < time), "{time}");
            let behind = find(&events, time + SLACK).0;
            assert!(events.range(behind..).all(|(_, made)| *made >= time), "{time}");
            assert!(behind - first < 400, "{time}: {first} to {behind}");
        }
    }
}
