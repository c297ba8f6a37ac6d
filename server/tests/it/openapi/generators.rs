//! What generators of clients stumble over is not in the document, though the standard allows it.

use serde_json::Value;

use super::{document, objects};

fn is_null_alone(schema: &Value) -> bool {
    schema["type"] == "null"
}

#[test]
fn a_choice_among_texts_is_a_list() {
    let document = document();
    for schema in objects(&document) {
        assert!(schema.get("oneOf").is_none(), "{schema}");
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            assert!(!choices.iter().any(Value::is_null), "{schema}");
        }
    }
}

/// Clients that are made from the document would send it, and so set back what is not to be changed.
#[test]
fn nothing_that_may_be_left_out_of_a_change_has_a_default() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    for name in ["AppChanges", "AppSettingsBody", "CommissionBody"] {
        let fields = schemas[name]["properties"].as_object().unwrap();
        assert!(!fields.is_empty());
        for (field, schema) in fields {
            assert!(schema.get("default").is_none(), "{name}.{field}: {schema}");
        }
    }
    for schema in objects(schemas) {
        assert!(!schema.get("default").is_some_and(Value::is_null), "{schema}");
    }
}

#[test]
fn no_field_is_of_the_type_null_and_no_schema_is_a_boolean() {
    let document = document();
    for schema in objects(&document) {
        for field in schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.values())
        {
            assert!(field.is_object() && !is_null_alone(field), "{schema}");
        }
        for place in ["if", "then", "else", "not", "items"] {
            let inner = schema.get(place);
            assert!(inner.is_none_or(|inner| !inner.is_boolean()), "{place}: {schema}");
        }
    }
}
