//! Paths, methods, customer ids, and the headers of every answer.

use axum::http::HeaderValue;
use bursar::http::router::routes;

use super::support::backend::{ALL, SHARED};
use super::support::refusal::{refusal, refused, sourceless};
use super::support::server::{
    ATTRIBUTION, CUSTOMER, IDENTIFIERS, PROFILE, SDK_IDENTIFIERS, TestServer, USER, request, server_with_user,
};

const GOOD: &str = r#"{"branch_id":"b"}"#;

#[tokio::test]
async fn older_spellings_and_slashless_paths_are_served_alike_and_never_redirected() {
    let server = server_with_user().await;
    for path in [
        "/api/v2/server-side-api/integration/profile/set/integration-identifiers/",
        "/api/v2/server-side-api/integration/profile/set/integration-identifiers",
        "/api/v1/server-side-api/integration/profile/set/integration-identifiers/",
        "/api/v1/server-side-api/integration/profile/set/integration-identifiers",
        "/api/v2/server-side-api/integration/profile/set/integration-identifiers/?a=b",
    ] {
        let set = server.call("POST", path, &[USER], GOOD).await;
        let read = server.call("GET", path, &[USER], "").await;
        assert_eq!((set.status, read.status), (200, 200), "{path}");
        assert_eq!(read.json()["branch_id"], "b", "{path}");
    }
    for path in [
        "/api/v2/server-side-api/profile/",
        "/api/v2/server-side-api/profile",
        "/api/v1/server-side-api/profile/",
        "/api/v1/server-side-api/profile",
    ] {
        for (method, status) in [("POST", 200), ("GET", 200), ("PATCH", 200), ("DELETE", 204)] {
            let answer = server.call(method, path, &[USER], "").await;
            assert_eq!(answer.status, status, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn other_paths_are_not_found_and_other_methods_not_allowed() {
    let server = server_with_user().await;
    for path in [
        "/",
        "/api/v2/server-side-api/",
        "/api/v2/server-side-api/profile//",
        "/api/v2/server-side-api/PROFILE/",
        "/api/v3/server-side-api/profile/",
        "/api/v2/server-side-api/profile/x/",
        "/api/v2/server-side-api/profile%2f",
    ] {
        let answer = server.call("GET", path, &[USER], "").await;
        assert_eq!(refusal(&answer), sourceless(404, "not_found"), "{path}");
    }
    for (path, served) in [
        (PROFILE, vec!["DELETE", "GET", "HEAD", "PATCH", "POST"]),
        (IDENTIFIERS, vec!["GET", "HEAD", "POST"]),
        (SDK_IDENTIFIERS, vec!["POST"]),
        (ATTRIBUTION, vec!["POST"]),
    ] {
        for method in [
            "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "GET",
        ] {
            if served.contains(&method) {
                continue;
            }
            let answer = server.call(method, path, &[USER], GOOD).await;
            assert_eq!(
                refusal(&answer),
                sourceless(405, "method_not_allowed"),
                "{method} {path}"
            );
            let allow = answer.headers["allow"].to_str().unwrap();
            let mut allowed: Vec<_> = allow.split(',').map(str::trim).collect();
            allowed.sort_unstable();
            assert_eq!(allowed, served, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn under_the_administrations_path_refusals_have_its_form() {
    let server = server_with_user().await;
    let answer = server.admin("GET", "nowhere/at/all", "").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.json()["title"], "not_found");
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let server = server_with_user().await;
    for (path, user) in [
        (PROFILE, "user-1"),
        (IDENTIFIERS, "user-1"),
        (PROFILE, "nobody"),
        (PROFILE, ""),
    ] {
        let get = server.call("GET", path, &[(CUSTOMER, user)], "").await;
        let head = server.call("HEAD", path, &[(CUSTOMER, user)], "").await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path} {user}");
        assert_eq!(head.headers["content-type"], get.headers["content-type"]);
        assert_eq!(head.headers["content-length"], get.body.len().to_string());
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let server = server_with_user().await;
    let mut seen = std::collections::HashSet::new();
    for (authorization, method, path, body) in [
        ("key", "POST", PROFILE, ""),
        ("key", "GET", IDENTIFIERS, ""),
        ("key", "POST", IDENTIFIERS, "{"),
        ("key", "OPTIONS", PROFILE, ""),
        ("key", "GET", "/nowhere", ""),
        ("", "GET", PROFILE, ""),
        ("key", "HEAD", PROFILE, ""),
        ("", "GET", "/livez", ""),
        ("", "GET", "/metrics", ""),
        ("key", "DELETE", PROFILE, ""),
        ("key", "DELETE", PROFILE, ""),
    ] {
        let authorization = match authorization {
            "key" => format!("Api-Key {}", server.secret_key),
            _ => String::new(),
        };
        let headers = [USER, ("request-id", "00000000000000000000000000000000")];
        let answer = server
            .send(request(&authorization, method, path, &headers, body))
            .await;
        let id = answer.headers["request-id"].to_str().unwrap().to_owned();
        let is_hex = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        assert!(id.len() == 32 && is_hex, "{method} {path}: {id}");
        assert!(seen.insert(id), "{method} {path}");
    }
}

/// Which profile is meant stands in a header: to a proxy that keeps answers, that of one customer is that of all.
#[tokio::test]
async fn no_answer_may_be_kept_by_whatever_lies_between() {
    let server = server_with_user().await;
    let key = format!("Api-Key {}", server.secret_key);
    let token = format!("Bearer {}", server.admin_token);
    let served = routes().map(|route| (route.method, route.path));
    let others = [
        ("GET", "/nowhere"),
        ("PUT", PROFILE),
        ("HEAD", PROFILE),
        ("POST", PROFILE),
        ("GET", PROFILE),
    ];
    let mut successes = 0;
    for (method, path) in served.chain(others) {
        for authorization in ["", &key, &token] {
            let answer = server
                .send(request(authorization, method, path, &[USER], ""))
                .await;
            successes += usize::from(answer.status == 200);
            // The page itself holds nothing of anybody, and is asked for anew each time.
            let is_page = path == "/docs" && answer.status == 200;
            let expected = if is_page { "no-cache" } else { "no-store" };
            let said: Vec<_> = answer.headers.get_all("cache-control").iter().collect();
            assert_eq!(said, [expected], "{method} {path}: {}", answer.status);
        }
    }
    assert!(successes > 20, "{successes}");
}

#[tokio::test]
async fn a_customer_id_is_utf_8_or_else_latin_1() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let longest = "ü".repeat(255);
        let good: [(&[u8], &str); 8] = [
            (b"a/b?c+d@e f", "a/b?c+d@e f"),
            ("Zoë 🦀".as_bytes(), "Zoë 🦀"),
            (b"Zo\xeb", "Zoë"),
            (b"%41", "%41"),
            (b"user", "user"),
            (b"USER", "USER"),
            (b"' OR 1=1 --", "' OR 1=1 --"),
            (longest.as_bytes(), &longest),
        ];
        let mut ids = std::collections::HashSet::new();
        for (bytes, text) in good {
            let mut request = request(
                &format!("Api-Key {}", server.secret_key),
                "POST",
                PROFILE,
                &[],
                "",
            );
            let value = HeaderValue::from_bytes(bytes).unwrap();
            request.headers_mut().insert(CUSTOMER, value);
            let answer = server.send(request).await;
            let profile = answer.json()["data"].clone();
            assert_eq!(profile["customer_user_id"], text, "{backend:?}");
            assert!(ids.insert(profile["profile_id"].to_string()), "{text}");
        }
        let long = "ü".repeat(256);
        for bad in [&b"a\tb"[..], b"\x85", long.as_bytes()] {
            let mut request = request(
                &format!("Api-Key {}", server.secret_key),
                "POST",
                PROFILE,
                &[],
                "",
            );
            let value = HeaderValue::from_bytes(bad).unwrap();
            request.headers_mut().insert(CUSTOMER, value);
            let expected = refused(400, "validation_error", &[CUSTOMER]);
            assert_eq!(refusal(&server.send(request).await), expected, "{backend:?}");
        }
    }
}

async fn timestamp(server: &TestServer) -> i64 {
    let answer = server.call("GET", PROFILE, &[USER], "").await;
    answer.json()["data"]["timestamp"].as_i64().unwrap()
}

#[tokio::test]
async fn the_time_of_an_answer_is_the_time_of_the_call() {
    let server = server_with_user().await;
    let first = timestamp(&server).await;
    server
        .state
        .clock
        .move_to(server.state.clock.now() + 1_234_567)
        .unwrap();
    assert_eq!(timestamp(&server).await - first, 1_234);
}

/// Another server, whose clock is a minute behind, answers after the profile was changed.
#[tokio::test]
async fn the_time_of_an_answer_is_never_before_the_last_change() {
    for backend in SHARED {
        let mut server = TestServer::on(backend).await;
        server.call("POST", PROFILE, &[USER], "").await;
        let changed = timestamp(&server).await;
        server.restart("2025-12-31T23:59:00Z").await;
        assert_eq!(timestamp(&server).await, changed, "{backend:?}");
        // Nor does a change that is made by the slow clock set it back.
        let set = server.call("POST", IDENTIFIERS, &[USER], GOOD).await;
        assert_eq!(set.json()["data"]["timestamp"], changed, "{backend:?}");
        server.restart("2025-12-31T23:58:00Z").await;
        assert_eq!(timestamp(&server).await, changed, "{backend:?}");
    }
}
