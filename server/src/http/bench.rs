//! Routes for `cargo xtask bench` alone: what a server could do at best, to measure ours against.
//!
//! `POST /bench/noop` parses the body and answers a fixed profile. `POST /bench/log` also appends the body to a file
//! and answers after a sync that covers it: one sync for all that waits, and nothing else.

use std::fs::File;
use std::io::Write;
use std::sync::OnceLock;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::response::IntoResponse;
use axum::routing::post;
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::json::Object;
use bursar_domain::profile::Profile;
use bursar_domain::profile_body::ProfileBody;
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
    answer(&body)
}

async fn log(body: Bytes) -> impl IntoResponse {
    let (synced, wait) = oneshot::channel();
    let appended = log_thread().send((body.clone(), synced)).await;
    if appended.is_err() || wait.await.is_err() {
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            [(CONTENT_TYPE, JSON)],
            Bytes::new(),
        );
    }
    answer(&body)
}

/// A fixed profile, rendered once: what is left is reading the body.
fn answer(body: &Bytes) -> (StatusCode, [(HeaderName, &'static str); 1], Bytes) {
    static PROFILE: OnceLock<Bytes> = OnceLock::new();
    let profile = PROFILE.get_or_init(|| {
        let id = Uuid::from_u128(1);
        let profile = Profile::new(AppId(id), ProfileId(id), Some("user-1".into()), 0);
        serde_json::to_vec(&ProfileBody::at(&profile, 0))
            .expect("a profile always serialises")
            .into()
    });
    let status = if Object::parse(body).is_ok() {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    (status, [(CONTENT_TYPE, JSON)], profile.clone())
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
