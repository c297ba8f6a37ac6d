//! SQLite's log stays short however long the load goes on, and whoever reads meanwhile.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bursar::store::{Sql, Statement, Store};
use futures_util::future::join_all;

use crate::support::backend::Backend;
use crate::support::random::Random;
use crate::support::server::{PROFILE, TestServer};

const BOUND: u64 = 64 << 20;
/// How long the load goes on, and how long at most until it is enough to prove something.
const LOAD: Duration = Duration::from_secs(8);
const MOST_LOAD: Duration = Duration::from_secs(90);
const ENOUGH: u64 = BOUND + BOUND / 4;
/// Rows of so many bytes, which take about as much of the log.
const ROW: usize = 24 << 10;

static SAVE: Sql = Sql::same(
    "INSERT INTO secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
);
static READ: Sql = Sql::same("SELECT sealed FROM secrets WHERE name = $1");
/// Some forty milliseconds.
static SCAN: Sql = Sql::same("SELECT count(*) FROM secrets AS a, secrets AS b WHERE a.name < b.name");

/// The size of SQLite's write-ahead log beside this file.
pub fn log_bytes(file: &Path) -> u64 {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(0, |metadata| metadata.len())
}

async fn write(store: &Store, mut random: Random, stop: &AtomicBool, written: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        let sealed: Vec<u8> = random.next().to_le_bytes().repeat(ROW / 8);
        let save = Statement::new(&SAVE, [random.below(400).to_string().into(), sealed.into()]);
        store.write(vec![save]).await.unwrap();
        written.fetch_add(ROW as u64, Ordering::Relaxed);
    }
}

async fn read(store: &Store, mut random: Random, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let read = Statement::new(&READ, [random.below(400).to_string().into()]);
        store.read(read).await.unwrap();
        tokio::task::yield_now().await;
    }
}

async fn scan(store: &Store, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        store.scan_whole(Statement::new(&SCAN, [])).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_else_can_read_the_database_or_its_log() {
    let server = TestServer::on(Backend::SqliteFile).await;
    for name in ["bursar.db", "bursar.db-wal", "bursar.db-shm"] {
        let file = std::fs::metadata(server.folder.0.join(name)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

/// In how many of the database's files something stands.
fn holding(file: &Path, wanted: &str) -> usize {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let holds = |file: &Path| {
        let bytes = std::fs::read(file).unwrap();
        bytes.windows(wanted.len()).any(|part| part == wanted.as_bytes())
    };
    [file, Path::new(&log)]
        .into_iter()
        .filter(|file| holds(file))
        .count()
}

/// What housekeeping does every minute. It leaves the log alone while that is being moved.
async fn leave_nothing_erased(store: &Store, file: &Path, wanted: &str) {
    for _ in 0..100 {
        store.leave_nothing_erased().await.unwrap();
        if holding(file, wanted) == 0 {
            return;
        }
    }
    panic!("{wanted} is still in the files");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_of_a_deleted_profile_is_left_in_the_files_while_the_server_goes_on() {
    let server = TestServer::on(Backend::SqliteFile).await;
    let other = server.beside().await;
    let (store, file) = (&server.state.store, server.folder.0.join("bursar.db"));
    // The first is deleted by another program, such as a command.
    for (name, by) in [("c4n4ry-1", &other), ("c4n4ry-2", &server)] {
        // It stands so far back that no later log would soon be as long.
        for n in 0..100_i64 {
            let save = Statement::new(&SAVE, [n.to_string().into(), vec![0_u8; ROW].into()]);
            store.write(vec![save]).await.unwrap();
        }
        let user = [("adapty-customer-user-id", name)];
        let known = format!(r#"{{"first_name": "{name}"}}"#);
        assert_eq!(server.call("POST", PROFILE, &user, &known).await.status, 200);
        assert_ne!(holding(&file, name), 0);
        assert_eq!(by.call("DELETE", PROFILE, &user, "").await.status, 204);
        leave_nothing_erased(store, &file, name).await;
    }
}

/// Such as a backup. It is in the way of emptying the log, and that is made up for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_long_look_of_another_program_keeps_in_the_log_goes_behind_it() {
    let server = TestServer::on(Backend::SqliteFile).await;
    let (store, file) = (&server.state.store, server.folder.0.join("bursar.db"));
    let user = [("adapty-customer-user-id", "c4n4ry")];
    assert_eq!(server.call("POST", PROFILE, &user, "").await.status, 200);
    let backup = rusqlite::Connection::open(&file).unwrap();
    backup
        .execute_batch("BEGIN; SELECT count(*) FROM profiles")
        .unwrap();
    assert_eq!(server.call("DELETE", PROFILE, &user, "").await.status, 204);
    // As often as it takes to find the log at rest.
    for _ in 0..5 {
        store.leave_nothing_erased().await.unwrap();
        assert_ne!(holding(&file, "c4n4ry"), 0);
    }
    backup.execute_batch("COMMIT").unwrap();
    leave_nothing_erased(store, &file, "c4n4ry").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_stays_short_under_unbroken_load_beside_readers() {
    let server = TestServer::on(Backend::SqliteFile).await;
    let (store, file) = (&server.state.store, server.folder.0.join("bursar.db"));
    let mut random = Random::new("log");
    let (stop, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let is_enough =
        |load: Duration| load >= MOST_LOAD || (load >= LOAD && written.load(Ordering::Relaxed) > ENOUGH);
    let longest = async {
        let (mut longest, started) = (0, Instant::now());
        while !is_enough(started.elapsed()) {
            longest = longest.max(log_bytes(&file));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.store(true, Ordering::Relaxed);
        longest
    };
    let writers: Vec<_> = (0..32)
        .map(|_| write(store, random.split(), &stop, &written))
        .collect();
    let reads = read(store, random.split(), &stop);
    let (longest, _, (), ()) = tokio::join!(longest, join_all(writers), reads, scan(store, &stop));
    let written = written.load(Ordering::Relaxed);
    eprintln!(
        "{} MiB written, the log had {} at most",
        written >> 20,
        longest >> 20
    );
    assert!(
        written > ENOUGH,
        "the test proves nothing: {written} bytes written"
    );
    assert!(longest < BOUND, "{longest} bytes");
}
