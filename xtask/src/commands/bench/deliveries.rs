//! Deliveries: accepted and sent, drained, mapped, beside a broken third party, with a backlog.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::Client;
use super::report::Bar::{AtLeast, AtMost};
use super::server::{Filled, NEVER, Server};
use super::vendor::Vendor;
use super::wrk::{self, RENEW};
use super::{Bench, BenchError, Report, doing, pace};
use crate::postgres::{Cluster, free_port};
use crate::processes::output;

const PRIVATE: &str = "--delivery-allow-private-addresses=true";
/// How long a backlog may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// Those that five integrations deliver to.
const FIVE: [&str; 5] = ["amplitude", "mixpanel", "appsflyer", "branch", "posthog"];
/// How long a third party far away takes to answer.
const FAR_AWAY: Duration = Duration::from_millis(50);
/// Any free port.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// All figures.
pub fn all(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
    mapping(bench, report)?;
    one_per_request(
        bench,
        report,
        "sqlite",
        "sent one per request : bare client, SQLite",
        0.10,
        0.20,
    )?;
    let cluster = Cluster::start()?;
    let name = "sent one per request : bare client, PostgreSQL";
    one_per_request(bench, report, cluster.url(), name, 0.04, 0.10)?;
    drop(cluster);
    drains(bench, report)?;
    beside_broken(bench, report)?;
    beside_identifiers(bench, report)?;
    memory(bench, report)
}

/// An integration that goes to this address, with all of its identifiers known.
fn integration(slug: &str, url: &str) -> Value {
    let keys = json!({"production": {"ios": "key"}});
    let mut settings = match slug {
        "amplitude" => json!({"api_keys": keys}),
        "mixpanel" => json!({"tokens": keys, "profile_revenue": "off"}),
        "appsflyer" => json!({"keys": keys, "ios_app_id": "id123456789"}),
        "branch" => json!({"branch_keys": {"production": "key_live_abcdefghij"}}),
        "posthog" => json!({"api_key": "phc_key"}),
        _ => json!({}),
    };
    settings["base_url"] = url.into();
    settings["requests_per_second"] = 100_000.into();
    settings["max_in_flight"] = 64.into();
    json!({"slug": slug, "settings": settings})
}

fn filled(
    bench: &Bench,
    name: &str,
    database: &str,
    chains: u64,
    more: &[String],
) -> Result<Filled, BenchError> {
    let more = more.iter().map(String::as_str);
    let arguments: Vec<&str> = std::iter::once(PRIVATE).chain(more).collect();
    Filled::with_chains(bench, name, database, chains, NEVER, &arguments)
}

fn enable(server: &Server, filled: &Filled, integration: &Value) -> Result<(), BenchError> {
    let token = format!("Authorization: Bearer {}\r\n", filled.token);
    let mut client = Client::patient(server.address).map_err(doing("connect"))?;
    let apps = client.get("/admin/v1/apps", &token).map_err(doing("list apps"))?;
    let apps: Value =
        serde_json::from_str(&apps).map_err(|error| BenchError::Unexpected(error.to_string()))?;
    let app = apps["data"][0]["app_id"].as_str().unwrap_or_default();
    let slug = integration["slug"].as_str().unwrap_or_default();
    let body =
        json!({"enabled": integration["on"] != false, "settings": integration["settings"]}).to_string();
    let path = format!("/admin/v1/apps/{app}/integrations/{slug}");
    client
        .put(&path, &token, &body)
        .map_err(doing("set an integration"))?;
    Ok(())
}

/// Events mapped against their JSON serialised.
fn mapping(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
    let mut runs = [
        ("amplitude", Vec::new(), Vec::new()),
        ("mixpanel", Vec::new(), Vec::new()),
        ("appsflyer", Vec::new(), Vec::new()),
    ];
    for _ in 0..bench.size.rounds {
        let text = output(Command::new(&bench.program).arg("bench-mapping"))?;
        let told: Value =
            serde_json::from_str(&text).map_err(|error| BenchError::Unexpected(error.to_string()))?;
        for (slug, mapped, serialised) in &mut runs {
            mapped.push(told[*slug]["mapped"].as_f64().unwrap_or_default());
            serialised.push(told[*slug]["serialised"].as_f64().unwrap_or_default());
        }
    }
    let names = [
        "mapping : serialising, Amplitude",
        "mapping : serialising, Mixpanel",
        "mapping : serialising, AppsFlyer",
    ];
    for (name, (slug, mapped, serialised)) in names.into_iter().zip(&runs) {
        report.note(format!(
            "{slug}: {:.0} events mapped a second on one core",
            mapped[0]
        ));
        report.ratio(name, mapped, serialised, AtLeast(0.5), 0.8);
    }
    Ok(())
}

