//! Pages of the administration's lists, and the search for profiles, on every backend.

use std::collections::BTreeSet;

use bursar_domain::integrations;
use serde_json::{Value, json};

use super::support::administration::walk;
use super::support::backend::{ALL, Backend};
use super::support::deliveries::put;
use super::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer};

#[tokio::test]
async fn every_list_is_walked_without_gaps_or_repetitions() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = format!("apps/{}", server.app_id);
        for n in 0..4 {
            server
                .admin("POST", "apps", &format!(r#"{{"name":"App {n}"}}"#))
                .await;
            server
                .admin("POST", &format!("{app}/keys"), r#"{"kind":"public"}"#)
                .await;
            server.admin("POST", "admin-tokens", "{}").await;
            server
                .admin(
                    "PUT",
                    &format!("{app}/access-levels/level ü{n}")
                        .replace(' ', "%20")
                        .replace('ü', "%C3%BC"),
                    "",
                )
                .await;
            let product = r#"{"access_level_id":null,"consumable":true}"#;
            server
                .admin("PUT", &format!("{app}/products/store{}/p{n}", n % 2), product)
                .await;
            server
                .admin(
                    "PUT",
                    "rates/EUR",
                    &format!(r#"{{"usd":"1","from":"2025-01-0{}"}}"#, n + 1),
                )
                .await;
            let time = server.state.clock.now();
            server.state.clock.move_to(time + (n % 2) * 1_000_000).unwrap();
        }
        for (path, count) in [
            ("apps".to_owned(), 5),
            (format!("{app}/keys"), 6),
            ("admin-tokens".to_owned(), 5),
            (format!("{app}/access-levels"), 5),
            (format!("{app}/products"), 4),
            ("rates".to_owned(), 4),
            ("audit".to_owned(), 26),
            ("integrations".to_owned(), integrations::ALL.len()),
            (format!("{app}/integrations"), integrations::ALL.len()),
        ] {
            let (all, pages) = walk(&server, &path, 2).await;
            let different: BTreeSet<String> = all.iter().map(Value::to_string).collect();
            assert_eq!((all.len(), different.len()), (count, count), "{backend:?} {path}");
            assert_eq!(pages, count.div_ceil(2), "{backend:?} {path}");
            let whole = server.admin("GET", &format!("{path}?limit=200"), "").await.json();
            assert_eq!(whole["data"], json!(all), "{backend:?} {path}");
        }
    }
}

#[tokio::test]
async fn lists_keep_their_order_while_the_clock_stands_still() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        put(&server, "webhook", false, &json!({})).await;
        let app = format!("apps/{}", server.app_id);
        let lists = [
            ("apps".to_owned(), "app_id", json!({"name": "A"})),
            (format!("{app}/keys"), "key_id", json!({"kind": "public"})),
            ("admin-tokens".to_owned(), "token_id", json!({})),
            (
                format!("{app}/replays"),
                "replay_id",
                json!({"filter": {"integration": "webhook"}}),
            ),
        ];
        for (path, id, body) in lists {
            let mut made = Vec::new();
            for _ in 0..8 {
                let new = server.admin("POST", &path, &body.to_string()).await.json();
                made.push(new[id].clone());
            }
            if id == "replay_id" {
                made.reverse();
            }
            let (all, _) = walk(&server, &path, 3).await;
            let listed = all.iter().map(|entry| entry[id].clone());
            let listed: Vec<_> = listed.filter(|id| made.contains(id)).collect();
            assert_eq!(listed, made, "{backend:?} {path}");
        }
        for app in walk(&server, "apps", 200).await.0 {
            let keys = format!("apps/{}/keys?limit=2", app["app_id"].as_str().unwrap());
            let keys = server.admin("GET", &keys, "").await.json();
            let kinds = [&keys["data"][0]["kind"], &keys["data"][1]["kind"]];
            assert_eq!(kinds, ["secret", "public"], "{backend:?}");
        }
    }
}

#[tokio::test]
async fn a_parameter_that_is_given_twice_is_refused() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let app = format!("apps/{}", server.app_id);
    for (path, name, values) in [
        ("apps".to_owned(), "limit", ["1", "1"]),
        ("audit".to_owned(), "cursor", ["5b5d", "5b5d"]),
        (format!("{app}/deliveries"), "state", ["pending", "rejected"]),
        (format!("{app}/deliveries"), "integration", ["webhook", "webhook"]),
        (format!("{app}/events"), "order", ["asc", "desc"]),
        (
            format!("{app}/events"),
            "event_type",
            ["trial_started", "trial_expired"],
        ),
        (format!("{app}/profiles"), "query", ["a", "b"]),
    ] {
        let [first, second] = values;
        let path = format!("{path}?{name}={first}&else=1&{name}={second}");
        let refused = server.admin("GET", &path, "").await;
        assert_eq!(refused.status, 422, "{path}: {}", refused.text());
        let error = &refused.json()["errors"][0];
        assert_eq!(
            error,
            &json!({"field": name, "detail": "is given twice"}),
            "{path}"
        );
    }
    // What is not known is ignored, however often it is there.
    let ignored = server.admin("GET", "apps?else=1&else=2", "").await;
    assert_eq!(ignored.status, 200);
}

