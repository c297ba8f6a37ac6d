//! A pause for a third party that does not answer, so that tries are not spent on it.

use std::collections::BTreeMap;

use bursar_domain::integrations::Verdict;

/// So many failures in a row, with no success between, begin a pause.
const FAILURES: u32 = 8;
/// The first pause and the longest, in microseconds.
const SHORTEST: i64 = 1_000_000;
const LONGEST: i64 = 60_000_000;
/// The longest pause of all because one answer asked for it. The delivery itself waits as long as it was asked to.
const LONGEST_ASKED: i64 = 5 * 60_000_000;

/// What a request says of a third party's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It gave no answer, or said of all records that they are to be tried again.
    Trouble,
    /// It answered.
    Answer {
        /// Has it taken one of the records?
        has_taken: bool,
    },
}

impl Sign {
    /// Where there was no answer, what that means for the records does not matter.
    pub fn of(verdicts: &[Verdict], is_silent: bool) -> Self {
        let fails =
            |verdict: &Verdict| matches!(verdict, Verdict::Retry { .. } | Verdict::RetryAtMost { .. });
        let is_taken =
            |verdict: &Verdict| matches!(verdict, Verdict::Delivered | Verdict::DeliveredWithWarning(_));
        if is_silent || verdicts.iter().all(fails) {
            Self::Trouble
        } else {
            Self::Answer {
                has_taken: verdicts.iter().any(is_taken),
            }
        }
    }
}

/// What is known of a third party's health. Times are microseconds that have passed, whatever the clock is set to.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: u32,
    pause: i64,
    paused_until: i64,
    /// Until when it wants to be left alone, whatever it says to what was under way.
    asked_until: i64,
    /// Of each route on which nothing has succeeded since its last failures began: when that was.
    failing_since: BTreeMap<String, i64>,
}

impl Breaker {
    /// May requests be made beside those that are under way: as many as there is room for, one to see whether it is
    /// back, or none?
    pub fn allows(&self, now: i64, room: usize, under_way: usize) -> usize {
        if now < self.until() {
            0
        } else if self.failures >= FAILURES {
            usize::from(room > 0 && under_way == 0)
        } else {
            room
        }
    }

    /// It answered on a route, whatever it said of the events; has it taken one?
    pub fn answered(&mut self, route: &str, has_taken: bool) {
        if has_taken {
            self.failing_since.remove(route);
        }
        *self = Self {
            asked_until: self.asked_until,
            failing_since: std::mem::take(&mut self.failing_since),
            ..Self::default()
        };
    }

    /// It is well on all routes: what was wrong before is over.
    pub fn proved(&mut self) {
        *self = Self {
            asked_until: self.asked_until,
            ..Self::default()
        };
    }

    /// It gave no answer, or said that it is in trouble; it may have asked to be left alone for some seconds.
    pub fn failed(&mut self, route: &str, now: i64, asked: Option<i64>) {
        self.failures = self.failures.saturating_add(1);
        if !self.failing_since.contains_key(route) {
            self.failing_since.insert(route.to_owned(), now);
        }
        // What fails within a pause was under way before.
        if self.failures >= FAILURES && now >= self.paused_until {
            self.pause = (self.pause * 2).clamp(SHORTEST, LONGEST);
            self.paused_until = now + self.pause;
        }
        if let Some(asked) = asked {
            let asked = asked.saturating_mul(1_000_000).min(LONGEST_ASKED);
            self.asked_until = self.asked_until.max(now + asked);
        }
    }

    /// Has nothing succeeded on a route for so long?
    pub fn is_dead(&self, route: &str, now: i64, after: i64) -> bool {
        let since = self.failing_since.get(route);
        since.is_some_and(|since| now - since >= after)
    }

    /// Until when nothing is sent.
    pub fn until(&self) -> i64 {
        self.paused_until.max(self.asked_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_that_does_not_fail_for_now_shows_that_it_is_there() {
        let again = Verdict::retry("down");
        let at_most = Verdict::RetryAtMost {
            tries: 3,
            why: "odd".into(),
        };
        let rejected = Verdict::Rejected("no".into());
        let warned = Verdict::DeliveredWithWarning("but".into());
        let answer = |has_taken| Sign::Answer { has_taken };
        for (verdicts, expected) in [
            (vec![again.clone(), at_most.clone()], Sign::Trouble),
            (vec![again.clone(), Verdict::Delivered], answer(true)),
            (vec![warned, at_most], answer(true)),
            (vec![again.clone(), Verdict::Resend], answer(false)),
            (vec![rejected.clone(), again], answer(false)),
            (vec![Verdict::Misconfigured("key".into())], answer(false)),
        ] {
            assert_eq!(Sign::of(&verdicts, false), expected, "{verdicts:?}");
        }
        assert_eq!(Sign::of(&[rejected], true), Sign::Trouble, "it said nothing");
    }

    #[test]
    fn failures_in_a_row_pause_and_one_success_ends_it() {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            assert_eq!(breaker.allows(0, 9, 3), 9);
            breaker.failed("", 0, None);
        }
        assert_eq!((breaker.allows(0, 9, 0), breaker.allows(SHORTEST, 9, 0)), (0, 1));
        assert_eq!(breaker.allows(SHORTEST, 9, 1), 0, "one looks whether it is back");
        breaker.failed("", SHORTEST, None);
        assert_eq!(breaker.until(), 3 * SHORTEST);
        for _ in 0..20 {
            breaker.failed("", breaker.until(), None);
        }
        assert_eq!(breaker.pause, LONGEST, "never longer than the longest");
        breaker.answered("", false);
        assert_eq!(breaker.allows(0, 9, 3), 9);
    }

    #[test]
    fn requests_that_fail_together_make_one_pause() {
        let mut breaker = Breaker::default();
        for _ in 0..2 * FAILURES {
            breaker.failed("", 0, None);
        }
        assert_eq!(breaker.until(), SHORTEST, "what was under way");
        breaker.failed("", SHORTEST - 1, None);
        assert_eq!(breaker.until(), SHORTEST, "it was under way too");
        breaker.failed("", SHORTEST, None);
        assert_eq!(
            breaker.until(),
            3 * SHORTEST,
            "what went out to see whether it is back"
        );
    }

    #[test]
    fn it_is_dead_when_nothing_was_taken_for_long_enough() {
        let mut breaker = Breaker::default();
        assert!(!breaker.is_dead("", 1_000, 0), "nothing has failed");
        breaker.failed("", 100, None);
        breaker.failed("", 150, None);
        assert_eq!(
            (breaker.is_dead("", 199, 100), breaker.is_dead("", 200, 100)),
            (false, true)
        );
        breaker.answered("", false);
        assert!(breaker.is_dead("", 200, 100), "it took nothing");
        assert!(!breaker.is_dead("other", 200, 100), "another address");
        breaker.answered("other", true);
        assert!(breaker.is_dead("", 200, 100), "another one took it");
        breaker.answered("", true);
        assert!(!breaker.is_dead("", 200, 100));
    }

    #[test]
    fn who_asks_to_be_left_alone_is() {
        let mut breaker = Breaker::default();
        breaker.failed("", 0, Some(30));
        assert_eq!(
            (breaker.allows(29_999_999, 9, 0), breaker.allows(30_000_000, 9, 0)),
            (0, 9)
        );
        breaker.answered("", true);
        assert_eq!(breaker.until(), 30_000_000, "that was under way before");
        // One answer does not stop everything for a day.
        breaker.failed("", 0, Some(86_400));
        assert_eq!(breaker.until(), LONGEST_ASKED);
    }
}
