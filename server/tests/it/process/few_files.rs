//! A server that the system lets have few files, and so few connections.

use std::ffi::OsString;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::backend::Backend;
use crate::support::program::Program;
use crate::support::running::server;
use crate::support::server::{PROFILE, USER};

const PATIENCE: Duration = Duration::from_secs(10);

/// Starts what follows with these limits.
fn with_limits(limits: &str) -> Vec<OsString> {
    let words = ["sh", "-c", &format!("ulimit {limits} && exec \"$@\""), "sh"];
    words.map(Into::into).into()
}

#[test]
fn a_server_without_a_file_left_says_so_once_and_says_when_that_is_over() {
    let mut program = Program::on(Backend::SqliteFile, server());
    program.wrapper = with_limits("-n 64");
    let running = program.start();
    let connect = |_| TcpStream::connect(running.address).unwrap();
    let mut held: Vec<_> = (0..90).map(connect).collect();
    thread::sleep(Duration::from_secs(1));
    // Those that come and go at the limit are no end of it.
    for _ in 0..10 {
        held.remove(0);
        thread::sleep(Duration::from_millis(100));
    }
    let told = |text| running.lines_with(text).len();
    assert_eq!(
        (told("could not be accepted"), told("are accepted again")),
        (1, 0)
    );
    drop(held);
    let started = Instant::now();
    while told("are accepted again") == 0 {
        assert!(started.elapsed() < PATIENCE, "its end is not told");
        let mut client = program.client(&running);
        assert_eq!(client.call("POST", PROFILE, &[USER], "").unwrap().status, 200);
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(
        (told("could not be accepted"), told("are accepted again")),
        (1, 1)
    );
}

#[test]
fn a_server_takes_all_files_that_it_may_have() {
    let mut program = Program::on(Backend::SqliteFile, server());
    program.wrapper = with_limits("-Sn 64");
    let running = program.start();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.child.id())).unwrap();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let mut numbers = line.unwrap().split_whitespace();
    assert_ne!(numbers.next(), Some("64"), "{limits}");
    let mut numbers = line.unwrap().split_whitespace();
    assert_eq!(numbers.next(), numbers.next(), "{limits}");
}
