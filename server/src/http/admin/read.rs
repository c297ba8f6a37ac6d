//! What handlers of the administration read from a request.

use bursar_domain::ids::AppId;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::actions::ActionError;
use crate::admin::Request;
use crate::admin::audit::Actor;
use crate::admin::fields::{self, Problems};
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
    Ok(fields::read_text(text_of_body(call))?)
}

/// The body in its form, as [`body`]. Where that is wrong, its `settings` are looked at all the same: one mistake hides no
/// other.
pub async fn body_with_settings<T: DeserializeOwned>(
    call: &Call,
    check: impl AsyncFnOnce(&Map<String, Json>) -> Result<(), ActionError>,
) -> Result<T, ApiError> {
    call.json()?;
    let text = text_of_body(call);
    let mut problems = Problems::default();
    if let Some(read) = problems.gather(fields::read_text(text))? {
        return Ok(read);
    }
    let whole: Json = serde_json::from_slice(text).unwrap_or_default();
    if let Some(settings) = whole["settings"].as_object() {
        match check(settings).await {
            // Where there is nothing to be set, the rest is wrong all the same.
            Err(ActionError::Missing(_)) => {}
            checked => drop(problems.gather(checked)?),
        }
    }
    Err(problems.refusal().into())
}

fn text_of_body(call: &Call) -> &[u8] {
    let is_blank = call.body.iter().all(u8::is_ascii_whitespace);
    if is_blank { b"{}" } else { &call.body }
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

/// The parameters of a list, with what is wrong with those that were looked at.
pub struct Query<'c> {
    text: &'c str,
    problems: Problems,
}

impl<'c> Query<'c> {
    /// The query string of the call.
    pub fn of(call: &'c Call) -> Self {
        Self {
            text: call.query.as_deref().unwrap_or_default(),
            problems: Problems::default(),
        }
    }

    /// The value of a parameter. Of one that is given twice only one value could count.
    pub fn value(&mut self, name: &str) -> Option<String> {
        let parameters = form_urlencoded::parse(self.text.as_bytes());
        let mut values = parameters
            .filter(|(said, _)| said == name)
            .map(|(_, value)| value.into_owned());
        let first = values.next();
        if values.next().is_some() {
            self.problems.add(name, "is given twice");
        }
        first
    }

    /// Which page of the list is wanted. The list refuses it if anything is wrong with the parameters, together with what
    /// else it finds wrong.
    pub fn paging(mut self) -> Paging {
        let (limit, cursor) = (self.value("limit"), self.value("cursor"));
        Paging::parse(limit.as_deref(), cursor.as_deref(), self.problems)
    }
}

/// Which page of a list without further parameters is wanted.
pub fn paging(call: &Call) -> Result<Paging, ActionError> {
    let paging = Query::of(call).paging();
    paging.check()?;
    Ok(paging)
}
