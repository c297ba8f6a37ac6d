//! An integration that loses everything says so.

use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::deliveries::{
    HOUR, Working, advance, amplitude, bought, branch, buyers, enable, fates_of, put, settle_down, shown,
    states, webhook, work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Gate, Manner, Vendor};

/// The only problem's field and detail.
async fn problem(server: &TestServer, slug: &str) -> (String, String) {
    let shown = shown(server, slug).await;
    let [problem] = &shown["problems"].as_array().unwrap()[..] else {
        panic!("not one problem: {shown}")
    };
    let text = |name: &str| problem[name].as_str().unwrap().to_owned();
    (text("field"), text("detail"))
}

async fn losing(server: &TestServer, slug: &str) -> String {
    let metrics = server.call("GET", "/metrics", &[], "").await.text();
    let name = format!("bursar_integrations_losing{{integration=\"{slug}\"}} ");
    let number = metrics.lines().find_map(|line| line.strip_prefix(&name));
    number.unwrap_or("none").to_owned()
}

async fn buy(server: &TestServer, numbers: std::ops::Range<usize>) {
    buyers(server, numbers).await;
    settle_down(&server.state).await;
}

#[tokio::test]
async fn an_address_that_turns_all_away_is_a_problem_until_it_takes_one() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(404, "no such page")).await;
        let server = TestServer::on(backend).await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        buy(&server, 0..7).await;
        assert_eq!(
            shown(&server, "webhook").await["problems"],
            json!([]),
            "{backend:?}"
        );
        buy(&server, 7..9).await;
        let (field, detail) = problem(&server, "webhook").await;
        assert_eq!(field, "settings.urls.production", "{backend:?}");
        let words = "nothing has been taken since 2026-01-01T00:00:00+00:00: 9 lost in a row, the last: 404";
        assert!(detail.starts_with(words), "{backend:?}: {detail}");
        assert_eq!(losing(&server, "webhook").await, "1", "{backend:?}");
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        buy(&server, 9..10).await;
        assert_eq!(
            shown(&server, "webhook").await["problems"],
            json!([]),
            "{backend:?}"
        );
        assert_eq!(losing(&server, "webhook").await, "0", "{backend:?}");
    }
}

/// A server whose webhook has failed for so many hours since the first purchase.
async fn down_for(hours: usize, backend: Backend) -> (Vendor, TestServer, Working) {
    let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
    let server = TestServer::on(backend).await;
    enable(&server, "webhook", webhook(&vendor.url)).await;
    let working = work(&server);
    buy(&server, 0..1).await;
    for _ in 0..hours {
        advance(&server, HOUR).await;
    }
    (vendor, server, working)
}

#[tokio::test]
async fn an_address_that_has_failed_for_a_day_is_a_problem_with_the_first_that_is_lost() {
    for backend in ALL {
        let (_vendor, server, _working) = down_for(26, backend).await;
        buy(&server, 1..2).await;
        let shown = shown(&server, "webhook").await;
        // That nothing is sent there for a while is told too.
        let told = shown["problems"].as_array().unwrap().last().unwrap();
        assert_eq!(told["field"], "settings.urls.production", "{backend:?}: {shown}");
        let detail = told["detail"].as_str().unwrap();
        let words = "the last: given up: nothing has succeeded there for a day";
        assert!(detail.contains(words), "{backend:?}: {detail}");
    }
}

/// Nothing is sent at the moment at which it is given up.
#[tokio::test]
async fn a_repeat_that_is_not_made_any_more_is_lost_since_nothing_was_taken() {
    for backend in ALL {
        let (_vendor, server, _working) = down_for(23, backend).await;
        buy(&server, 1..2).await;
        assert_eq!(losing(&server, "webhook").await, "0", "{backend:?}");
        advance(&server, HOUR).await;
        assert_eq!(
            fates_of(&server, "webhook", "").await[1],
            "user-1 rejected given up: nothing has succeeded there for a day"
        );
        let (field, detail) = problem(&server, "webhook").await;
        assert_eq!(field, "settings.urls.production", "{backend:?}");
        let words =
            "nothing has been taken since 2026-01-01T00:00:00+00:00: 2 lost in a row, the last: given up";
        assert!(detail.starts_with(words), "{backend:?}: {detail}");
        assert_eq!(losing(&server, "webhook").await, "1", "{backend:?}");
    }
}

