//! Nothing is sent twice without need; what has to be sent again is the same again.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::backend::ALL;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{MINUTE, advance, amplitude, bought, deliveries, enable, settle_down, work};
use crate::support::purchases::{Customer, with};
use crate::support::server::{TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};

const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a third party received: by the id that it tells repeats by, each time what it was told.
type Told = BTreeMap<String, Vec<Value>>;

/// Takes requests apart into events and their ids.
fn told(received: &[Received]) -> Told {
    let mut told = Told::new();
    let mut note = |id: &Value, event: Value| {
        let id = id.as_str().unwrap_or_else(|| panic!("no id: {event}")).to_owned();
        told.entry(id).or_default().push(event);
    };
    for request in received {
        let body = request.json();
        if let Some(id) = request.headers.get("webhook-id") {
            note(&json!(format!("webhook {id}")), body);
        } else if let Some(events) = body["events"].as_array() {
            events
                .iter()
                .for_each(|event| note(&event["insert_id"], event.clone()));
        } else if request.path.starts_with("/import") {
            let events = body.as_array().unwrap().iter();
            events.for_each(|event| {
                let id = event["properties"]["$insert_id"].as_str().unwrap_or_default();
                note(&json!(format!("mixpanel {id}")), event.clone());
            });
        }
    }
    told
}

/// What is wrong if nothing was to be sent twice.
fn duplicates(told: &Told) -> usize {
    told.values().filter(|times| times.len() > 1).count()
}

/// What is wrong if everything was to be sent twice, the same each time.
fn not_the_same_twice(told: &Told) -> usize {
    told.values()
        .filter(|times| times.len() != 2 || times[0] != times[1])
        .count()
}

async fn enable_three(server: &TestServer, url: &str) {
    enable(server, "amplitude", amplitude(url)).await;
    let off = json!({"access_level_updated": false});
    let mixpanel = json!({"tokens": {"production": {"ios": "token"}}, "base_url": url, "events": off});
    enable(server, "mixpanel", mixpanel).await;
    let webhook = json!({"urls": {"production": url}, "signing_secret": SIGNING, "events": off});
    enable(server, "webhook", webhook).await;
}

async fn buy(server: &TestServer, customers: usize) {
    let names: Vec<_> = (0..customers).map(|number| format!("user-{number}")).collect();
    join_all(names.iter().map(async |name| {
        let customer = Customer::new(server, name).await;
        for number in 0..3 {
            customer
                .post(TRANSACTION, &bought(&format!("{name}-{number}")))
                .await;
        }
    }))
    .await;
}

#[tokio::test]
async fn without_faults_nothing_is_sent_twice() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        enable_three(&server, &vendor.url).await;
        let _working = work(&server);
        buy(&server, 8).await;
        advance(&server, MINUTE).await;
        let mut told = told(&vendor.received());
        assert_eq!((told.len(), duplicates(&told)), (3 * 24, 0), "{backend:?}");
        assert!(
            deliveries(&server)
                .await
                .iter()
                .all(|seen| seen.state != "delivered" || seen.tries == 1)
        );
        assert_conserved(&server).await;
        // The judge does see one.
        let times = told.values_mut().next().unwrap();
        times.push(times[0].clone());
        assert_eq!(duplicates(&told), 1);
    }
}

#[tokio::test]
async fn what_is_sent_again_after_a_lost_answer_says_the_same_under_the_same_id() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let seen: Mutex<HashSet<String>> = Mutex::default();
        // Takes every event, and closes the line before it answers the first time.
        let vendor = Vendor::with(move |request, _| {
            let ids: Vec<_> = told(std::slice::from_ref(request)).into_keys().collect();
            let fresh = |id: &String| seen.lock().unwrap().insert(id.clone());
            let is_first = ids.iter().map(fresh).fold(false, |any, fresh| any | fresh);
            if is_first {
                Manner::Resets
            } else {
                Manner::Answers(200, "{}")
            }
        })
        .await;
        enable_three(&server, &vendor.url).await;
        let working = work(&server);
        // One at a time, so that the same events share a request both times.
        let customer = Customer::new(&server, "ann").await;
        for number in 0..3 {
            customer.post(TRANSACTION, &bought(&format!("t{number}"))).await;
            settle_down(&server.state).await;
            // What is known of the customer changes meanwhile; what is said of the event does not.
            let person = json!({"email": format!("ann-{number}@example.org"), "custom_attributes": [
                {"key": "number", "value": number}]});
            customer
                .call("PATCH", crate::support::server::PROFILE, &person)
                .await;
            advance(&server, 2 * MINUTE).await;
        }
        drop(working);
        let mut told = told(&vendor.received());
        assert_eq!(
            (told.len(), not_the_same_twice(&told)),
            (9, 0),
            "{backend:?}: {told:#?}"
        );
        let delivered = deliveries(&server)
            .await
            .into_iter()
            .filter(|seen| seen.state == "delivered");
        assert!(
            delivered
                .filter(|seen| seen.part != "profile")
                .all(|seen| seen.tries == 2)
        );
        assert_conserved(&server).await;
        // The judge does see a repeat that says something else.
        let times = told.values_mut().next().unwrap();
        times[1] = with(times[1].clone(), json!({"time": 0}));
        assert_eq!(not_the_same_twice(&told), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_and_unsaid_and_said_again_while_the_clock_stands_is_sent_once() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        enable_three(&server, &vendor.url).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "user-1").await;
        let paid_back = json!({"refunded_at": "2026-01-01T00:00:00Z", "cancellation_reason": "refund"});
        let (bought, refunded) = (bought("t1"), with(bought("t1"), paid_back));
        for report in [&bought, &refunded, &bought, &refunded] {
            customer.post(TRANSACTION, report).await;
            settle_down(&server.state).await;
        }
        let told = told(&vendor.received());
        assert_eq!((told.len(), duplicates(&told)), (6, 0), "{backend:?}: {told:?}");
    }
}
