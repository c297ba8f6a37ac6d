//! What the log tells of a request, and what it is told by: its id and its method.

use axum::http::HeaderValue;
use axum::http::header::HeaderName;
use uuid::Uuid;
use uuid::fmt::Simple;

use super::error::ApiError;
use crate::store::StoreError;

/// The header that tells a caller the id of its request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// 32 random hex digits.
pub fn request_id() -> HeaderValue {
    let mut digits = [0; Simple::LENGTH];
    let id = Uuid::new_v4().simple().encode_lower(&mut digits);
    HeaderValue::from_str(id).expect("hex digits may stand in a header")
}

/// What a log line tells of a request.
pub struct Line<'r> {
    pub id: &'r HeaderValue,
    pub method: &'static str,
    pub route: &'static str,
    pub status: u16,
    pub duration_ms: f64,
}

/// Logs a request once: a failure of ours with its reason, a refusal, or (at the level debug) a success.
pub fn log(line: &Line<'_>, failed: Option<&ApiError>) {
    let Line {
        id,
        method,
        route,
        status,
        duration_ms,
    } = line;
    let request_id = id.to_str().unwrap_or_default();
    match failed {
        Some(ApiError::Internal(source)) => {
            tracing::error!(request_id, method, route, status, duration_ms, error = %source, "a request failed");
        }
        Some(ApiError::Unavailable(source @ StoreError::TooLong)) => {
            tracing::warn!(request_id, method, route, status, duration_ms, error = %source, "a long query");
        }
        Some(ApiError::Unavailable(source)) => {
            tracing::warn!(request_id, method, route, status, duration_ms, error = %source, "no database");
        }
        Some(refusal) => {
            let code = refusal.code();
            tracing::info!(
                request_id,
                method,
                route,
                status,
                duration_ms,
                code,
                "refused a request"
            );
        }
        None => tracing::debug!(
            request_id,
            method,
            route,
            status,
            duration_ms,
            "answered a request"
        ),
    }
}

/// A method as a label; what we do not serve is one label, however it is called.
pub fn known_method(method: &str) -> &'static str {
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    known
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}
