//! One route as an operation of the document.

use serde_json::{Value, json};

use super::definitions::Definitions;
use super::responses::{self, Shared};
use super::{parameters, parts, security};
use crate::http::route::{Access, Doc, Route};

/// Describes a route.
pub fn describe(route: &Route, definitions: &mut Definitions, shared: &mut Shared) -> Value {
    let Doc {
        id,
        summary,
        parameters,
        body,
        ..
    } = &route.doc;
    let mut operation = json!({
        "tags": [parts::tag(route.path).name()],
        "operationId": id,
        "summary": summary,
        "security": security::of(route.access),
        "responses": responses::of(route, definitions, shared),
    });
    let description = description(route);
    if !description.is_empty() {
        operation["description"] = description.into();
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.iter().map(parameters::describe).collect();
    }
    if let Some(schema) = body {
        let schema = schema(&mut definitions.bodies);
        operation["requestBody"] = json!({
            "required": is_needed(&schema, definitions),
            "content": {"application/json": {"schema": schema}},
        });
    }
    operation
}

/// What the other fields cannot say: who may call it, and its older spellings.
fn description(route: &Route) -> String {
    let access = match route.access {
        Access::Open => None,
        Access::SecretKey => Some("Takes a secret key.".to_owned()),
        Access::AnyKey => Some("Takes a secret or a public key.".to_owned()),
        Access::ProfileKey => Some(
            "Takes a secret key; a public one where the app's setting `public_key_profile_calls` is on."
                .to_owned(),
        ),
        Access::Admin => Some("Takes an admin token.".to_owned()),
    };
    let aliases = route
        .aliases
        .iter()
        .map(|alias| format!("Older spelling of the path, served alike: `{alias}`."));
    access.into_iter().chain(aliases).collect::<Vec<_>>().join("\n\n")
}

/// Is there a body that must not be left out? Nothing at all is read as `{}`.
fn is_needed(schema: &Value, definitions: &Definitions) -> bool {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    let named = name.and_then(|name| definitions.bodies.definitions().get(name));
    let schema = named.unwrap_or(schema);
    let has_required = schema["required"]
        .as_array()
        .is_some_and(|names| !names.is_empty());
    has_required || schema["minProperties"].as_u64().is_some_and(|count| count > 0)
}
