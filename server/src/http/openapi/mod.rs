//! `/openapi.json`: the OpenAPI 3.1 document, made from the table of routes and the types that they name.

mod definitions;

mod formats;
mod operation;
mod parameters;
mod parts;
mod responses;
mod security;
mod simpler;

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
API does not know are ignored; those of the administration are refused. Unknown parameters of a query are ignored \
everywhere. A time without an offset is UTC.";

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
        tags.insert(parts::tag(route.path));
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
        "tags": tags.into_iter().map(parts::Tag::describe).collect::<Vec<_>>(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::ApiError;
    use crate::http::route::{Access, Doc, Parameter, of};

    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Label {
        #[serde(default)]
        text: String,
    }

    const ADMIN: Route = Route {
        method: "PUT",
        path: "/admin/v1/apps/{app}/keys/{key_id}",
        aliases: &[],
        access: Access::Admin,
        handler: |_| Box::pin(async { Err(ApiError::NoSuchPath) }),
        doc: Doc {
            id: "setAppKey",
            summary: "Label a key",
            parameters: &[Parameter {
                name: "key_id",
                place: "path",
                description: "The key.",
            }],
            body: Some(of::<Label>),
            answer: (200, Some(of::<Label>)),
            refusals: &[404, 422],
        },
    };

    #[test]
    fn an_administration_route_is_described_as_one() {
        let document = document([&ADMIN].into_iter());
        let operation = &document["paths"][ADMIN.path]["put"];
        assert_eq!(operation["operationId"], "setAppKey");
        assert_eq!(operation["tags"], json!(["Administration"]));
        assert_eq!(operation["security"], json!([{"AdminToken": []}]));
        assert_eq!(operation["parameters"][0]["schema"]["format"], "uuid");
        let refusal = &operation["responses"]["422"]["$ref"];
        assert_eq!(refusal, "#/components/responses/Problem422");
        assert!(
            document["components"]["responses"]["Problem422"]["content"]["application/problem+json"]
                .is_object()
        );
    }

    #[test]
    fn a_field_that_a_body_may_leave_out_is_always_in_the_answer() {
        let document = document([&ADMIN].into_iter());
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["LabelBody"]["required"], Value::Null);
        assert_eq!(schemas["Label"]["required"], json!(["text"]));
        let body = &document["paths"][ADMIN.path]["put"]["requestBody"];
        assert_eq!(body["required"], false);
        assert_eq!(
            body["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/LabelBody"
        );
    }
}
