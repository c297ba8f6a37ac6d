//! Parts of which only the latest counts, several events in one request, and requests that follow from others.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::backend::ALL;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, MINUTE, SECOND, advance, amplitude, bought, buyers, claimed, deliveries, enable, entries, fates_of,
    get, next_due, settle_down, told, transaction_of, work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

const APP: &str = "0f5b0c1e-8a44-4a0a-9a43-1c2d3e4f5a6b";
const SUBSCRIPTION: &str = "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f";
const IDENTITY: &str = r#"{"identity":{"onesignal_id":"b7c8d9e0-1111-4222-8333-444455556666"}}"#;

#[tokio::test]
async fn of_a_users_state_only_the_latest_is_sent_and_of_events_all() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|request, _| match request.path.starts_with("/engage") {
            true => Manner::Answers(500, "down"),
            false => Manner::Answers(200, "{}"),
        })
        .await;
        let mixpanel = json!({"tokens": {"production": {"ios": "token"}}, "base_url": vendor.url,
            "events": {"access_level_updated": false}});
        enable(&server, "mixpanel", mixpanel).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        for transaction in ["t1", "t2", "t3"] {
            customer.post(TRANSACTION, &bought(transaction)).await;
            settle_down(&server.state).await;
        }
        let engaged = || {
            let all = vendor.received().into_iter();
            all.filter(|request| request.path.starts_with("/engage")).count()
        };
        assert_eq!(engaged(), 1, "{backend:?}: the first is still tried");
        vendor.script(|_, _| Manner::Answers(200, "1"));
        advance(&server, 10 * SECOND).await;
        let states = fates_of(&server, "mixpanel", "profile").await;
        assert_eq!(
            states,
            ["t1 skipped superseded", "t2 skipped superseded", "t3 delivered"],
            "{backend:?}"
        );
        assert_eq!(engaged(), 2, "{backend:?}");
        // The other part of the same events leaves none out.
        let events = fates_of(&server, "mixpanel", "event").await;
        assert_eq!(
            events,
            ["t1 delivered", "t2 delivered", "t3 delivered"],
            "{backend:?}"
        );
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn tags_are_asked_for_once_then_overwritten_and_asked_for_again_when_the_user_is_gone() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|request, _| match request.method.as_str() {
            "GET" => Manner::Answers(200, IDENTITY),
            _ => Manner::Answers(202, "{}"),
        })
        .await;
        let settings = json!({"app_id": APP, "rest_api_key": "key", "base_url": vendor.url,
            "events": {"access_level_updated": false}});
        enable(&server, "onesignal", settings).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        customer
            .post(IDENTIFIERS, &json!({"one_signal_subscription_id": SUBSCRIPTION}))
            .await;
        let methods = |from: usize| -> Vec<String> {
            vendor
                .received()
                .into_iter()
                .skip(from)
                .map(|request| request.method)
                .collect()
        };
        customer.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        assert_eq!(methods(0), ["GET", "PATCH"], "{backend:?}");
        customer.post(TRANSACTION, &bought("t2")).await;
        settle_down(&server.state).await;
        assert_eq!(methods(2), ["PATCH"], "{backend:?}");
        let gone = Arc::new(Mutex::new(true));
        vendor.script(move |request, _| match request.method.as_str() {
            "GET" => Manner::Answers(200, IDENTITY),
            _ if std::mem::take(&mut *gone.lock().unwrap()) => Manner::Answers(404, "{}"),
            _ => Manner::Answers(202, "{}"),
        });
        customer.post(TRANSACTION, &bought("t3")).await;
        settle_down(&server.state).await;
        assert_eq!(methods(3), ["PATCH", "GET", "PATCH"], "{backend:?}");
        let last = vendor.received().pop().unwrap();
        let found = "/users/by/onesignal_id/b7c8d9e0-1111-4222-8333-444455556666";
        assert_eq!(last.path, format!("/apps/{APP}{found}"));
        // A question that failed is asked again, and nothing was written meanwhile.
        vendor.script(|request, _| match request.method.as_str() {
            "GET" => Manner::Answers(500, "down"),
            _ => Manner::Answers(404, "{}"),
        });
        customer.post(TRANSACTION, &bought("t4")).await;
        settle_down(&server.state).await;
        assert_eq!(methods(6), ["PATCH", "GET"], "{backend:?}");
        vendor.script(|request, _| match request.method.as_str() {
            "GET" => Manner::Answers(200, IDENTITY),
            _ => Manner::Answers(202, "{}"),
        });
        advance(&server, MINUTE).await;
        let seen = deliveries(&server).await;
        assert!(
            seen.iter().all(|seen| seen.state == "delivered"),
            "{backend:?}: {seen:#?}"
        );
        let tries: Vec<_> = seen.iter().map(|seen| seen.tries).collect();
        assert_eq!(tries.iter().sum::<i64>(), 5, "{backend:?}");
        // What is kept of each try is the last request of it: tags, or the question that failed.
        let mut kept = Vec::new();
        for delivery in entries(&server, "deliveries").await {
            let id = delivery["delivery_id"].as_str().unwrap();
            let shown = get(&server, &format!("deliveries/{id}")).await;
            for tried in shown["attempt_log"].as_array().unwrap() {
                let request = &tried["request"];
                let has_tags = request["body"].as_str().unwrap().contains("\"tags\"");
                let is_written = request["url"].as_str().unwrap().ends_with(found);
                kept.push((
                    request["method"].as_str().unwrap().to_owned(),
                    has_tags,
                    is_written,
                ));
            }
        }
        kept.sort();
        let (asked, told) = (("GET".into(), false, false), ("PATCH".into(), true, true));
        assert_eq!(kept, [vec![asked], vec![told; 4]].concat(), "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// A server on which five customers have an event each, before anybody sends them.
async fn five(backend: crate::support::backend::Backend, url: &str) -> TestServer {
    let server = TestServer::on(backend).await;
    enable(&server, "amplitude", amplitude(url)).await;
    for number in 0..5 {
        let name = format!("user-{number}");
        let customer = Customer::new(&server, &name).await;
        customer.post(TRANSACTION, &bought(&format!("t{number}"))).await;
    }
    server
}

#[tokio::test]
async fn each_event_of_a_request_gets_its_own_verdict() {
    for backend in ALL {
        let bad =
            r#"{"code":400,"error":"x","events_with_invalid_fields":{"time":[1]},"silenced_events":[3]}"#;
        let vendor = Vendor::with(move |_, number| match number {
            0 => Manner::Answers(400, bad),
            _ => Manner::Answers(200, "{}"),
        })
        .await;
        let server = five(backend, &vendor.url).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        let requests: Vec<Vec<String>> = vendor
            .received()
            .iter()
            .map(|request| {
                told(std::slice::from_ref(request))
                    .iter()
                    .map(transaction_of)
                    .collect()
            })
            .collect();
        assert_eq!(requests[0].len(), 5, "{backend:?}: {requests:?}");
        let fates = fates_of(&server, "amplitude", "").await;
        for place in [1, 3] {
            let rejected = format!("{} rejected 400 {bad}", requests[0][place]);
            assert!(fates.contains(&rejected), "{backend:?}: {fates:?}");
        }
        let again: Vec<_> = requests[1..].concat();
        assert_eq!(
            again,
            [&requests[0][0], &requests[0][2], &requests[0][4]].map(Clone::clone)
        );
        assert!(
            again
                .iter()
                .all(|transaction| fates.contains(&format!("{transaction} delivered")))
        );
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn what_is_sent_again_because_of_others_has_its_whole_schedule_before_it() {
    let bad = r#"{"code":400,"error":"x","events_with_invalid_fields":{"time":[1]}}"#;
    for backend in ALL {
        for (status, body) in [(400, bad), (413, "{}")] {
            let vendor = Vendor::with(move |_, number| match number {
                0 => Manner::Answers(status, body),
                _ => Manner::Answers(503, "down"),
            })
            .await;
            let server = five(backend, &vendor.url).await;
            let _working = work(&server);
            settle_down(&server.state).await;
            let wait = next_due(&server).await.unwrap() - server.state.clock.now();
            let first = 4 * SECOND..=6 * SECOND;
            assert!(first.contains(&wait), "{backend:?} {status}: {wait}");
            assert_eq!(claimed(&server).await, 0, "{backend:?} {status}");
            assert_conserved(&server).await;
        }
    }
}

#[tokio::test]
async fn a_request_that_was_too_large_is_sent_in_pieces() {
    for backend in ALL {
        let vendor = Vendor::with(|request, _| {
            let body: Value = request.json();
            match body["events"].as_array().unwrap().len() {
                1 => Manner::Answers(200, "{}"),
                _ => Manner::Answers(413, "{}"),
            }
        })
        .await;
        let server = five(backend, &vendor.url).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(vendor.count(), 6, "{backend:?}: once together, then each alone");
        let seen = deliveries(&server).await;
        assert!(
            seen.iter()
                .all(|seen| seen.state == "delivered" && seen.tries == 2),
            "{seen:#?}"
        );
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn after_a_request_that_failed_less_is_taken_up_at_a_time() {
    for backend in ALL {
        let vendor = Vendor::with(|_, number| match number {
            0 => Manner::Answers(503, "down"),
            _ => Manner::Answers(200, "{}"),
        })
        .await;
        let server = TestServer::on(backend).await;
        let settings = json!({"api_key": "phc_k", "deployment": "custom", "instance_url": vendor.url});
        enable(&server, "posthog", settings).await;
        buyers(&server, 0..100).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        advance(&server, MINUTE).await;
        let received = vendor.received();
        let sizes = received
            .iter()
            .map(|request| request.json()["batch"].as_array().unwrap().len());
        assert_eq!(sizes.collect::<Vec<_>>(), [100, 64, 36], "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// Each request that was made, as path and number of records.
fn sizes(vendor: &Vendor) -> Vec<(String, usize)> {
    let received = vendor.received().into_iter();
    let mut sizes: Vec<_> = received
        .map(|request| {
            let path = request.path.split('?').next().unwrap().to_owned();
            (path, request.json().as_array().unwrap().len())
        })
        .collect();
    sizes.sort();
    sizes
}

#[tokio::test]
async fn of_mixpanels_calls_the_one_that_tells_events_apart_carries_several() {
    for backend in ALL {
        for (ingestion, path) in [("import", "/import"), ("track", "/track")] {
            let bad = r#"{"code":400,"failed_records":[{"index":1,"field":"a","message":"b"}]}"#;
            let vendor = Vendor::with(move |request, _| match request.path.starts_with("/import") {
                true => Manner::Answers(400, bad),
                false => Manner::Answers(200, "1"),
            })
            .await;
            let server = TestServer::on(backend).await;
            let mixpanel = json!({"tokens": {"production": {"ios": "token"}}, "base_url": vendor.url,
                "ingestion": ingestion, "events": {"access_level_updated": false}});
            enable(&server, "mixpanel", mixpanel).await;
            for number in 0..5 {
                let name = format!("user-{number}");
                let customer = Customer::new(&server, &name).await;
                let today = json!({"purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z"});
                let transaction = with(bought(&format!("t{number}")), today);
                customer.post(TRANSACTION, &transaction).await;
            }
            let _working = work(&server);
            settle_down(&server.state).await;
            let alone = |path: &str| vec![(path.to_owned(), 1); 5];
            let of_events = match ingestion {
                "import" => vec![(path.to_owned(), 5)],
                _ => alone(path),
            };
            let expected = [alone("/engage"), of_events].concat();
            assert_eq!(sizes(&vendor), expected, "{backend:?} {ingestion}");
            let fates = fates_of(&server, "mixpanel", "event").await;
            let rejected: Vec<_> = fates.iter().filter(|fate| !fate.ends_with("delivered")).collect();
            if ingestion == "import" {
                // The one that Mixpanel named, and no other; none is sent again.
                let received = vendor.received();
                let events = received.iter().find(|request| request.path.starts_with(path));
                let second = &events.unwrap().json()[1]["properties"]["transaction_id"];
                let expected = format!("{} rejected 400 a: b", second.as_str().unwrap());
                assert_eq!(rejected, [&expected], "{backend:?}");
            } else {
                assert!(rejected.is_empty(), "{backend:?}: {fates:?}");
            }
            assert_conserved(&server).await;
        }
    }
}

/// PostHog takes events of more than 48 hours in requests of their own.
#[tokio::test]
async fn what_grows_old_while_it_is_repeated_no_longer_travels_with_what_is_new() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let server = TestServer::on(backend).await;
        let posthog =
            json!({"api_key": "phc_k", "base_url": vendor.url, "events": {"access_level_updated": false}});
        enable(&server, "posthog", posthog).await;
        let at = |time: &str| json!({"purchased_at": time, "originally_purchased_at": time});
        let ann = Customer::new(&server, "ann").await;
        let old = with(bought("old"), at("2026-01-01T00:00:00Z"));
        ann.post(TRANSACTION, &old).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        advance(&server, 50 * HOUR).await;
        let bob = Customer::new(&server, "bob").await;
        let new = with(bought("new"), at("2026-01-03T01:00:00Z"));
        bob.post(TRANSACTION, &new).await;
        settle_down(&server.state).await;
        let failed = vendor.count();
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        advance(&server, HOUR).await;
        let requests = vendor.received().split_off(failed);
        let mut told: Vec<_> = requests
            .iter()
            .map(|request| {
                let body: Value = request.json();
                let batch = body["batch"].as_array().unwrap().iter();
                let ids =
                    batch.map(|event| event["properties"]["transaction_id"].as_str().unwrap().to_owned());
                (body["historical_migration"] == true, ids.collect::<Vec<_>>())
            })
            .collect();
        told.sort();
        let expected = [(false, vec!["new".to_owned()]), (true, vec!["old".to_owned()])];
        assert_eq!(told, expected, "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// A repeat of an event says what it said before; of a state it says what is true now.
#[tokio::test]
async fn a_users_state_that_is_repeated_is_the_one_of_the_repeat() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let mixpanel = json!({"tokens": {"production": {"ios": "token"}}, "base_url": vendor.url,
            "send_user_attributes": true, "events": {"access_level_updated": false}});
        enable(&server, "mixpanel", mixpanel).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        customer
            .post(IDENTIFIERS, &json!({"mixpanel_user_id": "m"}))
            .await;
        customer.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        let colour = json!({"custom_attributes": [{"key": "colour", "value": "blue"}]});
        assert_eq!(customer.call("PATCH", PROFILE, &colour).await.status, 200);
        vendor.script(|_, _| Manner::Answers(200, "1"));
        advance(&server, 10 * SECOND).await;
        let says_so = |path: &str| -> Vec<bool> {
            let received = vendor.received().into_iter();
            let of_path = received.filter(|request| request.path.starts_with(path));
            of_path.map(|request| request.body.contains("blue")).collect()
        };
        assert_eq!(says_so("/engage"), [false, true], "{backend:?}");
        let events: Vec<_> = vendor.received();
        let mut events = events
            .iter()
            .filter(|request| request.path.starts_with("/import"));
        let [first, second] = [events.next().unwrap(), events.next().unwrap()];
        assert_eq!(first.body, second.body, "{backend:?}");
        assert_conserved(&server).await;
    }
}
