//! A whole server in process: every request goes through the real router to a real database, without sockets.

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use bursar::admin::first_run;
use bursar::clock::Clock;
use bursar::http::router::{Service, WHOLE};
use bursar::metrics::Metrics;
use bursar::outbound::Outbound;
use bursar::state::AppState;
use bursar::store::{Options, Store, migrations};
use bursar::vault::{MasterKey, Vault};
use bursar_domain::time::parse_time;
use http_body_util::BodyExt;
use serde_json::Value;

use super::backend::{Backend, Folder};

/// 2026-01-01T00:00:00Z in microseconds: where the clock of tests begins.
pub const START: i64 = 1_767_225_600_000_000;

pub const CUSTOMER: &str = "adapty-customer-user-id";
pub const USER: (&str, &str) = (CUSTOMER, "user-1");

pub const PROFILE: &str = "/api/v2/server-side-api/profile/";
pub const IDENTIFIERS: &str = "/api/v2/server-side-api/integration/profile/set/integration-identifiers/";
/// The same in the form of the mobile SDKs.
pub const SDK_IDENTIFIERS: &str = "/api/v1/sdk/integration/profile/set/integration-identifiers/";
pub const ATTRIBUTION: &str = "/api/v2/web-api/attribution/";

pub const TRANSACTION: &str = "/api/v2/server-side-api/purchase/set/transaction/";
pub const GRANT: &str = "/api/v2/server-side-api/purchase/profile/grant/access-level/";
pub const REVOKE: &str = "/api/v2/server-side-api/purchase/profile/revoke/access-level/";
pub const REFUND_SAVER: &str = "/api/v2/server-side-api/purchase/profile/refund-saver/settings/";

pub struct TestServer {
    pub service: Service,
    pub state: AppState,
    pub app_id: String,
    pub secret_key: String,
    pub public_key: String,
    pub admin_token: String,
    pub folder: Folder,
    pub options: Options,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

impl TestServer {
    /// A server on a fresh database, with the app `default` of the first run, on a test clock at [`START`].
    pub async fn on(backend: Backend) -> Self {
        Self::sending(backend, outbound()).await
    }

    /// As [`Self::on`], with what it sends through.
    pub async fn sending(backend: Backend, outbound: Outbound) -> Self {
        let folder = Folder::new();
        let options = backend.fresh(&folder).await;
        let state = open(&options, Clock::test(START), outbound).await;
        let made = first_run::set_up(&state).await.unwrap().unwrap();
        Self {
            service: Service::new(state.clone(), WHOLE),
            state,
            app_id: made.app.app_id.to_string(),
            secret_key: made.app.secret_key,
            public_key: made.app.public_key,
            admin_token: made.admin_token,
            folder,
            options,
        }
    }

    /// Puts another server on the same database in this one's place; its test clock begins at this time.
    pub async fn restart(&mut self, now: &str) {
        let clock = Clock::test(parse_time(now).unwrap());
        self.state = open(&self.options, clock, outbound()).await;
        self.service = Service::new(self.state.clone(), WHOLE);
    }

    /// Another server on the same database. It learns of changes of apps and settings only when it is told to look.
    pub async fn beside(&self) -> Self {
        let state = open(&self.options, Clock::test(START), outbound()).await;
        Self {
            service: Service::new(state.clone(), WHOLE),
            state,
            app_id: self.app_id.clone(),
            secret_key: self.secret_key.clone(),
            public_key: self.public_key.clone(),
            admin_token: self.admin_token.clone(),
            folder: Folder::new(),
            options: self.options.clone(),
        }
    }

    /// Sends a request as it stands.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.service.answer(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    /// Sends a request with the app's secret key. An empty body is sent without a type.
    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(request(
            &format!("Api-Key {}", self.secret_key),
            method,
            path,
            headers,
            body,
        ))
        .await
    }

    /// How many changes the writers have taken.
    pub async fn changes(&self) -> u64 {
        let metrics = self.send(request("", "GET", "/metrics", &[], "")).await.text();
        let mut lines = metrics.lines();
        let sum = lines.find_map(|line| line.strip_prefix("bursar_store_group_size_sum "));
        sum.unwrap().trim_end_matches(".0").parse().unwrap()
    }

    /// Sends a request of the administration.
    pub async fn admin(&self, method: &str, path: &str, body: &str) -> Answer {
        let path = format!("/admin/v1/{path}");
        self.send(request(
            &format!("Bearer {}", self.admin_token),
            method,
            &path,
            &[],
            body,
        ))
        .await
    }
}

/// A server in memory that knows the customer [`USER`].
pub async fn server_with_user() -> TestServer {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let made = server.call("POST", PROFILE, &[USER], "").await;
    assert_eq!(made.status, 200, "{}", made.text());
    server
}

/// What sends to this machine too.
pub fn outbound() -> Outbound {
    Outbound::new(true).unwrap()
}

/// The state of a server on this database.
pub async fn open(options: &Options, clock: Clock, outbound: Outbound) -> AppState {
    let metrics = Metrics::default();
    let store = Store::open(options, metrics.store.clone()).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    let vault = Vault::open(&store, &MasterKey::from_bytes([7; 32]))
        .await
        .unwrap();
    AppState::new(store, vault, clock, metrics, None, outbound)
        .await
        .unwrap()
}

/// Builds a request.
pub fn request(
    authorization: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !authorization.is_empty() {
        request = request.header("authorization", authorization);
    }
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, value.as_bytes());
    }
    request.body(Body::from(body.to_owned())).unwrap()
}
