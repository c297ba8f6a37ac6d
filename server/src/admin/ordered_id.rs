//! Ids of what the administration lists in the order in which it was made.

use std::sync::atomic::{AtomicU32, Ordering};

use uuid::Uuid;

use crate::vault::random;

/// A UUID whose order is the order of time (version 7): milliseconds, microseconds, a counter for what is
/// made in the same microsecond (a test clock stands still), and random bytes.
pub fn ordered_id(now: i64) -> Uuid {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let micros = u64::try_from(now).unwrap_or_default();
    let mut rest = random::<10>();
    // The builder overwrites the upper four bits of byte 0 and the upper two of byte 2.
    let within = u16::try_from(micros % 1_000).unwrap_or_default();
    rest[..2].copy_from_slice(&within.to_be_bytes());
    rest[2] = 0;
    rest[3..7].copy_from_slice(&COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(micros / 1_000, &rest).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_time_and_then_of_making() {
        let ids: Vec<Uuid> = [5, 5, 6, 999, 1_000, 1_001, 5_000_000].map(ordered_id).into();
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }
}
