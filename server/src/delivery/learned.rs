//! What third parties' answers told that later requests need, such as an id to be asked for. Only a memory: what is
//! forgotten is asked for again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bursar_domain::ids::ProfileId;

/// How long it is believed, in microseconds: an hour.
const BELIEVED: i64 = 3_600_000_000;
/// So much is kept; then all is forgotten.
const MOST: usize = 50_000;

/// Target, profile and route.
type Key = (i64, ProfileId, String);

/// Values, and when they were learned.
#[derive(Default)]
pub struct Learned(Mutex<HashMap<Key, (String, i64)>>);

impl Learned {
    /// What is known, if it was learned lately.
    pub fn recall(&self, target: i64, profile: ProfileId, route: &str, now: i64) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, at) = known.get(&(target, profile, route.to_owned()))?;
        (now - at < BELIEVED).then(|| value.clone())
    }

    /// Notes something.
    pub fn note(&self, target: i64, profile: ProfileId, route: &str, value: &str, now: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert((target, profile, route.to_owned()), (value.to_owned(), now));
    }
}
