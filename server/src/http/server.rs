//! Listens, and stops gently: no new connections, every request that has begun is answered, in at most 10 s.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::connection::Connection;
use super::router::Service;
use crate::failing::Failing;

/// How long a request's head may take to arrive; also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// The largest head of a request.
const MAX_HEAD: usize = 32 * 1024;
/// What was sent before the stop may still lie unread in the system's buffers, and closing would throw it away. So
/// for so long all goes on, but each answer says that it is its connection's last.
const LINGER: Duration = Duration::from_millis(250);
/// How long requests that have begun may go on after the stop was asked for.
const STOP_PATIENCE: Duration = Duration::from_millis(8_500);
/// How many connections may be open at once on one address. Others wait until one is closed.
const MAX_CONNECTIONS: usize = 10_000;
/// After a failed accept (out of descriptors, as a rule) others must end first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long none must have failed for that to be over: where descriptors are short every other one may succeed.
const ACCEPT_CALM: Duration = Duration::from_secs(1);

/// Serves until `stop` says so, and then until the last request is answered or patience ends.
pub async fn serve(listener: TcpListener, service: Service, stop: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    tokio::select! {
        () = accept(&listener, &service, &graceful, &stop) => {}
        () = lingered(stop.clone()) => {}
    }
    drop(listener);
    if tokio::time::timeout(STOP_PATIENCE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests were still open when patience ended");
    }
}

async fn accept(
    listener: &TcpListener,
    service: &Service,
    graceful: &GracefulShutdown,
    stop: &watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (mut failing, mut failed_at) = (Failing::default(), None);
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let place = place.expect("nobody closes the semaphore");
        let accepted = match listener.accept().await {
            Ok((stream, _)) => {
                connection(stream, place, service, graceful, stop.clone());
                if failed_at.is_some_and(|at: Instant| at.elapsed() < ACCEPT_CALM) {
                    continue;
                }
                Ok(())
            }
            Err(error) => {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                failed_at = Some(Instant::now());
                Err(error)
            }
        };
        failing.tell(
            accepted,
            |error| tracing::warn!(%error, "a connection could not be accepted; it is tried again"),
            || tracing::info!("connections are accepted again"),
        );
    }
}

async fn lingered(mut stop: watch::Receiver<bool>) {
    // Without anybody left who could ask, stopping is right too.
    drop(stop.wait_for(|stop| *stop).await);
    tokio::time::sleep(LINGER).await;
}

fn connection(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    service: &Service,
    graceful: &GracefulShutdown,
    stop: watch::Receiver<bool>,
) {
    // Answers are small and written at once: waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection ended before it began");
        return;
    }
    let service = service.clone();
    let answer = tower::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let (service, stop) = (service.clone(), stop.clone());
        async move {
            let mut response = service.answer(request.map(Body::new)).await;
            if *stop.borrow() {
                let last = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, last);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        // Who says that no further request comes still waits for the answer to this one.
        .half_close(true)
        // The buffer alone does not limit it: a head that arrives at once may be nearly twice as large.
        .max_buf_size(MAX_HEAD)
        .max_header_size(MAX_HEAD)
        .serve_connection(
            TokioIo::new(Connection::new(stream)),
            TowerToHyperService::new(answer),
        );
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = watched.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}
