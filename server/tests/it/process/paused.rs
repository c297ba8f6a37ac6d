//! Two servers on one PostgreSQL. The system stops the one that sends until its claims have run out, and lets it go on
//! when the other one has done its work.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bursar::store::Store;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::backend::Backend;
use crate::support::conservation::all_breaks;
use crate::support::deliveries::{SECOND, bought, stored, webhook};
use crate::support::program::Program;
use crate::support::purchases::with;
use crate::support::running::{Running, server};
use crate::support::server::{CUSTOMER, PROFILE, START, TRANSACTION};
use crate::support::vendor::{Gate, Manner, Received, Vendor};

const CUSTOMERS: usize = 6;
/// What the second server sends of so many of them is still under way when the first one goes on.
const HELD: usize = 3;
/// When all that was claimed at the start is free.
const LATER: i64 = START + 121 * SECOND;
const PATIENCE: Duration = Duration::from_secs(20);

/// The transaction of one of them: a first one and a second one.
fn id(customer: usize, place: usize) -> String {
    format!("t{customer}-{place}")
}

fn transaction_of(request: &Received) -> Option<String> {
    let body: Value = serde_json::from_str(&request.body).ok()?;
    let id = body["event_properties"]["transaction_id"].as_str()?;
    Some(id.to_owned())
}

fn enable(program: &Program, server: &Running, url: &str) {
    let settings = with(webhook(url), json!({"ordered": true, "max_in_flight": CUSTOMERS}));
    program.set_integration(server, "webhook", &settings);
}

/// Each customer buys twice, so that the second event has to wait for the first.
fn buy(program: &Program, server: &Running) {
    let mut client = program.client(server);
    for customer in 0..CUSTOMERS {
        let name = format!("c{customer}");
        let header = [(CUSTOMER, name.as_str())];
        let bought = [1, 2].map(|place| bought(&id(customer, place)).to_string());
        for (path, body) in [
            (PROFILE, ""),
            (TRANSACTION, &bought[0]),
            (TRANSACTION, &bought[1]),
        ] {
            let made = client.call("POST", path, &header, body).unwrap();
            assert_eq!(made.status, 200, "{}", made.body);
        }
    }
}

/// How many tries this server has made.
fn tries(program: &Program, server: &Running) -> usize {
    let metrics = program.client(server).call("GET", "/metrics", &[], "").unwrap();
    let counts = metrics
        .body
        .lines()
        .filter(|line| line.starts_with("bursar_delivery_try_duration_seconds_count{"));
    counts
        .map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
        .sum()
}

/// All that is stored of deliveries, once so many have arrived.
async fn stored_with(store: &Store, delivered: usize) -> String {
    let begun = Instant::now();
    loop {
        let stored = stored(store).await;
        if stored.matches("delivered").count() == delivered {
            // What was read before the last of them had arrived is of before.
            return self::stored(store).await;
        }
        assert!(begun.elapsed() < PATIENCE, "not {delivered} delivered: {stored}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Stops one server beyond its claims while another one takes over. Answers what the first one wrote when it went on.
fn stop_beyond_its_claims(binary: PathBuf) -> Result<(), String> {
    let runtime = Runtime::new().unwrap();
    let vendor = runtime.block_on(Vendor::start());
    let mut program = Program::on(Backend::Postgres, binary);
    let paused = program.start_at(START);
    enable(&program, &paused, &vendor.url);
    let first = vendor.count();
    let (answer_paused, answer_other) = (Gate::closed(), Gate::closed());
    let (to_paused, to_other) = (answer_paused.clone(), answer_other.clone());
    vendor.script(move |request, number| {
        let transaction = transaction_of(request).unwrap();
        let is_held = (0..HELD).any(|customer| transaction == id(customer, 1));
        match number - first {
            0..CUSTOMERS => to_paused.holds(Manner::Answers(500, "stale")),
            _ if is_held => to_other.holds(Manner::Answers(200, "{}")),
            _ => Manner::Answers(200, "{}"),
        }
    });
    buy(&program, &paused);
    runtime.block_on(vendor.until_count(first + CUSTOMERS));
    paused.pause();
    let other = program.start_at(LATER);
    let store = runtime.block_on(program.store());
    let before = runtime.block_on(stored_with(&store, 2 * (CUSTOMERS - HELD)));
    runtime.block_on(vendor.until_count(first + 3 * CUSTOMERS - HELD));
    answer_paused.open();
    paused.resume();
    // It waits for what is under way there.
    program.settle_at(&paused, START);
    assert_eq!(tries(&program, &paused), CUSTOMERS, "the answers were for it");
    let after = runtime.block_on(stored(&store));
    if after != before {
        return Err(format!("{before}\nbecame\n{after}"));
    }
    answer_other.open();
    let all = runtime.block_on(stored_with(&store, 2 * CUSTOMERS));
    assert!(!all.contains("stale"), "{all}");
    let mut sent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for request in vendor.received().into_iter().skip(first) {
        let transaction = transaction_of(&request).unwrap();
        sent.entry(transaction).or_default().push(request.body);
    }
    assert_eq!(sent.len(), 2 * CUSTOMERS, "{sent:?}");
    for customer in 0..CUSTOMERS {
        let [under_way, next] = [1, 2].map(|place| &sent[&id(customer, place)]);
        assert_eq!((under_way.len(), next.len()), (2, 1), "{sent:?}");
        assert_eq!(under_way[0], under_way[1], "it is told in the same words");
    }
    let broken = runtime.block_on(async { all_breaks(&program.state().await, &program.app_id).await });
    assert!(broken.is_empty(), "{broken:#?}");
    other.assert_healthy();
    paused.assert_healthy();
    Ok(())
}

#[test]
fn a_server_that_was_stopped_beyond_its_claims_writes_nothing_and_costs_one_repeat_of_each_request() {
    stop_beyond_its_claims(server()).unwrap();
}

/// The same look at a server that does not ask whose a lane is now.
#[test]
fn a_server_that_settles_without_its_lease_is_found_out() {
    let sabotaged = xtask::test_environment::sabotaged_server("settle-without-lease");
    let written = stop_beyond_its_claims(sabotaged).unwrap_err();
    assert!(written.contains("stale"), "{written}");
}
