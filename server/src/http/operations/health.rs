//! `/livez` and `/readyz`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::actions::Reply;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::{Schemas, of};

/// The state of the program or of what it depends on.
#[derive(Serialize, JsonSchema)]
struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    /// Each dependency with its state.
    checks: Vec<Check>,
}

/// A dependency.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HealthCheck")]
struct Check {
    /// What is checked.
    name: &'static str,
    /// `ok` or `failing`.
    status: &'static str,
    /// What is wrong.
    reason: Option<String>,
}

/// `GET /livez`: always 200 while the program runs.
pub async fn live(_: Call) -> Result<Reply, ApiError> {
    Ok(Reply::json(&Health {
        status: "ok",
        checks: Vec::new(),
    }))
}

/// `GET /readyz`: 200 when a change can be committed, else 503 with the reason. Who asks within a second shares one
/// check.
pub async fn ready(call: Call) -> Result<Reply, ApiError> {
    let written = call.state.readiness.ask(&call.state.store).await;
    let status = if written.is_ok() { "ok" } else { "failing" };
    // The reason in full is in the log; outside it would tell of internals.
    let reason = written
        .err()
        .map(|_| "the database does not take changes; the log says why".to_owned());
    let check = Check {
        name: call.state.store.kind(),
        status,
        reason,
    };
    let code = if check.reason.is_none() { 200 } else { 503 };
    Ok(Reply::with_status(
        code,
        &Health {
            status,
            checks: vec![check],
        },
    ))
}

/// The schema of both answers.
pub fn schema(schemas: &mut Schemas) -> Value {
    of::<Health>(schemas)
}
