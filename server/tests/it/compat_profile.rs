//! `profile/`: create or link, read, change, delete. Each row of the wire contract's tables.

use serde_json::{Value, json};

use super::support::backend::{ALL, Backend};
use super::support::direct::stored_details;
use super::support::refusal::{not_found, refusal, refused};
use super::support::server::{Answer, CUSTOMER, IDENTIFIERS, PROFILE, TestServer};

const ID: &str = "adapty-profile-id";
const UUID: &str = "e5aab402-b1bd-4039-b632-57a91ebc0779";
const UPPER: &str = "E5AAB402-B1BD-4039-B632-57A91EBC0779";

async fn server() -> TestServer {
    TestServer::on(Backend::SqliteMemory).await
}

fn profile(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"].clone()
}

#[tokio::test]
async fn a_new_profile_is_shown_with_all_ten_keys() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let body = r#"{"custom_attributes":[{"key":"b","value":10},{"key":"a","value":"x"}]}"#;
        let headers = [(CUSTOMER, "user-1"), (ID, UPPER)];
        let created = server.call("POST", PROFILE, &headers, body).await;
        let expected = format!(
            r#"{{"data":{{"app_id":"{}","profile_id":"{UUID}","customer_user_id":"user-1","total_revenue_usd":0.0,"segment_hash":"{}","timestamp":1767225600000,"custom_attributes":[{{"key":"a","value":"x"}},{{"key":"b","value":10.0}}],"access_levels":[],"subscriptions":[],"non_subscriptions":[]}}}}"#,
            server.app_id,
            created.json()["data"]["segment_hash"].as_str().unwrap(),
        );
        assert_eq!(created.text(), expected, "{backend:?}");
        assert_eq!(created.headers["content-type"], "application/json");
        let read = server.call("GET", PROFILE, &[(CUSTOMER, "user-1")], "").await;
        assert_eq!(read.text(), expected, "{backend:?}");
    }
}

#[tokio::test]
async fn each_combination_of_headers_creates_links_or_finds_the_right_profile() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let post = |headers: Vec<(&'static str, &'static str)>| {
            let server = &server;
            async move { server.call("POST", PROFILE, &headers, "").await }
        };
        // Only the customer id: a fresh profile, then the same one.
        let fresh = profile(&post(vec![(CUSTOMER, "c-1")]).await);
        assert_eq!(fresh["customer_user_id"], "c-1", "{backend:?}");
        let again = profile(&post(vec![(CUSTOMER, "c-1")]).await);
        assert_eq!(again["profile_id"], fresh["profile_id"], "{backend:?}");
        // Only an unknown profile id: an anonymous profile with it, then the same one.
        for id in [UUID, UPPER] {
            let anonymous = profile(&post(vec![(ID, id)]).await);
            assert_eq!(
                (&anonymous["profile_id"], &anonymous["customer_user_id"]),
                (&json!(UUID), &Value::Null),
                "{backend:?}"
            );
        }
        // Both, and the customer id has a profile of its own: refused, nothing changes.
        let taken = post(vec![(ID, UUID), (CUSTOMER, "c-1")]).await;
        assert_eq!(refusal(&taken), refused(400, "validation_error", &[CUSTOMER]));
        let unchanged = server.call("GET", PROFILE, &[(ID, UUID)], "").await;
        assert_eq!(
            profile(&unchanged)["customer_user_id"],
            Value::Null,
            "{backend:?}"
        );
        // Both, the profile is anonymous and the customer id free: linked, and then they belong together.
        for _ in 0..2 {
            let linked = profile(&post(vec![(ID, UUID), (CUSTOMER, "c-2")]).await);
            assert_eq!(
                (&linked["profile_id"], &linked["customer_user_id"]),
                (&json!(UUID), &json!("c-2")),
                "{backend:?}"
            );
        }
        // Both, the profile has another customer id: refused.
        let other = post(vec![(ID, UUID), (CUSTOMER, "c-3")]).await;
        assert_eq!(refusal(&other), refused(400, "validation_error", &[CUSTOMER]));
        let free = server.call("GET", PROFILE, &[(CUSTOMER, "c-3")], "").await;
        assert_eq!(refusal(&free), not_found(), "{backend:?}");
        // Both, an unknown profile id and a taken customer id: refused.
        let unknown = "00000000-0000-4000-8000-000000000001";
        let taken = post(vec![(ID, unknown), (CUSTOMER, "c-1")]).await;
        assert_eq!(refusal(&taken), refused(400, "validation_error", &[CUSTOMER]));
        // Both unknown: created with both.
        let both = profile(&post(vec![(ID, unknown), (CUSTOMER, "c-4")]).await);
        assert_eq!(
            (&both["profile_id"], &both["customer_user_id"]),
            (&json!(unknown), &json!("c-4"))
        );
    }
}

