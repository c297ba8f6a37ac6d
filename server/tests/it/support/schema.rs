//! Does a value have the form that the OpenAPI document promises? Knows the parts of JSON Schema that our answers use.

use bursar_domain::time::{parse_date, parse_time};
use serde_json::Value;

/// Follows a reference, if it is one.
pub fn resolve<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').unwrap();
            let target = document.pointer(pointer);
            resolve(
                document,
                target.unwrap_or_else(|| panic!("{reference} leads nowhere")),
            )
        }
        None => value,
    }
}

/// Panics with the place where the value is not what the schema says.
pub fn assert_fits(document: &Value, schema: &Value, value: &Value, place: &str) {
    if let Err(problem) = fits(document, schema, value, place) {
        panic!("{problem}");
    }
}

fn fits(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let schema = resolve(document, schema);
    if let Some(choices) = schema["anyOf"].as_array() {
        let fitting = choices
            .iter()
            .any(|one| fits(document, one, value, place).is_ok());
        return fitting
            .then_some(())
            .ok_or(format!("{place}: {value} is none of {choices:?}"));
    }
    if !has_type(&schema["type"], value) {
        return Err(format!("{place}: {value} is not {}", schema["type"]));
    }
    if schema["format"] == "uuid"
        && value
            .as_str()
            .is_some_and(|text| uuid::Uuid::parse_str(text).is_err())
    {
        return Err(format!("{place}: {value} is no UUID"));
    }
    let is_form = |form: &str| schema["format"] == form;
    if let Some(text) = value.as_str() {
        let is_wrong = is_form("date-time") && parse_time(text).is_none()
            || is_form("date") && parse_date(text).is_none();
        if is_wrong {
            return Err(format!("{place}: {text} is no {}", schema["format"]));
        }
    }
    let items = value.as_array().into_iter().flatten();
    for (n, item) in items.enumerate() {
        fits(document, &schema["items"], item, &format!("{place}[{n}]"))?;
    }
    object_fits(document, schema, value, place)
}

fn object_fits(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let Some(fields) = value.as_object() else {
        return Ok(());
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        if !fields.contains_key(name.as_str().unwrap()) {
            return Err(format!("{place}: {name} is missing"));
        }
    }
    let Some(known) = schema["properties"].as_object() else {
        return Ok(());
    };
    for (name, value) in fields {
        let inner = format!("{place}.{name}");
        let schema = known.get(name).ok_or(format!("{inner} is not in the document"))?;
        fits(document, schema, value, &inner)?;
    }
    Ok(())
}

fn has_type(types: &Value, value: &Value) -> bool {
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type of JSON"),
    };
    match types {
        Value::Null => true,
        Value::String(kind) => is(kind),
        several => several
            .as_array()
            .unwrap()
            .iter()
            .any(|kind| is(kind.as_str().unwrap())),
    }
}
