//! `profile/`: create or link, read, change, delete.

use bursar_domain::fields;
use bursar_domain::profile::{ProfileChanges, Refusal, attributes, bad_profile_id, installation, person};
use serde_json::{Value, json};

use super::{show, shown_at_once};
use crate::actions::{Reply, profiles};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::Schemas;

/// `POST`: creates the profile, attaches a customer id to an anonymous one, or changes a known one.
pub async fn create(call: Call) -> Result<Reply, ApiError> {
    let changes = ProfileChanges::parse(&call.json()?, call.platform())?;
    let selector = call.selector().map_err(|refusal| match refusal {
        Refusal::NotAProfileId => Refusal::Invalid(bad_profile_id()),
        other => other,
    })?;
    let request = call.request(selector)?;
    Ok(profiles::create(&call.state, request, changes, shown_at_once(&call)).await?)
}

/// `GET`: the profile.
pub async fn read(call: Call) -> Result<Reply, ApiError> {
    let profile = profiles::read(&call.state, call.app().id, &call.selector()?).await?;
    Ok(show(&profile, call.now))
}

/// `PATCH`: changes the fields that the body names; `null` clears one.
pub async fn update(call: Call) -> Result<Reply, ApiError> {
    let changes = ProfileChanges::parse(&call.json()?, call.platform())?;
    let request = call.request(call.selector()?)?;
    Ok(profiles::update(&call.state, request, changes, shown_at_once(&call)).await?)
}

/// `DELETE`: the profile and all that is known of it. Its customer id is free again.
pub async fn delete(call: Call) -> Result<Reply, ApiError> {
    profiles::delete(&call.state, call.app(), call.selector()?, call.now).await?;
    Ok(Reply::empty(204))
}

/// The schema of the body of `POST` and `PATCH`.
pub fn schema(_: &mut Schemas) -> Value {
    let mut schema = fields::schema(person::FIELDS, |name| match name {
        "custom_attributes" => json!({
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["key", "value"],
                "properties": {
                    "key": {"type": "string", "pattern": format!("^[A-Za-z0-9._-]{{1,{}}}$", attributes::MAX_KEY)},
                    "value": {
                        "type": ["string", "number", "boolean", "null"],
                        "maxLength": attributes::MAX_VALUE,
                    },
                },
            },
        }),
        _ => fields::schema(installation::FIELDS, |_| json!({})),
    });
    // `/docs` offers it: who sends that as it stands opts nobody out.
    schema["properties"]["analytics_disabled"]["examples"] = json!([false]);
    schema
}
