//! What an operator sees: each request counted by method, route and status, and found in the log by its id.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::backend::{ALL, Backend, SHARED};
use super::support::deliveries::{SECOND, amplitude, bought};
use super::support::program::Program;
use super::support::purchases::{numbered, one_time, subscription, with};
use super::support::raw::RawServer;
use super::support::running::server;
use super::support::server::{IDENTIFIERS, PROFILE, START, TRANSACTION, TestServer, USER};

/// By when a server that has started has looked how late deliveries are.
const LATEST: Duration = Duration::from_secs(9);

async fn metrics(server: &TestServer) -> String {
    server.call("GET", "/metrics", &[], "").await.text()
}

/// The value of a line of the metrics, with its labels in the order in which they are written.
fn value(metrics: &str, line: &str) -> Option<f64> {
    let found = metrics
        .lines()
        .find_map(|known| known.strip_prefix(line)?.strip_prefix(' '));
    found.map(|value| value.parse().unwrap())
}

fn requests(metrics: &str, method: &str, route: &str, status: u16) -> f64 {
    let labels = format!(r#"method="{method}",route="{route}",status="{status}""#);
    value(
        metrics,
        &format!("bursar_http_request_duration_seconds_count{{{labels}}}"),
    )
    .unwrap_or(0.0)
}

/// The number of requests in all, however they were answered.
fn all_requests(metrics: &str) -> f64 {
    let counts = metrics
        .lines()
        .filter(|line| line.starts_with("bursar_http_request_duration_seconds_count{"));
    counts
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

#[tokio::test]
async fn each_request_is_counted_by_method_route_and_status() {
    const SLASHLESS: &str = "/api/v1/server-side-api/profile";
    const ADMIN: &str = "/admin/v1/apps/{app}";
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let own = format!("/admin/v1/apps/{}", server.app_id);
        let mut expected: BTreeMap<(&str, &str, u16), usize> = BTreeMap::new();
        for (method, path, headers, body, route, status) in [
            ("POST", PROFILE, vec![USER], "", PROFILE, 200),
            ("POST", SLASHLESS, vec![USER], "", PROFILE, 200),
            ("GET", PROFILE, vec![USER], "", PROFILE, 200),
            ("HEAD", PROFILE, vec![USER], "", PROFILE, 200),
            (
                "GET",
                PROFILE,
                vec![("adapty-customer-user-id", "nobody")],
                "",
                PROFILE,
                404,
            ),
            ("PATCH", PROFILE, vec![USER], "{", PROFILE, 400),
            (
                "POST",
                IDENTIFIERS,
                vec![USER],
                r#"{"branch_id":"b"}"#,
                IDENTIFIERS,
                200,
            ),
            (
                "POST",
                IDENTIFIERS,
                vec![USER],
                r#"{"branch_id":1}"#,
                IDENTIFIERS,
                400,
            ),
            ("GET", own.as_str(), vec![], "", ADMIN, 401),
            ("GET", "/no/such/path", vec![], "", "unknown", 404),
            ("PROPFIND", PROFILE, vec![USER], "", "unknown", 405),
            ("DELETE", PROFILE, vec![USER], "", PROFILE, 204),
        ] {
            assert_eq!(
                server.call(method, path, &headers, body).await.status,
                status,
                "{method} {path}"
            );
            let method = if method == "PROPFIND" { "other" } else { method };
            *expected.entry((method, route, status)).or_default() += 1;
        }
        let shown = metrics(&server).await;
        for ((method, route, status), count) in &expected {
            let counted = requests(&shown, method, route, *status);
            assert_eq!(
                counted, *count as f64,
                "{backend:?} {method} {route} {status}: {shown}"
            );
        }
        let all: usize = expected.values().sum();
        assert_eq!(all_requests(&shown), all as f64, "{backend:?}: {shown}");
    }
}

#[tokio::test]
async fn commits_the_queue_and_connections_are_measured() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        server.call("POST", PROFILE, &[USER], "").await;
        let before = metrics(&server).await;
        for n in 0..10 {
            let body = format!(r#"{{"branch_id":"{n}"}}"#);
            server.call("POST", IDENTIFIERS, &[USER], &body).await;
        }
        server.call("GET", IDENTIFIERS, &[USER], "").await;
        let after = metrics(&server).await;
        let more = |line| value(&after, line).unwrap() - value(&before, line).unwrap();
        assert_eq!(
            more("bursar_store_commit_duration_seconds_count"),
            10.0,
            "{backend:?}: {after}"
        );
        assert_eq!(more("bursar_store_group_size_count"), 10.0, "{backend:?}");
        assert_eq!(more("bursar_store_group_size_sum"), 10.0, "{backend:?}");
        assert!(
            more("bursar_store_commit_duration_seconds_sum") > 0.0,
            "{backend:?}"
        );
        assert_eq!(
            value(&after, "bursar_store_waiting_changes"),
            Some(0.0),
            "{backend:?}"
        );
        let in_use = value(&after, "bursar_store_connections_in_use").unwrap();
        let limit = value(&after, "bursar_store_connections_limit").unwrap();
        assert!(in_use < limit || limit == 0.0, "{backend:?}: {in_use} of {limit}");
        assert_eq!(limit > 0.0, backend == Backend::Postgres, "{backend:?}: {limit}");
    }
}

