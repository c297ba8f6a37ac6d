//! When keys and admin tokens were last used.

use serde_json::{Value, json};

use super::support::backend::{ALL, SHARED};
use super::support::server::{PROFILE, START, TestServer, USER, request};

/// What a list says of the last use of this key or token.
async fn last_use(server: &TestServer, list: &str, text: &str) -> Value {
    let prefix = text.split('.').next().unwrap();
    let list = server.admin("GET", list, "").await.json();
    let mut entries = list["data"].as_array().unwrap().iter();
    let entry = entries.find(|entry| entry["prefix"] == prefix).unwrap();
    entry["last_used_at"].clone()
}

#[tokio::test]
async fn when_keys_and_tokens_were_last_used_is_known_also_after_a_change() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let keys = format!("apps/{}/keys", server.app_id);
        let made = server.admin("POST", "admin-tokens", "").await.json();
        let token = made["admin_token"].as_str().unwrap();
        assert_eq!(
            last_use(&server, "admin-tokens", token).await,
            json!(null),
            "{backend:?}"
        );
        assert_eq!(server.call("POST", PROFILE, &[USER], "").await.status, 200);
        let list = request(&format!("Bearer {token}"), "GET", "/admin/v1/apps", &[], "");
        assert_eq!(server.send(list).await.status, 200);
        server.admin("POST", "apps", r#"{"name":"Shop"}"#).await;
        let used = json!("2026-01-01T00:00:00+00:00");
        assert_eq!(
            last_use(&server, "admin-tokens", token).await,
            used,
            "{backend:?}"
        );
        for (key, expected) in [(&server.secret_key, &used), (&server.public_key, &json!(null))] {
            assert_eq!(
                last_use(&server, &keys, key).await,
                *expected,
                "{backend:?} {key}"
            );
        }
    }
}

/// Of two servers the one that saves last need not be the one that was asked last.
#[tokio::test]
async fn the_last_use_of_a_key_or_token_is_that_on_whichever_server_it_was() {
    for backend in SHARED {
        let server = TestServer::on(backend).await;
        let other = server.beside().await;
        server.state.clock.move_to(START + 60_000_000).unwrap();
        for one in [&server, &other] {
            assert_eq!(one.call("POST", PROFILE, &[USER], "").await.status, 200);
            assert_eq!(one.admin("GET", "apps", "").await.status, 200);
            let uses = one.state.directory().last_uses(0);
            one.state.store.write(uses).await.unwrap();
        }
        let keys = format!("apps/{}/keys", server.app_id);
        for one in [&other, &server.beside().await] {
            for (list, text) in [
                (keys.as_str(), &server.secret_key),
                ("admin-tokens", &server.admin_token),
            ] {
                let told = last_use(one, list, text).await;
                assert_eq!(told, "2026-01-01T00:01:00+00:00", "{backend:?} {list}");
            }
        }
    }
}
