//! What can be done. HTTP, dashboard and CLI write only through here.
//!
//! An action reads, decides with `domain`, and writes, all in one commit; see [`crate::store`].

pub mod profiles;
pub mod remember;

use bursar_domain::profile::Refusal;

use crate::store::StoreError;

/// Why an action did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An answer as it goes to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// JSON, or nothing.
    pub body: Vec<u8>,
}

impl Reply {
    /// 200 with this value as JSON.
    pub fn json(value: &impl serde::Serialize) -> Self {
        Self::with_status(200, value)
    }

    /// Another status with this value as JSON.
    pub fn with_status(status: u16, value: &impl serde::Serialize) -> Self {
        let mut body = Vec::with_capacity(512);
        serde_json::to_writer(&mut body, value).expect("our answers always serialise");
        Self { status, body }
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, body: Vec::new() }
    }
}
