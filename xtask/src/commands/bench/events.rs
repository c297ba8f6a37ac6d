//! Transactions and events: reporting, the pure rules, what becomes due, a long history.

use std::process::Command;
use std::time::Instant;

use super::client::Client;
use super::report::Bar::AtLeast;
use super::report::median;
use super::server::{Filled, NEVER, Server};
use super::wrk::{self, DURABLE, READ_ONE, RENEW, SWITCH_ONE};
use super::{Bench, BenchError, Report, doing};
use crate::postgres::Cluster;
use crate::processes::output;

/// So many transactions a long history has.
const LONG: u64 = 1_000;

/// All figures.
pub fn all(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
    rules(bench, report)?;
    let chains = bench.size.profiles / 10;
    let embedded = Filled::with_chains(bench, "events", "sqlite", chains, NEVER, &["--webhook"])?;
    let server = embedded.serve()?;
    let name = "set-transaction : POST identifiers, SQLite";
    let per_second = compare(bench, report, name, &embedded, &server)?;
    long_history(bench, report, &embedded, &server)?;
    server.stop()?;
    due(bench, report, chains, per_second)?;
    let cluster = Cluster::start()?;
    let filled = Filled::with_chains(
        bench,
        "events-postgres",
        cluster.url(),
        chains,
        NEVER,
        &["--webhook"],
    )?;
    let server = filled.serve()?;
    let name = "set-transaction : POST identifiers, PostgreSQL";
    compare(bench, report, name, &filled, &server)?;
    server.stop()
}

/// The state machine alone against writing the payload of what it finds.
fn rules(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
    let (mut transitions, mut payloads) = (Vec::new(), Vec::new());
    for _ in 0..bench.size.rounds {
        let text = output(Command::new(&bench.program).arg("bench-machine"))?;
        let told: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| BenchError::Unexpected(error.to_string()))?;
        transitions.push(told["transitions"].as_f64().unwrap_or_default());
        payloads.push(told["payloads"].as_f64().unwrap_or_default());
    }
    report.note(format!(
        "one core: {:.0} transitions, {:.0} payloads a second",
        transitions[0], payloads[0]
    ));
    let name = "transitions : payloads, one core";
    report.ratio(name, &transitions, &payloads, AtLeast(1.0), 3.0);
    Ok(())
}

/// Renewals that make two events each against identifiers. Answers how many renewals there were a second.
fn compare(
    bench: &Bench,
    report: &mut Report,
    name: &'static str,
    filled: &Filled,
    server: &Server,
) -> Result<f64, BenchError> {
    let (mut renewals, mut identifiers) = (Vec::new(), Vec::new());
    for round in 0..bench.size.rounds {
        identifiers.push(wrk::run(filled, server, DURABLE, bench.size.seconds)?.per_second);
        renewals.push(wrk::run(filled, server, RENEW, bench.size.seconds)?.per_second);
        println!(
            "round {}: identifiers {:.0}/s, renewals {:.0}/s",
            round + 1,
            identifiers[round],
            renewals[round]
        );
    }
    report.ratio(name, &renewals, &identifiers, AtLeast(0.5), 0.8);
    renewals.sort_by(f64::total_cmp);
    Ok(median(&renewals))
}

/// A profile with a thousand transactions against one with a single one.
fn long_history(
    bench: &Bench,
    report: &mut Report,
    filled: &Filled,
    server: &Server,
) -> Result<(), BenchError> {
    // Beyond those that the renewals before have chosen at random: a later transaction would make these of no effect.
    let (long, short) = (filled.profiles + 1, filled.profiles + 2);
    let mut client = Client::connect(server.address).map_err(doing("connect"))?;
    for (profile, transactions) in [(long, LONG), (short, 1)] {
        for n in 1..=transactions {
            let body = renewal(profile, n, n == transactions);
            client
                .report(&filled.key, profile, &body)
                .map_err(doing("report"))?;
        }
    }
    let mut runs: [Vec<f64>; 4] = Default::default();
    for _ in 0..bench.size.rounds {
        for (index, (load, profile)) in [
            (READ_ONE, long),
            (READ_ONE, short),
            (SWITCH_ONE, long),
            (SWITCH_ONE, short),
        ]
        .into_iter()
        .enumerate()
        {
            let one = filled.meaning(profile);
            runs[index].push(wrk::run(&one, server, load, bench.size.seconds.div_ceil(2))?.per_second);
        }
    }
    let [read_long, read_short, switch_long, switch_short] = &runs;
    let name = "GET with 1 000 transactions : with one";
    report.ratio(name, read_long, read_short, AtLeast(0.5), 0.9);
    let name = "set-transaction with 1 000 transactions : with one";
    report.ratio(name, switch_long, switch_short, AtLeast(0.5), 0.9);
    Ok(())
}

/// The `n`th transaction of a profile's chain; the last one, which loads report again, begins after all others.
fn renewal(profile: u64, n: u64, is_last: bool) -> String {
    let (id, began) = if is_last {
        ("last".to_owned(), "2026-03-01T00:00:00Z".to_owned())
    } else {
        let (day, hour) = (n / 24, n % 24);
        let (month, day) = (1 + day / 27, 2 + day % 27);
        (
            format!("h-{n}"),
            format!("2026-{month:02}-{day:02}T{hour:02}:00:00Z"),
        )
    };
    format!(
        r#"{{"purchase_type":"subscription","store":"app_store","store_product_id":"monthly",
            "store_transaction_id":"{id}-{profile}","store_original_transaction_id":"c-{profile}",
            "price":{{"country":"US","currency":"USD","value":9.99}},"purchased_at":"{began}",
            "originally_purchased_at":"2020-01-01T00:00:00Z","expires_at":"2099-01-01T00:00:00Z","renew_status":true}}"#
    )
}

/// Chains that all end at one instant: handling them against reporting as many transactions.
fn due(bench: &Bench, report: &mut Report, chains: u64, reports: f64) -> Result<(), BenchError> {
    const END: &str = "2026-02-01T00:00:00Z";
    let filled = Filled::with_chains(bench, "due", "sqlite", chains, END, &["--webhook"])?;
    let server = filled.serve_with(&["--test-clock", "2026-01-31T00:00:00Z"])?;
    let mut client = Client::patient(server.address).map_err(doing("connect"))?;
    let token = format!("Authorization: Bearer {}\r\n", filled.token);
    let begin = Instant::now();
    client
        .post("/admin/v1/test-clock", &token, &format!(r#"{{"now":"{END}"}}"#))
        .map_err(doing("move the clock"))?;
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let per_second = chains as f64 / begin.elapsed().as_secs_f64();
    report.note(format!("{chains} chains due at one instant: {per_second:.0}/s"));
    let name = "due chains handled : set-transactions";
    report.number(name, per_second / reports, AtLeast(1.0), 3.0);
    server.stop()
}
