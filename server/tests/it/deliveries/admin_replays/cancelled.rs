//! Replays that are cancelled: what they leave behind.

use bursar::actions::deliveries::Claim;
use bursar_domain::ids::ProfileId;
use serde_json::{Value, json};

use super::super::fencing::due;
use super::{count, deliver_all, replay, sell};
use crate::support::backend::ALL;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, MINUTE, advance, app_id, claimed_turns, enable, entries, only, send, settle_down, states,
    switch_off, until_states, webhook, work,
};
use crate::support::events::{event, store};
use crate::support::purchases::{Customer, with};
use crate::support::server::{PROFILE, START, TestServer};
use crate::support::vendor::{Gate, Manner, Vendor};

async fn audit(server: &TestServer) -> Vec<Value> {
    let answer = server.admin("GET", "audit", "").await;
    answer.json()["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_cancelled_replay_leaves_everything_as_it_was_but_for_when_and_by_which_replay() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let _working = deliver_all(&server, &vendor).await;
        switch_off(&server, &vendor.url).await;
        let before = entries(&server, "deliveries").await;
        let at = server.state.clock.now() + HOUR;
        server.state.clock.move_to(at).unwrap();
        let made = replay(&server, json!({}), false).await;
        assert_eq!(made["count"], 3, "{backend:?}");
        assert_eq!(
            count(&server, json!({})).await,
            0,
            "what is open is not replayed again"
        );
        let open = entries(&server, "replays").await;
        assert_eq!(only(&open)["open"], 3, "{backend:?}");
        let id = made["replay_id"].as_str().unwrap();
        let cancelled = send(&server, "DELETE", &format!("replays/{id}"), &Value::Null).await;
        assert_eq!(cancelled.status, 204, "{}", cancelled.text());
        assert_eq!(only(&entries(&server, "replays").await)["state"], "cancelled");
        let mut after = entries(&server, "deliveries").await;
        for (delivery, before) in after.iter_mut().zip(&before) {
            assert_eq!(delivery["updated_at"], "2026-01-01T01:00:00+00:00", "{backend:?}");
            delivery["updated_at"] = before["updated_at"].clone();
        }
        assert_eq!(after, before, "{backend:?}");
        let nobodys = format!("replays/{}", server.app_id);
        assert_eq!(send(&server, "DELETE", &nobodys, &Value::Null).await.status, 404);
    }
}

/// Replays what was delivered to two customers, and cancels that while the first of each is under way; these get this answer.
async fn replay_and_cancel(server: &TestServer, vendor: &Vendor, manner: Manner) {
    let gate = Gate::closed();
    let late = gate.holds(manner);
    vendor.script(move |_, _| late.clone());
    let made = replay(server, json!({}), false).await;
    vendor.until_count(5).await;
    let path = format!("replays/{}", made["replay_id"].as_str().unwrap());
    assert_eq!(send(server, "DELETE", &path, &Value::Null).await.status, 204);
    gate.open();
}

/// It arrives, so it is written down; what is behind it in its lane is taken back.
#[tokio::test]
async fn what_is_under_way_when_its_replay_is_cancelled_keeps_its_try() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let in_order = with(webhook(&vendor.url), json!({"ordered": true}));
        enable(&server, "webhook", in_order).await;
        let _working = work(&server);
        sell(&server).await;
        until_states(&server, &["delivered 3"]).await;
        replay_and_cancel(&server, &vendor, Manner::Answers(200, "{}")).await;
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["delivered 3"], "{backend:?}");
        let listed = entries(&server, "deliveries").await;
        let mut tries: Vec<_> = listed.iter().map(|one| one["attempts"].as_i64()).collect();
        tries.sort();
        assert_eq!(tries, [Some(1), Some(2), Some(2)], "{backend:?}");
        assert_eq!(vendor.count(), 5, "{backend:?}");
    }
}

