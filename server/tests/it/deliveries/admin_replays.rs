//! Replays of past events: what they match and send.

mod cancelled;

use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend, hold, postgres_client, postgres_url};
use crate::support::deliveries::{
    HOUR, Working, advance, amplitude, enable, entries, get, only, send, settle_down, states, until_states,
    webhook, work,
};
use crate::support::purchases::{Customer, numbered, one_time, subscription, with};
use crate::support::server::{PROFILE, TRANSACTION, TestServer, request};
use crate::support::vendor::{Manner, Vendor};
use crate::support::waiting::until_equal;

/// Two customers with a subscription each, one of whom also bought something else.
async fn sell(server: &TestServer) {
    for id in ["ann", "bob"] {
        let customer = Customer::new(server, id).await;
        customer.post(TRANSACTION, &numbered(subscription(), id)).await;
    }
    let ann = Customer { server, id: "ann" };
    ann.post(TRANSACTION, &numbered(one_time(), "coins")).await;
}

/// The same, of which the webhook has got everything; the workers go on.
async fn deliver_all(server: &TestServer, vendor: &Vendor) -> Working {
    enable(server, "webhook", webhook(&vendor.url)).await;
    let working = work(server);
    sell(server).await;
    until_states(server, &["delivered 3"]).await;
    working
}

async fn replay(server: &TestServer, filter: Value, dry_run: bool) -> Value {
    let filter = with(json!({"integration": "webhook"}), filter);
    let body = json!({"filter": filter, "dry_run": dry_run});
    let answer = send(server, "POST", "replays", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn count(server: &TestServer, filter: Value) -> i64 {
    let counted = replay(server, filter, true).await;
    assert_eq!(counted["replay_id"], Value::Null);
    counted["count"].as_i64().unwrap()
}

#[tokio::test]
async fn a_count_under_an_idempotency_key_is_answered_as_before_though_there_are_more() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let (path, bearer) = (
            format!("/admin/v1/apps/{}/replays", server.app_id),
            format!("Bearer {}", server.admin_token),
        );
        let counted = async |states: Value| {
            let filter = json!({"integration": "webhook", "states": states});
            let body = json!({"filter": filter, "dry_run": true}).to_string();
            let call = request(&bearer, "POST", &path, &[("idempotency-key", "k")], &body);
            server.send(call).await
        };
        let first = counted(json!(null)).await;
        assert_eq!(
            first.json(),
            json!({"replay_id": null, "count": 0}),
            "{backend:?}"
        );
        let _working = work(&server);
        sell(&server).await;
        until_states(&server, &["delivered 3"]).await;
        assert_eq!(counted(json!(null)).await.body, first.body, "{backend:?}");
        assert_eq!(counted(json!(["rejected"])).await.status, 422, "{backend:?}");
        assert_eq!(count(&server, json!({})).await, 3, "{backend:?}");
    }
}

#[tokio::test]
async fn events_from_before_an_integration_was_set_up_are_sent_and_then_sent_again_with_the_same_ids() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        sell(&server).await;
        enable(
            &server,
            "webhook",
            with(webhook(&vendor.url), json!({"ordered": true})),
        )
        .await;
        let _working = work(&server);
        assert_eq!(count(&server, json!({})).await, 3, "{backend:?}");
        assert_eq!(states(&server).await, [""; 0], "nothing is sent by counting");
        let made = replay(&server, json!({}), false).await;
        assert_eq!(made["count"], 3, "{backend:?}");
        until_states(&server, &["delivered 3"]).await;
        let deliveries = entries(&server, "deliveries").await;
        assert!(
            deliveries.iter().all(|one| one["replay_id"] == made["replay_id"]),
            "{deliveries:?}"
        );
        let ids = |from: usize| {
            let mut ids: Vec<_> = vendor.received()[from..]
                .iter()
                .map(|request| request.json()["event_properties"]["profile_event_id"].to_string())
                .collect();
            ids.sort();
            ids
        };
        assert_eq!(count(&server, json!({"states": ["missing"]})).await, 0);
        assert_eq!(
            replay(&server, json!({"states": ["delivered"]}), false).await["count"],
            3
        );
        vendor.until_count(6).await;
        until_states(&server, &["delivered 3"]).await;
        assert_eq!(
            ids(0)[..],
            [ids(3), ids(3)]
                .concat()
                .into_iter()
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .flat_map(|id| [id.clone(), id])
                .collect::<Vec<_>>()[..],
            "{backend:?}"
        );
        let listed = entries(&server, "replays").await;
        assert_eq!(listed.len(), 2, "{backend:?}");
        for replay in &listed {
            assert_eq!(
                (&replay["state"], &replay["count"]),
                (&json!("enqueued"), &json!(3))
            );
            assert_eq!((&replay["enqueued"], &replay["open"]), (&json!(3), &json!(0)));
        }
        let tries: Vec<_> = entries(&server, "deliveries")
            .await
            .iter()
            .map(|one| one["attempts"].clone())
            .collect();
        assert_eq!(tries, [2, 2, 2], "{backend:?}");
    }
}

