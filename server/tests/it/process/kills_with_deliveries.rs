//! SIGKILL under load with all integrations on: each event has exactly one fate at each of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bursar::metrics::Metrics;
use bursar::store::{Location, Options, Sql, Statement, Store};
use bursar_domain::integrations::ALL;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use xtask::test_environment::size;

use super::judge::Judge;
use crate::support::backend::Backend;
use crate::support::random::Random;
use crate::support::running::{self, Program, Running};
use crate::support::server::{IDENTIFIERS, PROFILE};

/// How often a server is killed, in a usual run and in a long one.
const KILLS: (usize, usize) = (15, 25);
/// How long deliveries may take once nobody is killed any more: a minute until the killed ones' claims have run out, and as
/// much again on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// In so many kills the server without the defence must have lost something. Mostly the first one does it; one that comes
/// during a commit loses nothing, and on a busy disk a commit takes long.
const SABOTAGED_KILLS: usize = 25;
/// Whose first part names the transaction of every event.
const NAMED: [&str; 8] = [
    "adjust",
    "amplitude",
    "appmetrica",
    "branch",
    "firebase_ga4",
    "mixpanel",
    "posthog",
    "webhook",
];
/// What every identifier is set to: a form that all third parties take.
const IDENTIFIER: &str = "5e57c0de-0000-4000-8000-00000000cafe";

/// What each third party has received: of its slug, how many requests, and of which transactions.
pub type Receipts = Arc<Mutex<HashMap<String, Receipt>>>;

#[derive(Default)]
pub struct Receipt {
    requests: usize,
    transactions: HashSet<String>,
}

/// All third parties at one address, which answer after this pause; the first part of a path is the slug.
pub fn third_parties(pause: Duration) -> (String, Receipts) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let receipts = Receipts::default();
    let noted = Arc::clone(&receipts);
    // Ends with the tests.
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let noted = Arc::clone(&noted);
            thread::spawn(move || serve(socket, pause, &noted));
        }
    });
    (url, receipts)
}

/// The transactions that a request names, of those that the judge reports.
fn named(text: &str) -> impl Iterator<Item = String> {
    text.split(|other: char| !(other.is_ascii_alphanumeric() || other == '-'))
        // A quotation mark may be written `%22`.
        .filter_map(|word| word.find("judged-").map(|begin| word[begin..].to_owned()))
        .filter(|word| word.matches('-').count() == 2)
}

fn serve(mut socket: TcpStream, pause: Duration, receipts: &Receipts) -> Option<()> {
    /// Content with everything, as each third party says it.
    const FINE: &str = r#"{"status_code":200,"success":true,"identity":{"onesignal_id":"5e57c0de-0000-4000-8000-000000000001"}}"#;
    let (mut buffer, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let text = String::from_utf8_lossy(&buffer).into_owned();
        let head = text.find("\r\n\r\n").map(|end| end + 4);
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        match head {
            Some(head) if buffer.len() >= head + length.unwrap_or(0) => {
                let request = &text[..head + length.unwrap_or(0)];
                let slug = request.split('/').nth(1)?.split([' ', '?']).next()?.to_owned();
                let mut receipts = receipts.lock().unwrap();
                let receipt = receipts.entry(slug).or_default();
                receipt.requests += 1;
                receipt.transactions.extend(named(request));
                drop(receipts);
                buffer.drain(..head + length.unwrap_or(0));
                thread::sleep(pause);
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{FINE}",
                    FINE.len()
                );
                socket.write_all(answer.as_bytes()).ok()?;
            }
            _ => {
                let read = socket.read(&mut chunk).ok().filter(|read| *read > 0)?;
                buffer.extend_from_slice(&chunk[..read]);
            }
        }
    }
}

