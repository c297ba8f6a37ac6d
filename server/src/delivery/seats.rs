//! How much may be under way to a third party.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use bursar_domain::integrations::settings::Settings;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;

/// How many requests are under way at a time if nobody says.
pub const IN_FLIGHT: usize = 32;

/// How much may be under way, as the settings of the moment say.
pub struct Seats {
    /// How many requests at a time.
    pub in_flight: Arc<Semaphore>,
    /// How many requests in a second.
    pub limiter: Option<DefaultDirectRateLimiter>,
    /// For how many times all seats deliveries are claimed that have to wait for one.
    pub(super) ahead: AtomicUsize,
    rounds: AtomicUsize,
    pub(super) most: usize,
    pub(super) per_second: Option<NonZeroU32>,
}

impl Seats {
    /// So many requests at a time, and so many in a second.
    pub fn new(most: usize, per_second: Option<NonZeroU32>) -> Self {
        Self {
            in_flight: Arc::new(Semaphore::new(most)),
            limiter: per_second.map(|limit| RateLimiter::direct(quota(limit))),
            ahead: AtomicUsize::new(0),
            rounds: AtomicUsize::new(0),
            most,
            per_second,
        }
    }

    /// The number of the round that begins.
    pub fn next_round(&self) -> usize {
        self.rounds.fetch_add(1, Relaxed)
    }

    /// How many requests can begin in the next seconds.
    pub fn soon(&self) -> usize {
        const SECONDS: usize = 5;
        let per_second = self.per_second.map_or(usize::MAX, |limit| limit.get() as usize);
        per_second.saturating_mul(SECONDS)
    }
}

/// How many requests may be under way by these settings.
pub fn most_under_way(settings: &Settings) -> usize {
    let most = settings.number("max_in_flight");
    most.and_then(|most| usize::try_from(most).ok())
        .unwrap_or(IN_FLIGHT)
}

/// So many in a second, evenly. What was not used before can be made up for, but only as far as no second has a
/// twentieth more than the limit, and a little less, because requests take time from here to the wire.
fn quota(limit: NonZeroU32) -> Quota {
    let spare = NonZeroU32::new(limit.get() / 25);
    Quota::per_second(limit).allow_burst(spare.unwrap_or(NonZeroU32::MIN))
}
