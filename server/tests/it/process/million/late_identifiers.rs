//! A hundred thousand purchases first, identifiers up to three days later in every way in which they come, restarts
//! between. In a usual run there are fewer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use xtask::test_environment::size;

use super::ledger::{Ledger, Number};
use super::servers::{self, Servers};
use super::{settled, third_parties};
use crate::support::backend::Backend;
use crate::support::deliveries::{HOUR, bought};
use crate::support::random::Random;
use crate::support::server::{IDENTIFIERS, PROFILE, SDK_IDENTIFIERS};

const IDFA: &str = "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e5f";
/// In how many parts the three days go.
const PARTS: usize = 12;
/// How many milliseconds after its identifier a customer's last event may be taken.
const AT_ONCE: u32 = 5_000;

/// A way in which what is waited for comes: the integration that waits for it, and the call.
type Way = (
    &'static str,
    fn(&str, &str) -> (&'static str, &'static str, Value),
);

/// By the customer's name and profile.
const WAYS: [Way; 5] = [
    ("amplitude", |name, _| {
        ("POST", IDENTIFIERS, json!({"amplitude_user_id": name}))
    }),
    ("amplitude", |name, profile| {
        (
            "POST",
            SDK_IDENTIFIERS,
            json!({"data": {"profile_id": profile, "amplitude_user_id": name}}),
        )
    }),
    ("adjust", |_, _| ("POST", PROFILE, device())),
    ("adjust", |_, _| ("PATCH", PROFILE, device())),
    ("facebook_ads", |_, _| {
        ("PATCH", PROFILE, json!({"att_status": 3}))
    }),
];
/// The one that needs to know of a device beforehand, and that it may not be told of.
const CONSENT: usize = 4;

fn device() -> Value {
    json!({"installation_meta": {"device_id": "d", "platform": "iOS", "idfa": IDFA}})
}

/// The settings of each integration, without its address.
fn enable_all(servers: &Servers, url: &str) {
    let adjust =
        json!({"app_tokens": {"ios": "app"}, "event_tokens": {"ios": {"subscription_started": "i00001"}}});
    let facebook = json!({"facebook_app_id": "88", "ios_app_id": "123", "client_token": "token"});
    let amplitude = json!({"api_keys": {"production": {"ios": "key"}}, "wait_for_identifier": 2_592_000});
    for (slug, mut settings) in [
        ("adjust", adjust),
        ("facebook_ads", facebook),
        ("amplitude", amplitude),
    ] {
        settings["base_url"] = format!("{url}/{slug}").into();
        settings["exclude_historical_events"] = false.into();
        settings["requests_per_second"] = 100_000.into();
        servers.enable(slug, &settings);
    }
}

/// Makes the customers and answers their profiles' ids.
fn make(servers: &Servers, customers: &[usize]) -> HashMap<usize, String> {
    let profiles = Mutex::new(HashMap::new());
    servers.call_for_each(
        customers,
        |customer| {
            let refuses = || {
                let mut body = device();
                body["att_status"] = 2.into();
                body.to_string()
            };
            let is_asked = customer % WAYS.len() == CONSENT;
            ("POST", PROFILE, if is_asked { refuses() } else { String::new() })
        },
        |customer, answer| {
            let answer: Value = serde_json::from_str(answer).unwrap();
            let profile = answer["data"]["profile_id"].as_str().unwrap().to_owned();
            profiles.lock().unwrap().insert(customer, profile);
        },
    );
    profiles.into_inner().unwrap()
}

/// Gives these customers what is waited for, and answers when each call was answered.
fn come(
    servers: &Servers,
    customers: &[usize],
    profiles: &HashMap<usize, String>,
    ledger: &Ledger,
) -> HashMap<usize, u32> {
    let came = Mutex::new(HashMap::new());
    servers.call_for_each(
        customers,
        |customer| {
            let (_, way) = WAYS[customer % WAYS.len()];
            let (method, path, body) = way(&servers::name(customer), &profiles[&customer]);
            (method, path, body.to_string())
        },
        |customer, _| {
            came.lock().unwrap().insert(customer, ledger.now());
        },
    );
    came.into_inner().unwrap()
}

fn all_go_out_at_once(backend: Backend, servers: usize) {
    let (customers, each) = (size(40, 10_000), size(3, 10));
    let mut random = Random::new(&format!("late identifiers on {backend:?}"));
    let ledger = Arc::new(Ledger::new(
        &["adjust", "amplitude", "facebook_ads"],
        customers,
        each,
    ));
    let url = third_parties::start(&ledger, 0, random.split());
    let servers = Servers::start(backend, servers);
    enable_all(&servers, &url);
    let mut everybody: Vec<usize> = (0..customers).collect();
    let profiles = make(&servers, &everybody);
    for place in 0..each {
        servers.report(
            &everybody,
            place,
            |number| bought(&number.id()).to_string(),
            &ledger,
        );
    }
    for place in 1..customers {
        everybody.swap(place, random.below(place + 1));
    }
    let mut slowest = 0;
    for some in everybody.chunks(customers.div_ceil(PARTS)) {
        servers.advance(i64::try_from(1 + random.below(12)).unwrap() * HOUR);
        servers.kill(random.below(servers.count()), &ledger);
        for customer in some {
            let (slug, _) = WAYS[customer % WAYS.len()];
            assert_eq!(ledger.of(slug).of_customer(*customer), 0, "{slug} had to wait");
        }
        let came = come(&servers, some, &profiles, &ledger);
        servers.advance(0);
        for customer in some {
            let (slug, _) = WAYS[customer % WAYS.len()];
            let mut taken = ledger.of(slug);
            assert_eq!(taken.of_customer(*customer), each, "{slug}, customer {customer}");
            let last = Number {
                customer: *customer,
                place: each - 1,
            };
            slowest = slowest.max(taken.event(last).taken_at.saturating_sub(came[customer]));
        }
    }
    println!("{backend:?}: {customers} customers, the last event {slowest} ms after its identifier at most");
    assert!(slowest < AT_ONCE, "{backend:?}: {slowest} ms");
    for slug in ["adjust", "amplitude", "facebook_ads"] {
        let taken = ledger.of(slug);
        assert_eq!(
            (taken.inversions, taken.all_repeats()),
            (0, 0),
            "{backend:?}: {slug}"
        );
    }
    settled::assert_conserved(&servers, customers * each, 3);
}

#[test]
fn a_hundred_thousand_purchases_go_out_at_once_when_their_identifiers_come_on_sqlite() {
    all_go_out_at_once(Backend::SqliteFile, 1);
}

#[test]
fn a_hundred_thousand_purchases_go_out_at_once_when_their_identifiers_come_on_postgres() {
    all_go_out_at_once(Backend::Postgres, 2);
}
