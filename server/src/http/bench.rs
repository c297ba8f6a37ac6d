//! Routes for `cargo xtask bench` alone: what a server could do at best, to measure ours against.
//!
//! `POST /bench/noop` parses the body and answers a fixed profile. `POST /bench/log` parses it, appends it to a file, and
//! renders the profile after a sync that covers it: one sync for all that waits, and nothing else.

use std::fs::File;
use std::io::Write;
use std::sync::OnceLock;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::json::Object;
use bursar_domain::profile::Profile;
use bursar_domain::profile::body::ProfileBody;
use bursar_domain::profile::selector::CUSTOMER_HEADER;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::actions::JSON;

const MAX_BATCH: usize = 128;

type Append = (Bytes, oneshot::Sender<()>);

/// The routes.
pub fn router() -> Router {
    Router::new()
        .route("/bench/noop", post(noop))
        .route("/bench/log", post(log))
}

async fn noop(body: Bytes) -> impl IntoResponse {
    static PROFILE: OnceLock<Bytes> = OnceLock::new();
    let profile = PROFILE.get_or_init(|| rendered(Some("user-1".into())));
    (status_of(&body), [(CONTENT_TYPE, JSON)], profile.clone())
}

async fn log(headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let status = status_of(&body);
    let (synced, wait) = oneshot::channel();
    let appended = log_thread().send((body, synced)).await;
    if appended.is_err() || wait.await.is_err() {
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            [(CONTENT_TYPE, JSON)],
            Bytes::new(),
        );
    }
    let customer = headers.get(CUSTOMER_HEADER).and_then(|value| value.to_str().ok());
    (status, [(CONTENT_TYPE, JSON)], rendered(customer.map(Into::into)))
}

fn status_of(body: &Bytes) -> StatusCode {
    if Object::parse(body).is_ok() {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    }
}

fn rendered(customer: Option<String>) -> Bytes {
    let id = Uuid::from_u128(1);
    let profile = Profile::new(AppId(id), ProfileId(id), customer, 0);
    serde_json::to_vec(&ProfileBody::at(&profile, 0))
        .expect("a profile always serialises")
        .into()
}

fn log_thread() -> &'static mpsc::Sender<Append> {
    static THREAD: OnceLock<mpsc::Sender<Append>> = OnceLock::new();
    THREAD.get_or_init(|| {
        let (sender, waiting) = mpsc::channel(8_192);
        std::thread::spawn(move || append_all(waiting));
        sender
    })
}

fn append_all(mut waiting: mpsc::Receiver<Append>) {
    let path = std::path::Path::new("bench.log");
    let mut file = File::create(path).expect("the benchmark's folder can be written");
    let mut batch = Vec::with_capacity(MAX_BATCH);
    let mut bytes = Vec::new();
    while waiting.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
        bytes.clear();
        for (body, _) in &batch {
            bytes.extend_from_slice(body);
        }
        let synced = file.write_all(&bytes).and_then(|()| file.sync_data());
        for (_, caller) in batch.drain(..) {
            if synced.is_ok() {
                // A caller that has gone needs no answer.
                let _: Result<(), ()> = caller.send(());
            }
        }
    }
}
