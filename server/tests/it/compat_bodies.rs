//! Bodies: their types, codings, sizes and syntax, and the keys under which they are sent again.

use std::io::Write;

use axum::body::Body;
use axum::http::Request;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use serde_json::json;

use super::support::backend::ALL;
use super::support::refusal::{refusal, refused, sourceless};
use super::support::server::{Answer, CUSTOMER, IDENTIFIERS, PROFILE, TestServer, USER, server_with_user};

const GOOD: &str = r#"{"branch_id":"b"}"#;
const MIB: usize = 1024 * 1024;

/// Sends a body as it stands with these headers alone (and the key and the user).
async fn raw(server: &TestServer, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    raw_by(server, &server.secret_key, headers, body).await
}

async fn raw_by(server: &TestServer, key: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::builder()
        .method("POST")
        .uri(IDENTIFIERS)
        .header("authorization", format!("Api-Key {key}"))
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
    // White space alone is no JSON.
    let blank = raw(&server, &[("content-type", "application/json")], " \r\n\t ").await;
    assert_eq!(refusal(&blank), sourceless(400, "parse_error"));
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
async fn a_packed_body_may_have_some_members_and_no_more() {
    let server = server_with_user().await;
    let gzipped = [("content-encoding", "gzip")];
    let (first, last) = GOOD.split_at(GOOD.len() / 2);
    let two = [gzip(first.as_bytes()), gzip(last.as_bytes())].concat();
    assert_eq!(raw(&server, &gzipped, two).await.status, 200);
    // Nothing comes of them, so that no limit of what comes of a body meets them.
    let many = [gzip(b"").repeat(16), gzip(GOOD.as_bytes())].concat();
    assert_eq!(
        refusal(&raw(&server, &gzipped, many).await),
        sourceless(400, "parse_error")
    );
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
async fn a_body_that_does_not_arrive_in_time_is_given_up() {
    let server = server_with_user().await;
    // From here on time passes whenever there is nothing to do.
    tokio::time::pause();
    let answer = raw(&server, &[], never_ending(1)).await;
    assert_eq!(refusal(&answer), sourceless(408, "request_timeout"));
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
async fn idempotency_keys_are_visible_ascii_and_told_apart_by_what_is_asked() {
    let server = server_with_user().await;
    let long = "k".repeat(256);
    for bad in ["", "a b", long.as_str()] {
        let answer = raw(&server, &[("idempotency-key", bad)], GOOD).await;
        let expected = refused(400, "idempotency_key_invalid", &["Idempotency-Key"]);
        assert_eq!(refusal(&answer), expected, "{bad}");
    }
    let longest = [("idempotency-key", &long[1..])];
    assert_eq!(raw(&server, &longest, GOOD).await.status, 200);
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
async fn no_body_and_an_empty_object_are_one_request_under_an_idempotency_key() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let headers = [("adapty-customer-user-id", "ann"), ("idempotency-key", "k")];
        let first = server.call("POST", PROFILE, &headers, "").await;
        assert_eq!(first.status, 200, "{backend:?}");
        for body in ["{}", ""] {
            let again = server.call("POST", PROFILE, &headers, body).await;
            assert_eq!(
                (again.status, again.text()),
                (200, first.text()),
                "{backend:?} {body:?}"
            );
        }
    }
}

#[tokio::test]
async fn large_bodies_that_do_not_fit_into_memory_beside_others_are_refused_and_small_ones_are_not() {
    let server = server_with_user().await;
    let large = [br#"{"branch_id":"b"}"#.as_slice(), &[b' '; 100_000]].concat();
    let packed = gzip(&large);
    let length = GOOD.len().to_string();
    let (kind, coding) = (("content-type", "application/json"), ("content-encoding", "gzip"));
    let room = &server.state.room_for_bodies;
    let all = room.available_permits();
    let most = u32::try_from(all - 50_000).unwrap();
    let taken = room.try_acquire_many(most).unwrap();
    for (headers, body) in [(&[kind][..], &large), (&[kind, coding], &packed)] {
        let refused = raw(&server, headers, body.clone()).await;
        assert_eq!(refusal(&refused), sourceless(503, "unavailable"));
        assert_eq!(refused.headers["retry-after"], "1");
    }
    for headers in [&[kind, ("content-length", &length)][..], &[kind]] {
        let small = raw(&server, headers, GOOD).await;
        assert_eq!(small.status, 200, "{}", small.text());
    }
    let read = raw_by(&server, &server.public_key, &[kind], large.clone()).await;
    assert_eq!(
        read.status,
        200,
        "public keys have room of their own: {}",
        read.text()
    );
    drop(taken);
    for (headers, body) in [(&[kind][..], &large), (&[kind, coding], &packed)] {
        let read = raw(&server, headers, body.clone()).await;
        assert_eq!(read.status, 200, "{}", read.text());
    }
    assert_eq!(room.available_permits(), all, "it is given back");
}