/// Switches every integration on, towards this address.
pub fn enable_all(program: &Program, server: &Running, url: &str) {
    let app = format!("/admin/v1/apps/{}", program.app_id);
    let named = r#"{"settings":{"ios_bundle_id":"com.example"}}"#;
    let set = program.admin(server).call("PATCH", &app, &[], named).unwrap();
    assert_eq!(set.status, 200, "{}", set.body);
    let samples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../domain/tests/integrations/settings");
    for integration in ALL {
        let slug = integration.slug;
        let text = fs::read_to_string(samples.join(format!("{slug}.json"))).unwrap();
        let mut settings: Value = serde_json::from_str(&text).unwrap();
        let url = format!("{url}/{slug}");
        if slug == "webhook" {
            settings["urls"] = json!({"production": url, "sandbox": url});
        } else {
            settings["base_url"] = url.into();
        }
        settings["requests_per_second"] = 1_000.into();
        settings["exclude_historical_events"] = false.into();
        let path = format!("{app}/integrations/{slug}");
        let body = json!({"enabled": true, "settings": settings}).to_string();
        let set = program.admin(server).call("PUT", &path, &[], &body).unwrap();
        assert_eq!(set.status, 200, "{slug}: {}", set.body);
        assert!(set.body.contains(r#""status":"ok""#), "{slug}: {}", set.body);
    }
}

/// Gives every customer all that third parties know customers by, so that nothing waits.
fn identify(program: &Program, server: &Running, judge: &Judge) {
    let names = ALL.iter().flat_map(|integration| integration.identifiers);
    // That one is the judge's.
    let names = names.filter(|name| **name != "branch_id");
    let body: Map<_, _> = names
        .map(|name| ((*name).to_owned(), IDENTIFIER.into()))
        .collect();
    let body = Value::Object(body).to_string();
    let device = json!({"installation_meta": {"device_id": "d", "platform": "iOS", "idfa": IDENTIFIER, "idfv": IDENTIFIER}});
    let mut client = program.client(server);
    for customer in judge.customers() {
        let header = [("adapty-customer-user-id", customer)];
        for (path, body) in [(IDENTIFIERS, body.clone()), (PROFILE, device.to_string())] {
            let set = client.call("POST", path, &header, &body).unwrap();
            assert_eq!(set.status, 200, "{}", set.body);
        }
    }
}

pub async fn store(program: &Program) -> Store {
    let location = match &program.database {
        Some(url) => Location::Postgres(url.clone()),
        None => Location::SqliteFile(program.data.join("bursar.db")),
    };
    let options = Options {
        location,
        connections: 2,
    };
    Store::open(&options, Metrics::default().store).await.unwrap()
}

async fn ids(store: &Store, sql: &'static Sql) -> Vec<(Uuid, i64)> {
    let rows = store.scan(Statement::new(sql, [])).await.unwrap();
    rows.into_iter()
        .map(|row| (row.uuid(0).unwrap(), row.int(1).unwrap()))
        .collect()
}

/// Events that are not in exactly one state at a target.
async fn broken_fates(store: &Store) -> Vec<String> {
    // In one look: PostgreSQL may still end what the killed server has asked it for.
    const FATES: Sql = Sql::same(
        "SELECT event_id, target_id FROM events JOIN (
             SELECT event_seq, target_id FROM deliveries UNION ALL SELECT event_seq, target_id FROM queue
         ) AS fates USING (event_seq)",
    );
    const EVENTS: Sql = Sql::same("SELECT event_id, event_seq FROM events");
    const TARGETS: Sql = Sql::same("SELECT target_id, slug, part FROM targets");
    let always = |slug: &str, name: &str| {
        let integration = ALL.iter().find(|known| known.slug == slug).unwrap();
        let part = integration.parts.iter().find(|part| part.name == name).unwrap();
        part.wanted.is_none()
    };
    let mut targets = BTreeSet::new();
    for mut row in store.scan(Statement::new(&TARGETS, [])).await.unwrap() {
        if always(&row.text(1).unwrap(), &row.text(2).unwrap()) {
            targets.insert(row.int(0).unwrap());
        }
    }
    let events = ids(store, &EVENTS).await;
    let mut fates: BTreeMap<(Uuid, i64), usize> = BTreeMap::new();
    for key in ids(store, &FATES).await {
        *fates.entry(key).or_default() += 1;
    }
    let wanted = events
        .iter()
        .flat_map(|(event, _)| targets.iter().map(|target| (*event, *target)));
    let wrong = wanted.filter(|key| fates.get(key) != Some(&1));
    let wrong = wrong.map(|(event, target)| format!("event {event} at {target}"));
    assert!(targets.len() >= ALL.len());
    wrong.collect()
}

/// The deliveries that are said to have arrived, as slug and transaction: of each integration's first part, which tells
/// of the event.
async fn delivered(store: &Store) -> Vec<(String, String)> {
    const DELIVERED: Sql = Sql::same(
        "SELECT t.slug, t.part, e.payload FROM deliveries AS d JOIN targets AS t ON t.target_id = d.target_id
         JOIN events AS e ON e.event_seq = d.event_seq WHERE d.state = 'delivered'",
    );
    let mut arrived = Vec::new();
    for row in &mut store.scan(Statement::new(&DELIVERED, [])).await.unwrap() {
        let (slug, part) = (row.text(0).unwrap(), row.text(1).unwrap());
        let integration = ALL.iter().find(|known| known.slug == slug).unwrap();
        if part == integration.parts[0].name {
            let payload: Value = serde_json::from_str(&row.long_text(2).unwrap()).unwrap();
            let transaction = payload["event_properties"]["transaction_id"].as_str();
            arrived.push((slug, transaction.unwrap_or_default().to_owned()));
        }
    }
    arrived
}

/// What is said to have arrived, and nobody has received. Where requests name no transaction they are counted.
fn made_up(delivered: &[(String, String)], receipts: &Receipts) -> Vec<String> {
    let receipts = receipts.lock().unwrap();
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut made_up = Vec::new();
    for (slug, transaction) in delivered {
        match receipts.get(slug) {
            None => made_up.push(format!("{slug} received nothing")),
            Some(_) if !NAMED.contains(&slug.as_str()) => *counted.entry(slug).or_default() += 1,
            Some(receipt) if receipt.transactions.contains(transaction) => {}
            Some(_) => made_up.push(format!("{slug} never received {transaction}")),
        }
    }
    for (slug, count) in counted {
        if count > receipts[slug].requests {
            made_up.push(format!("{slug} received less than {count} events"));
        }
    }
    made_up
}

/// The integrations at which nothing has arrived, after so long at most. The server runs meanwhile.
async fn silent_after(program: &Program, patience: Duration) -> Vec<&'static str> {
    let started = Instant::now();
    loop {
        let arrived = delivered(&store(program).await).await;
        let is_silent = |slug: &&str| arrived.iter().all(|(other, _)| other != slug);
        let slugs = ALL.iter().map(|integration| integration.slug);
        let silent: Vec<_> = slugs.filter(is_silent).collect();
        if silent.is_empty() || started.elapsed() > patience {
            return silent;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Kills the server so often; answers what is wrong after the first kill after which something is.
fn kill_under_load(backend: Backend, binary: PathBuf, kills: usize, random: &mut Random) -> Vec<String> {
    let (url, receipts) = third_parties(Duration::ZERO);
    // The right server prepares: one without the defence would not get through its own first run.
    let mut program = Program::on(backend, running::server());
    program.wrapper = ["env", "BURSAR_DELIVERY_ALLOW_PRIVATE_ADDRESSES=true"]
        .map(OsString::from)
        .into();
    let mut server = program.start();
    enable_all(&program, &server, &url);
    let judge = Judge::new(&mut program.client(&server));
    identify(&program, &server, &judge);
    server.kill();
    program.binary = binary;
    server = program.start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for kill in 1..=kills {
        let pause = Duration::from_millis(100 + random.below(500) as u64);
        judge.load(&program, &server, || {
            thread::sleep(pause);
            let id = server.child.id().to_string();
            let killed = std::process::Command::new("kill").args(["-KILL", &id]).status();
            assert!(killed.unwrap().success());
        });
        server.kill();
        let mut wrong = runtime.block_on(async {
            let store = store(&program).await;
            let mut wrong = broken_fates(&store).await;
            wrong.extend(made_up(&delivered(&store).await, &receipts));
            wrong
        });
        server = program.start();
        wrong.extend(judge.losses(&program, &server));
        if !wrong.is_empty() {
            wrong.insert(0, format!("{backend:?}, kill {kill}"));
            return wrong;
        }
    }
    let silent = runtime.block_on(silent_after(&program, PATIENCE));
    server.kill();
    assert!(silent.is_empty(), "nothing arrived at {silent:?}");
    Vec::new()
}

fn each_event_keeps_one_fate(backend: Backend) {
    let mut random = Random::new(&format!("kills with deliveries on {backend:?}"));
    let wrong = kill_under_load(backend, running::server(), size(KILLS.0, KILLS.1), &mut random);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The same judges, with a server that answers before it commits.
#[test]
fn without_the_commit_something_is_lost() {
    let mut random = Random::new("kills with deliveries, sabotaged");
    let binary = xtask::test_environment::sabotaged_server("answer-before-commit");
    let wrong = kill_under_load(Backend::SqliteFile, binary, SABOTAGED_KILLS, &mut random);
    assert!(
        !wrong.is_empty(),
        "nothing was found to be lost: the judges prove nothing"
    );
}

/// What was never received is noticed.
#[test]
fn a_delivery_that_nobody_received_is_noticed() {
    let receipts = Receipts::default();
    let arrived = [
        ("webhook", "judged-1-1"),
        ("webhook", "judged-1-2"),
        ("onesignal", "judged-1-1"),
    ];
    let arrived = arrived.map(|(slug, transaction)| (slug.to_owned(), transaction.to_owned()));
    receipts.lock().unwrap().insert(
        "webhook".into(),
        Receipt {
            requests: 2,
            transactions: named("a=judged-1-1&b=judged-7 \"judged-1-3\" %22judged-1-4%22").collect(),
        },
    );
    assert_eq!(
        made_up(&arrived, &receipts),
        ["webhook never received judged-1-2", "onesignal received nothing"]
    );
    assert!(
        receipts.lock().unwrap()["webhook"]
            .transactions
            .contains("judged-1-4")
    );
}

#[test]
fn each_event_keeps_one_fate_over_kills_on_sqlite() {
    each_event_keeps_one_fate(Backend::SqliteFile);
}

#[test]
fn each_event_keeps_one_fate_over_kills_on_postgres() {
    each_event_keeps_one_fate(Backend::Postgres);
}