#[tokio::test]
async fn linking_keeps_the_data_of_the_anonymous_profile() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let attribute = r#"{"custom_attributes":[{"key":"k","value":"v"}]}"#;
        server.call("POST", PROFILE, &[(ID, UUID)], attribute).await;
        server
            .call("POST", IDENTIFIERS, &[(ID, UUID)], r#"{"branch_id":"b"}"#)
            .await;
        let linked = server
            .call("POST", PROFILE, &[(ID, UUID), (CUSTOMER, "c")], "")
            .await;
        assert_eq!(
            profile(&linked)["custom_attributes"],
            json!([{"key": "k", "value": "v"}])
        );
        let identifiers = server.call("GET", IDENTIFIERS, &[(CUSTOMER, "c")], "").await;
        assert_eq!(identifiers.json()["branch_id"], "b");
    }
}

#[tokio::test]
async fn of_many_profiles_that_race_for_a_customer_id_one_wins() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let ids: Vec<String> = (1..=8)
            .map(|n| format!("00000000-0000-4000-8000-00000000000{n}"))
            .collect();
        for id in &ids {
            server.call("POST", PROFILE, &[(ID, id)], "").await;
        }
        let mut statuses = Vec::new();
        let racing = ids.iter().map(|id| {
            let server = &server;
            async move {
                let headers = [(ID, id.as_str()), (CUSTOMER, "wanted")];
                server.call("POST", PROFILE, &headers, "").await.status
            }
        });
        for status in futures_util::future::join_all(racing).await {
            statuses.push(status);
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400], "{backend:?}");
    }
}

