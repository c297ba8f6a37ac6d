//! What can be done to profiles, purchases and deliveries: by callers, by the administration, by time.
//!
//! An action reads, decides with `domain`, and writes, all in one commit; see [`crate::store`].

pub mod deliveries;
pub mod integrations;
pub mod profiles;
pub mod purchases;
pub mod remember;

use std::sync::Arc;

use bursar_domain::ids::AppId;
use bursar_domain::profile::Refusal;
use bytes::Bytes;

use crate::directory::App;
use crate::state::AppState;
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
    /// What an administration call names does not exist.
    #[error("{0} does not exist")]
    Missing(&'static str),
    /// An administration call contradicts the state.
    #[error("{0}")]
    Conflict(String),
    /// Fields of an administration call are wrong: their paths and why.
    #[error("fields are wrong: {0:?}")]
    BadFields(Vec<(String, String)>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The app as this server knows it; one that another program has made a moment ago is looked for.
pub async fn known_app(state: &AppState, app: AppId) -> Result<Arc<App>, ActionError> {
    let known = || state.directory().app(app).cloned();
    if let Some(app) = known() {
        return Ok(app);
    }
    state.refresh().await?;
    known().ok_or(ActionError::Missing("the app"))
}

/// An answer as it goes to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body's media type.
    pub content_type: &'static str,
    /// Names and values of further headers; pages for browsers have some.
    pub headers: &'static [(&'static str, &'static str)],
    /// JSON as a rule, or nothing.
    pub body: Bytes,
}

/// The media type of JSON.
pub const JSON: &str = "application/json";

impl Reply {
    /// 200 with this value as JSON.
    pub fn json(value: &impl serde::Serialize) -> Self {
        Self::with_status(200, value)
    }

    /// Another status with this value as JSON.
    pub fn with_status(status: u16, value: &impl serde::Serialize) -> Self {
        let mut body = Vec::with_capacity(512);
        serde_json::to_writer(&mut body, value).expect("our answers always serialise");
        Self {
            status,
            content_type: JSON,
            headers: &[],
            body: body.into(),
        }
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            content_type: JSON,
            headers: &[],
            body: Bytes::new(),
        }
    }
}
