//! The main job from end to end, on every backend.

use super::support::backend::{ALL, Backend};
use super::support::server::{IDENTIFIERS, PROFILE, TestServer, USER};

#[tokio::test]
async fn a_profile_is_created_its_identifiers_are_set_and_read_back() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let created = server.call("POST", PROFILE, &[USER], "").await;
        assert_eq!(created.status, 200, "{backend:?}: {}", created.text());
        let set = server
            .call("POST", IDENTIFIERS, &[USER], r#"{"branch_id":"b"}"#)
            .await;
        assert_eq!(set.status, 200, "{backend:?}: {}", set.text());
        assert_eq!(set.json()["data"]["customer_user_id"], "user-1");
        let read = server.call("GET", IDENTIFIERS, &[USER], "").await;
        assert_eq!(read.json()["branch_id"], "b", "{backend:?}");
    }
}

#[tokio::test]
async fn an_idempotency_key_gives_one_effect_and_one_answer() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let key = ("idempotency-key", "k-1");
        let first = server.call("POST", PROFILE, &[USER, key], "").await;
        server
            .state
            .clock
            .move_to(server.state.clock.now() + 5_000_000)
            .unwrap();
        let second = server.call("POST", PROFILE, &[USER, key], "").await;
        assert_eq!((second.status, &second.body), (200, &first.body), "{backend:?}");
        let other = server
            .call("POST", PROFILE, &[USER, key], r#"{"first_name":"A"}"#)
            .await;
        assert_eq!(other.status, 422, "{backend:?}");
    }
}

#[tokio::test]
async fn a_deleted_profile_is_gone() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    server.call("POST", PROFILE, &[USER], "").await;
    assert_eq!(server.call("DELETE", PROFILE, &[USER], "").await.status, 204);
    assert_eq!(server.call("GET", PROFILE, &[USER], "").await.status, 404);
}
