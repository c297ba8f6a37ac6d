//! From a request to its handler and back: the order of checks is route and method, key, rate limit, content type and
//! syntax, fields, profile, rules.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use prometheus_client::metrics::counter::Counter;
use tower::ServiceExt;
use tracing::Instrument;

use super::answer::{Failed, failure, is_admin, refuse, success, without_rest};
use super::call::{Call, Caller};
use super::error::ApiError;
use super::request_log::{Line, REQUEST_ID, known_method, log, request_id};
use super::route::{Access, Route};
use super::{admin, body, compat, guard, operations};
use crate::actions::Reply;
use crate::keys::KeyKind;
use crate::state::AppState;
use crate::store::StoreError;

/// Which part of the surface a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surface {
    /// The compatible API.
    pub api: bool,
    /// The administration API.
    pub admin: bool,
    /// `/metrics`.
    pub metrics: bool,
}

/// Everything on one listener.
pub const WHOLE: Surface = Surface {
    api: true,
    admin: true,
    metrics: true,
};

/// All routes.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    compat::ROUTES
        .iter()
        .chain(admin::routes())
        .chain(operations::ROUTES)
}

/// Which route answered, for logs and metrics.
#[derive(Clone, Copy)]
struct Answered(&'static Route);

/// Answers requests: the one entry for sockets and for tests without any.
#[derive(Clone)]
pub struct Service {
    router: Router,
    state: AppState,
}

impl Service {
    /// Builds the router of a surface.
    pub fn new(state: AppState, surface: Surface) -> Self {
        let mut paths: BTreeMap<String, MethodRouter> = BTreeMap::new();
        for route in routes().filter(|route| surface.serves(route)) {
            for path in std::iter::once(&route.path).chain(route.aliases) {
                for path in spellings(path) {
                    let methods = paths.entry(path).or_default();
                    *methods = std::mem::take(methods).merge(method(route, &state));
                }
            }
        }
        let mut router = Router::new();
        for (path, methods) in paths {
            router = router.route(&path, methods);
        }
        #[cfg(feature = "bench")]
        let router = router.merge(super::bench::router());
        let router = router
            .fallback(|request| refuse(ApiError::NoSuchPath, request))
            .method_not_allowed_fallback(|request| refuse(ApiError::MethodNotAllowed, request));
        Self { router, state }
    }

    /// Answers one request. Whatever happens inside, there is an answer with a `Request-Id`.
    pub async fn answer(&self, request: Request) -> Response {
        // The ceiling is measured without anything of ours around it.
        #[cfg(feature = "bench")]
        if request.uri().path().starts_with("/bench/") {
            return self
                .router
                .clone()
                .oneshot(request)
                .await
                .unwrap_or_else(|never| match never {});
        }
        let id = request_id();
        let started = Instant::now();
        let method = known_method(request.method().as_str());
        let is_admin = is_admin(request.uri().path());
        let answered = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
        let mut response = match answered.await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => failure(panicked(&self.state.metrics.panics), is_admin),
        };
        let extensions = response.extensions_mut();
        let route = extensions
            .remove::<Answered>()
            .map_or("unknown", |answered| answered.0.path);
        let failed = extensions.remove::<Failed>();
        if failed.as_ref().is_some_and(|failed| failed.0.is_of_profile()) {
            self.state.metrics.unsound_profiles.inc();
        }
        let (status, elapsed) = (response.status().as_u16(), started.elapsed().as_secs_f64());
        self.state.metrics.request(method, route, status, elapsed);
        log(
            &Line {
                id: &id,
                method,
                route,
                status,
                duration_ms: elapsed * 1e3,
            },
            failed.as_ref().map(|failed| &failed.0),
        );
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id);
        // Whose answer it is a header of the request says, so nobody on the way may give it to the next one who asks there.
        let unkept = HeaderValue::from_static("no-store");
        headers.entry(CACHE_CONTROL).or_insert(unkept);
        response
    }
}

