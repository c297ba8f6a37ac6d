//! The named types of the document. What a body may leave out, an answer always has, so bodies and answers are
//! described apart; a type that comes out differently in a body is called `…Body` there.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::{formats, simpler};
use crate::http::route::Schemas;

const SCHEMAS: &str = "#/components/schemas/";
/// Where types in bodies stand until all are known.
const BODIES: &str = "#/components/bodies/";

/// Collects the named types.
pub struct Definitions {
    /// Of what callers send.
    pub bodies: Schemas,
    /// Of what they get.
    pub answers: Schemas,
}

impl Definitions {
    /// None yet.
    pub fn new() -> Self {
        let at = |path: &'static str| {
            SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = path.into())
        };
        Self {
            bodies: at("/components/bodies").for_deserialize().into_generator(),
            answers: at("/components/schemas").for_serialize().into_generator(),
        }
    }

    /// Puts the types into the document and points every reference at them.
    pub fn finish(mut self, document: &mut Value) {
        let mut bodies = self.bodies.take_definitions(true);
        let mut schemas = self.answers.take_definitions(true);
        for schema in bodies.values_mut().chain(schemas.values_mut()) {
            formats::tell(schema);
            simpler::make(schema);
        }
        let own = differing(&bodies, &schemas);
        for (name, schema) in bodies {
            schemas.insert(body_name(&name, &own), schema);
        }
        document["components"]["schemas"] = Value::Object(schemas);
        point(document, &own);
    }
}

fn body_name(name: &str, own: &BTreeSet<String>) -> String {
    if own.contains(name) {
        format!("{name}Body")
    } else {
        name.to_owned()
    }
}

/// The types that bodies and answers share in name but not in form, or that refer to such a type.
fn differing(bodies: &Map<String, Value>, answers: &Map<String, Value>) -> BTreeSet<String> {
    let shared = bodies.iter().filter(|(name, _)| answers.contains_key(*name));
    let mut own = BTreeSet::new();
    loop {
        let known = own.len();
        for (name, body) in shared.clone() {
            let mut body = body.clone();
            point(&mut body, &own);
            if answers[name] != body {
                own.insert(name.clone());
            }
        }
        if own.len() == known {
            return own;
        }
    }
}

/// Points references to types in bodies at their final places.
fn point(value: &mut Value, own: &BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str().and_then(|text| text.strip_prefix(BODIES)) {
                    Some(name) if key == "$ref" => {
                        *value = (SCHEMAS.to_owned() + &body_name(name, own)).into()
                    }
                    _ => point(value, own),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point(item, own)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn types(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_type_that_is_the_same_in_both_is_shared() {
        let bodies = types(json!({"A": {"$ref": "#/components/bodies/B"}, "B": {"type": "string"}}));
        let answers = types(json!({"A": {"$ref": "#/components/schemas/B"}, "B": {"type": "string"}}));
        assert!(differing(&bodies, &answers).is_empty());
    }

    #[test]
    fn a_type_that_differs_takes_those_that_refer_to_it_along() {
        let bodies = types(json!({"A": {"$ref": "#/components/bodies/B"}, "B": {"type": "string"}}));
        let answers = types(json!({"A": {"$ref": "#/components/schemas/B"}, "B": {"type": "null"}}));
        let own = differing(&bodies, &answers);
        assert_eq!(own, BTreeSet::from(["A".to_owned(), "B".to_owned()]));
        let mut reference = json!({"$ref": "#/components/bodies/A"});
        point(&mut reference, &own);
        assert_eq!(reference, json!({"$ref": "#/components/schemas/ABody"}));
    }
}
