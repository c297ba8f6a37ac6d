//! How callers prove who they are.

use serde_json::{Value, json};

use crate::http::route::Access;

/// The schemes.
pub fn schemes() -> Value {
    let key =
        |text: &str| json!({"type": "apiKey", "in": "header", "name": "Authorization", "description": text});
    json!({
        "SecretKey": key(
            "The header's value is `Api-Key`, a space, and a secret key of the app. For backends alone: it may do \
             everything in its app.",
        ),
        "PublicKey": key(
            "The header's value is `Api-Key`, a space, and a public key of the app. May stand in apps that are given \
             to customers.",
        ),
        "AdminToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "An admin token: `Authorization: Bearer` and the token.",
        },
    })
}

/// What a route asks for.
pub fn of(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::SecretKey => json!([{"SecretKey": []}]),
        Access::AnyKey | Access::ProfileKey => json!([{"SecretKey": []}, {"PublicKey": []}]),
        Access::Admin => json!([{"AdminToken": []}]),
    }
}
