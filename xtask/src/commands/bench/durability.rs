//! That nothing was traded for speed: syncs are counted, and a crash under load loses nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::client::{Client, IDENTIFIERS, profile_headers};
use super::server::{Filled, Server};
use super::{BenchError, doing, wrk};
use crate::processes::signal;

const WRITERS: u64 = 16;

/// How many writes there were for each sync of the log, counted by strace during a run.
pub fn writes_per_sync(filled: &Filled, server: &Server) -> Result<f64, BenchError> {
    let pid = server.pid().to_string();
    let counts = std::env::temp_dir().join(format!("bursar-strace-{pid}"));
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-c", "-e", "trace=fdatasync,fsync", "-p", &pid, "-o"])
        .arg(&counts);
    let mut strace = strace
        .stderr(Stdio::null())
        .spawn()
        .map_err(doing("start strace"))?;
    std::thread::sleep(Duration::from_millis(500));
    let seconds = 3;
    let run = wrk::run(filled, server, wrk::DURABLE, seconds);
    signal("-INT", strace.id())?;
    strace.wait().map_err(doing("wait for strace"))?;
    let text = std::fs::read_to_string(&counts).map_err(doing("read strace's counts"))?;
    std::fs::remove_file(&counts).map_err(doing("remove strace's counts"))?;
    let syncs: f64 = text
        .lines()
        .filter(|line| line.contains("sync"))
        .filter_map(calls)
        .sum();
    if syncs == 0.0 {
        return Err(BenchError::Unexpected(format!("no sync was seen: {text}")));
    }
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    let writes = run?.per_second * seconds as f64;
    Ok(writes / syncs)
}

/// The column `calls` of a line of `strace -c`.
fn calls(line: &str) -> Option<f64> {
    line.split_whitespace().nth(3)?.parse().ok()
}

/// Kills the server under load and starts it again. Answers how many acknowledged writes were checked,
/// and how long the start after the kill took.
pub fn survives_kill(filled: &Filled) -> Result<(usize, Duration), BenchError> {
    let server = filled.serve()?;
    let stop = AtomicBool::new(false);
    let acknowledged = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WRITERS)
            .map(|worker| {
                scope.spawn({
                    let (stop, address) = (&stop, server.address);
                    move || write_until(filled, address, worker, stop)
                })
            })
            .collect();
        std::thread::sleep(Duration::from_secs(1));
        let killed = server.kill();
        stop.store(true, Ordering::Relaxed);
        let last = workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a worker does not panic"));
        killed.map(|()| last.collect::<HashMap<u64, u64>>())
    })?;
    let server = filled.serve()?;
    let mut client = Client::connect(server.address).map_err(doing("connect"))?;
    for (profile, value) in &acknowledged {
        let answer = client
            .get(IDENTIFIERS, &profile_headers(&filled.key, *profile))
            .map_err(doing("read back"))?;
        let stored = answer
            .split("branch_id-")
            .nth(1)
            .and_then(|rest| rest.get(..10)?.parse::<u64>().ok());
        if stored.is_none_or(|stored| stored < *value) {
            return Err(BenchError::Unexpected(format!(
                "an acknowledged write was lost: {stored:?} < {value}"
            )));
        }
    }
    let ready_after = server.ready_after;
    server.stop()?;
    Ok((acknowledged.len(), ready_after))
}

/// Writes rising values to profiles of its own until the server is gone. Answers the last acknowledged of each.
fn write_until(filled: &Filled, address: SocketAddr, worker: u64, stop: &AtomicBool) -> HashMap<u64, u64> {
    let mut acknowledged = HashMap::new();
    let Ok(mut client) = Client::connect(address) else {
        return acknowledged;
    };
    for value in 6_000_000_000.. {
        let profile = 1 + worker + WRITERS * (value % 50);
        if stop.load(Ordering::Relaxed) || client.set_identifiers(&filled.key, profile, value).is_err() {
            break;
        }
        acknowledged.insert(profile, value);
    }
    acknowledged
}
