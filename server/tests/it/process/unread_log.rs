//! A log that nobody reads holds up nothing.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::backend::{Backend, Folder};
use crate::support::client::Client;
use crate::support::program::Program;
use crate::support::running::server;

/// More lines than the pipe and its reader take.
const LINES: usize = 1_000;
const STOP_LIMIT: Duration = Duration::from_secs(10);
const LOST: &str = "lines of the log were lost";

/// Makes a line of the log.
fn refused(client: &mut Client) {
    let answer = client.call("GET", "/no/such/path", &[], "").unwrap();
    assert_eq!(answer.status, 404);
}

/// How many lines these say were lost.
fn lost(lines: &[String]) -> usize {
    let lost = lines.iter().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        usize::try_from(line["lost"].as_u64().unwrap()).unwrap()
    });
    lost.sum()
}

#[test]
fn a_server_whose_log_is_not_read_goes_on_and_stops_and_tells_how_many_lines_were_lost() {
    let mut program = Program::on(Backend::SqliteFile, server());
    let mut running = program.start();
    let mut client = program.client(&running).patient(Duration::from_secs(5));
    let log = running.log_lines();

    let unread = log.lock().unwrap();
    (0..LINES).for_each(|_| refused(&mut client));
    let metrics = client.call("GET", "/metrics", &[], "").unwrap().body;
    let counted = metrics
        .lines()
        .find_map(|line| line.strip_prefix("bursar_log_lines_lost_total "));
    let counted: usize = counted.unwrap().parse().unwrap();
    assert!(counted > 0);
    drop(unread);

    // Once there is room again the next line is written, and behind those that were lost.
    let mut sent = LINES;
    while running.lines_with(LOST).is_empty() {
        assert!(sent < 2 * LINES, "nothing is told");
        thread::sleep(Duration::from_millis(10));
        refused(&mut client);
        sent += 1;
    }
    let started = Instant::now();
    // While its reader catches up, more may be lost.
    loop {
        let (seen, told) = (
            running.lines_with("refused a request").len(),
            lost(&running.lines_with(LOST)),
        );
        if seen + told == sent {
            assert!(told >= counted, "{told} of {counted}");
            break;
        }
        assert!(
            started.elapsed() < STOP_LIMIT,
            "{seen} were read and {told} lost of {sent}"
        );
        thread::sleep(Duration::from_millis(10));
    }
    let lines = log.lock().unwrap();
    let place = lines.iter().position(|line| line.contains(LOST)).unwrap();
    assert!(
        place + 1 < lines.len(),
        "the line that was written then comes behind it"
    );
    drop(lines);

    let unread = log.lock().unwrap();
    (0..LINES).for_each(|_| refused(&mut client));
    running.ask_to_stop();
    let asked = Instant::now();
    let ended = loop {
        if let Some(status) = running.child.try_wait().unwrap() {
            break status;
        }
        assert!(asked.elapsed() < STOP_LIMIT, "it does not stop");
        thread::sleep(Duration::from_millis(10));
    };
    drop(unread);
    assert_eq!(ended.code(), Some(0));
}

/// As on a full disk.
#[test]
fn a_log_that_takes_nothing_ends_no_server() {
    let folder = Folder::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut child = Command::new(server())
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.0.join("data"))
        .stdout(Stdio::piped())
        .stderr(full)
        .spawn()
        .unwrap();
    let printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let secret = printed
        .map_while(Result::ok)
        .find(|line| line.contains("admin token"));
    assert!(secret.is_some(), "it has ended: {:?}", child.wait());
    thread::sleep(Duration::from_millis(500));
    xtask::processes::signal("-TERM", child.id()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