#[tokio::test]
async fn a_known_profile_is_changed_as_by_patch() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let headers = [(CUSTOMER, "c")];
        let first = r#"{"first_name":"A","email":"a@b.cd","custom_attributes":[{"key":"k","value":1}]}"#;
        server.call("POST", PROFILE, &headers, first).await;
        for (method, body) in [
            ("POST", r#"{"last_name":"B"}"#),
            ("PATCH", r#"{"first_name":null,"phone_number":"1"}"#),
        ] {
            let changed = profile(&server.call(method, PROFILE, &headers, body).await);
            assert_eq!(changed["custom_attributes"], json!([{"key": "k", "value": 1.0}]));
        }
        assert_eq!(
            stored_details(&server.state, "c").await["person"],
            json!({"last_name": "B", "email": "a@b.cd", "phone_number": "1"})
        );
        for body in ["", "{}", r#"{"nobody_knows":1}"#] {
            let before = profile(&server.call("GET", PROFILE, &headers, "").await);
            let same = profile(&server.call("PATCH", PROFILE, &headers, body).await);
            assert_eq!(same, before, "{body}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_not_created() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for header in [(CUSTOMER, "nobody"), (ID, UUID), (ID, "no-uuid")] {
            for (method, path, body) in [
                ("GET", PROFILE, ""),
                ("PATCH", PROFILE, "{}"),
                ("DELETE", PROFILE, ""),
                ("GET", IDENTIFIERS, ""),
                ("POST", IDENTIFIERS, r#"{"branch_id":"b"}"#),
            ] {
                for _ in 0..2 {
                    let answer = server.call(method, path, &[header], body).await;
                    assert_eq!(refusal(&answer), not_found(), "{backend:?} {method} {header:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_profile_id_that_is_no_uuid_cannot_be_created() {
    let server = server().await;
    let answer = server.call("POST", PROFILE, &[(ID, "no-uuid")], "").await;
    assert_eq!(refusal(&answer), refused(400, "validation_error", &[ID]));
}

#[tokio::test]
async fn headers_that_contradict_each_other_change_nothing() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let named = profile(&server.call("POST", PROFILE, &[(CUSTOMER, "c-1")], "").await);
        let named = named["profile_id"].as_str().unwrap();
        server.call("POST", PROFILE, &[(CUSTOMER, "c-2")], "").await;
        server.call("POST", PROFILE, &[(ID, UUID)], "").await;
        for (method, path, body) in [
            ("GET", PROFILE, ""),
            ("PATCH", PROFILE, r#"{"first_name":"A"}"#),
            ("DELETE", PROFILE, ""),
            ("GET", IDENTIFIERS, ""),
            ("POST", IDENTIFIERS, r#"{"branch_id":"b"}"#),
        ] {
            for other in ["c-2", "unknown"] {
                let headers = [(ID, named), (CUSTOMER, other)];
                let answer = server.call(method, path, &headers, body).await;
                let expected = refused(400, "validation_error", &["non_field_errors"]);
                assert_eq!(refusal(&answer), expected, "{backend:?} {method} {path} {other}");
            }
            // An unknown profile id decides, whatever the customer id says.
            let headers = [(ID, "00000000-0000-4000-8000-000000000009"), (CUSTOMER, "c-2")];
            assert_eq!(
                refusal(&server.call(method, path, &headers, body).await),
                not_found()
            );
            // No header, and empty ones: nobody is meant.
            for headers in [vec![], vec![(ID, ""), (CUSTOMER, "")]] {
                let answer = server.call(method, path, &headers, body).await;
                let expected = refused(400, "validation_error", &["non_field_errors"]);
                assert_eq!(refusal(&answer), expected, "{method} {path}");
            }
        }
        assert_eq!(stored_details(&server.state, "c-1").await, Value::Null);
        // An anonymous profile is taken as it is; reading does not link.
        let headers = [(ID, UUID), (CUSTOMER, "c-3")];
        let anonymous = server.call("GET", PROFILE, &headers, "").await;
        assert_eq!(profile(&anonymous)["customer_user_id"], Value::Null);
        // An empty header counts as absent.
        let headers = [(ID, ""), (CUSTOMER, "c-1")];
        assert_eq!(
            profile(&server.call("GET", PROFILE, &headers, "").await)["profile_id"],
            named
        );
    }
}

#[tokio::test]
async fn a_deleted_profile_is_gone_and_its_customer_id_free() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let headers = [(CUSTOMER, "c"), ("content-type", "application/json")];
        let body = r#"{"custom_attributes":[{"key":"k","value":1}]}"#;
        let first = profile(&server.call("POST", PROFILE, &[(CUSTOMER, "c")], body).await);
        server
            .call("POST", IDENTIFIERS, &[(CUSTOMER, "c")], r#"{"branch_id":"b"}"#)
            .await;
        let gone = server.call("DELETE", PROFILE, &headers, "").await;
        assert_eq!((gone.status, gone.body.len()), (204, 0), "{backend:?}");
        assert!(!gone.headers.contains_key("content-type"));
        for (method, path, body) in [
            ("GET", PROFILE, ""),
            ("DELETE", PROFILE, ""),
            ("POST", IDENTIFIERS, r#"{"branch_id":"b"}"#),
        ] {
            let answer = server.call(method, path, &[(CUSTOMER, "c")], body).await;
            assert_eq!(refusal(&answer), not_found(), "{backend:?}");
        }
        let second = profile(&server.call("POST", PROFILE, &headers, "").await);
        assert_ne!(second["profile_id"], first["profile_id"], "{backend:?}");
        assert_eq!(second["custom_attributes"], json!([]), "{backend:?}");
        let identifiers = server.call("GET", IDENTIFIERS, &headers, "").await;
        assert_eq!(identifiers.json()["branch_id"], Value::Null, "{backend:?}");
    }
}
