//! A pause for a third party that does not answer, so that tries are not spent on it.

use std::collections::BTreeMap;

use bursar_domain::integrations::Verdict;
use bursar_domain::time::DAY;

use super::losses::Losses;
use crate::outbound::TIMEOUT;

/// So many failures in a row, with no success between, begin a pause.
const FAILURES: u32 = 8;
/// The first pause and the longest, in microseconds.
const SHORTEST: i64 = 1_000_000;
const LONGEST: i64 = 60_000_000;
/// The longest pause of all because one answer asked for it. The delivery itself waits as long as it was asked to.
const LONGEST_ASKED: i64 = 5 * 60_000_000;
/// For how long others wait for a request that looks whether a third party is back. It has its answer by then, or never.
const LONGEST_LOOK: i64 = TIMEOUT.as_micros() as i64;

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

/// What is known of a third party's health on each route. Times are microseconds that have passed, whatever the clock is set
/// to.
#[derive(Debug, Default)]
pub struct Breaker {
    /// Each route on which something was sent.
    pub routes: BTreeMap<String, Health>,
    /// What it warned of when it last took something, masked.
    pub warning: Option<String>,
    /// What comes to nothing there, one after the other.
    pub losses: Losses,
}

/// What is known of a third party's health on a route.
#[derive(Debug, Clone, Copy, Default)]
pub struct Health {
    /// How many requests in a row have failed.
    pub failures: u32,
    /// How long the last pause is or was that followed from that, in microseconds.
    pub pause: i64,
    paused_until: i64,
    /// Until when it wants to be left alone, whatever it says to what was under way.
    asked_until: i64,
    /// Until when others wait for a request that looks whether it is back.
    looked_until: i64,
    /// Since when nothing has succeeded, if something has failed.
    failing_since: Option<i64>,
    /// When something was last sent.
    tried_at: i64,
}

impl Breaker {
    /// What is known of a route.
    pub fn health(&self, route: &str) -> Health {
        self.routes.get(route).copied().unwrap_or_default()
    }

    /// The same, to note what comes of requests.
    pub fn health_mut(&mut self, route: &str) -> &mut Health {
        self.routes.entry(route.to_owned()).or_default()
    }

    /// Has everything to wait, on whichever of these routes?
    pub fn is_paused(&self, routes: &[String], now: i64) -> bool {
        !routes.is_empty() && routes.iter().all(|route| self.health(route).wait(now) > 0)
    }

    /// Has the last request failed on each of these routes on which there was one?
    pub fn is_failing(&self, routes: &[String]) -> bool {
        let mut used = routes
            .iter()
            .filter_map(|route| self.routes.get(route))
            .peekable();
        used.peek().is_some() && used.all(|health| health.failures > 0)
    }

    /// It is well on all routes: what was wrong before is over.
    pub fn proved(&mut self) {
        for health in self.routes.values_mut() {
            *health = Health {
                asked_until: health.asked_until,
                ..Health::default()
            };
        }
    }
}

impl Health {
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

    /// For how long a request has to wait: for the end of a pause, or for the one that looks whether it is back. That one is
    /// asked for no less often than pauses end.
    pub fn wait(&self, now: i64) -> i64 {
        let paused = self.until() - now;
        if paused > 0 {
            return paused;
        }
        (self.looked_until - now).min(self.pause).max(0)
    }

    /// A request begins. If it is to show whether it is back, others wait for that.
    pub fn begins(&mut self, now: i64) {
        if self.failures >= FAILURES {
            self.looked_until = now + LONGEST_LOOK;
        }
    }

    /// It answered, whatever it said of the events; has it taken one?
    pub fn answered(&mut self, now: i64, has_taken: bool) {
        *self = Self {
            asked_until: self.asked_until,
            failing_since: self.failing_since(now).filter(|_| !has_taken),
            tried_at: now,
            ..Self::default()
        };
    }

    /// It gave no answer, or said that it is in trouble; it may have asked to be left alone for some seconds.
    pub fn failed(&mut self, now: i64, asked: Option<i64>) {
        self.failures = self.failures.saturating_add(1);
        self.failing_since = self.failing_since(now).or(Some(now));
        self.tried_at = now;
        // What fails within a pause was under way before.
        if self.failures >= FAILURES && now >= self.paused_until {
            self.pause = (self.pause * 2).clamp(SHORTEST, LONGEST);
            self.paused_until = now + self.pause;
            self.looked_until = 0;
        }
        if let Some(asked) = asked {
            let asked = asked.saturating_mul(1_000_000).min(LONGEST_ASKED);
            self.asked_until = self.asked_until.max(now + asked);
        }
    }

    /// For how long nothing has succeeded, if something has failed.
    pub fn failing(&self, now: i64) -> Option<i64> {
        self.failing_since(now).map(|since| now - since)
    }

    /// Repeats come within a day: where nothing was sent for longer nobody knows whether it would have succeeded.
    fn failing_since(&self, now: i64) -> Option<i64> {
        self.failing_since.filter(|_| now - self.tried_at <= DAY)
    }

    /// Has nothing succeeded for so long?
    pub fn is_dead(&self, now: i64, after: i64) -> bool {
        self.failing(now).is_some_and(|failing| failing >= after)
    }