#[tokio::test]
async fn a_filter_narrows_a_replay() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        sell(&server).await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let ann = Customer {
            server: &server,
            id: "ann",
        }
        .profile()
        .await["profile_id"]
            .clone();
        for (filter, expected) in [
            (json!({"profile_id": ann}), 2),
            (json!({"event_types": ["subscription_started"]}), 2),
            (
                json!({"event_types": ["subscription_started"], "profile_id": ann}),
                1,
            ),
            (json!({"event_types": []}), 0),
            (json!({"after": "2026-01-01T00:00:00Z"}), 3),
            (json!({"after": "2026-01-01T00:00:00.000001Z"}), 0),
            (json!({"before": "2026-01-01T00:00:00Z"}), 0),
            (json!({"states": ["missing"]}), 3),
            (
                json!({"states": ["delivered", "rejected", "expired", "skipped"]}),
                0,
            ),
        ] {
            assert_eq!(
                count(&server, filter.clone()).await,
                expected,
                "{backend:?} {filter}"
            );
        }
        for (filter, field) in [
            (json!({"integration": "x"}), "filter.integration"),
            (json!({"states": ["pending"]}), "filter.states[0]"),
            (json!({"event_types": ["x"]}), "filter.event_types[0]"),
            (json!({"after": "x"}), "filter.after"),
            (json!({"before": "x"}), "filter.before"),
            (json!({"profile_id": "x"}), "filter.profile_id"),
            (json!({"x": 1}), "filter.x"),
        ] {
            let body = json!({"filter": with(json!({"integration": "webhook"}), filter)});
            let refused = send(&server, "POST", "replays", &body).await;
            assert_eq!(
                (refused.status, &refused.json()["errors"][0]["field"]),
                (422, &json!(field))
            );
        }
        let never_set = json!({"filter": {"integration": "amplitude"}});
        assert_eq!(send(&server, "POST", "replays", &never_set).await.status, 409);
        Customer {
            server: &server,
            id: "ann",
        }
        .call("PATCH", PROFILE, &json!({"analytics_disabled": true}))
        .await;
        assert_eq!(
            count(&server, json!({})).await,
            1,
            "{backend:?}: who has opted out is left alone"
        );
        let off = json!({"events": {"subscription_started": false}});
        enable(&server, "webhook", with(webhook(&vendor.url), off)).await;
        assert_eq!(count(&server, json!({})).await, 0, "{backend:?}");
    }
}

/// The webhook asks for the second day of a subscription, PostHog for the fifth, Amplitude later for the second.
#[tokio::test]
async fn a_timers_event_is_sent_by_hand_to_those_alone_who_had_asked_for_its_day() {
    let active = |days: u32| json!({"synthetic_delay_days": {"subscription_active": days}});
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let posthog = |days| with(json!({"api_key": "phc_k", "base_url": vendor.url}), active(days));
        enable(&server, "webhook", with(webhook(&vendor.url), active(2))).await;
        enable(&server, "posthog", posthog(5)).await;
        let _working = work(&server);
        let today = json!({"purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z"});
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &with(subscription(), today)).await;
        advance(&server, 6 * 24 * HOUR).await;
        let listed = entries(&server, "deliveries?integration=posthog").await;
        let told = listed
            .iter()
            .filter(|one| one["event_type"] == "subscription_active");
        let told: Vec<_> = told.collect();
        assert_eq!(
            [&told[0]["state"], &told[1]["state"], &told[1]["reason"]],
            ["delivered", "skipped", "event_disabled"],
            "{backend:?}"
        );
        let path = format!("deliveries/{}", told[1]["delivery_id"].as_str().unwrap());
        enable(&server, "amplitude", with(amplitude(&vendor.url), active(2))).await;
        // Whatever is asked for since.
        for days in [5, 2] {
            enable(&server, "posthog", posthog(days)).await;
            for slug in ["posthog", "amplitude"] {
                let filter = json!({"integration": slug, "event_types": ["subscription_active"],
                                    "states": ["skipped", "missing"]});
                assert_eq!(count(&server, filter).await, 0, "{backend:?} {slug} {days}");
            }
            let refused = send(&server, "POST", &format!("{path}/retry"), &Value::Null).await;
            assert_eq!(refused.status, 409, "{backend:?} {days}");
            assert!(refused.text().contains("event_disabled"), "{}", refused.text());
            let why = get(&server, &path).await["why"].to_string();
            assert!(
                why.contains("made for another integration's timer"),
                "{backend:?}: {why}"
            );
        }
        let own = json!({"integration": "posthog", "event_types": ["subscription_active"]});
        assert_eq!(count(&server, own).await, 1, "{backend:?}: its own once more");
    }
}

