//! Reads a request's body: its type, its coding, its size, in time.

use std::io::Read;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::error::ApiError;

/// The largest body, as sent and decompressed: 1 MiB.
pub const MAX_BODY: usize = 1024 * 1024;
/// How long a body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(30);
/// So much of a body that nobody wants is taken at most, for so long.
const MOST_DISCARDED: u64 = 4 * MAX_BODY as u64;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

const JSON_TYPES: [&str; 2] = ["application/json", "application/vnd.api+json"];

/// Reads the body of a request that may carry one. Where nothing was sent its type does not matter: many clients
/// name one of a form all the same.
pub async fn read(headers: &HeaderMap, body: &mut Body) -> Result<Bytes, ApiError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let form = check_type(headers).and_then(|()| check_coding(headers));
    if let Some(length) = announced(headers) {
        form.clone()?;
        if length > MAX_BODY as u64 {
            return Err(ApiError::TooLarge);
        }
    }
    let reading = Limited::new(body, MAX_BODY).collect();
    let collected = tokio::time::timeout(TIMEOUT, reading)
        .await
        .map_err(|_| ApiError::TimedOut)?;
    let bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(ApiError::TooLarge),
        Err(_) => return Err(ApiError::Unreadable("the body ended too early".into())),
    };
    if bytes.is_empty() {
        return Ok(bytes);
    }
    if form? { decompress(&bytes) } else { Ok(bytes) }
}

/// Is the body one that is not taken unless it is wanted: because its sender asks first, or for its length?
pub fn is_held_back(headers: &HeaderMap) -> bool {
    headers.contains_key(EXPECT) || announced(headers).is_some_and(|length| length > MOST_DISCARDED)
}

/// Takes what is left of a body that nobody wants, so that its connection can be used again. Answers whether that was all.
pub async fn discard(body: &mut Body) -> bool {
    let taking = async {
        let mut taken = 0;
        while let Some(Ok(frame)) = body.frame().await
            && taken <= MOST_DISCARDED
        {
            taken += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
    };
    // What takes longer is left.
    drop(tokio::time::timeout(DISCARD_TIMEOUT, taking).await);
    body.is_end_stream()
}

/// The length that the head names. Without one it shows at the end.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A body without a type is taken for JSON.
fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let value = value.to_str().unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    if JSON_TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        Ok(())
    } else {
        Err(ApiError::UnsupportedMediaType(
            "the body must be application/json",
        ))
    }
}

/// Answers whether the body is compressed.
fn check_coding(headers: &HeaderMap) -> Result<bool, ApiError> {
    let Some(value) = headers.get(CONTENT_ENCODING) else {
        return Ok(false);
    };
    match value
        .to_str()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "" | "identity" => Ok(false),
        "gzip" | "x-gzip" => Ok(true),
        _ => Err(ApiError::UnsupportedMediaType(
            "only gzip is accepted as a content encoding",
        )),
    }
}

/// Decompresses at most so much as a body may have, however much the stream would give.
fn decompress(compressed: &[u8]) -> Result<Bytes, ApiError> {
    let mut plain = Vec::new();
    let mut reader = MultiGzDecoder::new(compressed).take(MAX_BODY as u64 + 1);
    reader
        .read_to_end(&mut plain)
        .map_err(|_| ApiError::Unreadable("the body is not valid gzip".into()))?;
    if plain.len() > MAX_BODY {
        Err(ApiError::TooLarge)
    } else {
        Ok(plain.into())
    }
}
