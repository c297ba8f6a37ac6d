//! A mapper that panics takes down its own delivery alone, with a reason; and what becomes of it where nobody catches it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bursar::store::{Sql, Statement};
use serde_json::{Value, json};
use xtask::test_environment::size;

use crate::support::backend::Backend;
use crate::support::conservation::all_breaks;
use crate::support::deliveries::{MINUTE, SECOND, bought};
use crate::support::program::Program;
use crate::support::running::{self, Running};
use crate::support::server::{CUSTOMER, IDENTIFIERS, PROFILE, START, TRANSACTION};
use crate::support::vendor::{Manner, Vendor};

/// So many deliveries cannot be mapped, in a usual run and in a long one.
const IN_A_ROW: (usize, usize) = (20, 1_000);
/// When all that was claimed at the start is free, and due.
const LATER: i64 = START + 10 * MINUTE;
/// How long a server may take to send three events, or to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until so many requests have come, and for the server to finish what it is about.
async fn stop_after(requests: usize, vendor: &Vendor, server: &mut Running) {
    let began = Instant::now();
    while vendor.count() < requests {
        assert!(began.elapsed() < PATIENCE, "{} requests", vendor.count());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.ask_to_stop();
    server.ended_within(PATIENCE);
}

/// Three customers buy something while the third party is down.
fn buy(program: &Program, server: &Running, url: &str) {
    enable(program, server, url);
    for number in 0..3 {
        purchase(program, server, number);
    }
}

fn enable(program: &Program, server: &Running, url: &str) {
    let adjust = json!({
        "app_tokens": {"ios": "app"}, "event_tokens": {"ios": {"subscription_started": "i00001"}}, "base_url": url,
        "events": {"access_level_updated": false},
    });
    program.set_integration(server, "adjust", &adjust);
}

/// A customer of its own with one purchase.
fn purchase(program: &Program, server: &Running, number: usize) {
    let name = format!("user-{number}");
    let user = [(CUSTOMER, name.as_str())];
    let mut client = program.client(server);
    for (path, body) in [
        (PROFILE, json!({})),
        (IDENTIFIERS, json!({"adjust_device_id": name})),
        (TRANSACTION, bought(&format!("t{number}"))),
    ] {
        let done = client.call("POST", path, &user, &body.to_string()).unwrap();
        assert_eq!(done.status, 200, "{}", done.body);
    }
}

/// Makes of the record of `t1` one of which no request can be made: the mapper panics.
async fn spoil(program: &Program) {
    static EVENTS: Sql = Sql::same("SELECT event_seq, payload FROM events");
    static SPOIL: Sql = Sql::same("UPDATE queue SET record = $1 WHERE event_seq = $2 AND record IS NOT NULL");
    let store = program.store().await;
    let record = json!({"route": "ios", "body": "spoilt"}).to_string();
    for row in &mut store.scan_whole(Statement::new(&EVENTS, [])).await.unwrap() {
        let payload: Value = serde_json::from_str(&row.long_text(1).unwrap()).unwrap();
        if payload["event_properties"]["transaction_id"] == "t1" {
            let values = [record.clone().into(), row.int(0).unwrap().into()];
            store.write(vec![Statement::new(&SPOIL, values)]).await.unwrap();
        }
    }
}

/// What became of each, as `transaction state reason`.
async fn fates(program: &Program) -> Vec<String> {
    static FATES: Sql = Sql::same(
        "SELECT d.state, d.reason, e.payload FROM (
             SELECT event_seq, state, reason FROM deliveries UNION ALL SELECT event_seq, state, reason FROM queue) AS d
         JOIN events AS e ON e.event_seq = d.event_seq",
    );
    let mut rows = program
        .store()
        .await
        .scan_whole(Statement::new(&FATES, []))
        .await
        .unwrap();
    let fates = rows.iter_mut().map(|row| {
        let payload: Value = serde_json::from_str(&row.long_text(2).unwrap()).unwrap();
        let transaction = payload["event_properties"]["transaction_id"].as_str().unwrap();
        let reason = row.opt_text(1).unwrap().unwrap_or_default();
        format!("{transaction} {} {reason}", row.text(0).unwrap())
            .trim_end()
            .to_owned()
    });
    let mut fates: Vec<_> = fates.collect();
    fates.sort();
    fates
}

/// What becomes of three events, of which one cannot be mapped, with this server.
async fn fates_under(binary: PathBuf) -> Vec<String> {
    let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
    // The right server prepares: one without the defences would not get through its own first run.
    let mut program = Program::on(Backend::SqliteFile, running::server());
    let mut server = program.start_at(START);
    buy(&program, &server, &vendor.url);
    stop_after(3, &vendor, &mut server).await;
    spoil(&program).await;
    vendor.script(|_, _| Manner::Answers(200, "{}"));
    program.binary = binary;
    let mut server = program.start_at(START + 30 * SECOND);
    stop_after(5, &vendor, &mut server).await;
    let broken = all_breaks(&program.state().await, &program.app_id).await;
    assert!(broken.is_empty(), "{broken:#?}");
    fates(&program).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_cannot_be_mapped_dies_alone_with_a_reason() {
    let rejected = "t1 rejected a fault of ours: the log says more";
    assert_eq!(
        fates_under(running::server()).await,
        ["t0 delivered", rejected, "t2 delivered"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_many_deliveries_in_a_row_that_cannot_be_mapped_the_program_goes_on() {
    // As if each had been tried a moment ago.
    static SPOIL: Sql = Sql::same("UPDATE queue SET record = $1, tries = 1, first_tried_at = created_at");
    let spoilt = size(IN_A_ROW.0, IN_A_ROW.1);
    let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
    let mut program = Program::on(Backend::SqliteFile, running::server());
    let server = program.start_at(START);
    enable(&program, &server, &vendor.url);
    (0..spoilt).for_each(|number| purchase(&program, &server, number));
    server.kill();
    let record = json!({"route": "ios", "body": "spoilt"}).to_string();
    let spoil = Statement::new(&SPOIL, [record.into()]);
    program.store().await.write(vec![spoil]).await.unwrap();
    let before = vendor.count();
    vendor.script(|_, _| Manner::Answers(200, "{}"));
    let mut server = program.start_at(LATER);
    purchase(&program, &server, spoilt);
    program.settle_at(&server, LATER);
    assert_eq!(vendor.count(), before + 1);
    server.ask_to_stop();
    assert_eq!(server.ended_within(PATIENCE).code(), Some(0));
    let rejected = |number| format!("t{number} rejected a fault of ours: the log says more");
    let mut expected: Vec<_> = (0..spoilt).map(rejected).collect();
    expected.push(format!("t{spoilt} delivered"));
    expected.sort();
    assert_eq!(fates(&program).await, expected);
    let broken = all_breaks(&program.state().await, &program.app_id).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The same look at a server that catches nothing: the delivery never comes to an end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_catch_a_delivery_that_cannot_be_mapped_is_left_in_the_air() {
    let sabotaged = xtask::test_environment::sabotaged_server("let-panics-through");
    let fates = fates_under(sabotaged).await;
    assert_eq!(fates, ["t0 delivered", "t1 pending 500 down", "t2 delivered"]);
}
