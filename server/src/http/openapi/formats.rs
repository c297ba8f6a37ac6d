//! The form of a text, by the name of the parameter or field that holds it: one name means the same thing everywhere.

use serde_json::Value;

/// What a schema says of such a text beside its type: the keyword and its value. Times also come in without an offset or with a
/// space, which no format knows; what the document says of these at its head holds for all of them.
pub fn of(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "app" | "token_id" | "profile_id" | "event_id" | "key_id" | "replay_id" => Some(("format", "uuid")),
        "from" | "to" => Some(("format", "date")),
        "after" | "before" | "at" | "now" => Some(("format", "date-time")),
        "usd" => Some(("pattern", r"^(?=.*[1-9])[0-9]+(\.[0-9]+)?$")),
        name => name.ends_with("_at").then_some(("format", "date-time")),
    }
}

/// Says it of each field of a type, and of those inside it, that says nothing of the kind itself.
pub fn tell(schema: &mut Value) {
    match schema {
        Value::Object(parts) => {
            let fields = parts.get_mut("properties").and_then(Value::as_object_mut);
            for (name, field) in fields.into_iter().flatten() {
                tell_of(name, field);
            }
            parts.values_mut().for_each(tell);
        }
        Value::Array(parts) => parts.iter_mut().for_each(tell),
        _ => {}
    }
}

fn tell_of(name: &str, field: &mut Value) {
    let kind = &field["type"];
    let is_text = kind == "string" || kind[0] == "string";
    let is_told = ["format", "pattern", "enum"]
        .iter()
        .any(|keyword| field.get(keyword).is_some());
    if let Some((keyword, value)) = of(name).filter(|_| is_text && !is_told) {
        field[keyword] = value.into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_alone_are_told_of_and_only_what_is_not_said_yet() {
        let mut schema = json!({"properties": {
            "ends_at": {"type": ["string", "null"]},
            "before": {"description": "How it was."},
            "from": {"type": "string", "pattern": "^x$"},
            "at": {"type": "integer"},
            "all": {"type": "array", "items": {"properties": {"to": {"type": "string"}}}},
        }});
        tell(&mut schema);
        let fields = &schema["properties"];
        assert_eq!(fields["ends_at"]["format"], "date-time");
        assert_eq!(fields["before"], json!({"description": "How it was."}));
        assert_eq!(fields["from"], json!({"type": "string", "pattern": "^x$"}));
        assert_eq!(fields["at"], json!({"type": "integer"}));
        assert_eq!(fields["all"]["items"]["properties"]["to"]["format"], "date");
    }
}
