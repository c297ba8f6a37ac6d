//! A revocation through our API.

use serde::{Deserialize, Serialize};

/// Access that was revoked through our API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// From then on there is no access.
    pub at: i64,
    /// When it was said.
    pub said_at: i64,
}
