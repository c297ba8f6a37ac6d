//! Fifty thousand events to all third parties at a steady rate: what the healthy ones, and the server's memory, notice of
//! five that are ill. In a usual run there are fewer, and only what is far off is found.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bursar::clock::Clock;
use bursar::store::{Row, Sql, Statement};
use bursar_domain::integrations::ALL;
use bursar_domain::time::format_time;
use serde_json::json;
use tokio::runtime::Runtime;
use xtask::test_environment::size;

use super::kills_with_deliveries::{enable_each, identify};
use crate::support::backend::Backend;
use crate::support::conservation::all_breaks;
use crate::support::deliveries::{HOUR, SECOND};
use crate::support::illness::{ILL, illness};
use crate::support::program::Program;
use crate::support::running::{Running, server};
use crate::support::server::{CUSTOMER, IDENTIFIERS, PROFILE, TRANSACTION};
use crate::support::vendor::Vendor;

/// How many events there are, how many in a second, and of how many customers, in a usual run and in a long one.
const EVENTS: (usize, usize) = (60, 50_000);
const RATES: (usize, usize) = (20, 150);
const CUSTOMERS: (usize, usize) = (10, 1_000);
const CLIENTS: usize = 8;
/// How often the healthy ones may be slower before it is believed, each time beside a baseline of its own.
const TRIES: usize = 3;
/// How long the healthy ones may take for what is left when the last event is reported.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was measured in a run.
#[derive(Debug)]
struct Measured {
    /// Of each healthy one: in which time after it was made all but one of a hundred events had been taken.
    p99: BTreeMap<String, Duration>,
    /// From the first event until the healthy ones had taken the last one.
    took: Duration,
    /// The most memory that the server had, in bytes.
    memory: u64,
}

/// How far a run beside ill ones may be from its baseline.
struct Bars {
    p99: f64,
    /// May be added to it.
    more: Duration,
    throughput: f64,
    memory: f64,
}

const STRICT: Bars = Bars {
    p99: 1.2,
    more: Duration::from_millis(5),
    throughput: 0.95,
    memory: 1.2,
};

/// Far less than anything that hangs or is slow would cost.
const USUAL: Bars = Bars {
    p99: 2.0,
    more: Duration::from_secs(2),
    throughput: 0.5,
    memory: 1.5,
};

impl Bars {
    /// What the healthy ones or the server notice of the ill ones.
    fn noticed(&self, well: &Measured, ill: &Measured) -> Vec<String> {
        let mut noticed = Vec::new();
        for (slug, alone) in &well.p99 {
            let (beside, most) = (ill.p99[slug], alone.mul_f64(self.p99) + self.more);
            if beside > most {
                noticed.push(format!("{slug}: p99 {beside:?}, alone {alone:?}"));
            }
        }
        if ill.took.mul_f64(self.throughput) > well.took {
            noticed.push(format!("all in {:?}, alone in {:?}", ill.took, well.took));
        }
        if ill.memory as f64 > well.memory as f64 * self.memory {
            noticed.push(format!("{} bytes, alone {}", ill.memory, well.memory));
        }
        noticed
    }
}

/// Takes everything at once.
fn healthy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Ends with the tests.
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            thread::spawn(move || take_all(socket));
        }
    });
    url
}

fn take_all(socket: TcpStream) -> Option<()> {
    const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 34\r\n\r\n\
                        {\"status_code\":200,\"success\":true}";
    socket.set_nodelay(true).ok()?;
    let mut socket = BufReader::new(socket);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while socket.read_line(&mut line).ok().filter(|read| *read > 0)? > 2 {
            let header = line.split_once(": ");
            if let Some((_, value)) = header.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
                length = value.trim().parse().ok()?;
            }
            line.clear();
        }
        socket.read_exact(&mut vec![0; length]).ok()?;
        socket.get_mut().write_all(FINE.as_bytes()).ok()?;
    }
}

/// Makes the customers, known to all third parties.
fn make(program: &Program, server: &Running, customers: &[String]) {
    let mut client = program.client(server);
    for name in customers {
        let body = json!({"branch_id": name}).to_string();
        for (path, body) in [(PROFILE, ""), (IDENTIFIERS, &body)] {
            let made = client.call("POST", path, &[(CUSTOMER, name)], body).unwrap();
            assert_eq!(made.status, 200, "{}", made.body);
        }
    }
    identify(program, server, customers.iter().map(String::as_str));
}

/// Reports the events at their rate: each customer's in turn, as periods of one subscription that began lately.
fn report(program: &Program, server: &Running, customers: &[String]) {
    let (events, rate) = (size(EVENTS.0, EVENTS.1), size(RATES.0, RATES.1));
    let (next, begun) = (AtomicUsize::new(0), Instant::now());
    let began = Clock::system().now() - 20 * HOUR;
    let renewal = |customer: &str, place: usize| {
        let at = |place: usize| format_time(began + i64::try_from(place).unwrap() * SECOND);
        let body = json!({
            "purchase_type": "subscription", "store": "app_store", "store_product_id": "monthly",
            "store_transaction_id": format!("{customer}-{place}"),
            "store_original_transaction_id": format!("{customer}-0"),
            "price": {"country": "DE", "currency": "USD", "value": 9.99},
            "originally_purchased_at": at(0), "purchased_at": at(place),
            "expires_at": "2099-01-01T00:00:00Z", "renew_status": true,
        });
        body.to_string()
    };
    let report = || {
        let mut client = program.client(server);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= events {
                return;
            }
            let due = begun + Duration::from_secs_f64(number as f64 / rate as f64);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let customer = &customers[number % customers.len()];
            let body = renewal(customer, number / customers.len());
            let done = client.call("POST", TRANSACTION, &[(CUSTOMER, customer)], &body);
            assert_eq!(done.as_ref().unwrap().status, 200, "{done:?}");
        }
    };
    thread::scope(|scope| (0..CLIENTS).for_each(|_| drop(scope.spawn(report))));
}

