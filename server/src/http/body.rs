//! Reads a request's body: its type, its coding, its size, in time; and not more than fits into memory with all others.

use std::io::Read;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use bytes::{Bytes, BytesMut};
use flate2::bufread::GzDecoder;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::ApiError;

/// The largest body, as sent and decompressed: 1 MiB.
pub const MAX_BODY: usize = 1024 * 1024;
/// So much of each body takes none of the room for all: with as many connections as may be open these are 160 MiB at most.
const SMALL: usize = 16 * 1024;
/// How long a body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(30);
/// So much of a body that nobody wants is taken at most, for so long.
const MOST_DISCARDED: u64 = 4 * MAX_BODY as u64;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

const JSON_TYPES: [&str; 2] = ["application/json", "application/vnd.api+json"];

/// What a body takes of the room for all. It is given back when this is dropped.
pub struct Taken<'r> {
    room: &'r Semaphore,
    taken: Option<SemaphorePermit<'r>>,
}

impl<'r> Taken<'r> {
    fn nothing_of(room: &'r Semaphore) -> Self {
        Self { room, taken: None }
    }

    /// Takes room for what has come to be so many bytes.
    fn grow(&mut self, from: usize, to: usize) -> Result<(), ApiError> {
        let bytes = to.saturating_sub(SMALL) - from.saturating_sub(SMALL);
        if bytes == 0 {
            return Ok(());
        }
        let bytes = u32::try_from(bytes).map_err(|_| ApiError::TooLarge)?;
        let more = self.room.try_acquire_many(bytes).map_err(|_| ApiError::NoRoom)?;
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        Ok(())
    }
}

/// Reads the body of a request that may carry one, and what it takes of the room until the request is answered. Where nothing
/// was sent its type does not matter: many clients name one of a form all the same.
pub async fn read<'r>(
    headers: &HeaderMap,
    body: &mut Body,
    room: &'r Semaphore,
) -> Result<(Bytes, Taken<'r>), ApiError> {
    let mut taken = Taken::nothing_of(room);
    if body.is_end_stream() {
        return Ok((Bytes::new(), taken));
    }
    let form = check_type(headers).and_then(|()| check_coding(headers));
    let length = announced(headers);
    if let Some(length) = length {
        form.clone()?;
        if length > MAX_BODY as u64 {
            return Err(ApiError::TooLarge);
        }
    }
    let bytes = tokio::time::timeout(TIMEOUT, collect(body, &mut taken))
        .await
        .map_err(|_| ApiError::TimedOut)??;
    if bytes.is_empty() || !form? {
        return Ok((bytes, taken));
    }
    let plain = decompress(&bytes)?;
    taken.grow(0, plain.len())?;
    Ok((plain, taken))
}

/// Takes in what is sent, up to the largest body, and room for it as it comes.
async fn collect(body: &mut Body, taken: &mut Taken<'_>) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::Unreadable("the body ended too early".into()))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        let length = bytes.len() + data.len();
        if length > MAX_BODY {
            return Err(ApiError::TooLarge);
        }
        taken.grow(bytes.len(), length)?;
        bytes.extend_from_slice(data);
    }
    // One in chunks would not say of itself that it has ended.
    *body = Body::empty();
    Ok(bytes.freeze())
}

/// Is the body one that is not taken unless it is wanted: because its sender asks first, or for its length?
pub fn is_held_back(headers: &HeaderMap) -> bool {
    headers.contains_key(EXPECT) || announced(headers).is_some_and(|length| length > MOST_DISCARDED)
}

/// Takes what is left of a body that nobody wants, so that its connection can be used again. Answers whether that was all.
pub async fn discard(body: &mut Body) -> bool {
    let taking = async {
        let mut taken = 0;
        while taken <= MOST_DISCARDED {
            match body.frame().await {
                Some(Ok(frame)) => taken += frame.data_ref().map_or(0, |data| data.len() as u64),
                ended => return ended.is_none(),
            }
        }
        false
    };
    // What takes longer is left.
    tokio::time::timeout(DISCARD_TIMEOUT, taking)
        .await
        .unwrap_or(false)
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

/// Of how many members a packed body may be made. Usual senders make one; each costs as much as some kilobytes of a plain body
/// do, however little is in it.
const MOST_MEMBERS: usize = 16;

/// Decompresses at most so much as a body may have, however much the stream would give.
fn decompress(mut compressed: &[u8]) -> Result<Bytes, ApiError> {
    let mut plain = Vec::new();
    for _ in 0..MOST_MEMBERS {
        let room = MAX_BODY + 1 - plain.len();
        GzDecoder::new(&mut compressed)
            .take(room as u64)
            .read_to_end(&mut plain)
            .map_err(|_| ApiError::Unreadable("the body is not valid gzip".into()))?;
        if plain.len() > MAX_BODY {
            return Err(ApiError::TooLarge);
        }
        if compressed.is_empty() {
            return Ok(plain.into());
        }
    }
    let why = format!("the body has more than {MOST_MEMBERS} gzip members");
    Err(ApiError::Unreadable(why))
}
