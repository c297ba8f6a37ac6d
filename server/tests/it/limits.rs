//! What one caller can cost: everything that is too large, too deep or too slow is cut off, with little memory, and
//! does not hold up others. Over sockets, against the program itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Resource;
use serde_json::Value;

use super::fuzz::bodies::gzip;
use super::support::raw::{RawAnswer, RawServer};
use super::support::server::{IDENTIFIERS, PROFILE, SDK_IDENTIFIERS, USER};
use super::support::waiting::until;

const MIB: usize = 1024 * 1024;
/// What the largest body that is let in may take: itself, and its 99,000 fields as they are read. The allocator keeps
/// most of what the first one took from the system.
const LARGEST_BODY: u64 = 16 * MIB as u64;
const SOCKETS: usize = 1_000;
/// By how much the 99th percentile of others may grow.
const MOST_SLOWDOWN: f64 = 1.5;
/// Requests for one percentile: the tenth slowest of them is it.
const REQUESTS: usize = 1_000;
/// What a request that is under way may take: what its connection has read and will write, and its task. A connection
/// that waits for its next request has given most of it back, so the slow ones take more than healthy ones that wait.
const UNDER_WAY: u64 = 20 * 1024;
/// Fewer threads than most machines would have, and one arena of the allocator for all of them: how much each keeps of
/// what it has given back is chance, and 13 MB have been seen.
const SETTINGS: [(&str, &str); 3] = [
    ("BURSAR_DATABASE", "sqlite::memory:"),
    ("TOKIO_WORKER_THREADS", "2"),
    ("MALLOC_ARENA_MAX", "1"),
];

/// As much again and a fifth.
fn a_fifth_more(bytes: u64) -> u64 {
    bytes / 5 * 6
}

#[test]
fn what_is_too_large_or_too_deep_is_refused_with_little_memory() {
    let program = RawServer::start(&SETTINGS);
    program.call("POST", PROFILE, &[USER], b"");
    for _ in 0..200 {
        program.call("POST", IDENTIFIERS, &[USER], br#"{"branch_id":"b"}"#);
    }
    let fresh = program.memory();
    let bodies = Bodies::new();
    // From here on the allocator has what it needs for all of this once.
    (0..3).for_each(|_| bodies.send(&program));
    let (warm, warm_peak) = (program.memory(), program.peak_memory());
    (0..12).for_each(|_| bodies.send(&program));
    let (after, peak) = (program.memory(), program.peak_memory());
    println!("bytes: {fresh} fresh, {warm} warm ({warm_peak} at most), {after} afterwards, {peak} at most");
    assert!(after < a_fifth_more(warm), "from {warm} to {after} bytes");
    assert!(
        peak < a_fifth_more(warm_peak),
        "from {warm_peak} to {peak} bytes at most"
    );
    // The first one alone may take more, because it has to be held: what is refused must not.
    assert!(
        peak < a_fifth_more(fresh) + LARGEST_BODY,
        "from {fresh} to {peak} bytes"
    );
    assert_eq!(program.call("GET", PROFILE, &[USER], b"").status, 200);
}

#[test]
fn bodies_of_very_many_objects_take_little_memory_also_where_many_come_at_once() {
    const AT_ONCE: usize = 16;
    let program = RawServer::start(&SETTINGS);
    let made: Value = serde_json::from_slice(&program.call("POST", PROFILE, &[USER], b"").body).unwrap();
    let id = &made["data"]["profile_id"];
    let objects = "{},".repeat(99_000);
    let fresh = program.memory();
    for (path, head) in [
        (IDENTIFIERS, "\"branch_id\": \"b\"".to_owned()),
        (
            SDK_IDENTIFIERS,
            format!("\"data\": {{\"profile_id\": {id}, \"branch_id\": \"b\"}}"),
        ),
    ] {
        let body = gzip(format!("{{{head}, \"x\": [{objects}0]}}").as_bytes());
        let headers = [USER, ("content-encoding", "gzip")];
        let send = || assert_eq!(program.call("POST", path, &headers, &body).status, 200, "{path}");
        thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(send))));
    }
    // Two threads read one each.
    let peak = program.peak_memory();
    println!("bytes: {fresh} fresh, {peak} at most");
    assert!(
        peak < fresh + 2 * LARGEST_BODY + (AT_ONCE * MIB) as u64,
        "from {fresh} to {peak} bytes"
    );
}

