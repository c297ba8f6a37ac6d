//! That a third party is left alone for a while, and what it warns of, is told to whoever asks.

use bursar_domain::time::format_time;
use serde_json::{Value, json};

use crate::support::backend::ALL;
use crate::support::deliveries::{
    MINUTE, SECOND, advance, amplitude, bought, branch, buyers, enable, entries, get, only, settle_down,
    shown, webhook, work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, START, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

/// The sentences about each delivery to an integration that is still open.
async fn whys(server: &TestServer, slug: &str) -> Vec<String> {
    let mut all = Vec::new();
    for entry in entries(server, &format!("deliveries?integration={slug}&state=pending")).await {
        let id = entry["delivery_id"].as_str().unwrap();
        all.push(get(server, &format!("deliveries/{id}")).await["why"].to_string());
    }
    all
}

async fn paused(server: &TestServer, slug: &str) -> String {
    let metrics = server.call("GET", "/metrics", &[], "").await.text();
    let name = format!("bursar_integrations_paused{{integration=\"{slug}\"}} ");
    let number = metrics.lines().find_map(|line| line.strip_prefix(&name));
    number.unwrap_or("none").to_owned()
}

#[tokio::test]
async fn a_pause_is_told_as_long_as_it_lasts() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(503, "down")).await;
        let server = TestServer::on(backend).await;
        enable(&server, "branch", branch(&vendor.url)).await;
        buyers(&server, 0..8).await;
        assert_eq!(paused(&server, "branch").await, "0", "{backend:?}");
        let _working = work(&server);
        settle_down(&server.state).await;
        let until = format_time(START + SECOND);
        let words = format!("until {until}, because the last 8 requests failed");
        let body = shown(&server, "branch").await;
        let problem = json!([{"field": "status", "detail": format!("nothing is sent {words}")}]);
        assert_eq!(
            (&body["status"], &body["problems"]),
            (&json!("ok"), &problem),
            "{backend:?}"
        );
        let listed = get(&server, "integrations").await["data"].to_string();
        assert!(listed.contains(&words), "{backend:?}: {listed}");
        let sentence = format!("Nothing is sent to Branch {words}.");
        let whys = whys(&server, "branch").await;
        assert!(
            whys.len() == 8 && whys.iter().all(|why| why.contains(&sentence)),
            "{backend:?}: {whys:?}"
        );
        assert_eq!(paused(&server, "branch").await, "1", "{backend:?}");
        assert_eq!(paused(&server, "webhook").await, "0", "{backend:?}");
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        advance(&server, MINUTE).await;
        assert_eq!(
            shown(&server, "branch").await["problems"],
            json!([]),
            "{backend:?}"
        );
        assert_eq!(paused(&server, "branch").await, "0", "{backend:?}");
    }
}

#[tokio::test]
async fn a_pause_of_one_address_is_told_of_that_one() {
    for backend in ALL {
        let asks = Vendor::with(|_, _| Manner::Asks("90")).await;
        let fails = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let server = TestServer::on(backend).await;
        let urls = json!({"urls": {"production": fails.url, "sandbox": asks.url}});
        enable(&server, "webhook", with(webhook(&fails.url), urls)).await;
        let customer = Customer::new(&server, "ann").await;
        let in_sandbox = with(bought("s1"), json!({"environment": "Sandbox"}));
        customer.post(TRANSACTION, &in_sandbox).await;
        customer.post(TRANSACTION, &bought("t1")).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        let until = format_time(START + 90 * SECOND);
        let words = format!("until {until}, because an answer asked for that");
        let problem =
            json!([{"field": "settings.urls.sandbox", "detail": format!("nothing is sent {words}")}]);
        assert_eq!(
            shown(&server, "webhook").await["problems"],
            problem,
            "{backend:?}"
        );
        let sentence = format!("Nothing is sent to Webhook's urls.sandbox {words}.");
        let whys = whys(&server, "webhook").await;
        let told: Vec<_> = whys.iter().filter(|why| why.contains(&sentence)).collect();
        assert!(whys.len() == 2 && told.len() == 1, "{backend:?}: {whys:?}");
        assert!(
            !told[0].contains("in \\\"Production\\\""),
            "{backend:?}: {told:?}"
        );
    }
}

#[tokio::test]
async fn a_warning_is_told_until_something_is_taken_without_one() {
    const LIMITED: &str = r#"{"status":1,"quota_limited":["events"]}"#;
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(200, LIMITED)).await;
        let server = TestServer::on(backend).await;
        let settings = json!({"api_key": "phc_k", "deployment": "custom", "instance_url": vendor.url,
            "events": {"access_level_updated": false}});
        enable(&server, "posthog", settings).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        let warned = json!([{"field": "status", "detail":
            format!("what was last delivered was taken with a warning: 200 {LIMITED}")}]);
        let answers = [
            (200, LIMITED, &warned),
            (400, "no", &warned),
            (200, "{\"status\":1}", &Value::Array(vec![])),
        ];
        for (number, (status, body, problems)) in answers.into_iter().enumerate() {
            vendor.script(move |_, _| Manner::Answers(status, body));
            customer.post(TRANSACTION, &bought(&format!("t{number}"))).await;
            settle_down(&server.state).await;
            let shown = shown(&server, "posthog").await;
            assert_eq!(
                (&shown["status"], &shown["problems"]),
                (&json!("ok"), problems),
                "{backend:?}: {status} {body}"
            );
        }
    }
}

#[tokio::test]
async fn what_waits_is_told_of_a_pause_and_is_pending_until_its_end_once_the_identifier_is_there() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Asks("90")).await;
        let server = TestServer::on(backend).await;
        let settings = with(amplitude(&vendor.url), json!({"wait_for_identifier": 3_600}));
        enable(&server, "amplitude", settings).await;
        let ann = Customer::new(&server, "ann").await;
        ann.post(TRANSACTION, &bought("t1")).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        let waiting = entries(&server, "deliveries?state=waiting").await;
        let id = only(&waiting)["delivery_id"].as_str().unwrap().to_owned();
        let bob = Customer::new(&server, "bob").await;
        bob.post(IDENTIFIERS, &json!({"amplitude_user_id": "bob"})).await;
        bob.post(TRANSACTION, &bought("t2")).await;
        settle_down(&server.state).await;
        let path = format!("deliveries/{id}");
        let why = get(&server, &path).await["why"].to_string();
        assert!(
            why.contains("Nothing is sent to Amplitude until"),
            "{backend:?}: {why}"
        );
        ann.post(IDENTIFIERS, &json!({"amplitude_user_id": "ann"})).await;
        settle_down(&server.state).await;
        assert!(entries(&server, "deliveries?state=waiting").await.is_empty());
        let pending = entries(&server, "deliveries?state=pending").await;
        assert_eq!(pending.len(), 2, "{backend:?}");
        let events = get(&server, "events").await.to_string();
        assert!(!events.contains("missing_identifier"), "{backend:?}: {events}");
        let shown = get(&server, &path).await;
        assert_eq!(
            (&shown["state"], &shown["reason"]),
            (&json!("pending"), &Value::Null),
            "{backend:?}"
        );
        let since = shown["why"].as_array().unwrap().last().unwrap().to_string();
        assert!(
            since.starts_with("\"It is pending since "),
            "{backend:?}: {since}"
        );
    }
}