fn is_healthy(slug: &str) -> bool {
    !ILL.contains(&slug)
}

/// Waits until nothing is left to do for the healthy ones.
async fn settle_down(program: &Program) {
    static OPEN: Sql = Sql::same("SELECT DISTINCT slug FROM queue JOIN targets USING (target_id)");
    let (store, begun) = (program.store().await, Instant::now());
    loop {
        let mut open = store.scan_whole(Statement::new(&OPEN, [])).await.unwrap();
        let mut open = open.iter_mut().map(|row| row.text(0).unwrap());
        let Some(slug) = open.find(|slug| is_healthy(slug)) else {
            return;
        };
        assert!(begun.elapsed() < PATIENCE, "{slug} has not got all");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What the healthy ones took, by the server's own account.
async fn account(program: &Program) -> (BTreeMap<String, Duration>, Duration) {
    static TAKEN: Sql = Sql::same(
        "SELECT slug, e.created_at, a.started_at + a.duration_us FROM attempts AS a
         JOIN events AS e USING (event_seq) JOIN targets USING (target_id) WHERE a.verdict = 'delivered'",
    );
    let mut rows = program
        .store()
        .await
        .scan_whole(Statement::new(&TAKEN, []))
        .await
        .unwrap();
    let taken = |row: &mut Row| (row.text(0).unwrap(), row.int(1).unwrap(), row.int(2).unwrap());
    let taken: Vec<_> = rows
        .iter_mut()
        .map(taken)
        .filter(|(slug, ..)| is_healthy(slug))
        .collect();
    let span = |from: i64, to: i64| Duration::from_micros(u64::try_from(to - from).unwrap_or_default());
    let mut waits: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for (slug, made, taken) in &taken {
        waits.entry(slug.clone()).or_default().push(span(*made, *taken));
    }
    assert_eq!(waits.len(), ALL.len() - ILL.len(), "{:?}", waits.keys());
    let first = taken.iter().map(|(_, made, _)| *made).min().unwrap();
    let last = taken.iter().map(|(.., taken)| *taken).max().unwrap();
    let p99 = waits.into_iter().map(|(slug, mut waits)| {
        assert!(
            waits.len() >= size(EVENTS.0, EVENTS.1),
            "{slug} took {}",
            waits.len()
        );
        waits.sort();
        (slug, waits[waits.len() - 1 - waits.len() / 100])
    });
    (p99.collect(), span(first, last))
}

/// How the healthy ones fare, beside ill ones or beside healthy ones.
fn measure(are_ill: bool) -> Measured {
    let runtime = Runtime::new().unwrap();
    let mut program = Program::on(Backend::SqliteFile, server());
    let server = program.start();
    let ill = ILL.map(|slug| (slug, runtime.block_on(Vendor::start())));
    let url = healthy();
    enable_each(&program, &server, |slug| {
        let ill = ill.iter().find(|(ill, _)| are_ill && *ill == slug);
        let url = ill.map_or(&url, |(_, vendor)| &vendor.url);
        format!("{url}/{slug}")
    });
    for (slug, vendor) in &ill {
        vendor.script(|_, _| illness(slug));
    }
    let customers: Vec<_> = (0..size(CUSTOMERS.0, CUSTOMERS.1))
        .map(|number| format!("c{number}"))
        .collect();
    make(&program, &server, &customers);
    report(&program, &server, &customers);
    runtime.block_on(settle_down(&program));
    for (slug, vendor) in &ill {
        assert!(!are_ill || vendor.count() > 0, "{slug} was asked nothing");
    }
    let memory = server.peak_memory();
    server.kill();
    let broken = runtime.block_on(async { all_breaks(&program.state().await, &program.app_id).await });
    assert!(broken.is_empty(), "{:#?}", &broken[..broken.len().min(20)]);
    let (p99, took) = runtime.block_on(account(&program));
    Measured { p99, took, memory }
}

#[test]
fn healthy_third_parties_and_memory_are_the_same_beside_ill_ones() {
    let bars = if size(0, 1) == 1 { STRICT } else { USUAL };
    for number in 1.. {
        let (well, ill) = (measure(false), measure(true));
        let noticed = bars.noticed(&well, &ill);
        println!("alone: {well:?}\nbeside ill ones: {ill:?}\nnoticed: {noticed:#?}");
        if noticed.is_empty() {
            break;
        }
        assert!(number < TRIES, "{noticed:#?}");
    }
}

#[test]
fn a_run_that_is_a_little_worse_is_noticed() {
    let run = |p99, took, memory| Measured {
        p99: BTreeMap::from([("webhook".to_owned(), Duration::from_millis(p99))]),
        took: Duration::from_secs(took),
        memory,
    };
    let well = run(100, 100, 100);
    let count = |ill| STRICT.noticed(&well, &ill).len();
    assert_eq!(count(run(125, 105, 120)), 0);
    assert_eq!(
        [run(126, 100, 100), run(100, 106, 100), run(100, 100, 121)].map(count),
        [1, 1, 1]
    );
}
