//! One more try of a delivery, whatever came of it before.

use bursar::store::Sql;
use serde_json::{Value, json};

use crate::support::backend::ALL;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries;
use crate::support::deliveries::{
    HOUR, MINUTE, SECOND, advance, amplitude, bought, enable, entries, get, only, run, send, settle_down,
    switch_off, transaction_of, until_states, webhook, work,
};
use crate::support::purchases::{Customer, subscription, with};
use crate::support::server::{PROFILE, TRANSACTION, TestServer, request};
use crate::support::vendor::{Manner, Vendor};
use crate::support::waiting::until_equal;

async fn the_delivery(server: &TestServer) -> Value {
    only(&entries(server, "deliveries").await).clone()
}

async fn retry(server: &TestServer) -> (u16, String) {
    let delivery = the_delivery(server).await;
    let path = format!("deliveries/{}/retry", delivery["delivery_id"].as_str().unwrap());
    let answer = send(server, "POST", &path, &Value::Null).await;
    (answer.status, answer.text())
}

async fn buy(server: &TestServer) {
    Customer::new(server, "ann")
        .await
        .post(TRANSACTION, &subscription())
        .await;
}

#[tokio::test]
async fn a_refused_delivery_and_one_that_arrived_are_sent_again_with_the_same_id() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(400, "no")).await;
        enable(
            &server,
            "webhook",
            with(webhook(&vendor.url), json!({"ordered": true})),
        )
        .await;
        let _working = work(&server);
        buy(&server).await;
        until_states(&server, &["rejected 1"]).await;
        let made_at = the_delivery(&server).await["created_at"].clone();
        server
            .state
            .clock
            .move_to(server.state.clock.now() + 60_000_000)
            .unwrap();
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        assert_eq!(retry(&server).await, (202, String::new()), "{backend:?}");
        until_states(&server, &["delivered 1"]).await;
        assert_eq!(retry(&server).await.0, 202, "{backend:?}");
        vendor.until_count(3).await;
        until_states(&server, &["delivered 1"]).await;
        let bodies: Vec<_> = vendor
            .received()
            .into_iter()
            .map(|request| request.body)
            .collect();
        assert_eq!(bodies.len(), 3, "{backend:?}");
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
        let delivery = the_delivery(&server).await;
        assert_eq!(
            (&delivery["attempts"], &delivery["created_at"]),
            (&json!(3), &made_at)
        );
        let id = delivery["delivery_id"].as_str().unwrap();
        let shown = get(&server, &format!("deliveries/{id}")).await;
        let tries: Vec<_> = shown["attempt_log"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["status"])
            .collect();
        assert_eq!(tries, [400, 200, 200], "{backend:?}");
        let audit = server.admin("GET", "audit?limit=2", "").await.json();
        for record in audit["data"].as_array().unwrap() {
            assert_eq!(
                (&record["action"], &record["target"]),
                (&json!("delivery.retry"), &json!(id))
            );
        }
    }
}

#[tokio::test]
async fn an_open_delivery_becomes_due_at_once() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "soon")).await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        buy(&server).await;
        let tries = async || the_delivery(&server).await["attempts"].clone();
        until_equal("its tries", 1, tries).await;
        assert_eq!(
            the_delivery(&server).await["next_attempt_at"],
            "2026-01-01T00:01:00+00:00"
        );
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        assert_eq!(retry(&server).await.0, 202, "{backend:?}");
        until_states(&server, &["delivered 1"]).await;
        assert_eq!(the_delivery(&server).await["attempts"], 2);
    }
}

