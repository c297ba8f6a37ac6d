//! No byte of an answer leaves the server before the commit that it tells of is on the disk: by the system calls of the
//! real server, seen with strace. Kills cannot tell, because what the system has in memory outlives a process.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use xtask::strace;
use xtask::test_environment::size;

use crate::support::backend::Backend;
use crate::support::client::Client;
use crate::support::program::Program;
use crate::support::purchases::{numbered, subscription, with};
use crate::support::running::{Running, server};
use crate::support::server::{CUSTOMER, IDENTIFIERS, PROFILE, TRANSACTION};

/// How many writes of the right server are looked at, in a usual run and in a long one.
const WRITES: (usize, usize) = (400, 10_000);
/// And of one without a defence, where nearly each is found.
const SABOTAGED_WRITES: usize = 20;
/// How long strace may take to write down the end of the server.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a trace tells of a server that has one client, which waits for each answer.
#[derive(Default)]
struct Trace<'t> {
    /// What each thread has begun and not ended.
    begun: HashMap<&'t str, &'t str>,
    /// How many writes to SQLite's log have begun.
    written: usize,
    /// Of each thread that syncs the log, how many of them had begun before.
    syncing: HashMap<&'t str, usize>,
    /// So many of them are on the disk.
    synced: usize,
    /// How many had begun when the request came that has no answer yet.
    asked: Option<usize>,
    answered: usize,
    /// The answers before whose first byte nothing was synced that was written after the request had come.
    early: Vec<&'t str>,
}

impl<'t> Trace<'t> {
    fn read(text: &'t str) -> Self {
        let mut trace = Self::default();
        for line in text.lines() {
            let (thread, call) = line.split_once(' ').unwrap();
            let call = call.trim_start();
            if let Some(begun) = call.strip_suffix("<unfinished ...>") {
                trace.begin(thread, begun);
                trace.begun.insert(thread, begun);
            } else if call.starts_with("<... ") {
                let begun = trace.begun.remove(thread).unwrap();
                trace.end(thread, begun, call);
            } else {
                trace.begin(thread, call);
                trace.end(thread, call, call);
            }
        }
        trace
    }

    fn begin(&mut self, thread: &'t str, call: &'t str) {
        let (name, of) = call.split_once('(').unwrap_or_default();
        match name {
            "pwrite64" if is_of_log(of) => self.written += 1,
            "fdatasync" | "fsync" if is_of_log(of) => drop(self.syncing.insert(thread, self.written)),
            "sendto" | "writev" if of.contains("\"HTTP/1.1 2") => self.answer(call),
            _ => {}
        }
    }

    fn end(&mut self, thread: &'t str, begun: &str, ended: &str) {
        let (_, result) = ended.rsplit_once(" = ").unwrap_or_default();
        if begun.starts_with("recvfrom(") && result.parse().is_ok_and(|bytes: usize| bytes > 0) {
            self.asked.get_or_insert(self.written);
        }
        // Of a sync that failed nothing is known.
        if let Some(written) = self.syncing.remove(thread)
            && result == "0"
        {
            self.synced = self.synced.max(written);
        }
    }

    fn answer(&mut self, call: &'t str) {
        self.answered += 1;
        let asked = self.asked.take().expect("a request before its answer");
        if self.synced <= asked {
            self.early.push(call);
        }
    }
}

fn is_of_log(call: &str) -> bool {
    call.split_once('>')
        .is_some_and(|(file, _)| file.ends_with(".db-wal"))
}