#[tokio::test]
async fn what_is_lost_by_settings_of_before_counts_nothing() {
    for backend in ALL {
        let gate = Gate::closed();
        let held = gate.holds(Manner::Answers(400, "no"));
        let vendor = Vendor::with(move |_, _| held.clone()).await;
        let next = Vendor::start().await;
        let server = TestServer::on(backend).await;
        enable(&server, "branch", branch(&vendor.url)).await;
        let _working = work(&server);
        buyers(&server, 0..9).await;
        vendor.until_count(9).await;
        put(&server, "branch", true, &branch(&next.url)).await;
        buyers(&server, 9..10).await;
        next.until_count(1).await;
        gate.open();
        settle_down(&server.state).await;
        assert_eq!(
            states(&server).await,
            ["delivered 1", "rejected 9"],
            "{backend:?}"
        );
        let shown = shown(&server, "branch").await;
        assert_eq!(shown["problems"], json!([]), "{backend:?}");
    }
}

/// What was never tried only lacked an identifier.
#[tokio::test]
async fn what_was_tried_until_it_was_too_old_is_lost() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(503, "down")).await;
        let server = TestServer::on(backend).await;
        let firebase = json!({"firebase_app_ids": {"ios": "1:5:ios:9"}, "api_secrets": {"ios": "secret"},
            "base_url": vendor.url, "events": {"access_level_updated": false}});
        enable(&server, "firebase_ga4", firebase).await;
        let _working = work(&server);
        let ids = json!({"firebase_app_instance_id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"});
        for number in 0..10 {
            let transaction = format!("t{number}");
            let customer = Customer::new(&server, &transaction).await;
            if number == 0 {
                customer.post(IDENTIFIERS, &ids).await;
            }
            let today = json!({"purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z"});
            customer
                .post(TRANSACTION, &with(bought(&transaction), today))
                .await;
        }
        for _ in 0..14 {
            advance(&server, 6 * HOUR).await;
        }
        let fates = fates_of(&server, "firebase_ga4", "").await;
        let expired: Vec<_> = (0..10)
            .map(|number| format!("t{number} expired too_old"))
            .collect();
        assert_eq!(fates, expired, "{backend:?}");
        let expected = "nothing has been taken since 2026-01-01T00:00:00+00:00: 1 lost in a row, the last: expired: too_old";
        assert_eq!(
            problem(&server, "firebase_ga4").await,
            ("status".into(), expected.into()),
            "{backend:?}"
        );
        assert_eq!(losing(&server, "firebase_ga4").await, "1", "{backend:?}");
    }
}

#[tokio::test]
async fn a_key_that_events_met_missing_is_a_problem_until_it_is_there() {
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        let android = json!({"api_keys": {"production": {"android": "key"}}});
        enable(&server, "amplitude", with(amplitude(&vendor.url), android)).await;
        assert_eq!(
            shown(&server, "amplitude").await["problems"],
            json!([]),
            "it may be meant so"
        );
        let _working = work(&server);
        buy(&server, 0..2).await;
        let expected =
            "api_keys.production.ios is not set: 2 skipped for that since 2026-01-01T00:00:00+00:00";
        assert_eq!(
            problem(&server, "amplitude").await,
            ("status".into(), expected.into()),
            "{backend:?}"
        );
        assert_eq!(losing(&server, "amplitude").await, "1", "{backend:?}");
        // Nobody knows whether such events come at all any more.
        advance(&server, 25 * HOUR).await;
        let later = shown(&server, "amplitude").await;
        assert_eq!(later["problems"], json!([]), "{backend:?}");
        assert_eq!(losing(&server, "amplitude").await, "0", "{backend:?}");
        let set = put(&server, "amplitude", true, &amplitude(&vendor.url)).await;
        assert_eq!(
            (set.status, &set.json()["problems"]),
            (200, &Value::Array(vec![])),
            "{backend:?}"
        );
        assert_eq!(
            shown(&server, "amplitude").await["problems"],
            json!([]),
            "{backend:?}"
        );
    }
}
