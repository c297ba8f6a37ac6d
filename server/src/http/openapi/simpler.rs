//! Types said in a way that generators of clients understand, where schemars says them in one that is right and that they do not.

use serde_json::{Value, json};

/// Does so with a type and those inside it.
pub fn make(schema: &mut Value) {
    list_choices(schema);
    match schema {
        Value::Object(parts) => {
            // A field that may be left out is `null` then anyway; generators ask for fields that have a default.
            if parts.get("default").is_some_and(Value::is_null) {
                parts.remove("default");
            }
            parts.values_mut().for_each(make);
        }
        Value::Array(parts) => parts.iter_mut().for_each(make),
        _ => {}
    }
}

/// Makes a choice among texts, each with a description of its own, a list: many know of the first one alone otherwise.
fn list_choices(schema: &mut Value) {
    let Some(choices) = schema["oneOf"].as_array() else {
        return;
    };
    let names: Option<Vec<&str>> = choices.iter().map(|choice| choice["const"].as_str()).collect();
    let Some(names) = names else { return };
    let mut words = schema["description"].as_str().unwrap_or_default().to_owned();
    for (name, choice) in names.iter().zip(choices) {
        let of_one = choice["description"].as_str().unwrap_or_default();
        words.push_str(&format!("\n\n* `{name}`: {of_one}"));
    }
    *schema = json!({"type": "string", "enum": names, "description": words.trim()});
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_among_texts_is_a_list_and_any_other_stays() {
        let text =
            |name: &str| json!({"type": "string", "const": name, "description": format!("Is {name}.")});
        let other = json!({"oneOf": [{"type": "null"}, text("a")]});
        let mut schema = json!({"properties": {
            "one": {"description": "Which.", "oneOf": [text("a"), text("b")]},
            "other": other.clone(),
        }});
        make(&mut schema);
        let list = json!({
            "type": "string", "enum": ["a", "b"], "description": "Which.\n\n* `a`: Is a.\n\n* `b`: Is b.",
        });
        assert_eq!(schema["properties"], json!({"one": list, "other": other}));
    }

    #[test]
    fn nothing_is_no_default() {
        let mut schema = json!({"properties": {"a": {"default": null}, "b": {"default": false}}});
        make(&mut schema);
        assert_eq!(schema["properties"], json!({"a": {}, "b": {"default": false}}));
    }
}
