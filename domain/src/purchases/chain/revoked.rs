//! A revocation through our API.

use serde::{Deserialize, Serialize};

/// Access that was revoked through our API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// From then on there is no access.
    pub at: i64,
    /// When it was said.
    pub said_at: i64,
    /// When a later period begins that was reported ahead: until then it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted_at: Option<i64>,
}

impl Revoked {
    /// What is left of it when a later period is reported, which begins at an instant. That opens access again: at once if
    /// it was taken away already; what lies ahead holds until the period begins.
    pub fn followed(self, begins_at: i64, now: i64) -> Option<Self> {
        let lifted_at = self.lifted_at.map_or(begins_at, |at| at.min(begins_at));
        (self.at > now).then_some(Self {
            lifted_at: Some(lifted_at),
            ..self
        })
    }
}
