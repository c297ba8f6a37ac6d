//! What only shows on a socket: white space around values, connections that are used again, answers without a body.

use std::io::{Read, Write};

use super::support::program::{Program, RawAnswer};
use super::support::server::{IDENTIFIERS, PROFILE};

fn program() -> Program {
    Program::start(&[("BURSAR_DATABASE", "sqlite::memory:")])
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
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let answer = RawAnswer::read(&answer);
        assert!([0, 400, 404, 505].contains(&answer.status), "{shown}: {answer:?}");
    }
    assert_eq!(program.call_as_is("GET", "/livez", &[], b"").status, 200);
}
