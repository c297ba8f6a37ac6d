//! The commands for deliveries: the real program on the database of a server.

use std::process::Command;

use bursar::store::Location;
use serde_json::{Value, json};

use crate::support::backend::{Backend, SHARED};
use crate::support::deliveries::{enable, entries, switch_off, until_states, webhook, work};
use crate::support::purchases::{Customer, numbered, subscription};
use crate::support::running;
use crate::support::server::{TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

fn bursar(server: &TestServer, args: &str) -> (bool, String) {
    let mut command = Command::new(running::server());
    command
        .env_clear()
        .current_dir(&server.folder.0)
        .args(args.split(' '));
    match &server.options.location {
        Location::Postgres(url) => command.args(["--database", url]),
        _ => command.arg("--data-dir").arg(&server.folder.0),
    };
    command.args(["--test-clock", "2026-01-01T00:00:00Z"]);
    command.env("BURSAR_MASTER_KEY", "07".repeat(32));
    command.env("BURSAR_DELIVERY_ALLOW_PRIVATE_ADDRESSES", "true");
    let done = command.output().unwrap();
    let said = if done.status.success() {
        done.stdout
    } else {
        done.stderr
    };
    (done.status.success(), String::from_utf8(said).unwrap())
}

fn text(server: &TestServer, args: &str) -> String {
    let (is_done, said) = bursar(server, args);
    assert!(is_done, "{args}: {said}");
    said
}

fn parsed(server: &TestServer, args: &str) -> Value {
    serde_json::from_str(&text(server, &format!("{args} --json"))).unwrap()
}

/// All entries of a list, page by page.
fn walk(server: &TestServer, list: &str) -> Vec<Value> {
    let (mut all, mut from) = (Vec::new(), String::new());
    loop {
        let page = parsed(server, &format!("{list} --limit 1{from}"));
        all.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => from = format!(" --cursor {next}"),
            None => return all,
        }
    }
}

// The third party answers while a command runs.
#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_looked_at_tried_again_and_replayed_by_commands() {
    for backend in SHARED {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(400, "no")).await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        Customer::new(&server, "ann")
            .await
            .post(TRANSACTION, &subscription())
            .await;
        until_states(&server, &["rejected 1"]).await;
        // With several apps the ids of deliveries and events say which one is meant.
        text(&server, "app create Other");
        let listed = parsed(
            &server,
            "delivery list --app default --state rejected --integration webhook",
        );
        assert_eq!(
            listed["data"],
            json!(entries(&server, "deliveries").await),
            "{backend:?}"
        );
        let id = listed["data"][0]["delivery_id"].as_str().unwrap();
        let event = listed["data"][0]["event_id"].as_str().unwrap();
        let shown = parsed(&server, &format!("delivery show {id}"));
        assert_eq!(shown["attempt_log"][0]["status"], 400, "{backend:?}");
        let why = text(&server, &format!("why {event} webhook"));
        assert!(
            why.starts_with(&format!("{id}: rejected\n  Webhook is on.\n")),
            "{why}"
        );
        let why = parsed(&server, &format!("why {event} amplitude"));
        assert_eq!(why["data"][0]["state"], Value::Null);
        assert_eq!(
            why["data"][0]["why"][0],
            "Amplitude was never set up for this app."
        );
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        text(&server, &format!("delivery retry {id}"));
        until_states(&server, &["delivered 1"]).await;
        let filter = "--app default --integration webhook --state delivered --type subscription_started";
        let counted = parsed(&server, &format!("replay create {filter} --dry-run"));
        assert_eq!(counted, json!({"replay_id": null, "count": 1}), "{backend:?}");
        for other in [
            "--after 2026-01-01T00:00:01Z",
            "--before 2026-01-01T00:00:00Z",
            "--profile 00000000-0000-4000-8000-000000000000",
        ] {
            let counted = parsed(&server, &format!("replay create {filter} {other} --dry-run"));
            assert_eq!(counted["count"], 0, "{backend:?} {other}");
        }
        // So that it is not through before it is cancelled.
        switch_off(&server, &vendor.url).await;
        let made = parsed(&server, &format!("replay create {filter}"));
        let replay = made["replay_id"].as_str().unwrap();
        let listed = parsed(&server, "replay list --app default");
        assert_eq!(
            (&listed["data"][0]["count"], &listed["data"][0]["replay_id"]),
            (&json!(1), &json!(replay))
        );
        text(&server, &format!("replay cancel --app default {replay}"));
        let tested = parsed(&server, "integration test --app default webhook");
        assert_eq!(tested["passed"], true, "{tested}");
        vendor.script(|_, _| Manner::Answers(400, "no"));
        let (is_done, said) = bursar(&server, "integration test --app default webhook");
        assert!(!is_done && said.contains("the test has failed"), "{said}");
        for (args, told) in [
            (
                "delivery show 00000000-0000-4000-8000-000000000000:webhook",
                "the event does not exist",
            ),
            (
                "why 00000000-0000-4000-8000-000000000000 webhook",
                "the event does not exist",
            ),
            (
                &format!("why --app Other {event} webhook"),
                "the event does not exist",
            ),
            (
                &format!("delivery show --app Other {id}"),
                "the delivery does not exist",
            ),
        ] {
            let (is_done, said) = bursar(&server, args);
            assert!(!is_done && said.contains(told), "{args}: {said}");
        }
    }
}

#[tokio::test]
async fn long_lists_are_read_page_by_page() {
    let server = TestServer::on(Backend::SqliteFile).await;
    enable(&server, "webhook", webhook("https://a.example/")).await;
    for name in ["ann", "bob", "cid"] {
        let customer = Customer::new(&server, name).await;
        customer.post(TRANSACTION, &numbered(subscription(), name)).await;
        text(&server, "replay create --app default --integration webhook");
    }
    for list in [
        "event list --app default",
        "delivery list --app default",
        "replay list --app default",
        "audit list",
    ] {
        let whole = parsed(&server, &format!("{list} --limit 100"));
        let whole = whole["data"].as_array().unwrap();
        assert!(whole.len() >= 3, "{list}: {whole:?}");
        assert_eq!(&walk(&server, list), whole, "{list}");
        let (is_done, said) = bursar(&server, &format!("{list} --cursor x"));
        assert!(
            !is_done && said.contains("cursor: is not one that this list gave"),
            "{said}"
        );
    }
}