    /// Is nothing sent because an answer asked for that?
    pub fn is_asked(&self) -> bool {
        self.asked_until > self.paused_until
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
        let mut health = Health::default();
        for _ in 0..FAILURES {
            assert_eq!(health.allows(0, 9, 3), 9);
            health.failed(0, None);
        }
        assert_eq!((health.allows(0, 9, 0), health.allows(SHORTEST, 9, 0)), (0, 1));
        assert_eq!(health.allows(SHORTEST, 9, 1), 0, "one looks whether it is back");
        health.failed(SHORTEST, None);
        assert_eq!(health.until(), 3 * SHORTEST);
        for _ in 0..20 {
            health.failed(health.until(), None);
        }
        assert_eq!(health.pause, LONGEST, "never longer than the longest");
        health.answered(0, false);
        assert_eq!(health.allows(0, 9, 3), 9);
    }

    #[test]
    fn it_fails_where_the_last_request_of_each_route_did() {
        let routes = ["ios", "android", "web"].map(str::to_owned);
        let mut breaker = Breaker::default();
        assert!(!breaker.is_failing(&routes), "nothing was sent yet");
        breaker.health_mut("ios").failed(0, None);
        breaker.health_mut("older").answered(0, true);
        assert!(
            breaker.is_failing(&routes),
            "nothing else was sent by these settings"
        );
        breaker.health_mut("web").answered(0, false);
        assert!(!breaker.is_failing(&routes));
    }

    #[test]
    fn requests_that_fail_together_make_one_pause() {
        let mut health = Health::default();
        for _ in 0..2 * FAILURES {
            health.failed(0, None);
        }
        assert_eq!(health.until(), SHORTEST, "what was under way");
        health.failed(SHORTEST - 1, None);
        assert_eq!(health.until(), SHORTEST, "it was under way too");
        health.failed(SHORTEST, None);
        assert_eq!(
            health.until(),
            3 * SHORTEST,
            "what went out to see whether it is back"
        );
    }

    #[test]
    fn it_is_dead_when_nothing_was_taken_for_long_enough() {
        let mut health = Health::default();
        assert!(!health.is_dead(1_000, 0), "nothing has failed");
        health.failed(100, None);
        health.failed(150, None);
        assert_eq!(
            (health.is_dead(199, 100), health.is_dead(200, 100)),
            (false, true)
        );
        health.answered(200, false);
        assert!(health.is_dead(200, 100), "it took nothing");
        health.answered(200, true);
        assert!(!health.is_dead(200, 100));
    }

    #[test]
    fn of_a_day_in_which_nothing_was_sent_nobody_knows() {
        let mut health = Health::default();
        health.failed(0, None);
        assert!(health.is_dead(DAY, DAY) && !health.is_dead(DAY + 1, DAY));
        health.failed(DAY + 1, None);
        assert_eq!(health.failing(DAY + 2), Some(1), "it begins anew");
        health.answered(2 * DAY, false);
        assert!(
            health.is_dead(3 * DAY, DAY),
            "something was sent, and was not taken"
        );
    }

    #[test]
    fn each_route_is_well_or_not_for_itself() {
        let mut breaker = Breaker::default();
        let routes = ["production".to_owned(), "sandbox".to_owned()];
        assert!(!breaker.is_paused(&[], 0), "there is none");
        for _ in 0..FAILURES {
            breaker.health_mut("sandbox").failed(0, None);
        }
        breaker.health_mut("production").answered(0, true);
        assert_eq!(
            (
                breaker.health("sandbox").wait(0),
                breaker.health("production").wait(0)
            ),
            (SHORTEST, 0)
        );
        assert!(breaker.health("sandbox").is_dead(100, 100));
        assert!(!breaker.health("production").is_dead(100, 100));
        assert!(!breaker.is_paused(&routes, 0));
        breaker.health_mut("production").failed(0, Some(9));
        assert!(breaker.is_paused(&routes, 0));
        breaker.proved();
        assert_eq!(
            (
                breaker.health("sandbox").wait(0),
                breaker.health("production").wait(0)
            ),
            (0, 9 * SHORTEST)
        );
    }

    #[test]
    fn others_wait_for_the_one_that_looks_whether_it_is_back() {
        let mut health = Health::default();
        health.begins(0);
        assert_eq!(health.wait(0), 0, "it is well");
        for _ in 0..FAILURES {
            health.failed(0, None);
        }
        assert_eq!(health.wait(SHORTEST), 0);
        health.begins(SHORTEST);
        assert_eq!(health.wait(SHORTEST), SHORTEST);
        assert_eq!(health.wait(SHORTEST + LONGEST_LOOK), 0, "nothing has come of it");
        let mut back = health;
        back.answered(SHORTEST, false);
        assert_eq!(back.wait(SHORTEST), 0);
        health.failed(2 * SHORTEST, None);
        assert_eq!(
            (health.wait(2 * SHORTEST), health.wait(4 * SHORTEST)),
            (2 * SHORTEST, 0)
        );
    }

    #[test]
    fn who_asks_to_be_left_alone_is() {
        let mut health = Health::default();
        health.failed(0, Some(30));
        assert_eq!(
            (health.allows(29_999_999, 9, 0), health.allows(30_000_000, 9, 0)),
            (0, 9)
        );
        health.answered(0, true);
        assert_eq!(health.until(), 30_000_000, "that was under way before");
        // One answer does not stop everything for a day.
        health.failed(0, Some(86_400));
        assert_eq!(health.until(), LONGEST_ASKED);
    }
}
