//! Paths, methods, types, codings, sizes, and the headers of every answer.

use std::io::Write;

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use serde_json::json;

use super::support::backend::{ALL, Backend};
use super::support::refusal::{refusal, refused, sourceless};
use super::support::server::{Answer, IDENTIFIERS, PROFILE, TestServer, request};

const CUSTOMER: &str = "adapty-customer-user-id";
const USER: (&str, &str) = (CUSTOMER, "user-1");
const GOOD: &str = r#"{"branch_id":"b"}"#;
const MIB: usize = 1024 * 1024;

async fn server_with_user() -> TestServer {
    let server = TestServer::on(Backend::SqliteMemory).await;
    server.call("POST", PROFILE, &[USER], "").await;
    server
}

/// Sends a body as it stands with these headers alone (and the key and the user).
async fn raw(server: &TestServer, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::builder()
        .method("POST")
        .uri(IDENTIFIERS)
        .header("authorization", format!("Api-Key {}", server.secret_key))
        .header(CUSTOMER, "user-1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(body.into()).unwrap()).await
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

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
        (
            "/api/v1/sdk/integration/profile/set/integration-identifiers/",
            vec!["POST"],
        ),
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

#[tokio::test]
async fn json_is_read_under_its_types_and_nothing_else() {
    let server = server_with_user().await;
    for good in [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8;x=y",
        "application/vnd.api+json",
        "application/vnd.api+json; charset=utf-8",
    ] {
        let answer = raw(&server, &[("content-type", good)], GOOD).await;
        assert_eq!(answer.status, 200, "{good}");
    }
    assert_eq!(raw(&server, &[], GOOD).await.status, 200);
    for bad in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "json",
        "text/json",
        "application/xml",
    ] {
        let answer = raw(&server, &[("content-type", bad)], GOOD).await;
        assert_eq!(
            refusal(&answer),
            sourceless(415, "unsupported_media_type"),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn an_empty_body_is_an_empty_object_whatever_its_type() {
    let server = server_with_user().await;
    for kind in [
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
    ] {
        for method in ["POST", "GET", "PATCH", "DELETE"] {
            let headers = [USER, ("content-type", kind), ("content-length", "0")];
            let answer = server.call(method, PROFILE, &headers, "").await;
            assert!(matches!(answer.status, 200 | 204), "{method} {kind}");
        }
    }
    server.call("POST", PROFILE, &[USER], "").await;
    let blank = raw(&server, &[("content-type", "application/json")], " \r\n\t ").await;
    assert_eq!(
        refusal(&blank),
        refused(400, "validation_error", &["non_field_errors"])
    );
}

#[tokio::test]
async fn what_is_no_json_object_does_not_parse() {
    let server = server_with_user().await;
    let deep = |depth: usize| {
        format!(
            r#"{{"branch_id":"b","x":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert_eq!(raw(&server, &[], deep(63)).await.status, 200);
    let mut bad: Vec<Vec<u8>> = [
        "[]",
        "null",
        "1",
        "\"x\"",
        "true",
        "{",
        "{} {}",
        "{,}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":1e999}",
        "NaN",
        "{\"branch_id\":\"\\ud800\"}",
        "\u{feff}{}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    bad.push(deep(64).into_bytes());
    bad.push(b"{\"branch_id\":\"\xff\"}".to_vec());
    bad.push(b"{\"branch_id\":\"\x00\"}".to_vec());
    for body in bad {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let answer = raw(&server, &[("content-type", "application/json")], body).await;
        assert_eq!(refusal(&answer), sourceless(400, "parse_error"), "{shown}");
    }
}

#[tokio::test]
async fn gzip_is_read_and_other_codings_are_not() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        server.call("POST", PROFILE, &[USER], "").await;
        for coding in ["gzip", "GZIP", "x-gzip"] {
            let answer = raw(&server, &[("content-encoding", coding)], gzip(GOOD.as_bytes())).await;
            assert_eq!(answer.status, 200, "{backend:?} {coding}");
        }
        assert_eq!(
            raw(&server, &[("content-encoding", "identity")], GOOD)
                .await
                .status,
            200
        );
        let whole = gzip(GOOD.as_bytes());
        for bad in [
            GOOD.as_bytes().to_vec(),
            whole[..whole.len() - 3].to_vec(),
            [&whole[..], b"rest"].concat(),
        ] {
            let answer = raw(&server, &[("content-encoding", "gzip")], bad).await;
            assert_eq!(refusal(&answer), sourceless(400, "parse_error"));
        }
        for coding in ["deflate", "br", "zstd", "gzip, gzip", "x"] {
            let answer = raw(&server, &[("content-encoding", coding)], gzip(GOOD.as_bytes())).await;
            assert_eq!(
                refusal(&answer),
                sourceless(415, "unsupported_media_type"),
                "{coding}"
            );
        }
    }
}

#[tokio::test]
async fn a_body_of_one_mebibyte_is_read_and_one_byte_more_is_not() {
    let server = server_with_user().await;
    let sized = |size: usize| format!("{GOOD}{}", " ".repeat(size - GOOD.len()));
    let too_large = sourceless(413, "request_too_large");
    assert_eq!(raw(&server, &[], sized(MIB)).await.status, 200);
    assert_eq!(refusal(&raw(&server, &[], sized(MIB + 1)).await), too_large);
    // Announced, without a byte of it.
    let announced = [("content-length", "1048577")];
    assert_eq!(
        refusal(&raw(&server, &announced, never_ending(0)).await),
        too_large
    );
    // Sent in pieces, without a length.
    assert_eq!(
        refusal(&raw(&server, &[], never_ending(usize::MAX)).await),
        too_large
    );
    // Small on the way, large behind it.
    let gzipped = [("content-encoding", "gzip")];
    assert_eq!(
        raw(&server, &gzipped, gzip(sized(MIB).as_bytes())).await.status,
        200
    );
    for bomb in [MIB + 1, 256 * MIB] {
        let answer = raw(&server, &gzipped, gzip(&vec![b' '; bomb])).await;
        assert_eq!(refusal(&answer), too_large);
    }
}

/// A body of so many pieces, after which nothing more comes.
fn never_ending(pieces: usize) -> Body {
    use futures_util::StreamExt;
    let piece = || Ok::<_, std::convert::Infallible>(vec![b' '; 4096]);
    Body::from_stream(stream::repeat_with(piece).take(pieces).chain(stream::pending()))
}

#[tokio::test]
async fn very_many_fields_are_read_in_good_time_or_refused() {
    let server = server_with_user().await;
    let same = |count: usize| format!("{{{}\"branch_id\":\"b\"}}", "\"\":0,".repeat(count));
    let names = (0..90_000).map(|n| format!("\"{n:x}\":0,")).collect::<String>();
    let different = format!("{{{names}\"branch_id\":\"b\"}}");
    for (body, status) in [(same(99_000), 200), (different, 200), (same(209_000), 400)] {
        let started = std::time::Instant::now();
        assert_eq!(raw(&server, &[], body).await.status, status);
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }
    let million = gzip(same(1_000_000).as_bytes());
    let answer = raw(&server, &[("content-encoding", "gzip")], million).await;
    assert_eq!(refusal(&answer).0, 413);
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

#[tokio::test]
async fn idempotency_keys_are_visible_ascii_and_told_apart_by_what_is_asked() {
    let server = server_with_user().await;
    let long = "k".repeat(256);
    for bad in ["", "a b", long.as_str()] {
        let answer = raw(&server, &[("idempotency-key", bad)], GOOD).await;
        let expected = refused(400, "idempotency_key_invalid", &["Idempotency-Key"]);
        assert_eq!(refusal(&answer), expected, "{bad}");
    }
    let key = [("idempotency-key", "k")];
    assert_eq!(raw(&server, &key, GOOD).await.status, 200);
    let other = raw(&server, &key, json!({"branch_id": "c"}).to_string()).await;
    assert_eq!(
        refusal(&other),
        refused(422, "idempotency_key_reused", &["Idempotency-Key"])
    );
    // 24 hours later it is free.
    let later = server.state.clock.now() + 24 * 3_600 * 1_000_000;
    server.state.clock.move_to(later).unwrap();
    let other = raw(&server, &key, json!({"branch_id": "c"}).to_string()).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn the_time_of_an_answer_is_the_time_of_the_call_and_never_before_the_last_change() {
    let server = server_with_user().await;
    let first = server.call("GET", PROFILE, &[USER], "").await.json()["data"]["timestamp"]
        .as_i64()
        .unwrap();
    server
        .state
        .clock
        .move_to(server.state.clock.now() + 1_234_567)
        .unwrap();
    let second = server.call("GET", PROFILE, &[USER], "").await.json()["data"]["timestamp"]
        .as_i64()
        .unwrap();
    assert_eq!(second - first, 1_234);
}
