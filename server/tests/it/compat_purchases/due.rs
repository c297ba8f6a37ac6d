//! What becomes due by time alone.

use bursar::actions::purchases::handle_due;
use bursar::store::Sql;

use serde_json::{Value, json};

use crate::support::backend::ALL;
use crate::support::deliveries::run;
use crate::support::purchases::{Customer, numbered, subscription, with};
use crate::support::server::{START, TRANSACTION, TestServer};

const CUSTOMERS: u64 = 20;
const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const MONTH: i64 = 31 * DAY;

#[tokio::test]
async fn two_who_handle_what_is_due_at_once_do_the_work_once() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for n in 0..CUSTOMERS {
            let name = format!("user-{n}");
            let customer = Customer::new(&server, &name).await;
            let transaction = numbered(subscription(), &format!("t{n}"));
            customer.post(TRANSACTION, &transaction).await;
        }
        let later = server.state.clock.now() + MONTH;
        server.state.clock.move_to(later).unwrap();
        let before = server.changes().await;
        let (one, other) = tokio::join!(handle_due(&server.state, later), handle_due(&server.state, later));
        one.and(other).unwrap();
        assert_eq!(server.changes().await, before + CUSTOMERS, "{backend:?}");
    }
}

/// Switches `subscription_active` on after so many days, `None`: off.
async fn ask_for(server: &TestServer, days: Option<u32>) {
    let path = format!("apps/{}/integrations/webhook", server.app_id);
    let settings = match days {
        Some(days) => json!({"synthetic_delay_days": {"subscription_active": days}}),
        None => json!({}),
    };
    let body = json!({"enabled": true, "settings": settings}).to_string();
    let answer = server.admin("PUT", &path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Handles what is due so many days after the start, and answers which profiles' subscriptions were told to be active.
async fn active_at(server: &TestServer, days: i64) -> Vec<String> {
    let now = START + days * DAY;
    server.state.clock.move_to(now).unwrap();
    handle_due(&server.state, now).await.unwrap();
    let path = format!("apps/{}/events?event_type=subscription_active", server.app_id);
    let page = server.admin("GET", &path, "").await.json();
    let told = page["data"].as_array().unwrap().iter();
    let mut told: Vec<_> = told
        .map(|event| event["payload"]["customer_user_id"].to_string())
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn a_timer_that_is_switched_on_later_tells_of_what_runs_already() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        // They began seventeen days ago; one has no end, so that nothing else is ever due of it.
        for (name, end) in [("a", json!("2026-02-15T00:00:00Z")), ("b", Value::Null)] {
            let customer = Customer::new(&server, name).await;
            let bought = with(numbered(subscription(), name), json!({"expires_at": end}));
            customer.post(TRANSACTION, &bought).await;
        }
        ask_for(&server, Some(10)).await;
        assert!(
            active_at(&server, 1).await.is_empty(),
            "{backend:?}: it lay before"
        );
        ask_for(&server, Some(20)).await;
        assert!(active_at(&server, 2).await.is_empty(), "{backend:?}: not yet");
        let both = [r#""a""#, r#""b""#];
        assert_eq!(active_at(&server, 3).await, both, "{backend:?}");
        // What was switched off when it would have been told is not made up for.
        ask_for(&server, None).await;
        ask_for(&server, Some(22)).await;
        ask_for(&server, None).await;
        active_at(&server, 6).await;
        ask_for(&server, Some(22)).await;
        assert_eq!(active_at(&server, 7).await, both, "{backend:?}");
    }
}

#[tokio::test]
async fn what_is_due_is_handled_though_profiles_cannot_be_looked_through() {
    static BROKEN: Sql = Sql::same("ALTER TABLE rechecks RENAME TO gone");
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &subscription()).await;
        let later = server.state.clock.now() + MONTH;
        server.state.clock.move_to(later).unwrap();
        run(&server, &BROKEN).await;
        let before = server.changes().await;
        let handled = handle_due(&server.state, later).await;
        assert!(handled.is_err(), "{backend:?}: it is told");
        assert_eq!(server.changes().await, before + 1, "{backend:?}");
    }
}
