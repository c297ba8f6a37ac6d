//! What third parties' answers told that later requests need, such as an id to be asked for. Only a memory: what is
//! forgotten is asked for again, no more often than the third party takes it.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use bursar_domain::ids::ProfileId;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// So much is kept; then the oldest is forgotten.
const MOST: usize = 50_000;

/// Target, profile and route.
type Key = (i64, ProfileId, String);

/// What is known, and how often may be asked.
#[derive(Default)]
pub struct Learned {
    known: Mutex<Known>,
    questions: Option<DefaultDirectRateLimiter>,
}

#[derive(Default)]
struct Known {
    values: HashMap<Key, String>,
    /// The keys, those that were learned first in front.
    oldest: VecDeque<Key>,
}

impl Learned {
    /// Nothing yet, for a third party that answers so many questions in a second; `None`: any number.
    pub fn new(questions_per_second: Option<u32>) -> Self {
        let limit = questions_per_second.and_then(NonZeroU32::new);
        Self {
            known: Mutex::default(),
            questions: limit.map(|limit| RateLimiter::direct(Quota::per_second(limit))),
        }
    }

    /// Waits until a question may be asked.
    pub async fn before_question(&self) {
        if let Some(limiter) = &self.questions {
            limiter.until_ready().await;
        }
    }

    /// What is known.
    pub fn recall(&self, target: i64, profile: ProfileId, route: &str) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.values.get(&(target, profile, route.to_owned())).cloned()
    }

    /// Notes something.
    pub fn note(&self, target: i64, profile: ProfileId, route: &str, value: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (target, profile, route.to_owned());
        if known.values.insert(key.clone(), value.to_owned()).is_some() {
            return;
        }
        known.oldest.push_back(key);
        if known.oldest.len() > MOST
            && let Some(oldest) = known.oldest.pop_front()
        {
            known.values.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};
    use uuid::Uuid;

    const PROFILE: ProfileId = ProfileId(Uuid::nil());

    #[test]
    fn what_was_learned_first_is_forgotten_first() {
        let learned = Learned::default();
        let number_of = |route: usize| learned.recall(1, PROFILE, &route.to_string());
        for route in 0..MOST {
            learned.note(1, PROFILE, &route.to_string(), "old");
        }
        learned.note(1, PROFILE, "0", "new");
        assert_eq!(number_of(0).as_deref(), Some("new"));
        learned.note(1, PROFILE, &MOST.to_string(), "last");
        assert_eq!(number_of(0), None);
        assert_eq!(
            (number_of(1).as_deref(), number_of(MOST).as_deref()),
            (Some("old"), Some("last"))
        );
        assert_eq!(learned.recall(2, PROFILE, "1"), None);
        assert_eq!(learned.recall(1, ProfileId(Uuid::max()), "1"), None);
    }

    #[tokio::test]
    async fn questions_come_no_faster_than_they_may() {
        let began = Instant::now();
        let learned = Learned::new(Some(20));
        for _ in 0..25 {
            learned.before_question().await;
        }
        assert!(
            began.elapsed() >= Duration::from_millis(200),
            "{:?}",
            began.elapsed()
        );
        Learned::new(None).before_question().await;
    }
}
