//! The mobile SDKs' form of "add integration identifiers": the profile's id stands in the body.

use bursar_domain::fields::Violation;
use bursar_domain::ids::ProfileId;
use bursar_domain::json::{Json, Object};
use bursar_domain::profile::Refusal;
use bursar_domain::profile::identifiers::{self, IdentifierChanges};
use bursar_domain::profile::selector::Selector;
use serde_json::{Value, json};

use super::Wrapped;
use crate::actions::{Reply, profiles};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::Schemas;

const WHOLE: &str = "non_field_errors";

/// `POST /api/v1/sdk/…`: `{"data": {"profile_id": UUID, identifier: value, …}}`. Answers `{"data": null}`.
pub async fn set_identifiers(call: Call) -> Result<Reply, ApiError> {
    let (id, changes) = parsed(&call)?;
    let request = call.request(Selector::Id(id))?;
    let render = |_: &_| Reply::json(&Wrapped { data: () });
    Ok(profiles::set_identifiers(&call.state, request, changes, render).await?)
}

/// What the body says. It is large as it was read, and not kept while the change waits for its commit.
fn parsed(call: &Call) -> Result<(ProfileId, IdentifierChanges), ApiError> {
    let body = call.json()?;
    let (profile_id, changes) = read(data(&body)?)?;
    let id = ProfileId::parse(profile_id).ok_or(Refusal::NotAProfileId)?;
    Ok((id, changes))
}

fn data<'b, 'a>(body: &'b Object<'a>) -> Result<&'b Object<'a>, ApiError> {
    match body.get("data") {
        Some(Json::Object(data)) => Ok(data),
        Some(_) => Err(Violation::base("data", "must be an object").into()),
        None => Err(Violation::base("data", "is required").into()),
    }
}

/// The profile's id as it was sent, and the changes; or everything that is wrong, in body order.
fn read<'b>(data: &'b Object<'_>) -> Result<(&'b str, IdentifierChanges), Vec<Violation>> {
    let profile_id = match data.get("profile_id") {
        Some(Json::Text(id)) => Ok(id.as_ref()),
        Some(_) => Err(Violation::base("profile_id", "must be the profile's id, a UUID")),
        None => Err(Violation::base("profile_id", "is required")),
    };
    let (id, mut found) = match (profile_id, IdentifierChanges::parse(data)) {
        (Ok(id), Ok(changes)) => return Ok((id, changes)),
        (Ok(_), Err(found)) => (None, found),
        (Err(id), changes) => (Some(id), changes.err().unwrap_or_default()),
    };
    if id.is_some() {
        // What is about the whole body is told when its fields are right.
        found.retain(|violation| violation.source != WHOLE);
    }
    found.extend(id);
    let place = |violation: &Violation| data.iter().position(|(name, _)| name == violation.source);
    // What stands nowhere in the body comes last.
    found.sort_by_key(|violation| place(violation).unwrap_or(usize::MAX));
    for violation in found.iter_mut().filter(|violation| violation.source != WHOLE) {
        violation.source.insert_str(0, "data.");
    }
    Err(found)
}

/// The schema of the body.
pub fn schema(_: &mut Schemas) -> Value {
    let mut data = identifiers::schema(false);
    data["properties"]["profile_id"] = json!({"type": "string", "format": "uuid"});
    data["required"] = json!(["profile_id"]);
    json!({"type": "object", "required": ["data"], "properties": {"data": data}})
}
