//! The identity of an event.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::kind::EventKind;
use crate::ids::{AppId, ProfileId};

/// How many bytes of the id tell the profile.
const PROFILE_BYTES: usize = 6;

/// The id of an event: the same fact about the same profile always has the same id, so that it cannot be stored
/// or counted twice.
///
/// A UUID of version 8 (RFC 9562). Its first six bytes are a hash of the profile, so that all events of a profile
/// are neighbours in an index; the rest is a hash of everything. `discriminator` is the instant that caused the
/// fact; `extra` tells apart what nothing else does, such as the access level.
pub fn event_id(
    app: AppId,
    profile: ProfileId,
    kind: EventKind,
    store: &str,
    transaction_id: &str,
    discriminator: i64,
    extra: &str,
) -> Uuid {
    let mut fact = Sha256::new_with_prefix(app.0.as_bytes());
    fact.update(profile.0.as_bytes());
    for part in [kind.as_str(), store, transaction_id, extra] {
        // With its length in front, no part can run into the next.
        fact.update((part.len() as u64).to_be_bytes());
        fact.update(part);
    }
    fact.update(discriminator.to_be_bytes());
    let mut id = [0; 16];
    let (first, rest) = id.split_at_mut(PROFILE_BYTES);
    first.copy_from_slice(&id_prefix(profile));
    rest.copy_from_slice(&fact.finalize()[..rest.len()]);
    Builder::from_custom_bytes(id).into_uuid()
}

/// What the ids of all events of a profile begin with, so that they are neighbours in the index of ids: the first
/// bytes of a SHA-256 of the profile's id. They leave the version and the variant of the UUID alone.
pub fn id_prefix(profile: ProfileId) -> [u8; PROFILE_BYTES] {
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
    use std::collections::BTreeSet;
    use uuid::{Variant, Version};

    const APP: AppId = AppId(Uuid::from_u128(9));
    const PROFILE: ProfileId = ProfileId(Uuid::from_u128(7));

    #[test]
    fn the_id_of_a_fact_is_settled_for_ever() {
        let id = event_id(APP, PROFILE, EventKind::TrialStarted, "app_store", "t1", 5, "");
        assert_eq!(id.to_string(), "6bae4268-22df-8879-819e-60456978f77e");
        assert_eq!(id.get_version(), Some(Version::Custom));
        assert_eq!(id.get_variant(), Variant::RFC4122);
    }

    #[test]
    fn every_part_of_the_fact_counts() {
        let other = ProfileId(Uuid::from_u128(8));
        let ids = BTreeSet::from([
            event_id(APP, PROFILE, EventKind::TrialStarted, "a", "t1", 5, ""),
            event_id(
                AppId(Uuid::from_u128(10)),
                PROFILE,
                EventKind::TrialStarted,
                "a",
                "t1",
                5,
                "",
            ),
            event_id(APP, other, EventKind::TrialStarted, "a", "t1", 5, ""),
            event_id(APP, PROFILE, EventKind::TrialExpired, "a", "t1", 5, ""),
            event_id(APP, PROFILE, EventKind::TrialStarted, "b", "t1", 5, ""),
            event_id(APP, PROFILE, EventKind::TrialStarted, "a", "t2", 5, ""),
            event_id(APP, PROFILE, EventKind::TrialStarted, "a", "t1", 6, ""),
            event_id(APP, PROFILE, EventKind::TrialStarted, "a", "t1", 5, "premium"),
            event_id(APP, PROFILE, EventKind::TrialStarted, "at", "1", 5, ""),
            event_id(APP, PROFILE, EventKind::TrialStarted, "a", "", 5, "t1"),
        ]);
        assert_eq!(ids.len(), 10);
    }

    #[test]
    fn events_of_a_profile_are_neighbours() {
        let first = |profile, kind| {
            event_id(APP, profile, kind, "a", "t", 0, "").as_bytes()[..PROFILE_BYTES].to_owned()
        };
        let of_profile: BTreeSet<_> = EventKind::ALL.iter().map(|kind| first(PROFILE, *kind)).collect();
        assert_eq!(of_profile.len(), 1);
        let other = first(ProfileId(Uuid::from_u128(8)), EventKind::TrialStarted);
        assert!(!of_profile.contains(&other));
    }

    #[test]
    fn ids_that_begin_with_a_profiles_prefix_lie_in_its_range() {
        let profile = ProfileId(Uuid::from_u128(1));
        let range = id_range(profile);
        assert_eq!(range.start().to_string(), "7c3ccd10-bb7e-0000-0000-000000000000");
        let with = |prefix: [u8; PROFILE_BYTES]| {
            let mut bytes = *Uuid::from_u128(0x4a5b_80c0_ffee).as_bytes();
            bytes[..PROFILE_BYTES].copy_from_slice(&prefix);
            Uuid::from_bytes(bytes)
        };
        assert!(range.contains(&with(id_prefix(profile))));
        assert!(!range.contains(&with(id_prefix(ProfileId(Uuid::from_u128(2))))));
    }
}