impl Surface {
    fn serves(self, route: &Route) -> bool {
        match route.path {
            // Whoever watches a server asks the address that it has, whatever that serves.
            "/livez" | "/readyz" => true,
            "/metrics" => self.metrics,
            // The page calls the server that it comes from alone, so each API has one beside it.
            "/openapi.json" | "/docs" | "/docs/{file}" => self.api || self.admin,
            path if is_admin(path) => self.admin,
            _ => self.api,
        }
    }
}

/// With and without a slash at the end.
fn spellings(path: &str) -> Vec<String> {
    let bare = path.trim_end_matches('/');
    if bare.is_empty() {
        vec!["/".into()]
    } else {
        vec![bare.into(), format!("{bare}/")]
    }
}

fn method(route: &'static Route, state: &AppState) -> MethodRouter {
    let filter = match route.method {
        "GET" => MethodFilter::GET,
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        "PATCH" => MethodFilter::PATCH,
        _ => MethodFilter::DELETE,
    };
    let state = state.clone();
    on(filter, move |request: Request| {
        let state = state.clone();
        async move {
            let (parts, mut sent) = request.into_parts();
            let is_held_back = body::is_held_back(&parts.headers);
            let panics = state.metrics.panics.clone();
            // Caught here, so that it is told which route it was.
            let answered = AssertUnwindSafe(dispatch(state, route, parts, &mut sent)).catch_unwind();
            let mut response = match answered.await.unwrap_or_else(|_| Err(panicked(&panics))) {
                Ok(reply) => success(reply),
                Err(error) => failure(error, route.access == Access::Admin),
            };
            response.extensions_mut().insert(Answered(route));
            without_rest(response, sent, is_held_back).await
        }
    })
}

async fn dispatch(
    state: AppState,
    route: &'static Route,
    mut parts: Parts,
    sent: &mut Body,
) -> Result<Reply, ApiError> {
    let version = state.directory().version();
    let mut caller = guard::admit(&state, &parts.headers, route.access, state.clock.now())?;
    let shared = state.clone();
    let (body, _taken) = match route.method {
        "POST" | "PUT" | "PATCH" => {
            let room = match &caller {
                Caller::Key(key) if key.kind == KeyKind::Public => &shared.room_for_public_bodies,
                _ => &shared.room_for_bodies,
            };
            let (body, taken) = body::read(&parts.headers, sent, room).await?;
            (body, Some(taken))
        }
        _ => (bytes::Bytes::new(), None),
    };
    if state.directory().version() != version {
        // While its body came, its key may have been revoked, or its app's settings changed.
        caller = guard::find(&state, &parts.headers, route.access)?;
    }
    let now = state.clock.now();
    let path = if route.path.contains('{') {
        let values = RawPathParams::from_request_parts(&mut parts, &()).await;
        let values = values.map_err(|_| ApiError::NoSuchPath)?;
        values.iter().map(|(_, value)| value.to_owned()).collect()
    } else {
        Vec::new()
    };
    let query = parts.uri.query().map(str::to_owned);
    let panics = state.metrics.panics.clone();
    let call = Call {
        state,
        caller,
        route,
        path,
        query,
        headers: parts.headers,
        body,
        now,
    };
    // Of the administration a change may go on after its commit, so it ends also where the caller hangs up.
    let goes_on = route.access == Access::Admin && route.method != "GET";
    if goes_on {
        in_a_task((route.handler)(call), panics).await
    } else {
        (route.handler)(call).await
    }
}

/// As without a task, but that it goes on when nobody waits for it any more; then nobody else would count a panic either.
async fn in_a_task(
    answer: BoxFuture<'static, Result<Reply, ApiError>>,
    panics: Counter,
) -> Result<Reply, ApiError> {
    let caught = async move {
        let caught = AssertUnwindSafe(answer).catch_unwind().await;
        caught.unwrap_or_else(|_| Err(panicked(&panics)))
    };
    let ended = tokio::spawn(caught.in_current_span()).await;
    ended.unwrap_or_else(|error| Err(StoreError::broken_off(error).into()))
}

/// Counts a panic and answers how it is told.
fn panicked(panics: &Counter) -> ApiError {
    panics.inc();
    ApiError::panicked()
}

#[cfg(test)]
mod tests;