/// Nothing could be sent for more than a day, and then the first try failed.
#[tokio::test]
async fn an_open_delivery_that_is_too_old_for_a_repeat_counts_from_when_it_is_asked_for() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "soon")).await;
        enable(
            &server,
            "webhook",
            with(webhook(&vendor.url), json!({"ordered": true})),
        )
        .await;
        let ann = Customer::new(&server, "ann").await;
        ann.post(TRANSACTION, &bought("t1")).await;
        let made_at = the_delivery(&server).await["created_at"].clone();
        let now = server.state.clock.now() + 30 * HOUR;
        server.state.clock.move_to(now).unwrap();
        let _working = work(&server);
        let tries = async || the_delivery(&server).await["attempts"].clone();
        until_equal("its tries", 1, &tries).await;
        assert_eq!(retry(&server).await, (202, String::new()), "{backend:?}");
        until_equal("its tries", 2, &tries).await;
        settle_down(&server.state).await;
        let seen = the_delivery(&server).await;
        assert_eq!(
            (&seen["state"], &seen["reason"], &seen["created_at"]),
            (&json!("pending"), &json!("500 soon"), &made_at),
            "{backend:?}"
        );
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        advance(&server, MINUTE).await;
        until_states(&server, &["delivered 1"]).await;
        let bodies: Vec<_> = vendor.received().into_iter().map(|one| one.body).collect();
        assert!(bodies.len() == 3 && bodies.iter().all(|body| *body == bodies[0]));
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn what_is_asked_for_again_within_a_day_keeps_its_place() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "soon")).await;
        let ordered = with(webhook(&vendor.url), json!({"ordered": true}));
        enable(&server, "webhook", ordered).await;
        let ann = Customer::new(&server, "ann").await;
        ann.post(TRANSACTION, &bought("t1")).await;
        let first = the_delivery(&server).await;
        let now = server.state.clock.now() + 30 * HOUR;
        server.state.clock.move_to(now).unwrap();
        let _working = work(&server);
        vendor.until_count(1).await;
        settle_down(&server.state).await;
        assert_eq!(retry(&server).await.0, 202, "{backend:?}");
        vendor.until_count(2).await;
        advance(&server, SECOND).await;
        ann.post(TRANSACTION, &bought("t2")).await;
        settle_down(&server.state).await;
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        deliveries::retry(&server, &first).await;
        until_states(&server, &["delivered 2"]).await;
        let received = vendor.received();
        let told: Vec<_> = received.iter().map(|one| transaction_of(&one.json())).collect();
        assert_eq!(told, ["t1", "t1", "t1", "t2"], "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// Amplitude may have taken it, and tells repeats for a week.
#[tokio::test]
async fn an_open_delivery_that_would_only_expire_is_refused() {
    static TRIED: Sql = Sql::same("UPDATE queue SET tries = 1, first_tried_at = created_at");
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        buy(&server).await;
        run(&server, &TRIED).await;
        let now = server.state.clock.now() + 8 * 24 * HOUR;
        server.state.clock.move_to(now).unwrap();
        let (status, why) = retry(&server).await;
        assert!(
            status == 409 && why.contains("Amplitude is not to get this event now: too_old"),
            "{backend:?}: {status} {why}"
        );
        assert_eq!(the_delivery(&server).await["state"], "pending", "{backend:?}");
    }
}

#[tokio::test]
async fn what_a_rule_keeps_from_being_sent_is_refused_as_long_as_it_does() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let off = json!({"events": {"subscription_started": false, "access_level_updated": false}});
        enable(&server, "webhook", with(webhook(&vendor.url), off)).await;
        let _working = work(&server);
        buy(&server).await;
        until_states(&server, &["skipped 1"]).await;
        let (status, why) = retry(&server).await;
        assert!(
            status == 409 && why.contains("event_disabled"),
            "{backend:?}: {why}"
        );
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let ann = Customer {
            server: &server,
            id: "ann",
        };
        ann.call("PATCH", PROFILE, &json!({"analytics_disabled": true}))
            .await;
        let (status, why) = retry(&server).await;
        assert!(
            status == 409 && why.contains("analytics_disabled"),
            "{backend:?}: {why}"
        );
        ann.call("PATCH", PROFILE, &json!({"analytics_disabled": false}))
            .await;
        assert_eq!(retry(&server).await.0, 202, "{backend:?}");
        until_states(&server, &["delivered 1"]).await;
    }
}

#[tokio::test]
async fn what_has_no_key_yet_is_refused_until_it_has_one() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        let missing = json!({"urls": {"sandbox": vendor.url}});
        enable(&server, "webhook", with(webhook(&vendor.url), missing)).await;
        let _working = work(&server);
        buy(&server).await;
        until_states(&server, &["skipped 1"]).await;
        let before = [
            entries(&server, "deliveries").await,
            entries(&server, "events").await,
        ];
        let (status, why) = retry(&server).await;
        assert!(
            status == 409 && why.contains("missing_credentials: urls.production"),
            "{backend:?}: {why}"
        );
        assert_eq!(
            [
                entries(&server, "deliveries").await,
                entries(&server, "events").await
            ],
            before
        );
        enable(&server, "webhook", webhook(&vendor.url)).await;
        assert_eq!(retry(&server).await.0, 202, "{backend:?}");
        until_states(&server, &["delivered 1"]).await;
    }
}

