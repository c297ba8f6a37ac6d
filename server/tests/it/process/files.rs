//! The files of SQLite where they can only be read.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::Duration;

use crate::support::backend::Backend;
use crate::support::process::{stderr, stdout};
use crate::support::running::{Program, server};

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
    fs::write(&log, "").unwrap();
    fs::set_permissions(&log, Permissions::from_mode(0o444)).unwrap();
    let doctor = run_bound(&program, "doctor");
    assert!(stdout(&doctor).contains("bursar.db-wal"), "{}", stdout(&doctor));
}
