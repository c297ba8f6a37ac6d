//! Ids as types, so that an app's id cannot stand where a profile's is meant.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of an app (a tenant).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppId(pub Uuid);

/// The id of a profile inside an app. Two apps may use the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfileId(pub Uuid);

impl ProfileId {
    /// Reads any usual spelling of a UUID, in upper or lower case.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }

    /// Is its first half all zeros? No profile is made with such an id: the store keeps what has a number of its own under them.
    pub fn is_reserved(self) -> bool {
        self.0.as_u64_pair().0 == 0
    }
}

impl std::fmt::Display for AppId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for ProfileId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
