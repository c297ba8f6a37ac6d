//! Panics of handlers.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

use super::*;
use crate::clock::Clock;
use crate::http::route::Doc;
use crate::metrics::{Metrics, Now};
use crate::outbound::Outbound;
use crate::store::{Location, Options, Store, migrations};
use crate::vault::{MasterKey, Vault};

const FAULTY: Route = Route {
    method: "GET",
    path: "/api/faulty/{name}",
    aliases: &[],
    access: Access::Open,
    handler: |_| Box::pin(async { panic!("a fault") }),
    doc: Doc {
        id: "faulty",
        summary: "",
        parameters: &[],
        body: None,
        answer: (204, None),
        refusals: &[],
    },
};

async fn fault() -> StatusCode {
    panic!("a fault")
}

async fn state() -> AppState {
    let metrics = Metrics::default();
    let options = Options {
        location: Location::SqliteMemory,
        connections: 1,
    };
    let store = Store::open(&options, metrics.store.clone()).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    let key = MasterKey::from_bytes([7; 32]);
    let vault = Vault::open(&store, &key).await.unwrap();
    let outbound = Outbound::new(false).unwrap();
    let state = AppState::new(store, vault, Clock::test(0), metrics, None, outbound);
    state.await.unwrap()
}

#[tokio::test]
async fn a_panic_is_counted_and_answered_in_the_form_of_its_api() {
    let state = state().await;
    let panics = state.metrics.panics.clone();
    for (path, kind) in [
        ("/api/fault", "application/json"),
        ("/admin/v1/fault", "application/problem+json"),
    ] {
        let service = Service {
            router: Router::new().route(path, get(fault)),
            state: state.clone(),
        };
        let request = Request::get(path).body(Body::empty()).unwrap();
        let before = panics.get();
        let answer = service.answer(request).await;
        assert_eq!(
            (answer.status().as_u16(), panics.get()),
            (500, before + 1),
            "{path}"
        );
        assert_eq!(answer.headers()[CONTENT_TYPE], kind);
        assert!(answer.headers().contains_key(REQUEST_ID), "{path}");
    }
    let in_a_task = in_a_task(Box::pin(async { panic!("a fault") }), panics.clone());
    assert_eq!(in_a_task.await.unwrap_err().status(), 500);
    assert_eq!(panics.get(), 3);
}

#[tokio::test]
async fn a_panic_is_counted_under_its_route() {
    static ROUTE: Route = FAULTY;
    let state = state().await;
    let service = Service {
        router: Router::new().route(ROUTE.path, method(&ROUTE, &state)),
        state: state.clone(),
    };
    let request = Request::get("/api/faulty/x").body(Body::empty()).unwrap();
    assert_eq!(service.answer(request).await.status(), 500);
    assert_eq!(state.metrics.panics.get(), 1);
    let counted = state.metrics.encode(&Now::default());
    let labels = r#"_count{method="GET",route="/api/faulty/{name}",status="500"} 1"#;
    assert!(counted.contains(labels), "{counted}");
}
