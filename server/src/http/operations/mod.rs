//! What operators and newcomers ask: health, metrics, the API's description. Open to anybody.

mod health;

use super::route::{Access, Doc, Route};
use crate::actions::Reply;
use crate::http::call::Call;
use crate::http::error::ApiError;

/// All of these routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/livez",
        aliases: &[],
        access: Access::Open,
        handler: |call| Box::pin(health::live(call)),
        doc: Doc {
            summary: "Is the program running?",
            parameters: &[],
            body: None,
            answer: (200, Some(health::schema)),
            refusals: &[],
        },
    },
    Route {
        method: "GET",
        path: "/readyz",
        aliases: &[],
        access: Access::Open,
        handler: |call| Box::pin(health::ready(call)),
        doc: Doc {
            summary: "Can it answer requests? Names each dependency with its state",
            parameters: &[],
            body: None,
            answer: (200, Some(health::schema)),
            refusals: &[503],
        },
    },
    Route {
        method: "GET",
        path: "/metrics",
        aliases: &[],
        access: Access::Open,
        handler: |call| Box::pin(metrics(call)),
        doc: Doc {
            summary: "Counters and histograms in Prometheus's text form",
            parameters: &[],
            body: None,
            answer: (200, None),
            refusals: &[],
        },
    },
];

async fn metrics(call: Call) -> Result<Reply, ApiError> {
    let text = call.state.metrics.encode(call.state.store.pool_use());
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(Reply {
        status: 200,
        content_type,
        body: text.into_bytes(),
    })
}
