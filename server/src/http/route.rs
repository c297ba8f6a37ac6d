//! A route as data: one table makes the router, its guards, the OpenAPI document and the access tests.

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::call::Call;
use super::error::ApiError;
use crate::actions::Reply;

/// Answers a call that has been let in.
pub type Handler = fn(Call) -> BoxFuture<'static, Result<Reply, ApiError>>;

/// A route.
pub struct Route {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// The path with its parameters in braces. Served with and without a slash at its end.
    pub path: &'static str,
    /// Older spellings of the path, with the same handler.
    pub aliases: &'static [&'static str],
    /// Who may call it.
    pub access: Access,
    /// What it does.
    pub handler: Handler,
    /// What the OpenAPI document says of it.
    pub doc: Doc,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// A secret key; a public one where the app allows it for profile calls.
    ProfileKey,
    /// A secret key.
    SecretKey,
    /// A secret or a public key.
    AnyKey,
    /// An admin token.
    Admin,
}

/// What the OpenAPI document says of a route.
pub struct Doc {
    /// What programs call it, such as `readAppKeys`; clients that are made from the document name their functions so.
    pub id: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What it reads of the path, the query and the headers, beside the key.
    pub parameters: &'static [Parameter],
    /// The schema of its body; `None`: it reads none.
    pub body: Option<SchemaOf>,
    /// The status of its success, and the schema of that answer; `None`: it answers no body.
    pub answer: (u16, Option<SchemaOf>),
    /// The statuses of its own refusals, beside those that every guarded route has.
    pub refusals: &'static [u16],
}

/// A part of the path, a parameter of the query, or a header.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// `header`, `query` or `path`.
    pub place: &'static str,
    /// What it is for.
    pub description: &'static str,
}

/// The header of a `POST` that is to have one effect, on both APIs.
pub const IDEMPOTENCY: Parameter = Parameter {
    name: "Idempotency-Key",
    place: "header",
    description: "1 to 255 visible ASCII characters. For 24 hours the same request under it has one effect.",
};

/// Collects the schemas of named types while the document is made.
pub type Schemas = schemars::SchemaGenerator;

/// Makes the schema of a body or an answer.
pub type SchemaOf = fn(&mut Schemas) -> Value;

/// The schema of a type.
pub fn of<T: schemars::JsonSchema>(schemas: &mut Schemas) -> Value {
    schemas.subschema_for::<T>().to_value()
}
