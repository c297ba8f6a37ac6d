//! `/openapi.json`: the OpenAPI 3.1 document, made from the table of routes and the types that they name.

mod definitions;
mod names;
mod operation;
mod parameters;
mod responses;
mod security;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use self::definitions::Definitions;
use super::route::Route;
use super::router;

const DESCRIPTION: &str = "\
Profiles of subscribers, their identifiers at third parties, their purchases and access levels.\n\n\
Every path is served with and without a slash at its end. Every answer has a `Request-Id`; the log names the \
request by it. Bodies may be compressed with gzip and hold at most 1 MiB. Fields that a body of the compatible \
API does not know are ignored; those of the administration are refused.";

/// The document as it is served and checked in: pretty-printed, the same for the same code.
pub static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let text = serde_json::to_string_pretty(&document(router::routes()));
    text.expect("JSON values always serialise") + "\n"
});

/// Describes these routes.
pub fn document<'r>(routes: impl Iterator<Item = &'r Route>) -> Value {
    let mut definitions = Definitions::new();
    let mut paths = Map::new();
    let mut tags = BTreeSet::new();
    let mut responses = responses::Shared::default();
    for route in routes {
        tags.insert(names::tag(route.path));
        let operation = operation::describe(route, &mut definitions, &mut responses);
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method.to_lowercase()] = operation;
    }
    let mut document = json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Bursar",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server"}],
        "tags": tags.into_iter().map(names::Tag::describe).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "headers": responses::headers(),
            "responses": responses.describe(&mut definitions),
            "securitySchemes": security::schemes(),
        },
    });
    definitions.finish(&mut document);
    document
}