/// Makes so many changes one after the other, each of which is answered with success.
fn write(mut client: Client, count: usize) {
    for number in 0..count {
        let customer = format!("c{}", number / 4);
        let header = [(CUSTOMER, customer.as_str())];
        let lasts = json!({"expires_at": "2099-01-01T00:00:00Z"});
        let bought = with(numbered(subscription(), &customer), lasts);
        let (method, path, body) = match number % 4 {
            0 => ("POST", PROFILE, json!({})),
            1 => ("POST", IDENTIFIERS, json!({"branch_id": number.to_string()})),
            2 => ("POST", TRANSACTION, bought),
            _ => ("PATCH", PROFILE, json!({"first_name": number.to_string()})),
        };
        let answer = client.call(method, path, &header, &body.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

/// Stops the server and answers all that was traced.
fn stop(mut running: Running, file: &PathBuf) -> String {
    let server = running.child.id().to_string();
    running.ask_to_stop();
    running.ended_within(PATIENCE);
    let ended = Instant::now();
    loop {
        let trace = fs::read_to_string(file).unwrap();
        let last = trace.lines().last().unwrap_or_default();
        if last.starts_with(&server) && last.ends_with(" +++ exited with 0 +++") {
            return trace;
        }
        assert!(ended.elapsed() < PATIENCE, "strace has not ended");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Lets this server make so many changes, and answers how many of their answers came too early.
fn early_answers(binary: PathBuf, count: usize) -> usize {
    let mut program = Program::on(Backend::SqliteFile, server());
    // The right server prepares: one without the defence would not get through its own first run.
    program.start().kill();
    program.binary = binary;
    let file = program.data.join("trace");
    program.wrapper = strace::WORDS.map(OsString::from).into();
    let calls = "trace=recvfrom,sendto,writev,pwrite64,fdatasync,fsync";
    program
        .wrapper
        .extend(["-yy", "-s", "16", "-e", calls, "-o"].map(OsString::from));
    program.wrapper.push(file.clone().into());
    let running = program.start();
    write(program.client(&running), count);
    let text = stop(running, &file);
    let trace = Trace::read(&text);
    assert_eq!(trace.answered, count, "not all answers were seen");
    eprintln!(
        "{} of {count} answers before the sync: {:?}",
        trace.early.len(),
        trace.early.first()
    );
    trace.early.len()
}

/// Where nothing can be traced, the tests that need it pass without having tested anything.
fn may_trace() -> bool {
    let may = strace::may_trace();
    if let Err(why) = &may {
        // Past the test harness, which shows nothing of a test that passes.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "{} was NOT RUN: {why}", strace::TESTS).unwrap();
    }
    may.is_ok()
}

#[test]
fn each_write_is_synced_before_the_first_byte_of_its_answer() {
    if may_trace() {
        assert_eq!(early_answers(server(), size(WRITES.0, WRITES.1)), 0);
    }
}

#[test]
fn a_server_that_does_not_sync_is_found_out() {
    if may_trace() {
        let early = early_answers(
            xtask::test_environment::sabotaged_server("without-sync"),
            SABOTAGED_WRITES,
        );
        assert!(early > SABOTAGED_WRITES / 2, "{early} were found");
    }
}

/// The connection that commits is asked, not one that reads.
#[test]
fn the_doctor_finds_out_a_writer_that_does_not_sync() {
    let mut program = Program::on(Backend::SqliteFile, server());
    program.start().kill();
    for (binary, told) in [
        (server(), "ok    durability: journal_mode=WAL, synchronous=FULL"),
        (
            xtask::test_environment::sabotaged_server("without-sync"),
            "fail  durability: journal_mode=wal, synchronous=0",
        ),
    ] {
        let mut doctor = Command::new(binary);
        let done = doctor
            .args(["doctor", "--data-dir"])
            .arg(&program.data)
            .output()
            .unwrap();
        let found = String::from_utf8(done.stdout).unwrap();
        assert!(found.contains(told), "{found}");
    }
}

#[test]
fn of_a_trace_only_a_sync_that_has_ended_and_covers_a_later_write_counts() {
    const ASKED: &str = r#"1 recvfrom(9<TCP:[1->2]>, "POST /"..., 8192, 0, NULL, NULL) = 99"#;
    const WRITTEN: &str = r#"2 pwrite64(7</a/bursar.db-wal>, "\n"..., 2048, 0) = 2048"#;
    const SYNCED: &str = "2 fdatasync(7</a/bursar.db-wal>) = 0";
    const ANSWERED: &str =
        r#"1 writev(9<TCP:[1->2]>, [{iov_base="HTTP/1.1 200 OK"..., iov_len=99}], 1) = 99"#;
    const BEGUN: &str = "2  fdatasync(7</a/bursar.db-wal> <unfinished ...>";
    const ENDED: &str = "2  <... fdatasync resumed>) = 0";
    let early = |lines: &[&str]| {
        let text = lines.join("\n");
        let trace = Trace::read(&text);
        assert_eq!(trace.answered, 1);
        trace.early.len() == 1
    };
    assert!(!early(&[ASKED, WRITTEN, SYNCED, ANSWERED]));
    assert!(!early(&[ASKED, WRITTEN, BEGUN, ENDED, ANSWERED]));
    assert!(early(&[ASKED, WRITTEN, ANSWERED, SYNCED]));
    assert!(early(&[ASKED, WRITTEN, BEGUN, ANSWERED, ENDED]));
    assert!(early(&[ASKED, BEGUN, WRITTEN, ENDED, ANSWERED]));
    assert!(early(&[WRITTEN, ASKED, SYNCED, ANSWERED]));
    assert!(early(&[ASKED, WRITTEN, &SYNCED.replace("-wal", ""), ANSWERED]));
    assert!(early(&[
        ASKED,
        WRITTEN,
        &SYNCED.replace("= 0", "= -1 EIO (x)"),
        ANSWERED
    ]));
}
