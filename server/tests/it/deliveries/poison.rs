//! An event that cannot be told takes nobody with it.

use std::time::{Duration, Instant};

use bursar::delivery;
use bursar::directory::AppIntegration;
use bursar::store::{Sql, Statement};
use bursar_domain::integrations::Integration;
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;
use xtask::test_environment::size;

use crate::support::backend::{ALL, Backend};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, MINUTE, SECOND, Working, advance, amplitude, app_id, bought, deliveries, enable, fates_of,
    settle_down, states, told, transaction_of, until_states, webhook, work,
};
use crate::support::metronome::Metronome;
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};
use crate::support::waiting::until_equal;

/// How long a thousand events may take.
const PATIENCE: Duration = Duration::from_secs(120);
const FAULT: &str = "a fault of ours: the log says more";

/// A server with this integration and a customer `user-N` with an event `tN` for each number.
async fn with_events(backend: Backend, url: &str, count: usize) -> TestServer {
    let server = TestServer::on(backend).await;
    enable(&server, "amplitude", amplitude(url)).await;
    buy(&server, count).await;
    server
}

async fn buy(server: &TestServer, count: usize) {
    for number in 0..count {
        let name = format!("user-{number}");
        let customer = Customer::new(server, &name).await;
        customer.post(TRANSACTION, &bought(&format!("t{number}"))).await;
    }
}

/// The ids of events by their transactions.
async fn event_of(server: &TestServer, transaction: &str) -> Uuid {
    let all = deliveries(server).await;
    let seen = all.iter().find(|seen| seen.transaction == transaction).unwrap();
    seen.event.parse().unwrap()
}

async fn write(server: &TestServer, sql: &'static Sql, values: Vec<bursar::store::Value>) {
    server
        .state
        .store
        .write(vec![Statement::new(sql, values)])
        .await
        .unwrap();
}

/// Refuses requests with an event of one of these users, as a whole.
fn refuses(users: &'static [&'static str], status: u16) -> impl FnMut(&Received, usize) -> Manner + Send {
    move |request, _| {
        let is_bad = users
            .iter()
            .any(|user| request.body.contains(&format!("\"{user}\"")));
        if is_bad {
            Manner::Answers(status, "no")
        } else {
            Manner::Answers(200, "{}")
        }
    }
}

#[tokio::test]
async fn what_a_third_party_refuses_dies_alone() {
    for backend in ALL {
        for status in [400, 413, 422] {
            let vendor = Vendor::with(refuses(&["user-1", "user-7"], status)).await;
            let server = with_events(backend, &vendor.url, 10).await;
            let _working = work(&server);
            settle_down(&server.state).await;
            let fates = fates_of(&server, "amplitude", "").await;
            if status == 422 {
                // Amplitude says nothing of single events with this one: it is refused as it was sent, together.
                assert!(
                    fates.iter().all(|fate| fate.ends_with("rejected 422 no")),
                    "{fates:?}"
                );
                continue;
            }
            for (number, fate) in fates.iter().enumerate() {
                let expected = match number {
                    1 | 7 => format!("t{number} rejected {status} no"),
                    _ => format!("t{number} delivered"),
                };
                assert_eq!(*fate, expected, "{backend:?}");
            }
            assert_conserved(&server).await;
        }
    }
}

/// So many customers `user-N` with an event each, many at a time.
async fn buy_many(server: &TestServer, count: usize) {
    let names: Vec<_> = (0..count).map(|number| format!("user-{number}")).collect();
    for some in names.chunks(100) {
        join_all(some.iter().map(async |name| {
            let customer = Customer::new(server, name).await;
            customer.post(TRANSACTION, &bought(name)).await;
        }))
        .await;
    }
}

/// How often the healthy one may be slower beside the ill one before it is believed.
const TRIES: usize = 3;

