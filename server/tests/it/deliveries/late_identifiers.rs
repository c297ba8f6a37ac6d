//! Purchases first, identifiers later: what waited goes out in order, at once, and never without its identifier.

use std::time::{Duration, Instant};

use bursar::store::Sql;
use serde_json::{Value, json};
use xtask::test_environment::size;

use crate::support::backend::{ALL, Backend, SHARED};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, SECOND, advance, amplitude, bought, deliveries, enable, fates_of, put, rows, run, settle_down,
    states, told, transaction_of, until_states, work,
};
use crate::support::mortal::Mortal;
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, PROFILE, SDK_IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};
use crate::support::waiting::until;

const IDFA: &str = "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e5f";

/// How an identifier comes.
#[derive(Debug, Clone, Copy)]
enum Way {
    Identifiers,
    Sdk,
    Create,
    Update,
    Consent,
}

impl Way {
    /// The integration that waits for what comes so.
    fn slug(self) -> &'static str {
        match self {
            Self::Identifiers | Self::Sdk => "amplitude",
            Self::Create | Self::Update => "adjust",
            Self::Consent => "facebook_ads",
        }
    }

    fn settings(self, url: &str) -> Value {
        let own = match self {
            Self::Identifiers | Self::Sdk => {
                json!({"api_keys": {"production": {"ios": "key"}}, "wait_for_identifier": 2_592_000})
            }
            Self::Create | Self::Update => {
                json!({"app_tokens": {"ios": "app"}, "event_tokens": {"ios": {"subscription_started": "i00001"}}})
            }
            Self::Consent => json!({"facebook_app_id": "88", "ios_app_id": "123", "client_token": "token"}),
        };
        with(own, json!({"base_url": url, "exclude_historical_events": false}))
    }

    /// What is known before, and does not do.
    async fn begin(self, customer: &Customer<'_>) {
        if let Self::Consent = self {
            let body = json!({"att_status": 2, "installation_meta": {"device_id": "d", "platform": "iOS", "idfa": IDFA}});
            customer.post(PROFILE, &body).await;
        }
    }

    async fn come(self, customer: &Customer<'_>) {
        let device = json!({"installation_meta": {"device_id": "d", "platform": "iOS", "idfa": IDFA}});
        let (method, path, body) = match self {
            Self::Identifiers => ("POST", IDENTIFIERS, json!({"amplitude_user_id": customer.id})),
            Self::Sdk => {
                let profile = customer.profile().await["profile_id"].clone();
                let data = json!({"profile_id": profile, "amplitude_user_id": customer.id});
                ("POST", SDK_IDENTIFIERS, json!({"data": data}))
            }
            Self::Create => ("POST", PROFILE, device),
            Self::Update => ("PATCH", PROFILE, device),
            Self::Consent => ("PATCH", PROFILE, json!({"att_status": 3})),
        };
        let answer = match self {
            Self::Sdk => customer.server.call(method, path, &[], &body.to_string()).await,
            _ => customer.call(method, path, &body).await,
        };
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

/// The transactions that were told of, in order.
fn order(vendor: &Vendor) -> Vec<String> {
    let received = vendor.received();
    let mut order = Vec::new();
    for request in &received {
        for number in 0..3 {
            let known = format!("-t{number}");
            if let Some(place) = request.body.find(&known) {
                let begin = request.body[..place].rfind("user").unwrap();
                order.push(request.body[begin..place + known.len()].to_owned());
            }
        }
    }
    order
}

/// A server learns a little later of what another one has set up.
#[tokio::test]
async fn an_identifier_that_comes_through_a_server_which_knows_of_no_integration_yet_lets_go_what_waits() {
    let vendor = Vendor::start().await;
    let server = TestServer::on(Backend::Postgres).await;
    let other = server.beside().await;
    let _working = work(&server);
    // The first look for integrations is over.
    settle_down(&server.state).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let settings = json!({"wait_for_identifier": 2_592_000, "exclude_historical_events": false});
    let saved = put(
        &server,
        "amplitude",
        true,
        &with(amplitude(&vendor.url), settings),
    )
    .await;
    assert_eq!(saved.status, 200, "{}", saved.text());
    Customer::new(&server, "ann")
        .await
        .post(TRANSACTION, &bought("t1"))
        .await;
    until_states(&server, &["waiting 1"]).await;
    let there = Customer::new(&other, "ann").await;
    there
        .post(IDENTIFIERS, &json!({"amplitude_user_id": "a-1"}))
        .await;
    assert_eq!(states(&server).await, ["waiting 1"]);
    // By then every server knows it, and what waits is looked at anew.
    advance(&server, SECOND).await;
    assert_eq!(states(&server).await, ["delivered 1"]);
}

/// It goes by the settings of before, and dies before it learns of the new ones.
#[tokio::test]
async fn what_a_server_has_wait_by_settings_of_before_goes_out_though_that_server_dies() {
    static IS_NOTED: Sql = Sql::same("SELECT reason FROM queue WHERE reason IS NOT NULL");
    for backend in SHARED {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        let waiting = |seconds: u32| {
            let settings = json!({"wait_for_identifier": seconds, "exclude_historical_events": false});
            with(amplitude(&vendor.url), settings)
        };
        enable(&server, "amplitude", waiting(2_592_000)).await;
        let before = Mortal::start(&server.options, &server.state.clock).await;
        let saved = put(&server, "amplitude", true, &waiting(0)).await;
        assert_eq!(saved.status, 200, "{}", saved.text());
        Customer::new(&server, "ann")
            .await
            .post(TRANSACTION, &bought("t1"))
            .await;
        until("it is noted", async || !rows(&server, &IS_NOTED).await.is_empty()).await;
        drop(before);
        assert_eq!(states(&server).await, ["pending 1"], "{backend:?}");
        let _working = work(&server);
        advance(&server, SECOND).await;
        assert_eq!(states(&server).await, ["delivered 1"], "{backend:?}");
    }
}

#[tokio::test]
async fn whatever_way_an_identifier_comes_what_waited_for_it_goes_out_at_once_and_in_order() {
    for backend in ALL {
        for way in [Way::Identifiers, Way::Sdk, Way::Create, Way::Update, Way::Consent] {
            let server = TestServer::on(backend).await;
            let vendor = Vendor::with(|_, _| Manner::Answers(200, r#"{"success":true}"#)).await;
            enable(&server, way.slug(), way.settings(&vendor.url)).await;
            let _working = work(&server);
            let names: Vec<_> = (0..size(3, 30)).map(|number| format!("user{number}")).collect();
            for name in &names {
                let customer = Customer::new(&server, name).await;
                way.begin(&customer).await;
                for number in 0..3 {
                    customer
                        .post(TRANSACTION, &bought(&format!("{name}-t{number}")))
                        .await;
                }
            }
            advance(&server, HOUR).await;
            assert_eq!(vendor.count(), 0, "{backend:?} {way:?}");
            for (place, name) in names.iter().enumerate() {
                let customer = Customer {
                    server: &server,
                    id: name,
                };
                way.come(&customer).await;
                // As is promised.
                const PROMISED: Duration = Duration::from_secs(5);
                let came = Instant::now();
                while order(&vendor).len() < 3 * (place + 1) {
                    assert!(
                        came.elapsed() < PROMISED,
                        "{backend:?} {way:?}: {:?}",
                        order(&vendor)
                    );
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
            settle_down(&server.state).await;
            let all = names.len() * 3;
            let expected: Vec<_> = names
                .iter()
                .flat_map(|name| (0..3).map(move |number| format!("{name}-t{number}")))
                .collect();
            assert_eq!(order(&vendor), expected, "{backend:?} {way:?}");
            assert_eq!(
                states(&server).await,
                [format!("delivered {all}")],
                "{backend:?} {way:?}"
            );
            assert_conserved(&server).await;
        }
    }
}

/// The identifier is there, but nobody said so to what waits: the same look finds that nothing goes out. It is the
/// statement that comes with each change of a profile that lets go on, and no look-round.
#[tokio::test]
async fn an_identifier_that_comes_past_the_calls_lets_nothing_go_on() {
    static PAST_THE_CALLS: Sql =
        Sql::same("UPDATE profiles SET identifiers = '{\"amplitude_user_id\":\"user0\"}'");
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        let way = Way::Identifiers;
        enable(&server, way.slug(), way.settings(&vendor.url)).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "user0").await;
        customer.post(TRANSACTION, &bought("user0-t0")).await;
        settle_down(&server.state).await;
        run(&server, &PAST_THE_CALLS).await;
        advance(&server, HOUR).await;
        assert_eq!(vendor.count(), 0, "{backend:?}");
        assert_eq!(states(&server).await, ["waiting 1"], "{backend:?}");
        // Any change of the profile lets it go on.
        way.come(&customer).await;
        let other = json!({"adjust_device_id": "a"});
        customer.post(IDENTIFIERS, &other).await;
        settle_down(&server.state).await;
        assert_eq!(order(&vendor), ["user0-t0"], "{backend:?}");
    }
}

/// How many events were sent under another id than the customer's own.
fn without_identifier(vendor: &Vendor) -> usize {
    let told = told(&vendor.received());
    told.iter()
        .filter(|event| !event["user_id"].as_str().unwrap().starts_with("own-"))
        .count()
}

#[tokio::test]
async fn nothing_goes_out_without_the_identifier_unless_the_owner_does_not_wait() {
    for (waits, expected) in [(2_592_000, 0), (0, 3)] {
        let server = TestServer::on(Backend::SqliteMemory).await;
        let vendor = Vendor::start().await;
        let settings = with(amplitude(&vendor.url), json!({"wait_for_identifier": waits}));
        enable(&server, "amplitude", settings).await;
        let _working = work(&server);
        for name in ["ann", "bob", "cat"] {
            let customer = Customer::new(&server, name).await;
            customer.post(TRANSACTION, &bought(name)).await;
            advance(&server, HOUR).await;
            let id = json!({"amplitude_user_id": format!("own-{name}")});
            customer.post(IDENTIFIERS, &id).await;
            settle_down(&server.state).await;
        }
        assert_eq!(
            told(&vendor.received())
                .iter()
                .map(transaction_of)
                .collect::<Vec<_>>(),
            ["ann", "bob", "cat"]
        );
        assert_eq!(without_identifier(&vendor), expected);
    }
}

#[tokio::test]
async fn an_event_whose_identifier_comes_after_the_third_partys_window_is_expired() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        let firebase = json!({"firebase_app_ids": {"ios": "1:5:ios:9"}, "api_secrets": {"ios": "secret"},
            "base_url": vendor.url, "events": {"access_level_updated": false}});
        enable(&server, "firebase_ga4", firebase).await;
        let _working = work(&server);
        let today = json!({"purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z"});
        let (in_time, late) = (
            Customer::new(&server, "ann").await,
            Customer::new(&server, "bob").await,
        );
        for customer in [&in_time, &late] {
            customer
                .post(TRANSACTION, &with(bought(customer.id), today.clone()))
                .await;
        }
        let id = json!({"firebase_app_instance_id": "0123456789abcdef0123456789abcdef"});
        advance(&server, 72 * HOUR).await;
        let waiting = deliveries(&server).await;
        assert!(
            waiting.iter().all(|seen| seen.state == "waiting"),
            "{backend:?}: {waiting:#?}"
        );
        assert_eq!(waiting[0].reason, "missing_identifier: firebase_app_instance_id");
        in_time.post(IDENTIFIERS, &id).await;
        settle_down(&server.state).await;
        // Nobody has to come for it to be told that it is too late.
        advance(&server, 1).await;
        let expected = ["ann delivered", "bob expired too_old"];
        assert_eq!(
            fates_of(&server, "firebase_ga4", "").await,
            expected,
            "{backend:?}"
        );
        late.post(IDENTIFIERS, &id).await;
        advance(&server, HOUR).await;
        assert_eq!(
            fates_of(&server, "firebase_ga4", "").await,
            expected,
            "{backend:?}"
        );
        assert_eq!(vendor.count(), 1, "{backend:?}");
        assert_conserved(&server).await;
    }
}
