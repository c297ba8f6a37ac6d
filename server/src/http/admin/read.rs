//! What handlers of the administration read from a request.

use bursar_domain::ids::AppId;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::actions::ActionError;
use crate::admin::Request;
use crate::admin::audit::Actor;
use crate::admin::fields;
use crate::admin::page::Paging;
use crate::http::call::{Call, Caller};
use crate::http::error::ApiError;

/// The app of the path, whether it exists or not.
pub fn app(call: &Call) -> Result<AppId, ApiError> {
    id(call, 0, "the app").map(AppId)
}

/// An id of the path. What is no id at all names nothing, so it does not exist.
pub fn id(call: &Call, place: usize, what: &'static str) -> Result<Uuid, ApiError> {
    Uuid::try_parse(text(call, place)).map_err(|_| ApiError::Missing(what))
}

/// A text of the path.
///
/// # Panics
/// Where the route has no such parameter.
pub fn text(call: &Call, place: usize) -> &str {
    call.path.get(place).expect("the route has so many parameters")
}

/// The body in its form. Nothing is read as `{}`.
pub fn body<T: DeserializeOwned>(call: &Call) -> Result<T, ApiError> {
    // Whether it is JSON comes before whether it is the right one.
    call.json()?;
    let is_blank = call.body.iter().all(u8::is_ascii_whitespace);
    let text: &[u8] = if is_blank { b"{}" } else { &call.body };
    Ok(fields::read_text(text)?)
}

/// No body, or an empty one: there is nothing to be said.
pub fn nothing(call: &Call) -> Result<(), ApiError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    body::<Nothing>(call).map(|Nothing {}| ())
}

/// Who changes something, when, and whether to remember it.
pub fn request(call: &Call) -> Result<Request, ApiError> {
    Ok(Request {
        remember: call.remember()?,
        ..request_each_time(call)
    })
}

/// Who does something that is done each time it is asked for, also under an idempotency key.
///
/// # Panics
/// On a route whose access is not by admin token.
pub fn request_each_time(call: &Call) -> Request {
    let Caller::Admin(token) = &call.caller else {
        unreachable!("the route lets in admin tokens only");
    };
    Request {
        actor: Actor(format!("token {}", token.prefix)),
        now: call.now,
        remember: None,
    }
}

/// A parameter of the query string. Of one that is given twice only one value could count.
pub fn query(call: &Call, name: &str) -> Result<Option<String>, ActionError> {
    let query = call.query.as_deref().unwrap_or_default();
    let parameters = form_urlencoded::parse(query.as_bytes());
    let mut values = parameters
        .filter(|(said, _)| said == name)
        .map(|(_, value)| value.into_owned());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(fields::bad(name, "is given twice")),
    }
}

/// Which page of a list is wanted.
pub fn paging(call: &Call) -> Result<Paging, ActionError> {
    let (limit, cursor) = (query(call, "limit")?, query(call, "cursor")?);
    Paging::parse(limit.as_deref(), cursor.as_deref())
}