/// Bodies that are as large as may be, too large, or too deep.
struct Bodies {
    bomb: Vec<u8>,
    deep: String,
    million: String,
    most: String,
    many: String,
}

/// A body with so many fields, of which one means something.
fn fields(count: usize) -> String {
    format!("{{{}\"branch_id\":\"b\"}}", "\"\":0,".repeat(count))
}

impl Bodies {
    fn new() -> Self {
        Self {
            bomb: gzip(&vec![b' '; 64 * MIB]),
            deep: format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64)),
            million: fields(1_000_000),
            most: fields(209_000),
            many: fields(99_000),
        }
    }

    /// Sends each once, and what is too large outside of a body.
    fn send(&self, program: &RawServer) {
        let coded = [USER, ("content-encoding", "gzip")];
        let with =
            |headers: &[(&str, &str)], body: &[u8]| program.call("POST", IDENTIFIERS, headers, body).status;
        assert_eq!(with(&[USER], &vec![b' '; MIB + 1]), 413);
        assert_eq!(with(&coded, &self.bomb), 413);
        assert_eq!(with(&[USER], self.deep.as_bytes()), 400);
        assert_eq!(with(&[USER], self.million.as_bytes()), 413);
        assert_eq!(with(&coded, &gzip(self.million.as_bytes())), 413);
        assert_eq!(with(&[USER], self.most.as_bytes()), 400);
        assert_eq!(with(&[USER], self.many.as_bytes()), 200);
        assert_eq!(program.send(&chunked(program, MIB / 1024 + 1)).status, 413);
        let long = "x".repeat(33 * 1024);
        assert_eq!(program.call("GET", PROFILE, &[("x", &long)], b"").status, 431);
        let longest = "x".repeat(31 * 1024);
        let whole = program.call("GET", PROFILE, &[USER, ("x", &longest)], b"");
        assert_eq!(whole.status, 200);
        let headers = vec![("x", "y"); 4_000];
        assert_eq!(program.call("GET", PROFILE, &headers, b"").status, 431);
        let path = format!("/{long}");
        assert!(matches!(program.call("GET", &path, &[], b"").status, 414 | 431));
    }
}

/// A request whose body comes in so many chunks of 1 kB, without a length.
fn chunked(program: &RawServer, chunks: usize) -> Vec<u8> {
    let mut bytes = format!(
        "POST {IDENTIFIERS} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Api-Key {}\r\n\
         transfer-encoding: chunked\r\n\r\n",
        program.secret_key
    )
    .into_bytes();
    let chunk = [b"400\r\n".as_slice(), &[b' '; 1024], b"\r\n"].concat();
    bytes.extend(chunk.repeat(chunks));
    bytes.extend(b"0\r\n\r\n");
    bytes
}

/// How often latencies are measured, alone and beside others in turn. As long as the others seem to hold up anybody it
/// is done again, with all that was measured before kept: on a machine that others use too, a few measurements say little.
const PAIRS: [usize; 3] = [7, 14, 28];

/// By how much the 99th percentile grew, in the middle of all pairs. Both of a pair are measured one after the other, so
/// that whatever else the machine does is in both.
struct Slowdowns(Vec<f64>);

impl Slowdowns {
    /// Measures until the middle is below the bar, or often enough to believe that it is not.
    fn measure(
        program: &RawServer,
        requests: usize,
        pairs: &[usize],
        mut beside: impl FnMut(&dyn Fn() -> Duration) -> Duration,
    ) -> Self {
        let mut slowdowns = Self(Vec::new());
        for enough in pairs {
            while slowdowns.0.len() < *enough {
                let alone = healthy_p99(program, requests);
                let beside = beside(&|| healthy_p99(program, requests));
                slowdowns.0.push(beside.as_secs_f64() / alone.as_secs_f64());
            }
            if slowdowns.median() <= MOST_SLOWDOWN {
                break;
            }
        }
        slowdowns
    }

    fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }
}

#[test]
fn sockets_that_send_a_byte_now_and_then_hold_up_nobody() {
    allow_sockets();
    let program = RawServer::start(&SETTINGS);
    program.call("POST", PROFILE, &[USER], b"");
    healthy_p99(&program, REQUESTS);
    let warm = memory_with_many_healthy_sockets(&program);
    let mut during = 0;
    let slowdowns = Slowdowns::measure(&program, REQUESTS, &PAIRS, |measure| {
        beside_slow_sockets(&program, || {
            let beside = measure();
            during = during.max(program.memory());
            beside
        })
    });
    let slowdown = slowdowns.median();
    println!(
        "p99 beside {SOCKETS} slow sockets {slowdown:.2} times as long: {:.2?}",
        slowdowns.0
    );
    println!("bytes: {warm} with {SOCKETS} healthy sockets, {during} with slow ones");
    assert!(slowdown <= MOST_SLOWDOWN, "{slowdown}: {:?}", slowdowns.0);
    let most = beside_slow(warm);
    assert!(during < most, "from {warm} to {during} bytes, over {most}");
}

/// The same measurements beside callers that do cost something: each has a body of 10,000 fields read, again and again.
#[test]
fn callers_that_do_hold_up_others_are_found() {
    // Far above the bar is seen by few.
    const FEW: usize = 200;
    let program = RawServer::start(&SETTINGS);
    program.call("POST", PROFILE, &[USER], b"");
    healthy_p99(&program, REQUESTS);
    let body = fields(10_000);
    let slowdowns = Slowdowns::measure(&program, FEW, &PAIRS[..1], |measure| {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        program.call("POST", IDENTIFIERS, &[USER], body.as_bytes());
                    }
                });
            }
            let beside = measure();
            stop.store(true, Ordering::Relaxed);
            beside
        })
    });
    let slowdown = slowdowns.median();
    println!(
        "p99 beside 4 heavy callers {slowdown:.2} times as long: {:.2?}",
        slowdowns.0
    );
    assert!(slowdown > MOST_SLOWDOWN, "{slowdown}: {:?}", slowdowns.0);
}

/// The same look at memory, with sockets that do make the server keep something: most of a body of 1 MiB each.
#[tokio::test]
async fn sockets_that_do_take_memory_are_found() {
    const HEAVY: usize = 100;
    allow_sockets();
    let program = RawServer::start(&SETTINGS);
    program.call("POST", PROFILE, &[USER], b"");
    let warm = memory_with_many_healthy_sockets(&program);
    let head = format!(
        "POST {IDENTIFIERS} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {}\r\ncontent-length: {MIB}\r\n\r\n",
        program.secret_key
    );
    let most = vec![b' '; MIB - 1];
    let sockets: Vec<TcpStream> = (0..HEAVY).map(|_| program.connect()).collect();
    for mut socket in &sockets {
        socket.write_all(&[head.as_bytes(), &most].concat()).unwrap();
    }
    let is_found = async || program.memory() >= beside_slow(warm);
    until(format!("the memory grows from {warm}"), is_found).await;
}

/// A body of which a byte comes now and then is given up after half a minute, and its socket is closed.
#[test]
fn a_body_that_never_ends_is_given_up() {
    let program = RawServer::start(&SETTINGS);
    let mut stream = program.connect();
    let head = format!(
        "POST {IDENTIFIERS} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {}\r\ncontent-length: 100000\r\n\r\n{{",
        program.secret_key
    );
    let started = Instant::now();
    stream.write_all(head.as_bytes()).unwrap();
    let mut dripping = stream.try_clone().unwrap();
    let drip = std::thread::spawn(move || {
        while dripping.write_all(b" ").is_ok() && started.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(250));
        }
    });
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = Vec::new();
    // Closing while bytes come on may end in a reset; what came before it counts.
    drop(stream.read_to_end(&mut answer));
    let took = started.elapsed();
    let answer = RawAnswer::read(&answer);
    assert_eq!(answer.status, 408, "{}", answer.text());
    assert!(answer.text().contains("request_timeout"), "{}", answer.text());
    assert!((28..45).contains(&took.as_secs()), "{took:?}");
    drop(stream);
    drip.join().unwrap();
}