#[tokio::test]
async fn every_wrong_parameter_of_a_list_is_named() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let app = format!("apps/{}", server.app_id);
    for (path, query, fields) in [
        ("apps", "limit=0&cursor=zz", &["limit", "cursor"][..]),
        ("audit", "limit=1&limit=1&cursor=zz", &["limit", "cursor"]),
        (
            "events",
            "order=x&limit=0&cursor=zz",
            &["order", "limit", "cursor"],
        ),
        ("events", "after=x&cursor=5b5d", &["after", "cursor"]),
        (
            "events",
            "before=x&order=asc&order=asc&limit=0",
            &["before", "order", "limit"],
        ),
        (
            "deliveries",
            "state=x&event_id=y&limit=0&cursor=zz",
            &["state", "event_id", "limit", "cursor"],
        ),
        (
            "deliveries",
            "integration=x&cursor=5b5d",
            &["integration", "cursor"],
        ),
        ("profiles", "limit=0&cursor=zz", &["query", "limit", "cursor"]),
        ("profiles", "cursor=5b5d", &["query", "cursor"]),
    ] {
        let path = match path {
            "apps" | "audit" => format!("{path}?{query}"),
            of_app => format!("{app}/{of_app}?{query}"),
        };
        let refused = server.admin("GET", &path, "").await;
        assert_eq!(refused.status, 422, "{path}: {}", refused.text());
        let errors = refused.json()["errors"].as_array().unwrap().clone();
        let named: Vec<_> = errors
            .iter()
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        assert_eq!(named, fields, "{path}");
    }
}

#[tokio::test]
async fn bad_limits_and_cursors_are_refused() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        server.admin("POST", "apps", r#"{"name":"A"}"#).await;
        let page = server.admin("GET", "apps?limit=1", "").await.json();
        let of_apps = page["next_cursor"].as_str().unwrap();
        let app = format!("apps/{}", server.app_id);
        for path in ["apps", "admin-tokens", "rates", "audit", "integrations"]
            .map(str::to_owned)
            .into_iter()
            .chain([
                format!("{app}/keys"),
                format!("{app}/products"),
                format!("{app}/access-levels"),
                format!("{app}/integrations"),
            ])
        {
            for (query, field) in [
                ("limit=0", "limit"),
                ("limit=201", "limit"),
                ("limit=ten", "limit"),
                ("cursor=", "cursor"),
                ("cursor=zz", "cursor"),
                ("cursor=5b5d", "cursor"),
                ("cursor=5b2261222c2262222c2263225d", "cursor"),
            ] {
                let refused = server.admin("GET", &format!("{path}?{query}"), "").await;
                assert_eq!(refused.status, 422, "{backend:?} {path} {query}");
                assert_eq!(refused.json()["errors"][0]["field"], field);
            }
        }
        let elsewhere = server.admin("GET", &format!("audit?cursor={of_apps}"), "").await;
        assert_eq!(elsewhere.status, 422);
    }
}

