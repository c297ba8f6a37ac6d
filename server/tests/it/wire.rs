//! What only shows on a socket: white space around values, connections that are used again, answers without a body.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use bursar::http::server::serve;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::support::backend::Backend;
use super::support::purchases::subscription;
use super::support::raw::{RawAnswer, RawServer};
use super::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer};

fn program() -> RawServer {
    RawServer::start(&[("BURSAR_DATABASE", "sqlite::memory:")])
}

#[test]
fn white_space_around_a_header_is_no_part_of_it() {
    let program = program();
    let made = program.call("POST", PROFILE, &[("adapty-customer-user-id", "  a b\t ")], b"");
    assert!(
        made.text().contains(r#""customer_user_id":"a b""#),
        "{}",
        made.text()
    );
    let blank = program.call("POST", PROFILE, &[("adapty-customer-user-id", "   ")], b"");
    assert_eq!(blank.status, 400);
}

#[test]
fn header_names_and_the_scheme_are_read_in_any_case() {
    let program = program();
    let key = format!("API-KEY {}", program.secret_key);
    let headers = [("AUTHORIZATION", key.as_str()), ("Adapty-Customer-User-Id", "u")];
    assert_eq!(program.call_as_is("POST", PROFILE, &headers, b"").status, 200);
}

#[test]
fn head_no_content_and_a_refusal_leave_the_connection_usable() {
    let program = program();
    let request = |method: &str, path: &str, key: &str, body: &str, last: bool| {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {key}\r\n\
             adapty-customer-user-id: u\r\ncontent-length: {}\r\n{}\r\n{body}",
            body.len(),
            if last { "connection: close\r\n" } else { "" }
        )
    };
    let key = program.secret_key.as_str();
    let pipeline = [
        request("POST", PROFILE, key, "", false),
        request("POST", IDENTIFIERS, "wrong.key", r#"{"branch_id":"x"}"#, false),
        request("POST", IDENTIFIERS, key, r#"{"branch_id":"#, false),
        request("HEAD", PROFILE, key, "", false),
        request("DELETE", PROFILE, key, "{}", false),
        request("OPTIONS", PROFILE, key, "", false),
        request("GET", PROFILE, key, "", true),
    ];
    let mut stream = program.connect();
    stream.write_all(pipeline.concat().as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let statuses: Vec<_> = answers
        .match_indices("HTTP/1.1 ")
        .map(|(at, found)| &answers[at + found.len()..at + found.len() + 3])
        .collect();
    assert_eq!(
        statuses,
        ["200", "401", "400", "200", "204", "405", "404"],
        "{answers}"
    );
}

/// Reads one answer of a connection that stays open.
fn read_answer(stream: &mut TcpStream) -> RawAnswer {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut one).unwrap(), 1, "the connection is closed");
        bytes.push(one[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    bytes.extend(body);
    RawAnswer::read(&bytes)
}

#[test]
fn a_body_that_nobody_wants_and_that_comes_late_leaves_the_connection_usable() {
    let program = program();
    let key = program.secret_key.as_str();
    program.call("POST", PROFILE, &[("adapty-customer-user-id", "u")], b"");
    for (length, begin, end) in [
        ("content-length: 17", "", ""),
        ("transfer-encoding: chunked", "11\r\n", "\r\n0\r\n\r\n"),
        (
            "transfer-encoding: chunked",
            "11\r\n",
            "\r\n0\r\nx-sum: 1\r\n\r\n",
        ),
    ] {
        let mut stream = program.connect();
        let mut ask = |method: &str, path: &str, key: &str, kind: &str| {
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {key}\r\n\
                 adapty-customer-user-id: u\r\ncontent-type: {kind}\r\n{length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            let body = format!(r#"{begin}{{"branch_id":"x"}}{end}"#);
            stream.write_all(body.as_bytes()).unwrap();
            read_answer(&mut stream)
        };
        for (method, path, key, kind, status) in [
            ("GET", PROFILE, key, "application/json", 200),
            ("POST", IDENTIFIERS, "wrong.key", "application/json", 401),
            ("POST", "/nowhere", key, "application/json", 404),
            ("PUT", PROFILE, key, "application/json", 405),
            ("POST", IDENTIFIERS, key, "text/plain", 415),
            ("POST", IDENTIFIERS, key, "application/json", 200),
        ] {
            let answer = ask(method, path, key, kind);
            assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
            assert!(!answer.head.contains("connection: close"), "{length}: {answer:?}");
        }
    }
}

/// As curl sends what it reads from a pipe.
#[test]
fn a_body_in_chunks_that_was_asked_for_leaves_the_connection_usable() {
    let program = program();
    program.call("POST", PROFILE, &[("adapty-customer-user-id", "u")], b"");
    let mut stream = program.connect();
    for _ in 0..2 {
        let head = format!(
            "POST {IDENTIFIERS} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {}\r\nadapty-customer-user-id: u\r\n\
             expect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n",
            program.secret_key
        );
        stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(read_answer(&mut stream).status, 100);
        stream
            .write_all(b"11\r\n{\"branch_id\":\"x\"}\r\n0\r\n\r\n")
            .unwrap();
        let answer = read_answer(&mut stream);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.head.contains("connection: close"), "{answer:?}");
    }
}

/// As `nc -N` and `socat` do.
#[test]
fn a_client_that_says_that_it_sends_no_more_is_answered() {
    let program = RawServer::start(&[]);
    let request = format!(
        "POST {PROFILE} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {}\r\nadapty-customer-user-id: u\r\n\
         content-length: 0\r\n\r\n",
        program.secret_key
    );
    for _ in 0..20 {
        let mut stream = program.connect();
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = RawAnswer::read(&answer);
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[test]
fn where_a_body_does_not_end_the_answer_says_that_it_is_the_last_of_its_connection() {
    let program = program();
    for (more, at_most) in [("", 5), ("expect: 100-continue\r\n", 1)] {
        let mut stream = program.connect();
        let head = format!("POST {IDENTIFIERS} HTTP/1.1\r\nhost: x\r\n{more}content-length: 17\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let started = Instant::now();
        let answer = read_answer(&mut stream);
        assert_eq!(answer.status, 401);
        assert!(answer.head.contains("connection: close"), "{answer:?}");
        assert!(started.elapsed().as_secs() < at_most, "{more}");
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the connection is closed");
    }
}

#[test]
fn an_empty_body_in_chunks_is_an_empty_one_whatever_its_type() {
    let program = program();
    let request = format!(
        "POST {PROFILE} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {}\r\nadapty-customer-user-id: u\r\n\
         content-type: text/plain\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        program.secret_key
    );
    assert_eq!(program.send(request.as_bytes()).status, 200);
}

#[test]
fn what_is_no_http_is_refused_and_the_server_goes_on() {
    let program = program();
    for bytes in [
        b"nonsense\r\n\r\n".to_vec(),
        vec![0; 1000],
        vec![0xff; 1000],
        b"GET / HTTP/3.0\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nx: a\0b\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nbad header: x\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_vec(),
    ] {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let mut stream = program.connect();
        stream.write_all(&bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let answer = RawAnswer::read(&answer);
        assert!([0, 400, 404, 505].contains(&answer.status), "{shown}: {answer:?}");
    }
    assert_eq!(program.call_as_is("GET", "/livez", &[], b"").status, 200);
}

/// Sends the head of a request, does something else when the server has let its caller in, and sends the body then.
fn held_back(
    program: &RawServer,
    [method, path, authorization]: [&str; 3],
    meanwhile: impl FnOnce(),
    body: &str,
) -> RawAnswer {
    const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut stream = program.connect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\nadapty-customer-user-id: u\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut asked_for = [0; GO_ON.len()];
    stream.read_exact(&mut asked_for).unwrap();
    assert_eq!(asked_for, GO_ON);
    meanwhile();
    stream.write_all(body.as_bytes()).unwrap();
    read_answer(&mut stream)
}

/// Sends a request of the administration, which must succeed.
fn administer(program: &RawServer, method: &str, path: &str, body: &str) -> Value {
    let token = format!("Bearer {}", program.admin_token);
    let path = format!("/admin/v1/{path}");
    let answer = program.call_as_is(method, &path, &[("authorization", &token)], body.as_bytes());
    assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// The path of the program's app.
fn path_of_app(program: &RawServer) -> String {
    let apps = administer(program, "GET", "apps", "");
    format!("apps/{}", apps["data"][0]["app_id"].as_str().unwrap())
}

#[test]
fn a_key_or_token_that_is_revoked_while_a_body_comes_is_refused() {
    let program = program();
    let app = path_of_app(&program);
    program.call("POST", PROFILE, &[("adapty-customer-user-id", "u")], b"");
    let key = administer(&program, "POST", &format!("{app}/keys"), r#"{"kind":"secret"}"#);
    let text = |made: &Value, name: &str| made[name].as_str().unwrap().to_owned();
    let revoke_key = || {
        let path = format!("{app}/keys/{}", text(&key, "key_id"));
        administer(&program, "DELETE", &path, "");
    };
    let by_key = format!("Api-Key {}", text(&key, "key"));
    let set = r#"{"branch_id":"x"}"#;
    let answer = held_back(&program, ["POST", IDENTIFIERS, &by_key], revoke_key, set);
    assert_eq!(answer.status, 401, "{answer:?}");
    let token = administer(&program, "POST", "admin-tokens", "");
    let revoke_token = || {
        let path = format!("admin-tokens/{}", text(&token, "token_id"));
        administer(&program, "DELETE", &path, "");
    };
    let by_token = format!("Bearer {}", text(&token, "admin_token"));
    let made = held_back(
        &program,
        ["POST", "/admin/v1/apps", &by_token],
        revoke_token,
        r#"{"name":"Shop"}"#,
    );
    assert_eq!(made.status, 401, "{made:?}");
    // The key that the program began with is as good as it was, whatever was changed.
    let own = format!("Api-Key {}", program.secret_key);
    let change = || {
        administer(&program, "POST", &format!("{app}/keys"), r#"{"kind":"public"}"#);
    };
    let answer = held_back(&program, ["POST", IDENTIFIERS, &own], change, set);
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn a_request_goes_by_the_settings_that_its_app_has_when_its_body_has_come() {
    let program = program();
    let app = path_of_app(&program);
    program.call("POST", PROFILE, &[("adapty-customer-user-id", "u")], b"");
    let set = || {
        let settings = json!({"settings": {"unknown_product": "none"}}).to_string();
        administer(&program, "PATCH", &app, &settings);
        let webhook = json!({"enabled": true, "settings": {"events": {"access_level_updated": false}}});
        let path = format!("{app}/integrations/webhook");
        administer(&program, "PUT", &path, &webhook.to_string());
    };
    let own = format!("Api-Key {}", program.secret_key);
    let bought = subscription().to_string();
    let answer = held_back(&program, ["POST", TRANSACTION, &own], set, &bought);
    assert_eq!(answer.status, 200, "{answer:?}");
    let profile: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(profile["data"]["access_levels"], json!([]));
    let told = administer(&program, "GET", &format!("{app}/deliveries"), "");
    assert_ne!(told["data"], json!([]), "the integration that was switched on");
}

/// Whoever keeps the connection would send the next request to a server that is gone.
#[tokio::test]
async fn what_is_answered_after_the_stop_was_asked_for_is_the_last_on_its_connection() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stopper, stop) = watch::channel(false);
    let serving = tokio::spawn(serve(listener, server.service.clone(), stop));
    let ask = format!(
        "POST {PROFILE} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {}\r\nadapty-customer-user-id: u\r\n\
         expect: 100-continue\r\ncontent-length: 2\r\n\r\n",
        server.secret_key
    );
    let talk = move || {
        let mut heads = Vec::new();
        for is_last in [false, true] {
            stream.write_all(ask.as_bytes()).unwrap();
            assert_eq!(read_answer(&mut stream).status, 100, "the request has begun");
            if is_last {
                stopper.send_replace(true);
            }
            stream.write_all(b"{}").unwrap();
            heads.push(read_answer(&mut stream).head);
        }
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it is closed");
        heads
    };
    let heads = tokio::task::spawn_blocking(talk).await.unwrap();
    let says_so: Vec<_> = heads
        .iter()
        .map(|head| head.contains("connection: close"))
        .collect();
    assert_eq!(says_so, [false, true], "{heads:?}");
    serving.await.unwrap();
}
