//! The one place that reads the time of day.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::{Mutex, MutexGuard};

/// Tells the time in microseconds since 1970-01-01 UTC. Never goes back while the program runs.
#[derive(Debug, Clone)]
pub struct Clock {
    /// The latest time told; the whole truth on a test clock.
    latest: Arc<AtomicI64>,
    is_test: bool,
    moves: Arc<Mutex<()>>,
}

/// The test clock was asked to go back.
#[derive(Debug, thiserror::Error)]
#[error("the test clock cannot go back")]
pub struct BackInTime;

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self {
            latest: Arc::default(),
            is_test: false,
            moves: Arc::default(),
        }
    }

    /// A clock that stands at this time until it is moved.
    pub fn test(now: i64) -> Self {
        Self {
            latest: Arc::new(AtomicI64::new(now)),
            is_test: true,
            moves: Arc::default(),
        }
    }

    /// The time.
    pub fn now(&self) -> i64 {
        if self.is_test {
            return self.latest.load(Ordering::Acquire);
        }
        let now = system_now();
        self.latest.fetch_max(now, Ordering::AcqRel).max(now)
    }

    /// Is this a clock that can be moved?
    pub fn is_test(&self) -> bool {
        self.is_test
    }

    /// Held by who looks at the clock, notes a move and then makes it, so that one does so at a time.
    pub async fn hold(&self) -> MutexGuard<'_, ()> {
        self.moves.lock().await
    }

    /// Moves a test clock forward.
    pub fn move_to(&self, now: i64) -> Result<(), BackInTime> {
        if now < self.latest.fetch_max(now, Ordering::AcqRel) {
            Err(BackInTime)
        } else {
            Ok(())
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the time of day"
)]
fn system_now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_clock_stands_still_and_moves_forward_only() {
        let clock = Clock::test(5);
        assert_eq!(clock.now(), 5);
        assert!(clock.move_to(4).is_err());
        assert!(clock.move_to(9).is_ok());
        assert_eq!(clock.now(), 9);
    }
}
