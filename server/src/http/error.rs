//! Every refusal and failure, and the one table that turns it into an answer.

use std::sync::Arc;

use bursar_domain::fields::Violation;
use bursar_domain::json::JsonError;
use bursar_domain::profile::Refusal;
use serde::Serialize;

use crate::actions::ActionError;
use crate::store::StoreError;

const WHOLE: Option<&str> = Some("non_field_errors");
const IDEMPOTENCY_KEY: Option<&str> = Some("Idempotency-Key");

/// Why a request is not answered with success.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApiError {
    /// No key, a wrong key, or a key that may not do this.
    #[error("a valid key that allows this call is required")]
    NotAuthenticated,
    /// No such path.
    #[error("there is nothing at this path")]
    NoSuchPath,
    /// The path exists, but not for this method.
    #[error("this method is not allowed here")]
    MethodNotAllowed,
    /// The body's type or coding is not one that is read.
    #[error("{0}")]
    UnsupportedMediaType(&'static str),
    /// The body is too large.
    #[error("the body is larger than 1 MiB")]
    TooLarge,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    TimedOut,
    /// The key has made too many requests.
    #[error("too many requests with this key")]
    RateLimited,
    /// The body cannot be read as what it should be.
    #[error("{0}")]
    Unreadable(String),
    /// Fields, headers or the request as a whole are wrong. Never empty.
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    /// Which profile is meant does not exist.
    #[error("the profile does not exist")]
    NoSuchProfile,
    /// The idempotency key is not usable.
    #[error("an idempotency key is 1 to 255 visible ASCII characters")]
    BadIdempotencyKey,
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// What an administration call names does not exist.
    #[error("{0} does not exist")]
    Missing(&'static str),
    /// An administration call contradicts the state.
    #[error("{0}")]
    Conflict(String),
    /// Fields of an administration call are wrong: their names and why.
    #[error("the request is not valid")]
    Unprocessable(Vec<(String, String)>),
    /// The database is away, full or too busy, or the query takes too long.
    #[error("the server cannot do this at the moment; try again soon")]
    Unavailable(#[source] StoreError),
    /// The bodies of other requests take up all memory that there is for them.
    #[error("the server has too many large bodies to read at the moment; try again soon")]
    NoRoom,
    /// Our fault.
    #[error("an internal error")]
    Internal(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// What callers see of a refusal or failure, beside its text.
struct Shown {
    status: u16,
    code: &'static str,
    source: Option<&'static str>,
}

impl ApiError {
    fn shown(&self) -> Shown {
        let (status, code, source) = match self {
            Self::NotAuthenticated => (401, "not_authenticated", WHOLE),
            Self::NoSuchPath => (404, "not_found", None),
            Self::MethodNotAllowed => (405, "method_not_allowed", None),
            Self::UnsupportedMediaType(_) => (415, "unsupported_media_type", None),
            Self::TooLarge => (413, "request_too_large", None),
            Self::TimedOut => (408, "request_timeout", None),
            Self::RateLimited => (429, "rate_limited", None),
            Self::Unreadable(_) => (400, "parse_error", None),
            Self::Invalid(violations) => (
                400,
                violations.first().map_or("validation_error", |first| first.code),
                WHOLE,
            ),
            Self::NoSuchProfile => (404, "profile_does_not_exist", None),
            Self::BadIdempotencyKey => (400, "idempotency_key_invalid", IDEMPOTENCY_KEY),
            Self::IdempotencyKeyReused => (422, "idempotency_key_reused", IDEMPOTENCY_KEY),
            Self::Missing(_) => (404, "does_not_exist", None),
            Self::Conflict(_) => (409, "conflict", None),
            Self::Unprocessable(_) => (422, "validation_error", WHOLE),
            Self::Unavailable(_) | Self::NoRoom => (503, "unavailable", None),
            Self::Internal(_) => (500, "internal_error", None),
        };
        Shown { status, code, source }
    }

    /// A handler panicked.
    pub fn panicked() -> Self {
        Self::Internal(Arc::new(StoreError::Internal(
            "a handler panicked; its place stands above".into(),
        )))
    }

    /// Is it that a profile cannot be read?
    pub fn is_of_profile(&self) -> bool {
        let error = match self {
            Self::Internal(source) => source.downcast_ref::<StoreError>(),
            _ => None,
        };
        error.is_some_and(StoreError::is_of_profile)
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.shown().status
    }

    /// The short name for machines.
    pub fn code(&self) -> &'static str {
        self.shown().code
    }

    /// Seconds after which another try makes sense.
    pub fn retry_after(&self) -> Option<u32> {
        matches!(self, Self::RateLimited | Self::Unavailable(_) | Self::NoRoom).then_some(1)
    }

    /// The body on the compatible API.
    pub fn body(&self) -> Vec<u8> {
        let Shown { status, code, source } = self.shown();
        let mut errors: Vec<ErrorEntry> = Vec::new();
        match self {
            Self::Invalid(violations) => {
                for violation in violations {
                    errors.push(ErrorEntry::new(Some(&violation.source), &violation.message));
                }
            }
            other => errors.push(ErrorEntry::new(source, &other.to_string())),
        }
        json(&ErrorBody {
            errors,
            error_code: code,
            status_code: status,
        })
    }

    /// The body on the administration API (RFC 9457).
    pub fn problem(&self) -> Vec<u8> {
        let Shown { status, code, .. } = self.shown();
        let field = |(field, detail): (String, String)| ProblemField { field, detail };
        let errors = match self {
            Self::Unprocessable(fields) => fields.iter().cloned().map(field).collect(),
            Self::Invalid(violations) => {
                let pairs = violations
                    .iter()
                    .map(|one| (one.source.clone(), one.message.clone()));
                pairs.map(field).collect()
            }
            _ => Vec::new(),
        };
        json(&Problem {
            kind: "about:blank",
            title: code,
            status,
            detail: self.to_string(),
            errors,
        })
    }
}

/// The body of every error of the compatible API.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Error")]
pub struct ErrorBody {
    /// One entry for each failing field.
    pub errors: Vec<ErrorEntry>,
    /// A short name for machines.
    pub error_code: &'static str,
    /// The HTTP status.
    pub status_code: u16,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct ErrorEntry {
    /// The failing field, `non_field_errors` for the request as a whole, or `null`.
    pub source: Option<String>,
    /// What is wrong, for people.
    pub errors: Vec<String>,
}

impl ErrorEntry {
    fn new(source: Option<&str>, message: &str) -> Self {
        Self {
            source: source.map(str::to_owned),
            errors: vec![message.to_owned()],
        }
    }
}

/// The body of every error of the administration API (RFC 9457).
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Problem {
    /// Always `about:blank`: the title tells the kind.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// A short name for machines.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, for people.
    pub detail: String,
    /// One entry for each bad field.
    pub errors: Vec<ProblemField>,
}

/// A bad field or parameter of an administration call.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct ProblemField {
    /// Its path in the body; or the name of a parameter, or of a part of the path.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our answers always serialise")
}

impl From<JsonError> for ApiError {
    fn from(error: JsonError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<Violation> for ApiError {
    fn from(violation: Violation) -> Self {
        Self::Invalid(vec![violation])
    }
}

impl From<Vec<Violation>> for ApiError {
    fn from(violations: Vec<Violation>) -> Self {
        Self::Invalid(violations)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoSuchProfile | Refusal::NotAProfileId => Self::NoSuchProfile,
            Refusal::Invalid(violation) => violation.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Overloaded | StoreError::TooLong => {
                Self::Unavailable(error)
            }
            StoreError::Address(_)
            | StoreError::Encoding(_)
            | StoreError::Corrupt(_)
            | StoreError::Unreadable(..)
            | StoreError::Statement(_)
            | StoreError::Internal(_) => Self::Internal(Arc::new(error)),
        }
    }
}

impl From<ActionError> for ApiError {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Refused(refusal) => refusal.into(),
            ActionError::KeyReused => Self::IdempotencyKeyReused,
            ActionError::Missing(what) => Self::Missing(what),
            ActionError::Conflict(why) => Self::Conflict(why),
            ActionError::BadFields(fields) => Self::Unprocessable(fields),
            ActionError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_answered_with_503_and_when_to_come_back() {
        let closed = std::io::Error::other("closed");
        for (error, status, retry_after) in [
            (StoreError::Overloaded, 503, Some(1)),
            (StoreError::TooLong, 503, Some(1)),
            (StoreError::Unavailable(Arc::new(closed)), 503, Some(1)),
            (StoreError::Corrupt("a row".into()), 500, None),
            (StoreError::Internal("a fault".into()), 500, None),
        ] {
            let shown = error.to_string();
            let error = ApiError::from(ActionError::Store(error));
            assert_eq!(
                (error.status(), error.retry_after()),
                (status, retry_after),
                "{shown}"
            );
        }
    }
}
