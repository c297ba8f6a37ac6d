//! The throwaway PostgreSQL itself.

use std::process::Command;

use xtask::postgres::Cluster;

fn psql(cluster: &Cluster, sql: &str) -> Option<String> {
    let psql = cluster.binaries().join("psql");
    let output = Command::new(psql)
        .args(["-XAtq", "-d", cluster.url(), "-c", sql])
        .output()
        .unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
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
    assert_eq!(
        psql(
            &cluster,
            "SELECT current_setting('fsync')||current_setting('synchronous_commit')"
        )
        .unwrap(),
        "onon"
    );
}

#[test]
fn nothing_stays_behind() {
    let cluster = Cluster::start().unwrap();
    let data = psql(&cluster, "SELECT current_setting('data_directory')").unwrap();
    assert!(std::fs::exists(&data).unwrap());
    drop(cluster);
    assert!(!std::fs::exists(&data).unwrap());
}
