//! Subscription events: facts that happened once and never change.

pub mod dates;
mod groups;
pub mod id;
pub mod kind;
mod level_properties;
pub mod payload;
pub mod prices;
mod properties;
pub mod recipient;
pub mod wire;

use std::ops::RangeInclusive;

use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids::{AppId, ProfileId};
use crate::purchases::transaction::{CancellationReason, Transaction};
pub use id::event_id;
pub use kind::EventKind;
pub use recipient::{Recipient, Sharer};

/// What the state machine found out about a transaction: all that an event says beside the profile and the money
/// tables. `access_level_updated` is made of access levels instead.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// What happened.
    pub kind: EventKind,
    /// When it happened, in microseconds: the business time.
    pub at: i64,
    /// Tells apart two facts of one kind about one transaction: the instant that caused it.
    pub discriminator: i64,
    /// The transaction that it is about.
    pub transaction: Transaction,
    /// What `subscription_expires_at` says: the period's regular end; for refund, billing and grace events the day
    /// on which access ends; `None` for a one-time purchase.
    pub subscription_expires_at: Option<i64>,
    /// Why it ended, on the kinds that say so.
    pub reason: Option<CancellationReason>,
    /// Paid periods without interruption, this one included; 0 in a trial.
    pub consecutive_payments: u32,
    /// Has the chain been paid for longer than a year?
    pub rate_after_first_year: bool,
    /// Days of the chain's free trial, if it had one.
    pub trial_days: Option<i64>,
    /// Is the chain in its trial?
    pub is_in_trial: bool,
    /// How much of the price was paid back, 0 to 1, on refund events.
    pub refunded_share: Option<Decimal>,
    /// After how many days the timer ran out, on synthetic events: who asked for another time does not get it.
    pub timer_days: Option<i64>,
}

/// An event: what happened, once. It is never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// A hash of what happened, so that the same thing always gets the same id. Begins with [`id_prefix`].
    pub id: Uuid,
    /// The app that it belongs to.
    pub app: AppId,
    /// The profile that it belongs to.
    pub profile: ProfileId,
    /// What happened.
    pub kind: EventKind,
    /// When it happened, in microseconds: the business time, which may lie in the future.
    pub at: i64,
    /// When it was made, in microseconds.
    pub created_at: i64,
    /// The form of the webhook: a JSON object, sent and shown byte for byte.
    pub payload: String,
}

/// What the ids of all events of a profile begin with, so that they are neighbours in the index of ids: the first
/// six bytes of a SHA-256 of the profile's id. They leave the version and the variant of the UUID alone.
pub fn id_prefix(profile: ProfileId) -> [u8; 6] {
    let hash = Sha256::digest(profile.0.as_bytes());
    std::array::from_fn(|place| hash[place])
}

/// Where the ids of a profile's events lie. Those of another profile may lie there too, which is rare.
pub fn id_range(profile: ProfileId) -> RangeInclusive<Uuid> {
    let prefix = id_prefix(profile);
    let filled = |rest: u8| {
        let mut bytes = [rest; 16];
        bytes[..prefix.len()].copy_from_slice(&prefix);
        Uuid::from_bytes(bytes)
    };
    filled(0)..=filled(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_begin_with_a_profiles_prefix_lie_in_its_range() {
        let profile = ProfileId(Uuid::from_u128(1));
        let range = id_range(profile);
        assert_eq!(range.start().to_string(), "7c3ccd10-bb7e-0000-0000-000000000000");
        let with = |prefix: [u8; 6]| {
            let mut bytes = *Uuid::from_u128(0x4a5b_80c0_ffee).as_bytes();
            bytes[..6].copy_from_slice(&prefix);
            Uuid::from_bytes(bytes)
        };
        assert!(range.contains(&with(id_prefix(profile))));
        assert!(!range.contains(&with(id_prefix(ProfileId(Uuid::from_u128(2))))));
    }
}