/// An event of its own timer, which was off when its turn came.
#[tokio::test]
async fn a_timers_event_that_was_switched_off_before_its_turn_is_its_own_all_the_same() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
    let posthog = |is_on: bool| {
        json!({"api_key": "phc_k", "base_url": vendor.url, "synthetic_delay_days": {"subscription_active": 2},
            "events": {"subscription_active": is_on, "access_level_updated": false}})
    };
    enable(&server, "posthog", posthog(true)).await;
    let _working = work(&server);
    let today =
        json!({"purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z"});
    let customer = Customer::new(&server, "ann").await;
    customer.post(TRANSACTION, &with(subscription(), today)).await;
    advance(&server, 3 * 24 * HOUR).await;
    enable(&server, "posthog", posthog(false)).await;
    vendor.script(|_, _| Manner::Answers(200, "{}"));
    advance(&server, 24 * HOUR).await;
    let skipped = entries(&server, "deliveries?integration=posthog&state=skipped").await;
    let skipped = only(&skipped);
    assert_eq!(
        [&skipped["event_type"], &skipped["reason"]],
        ["subscription_active", "event_disabled"]
    );
    enable(&server, "posthog", posthog(true)).await;
    let own = json!({"integration": "posthog", "states": ["skipped"]});
    assert_eq!(count(&server, own).await, 1);
    let retry = format!("deliveries/{}/retry", skipped["delivery_id"].as_str().unwrap());
    assert_eq!(send(&server, "POST", &retry, &Value::Null).await.status, 202);
    advance(&server, 0).await;
    assert_eq!(states(&server).await, ["delivered 2"]);
}

/// Another change is at a customer for a moment: its events are replayed when it is through.
#[tokio::test]
async fn a_replay_leaves_out_nobody_whom_others_are_at() {
    let server = TestServer::on(Backend::Postgres).await;
    let vendor = Vendor::start().await;
    let _working = deliver_all(&server, &vendor).await;
    let other = postgres_client(postgres_url(&server.options)).await;
    hold(&other, "ann").await;
    let replaying = replay(&server, json!({}), false);
    let through = async {
        // Bob's is sent meanwhile.
        until_states(&server, &["delivered 3"]).await;
        vendor.until_count(4).await;
        other.batch_execute("COMMIT").await.unwrap();
    };
    let (made, ()) = tokio::join!(
        replaying,
        tokio::time::timeout(Duration::from_secs(10), through).map(Result::unwrap)
    );
    assert_eq!(made["count"], 3);
    let listed = entries(&server, "replays").await;
    assert_eq!(only(&listed)["enqueued"], 3);
    until_states(&server, &["delivered 3"]).await;
    settle_down(&server.state).await;
    assert_eq!(vendor.count(), 6);
}

#[tokio::test]
async fn replays_are_listed_page_by_page_newest_first() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        enable(&server, "webhook", webhook("http://127.0.0.1:9/")).await;
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(replay(&server, json!({}), false).await["replay_id"].clone());
            server.state.clock.move_to(server.state.clock.now() + 1).unwrap();
        }
        made.reverse();
        let first = get(&server, "replays?limit=2").await;
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = get(&server, &format!("replays?limit=2&cursor={cursor}")).await;
        let ids: Vec<_> = [&first, &second]
            .iter()
            .flat_map(|page| page["data"].as_array().unwrap())
            .map(|replay| replay["replay_id"].clone())
            .collect();
        assert_eq!((ids, &second["next_cursor"]), (made, &Value::Null), "{backend:?}");
    }
}

/// The caller is gone before the replay is in the database, and asks once more under the same key.
#[tokio::test]
async fn a_replay_is_enqueued_also_where_the_caller_hangs_up() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        Customer::new(&server, "ann")
            .await
            .post(TRANSACTION, &subscription())
            .await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let order = json!({"filter": {"integration": "webhook"}});
        let begun = send(&server, "POST", "replays", &order).now_or_never();
        assert!(begun.is_none(), "{backend:?}: it is answered already");
        let state = async || get(&server, "replays").await["data"][0]["state"].clone();
        until_equal(format!("{backend:?}: the replay's state"), "enqueued", state).await;
    }
}
