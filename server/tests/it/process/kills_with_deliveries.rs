//! SIGKILL under load with all integrations on: each event has exactly one fate at each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bursar::metrics::Metrics;
use bursar::store::{Location, Options, Sql, Statement, Store};
use bursar_domain::integrations::ALL;
use serde_json::{Value, json};
use uuid::Uuid;

use super::judge::Judge;
use crate::support::backend::Backend;
use crate::support::random::Random;
use crate::support::running::{self, Program, Running};

const KILLS: usize = 6;

/// A third party that takes everything after this pause; how many requests it has taken.
pub fn third_party(pause: Duration) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    // Ends with the tests.
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let counted = Arc::clone(&counted);
            thread::spawn(move || serve(socket, pause, &counted));
        }
    });
    (url, taken)
}

fn serve(mut socket: TcpStream, pause: Duration, taken: &AtomicUsize) -> Option<()> {
    let (mut buffer, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let text = String::from_utf8_lossy(&buffer).to_ascii_lowercase();
        let head = text.find("\r\n\r\n").map(|end| end + 4);
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        match head {
            Some(head) if buffer.len() >= head + length.unwrap_or(0) => {
                buffer.drain(..head + length.unwrap_or(0));
                thread::sleep(pause);
                taken.fetch_add(1, Ordering::Relaxed);
                let answer =
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
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
pub fn enable_all(program: &Program, server: &Running, webhook: &str, url: &str) {
    let samples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../domain/tests/integrations/settings");
    for integration in ALL {
        let text = fs::read_to_string(samples.join(format!("{}.json", integration.slug))).unwrap();
        let mut settings: Value = serde_json::from_str(&text).unwrap();
        if integration.slug == "webhook" {
            settings["urls"] = json!({"production": webhook, "sandbox": webhook});
        } else {
            settings["base_url"] = url.into();
        }
        settings["requests_per_second"] = 1_000.into();
        let path = format!(
            "/admin/v1/apps/{}/integrations/{}",
            program.app_id, integration.slug
        );
        let body = json!({"enabled": true, "settings": settings}).to_string();
        let set = program.admin(server).call("PUT", &path, &[], &body).unwrap();
        assert_eq!(set.status, 200, "{}: {}", integration.slug, set.body);
        assert!(
            set.body.contains(r#""status":"ok""#),
            "{}: {}",
            integration.slug,
            set.body
        );
    }
}

/// The program's database.
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

/// Events that are not in exactly one state at a target, and how many the webhook was told of.
async fn broken_fates(store: &Store) -> (Vec<String>, usize) {
    const OPEN: Sql = Sql::same("SELECT event_id, target_id FROM queue");
    const CLOSED: Sql = Sql::same("SELECT event_id, target_id FROM deliveries");
    const DELIVERED: Sql = Sql::same(
        "SELECT event_id, target_id FROM deliveries JOIN targets USING (target_id)
         WHERE state = 'delivered' AND slug = 'webhook'",
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
    // Nobody writes meanwhile.
    let events = ids(store, &EVENTS).await;
    let mut fates: BTreeMap<(Uuid, i64), usize> = BTreeMap::new();
    for key in ids(store, &CLOSED)
        .await
        .into_iter()
        .chain(ids(store, &OPEN).await)
    {
        *fates.entry(key).or_default() += 1;
    }
    let wanted = events
        .iter()
        .flat_map(|(event, _)| targets.iter().map(|target| (*event, *target)));
    let wrong = wanted.filter(|key| fates.get(key) != Some(&1));
    let wrong = wrong.map(|(event, target)| format!("event {event} at {target}"));
    assert!(!events.is_empty() && targets.len() >= ALL.len());
    (wrong.collect(), ids(store, &DELIVERED).await.len())
}

fn each_event_keeps_one_fate(backend: Backend) {
    let mut random = Random::new(&format!("kills with deliveries on {backend:?}"));
    let ((webhook, taken), (url, _)) = (third_party(Duration::ZERO), third_party(Duration::ZERO));
    let mut program = Program::on(backend, running::server());
    program.wrapper = ["env", "BURSAR_DELIVERY_ALLOW_PRIVATE_ADDRESSES=true"]
        .map(OsString::from)
        .into();
    let mut server = program.start();
    enable_all(&program, &server, &webhook, &url);
    let judge = Judge::new(&mut program.client(&server));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for kill in 1..=KILLS {
        let pause = Duration::from_millis(200 + random.below(1_000) as u64);
        judge.load(&program, &server, || {
            thread::sleep(pause);
            let id = server.child.id().to_string();
            let killed = std::process::Command::new("kill").args(["-KILL", &id]).status();
            assert!(killed.unwrap().success());
        });
        server.kill();
        let (wrong, delivered) = runtime.block_on(async { broken_fates(&store(&program).await).await });
        assert!(wrong.is_empty(), "{backend:?}, kill {kill}: {wrong:#?}");
        assert!(
            delivered <= taken.load(Ordering::Relaxed),
            "more was delivered than was received"
        );
        server = program.start();
        let losses = judge.losses(&program, &server);
        assert!(losses.is_empty(), "{backend:?}, kill {kill}: {losses:#?}");
    }
    assert!(taken.load(Ordering::Relaxed) > KILLS, "nothing was sent");
    server.kill();
}

#[test]
fn each_event_keeps_one_fate_over_kills_on_sqlite() {
    each_event_keeps_one_fate(Backend::SqliteFile);
}

#[test]
fn each_event_keeps_one_fate_over_kills_on_postgres() {
    each_event_keeps_one_fate(Backend::Postgres);
}