/// Renewals over HTTP, each sent on in a request of its own, against the outbound client alone.
fn one_per_request(
    bench: &Bench,
    report: &mut Report,
    database: &str,
    name: &'static str,
    must: f64,
    aim: f64,
) -> Result<(), BenchError> {
    let folder = if database == "sqlite" {
        "sent"
    } else {
        "sent-postgres"
    };
    let filled = filled(bench, folder, database, bench.size.profiles / 10, &[])?;
    let vendor = Vendor::start(ANY, Duration::ZERO)?;
    let server = filled.serve_with(&[PRIVATE])?;
    enable(&server, &filled, &integration("appsflyer", &vendor.url))?;
    let (mut sent, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..bench.size.rounds {
        bare.push(ceiling(bench, &vendor)?);
        sent.push(accepted_and_sent(bench, &filled, &server, &vendor)?);
    }
    report.note(format!(
        "{name}: {:.0} events a second, {:.0} requests by the client alone",
        sent[0], bare[0]
    ));
    report.ratio(name, &sent, &bare, AtLeast(must), aim);
    server.stop()
}

fn ceiling(bench: &Bench, vendor: &Vendor) -> Result<f64, BenchError> {
    let seconds = bench.size.seconds.to_string();
    let text = output(Command::new(&bench.program).args(["bench-outbound", &vendor.url, &seconds]))?;
    text.trim()
        .parse()
        .map_err(|_| BenchError::Unexpected(format!("no number: {text}")))
}

/// Events in a second, from the first report to the last delivery.
fn accepted_and_sent(
    bench: &Bench,
    filled: &Filled,
    server: &Server,
    vendor: &Vendor,
) -> Result<f64, BenchError> {
    let (before, begin) = (vendor.events(), Instant::now());
    let run = wrk::run(filled, server, RENEW, bench.size.seconds)?;
    let accepted = before + run.requests;
    let received = vendor.wait_for(accepted, PATIENCE);
    if received < accepted {
        return Err(BenchError::Unexpected(format!(
            "{received} of {accepted} events were delivered"
        )));
    }
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    Ok(run.requests as f64 / begin.elapsed().as_secs_f64())
}

/// A backlog goes out: to one that takes arrays, to one that does not, and with many settled deliveries beside.
fn drains(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
    let backlog = bench.size.profiles / 10;
    let settled = (bench.size.profiles * 10).to_string();
    let (mut arrays, mut single, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..bench.size.rounds.min(2) {
        let near = |name: &str, slug, more: &[String]| {
            drain(
                bench,
                &format!("{name}-{round}"),
                slug,
                backlog,
                Duration::ZERO,
                more,
            )
        };
        arrays.push(near("arrays", "posthog", &[])?);
        single.push(near("single", "appsflyer", &[])?);
        let many = ["--settled".to_owned(), settled.clone()];
        beside.push(near("settled", "appsflyer", &many)?);
    }
    report.note(format!(
        "a backlog of {backlog}: {:.0} events a second in arrays, {:.0} one by one",
        arrays[0], single[0]
    ));
    report.ratio(
        "backlog in arrays : one per request",
        &arrays,
        &single,
        AtLeast(5.0),
        20.0,
    );
    report.ratio(
        "draining beside 10 M settled deliveries : beside none",
        &beside,
        &single,
        AtLeast(0.8),
        0.95,
    );
    let far = |name, slug| drain(bench, name, slug, backlog / 5, FAR_AWAY, &[]);
    report.note(format!(
        "the same where each answer takes {} ms: {:.0} events a second in arrays, {:.0} one by one",
        FAR_AWAY.as_millis(),
        far("arrays-far", "posthog")?,
        far("single-far", "appsflyer")?
    ));
    Ok(())
}

/// Events a second that go out to a third party that takes so long before each answer.
fn drain(
    bench: &Bench,
    name: &str,
    slug: &str,
    backlog: u64,
    pause: Duration,
    more: &[String],
) -> Result<f64, BenchError> {
    let port = free_port().ok_or_else(|| BenchError::Unexpected("no port is free".into()))?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut arguments = vec![
        "--integration".to_owned(),
        integration(slug, &format!("http://{address}")).to_string(),
    ];
    arguments.extend_from_slice(more);
    let filled = filled(bench, name, "sqlite", backlog, &arguments)?;
    let vendor = Vendor::start(address, pause)?;
    let begin = Instant::now();
    let server = filled.serve_with(&[PRIVATE])?;
    let received = vendor.wait_for(backlog, PATIENCE);
    let elapsed = begin.elapsed().as_secs_f64();
    server.stop()?;
    if received < backlog {
        return Err(BenchError::Unexpected(format!(
            "{slug}: {received} of {backlog} events were delivered"
        )));
    }
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    Ok(backlog as f64 / elapsed)
}

/// One integration answers nothing, or once a second: how fast another goes on.
fn beside_broken(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
    let filled = filled(bench, "broken", "sqlite", bench.size.profiles / 10, &[])?;
    let (well, other) = (
        Vendor::start(ANY, Duration::ZERO)?,
        Vendor::start(ANY, Duration::ZERO)?,
    );
    let slow = Vendor::start(ANY, Duration::from_secs(1))?;
    let closed = free_port().ok_or_else(|| BenchError::Unexpected("no port is free".into()))?;
    let server = filled.serve_with(&[PRIVATE])?;
    enable(&server, &filled, &integration("appsflyer", &well.url))?;
    let (mut healthy, mut dead, mut slowly) = (Vec::new(), Vec::new(), Vec::new());
    let at = |url: &str| integration("mixpanel", url);
    let mut one_at_a_time = at(&slow.url);
    // The slow one waits on each connection by itself.
    one_at_a_time["settings"]["max_in_flight"] = 1.into();
    let (other, closed) = (at(&other.url), at(&format!("http://127.0.0.1:{closed}")));
    for _ in 0..bench.size.rounds {
        for (beside, runs) in [
            (&other, &mut healthy),
            (&closed, &mut dead),
            (&one_at_a_time, &mut slowly),
        ] {
            enable(&server, &filled, beside)?;
            runs.push(accepted_and_sent(bench, &filled, &server, &well)?);
        }
    }
    report.ratio(
        "beside a dead integration : beside a healthy one",
        &dead,
        &healthy,
        AtLeast(0.9),
        0.97,
    );
    report.ratio(
        "beside one at 1 request/s : beside a healthy one",
        &slowly,
        &healthy,
        AtLeast(0.9),
        0.97,
    );
    server.stop()
}

/// Identifiers while events are reported, with and without five integrations to deliver them to.
fn beside_identifiers(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
    let filled = filled(bench, "beside", "sqlite", bench.size.profiles / 10, &[])?;
    let vendor = Vendor::start(ANY, Duration::ZERO)?;
    let server = filled.serve_with(&[PRIVATE])?;
    // Long enough that one pause of the disk is not the hundredth of all.
    let seconds = bench.size.seconds * 3;
    let p99 = |on: bool| {
        for slug in FIVE {
            let mut integration = integration(slug, &vendor.url);
            integration["on"] = on.into();
            enable(&server, &filled, &integration)?;
        }
        let paced = std::thread::scope(|scope| {
            let reports = scope.spawn(|| pace::report(&filled, &server, 1_000.0, seconds));
            let paced = pace::run(&filled, &server, 500.0, seconds);
            reports.join().expect("a worker does not panic")?;
            paced
        })?;
        Ok::<_, BenchError>(paced.p99.as_secs_f64())
    };
    // Not counted: a new server reads its pages for the first time.
    p99(false)?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..bench.size.rounds {
        without.push(p99(false)?);
        with.push(p99(true)?);
    }
    report.note(format!("POST identifiers beside 1 000 reports a second: p99 {:.1} ms without, {:.1} ms with five integrations", without[0] * 1e3, with[0] * 1e3));
    report.ratio(
        "p99 of POST identifiers with deliveries : without",
        &with,
        &without,
        AtMost(2.0),
        1.3,
    );
    server.stop()
}

/// A backlog that nobody takes.
fn memory(bench: &Bench, report: &mut Report) -> Result<(), BenchError> {
    let closed = free_port().ok_or_else(|| BenchError::Unexpected("no port is free".into()))?;
    let url = format!("http://127.0.0.1:{closed}");
    let mut arguments = Vec::new();
    for slug in FIVE {
        arguments.extend(["--integration".to_owned(), integration(slug, &url).to_string()]);
    }
    let filled = filled(bench, "memory", "sqlite", bench.size.profiles / 5, &arguments)?;
    let server = filled.serve_with(&[PRIVATE])?;
    std::thread::sleep(Duration::from_secs(bench.size.seconds));
    let peak = server.peak_resident_mib()?;
    report.number(
        "resident MiB with a backlog of 1 M deliveries",
        peak,
        AtMost(160.0),
        128.0,
    );
    server.stop()
}