/// How long a healthy third party takes for a thousand events beside one that refuses its thousand, or takes them too;
/// without what the machine was late meanwhile.
async fn beside_refusals(backend: Backend, is_ill: bool) -> Duration {
    let vendor = Vendor::with(move |request, _| match !is_ill || request.body.contains("good") {
        true => Manner::Answers(200, "{}"),
        false => Manner::Answers(400, "no"),
    });
    let (vendor, healthy) = (vendor.await, Vendor::start().await);
    let server = TestServer::on(backend).await;
    let quickly = json!({"requests_per_second": 10_000});
    enable(&server, "webhook", with(webhook(&vendor.url), quickly.clone())).await;
    enable(&server, "amplitude", with(amplitude(&healthy.url), quickly)).await;
    buy_many(&server, 1_000).await;
    let good = Customer::new(&server, "good").await;
    good.post(TRANSACTION, &bought("good")).await;
    let (began, metronome) = (Instant::now(), Metronome::start());
    let _working = work(&server);
    while told(&healthy.received()).len() < 1_001 {
        assert!(
            began.elapsed() < PATIENCE,
            "{backend:?}: {} requests",
            healthy.count()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = began.elapsed();
    let late = metronome.stop().between(began, began + took);
    settle_down(&server.state).await;
    let expected: &[&str] = match is_ill {
        true => &["delivered 1002", "rejected 1000"],
        false => &["delivered 2002"],
    };
    assert_eq!(states(&server).await, expected, "{backend:?}");
    assert_eq!(told(&healthy.received()).len(), 1_001, "{backend:?}");
    assert_conserved(&server).await;
    took.saturating_sub(late)
}

#[tokio::test]
async fn a_thousand_refusals_in_a_row_stop_nobody_and_slow_nobody_down() {
    for backend in ALL {
        let mut pairs = Vec::new();
        let is_as_fast = loop {
            let (well, ill) = (
                beside_refusals(backend, false).await,
                beside_refusals(backend, true).await,
            );
            pairs.push((well, ill));
            // In a usual run other tests have the machine too; what is waited for costs more even so.
            let most = match size(0, 1) {
                0 => well * 2 + Duration::from_secs(2),
                _ => well * 6 / 5 + Duration::from_millis(500),
            };
            let is_as_fast = ill <= most;
            if is_as_fast || pairs.len() == TRIES {
                break is_as_fast;
            }
        };
        println!("{backend:?}: a thousand beside a healthy one and beside refusals: {pairs:?}");
        assert!(is_as_fast, "{backend:?}: {pairs:?}");
    }
}

#[tokio::test]
async fn a_thousand_events_in_a_row_that_cannot_be_read_stop_nobody() {
    static SPOIL: Sql = Sql::split(
        "UPDATE events SET plain = '{', packed = NULL",
        "UPDATE events SET payload = '{'",
    );
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        enable(&server, "webhook", webhook(&vendor.url)).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        buy_many(&server, 1_000).await;
        write(&server, &SPOIL, vec![]).await;
        let good = Customer::new(&server, "good").await;
        good.post(TRANSACTION, &bought("good")).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(
            states(&server).await,
            ["delivered 2", "rejected 2000"],
            "{backend:?}"
        );
        assert_eq!(vendor.count(), 2, "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// Settings with which Adjust's events of started subscriptions go to this address.
fn adjust(url: &str) -> Value {
    json!({
        "app_tokens": {"ios": "app"}, "event_tokens": {"ios": {"subscription_started": "i00001"}},
        "base_url": url, "events": {"access_level_updated": false},
    })
}

/// A customer that Adjust knows, with a purchase.
async fn adjust_buyer(server: &TestServer, name: &str) {
    let customer = Customer::new(server, name).await;
    customer
        .post(IDENTIFIERS, &json!({"adjust_device_id": name}))
        .await;
    customer.post(TRANSACTION, &bought(name)).await;
}

/// Records of which no request can be made: the mapper panics on each.
#[tokio::test]
async fn a_mapper_that_panics_a_thousand_times_in_a_row_stops_nobody() {
    static SPOIL: Sql = Sql::same("UPDATE queue SET record = $1");
    // As if each had been tried a moment ago.
    static TRIED: Sql = Sql::same("UPDATE queue SET tries = 1, first_tried_at = created_at");
    let vendor = Vendor::start().await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "adjust", adjust(&vendor.url)).await;
    let names: Vec<_> = (0..1_000).map(|number| format!("user-{number}")).collect();
    for some in names.chunks(100) {
        join_all(some.iter().map(|name| adjust_buyer(&server, name))).await;
    }
    write(&server, &TRIED, vec![]).await;
    let spoilt = json!({"route": "ios", "body": "spoilt"}).to_string();
    write(&server, &SPOIL, vec![spoilt.into()]).await;
    adjust_buyer(&server, "good").await;
    let _working = work(&server);
    settle_down(&server.state).await;
    assert_eq!(states(&server).await, ["delivered 1", "rejected 1000"]);
    assert_eq!(vendor.count(), 1);
    assert_conserved(&server).await;
}

/// After a pause one request looks whether a third party is back. That we cannot make that one says nothing of it.
#[tokio::test]
async fn a_record_that_cannot_be_sent_ends_no_pause() {
    static FIRST: Sql = Sql::same(
        "UPDATE lanes SET due_at = 0 WHERE lane_id = (SELECT lane_id FROM queue ORDER BY created_at, lane_id LIMIT 1)",
    );
    static SPOIL: Sql = Sql::same(
        "UPDATE queue SET record = $1 WHERE lane_id = (SELECT lane_id FROM queue ORDER BY created_at, lane_id LIMIT 1)",
    );
    const MANY: usize = 12;
    let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "adjust", adjust(&vendor.url)).await;
    for number in 0..MANY {
        adjust_buyer(&server, &format!("user-{number}")).await;
    }
    let _working = work(&server);
    settle_down(&server.state).await;
    assert_eq!(vendor.count(), MANY, "all at once, and then a pause");
    let spoilt = json!({"route": "ios", "body": "spoilt"}).to_string();
    write(&server, &SPOIL, vec![spoilt.into()]).await;
    write(&server, &FIRST, vec![]).await;
    advance(&server, HOUR).await;
    settle_down(&server.state).await;
    assert_eq!(
        states(&server).await,
        [format!("pending {}", MANY - 1), "rejected 1".to_owned()]
    );
    assert_eq!(vendor.count(), MANY + 1, "one alone looks whether it is back");
}

/// A server with five events of which the third was spoilt, once all of them have been tried.
async fn with_spoilt(backend: Backend, url: &str, spoil: &'static Sql) -> (TestServer, Uuid, Working) {
    let server = with_events(backend, url, 5).await;
    let event = event_of(&server, "t3").await;
    write(&server, spoil, vec![event.into()]).await;
    let working = work(&server);
    settle_down(&server.state).await;
    (server, event, working)
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_rejected_with_a_reason_and_the_others_go_out() {
    static SPOIL: Sql = Sql::split(
        "UPDATE events SET plain = '{', packed = NULL WHERE event_id = $1",
        "UPDATE events SET payload = '{' WHERE event_id = $1",
    );
    for backend in ALL {
        let vendor = Vendor::start().await;
        let (server, event, _working) = with_spoilt(backend, &vendor.url, &SPOIL).await;
        assert_eq!(
            states(&server).await,
            ["delivered 4", "rejected 1"],
            "{backend:?}"
        );
        let spoilt = deliveries(&server)
            .await
            .into_iter()
            .find(|seen| seen.event == event.to_string());
        assert_eq!(spoilt.unwrap().reason, FAULT);
        assert_conserved(&server).await;
    }
}

/// Bytes that are no text at all, plain and packed, as a broken disk or another program could leave them.
#[tokio::test]
async fn an_event_that_is_no_text_stops_nobody() {
    static PLAIN: Sql =
        Sql::same("UPDATE events SET plain = CAST(x'7bff' AS TEXT), packed = NULL WHERE event_id = $1");
    static PACKED: Sql = Sql::same("UPDATE events SET plain = '', packed = x'ff00ff' WHERE event_id = $1");
    for spoil in [&PLAIN, &PACKED] {
        let vendor = Vendor::start().await;
        // PostgreSQL stores no such text.
        let (server, event, _working) = with_spoilt(Backend::SqliteFile, &vendor.url, spoil).await;
        let states = states(&server).await;
        assert_eq!(states[0], "delivered 4", "{states:?}");
        let spoilt = event.to_string();
        let told = told(&vendor.received());
        assert!(
            told.iter().all(|event| event["insert_id"] != *spoilt),
            "{told:#?}"
        );
        assert_eq!(told.len(), 4);
    }
}

#[tokio::test]
async fn a_delivery_whose_profile_cannot_be_read_waits_and_is_counted() {
    static SPOIL: Sql = Sql::same("UPDATE profiles SET holdings = '{' WHERE customer_user_id = 'spoilt'");
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        for name in ["spoilt", "good"] {
            let customer = Customer::new(&server, name).await;
            customer.post(TRANSACTION, &bought(name)).await;
        }
        write(&server, &SPOIL, vec![]).await;
        let _working = work(&server);
        until_states(&server, &["delivered 1", "pending 1"]).await;
        let counted = async || server.state.metrics.unsound_profiles.get();
        until_equal("how often it was met", 1, counted).await;
    }
}

/// An integration whose functions fail, whatever they are asked.
mod failing {
    use bursar_domain::integrations::{Integration, Probe, webhook};

    pub static ENCODE: Integration = Integration {
        encode: |_| panic!("injected"),
        ..WITHOUT_PROBE
    };
    pub static REQUEST: Integration = Integration {
        request: |_| panic!("injected"),
        ..WITHOUT_PROBE
    };
    pub static JUDGE: Integration = Integration {
        judge: |_, _| panic!("injected"),
        ..WITHOUT_PROBE
    };
    pub static NONE: Integration = WITHOUT_PROBE;

    const WITHOUT_PROBE: Integration = Integration {
        probe: Probe::MarkedEvent,
        ..webhook::INTEGRATION
    };
}

#[tokio::test]
async fn whichever_function_of_an_integration_panics_it_is_caught_and_told() {
    let vendor = Vendor::start().await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "webhook", json!({"urls": {"production": vendor.url}})).await;
    let app = server.state.directory().app(app_id(&server)).unwrap().clone();
    let known = app.integration("webhook").unwrap();
    let send = async |integration: &'static Integration| {
        let known = AppIntegration {
            integration,
            enabled: true,
            settings: known.settings.clone(),
            blocked: None,
            timers_since: 0,
            saved: known.saved.clone(),
            targets: known.targets.clone(),
        };
        let tried = delivery::send_marked(&server.state, &app, &known).await;
        match tried {
            Ok(tried) => (tried[0].verdict, tried[0].wrong.clone()),
            Err(skip) => ("rejected", Some(skip.to_string())),
        }
    };
    for integration in [&failing::ENCODE, &failing::REQUEST, &failing::JUDGE] {
        assert_eq!(send(integration).await, ("rejected", Some(FAULT.to_owned())));
    }
    assert_eq!(vendor.count(), 1, "the one whose answer could not be judged");
    // Without these failures the same event goes out.
    assert_eq!(send(&failing::NONE).await, ("delivered", None));
}

