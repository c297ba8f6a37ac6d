//! The mobile SDKs' form of "add integration identifiers": the profile's id stands in the body.

use bursar_domain::fields::Violation;
use bursar_domain::identifiers::{self, IdentifierChanges};
use bursar_domain::json::{Json, Object};
use bursar_domain::selector::Selector;
use serde_json::{Value, json};

use super::Wrapped;
use crate::actions::{Reply, profiles};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Schemas, refuse};

/// `POST /api/v1/sdk/…`: `{"data": {"profile_id": UUID, identifier: value, …}}`. Answers `{"data": null}`.
pub async fn set_identifiers(call: Call) -> Result<Reply, ApiError> {
    let body = call.json()?;
    let data = data(&body)?;
    let changes = IdentifierChanges::parse(data)?;
    let Some(Json::Text(profile_id)) = data.get("profile_id") else {
        return Err(refuse(Violation::base(
            "profile_id",
            "must be the profile's id, a UUID",
        )));
    };
    let request = call.request(Selector::new(Some(profile_id), None)?)?;
    let render = |_: &_| Reply::json(&Wrapped { data: () });
    Ok(profiles::set_identifiers(&call.state, request, changes, render).await?)
}

fn data<'b, 'a>(body: &'b Object<'a>) -> Result<&'b Object<'a>, ApiError> {
    match body.get("data") {
        Some(Json::Object(data)) => Ok(data),
        Some(_) => Err(refuse(Violation::base("data", "must be an object"))),
        None => Err(refuse(Violation::base("data", "is required"))),
    }
}

/// The schema of the body.
pub fn schema(_: &mut Schemas) -> Value {
    let mut data = identifiers::schema(false);
    data["properties"]["profile_id"] = json!({"type": "string", "format": "uuid"});
    data["required"] = json!(["profile_id"]);
    json!({"type": "object", "required": ["data"], "properties": {"data": data}})
}
