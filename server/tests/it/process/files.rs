//! The files of SQLite: such that can only be read, and such that are taken away from under a server.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use crate::support::backend::Backend;
use crate::support::client::Client;
use crate::support::installation::{stderr, stdout};
use crate::support::program::Program;
use crate::support::running::{Running, server};
use crate::support::server::{IDENTIFIERS, PROFILE, USER};

/// Runs a command as one whom permissions bind, also where the tests are run by root.
fn run_bound(program: &Program, command: &str) -> Output {
    let mut words: Vec<&OsStr> = vec!["timeout".as_ref(), "20".as_ref(), program.binary.as_os_str()];
    let is_root = rustix::process::geteuid().is_root();
    let unbound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
    if is_root {
        words.splice(0..0, unbound.map(AsRef::as_ref));
    }
    let mut run = Command::new(words[0]);
    run.args(&words[1..])
        .args([command, "--data-dir"])
        .arg(&program.data);
    if command == "serve" {
        run.args(["--listen", "127.0.0.1:0"]);
    }
    run.output().unwrap()
}

/// As a backup that somebody else has put back.
#[test]
fn a_file_that_can_only_be_read_is_refused_at_the_start_and_told_by_doctor() {
    let mut program = Program::on(Backend::SqliteFile, server());
    let mut running = program.start();
    running.ask_to_stop();
    running.ended_within(Duration::from_secs(10));
    let database = program.data.join("bursar.db");
    fs::set_permissions(&database, Permissions::from_mode(0o444)).unwrap();
    for command in ["serve", "migrate"] {
        let refused = run_bound(&program, command);
        assert_eq!(refused.status.code(), Some(1), "{command}: {}", stdout(&refused));
        assert!(
            stderr(&refused).contains("can only be read"),
            "{}",
            stderr(&refused)
        );
    }
    let doctor = run_bound(&program, "doctor");
    assert_eq!(doctor.status.code(), Some(1));
    assert!(
        stdout(&doctor).contains("fail  database files: "),
        "{}",
        stdout(&doctor)
    );
    fs::set_permissions(&database, Permissions::from_mode(0o600)).unwrap();
    let log = program.data.join("bursar.db-wal");
    if log.exists() {
        // The refused ones may have left it, and nobody but root can write into it.
        fs::remove_file(&log).unwrap();
    }
    fs::write(&log, "").unwrap();
    fs::set_permissions(&log, Permissions::from_mode(0o444)).unwrap();
    let doctor = run_bound(&program, "doctor");
    assert!(stdout(&doctor).contains("bursar.db-wal"), "{}", stdout(&doctor));
}

fn write(client: &mut Client, branch: &str) -> u16 {
    let body = format!(r#"{{"branch_id":"{branch}"}}"#);
    client.call("POST", IDENTIFIERS, &[USER], &body).unwrap().status
}

fn readyz(client: &mut Client) -> u16 {
    // An answer holds for a second.
    thread::sleep(Duration::from_millis(1_050));
    client.call("GET", "/readyz", &[], "").unwrap().status
}

fn started(program: &mut Program) -> (Running, Client) {
    let running = program.start();
    let mut client = program.client(&running);
    assert_eq!(client.call("POST", PROFILE, &[USER], "").unwrap().status, 200);
    assert_eq!((write(&mut client, "before"), readyz(&mut client)), (200, 200));
    (running, client)
}

fn move_all(from: &Path, to: &Path) {
    for name in ["bursar.db", "bursar.db-wal", "bursar.db-shm"] {
        fs::rename(from.join(name), to.join(name)).unwrap();
    }
}

#[test]
fn nothing_is_answered_that_would_go_into_files_that_were_taken_away() {
    let mut program = Program::on(Backend::SqliteFile, server());
    let (running, mut client) = started(&mut program);
    let elsewhere = program.data.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    move_all(&program.data, &elsewhere);
    assert_eq!(write(&mut client, "while away"), 503);
    assert_eq!(readyz(&mut client), 503);
    let told = running.lines_with("\"ERROR\"");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("bursar.db"), "{told:?}");
    let read = client.call("GET", IDENTIFIERS, &[USER], "").unwrap();
    assert_eq!(read.status, 200, "{}", read.body);
    assert!(read.body.contains("\"before\""), "{}", read.body);
    assert!(
        !program.data.join("bursar.db").exists(),
        "none is made in its place"
    );
    move_all(&elsewhere, &program.data);
    assert_eq!((write(&mut client, "after"), readyz(&mut client)), (200, 200));
}

#[test]
fn a_log_that_was_taken_away_or_replaced_is_missed_too() {
    let mut program = Program::on(Backend::SqliteFile, server());
    let (running, mut client) = started(&mut program);
    let (log, away) = (program.data.join("bursar.db-wal"), program.data.join("away"));
    fs::rename(&log, &away).unwrap();
    assert_eq!((write(&mut client, "away"), readyz(&mut client)), (503, 503));
    fs::copy(&away, &log).unwrap();
    assert_eq!(write(&mut client, "a copy"), 503);
    let told = running.lines_with("\"ERROR\"");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("bursar.db-wal cannot be looked at"), "{told:?}");
    fs::rename(&away, &log).unwrap();
    assert_eq!((write(&mut client, "after"), readyz(&mut client)), (200, 200));
}

#[test]
fn another_database_in_the_place_of_a_running_servers_one_is_not_taken_for_it() {
    let mut program = Program::on(Backend::SqliteFile, server());
    let (mut running, mut client) = started(&mut program);
    let (database, copy) = (program.data.join("bursar.db"), program.data.join("copy.db"));
    let backup = rusqlite::Connection::open(&database).unwrap();
    backup
        .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    drop(backup);
    for name in ["bursar.db", "bursar.db-wal", "bursar.db-shm"] {
        fs::remove_file(program.data.join(name)).unwrap();
    }
    fs::rename(&copy, &database).unwrap();
    assert_eq!((write(&mut client, "lost"), readyz(&mut client)), (503, 503));
    running.ask_to_stop();
    assert_eq!(running.ended_within(Duration::from_secs(10)).code(), Some(0));
    let running = program.start();
    let mut client = program.client(&running);
    let read = client.call("GET", IDENTIFIERS, &[USER], "").unwrap();
    assert!(read.body.contains("\"before\""), "{}", read.body);
}