/// Amplitude tells repeats for a week. The webhook's day is about repeats that nobody asked for.
#[tokio::test]
async fn what_expired_is_sent_again_unless_it_could_count_twice() {
    static EXPIRE: Sql = Sql::same("UPDATE deliveries SET state = 'expired', reason = 'too_old'");
    for backend in ALL {
        for (slug, days, expected) in [("webhook", 30, 202), ("amplitude", 6, 202), ("amplitude", 8, 409)] {
            let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
            let settings = match slug {
                "webhook" => webhook(&vendor.url),
                _ => amplitude(&vendor.url),
            };
            enable(&server, slug, settings).await;
            let _working = work(&server);
            buy(&server).await;
            until_states(&server, &["delivered 1"]).await;
            run(&server, &EXPIRE).await;
            let now = server.state.clock.now() + days * 24 * HOUR;
            server.state.clock.move_to(now).unwrap();
            let (status, why) = retry(&server).await;
            assert_eq!(status, expected, "{backend:?}, {slug}: {why}");
            assert!(status == 202 || why.contains("too_old"), "{why}");
            let fate = if status == 202 { "delivered 1" } else { "expired 1" };
            until_states(&server, &[fate]).await;
        }
    }
}

#[tokio::test]
async fn a_retry_under_one_key_is_one_retry() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        enable(&server, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        buy(&server).await;
        until_states(&server, &["delivered 1"]).await;
        switch_off(&server, &vendor.url).await;
        let id = the_delivery(&server).await["delivery_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let path = format!("/admin/v1/apps/{}/deliveries/{id}/retry", server.app_id);
        let bearer = format!("Bearer {}", server.admin_token);
        for _ in 0..2 {
            let call = request(&bearer, "POST", &path, &[("idempotency-key", "k")], "");
            assert_eq!(server.send(call).await.status, 202, "{backend:?}");
        }
        let audit = server.admin("GET", "audit", "").await.json();
        let audit = audit["data"].as_array().unwrap();
        let retries = audit.iter().filter(|record| record["action"] == "delivery.retry");
        assert_eq!(retries.count(), 1, "{backend:?}");
        until_states(&server, &["pending 1"]).await;
    }
}

/// It was not from before the installation as far as was known when it went out.
#[tokio::test]
async fn what_was_sent_is_sent_again_though_an_installation_was_reported_since() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        let settings = with(amplitude(&vendor.url), json!({"exclude_historical_events": true}));
        enable(&server, "amplitude", settings).await;
        let _working = work(&server);
        buy(&server).await;
        until_states(&server, &["delivered 1"]).await;
        let installed = json!({"installation_meta": {"device_id": "d", "platform": "iOS"}});
        let ann = Customer {
            server: &server,
            id: "ann",
        };
        assert_eq!(ann.call("PATCH", PROFILE, &installed).await.status, 200);
        assert_eq!(retry(&server).await, (202, String::new()), "{backend:?}");
    }
}

/// It was not from before the installation as far as was known when it was made: with the key it would have gone out.
#[tokio::test]
async fn what_lacked_a_key_goes_out_once_it_is_there_though_an_installation_was_reported_since() {
    for backend in ALL {
        for by_replay in [false, true] {
            let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
            let excludes = json!({"exclude_historical_events": true});
            let complete = with(amplitude(&vendor.url), excludes);
            let lacks = with(
                complete.clone(),
                json!({"api_keys": {"production": {"android": "key"}}}),
            );
            enable(&server, "amplitude", lacks).await;
            let _working = work(&server);
            buy(&server).await;
            until_states(&server, &["skipped 1"]).await;
            advance(&server, SECOND).await;
            let installed = json!({"installation_meta": {"device_id": "d", "platform": "iOS"}});
            let ann = Customer {
                server: &server,
                id: "ann",
            };
            assert_eq!(ann.call("PATCH", PROFILE, &installed).await.status, 200);
            enable(&server, "amplitude", complete).await;
            if by_replay {
                let order = json!({"filter": {"integration": "amplitude"}});
                let replay = send(&server, "POST", "replays", &order).await;
                assert_eq!(replay.status, 200, "{backend:?}: {}", replay.text());
            } else {
                assert_eq!(retry(&server).await, (202, String::new()), "{backend:?}");
            }
            until_states(&server, &["delivered 1"]).await;
        }
    }
}
