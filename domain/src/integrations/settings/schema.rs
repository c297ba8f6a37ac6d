//! The JSON Schema of an integration's settings, made from its fields.

use serde_json::{Map, Value, json};

use super::field::MOST_NAMES;
use super::{Field, Kind};
use crate::events::EventKind;
use crate::fields::MAX_TEXT;

/// The schema of settings with these fields.
pub fn of(fields: &[Field]) -> Value {
    let mut whole = table();
    for field in fields {
        let mut place = &mut whole;
        for name in field.path.split('.') {
            if name == "*" {
                place["maxProperties"] = MOST_NAMES.into();
                place = &mut place["additionalProperties"];
                continue;
            }
            if !place["properties"].is_object() {
                *place = table();
            }
            place = &mut place["properties"][name];
        }
        *place = describe(field);
    }
    whole
}

fn table() -> Value {
    json!({"type": "object", "properties": {}, "additionalProperties": false})
}

fn describe(field: &Field) -> Value {
    let mut schema = match field.kind {
        Kind::Url(_) => json!({"type": ["string", "null"], "format": "uri"}),
        Kind::Secret(_) => json!({"type": ["string", "null"], "format": "password"}),
        Kind::Text(_) => json!({"type": ["string", "null"]}),
        Kind::Switch(_) => json!({"type": "boolean"}),
        Kind::Number(min, max, _) => json!({"type": ["integer", "null"], "minimum": min, "maximum": max}),
        Kind::Choice(choices) => json!({"type": "string", "enum": choices}),
        Kind::EventSwitches => of_each_event(&json!({"type": "boolean"})),
        Kind::EventNames(_) => of_each_event(&json!({"type": "string", "maxLength": MAX_TEXT})),
        Kind::Own(shape) => (shape.schema)(),
    };
    schema["description"] = field.about.into();
    schema["default"] = field.default();
    schema
}

fn of_each_event(schema: &Value) -> Value {
    let events = EventKind::ALL.iter();
    let properties: Map<_, _> = events
        .map(|event| (event.as_str().to_owned(), schema.clone()))
        .collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}
