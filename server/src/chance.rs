//! Numbers by chance, which are no secrets.

use uuid::Uuid;

/// A number from 0 on that nobody else draws. Of the lower half of a random UUID all bits are by chance but the upper two.
pub fn number() -> i64 {
    let (_, low) = Uuid::new_v4().as_u64_pair();
    i64::try_from(low & (u64::MAX >> 2)).expect("62 bits fit")
}