/// It is not tried again: a third party that is down may be why the replay was cancelled.
#[tokio::test]
async fn what_fails_after_its_replay_was_cancelled_is_as_it_was_before() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        sell(&server).await;
        until_states(&server, &["delivered 3"]).await;
        replay_and_cancel(&server, &vendor, Manner::Answers(500, "{}")).await;
        until_states(&server, &["pending 3"]).await;
        advance(&server, HOUR).await;
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["delivered 3"], "{backend:?}");
        assert_eq!(vendor.count(), 6, "{backend:?}");
        let listed = entries(&server, "deliveries").await;
        assert!(listed.iter().all(|one| one["replay_id"].is_null()), "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// Of what a server that died had nobody knows whether it has arrived; when its time is over nobody is at it.
#[tokio::test]
async fn what_a_dead_server_had_is_taken_back_with_its_replay() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        sell(&server).await;
        enable(&server, "webhook", webhook("http://127.0.0.1:9/")).await;
        let made = replay(&server, json!({}), false).await;
        until_states(&server, &["pending 3"]).await;
        let app = server.state.directory().app(app_id(&server)).unwrap().clone();
        let target = app.integration("webhook").unwrap().targets[0];
        let until = START + MINUTE;
        let all = Claim {
            slow: true,
            ..due(app.id, target, START, until)
        };
        assert_eq!(claimed_turns(&server.state, &all).await.turns.len(), 3);
        let sending = async || entries(&server, "deliveries?state=sending").await.len();
        assert_eq!(sending().await, 3, "{backend:?}");
        server.state.clock.move_to(until).unwrap();
        assert_eq!(sending().await, 0, "{backend:?}");
        let path = format!("replays/{}", made["replay_id"].as_str().unwrap());
        assert_eq!(send(&server, "DELETE", &path, &Value::Null).await.status, 204);
        assert_eq!(states(&server).await, ["skipped 3"], "{backend:?}");
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn a_replay_that_is_through_is_not_cancelled_and_a_cancelled_one_not_again() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let _working = deliver_all(&server, &vendor).await;
        let made = replay(&server, json!({}), false).await;
        until_states(&server, &["delivered 3"]).await;
        let path = format!("replays/{}", made["replay_id"].as_str().unwrap());
        let before = [entries(&server, "replays").await, audit(&server).await];
        assert_eq!(
            (&before[0][0]["state"], &before[0][0]["open"]),
            (&json!("enqueued"), &json!(0))
        );
        let refused = send(&server, "DELETE", &path, &Value::Null).await;
        assert_eq!(refused.status, 409, "{backend:?}: {}", refused.text());
        assert_eq!(
            refused.json()["detail"],
            "the replay is through: nothing of it is open"
        );
        assert_eq!(
            [entries(&server, "replays").await, audit(&server).await],
            before,
            "{backend:?}"
        );

        switch_off(&server, &vendor.url).await;
        let made = replay(&server, json!({}), false).await;
        let path = format!("replays/{}", made["replay_id"].as_str().unwrap());
        assert_eq!(send(&server, "DELETE", &path, &Value::Null).await.status, 204);
        let before = [entries(&server, "replays").await, audit(&server).await];
        assert_eq!(
            send(&server, "DELETE", &path, &Value::Null).await.status,
            204,
            "{backend:?}"
        );
        assert_eq!(
            [entries(&server, "replays").await, audit(&server).await],
            before,
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn what_a_cancelled_replay_never_sent_is_skipped_and_a_deleted_profile_leaves_the_replay() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        sell(&server).await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let made = replay(&server, json!({}), false).await;
        until_states(&server, &["pending 3"]).await;
        let ann = Customer {
            server: &server,
            id: "ann",
        };
        assert_eq!(ann.call("DELETE", PROFILE, &Value::Null).await.status, 204);
        until_states(&server, &["pending 1"]).await;
        let path = format!("replays/{}", made["replay_id"].as_str().unwrap());
        assert_eq!(send(&server, "DELETE", &path, &Value::Null).await.status, 204);
        let left = entries(&server, "deliveries").await;
        assert_eq!(
            (&only(&left)["state"], &only(&left)["reason"]),
            (&json!("skipped"), &json!("replay_cancelled"))
        );
        assert_eq!(
            count(&server, json!({"states": ["skipped"]})).await,
            1,
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn a_replay_and_its_cancellation_go_through_many_batches() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let id = Customer::new(&server, "ann").await.profile().await["profile_id"].clone();
        let profile = ProfileId::parse(id.as_str().unwrap()).unwrap();
        let made: Vec<_> = (0..450).map(|n| event(&server, profile, n)).collect();
        store(&server.state, &made).await;
        for ordered in [true, false] {
            let settings = with(webhook("http://127.0.0.1:9/"), json!({"ordered": ordered}));
            enable(&server, "webhook", settings).await;
            assert_eq!(count(&server, json!({})).await, 450, "{backend:?}");
            let made = replay(&server, json!({}), false).await;
            until_states(&server, &["pending 450"]).await;
            let path = format!("replays/{}", made["replay_id"].as_str().unwrap());
            assert_eq!(send(&server, "DELETE", &path, &Value::Null).await.status, 204);
            assert_eq!(states(&server).await, ["skipped 450"], "{backend:?}");
        }
    }
}
