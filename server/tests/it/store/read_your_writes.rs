//! Concurrent clients of one profile see every identifier as if all requests came one after another.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::registers::{Operation, check};
use crate::support::backend::{ALL, Backend};
use crate::support::purchases::{numbered, one_time, with};
use crate::support::random::Random;
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer};

const NAMES: [&str; 4] = ["branch_id", "appsflyer_id", "pushwoosh_hwid", "adjust_device_id"];
const CLIENTS: usize = 10;
const REQUESTS: usize = 500;
/// Customers that are made beside others.
const MADE: usize = 100;

/// What was seen of each identifier, and a clock whose every tick is a moment.
#[derive(Default)]
struct Seen {
    clock: AtomicU64,
    operations: Mutex<HashMap<&'static str, Vec<Operation>>>,
}

impl Seen {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn note(&self, name: &'static str, is_write: bool, value: &str, begin: u64) {
        let operation = Operation {
            is_write,
            value: value.to_owned(),
            begin,
            end: self.now(),
        };
        let mut operations = self.operations.lock().unwrap();
        operations.entry(name).or_default().push(operation);
    }

    fn check(&self) -> Result<(), String> {
        let operations = self.operations.lock().unwrap();
        operations.iter().try_for_each(|(name, operations)| {
            check("", operations).map_err(|error| format!("{name}: {error}"))
        })
    }
}

async fn client(server: &TestServer, number: usize, random: &mut Random, header: (&str, &str), seen: &Seen) {
    for request in 0..REQUESTS {
        if random.in_hundred(50) {
            let name = *random.pick(&NAMES);
            let value = format!("{number}-{request}");
            let begin = seen.now();
            let body = json!({ name: value }).to_string();
            let set = server.call("POST", IDENTIFIERS, &[header], &body).await;
            assert_eq!(set.status, 200, "{}", set.text());
            seen.note(name, true, &value, begin);
        } else {
            let begin = seen.now();
            let read = server.call("GET", IDENTIFIERS, &[header], "").await;
            assert_eq!(read.status, 200, "{}", read.text());
            note_all(&read.json(), begin, seen);
        }
    }
}

fn note_all(read: &Value, begin: u64, seen: &Seen) {
    for name in NAMES {
        seen.note(name, false, read[name].as_str().unwrap_or(""), begin);
    }
}

async fn run(backend: Backend, random: &mut Random) {
    let server = TestServer::on(backend).await;
    let customer = ("adapty-customer-user-id", "user-1");
    let made = server.call("POST", PROFILE, &[customer], "").await.json();
    let id = made["data"]["profile_id"].as_str().unwrap().to_owned();
    let seen = Seen::default();
    let clients = (0..CLIENTS).map(|number| {
        let header = [customer, ("adapty-profile-id", id.as_str())][number % 2];
        let (mut random, server, seen) = (random.split(), &server, &seen);
        async move { client(server, number, &mut random, header, seen).await }
    });
    join_all(clients).await;
    seen.check()
        .unwrap_or_else(|error| panic!("{backend:?}: {error}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_one_profile_see_it_change_in_one_order() {
    let mut random = Random::new("read your writes");
    for backend in ALL {
        run(backend, &mut random).await;
    }
}

/// How often a read found some of what was written together, and some of what was there before.
async fn halves(backend: Backend, is_together: bool) -> usize {
    const WRITES: usize = 200;
    let server = TestServer::on(backend).await;
    let customer = ("adapty-customer-user-id", "user-1");
    server.call("POST", PROFILE, &[customer], "").await;
    let halves = AtomicU64::new(0);
    let writes = async |number: usize| {
        for write in 0..WRITES {
            let value = format!("{number}-{write}");
            let (one, other) = (json!({NAMES[0]: value}), json!({NAMES[1]: value}));
            let bodies = match is_together {
                true => vec![json!({NAMES[0]: value, NAMES[1]: value})],
                false => vec![one, other],
            };
            for body in bodies {
                let set = server
                    .call("POST", IDENTIFIERS, &[customer], &body.to_string())
                    .await;
                assert_eq!(set.status, 200, "{}", set.text());
            }
        }
    };
    let reads = async || {
        for _ in 0..2 * WRITES {
            let read = server.call("GET", IDENTIFIERS, &[customer], "").await.json();
            halves.fetch_add(u64::from(read[NAMES[0]] != read[NAMES[1]]), Ordering::AcqRel);
        }
    };
    let writers = join_all((0..2).map(&writes));
    let readers = join_all((0..4).map(|_| reads()));
    tokio::join!(writers, readers);
    usize::try_from(halves.into_inner()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_together_is_never_seen_by_half() {
    for backend in ALL {
        assert_eq!(halves(backend, true).await, 0, "{backend:?}");
    }
    // Written one after the other, it is.
    assert!(halves(Backend::SqliteFile, false).await > 0);
}

/// What one client writes and then reads by a change, while others keep the writer at work.
async fn beside_writers(server: &TestServer, is_done: &AtomicBool, number: usize) {
    let header = ("adapty-customer-user-id", format!("busy-{number}"));
    let header = [(header.0, header.1.as_str())];
    server.call("POST", PROFILE, &header, "").await;
    for write in 0.. {
        let body = json!({ NAMES[0]: write.to_string() }).to_string();
        let set = server.call("POST", IDENTIFIERS, &header, &body).await;
        assert_eq!(set.status, 200, "{}", set.text());
        if is_done.load(Ordering::Acquire) {
            break;
        }
    }
}

/// Makes customers and rates, and reports what reads them.
async fn makes_and_uses(server: &TestServer, backend: Backend) {
    for number in 1..=MADE {
        let id = format!("made-{number}");
        let header = [("adapty-customer-user-id", id.as_str())];
        let made = server.call("POST", PROFILE, &header, "").await;
        assert_eq!(made.status, 200, "{}", made.text());
        let body = json!({ NAMES[0]: id }).to_string();
        let set = server.call("POST", IDENTIFIERS, &header, &body).await;
        assert_eq!(set.status, 200, "{backend:?} {id}: {}", set.text());
        // Exact in binary, so that it comes back as it was sent.
        let usd = 1.0 + number as f64 / 128.0;
        let rate = json!({"usd": usd.to_string(), "from": "2025-01-01"}).to_string();
        let put = server.admin("PUT", "rates/XTS", &rate).await;
        assert!(put.status < 300, "{}", put.text());
        let price = json!({"price": {"country": "US", "currency": "XTS", "value": 1}});
        let body = with(numbered(one_time(), &id), price).to_string();
        let bought = server.call("POST", TRANSACTION, &header, &body).await.json();
        let revenue = bought["data"]["total_revenue_usd"].as_f64();
        assert_eq!(revenue, Some(usd), "{backend:?} {bought}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_finds_what_was_just_made_while_others_write() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let is_done = AtomicBool::new(false);
        let busy = join_all((0..CLIENTS).map(|number| beside_writers(&server, &is_done, number)));
        let made = async {
            makes_and_uses(&server, backend).await;
            is_done.store(true, Ordering::Release);
        };
        tokio::join!(busy, made);
    }
}
