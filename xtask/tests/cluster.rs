//! The throwaway PostgreSQL itself.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use xtask::postgres::Cluster;

fn psql(cluster: &Cluster, sql: &str) -> Option<String> {
    let mut psql = Command::new(cluster.binaries().join("psql"));
    let output = psql
        .args(["-XAtq", "-d", cluster.url(), "-c", sql])
        .output()
        .expect("psql starts");
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn a_restart_keeps_what_was_committed_and_the_url() {
    let mut cluster = Cluster::start().unwrap();
    let url = cluster.url().to_owned();
    psql(&cluster, "CREATE TABLE kept AS SELECT 7 AS number").unwrap();
    cluster.restart().unwrap();
    assert_eq!(cluster.url(), url);
    assert_eq!(psql(&cluster, "SELECT number FROM kept").unwrap(), "7");
}

#[test]
fn a_stopped_server_answers_nobody_until_it_is_started_again() {
    let mut cluster = Cluster::start().unwrap();
    cluster.stop().unwrap();
    assert_eq!(psql(&cluster, "SELECT 1"), None);
    cluster.restart().unwrap();
    assert_eq!(psql(&cluster, "SELECT 1").unwrap(), "1");
}

#[test]
fn a_commit_is_synced_to_disk() {
    let cluster = Cluster::start().unwrap();
    assert_eq!(psql(&cluster, "SHOW fsync").unwrap(), "on");
    assert_eq!(psql(&cluster, "SHOW synchronous_commit").unwrap(), "on");
}

#[test]
fn nothing_stays_behind() {
    let cluster = Cluster::start().unwrap();
    let data = psql(&cluster, "SELECT current_setting('data_directory')").unwrap();
    assert!(fs::exists(&data).unwrap());
    drop(cluster);
    assert!(!fs::exists(&data).unwrap());
}

#[test]
fn a_killed_owner_leaves_nothing_behind_either() {
    let show_data =
        "\"$BURSAR_TEST_POSTGRES_BIN/psql\" -XAtq $BURSAR_TEST_POSTGRES -c 'SHOW data_directory'; cat";
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask
        .args(["postgres", "--", "sh", "-c", show_data])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut owner = xtask.spawn().unwrap();
    let mut data = String::new();
    BufReader::new(owner.stdout.take().unwrap())
        .read_line(&mut data)
        .unwrap();
    assert!(fs::exists(data.trim()).unwrap());
    owner.kill().unwrap();
    owner.wait().unwrap();
    // Nobody is left to tell when the guard is done.
    let deadline = Instant::now() + Duration::from_secs(30);
    while fs::exists(data.trim()).unwrap() {
        assert!(Instant::now() < deadline, "{data} is still there");
        thread::sleep(Duration::from_millis(20));
    }
}
