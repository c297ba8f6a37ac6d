//! Replies and refusals as answers on the wire, each refusal in the form of its API.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::body;
use super::error::ApiError;
use crate::actions::Reply;

/// What a request was refused for, or failed with.
#[derive(Clone)]
pub struct Failed(pub ApiError);

/// A reply as an answer.
pub fn success(reply: Reply) -> Response {
    let is_empty = reply.body.is_empty();
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).expect("our statuses are valid");
    if !is_empty {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    }
    for (name, value) in reply.headers {
        let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
        response.headers_mut().insert(name, value);
    }
    response
}

/// The answer to a request that no route takes.
pub async fn refuse(error: ApiError, request: Request) -> Response {
    let is_held_back = body::is_held_back(request.headers());
    let response = failure(error, is_admin(request.uri().path()));
    without_rest(response, request.into_body(), is_held_back).await
}

/// The answer, once nothing of the request is left on its connection; else one that says that it is the last there.
pub async fn without_rest(mut response: Response, mut sent: Body, is_held_back: bool) -> Response {
    let is_all = sent.is_end_stream() || !is_held_back && body::discard(&mut sent).await;
    if !is_all {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// A refusal or failure as an answer.
pub fn failure(error: ApiError, is_admin: bool) -> Response {
    let (body, kind, scheme) = if is_admin {
        (error.problem(), "application/problem+json", "Bearer")
    } else {
        (error.body(), "application/json", "Api-Key")
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(error.status()).expect("our statuses are valid");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if matches!(error, ApiError::NotAuthenticated) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(Failed(error));
    response
}

/// Is it a path of the administration?
pub fn is_admin(path: &str) -> bool {
    path.starts_with("/admin/v1/")
}