/// What the program may have beside slow sockets, where it has so much beside as many healthy ones.
fn beside_slow(warm: u64) -> u64 {
    a_fifth_more(warm) + SOCKETS as u64 * UNDER_WAY
}

/// What the program has while as many sockets as the slow ones are open, each of which has asked for something and been
/// answered: what a socket costs anyway is not to be laid at the door of the slow ones.
fn memory_with_many_healthy_sockets(program: &RawServer) -> u64 {
    let request = format!(
        "GET {IDENTIFIERS} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {}\r\n\
         adapty-customer-user-id: user-1\r\n\r\n",
        program.secret_key
    );
    let sockets: Vec<TcpStream> = (0..SOCKETS).map(|_| program.connect()).collect();
    for mut socket in &sockets {
        socket.write_all(request.as_bytes()).unwrap();
        assert!(socket.read(&mut [0; 4096]).unwrap() > 0);
    }
    program.memory()
}

/// Does something while many sockets are slow.
fn beside_slow_sockets<T>(program: &RawServer, work: impl FnOnce() -> T) -> T {
    let (stop, open) = (AtomicBool::new(false), Barrier::new(2));
    std::thread::scope(|scope| {
        scope.spawn(|| drip(program, &open, &stop));
        open.wait();
        let done = work();
        stop.store(true, Ordering::Relaxed);
        done
    })
}

/// Where a process may open few files, lets this one, and the program that it starts, open all that it can have.
fn allow_sockets() {
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    rustix::process::setrlimit(Resource::Nofile, limit).unwrap();
}

/// Opens many sockets, half of which never end their head and half their body, and sends a byte on each in turn.
fn drip(program: &RawServer, open: &Barrier, stop: &AtomicBool) {
    let head = format!(
        "POST {IDENTIFIERS} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {}\r\n\
         adapty-customer-user-id: user-1\r\ncontent-length: 100000\r\nx: ",
        program.secret_key
    );
    let mut sockets: Vec<TcpStream> = (0..SOCKETS).map(|_| program.connect()).collect();
    for (index, socket) in sockets.iter_mut().enumerate() {
        socket.write_all(head.as_bytes()).unwrap();
        if index % 2 == 0 {
            socket.write_all(b"x\r\n\r\n{").unwrap();
        }
    }
    open.wait();
    while !stop.load(Ordering::Relaxed) {
        for socket in &mut sockets {
            drop(socket.write_all(b" "));
            std::thread::sleep(Duration::from_millis(1));
            if stop.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// The 99th percentile of many requests, one after the other on one connection.
fn healthy_p99(program: &RawServer, requests: usize) -> Duration {
    let mut stream = program.connect();
    let request = format!(
        "GET {IDENTIFIERS} HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {}\r\n\
         adapty-customer-user-id: user-1\r\n\r\n",
        program.secret_key
    );
    let mut times: Vec<Duration> = (0..requests)
        .map(|_| {
            let started = Instant::now();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"null}") {
                let mut buffer = [0; 4096];
                let count = stream.read(&mut buffer).unwrap();
                assert!(count > 0, "the server closed the connection");
                answer.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(RawAnswer::read(&answer).status, 200);
            started.elapsed()
        })
        .collect();
    times.sort();
    times[requests - requests / 100]
}

#[test]
fn a_large_body_without_a_key_is_refused_unread() {
    let program = RawServer::start(&[("BURSAR_DATABASE", "sqlite::memory:")]);
    let mut stream = program.connect();
    let head = format!("POST {IDENTIFIERS} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = RawAnswer::read(&answer);
    assert_eq!(answer.status, 401);
    assert!(answer.head.contains("\r\nrequest-id: "), "{}", answer.head);
}