/// The names in the handbook's table of metrics.
fn documented() -> Vec<String> {
    let page = include_str!("../../../docs/operating.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `bursar_"));
    rows.map(|row| format!("bursar_{}", row.split('`').next().unwrap()))
        .collect()
}

#[tokio::test]
async fn the_metrics_are_those_of_the_handbook() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    server.call("POST", PROFILE, &[USER], "").await;
    server.state.metrics.tried("webhook", "delivered", 0.1);
    bursar::delivery::overdue::note(&server.state).await.unwrap();
    let shown = metrics(&server).await;
    let mut made: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP "))
        .collect();
    for name in &mut made {
        *name = name.split(' ').next().unwrap();
    }
    let documented = documented();
    assert!(documented.len() > 5, "{documented:?}");
    // A counter is named without the `_total` of its line.
    let mut known: Vec<&str> = documented
        .iter()
        .map(|name| name.trim_end_matches("_total"))
        .collect();
    made.sort_unstable();
    known.sort_unstable();
    assert_eq!(made, known);
    for name in &documented {
        let starts = |line: &str| line.starts_with(name.as_str());
        assert!(shown.lines().any(starts), "{name} has no line: {shown}");
    }
}

#[test]
fn a_server_that_sends_nothing_tells_how_late_deliveries_are_all_the_same() {
    for backend in SHARED {
        let mut program = Program::on(backend, server());
        program.environment.push(("BURSAR_ROLE", "api".into()));
        let first = program.start_at(START);
        program.set_integration(&first, "amplitude", &amplitude("https://example.com"));
        let mut client = program.client(&first);
        assert_eq!(client.call("POST", PROFILE, &[USER], "").unwrap().status, 200);
        let body = bought("t1").to_string();
        let bought = client.call("POST", TRANSACTION, &[USER], &body).unwrap();
        assert_eq!(bought.status, 200, "{}", bought.body);
        first.stop();
        let second = program.start_at(START + 90 * SECOND);
        let late = || {
            let shown = program.client(&second).call("GET", "/metrics", &[], "").unwrap();
            value(
                &shown.body,
                r#"bursar_delivery_overdue_seconds{integration="amplitude"}"#,
            )
        };
        let started = Instant::now();
        while late() != Some(90.0) {
            assert!(started.elapsed() < LATEST, "{backend:?}: {:?}", late());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn an_answer_is_found_in_the_log_by_its_request_id() {
    let program = RawServer::start(&[("BURSAR_LOG_FORMAT", "json"), ("BURSAR_LOG_LEVEL", "debug")]);
    let mut answers = Vec::new();
    for (method, path, body, status) in [
        ("POST", PROFILE, &b""[..], 200),
        ("POST", IDENTIFIERS, b"{", 400),
        ("GET", "/no/such/path", b"", 404),
        ("PUT", PROFILE, b"", 405),
    ] {
        let answer = program.call(method, path, &[USER], body);
        assert_eq!(answer.status, status, "{}", answer.text());
        let id = answer
            .head
            .lines()
            .find_map(|line| line.strip_prefix("request-id: "));
        answers.push((method, path, status, id.unwrap().to_owned()));
    }
    let log = program.stop();
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    for (method, path, status, id) in answers {
        let of_it: Vec<_> = lines.iter().filter(|line| line["request_id"] == *id).collect();
        let [line] = of_it[..] else {
            panic!("{method} {path} has {} lines: {log}", of_it.len());
        };
        assert_eq!(
            (&line["method"], &line["status"]),
            (&method.into(), &status.into()),
            "{line}"
        );
        let is_known = [PROFILE, IDENTIFIERS].contains(&path) && status != 405;
        assert_eq!(line["route"], if is_known { path } else { "unknown" }, "{line}");
        let code = match status {
            200 => Value::Null,
            400 => "parse_error".into(),
            404 => "not_found".into(),
            _ => "method_not_allowed".into(),
        };
        assert_eq!(line["code"], code, "{line}");
        assert!(line["duration_ms"].is_number(), "{line}");
    }
}

#[test]
fn a_transaction_that_comes_back_from_another_environment_is_warned_about() {
    let program = RawServer::start(&[("BURSAR_LOG_FORMAT", "json")]);
    assert_eq!(program.call("POST", PROFILE, &[USER], b"").status, 200);
    let report = |id: &str, environment: &str| {
        let fields = json!({"environment": environment});
        let body = with(numbered(subscription(), id), fields).to_string();
        let answer = program.call("POST", TRANSACTION, &[USER], body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_slice::<Value>(&answer.body).unwrap()
    };
    for (id, first, then) in [
        ("same", "Production", "Production"),
        ("tested", "Production", "Sandbox"),
        ("bought", "Sandbox", "Production"),
    ] {
        report(id, first);
        let shown = report(id, then);
        let entries = shown["data"]["subscriptions"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["store_transaction_id"] == id);
        assert_eq!(entry.unwrap()["environment"], first, "{id} stays where it was");
    }
    let log = program.stop();
    let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
    let warnings: Vec<Value> = lines.filter(|line: &Value| line["level"] == "WARN").collect();
    let of = |id: &str| {
        let found = warnings.iter().find(|line| line["transaction.id"] == id);
        found.map(|line| line["message"].as_str().unwrap())
    };
    assert_eq!(of("same"), None, "{log}");
    for (id, stays, claimed) in [
        ("tested", "Production", "Sandbox"),
        ("bought", "Sandbox", "Production"),
    ] {
        let expected = format!(
            "transaction {id} is known in {stays} and was reported in {claimed}: it stays in {stays}"
        );
        assert_eq!(of(id), Some(expected.as_str()), "{log}");
    }
}

#[test]
fn what_a_refused_report_met_is_not_warned_about() {
    let program = RawServer::start(&[("BURSAR_LOG_FORMAT", "json")]);
    assert_eq!(program.call("POST", PROFILE, &[USER], b"").status, 200);
    let report = |body: Value, expected: u16| {
        let answer = program.call("POST", TRANSACTION, &[USER], body.to_string().as_bytes());
        assert_eq!(answer.status, expected, "{}", answer.text());
    };
    let price = |currency: &str| json!({"price": {"country": "US", "currency": currency, "value": 1.5}});
    report(with(numbered(subscription(), "paid"), price("XTS")), 200);
    report(numbered(subscription(), "known"), 200);
    let of_another_type = with(numbered(one_time(), "known"), json!({"environment": "Sandbox"}));
    report(with(of_another_type, price("XTS")), 400);
    let log = program.stop();
    let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
    let warnings = lines.filter(|line: &Value| line["level"] == "WARN");
    let met: Vec<Value> = warnings
        .filter(|line| line["transaction.id"].is_string())
        .collect();
    assert_eq!(met.len(), 1, "{log}");
    assert_eq!(
        (&met[0]["transaction.id"], &met[0]["currency"]),
        (&json!("paid"), &json!("XTS"))
    );
}
