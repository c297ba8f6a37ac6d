//! What operators and newcomers ask: health, metrics, the API's description. Open to anybody.

mod docs;
mod health;

use std::sync::Arc;

use bursar_domain::integrations::{self, Integration};
use bytes::Bytes;
use serde_json::json;

use super::openapi::DOCUMENT;
use super::route::{Access, Doc, Parameter, Route};
use crate::actions::{JSON, Reply};
use crate::directory::{App, AppIntegration};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::metrics::Now;
use crate::state::AppState;

const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All of these routes.
pub const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/livez",
        aliases: &[],
        access: Access::Open,
        handler: |call| Box::pin(health::live(call)),
        doc: Doc {
            id: "readLivez",
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
            id: "readReadyz",
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
            id: "readMetrics",
            summary: "Counters, gauges and histograms in the text form of OpenMetrics",
            parameters: &[],
            body: None,
            answer: (
                200,
                Some(|_| json!({"type": "string", "contentMediaType": METRICS})),
            ),
            refusals: &[],
        },
    },
    Route {
        method: "GET",
        path: "/openapi.json",
        aliases: &[],
        access: Access::Open,
        handler: |_| Box::pin(async { Ok(description()) }),
        doc: Doc {
            id: "readOpenapiJson",
            summary: "This description of the API (OpenAPI 3.1)",
            parameters: &[],
            body: None,
            answer: (200, Some(|_| json!({"type": "object"}))),
            refusals: &[],
        },
    },
    Route {
        method: "GET",
        path: "/docs",
        aliases: &[],
        access: Access::Open,
        handler: |_| Box::pin(async { Ok(docs::page()) }),
        doc: Doc {
            id: "readDocs",
            summary: "The API as a page on which every call can be tried",
            parameters: &[],
            body: None,
            answer: (
                200,
                Some(|_| json!({"type": "string", "contentMediaType": docs::HTML})),
            ),
            refusals: &[],
        },
    },
    Route {
        method: "GET",
        path: "/docs/{file}",
        aliases: &[],
        access: Access::Open,
        handler: |call| Box::pin(async move { docs::asset(&call) }),
        doc: Doc {
            id: "readDocsFile",
            summary: "Style sheet and scripts of the page at /docs",
            parameters: &[Parameter {
                name: "file",
                place: "path",
                description: "The file's name.",
            }],
            body: None,
            answer: (
                200,
                Some(|_| json!({"type": "string", "contentMediaType": "text/*"})),
            ),
            refusals: &[404],
        },
    },
];

fn description() -> Reply {
    Reply {
        status: 200,
        content_type: JSON,
        headers: &[],
        body: Bytes::from_static(DOCUMENT.as_bytes()),
    }
}

async fn metrics(call: Call) -> Result<Reply, ApiError> {
    let state = &call.state;
    let blocked = apps_where(state, |app, known| known.why_blocked(&app.settings).is_some());
    let paused = apps_where(state, |app, known| {
        let pauses = state.workers.pauses(&state.clock, app.id, known.integration);
        !pauses.is_empty()
    });
    let losing = apps_where(state, |app, known| {
        !state.workers.losses(app.id, known, state.clock.now()).is_empty()
    });
    let (connections_in_use, connections_limit) = state.store.pool_use();
    let text = state.metrics.encode(&Now {
        connections_in_use,
        connections_limit,
        blocked,
        paused,
        losing,
    });
    Ok(Reply {
        status: 200,
        content_type: METRICS,
        headers: &[],
        body: text.into(),
    })
}

/// For how many apps each integration is on and `is_so`.
fn apps_where(state: &AppState, is_so: impl Fn(&App, &AppIntegration) -> bool) -> Vec<(&'static str, usize)> {
    let directory = state.directory();
    let count = |integration: &Integration| {
        let is_counted = |app: &&Arc<App>| {
            let known = app.integration(integration.slug);
            known.is_some_and(|known| known.enabled && is_so(app, known))
        };
        (integration.slug, directory.apps().filter(is_counted).count())
    };
    integrations::ALL.iter().map(count).collect()
}
