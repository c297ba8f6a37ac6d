//! A third party that is ill slows itself alone, in whatever way it is ill.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bursar_domain::integrations;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, Seen, advance, bought, deliveries, enable, fates_of, sample, settle_down, work,
};
use crate::support::direct::set_settings;
use crate::support::illness::{ILL, illness};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

/// How long something that hangs may take: the time-out of ten seconds, and a little.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Settings with which each sends to this address.
fn settings(slug: &str, url: &str) -> Value {
    let off = json!({"access_level_updated": false});
    match slug {
        "mixpanel" => json!({"tokens": {"production": {"ios": "k"}}, "base_url": url, "events": off}),
        _ => json!({"urls": {"production": url}, "events": off}),
    }
}

/// How often the healthy ones may be slower beside ill ones before it is believed: another program may slow a machine
/// down for a while, but an ill third party that is waited for costs its time-out each time.
const TRIES: usize = 3;

const CUSTOMERS: usize = 10;
const EVENTS: usize = 3;
/// What every identifier is set to: a form that all third parties take.
const IDENTIFIER: &str = "5e57c0de-0000-4000-8000-00000000cafe";
/// What a success is called by those that do not look at the status alone.
const FINE: &str = r#"{"success":true,"status_code":200,"code":200,"identity":{"onesignal_id":"5e57c0de-0000-4000-8000-000000000001"}}"#;

/// Switches all integrations on, each to a third party of its own; five of these may be ill.
async fn enable_all(server: &TestServer, is_ill: bool) -> Vec<Vendor> {
    let apps = json!({"ios_bundle_id": "com.example", "android_package": "com.example"});
    set_settings(server, apps).await;
    let mut vendors = Vec::new();
    for integration in integrations::ALL {
        let slug = integration.slug;
        let vendor = match is_ill && ILL.contains(&slug) {
            true => Vendor::with(move |_, _| illness(slug)).await,
            false => Vendor::with(|_, _| Manner::Answers(200, FINE)).await,
        };
        let quickly = json!({"exclude_historical_events": false, "requests_per_second": 1_000,
            "max_in_flight": null, "events": {"access_level_updated": false}});
        enable(server, slug, with(sample(slug, &vendor.url), quickly)).await;
        vendors.push(vendor);
    }
    vendors
}

/// A customer that every third party knows, with its events.
async fn buy(server: &TestServer, name: &str) {
    let customer = Customer::new(server, name).await;
    let names = integrations::ALL
        .iter()
        .flat_map(|integration| integration.identifiers);
    let set = |name: &&str| match *name {
        "appmetrica_device_id" => ("appmetrica_device_id".to_owned(), json!("1")),
        other => (other.to_owned(), json!(IDENTIFIER)),
    };
    let identifiers: Value = names.map(set).collect();
    customer.post(IDENTIFIERS, &identifiers).await;
    let device = json!({"device_id": "d", "platform": "iOS", "idfa": IDENTIFIER, "idfv": IDENTIFIER});
    customer
        .post(PROFILE, &json!({"installation_meta": device}))
        .await;
    for number in 0..EVENTS {
        // New enough for all of them.
        let today = json!({"purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z"});
        let bought = with(bought(&format!("{name}-{number}")), today);
        customer.post(TRANSACTION, &bought).await;
    }
}