async fn found(server: &TestServer, query: &str) -> Vec<String> {
    let path = format!("apps/{}/profiles?query={query}", server.app_id);
    let (all, _) = walk(server, &path, 2).await;
    all.iter()
        .map(|profile| profile["customer_user_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn profiles_are_found_by_all_that_an_operator_knows() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let other = server.admin("POST", "apps", r#"{"name":"Other"}"#).await.json();
        for n in 0..5 {
            let user = format!("user-{n}");
            let headers = [("adapty-customer-user-id", user.as_str())];
            let email = if n < 4 {
                "shared@example.com"
            } else {
                "own@example.com"
            };
            let body = format!(r#"{{"email":"{email}","installation_meta":{{"device_id":"d"}}}}"#);
            assert_eq!(server.call("POST", PROFILE, &headers, &body).await.status, 200);
            let body = json!({"branch_id": format!("b-{n}"), "appsflyer_id": "a \"quoted\" \\ \u{1}ü"});
            server
                .call("POST", IDENTIFIERS, &headers, &body.to_string())
                .await;
        }
        let headers = [("adapty-customer-user-id", "user-1")];
        let profile = server.call("GET", PROFILE, &headers, "").await.json();
        let id = profile["data"]["profile_id"].as_str().unwrap();
        assert_eq!(found(&server, id).await, ["user-1"], "{backend:?}");
        assert_eq!(found(&server, &id.to_uppercase()).await, ["user-1"]);
        assert_eq!(found(&server, "user-3").await, ["user-3"]);
        assert_eq!(found(&server, "own%40example.com").await, ["user-4"]);
        let shared: BTreeSet<_> = found(&server, "shared%40example.com").await.into_iter().collect();
        assert_eq!(shared.len(), 4);
        let known = server.call("POST", PROFILE, &headers, r#"{"email": "new@example.com"}"#);
        assert_eq!(known.await.status, 200);
        assert_eq!(
            found(&server, "new%40example.com").await,
            ["user-1"],
            "{backend:?}"
        );
        assert_eq!(found(&server, "shared%40example.com").await.len(), 3);
        assert_eq!(found(&server, "b-2").await, ["user-2"], "{backend:?}");
        let quoted = "a+%22quoted%22+%5C+%01%C3%BC";
        assert_eq!(found(&server, quoted).await.len(), 5, "{backend:?}");
        for nothing in ["b-", "branch_id", "quoted", "%25", "%00", "b-2%22", "'"] {
            assert!(found(&server, nothing).await.is_empty(), "{backend:?} {nothing}");
        }
        let elsewhere = format!("apps/{}/profiles", other["app_id"].as_str().unwrap());
        for query in [id, "user-3", "b-2"] {
            let answer = server
                .admin("GET", &format!("{elsewhere}?query={query}"), "")
                .await;
            assert_eq!(answer.json()["data"], json!([]), "{backend:?} {query}");
        }
        assert_eq!(
            server.admin("GET", &format!("{elsewhere}/{id}"), "").await.status,
            404
        );
        let bare = server.admin("GET", &elsewhere, "").await;
        assert_eq!(
            (bare.status, &bare.json()["errors"][0]["field"]),
            (422, &json!("query"))
        );
        let forged = format!("{elsewhere}?query=x&cursor=5b2261222c2262225d");
        assert_eq!(server.admin("GET", &forged, "").await.status, 422);
    }
}

#[tokio::test]
async fn profiles_are_found_by_the_transactions_of_what_they_own_or_share() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let other = server.admin("POST", "apps", r#"{"name":"Other"}"#).await.json();
        for user in ["ann", "bob", "eve"] {
            let headers = [("adapty-customer-user-id", user)];
            assert_eq!(server.call("POST", PROFILE, &headers, "").await.status, 200);
        }
        for (user, store, id, original) in [
            ("ann", "app_store", "1001", "1000"),
            ("ann", "app_store", "1000", "1000"),
            ("bob", "app_store", "1000", "1000"),
            ("eve", "kiosk", "1000", "k-1"),
            ("eve", "stripe", "in_1", "sub_1"),
        ] {
            let headers = [("adapty-customer-user-id", user)];
            let body = json!({
                "purchase_type": "subscription", "store": store, "store_product_id": "monthly",
                "store_transaction_id": id, "store_original_transaction_id": original,
                "price": {"country": "US", "currency": "USD", "value": 1}, "renew_status": true,
                "purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z",
                "expires_at": "2099-01-01T00:00:00Z",
            });
            let answer = server
                .call("POST", TRANSACTION, &headers, &body.to_string())
                .await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        for (query, expected) in [
            ("1001", &["ann", "bob"][..]),
            ("1000", &["ann", "bob", "eve"]),
            ("k-1", &["eve"]),
            ("in_1", &["eve"]),
            ("sub_1", &["eve"]),
            ("100", &[]),
            ("SUB_1", &[]),
        ] {
            let mut found = found(&server, query).await;
            found.sort();
            assert_eq!(found, expected, "{backend:?} {query}");
        }
        let elsewhere = format!("apps/{}/profiles?query=sub_1", other["app_id"].as_str().unwrap());
        assert_eq!(
            server.admin("GET", &elsewhere, "").await.json()["data"],
            json!([])
        );
    }
}

#[tokio::test]
async fn the_whole_of_a_profile_is_shown() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let headers = [("adapty-customer-user-id", "user-1")];
        let body = json!({
            "email": "a@example.com", "first_name": "Ann",
            "custom_attributes": [{"key": "level", "value": 10}],
            "installation_meta": {"device_id": "d-1", "os": "18"},
        });
        let created = server
            .call("POST", PROFILE, &headers, &body.to_string())
            .await
            .json();
        server
            .call("POST", IDENTIFIERS, &headers, r#"{"branch_id":"b"}"#)
            .await;
        let id = created["data"]["profile_id"].as_str().unwrap();
        let path = format!("apps/{}/profiles", server.app_id);
        let view = server.admin("GET", &format!("{path}/{id}"), "").await;
        assert_eq!(view.status, 200, "{backend:?}: {}", view.text());
        let view = view.json();
        assert_eq!(
            view["person"],
            json!({"email": "a@example.com", "first_name": "Ann"})
        );
        assert_eq!(view["attributes"], json!({"level": 10.0}));
        let device = json!({"device_id": "d-1", "os": "18", "created_at": "2026-01-01T00:00:00+00:00",
                            "updated_at": "2026-01-01T00:00:00+00:00"});
        assert_eq!(view["installations"], json!([device]));
        assert_eq!(view["identifiers"]["branch_id"], "b");
        for list in ["chains", "one_time", "grants", "shared", "access_levels"] {
            assert_eq!(view[list], json!([]));
        }
        assert_eq!(
            view["api"],
            server.call("GET", PROFILE, &headers, "").await.json()["data"]
        );
        for wrong in ["00000000-0000-4000-8000-000000000000", "user-1", "%00"] {
            let answer = server.admin("GET", &format!("{path}/{wrong}"), "").await;
            assert_eq!(answer.status, 404, "{backend:?} {wrong}");
        }
    }
}
