//! Latencies: an open loop at a set rate, and single writes on an idle server.
//!
//! wrk sends the next request when the last is answered, which hides a stall: nobody asks while it lasts. Here
//! requests have their times beforehand, and a latency counts from the time at which a request was due.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::client::{Client, identifiers};
use super::report::percentile;
use super::server::{Filled, Server};
use super::wrk::CONNECTIONS;
use super::{BenchError, doing};

/// What a paced run gave.
pub struct Paced {
    /// Median latency.
    pub p50: Duration,
    /// 99th percentile.
    pub p99: Duration,
    /// The longest time in which nothing was answered.
    pub longest_stall: Duration,
}

/// Sets ever-new identifiers of random profiles, `rate` a second, for so many seconds.
pub fn run(filled: &Filled, server: &Server, rate: f64, seconds: u64) -> Result<Paced, BenchError> {
    let answers = paced(filled, server, rate, seconds, set_identifiers)?;
    let mut latencies = Vec::new();
    let mut times = Vec::new();
    for (due, answered) in answers.into_iter().flatten() {
        latencies.push(answered.duration_since(due));
        times.push(answered);
    }
    latencies.sort();
    times.sort();
    let longest_stall = times
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .max()
        .unwrap_or_default();
    Ok(Paced {
        p50: percentile(&latencies, 50),
        p99: percentile(&latencies, 99),
        longest_stall,
    })
}

/// When each request of a connection was due, and when it was answered.
type Answers = Vec<(Instant, Instant)>;

/// What a request does: with a client, for a profile, with ever-new values from a number.
type Act = fn(&mut Client, &Filled, u64, u64) -> std::io::Result<String>;

fn set_identifiers(
    client: &mut Client,
    filled: &Filled,
    profile: u64,
    random: u64,
) -> std::io::Result<String> {
    client.set_identifiers(&filled.key, profile, random % 9_999_999_999)
}

/// Renews the chains of random profiles, `rate` a second, for so many seconds.
pub fn report(filled: &Filled, server: &Server, rate: f64, seconds: u64) -> Result<(), BenchError> {
    paced(filled, server, rate, seconds, renew).map(drop)
}

/// Does this for random profiles over all connections, `rate` a second, for so many seconds.
fn paced(
    filled: &Filled,
    server: &Server,
    rate: f64,
    seconds: u64,
    act: Act,
) -> Result<Vec<Answers>, BenchError> {
    let begin = Instant::now() + Duration::from_millis(100);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|worker| {
                scope.spawn(move || one_connection(filled, server, (begin, rate, seconds), worker, act))
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker does not panic"))
            .collect()
    })
}

fn renew(client: &mut Client, filled: &Filled, profile: u64, random: u64) -> std::io::Result<String> {
    // The later the run, the later the purchase: a chain is renewed, not corrected.
    let seconds = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()) % 2_000_000;
    let (day, rest) = (1 + seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    let body = format!(
        r#"{{"purchase_type":"subscription","store":"app_store","store_product_id":"monthly",
            "store_transaction_id":"p-{random}","store_original_transaction_id":"c-{profile}",
            "price":{{"country":"US","currency":"USD","value":9.99}},
            "purchased_at":"2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z",
            "originally_purchased_at":"2020-01-01T00:00:00Z","expires_at":"2099-01-01T00:00:00Z","renew_status":true}}"#
    );
    client.report(&filled.key, profile, &body)
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn one_connection(
    filled: &Filled,
    server: &Server,
    (begin, rate, seconds): (Instant, f64, u64),
    worker: usize,
    act: Act,
) -> Result<Answers, BenchError> {
    let mut client = Client::connect(server.address).map_err(doing("connect"))?;
    let every = Duration::from_secs_f64(CONNECTIONS as f64 / rate);
    let mut due = begin + every.mul_f64(worker as f64 / CONNECTIONS as f64);
    let end = begin + Duration::from_secs(seconds);
    let mut random = worker as u64 + 1 + u64::from(std::process::id()) * CONNECTIONS as u64;
    let mut answers = Vec::new();
    while due < end {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        random = next_random(random);
        let profile = random % filled.profiles + 1;
        act(&mut client, filled, profile, random).map_err(doing("send"))?;
        answers.push((due, Instant::now()));
        due += every;
    }
    Ok(answers)
}

/// The median time of a single write on an idle server, and of an append and sync of the same bytes.
pub fn idle(
    filled: &Filled,
    server: &Server,
    folder: &Path,
    times: u64,
) -> Result<(Duration, Duration), BenchError> {
    let mut client = Client::connect(server.address).map_err(doing("connect"))?;
    let mut file = File::create(folder.join("append")).map_err(doing("make a file"))?;
    let (mut writes, mut appends) = (Vec::new(), Vec::new());
    for n in 1..=times {
        let profile = next_random(n) % filled.profiles + 1;
        let begin = Instant::now();
        client
            .set_identifiers(&filled.key, profile, 5_000_000_000 + n)
            .map_err(doing("send"))?;
        writes.push(begin.elapsed());
        let begin = Instant::now();
        let bytes = identifiers(profile, n);
        file.write_all(bytes.as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(doing("append"))?;
        appends.push(begin.elapsed());
    }
    writes.sort();
    appends.sort();
    Ok((percentile(&writes, 50), percentile(&appends, 50)))
}

/// SplitMix64: enough to scatter profiles.
fn next_random(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