/// How long the healthy ones take for all their events, beside ill ones or beside healthy ones.
async fn measure(backend: Backend, is_ill: bool) -> Duration {
    let server = TestServer::on(backend).await;
    let vendors = enable_all(&server, is_ill).await;
    let _working = work(&server);
    let names: Vec<_> = (0..CUSTOMERS).map(|number| format!("user-{number}")).collect();
    let began = Instant::now();
    join_all(names.iter().map(|name| buy(&server, name))).await;
    loop {
        let all = deliveries(&server).await;
        let is_of_healthy = |seen: &&Seen| !ILL.contains(&seen.slug.as_str());
        let of_healthy: Vec<_> = all.iter().filter(is_of_healthy).collect();
        if of_healthy.iter().all(|seen| seen.state != "pending") {
            assert_all_have_arrived(&of_healthy);
            break;
        }
        assert!(began.elapsed() < 6 * TIMEOUT, "{all:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = began.elapsed();
    assert_conserved(&server).await;
    drop(vendors);
    took
}

/// Each of the healthy ones has got each event; of some parts an older one is of no use.
fn assert_all_have_arrived(of_healthy: &[&Seen]) {
    let mut delivered: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for seen in of_healthy {
        match (seen.state.as_str(), seen.reason.as_str()) {
            ("delivered", _) => {
                delivered.entry(&seen.slug).or_default().insert(&seen.event);
            }
            ("skipped", "superseded") => {}
            _ => panic!("{seen:?}"),
        }
    }
    assert_eq!(
        delivered.len(),
        integrations::ALL.len() - ILL.len(),
        "{delivered:?}"
    );
    for (slug, events) in delivered {
        assert!(
            events.len() == CUSTOMERS * EVENTS || slug == "pushwoosh",
            "{slug}: {}",
            events.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthy_third_parties_get_their_events_as_fast_beside_ill_ones() {
    for backend in ALL {
        let well = measure(backend, false).await;
        // Far less than anything that hangs or is slow would cost.
        let most = 2 * well + Duration::from_secs(2);
        let mut took = Vec::new();
        while took.last().is_none_or(|ill| *ill >= most) {
            assert!(took.len() < TRIES, "{backend:?}: {well:?}, then {took:?}");
            took.push(measure(backend, true).await);
        }
    }
}

/// Money that counts twice is worse than none, but what never left cannot count at all.
#[tokio::test]
async fn what_could_not_be_sent_at_all_is_tried_again_where_an_answer_that_is_missing_gives_up() {
    let vendor = Vendor::with(|_, _| Manner::Resets).await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for (url, expected) in [
        (&closed, "t1 pending client error (Connect)"),
        (&vendor.url, "t1 rejected no answer"),
    ] {
        let server = TestServer::on(Backend::SqliteMemory).await;
        let mixpanel = json!({"profile_revenue": "transactions"});
        enable(&server, "mixpanel", with(settings("mixpanel", url), mixpanel)).await;
        let appmetrica = json!({"application_id": "1", "post_api_key": "k", "base_url": url, "send_revenue_events": true,
            "events": {"access_level_updated": false}});
        enable(&server, "appmetrica", appmetrica).await;
        let customer = Customer::new(&server, "ann").await;
        customer
            .post(IDENTIFIERS, &json!({"appmetrica_device_id": "1"}))
            .await;
        customer.post(TRANSACTION, &bought("t1")).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        let fates = fates_of(&server, "mixpanel", "transaction").await;
        assert!(fates[0].starts_with(expected), "{fates:?}");
        for _ in 0..5 {
            advance(&server, HOUR).await;
        }
        let fates = fates_of(&server, "appmetrica", "revenue").await;
        let is_open = fates[0].starts_with("t1 pending");
        assert_eq!(is_open, *url == closed, "{fates:?}");
    }
}

/// Whoever takes a connection and then says nothing has been sent nothing, where TLS is spoken.
#[tokio::test]
async fn a_connection_that_is_never_secured_counts_as_none() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = TestServer::on(Backend::SqliteMemory).await;
    let mixpanel = json!({"profile_revenue": "transactions"});
    enable(&server, "mixpanel", with(settings("mixpanel", &url), mixpanel)).await;
    let customer = Customer::new(&server, "ann").await;
    customer.post(TRANSACTION, &bought("t1")).await;
    let began = Instant::now();
    let _working = work(&server);
    settle_down(&server.state).await;
    let fates = fates_of(&server, "mixpanel", "transaction").await;
    assert!(
        fates[0].starts_with("t1 pending client error (Connect)"),
        "{fates:?}"
    );
    assert!(began.elapsed() < TIMEOUT, "{:?}", began.elapsed());
}

/// Within one integration a request that hangs holds its seat: with a single seat the same look tells the delay.
#[tokio::test]
async fn behind_a_single_seat_everybody_waits() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::with(|request, _| match request.body.contains("ill") {
        true => Manner::Silent,
        false => Manner::Answers(200, "{}"),
    })
    .await;
    let mut one_seat = settings("webhook", &vendor.url);
    one_seat["max_in_flight"] = json!(1);
    enable(&server, "webhook", one_seat).await;
    let _working = work(&server);
    Customer::new(&server, "ill")
        .await
        .post(TRANSACTION, &bought("ill"))
        .await;
    vendor.until_count(1).await;
    let began = Instant::now();
    Customer::new(&server, "well")
        .await
        .post(TRANSACTION, &bought("well"))
        .await;
    settle_down(&server.state).await;
    let fates = fates_of(&server, "webhook", "").await;
    assert_eq!(fates[1], "well delivered");
    assert!(began.elapsed() > TIMEOUT / 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn whatever_a_third_party_does_to_a_connection_ends_within_ten_seconds_and_is_tried_again() {
    let raw = |text: &str| Manner::Raw(text.to_owned());
    let manners = vec![
        ("silent", Manner::Silent, "no whole answer within 10 s"),
        ("drips", Manner::Drips, "no whole answer within 10 s"),
        ("half", Manner::Half, "end of file before message length reached"),
        (
            "resets",
            Manner::Resets,
            "connection closed before message completed",
        ),
        ("garbage", raw("canary canary\r\n\r\n"), "invalid HTTP"),
        ("nothing", raw("\r\n\r\n"), ""),
        (
            "negative",
            raw("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}"),
            "content-length",
        ),
        (
            "two-lengths",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
            "content-length",
        ),
        (
            "no-size",
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"),
            "",
        ),
        (
            "cut-chunk",
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab"),
            "",
        ),
        (
            "long-head",
            raw(&format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1 << 20))),
            "",
        ),
    ];
    // These are answers, if odd ones.
    let odd = vec![
        ("endless", Manner::Endless),
        (
            "too-short",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{} and more"),
        ),
        ("no-length", raw("HTTP/1.1 200 OK\r\n\r\n{}")),
        (
            "binary",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\0\u{1}"),
        ),
    ];
    let mut table: Vec<_> = manners
        .iter()
        .map(|(name, manner, _)| (*name, manner.clone()))
        .collect();
    table.extend(odd.clone());
    let vendor = Vendor::with(move |request, _| {
        let id = request.json()["customer_user_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let found = table.iter().find(|(name, _)| *name == id);
        found.map_or(Manner::Answers(200, "{}"), |(_, manner)| manner.clone())
    })
    .await;
    let server = TestServer::on(Backend::SqliteFile).await;
    enable(&server, "webhook", settings("webhook", &vendor.url)).await;
    let names = manners
        .iter()
        .map(|(name, ..)| *name)
        .chain(odd.iter().map(|(name, _)| *name));
    for name in names {
        let customer = Customer::new(&server, name).await;
        customer.post(TRANSACTION, &bought(name)).await;
    }
    let began = Instant::now();
    let _working = work(&server);
    settle_down(&server.state).await;
    assert!(
        (TIMEOUT..2 * TIMEOUT).contains(&began.elapsed()),
        "{:?}",
        began.elapsed()
    );
    let seen = deliveries(&server).await;
    let of = |name: &str| seen.iter().find(|seen| seen.transaction == name).unwrap();
    for (name, _, why) in &manners {
        let seen = of(name);
        assert_eq!(
            (seen.state.as_str(), seen.tries),
            ("pending", 1),
            "{name}: {}",
            seen.reason
        );
        assert!(
            seen.reason.contains(why) && !seen.reason.is_empty(),
            "{name}: {}",
            seen.reason
        );
    }
    for (name, _) in &odd {
        assert_eq!(of(name).state, "delivered", "{name}: {}", of(name).reason);
    }
    assert_conserved(&server).await;
}
