//! The one place that reads the time of day.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex as PlainMutex, MutexGuard as PlainGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Mutex, MutexGuard};

/// What the machine's clock may be set by without that anybody has to care, in microseconds. If it is set back by no
/// more, ours stands until it has caught up.
const SMALL: i64 = 2_000_000;

/// Tells the time in microseconds since 1970-01-01 UTC, and how much of it has passed whatever the machine's clock is
/// set to.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The latest time told; the whole truth on a test clock.
    latest: AtomicI64,
    is_test: bool,
    began: Instant,
    /// On a test clock: what has passed.
    passed: AtomicI64,
    sets: PlainMutex<Sets>,
    moves: Mutex<()>,
}

/// When the machine's clock was set, as far as was noticed.
#[derive(Debug, Default)]
struct Sets {
    /// What the time is ahead of what has passed.
    ahead: i64,
    /// What had passed when it was last found to have been set ahead.
    ahead_at: Option<i64>,
    /// How often it was set back.
    back: u64,
}

/// The test clock was asked to go back.
#[derive(Debug, thiserror::Error)]
#[error("the test clock cannot go back")]
pub struct BackInTime;

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::new(false, system_now())
    }

    /// A clock that stands at this time until it is moved.
    pub fn test(now: i64) -> Self {
        Self::new(true, now)
    }

    fn new(is_test: bool, now: i64) -> Self {
        let clock = Self(Arc::new(Inner {
            latest: AtomicI64::new(now),
            is_test,
            began: Instant::now(),
            passed: AtomicI64::new(now),
            sets: PlainMutex::default(),
            moves: Mutex::default(),
        }));
        let ahead = now - clock.passed();
        clock.sets().ahead = ahead;
        clock
    }

    /// The time. It goes back only where the machine's clock was set back, and not for a little.
    pub fn now(&self) -> i64 {
        let latest = &self.0.latest;
        if self.0.is_test {
            return latest.load(Ordering::Acquire);
        }
        let (before, now) = (latest.load(Ordering::Acquire), system_now());
        let told = told(before, now);
        if told > before {
            return latest.fetch_max(told, Ordering::AcqRel).max(told);
        }
        if told < before {
            latest.store(told, Ordering::Release);
        }
        told
    }

    /// How many microseconds have passed, from any beginning: for whatever has to take its time, and is known to this
    /// server alone.
    pub fn passed(&self) -> i64 {
        if self.0.is_test {
            return self.0.passed.load(Ordering::Acquire);
        }
        i64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// Was the machine's clock set ahead while the last so many microseconds passed? Then what others hold until some
    /// time may still be theirs after it.
    pub fn was_set_ahead_within(&self, span: i64) -> bool {
        let passed = self.passed();
        let ahead_at = self.look(|sets| sets.ahead_at);
        ahead_at.is_some_and(|ahead_at| passed - ahead_at < span)
    }

    /// How often the machine's clock was found to have been set back.
    pub fn times_set_back(&self) -> u64 {
        self.look(|sets| sets.back)
    }

    fn look<T>(&self, answer: impl FnOnce(&Sets) -> T) -> T {
        let mut sets = self.sets();
        let passed = self.passed();
        let ahead = self.now() - passed;
        if ahead - sets.ahead > SMALL {
            sets.ahead_at = Some(passed);
        } else if sets.ahead - ahead > SMALL {
            sets.back += 1;
        }
        sets.ahead = ahead;
        answer(&sets)
    }

    fn sets(&self) -> PlainGuard<'_, Sets> {
        self.0.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is this a clock that can be moved?
    pub fn is_test(&self) -> bool {
        self.0.is_test
    }

    /// Held by who looks at the clock, notes a move and then makes it, so that one does so at a time.
    pub async fn hold(&self) -> MutexGuard<'_, ()> {
        self.0.moves.lock().await
    }

    /// Moves a test clock forward: so much time passes.
    pub fn move_to(&self, now: i64) -> Result<(), BackInTime> {
        // Nobody is to see the one without the other.
        let _sets = self.sets();
        let before = self.0.latest.fetch_max(now, Ordering::AcqRel);
        if now < before {
            return Err(BackInTime);
        }
        self.0.passed.fetch_add(now - before, Ordering::AcqRel);
        Ok(())
    }

    /// Sets a test clock to any time, as a machine's clock is set: no time passes.
    pub fn set_to(&self, now: i64) {
        self.0.latest.store(now, Ordering::Release);
    }
}

/// What is told after `before`, if the machine's clock says `now`.
fn told(before: i64, now: i64) -> i64 {
    if before.saturating_sub(now) <= SMALL {
        now.max(before)
    } else {
        now
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

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn a_test_clock_stands_still_and_moves_forward_only() {
        let clock = Clock::test(5);
        assert_eq!(clock.now(), 5);
        assert!(clock.move_to(4).is_err());
        assert!(clock.move_to(9).is_ok());
        assert_eq!((clock.now(), clock.passed()), (9, 9));
    }

    #[test]
    fn a_little_back_is_waited_out_and_more_is_followed() {
        let now = 400 * 24 * HOUR;
        assert_eq!(told(now, now + 1), now + 1);
        assert_eq!(told(now, now - SMALL), now, "it stands");
        assert_eq!(told(now, now - SMALL - 1), now - SMALL - 1);
        assert_eq!(told(now, 0), 0, "back to 1970");
        assert_eq!(told(0, now), now);
    }

    #[test]
    fn the_systems_clock_tells_the_time_again_after_it_was_far_ahead() {
        let clock = Clock::system();
        let wrong = clock.now() + 400 * 24 * HOUR;
        clock.0.latest.store(wrong, Ordering::Release);
        assert!(clock.now() < wrong);
        let before = clock.now();
        assert!(clock.now() >= before);
    }

    #[test]
    fn it_is_seen_whether_time_has_passed_or_the_clock_was_set() {
        let clock = Clock::test(HOUR);
        clock.move_to(3 * HOUR).unwrap();
        assert!(!clock.was_set_ahead_within(HOUR), "time has passed");
        clock.set_to(4 * HOUR);
        assert!(clock.was_set_ahead_within(HOUR));
        assert_eq!((clock.passed(), clock.times_set_back()), (3 * HOUR, 0));
        clock.move_to(5 * HOUR).unwrap();
        assert!(!clock.was_set_ahead_within(HOUR));
        clock.set_to(0);
        assert_eq!((clock.passed(), clock.times_set_back()), (4 * HOUR, 1));
        assert!(!clock.was_set_ahead_within(HOUR));
        let system = Clock::system();
        assert!(!system.was_set_ahead_within(HOUR));
        assert_eq!(system.times_set_back(), 0);
    }
}
