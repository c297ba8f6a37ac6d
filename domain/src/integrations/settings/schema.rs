//! The JSON Schema of an integration's settings, made from their list.

use serde_json::{Map, Value, json};

use super::setting::MOST_NAMES;
use super::{Kind, Setting};
use crate::events::EventKind;
use crate::fields::MAX_TEXT;

/// The schema of these settings.
pub fn of(list: &[Setting]) -> Value {
    let mut whole = table();
    for setting in list {
        let mut place = &mut whole;
        for name in setting.path.split('.') {
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
        *place = describe(setting);
    }
    whole
}

fn table() -> Value {
    json!({"type": "object", "properties": {}, "additionalProperties": false})
}

fn describe(setting: &Setting) -> Value {
    let mut schema = match setting.kind {
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
    schema["description"] = setting.about.into();
    schema["default"] = setting.default();
    schema
}

fn of_each_event(schema: &Value) -> Value {
    let events = EventKind::ALL.iter();
    let properties: Map<_, _> = events
        .map(|event| (event.as_str().to_owned(), schema.clone()))
        .collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}
