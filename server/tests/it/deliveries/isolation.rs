//! A third party that is ill slows itself alone, in whatever way it is ill.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{HOUR, advance, bought, deliveries, enable, fates_of, settle_down, work};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

/// How long something that hangs may take: the time-out of ten seconds, and a little.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What each ill third party does, by its slug.
fn illness(slug: &str) -> Manner {
    match slug {
        "amplitude" => Manner::Silent,
        "mixpanel" => Manner::Late(Duration::from_secs(8), 200, "{}"),
        "posthog" => Manner::Answers(500, "down"),
        "branch" => Manner::Asks("1"),
        "onesignal" => Manner::Drips,
        _ => Manner::Answers(200, "{}"),
    }
}

/// Settings with which each sends to this address.
fn settings(slug: &str, url: &str) -> Value {
    let off = json!({"access_level_updated": false});
    match slug {
        "amplitude" => json!({"api_keys": {"production": {"ios": "k"}}, "base_url": url, "events": off}),
        "mixpanel" => json!({"tokens": {"production": {"ios": "k"}}, "base_url": url, "events": off}),
        "posthog" => json!({"api_key": "phc_k", "base_url": url, "events": off}),
        "branch" => json!({"branch_keys": {"production": "key_live_k"}, "base_url": url, "events": off}),
        "onesignal" => {
            json!({"app_id": "0f5b0c1e-8a44-4a0a-9a43-1c2d3e4f5a6b", "base_url": url, "events": off})
        }
        "tenjin" => json!({"sdk_keys": {"production": {"ios": "k"}}, "base_url": url}),
        _ => json!({"urls": {"production": url}, "events": off}),
    }
}

/// How often the healthy ones may be slower beside ill ones before it is believed: another program may slow a machine
/// down for a while, but an ill third party that is waited for costs its time-out each time.
const TRIES: usize = 3;

const HEALTHY: [&str; 2] = ["webhook", "tenjin"];
const ILL: [&str; 5] = ["amplitude", "mixpanel", "posthog", "branch", "onesignal"];

/// How long the healthy ones take for all their events, beside ill ones or beside healthy ones.
async fn measure(backend: Backend, is_ill: bool) -> Duration {
    let server = TestServer::on(backend).await;
    let mut vendors = Vec::new();
    for slug in HEALTHY.into_iter().chain(ILL) {
        let vendor = match is_ill {
            true => Vendor::with(move |_, _| illness(slug)).await,
            false => Vendor::start().await,
        };
        enable(&server, slug, settings(slug, &vendor.url)).await;
        vendors.push(vendor);
    }
    let _working = work(&server);
    let names: Vec<_> = (0..10).map(|number| format!("user-{number}")).collect();
    let began = Instant::now();
    join_all(names.iter().map(async |name| {
        let customer = Customer::new(&server, name).await;
        customer
            .post(
                IDENTIFIERS,
                &json!({"tenjin_analytics_installation_id": name, "branch_id": name,
                    "one_signal_subscription_id": "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f"}),
            )
            .await;
        for number in 0..3 {
            customer
                .post(TRANSACTION, &bought(&format!("{name}-{number}")))
                .await;
        }
    }))
    .await;
    loop {
        let all = deliveries(&server).await;
        let open = all
            .iter()
            .filter(|seen| HEALTHY.contains(&seen.slug.as_str()) && seen.state == "pending");
        if open.count() == 0 {
            let of_healthy = all.iter().filter(|seen| HEALTHY.contains(&seen.slug.as_str()));
            assert!(
                of_healthy.clone().all(|seen| seen.state == "delivered"),
                "{all:#?}"
            );
            assert_eq!(of_healthy.count(), 60);
            break;
        }
        assert!(began.elapsed() < 3 * TIMEOUT, "{all:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = began.elapsed();
    assert_conserved(&server).await;
    took
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