#[tokio::test]
async fn an_event_of_a_kind_that_is_not_known_here_waits_and_the_others_go_out() {
    static SPOIL: Sql = Sql::same("UPDATE events SET event_type = 'of_a_newer_version' WHERE event_id = $1");
    static MEND: Sql = Sql::same("UPDATE events SET event_type = 'subscription_started' WHERE event_id = $1");
    for backend in ALL {
        let vendor = Vendor::start().await;
        let (server, event, _working) = with_spoilt(backend, &vendor.url, &SPOIL).await;
        assert_eq!(states(&server).await, ["delivered 4", "pending 1"], "{backend:?}");
        // A version that knows it sends it.
        write(&server, &MEND, vec![event.into()]).await;
        advance(&server, 5 * MINUTE).await;
        assert_eq!(states(&server).await, ["delivered 5"], "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// A record that its integration cannot make a request of: the mapper panics.
#[tokio::test]
async fn a_mapper_that_panics_takes_down_its_own_delivery_alone() {
    static SPOIL: Sql = Sql::same(
        "UPDATE queue SET record = $1 WHERE event_seq = (SELECT event_seq FROM events WHERE event_id = $2)",
    );
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let server = TestServer::on(backend).await;
        let adjust = json!({
            "app_tokens": {"ios": "app"}, "event_tokens": {"ios": {"subscription_started": "i00001"}},
            "base_url": vendor.url, "events": {"access_level_updated": false},
        });
        enable(&server, "adjust", adjust).await;
        for number in 0..3 {
            let name = format!("user-{number}");
            let customer = Customer::new(&server, &name).await;
            customer
                .post(IDENTIFIERS, &json!({"adjust_device_id": name}))
                .await;
            customer.post(TRANSACTION, &bought(&format!("t{number}"))).await;
        }
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["pending 3"], "{backend:?}");
        let event = event_of(&server, "t1").await;
        let spoilt = json!({"route": "ios", "body": "spoilt"}).to_string();
        write(&server, &SPOIL, vec![spoilt.into(), event.into()]).await;
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        advance(&server, 10 * SECOND).await;
        let fates = fates_of(&server, "adjust", "").await;
        let rejected = format!("t1 rejected {FAULT}");
        assert_eq!(fates, ["t0 delivered", &rejected, "t2 delivered"], "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// The last of a part of which only the latest counts cannot be told: that is no reason to drop those before it.
#[tokio::test]
async fn an_event_that_cannot_be_told_supersedes_nothing() {
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        let mixpanel = json!({"tokens": {"production": {"ios": "token"}}, "base_url": vendor.url,
            "events": {"access_level_updated": false}});
        enable(&server, "mixpanel", mixpanel).await;
        let customer = Customer::new(&server, "ann").await;
        for (transaction, store) in [("t1", "app_store"), ("t2", "app_store"), ("t3", "play_store")] {
            customer
                .post(TRANSACTION, &with(bought(transaction), json!({"store": store})))
                .await;
        }
        let _working = work(&server);
        settle_down(&server.state).await;
        let fates = fates_of(&server, "mixpanel", "profile").await;
        let missing = "t3 skipped missing_credentials: tokens.production.android";
        assert_eq!(
            fates,
            ["t1 skipped superseded", "t2 delivered", missing],
            "{backend:?}"
        );
        assert_conserved(&server).await;
    }
}

/// The judges of these tests see what they are to see.
#[tokio::test]
async fn a_lost_a_doubled_and_an_invented_delivery_are_noticed() {
    use crate::support::conservation::{breaks, fates, wanted};
    let vendor = Vendor::start().await;
    let server = with_events(crate::support::backend::Backend::SqliteMemory, &vendor.url, 3).await;
    let _working = work(&server);
    settle_down(&server.state).await;
    assert_eq!(told(&vendor.received()).iter().map(transaction_of).count(), 3);
    let state = &server.state;
    let (wanted, fates) = (wanted(state, &server.app_id).await, fates(state).await);
    assert!(breaks(&wanted, &fates).is_empty());
    assert_eq!(breaks(&wanted, &fates[1..]).len(), 1);
    let mut doubled = fates.clone();
    doubled.push((fates[0].0, "pending".into(), true));
    assert_eq!(breaks(&wanted, &doubled).len(), 1);
    let mut invented = fates.clone();
    invented.push(((uuid::Uuid::nil(), 1), "delivered".into(), false));
    assert_eq!(breaks(&wanted, &invented).len(), 1);
    let mut unknown = fates;
    unknown[0].1 = "sending".into();
    assert_eq!(breaks(&wanted, &unknown).len(), 1);
}
