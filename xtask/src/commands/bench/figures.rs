//! What is measured, in which order.

use super::report::Bar::{AtLeast, AtMost};
use super::server::{Filled, Server};
use super::wrk::{self, DURABLE, EQUAL, LOG, Load, NOOP, READ};
use super::{Bench, BenchError, Report, durability, pace, pgbench};
use crate::postgres::Cluster;

/// Everything on the embedded database.
pub fn embedded(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
    let large = Filled::make(bench, "large", "sqlite", bench.size.profiles)?;
    let small = Filled::make(bench, "small", "sqlite", 10_000)?;
    // The first start still finds the log of the filling; the second is what a restart is.
    large.serve()?.stop()?;
    let server = large.serve()?;
    let idle_mib = server.resident_mib()?;
    let ready = server.ready_after.as_secs_f64();
    let idle = pace::idle(&large, &server, &bench.folder, 500)?;
    let busy_mib = throughput(bench, report, &large, &server, &small)?;
    let peak = wrk::run(&large, &server, DURABLE, bench.size.seconds)?.per_second;
    let paced = pace::run(&large, &server, peak / 2.0, bench.size.paced_seconds)?;
    report.note(format!(
        "at half of {peak:.0}/s: p50 {:.2} ms, p99 {:.2} ms",
        paced.p50.as_secs_f64() * 1e3,
        paced.p99.as_secs_f64() * 1e3
    ));
    let tail = paced.p99.as_secs_f64() / paced.p50.as_secs_f64();
    report.number("p99 : p50 at half the peak, open loop", tail, AtMost(5.0), 3.0);
    let stall = paced.longest_stall.as_secs_f64() * 1e3;
    report.number("longest stall at half the peak, ms", stall, AtMost(100.0), 50.0);
    let (write, append) = (idle.0.as_secs_f64(), idle.1.as_secs_f64());
    report.number(
        "one write on an idle server : one append and sync",
        write / append,
        AtMost(4.0),
        2.0,
    );
    report.number("resident memory idle, MiB", idle_mib, AtMost(30.0), 20.0);
    report.number(
        "resident memory at 64 connections, MiB",
        busy_mib,
        AtMost(128.0),
        96.0,
    );
    report.number("ready after start, s", ready, AtMost(1.0), 0.2);
    let per_sync = durability::writes_per_sync(&large, &server)?;
    report.note(format!("writes for each sync, counted by strace: {per_sync:.1}"));
    server.stop()?;
    let (checked, ready_after) = durability::survives_kill(&large)?;
    report.note(format!(
        "killed under load: {checked} profiles hold their last acknowledged write; ready again after {:.2} s",
        ready_after.as_secs_f64()
    ));
    Ok(())
}

/// The ratios of throughput. Answers the most memory that was seen.
fn throughput(
    bench: &Bench,
    report: &mut Report,
    large: &Filled,
    server: &Server,
    small: &Filled,
) -> Result<f64, BenchError> {
    let small_server = small.serve()?;
    let mut runs: [Vec<f64>; 6] = Default::default();
    let order: [(Load, &Filled, &Server); 6] = [
        (EQUAL, large, server),
        (NOOP, large, server),
        (READ, large, server),
        (LOG, large, server),
        (DURABLE, large, server),
        (DURABLE, small, &small_server),
    ];
    for round in 0..bench.size.rounds {
        for (index, (load, filled, server)) in order.iter().enumerate() {
            let per_second = wrk::run(filled, server, *load, bench.size.seconds)?.per_second;
            println!(
                "round {}: {load:?} on {} profiles: {per_second:.0}/s",
                round + 1,
                filled.profiles
            );
            runs[index].push(per_second);
        }
    }
    let busy_mib = server.peak_resident_mib()?;
    let [equal, noop, read, log, durable, durable_small] = &runs;
    report.ratio("durable POST : no-op", durable, noop, AtLeast(0.25), 0.40);
    report.ratio(
        "durable POST : bare synced log",
        durable,
        log,
        AtLeast(0.55),
        0.85,
    );
    report.ratio(
        "re-post of equal identifiers : no-op",
        equal,
        noop,
        AtLeast(0.40),
        0.60,
    );
    report.ratio("GET profile : no-op", read, noop, AtLeast(0.50), 0.70);
    report.ratio(
        "durable POST at all profiles : at 10 000",
        durable,
        durable_small,
        AtLeast(0.5),
        0.7,
    );
    Ok(busy_mib)
}

/// The main job on PostgreSQL against what PostgreSQL does at best by itself.
pub fn postgres(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
    let cluster = Cluster::start()?;
    let filled = Filled::make(bench, "postgres", cluster.url(), bench.size.profiles)?;
    let server = filled.serve()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..bench.size.rounds {
        theirs.push(pgbench::run(
            &cluster,
            &filled,
            &bench.folder,
            bench.size.seconds,
        )?);
        ours.push(wrk::run(&filled, &server, DURABLE, bench.size.seconds)?.per_second);
        println!(
            "round {}: pgbench {:.0}/s, ours {:.0}/s",
            round + 1,
            theirs[round],
            ours[round]
        );
    }
    report.ratio(
        "POST on PostgreSQL : pgbench's upsert",
        &ours,
        &theirs,
        AtLeast(1.2),
        2.0,
    );
    server.stop()
}
