//! Answers: the success of a route, and the refusals, which are shared by all routes of an API.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::definitions::Definitions;
use crate::actions::JSON;
use crate::http::error::{ErrorBody, Problem};
use crate::http::route::{Access, Route, Schemas, of as schema_of};

/// The refusals that some route has: those of the administration (`true`) and of the compatible API, by status.
#[derive(Default)]
pub struct Shared(BTreeSet<(bool, u16)>);

impl Shared {
    /// Notes a refusal and answers the reference to it.
    fn refer(&mut self, is_admin: bool, status: u16) -> Value {
        self.0.insert((is_admin, status));
        json!({"$ref": format!("#/components/responses/{}", name(is_admin, status))})
    }

    /// The noted refusals, for the document's components.
    pub fn describe(self, definitions: &mut Definitions) -> Value {
        let noted = self.0.into_iter();
        noted
            .map(|(is_admin, status)| (name(is_admin, status), refusal(is_admin, status, definitions)))
            .collect::<Map<_, _>>()
            .into()
    }
}

/// All answers of a route, by status.
pub fn of(route: &Route, definitions: &mut Definitions, shared: &mut Shared) -> Value {
    let (status, schema) = route.doc.answer;
    let body = schema.map(|schema| schema(&mut definitions.answers));
    let mut answers = Map::new();
    answers.insert(status.to_string(), success(status, body.clone()));
    for status in refusals(route) {
        // An open route has nobody to refuse: its other answers (not ready) have the form of its success.
        let answer = match (route.access, &body) {
            (Access::Open, Some(body)) if status == 503 => success(status, Some(body.clone())),
            (access, _) => shared.refer(access == Access::Admin, status),
        };
        answers.insert(status.to_string(), answer);
    }
    answers.into()
}

/// The statuses of a route's refusals: its own, and those of the checks that it passes before its handler.
fn refusals(route: &Route) -> BTreeSet<u16> {
    let guard: &[u16] = match route.access {
        Access::Open => &[],
        Access::AnyKey | Access::ProfileKey | Access::SecretKey => &[401, 429, 500, 503],
        Access::Admin => &[401, 500, 503],
    };
    let reading: &[u16] = match route.method {
        "POST" | "PUT" | "PATCH" => &[400, 408, 413, 415],
        _ => &[],
    };
    [route.doc.refusals, guard, reading]
        .concat()
        .into_iter()
        .collect()
}

fn success(status: u16, schema: Option<Value>) -> Value {
    let mut answer = json!({"description": meaning(status), "headers": {"Request-Id": header("Request-Id")}});
    if let Some(schema) = schema {
        let kind = schema["contentMediaType"].as_str().unwrap_or(JSON).to_owned();
        answer["content"] = json!({kind: {"schema": schema}});
    }
    answer
}

fn refusal(is_admin: bool, status: u16, definitions: &mut Definitions) -> Value {
    let schemas: &mut Schemas = &mut definitions.answers;
    let (kind, schema) = if is_admin {
        ("application/problem+json", schema_of::<Problem>(schemas))
    } else {
        (JSON, schema_of::<ErrorBody>(schemas))
    };
    let mut headers = json!({"Request-Id": header("Request-Id")});
    match status {
        401 => headers["WWW-Authenticate"] = header("WWW-Authenticate"),
        429 | 503 => headers["Retry-After"] = header("Retry-After"),
        _ => {}
    }
    let codes = codes(is_admin, status);
    json!({
        "description": format!("{} {codes}", meaning(status)).trim_end(),
        "headers": headers,
        "content": {kind: {"schema": schema}},
    })
}

/// The short names that a refusal with this status has.
fn codes(is_admin: bool, status: u16) -> &'static str {
    match (is_admin, status) {
        (true, 400) => "`parse_error`, `idempotency_key_invalid`.",
        (false, 400) => {
            "`parse_error`, `base_error`, `enum`, `datetime`, `validation_error`, `value_error`, \
             `idempotency_key_invalid`, or what a rule of the call is called, such as `missing_offer_id`."
        }
        (_, 401) => "`not_authenticated`.",
        (true, 404) => "`does_not_exist`, or `not_found` for a path that there is not.",
        (false, 404) => "`profile_does_not_exist`, or `not_found` for a path that there is not.",
        (_, 408) => "`request_timeout`.",
        (_, 409) => "`conflict`.",
        (_, 413) => "`request_too_large`.",
        (_, 415) => "`unsupported_media_type`.",
        (true, 422) => "`validation_error`: fields or parameters are wrong; `idempotency_key_reused`.",
        (false, 422) => "`idempotency_key_reused`: the key was used for another request.",
        (_, 429) => "`rate_limited`.",
        (_, 500) => "`internal_error`.",
        (_, 503) => "`unavailable`.",
        _ => "",
    }
}

fn name(is_admin: bool, status: u16) -> String {
    format!("{}{status}", if is_admin { "Problem" } else { "Error" })
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// The headers that answers share.
pub fn headers() -> Value {
    let header = |kind: &str, text: &str| json!({"description": text, "schema": {"type": kind}});
    json!({
        "Request-Id": header("string", "Names this request in the log."),
        "Retry-After": header("integer", "Seconds after which another try makes sense."),
        "WWW-Authenticate": header("string", "The scheme of the credential that is missing or wrong."),
    })
}

fn meaning(status: u16) -> &'static str {
    match status {
        200 => "Done.",
        201 => "Made.",
        202 => "Accepted; it is done soon.",
        204 => "Done; there is nothing to say.",
        400 => "The request cannot be read, or fields or headers are wrong.",
        401 => "No key or token, a wrong one, or one that may not do this.",
        404 => "What the request names does not exist.",
        408 => "The body did not arrive in time.",
        409 => "The request contradicts the state.",
        413 => "The body is larger than 1 MiB.",
        415 => "The body's type or coding is not one that is read.",
        422 => "The request can be read but not done.",
        429 => "Too many requests with this key.",
        500 => "An error of the server.",
        503 => "The server cannot do this at the moment.",
        _ => "Refused.",
    }
}
