//! Headers, query and path parameters with the types of their values.

use bursar_domain::events::EventKind;
use bursar_domain::fields::NO_CONTROL;
use bursar_domain::integrations;
use bursar_domain::profile::installation::HEADER_PLATFORMS;
use bursar_domain::profile::selector::MAX_CUSTOMER_ID;
use serde_json::{Value, json};

use super::formats;
use crate::admin::fields::MAX_TEXT;
use crate::admin::page::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::admin::search::MAX_QUERY;
use crate::http::route::Parameter;
use crate::store::tables::delivery_states::DeliveryState;

/// An empty header counts as absent.
const UUID_OR_EMPTY: &str = "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?$";

/// Describes a parameter.
pub fn describe(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path" || parameter.name == "query",
        "description": parameter.description,
        "schema": schema(parameter.name),
    })
}

/// The type of a value, by the parameter's name: one name means the same thing everywhere.
fn schema(name: &str) -> Value {
    match name {
        "adapty-customer-user-id" => {
            json!({"type": "string", "maxLength": MAX_CUSTOMER_ID, "pattern": NO_CONTROL})
        }
        "adapty-profile-id" => json!({"type": "string", "pattern": UUID_OR_EMPTY}),
        "adapty-platform" => json!({"type": "string", "examples": HEADER_PLATFORMS}),
        "Idempotency-Key" => json!({"type": "string", "pattern": "^[!-~]{1,255}$"}),
        "limit" => {
            json!({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT})
        }
        "event_type" => json!({"type": "string", "enum": EventKind::ALL}),
        "order" => json!({"type": "string", "enum": ["asc", "desc"]}),
        "delivery_id" => {
            json!({"type": "string", "examples": ["3fa85f64-5717-4562-b3fc-2c963f66afa6:webhook"]})
        }
        "state" => json!({"type": "string", "enum": DeliveryState::ALL}),
        "slug" | "integration" => {
            json!({"type": "string", "enum": integrations::slugs().collect::<Vec<_>>()})
        }
        "id" | "store" | "store_product_id" => {
            json!({"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": NO_CONTROL})
        }
        "query" => json!({"type": "string", "minLength": 1, "maxLength": MAX_QUERY}),
        "currency" => json!({"type": "string", "pattern": "^[A-Za-z]{3}$", "examples": ["EUR"]}),
        _ => {
            let mut text = json!({"type": "string"});
            if let Some((keyword, value)) = formats::of(name) {
                text[keyword] = value.into();
            }
            text
        }
    }
}
