//! Waiting for what comes by itself.

use std::fmt::{Debug, Display};
use std::time::Duration;

/// More than a loaded machine takes.
const LIMIT: Duration = Duration::from_secs(20);

/// Waits until this is so.
pub async fn until(what: impl Display, is_so: impl AsyncFn() -> bool) {
    until_equal(what, true, is_so).await;
}

/// Waits until what is looked at is as expected.
pub async fn until_equal<T: PartialEq<E> + Debug, E: Debug>(
    what: impl Display,
    expected: E,
    look: impl AsyncFn() -> T,
) {
    let is_there = async {
        while look().await != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(LIMIT, is_there).await.is_err() {
        panic!("{what}: {:?} is not {expected:?} after {LIMIT:?}", look().await);
    }
}
