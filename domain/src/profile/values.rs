//! Values by name, such as the fields of a person or a device: how a body changes them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fields::Field;
use crate::json::{Json, Object};

/// What a call asks for: fields to set, and with `None` those to clear. Of a field that comes twice the last counts.
pub type Changes = Vec<(&'static str, Option<Value>)>;

/// The changes of these fields in a body that [`crate::fields::check`] has passed.
pub fn read<'f>(fields: impl Iterator<Item = &'f Field>, body: &Object<'_>) -> Changes {
    fields
        .filter_map(|field| Some((field.name, plain(body.get(field.name)?))))
        .collect()
}

/// Sets and clears.
pub fn apply<V: Clone>(values: &mut BTreeMap<String, V>, changes: &[(impl AsRef<str>, Option<V>)]) {
    for (name, value) in changes {
        match value {
            Some(value) => values.insert(name.as_ref().to_owned(), value.clone()),
            None => values.remove(name.as_ref()),
        };
    }
}

/// A text, number or flag as it is stored; `None` for `null`. Whole numbers are stored as integers.
fn plain(value: &Json<'_>) -> Option<Value> {
    match value {
        Json::Text(text) => Some(Value::String(text.clone().into_owned())),
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "integer fields hold small numbers"
        )]
        Json::Number(number) => Some(Value::from(number.float() as i64)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
