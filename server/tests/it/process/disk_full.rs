//! A full disk: nothing is acknowledged that is not there, and all goes on when there is space again.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use bursar_domain::profile::identifiers::NAMES;
use xtask::small_disk;

use super::judge::Judge;
use crate::support::backend::Backend;
use crate::support::client::Client;
use crate::support::program::Program;
use crate::support::running::{Running, server};
use crate::support::server::{IDENTIFIERS, PROFILE, USER};

const BACK_LIMIT: Duration = Duration::from_secs(5);

/// Makes a large profile: what is there already has room to change, on the pages that it has in the log.
fn grow(client: &mut Client) -> u16 {
    let body = format!(r#"{{"first_name":"{}"}}"#, "x".repeat(200));
    let identifiers: Vec<String> = NAMES
        .iter()
        .map(|name| format!(r#""{name}":"{}""#, "x".repeat(1024)))
        .collect();
    let identifiers = format!("{{{}}}", identifiers.join(","));
    let customer = uuid::Uuid::new_v4().to_string();
    let header = [("adapty-customer-user-id", customer.as_str())];
    let made = client.call("POST", PROFILE, &header, &body).unwrap();
    assert_eq!(made.retry_after, made.status == 503, "{}", made.body);
    if made.status != 200 {
        return made.status;
    }
    let set = client.call("POST", IDENTIFIERS, &header, &identifiers).unwrap();
    assert_eq!(set.retry_after, set.status == 503, "{}", set.body);
    set.status
}

fn readyz(client: &mut Client) -> u16 {
    client.call("GET", "/readyz", &[], "").unwrap().status
}

/// Fills the disk under load at several moments, and judges.
fn fill_and_free(
    mut program: Program,
    fill: impl Fn(&Running),
    free: impl Fn(&Running),
    data: &dyn Fn(&Running) -> PathBuf,
) {
    let running = program.start();
    let mut client = program.client(&running);
    client.call("POST", PROFILE, &[USER], "").unwrap();
    let judge = Judge::new(&mut client);
    for round in 0..4 {
        judge.load(&program, &running, || {
            thread::sleep(Duration::from_millis(150 * (round + 1)));
            fill(&running);
            wait_for("a refusal", || grow(&mut client) == 503);
            let read = client.call("GET", IDENTIFIERS, &[USER], "").unwrap();
            assert_eq!(read.status, 200, "reads go on: {}", read.body);
            free(&running);
            wait_for("it to work again", || grow(&mut client) == 200);
            thread::sleep(Duration::from_millis(200));
        });
        let losses = judge.losses(&program, &running);
        assert!(losses.is_empty(), "{losses:#?}");
    }
    assert!(judge.acknowledged() > 100, "there was no load");
    running.assert_no_panic();
    assert_eq!(integrity(&data(&running).join("bursar.db")), "ok");
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < BACK_LIMIT, "waited too long for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn integrity(file: &Path) -> String {
    let database = rusqlite::Connection::open(file).unwrap();
    database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap()
}

/// From now on no file may grow beyond this size: writes fail as they do when a quota is used up.
fn limit(running: &Running, bytes: &str) {
    let limits = format!("--fsize={bytes}:unlimited");
    let id = running.child.id().to_string();
    let set = Command::new("prlimit")
        .args(["--pid", &id, &limits])
        .status()
        .unwrap();
    assert!(set.success());
}

#[test]
fn a_limit_on_files_is_survived() {
    let program = Program::on(Backend::SqliteFile, server());
    let data = program.data.clone();
    fill_and_free(
        program,
        |running| limit(running, "8192"),
        |running| limit(running, "unlimited"),
        &|_| data.clone(),
    );
}

/// Also while nobody else writes.
#[test]
fn a_server_whose_disk_is_full_is_not_ready_until_there_is_room() {
    let mut program = Program::on(Backend::SqliteFile, server());
    let running = program.start();
    let mut client = program.client(&running);
    assert_eq!((grow(&mut client), readyz(&mut client)), (200, 200));
    limit(&running, "8192");
    assert_eq!(grow(&mut client), 503);
    for _ in 0..2 {
        // An answer holds for a second.
        thread::sleep(Duration::from_millis(1_050));
        assert_eq!(readyz(&mut client), 503);
    }
    limit(&running, "unlimited");
    wait_for("it to be ready", || readyz(&mut client) == 200);
    assert_eq!(grow(&mut client), 200);
    running.assert_no_panic();
}

/// A small disk of its own, where this user may mount one. Elsewhere the test above has to do.
#[test]
fn a_full_disk_is_survived() {
    if let Err(why) = small_disk::may_mount() {
        // Past the test harness, which shows nothing of a test that passes.
        writeln!(std::io::stderr(), "{} was NOT RUN: {why}", small_disk::TEST).unwrap();
        return;
    }
    let mut program = Program::on(Backend::SqliteFile, server());
    std::fs::create_dir(&program.data).unwrap();
    let mount = "mount -t tmpfs -o size=32m none \"$0\" && exec \"$@\"";
    program.wrapper = ["unshare", "-m", "sh", "-c", mount].map(Into::into).into();
    program.wrapper.push(program.data.clone().into());
    // The disk is mounted for the server alone; this is how others get there.
    let path = program.data.clone();
    let data = move |running: &Running| {
        let root = PathBuf::from(format!("/proc/{}/root", running.child.id()));
        root.join(path.strip_prefix("/").unwrap())
    };
    let fill = |running: &Running| {
        let mut ballast = File::create(data(running).join("ballast")).unwrap();
        for size in [64 << 10, 4 << 10, 1] {
            while ballast.write_all(&vec![1; size]).is_ok() {}
        }
    };
    let free = |running: &Running| std::fs::remove_file(data(running).join("ballast")).unwrap();
    fill_and_free(program, fill, free, &data);
}
