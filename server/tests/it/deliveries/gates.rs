//! What goes to an integration, and what does not, with the reason.

use bursar::store::Sql;
use serde_json::{Value, json};

use crate::support::backend::ALL;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, MINUTE, advance, amplitude, bought, branch, enable, fates_of, put, run, settle_down, shown, states,
    work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

#[tokio::test]
async fn a_disabled_integration_keeps_what_is_open_and_goes_on_when_it_is_on_again() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let settings = with(amplitude(&vendor.url), json!({"wait_for_identifier": 2_592_000}));
        enable(&server, "amplitude", settings.clone()).await;
        let _working = work(&server);
        let ann = Customer::new(&server, "ann").await;
        ann.post(IDENTIFIERS, &json!({"amplitude_user_id": "ann"})).await;
        let bob = Customer::new(&server, "bob").await;
        ann.post(TRANSACTION, &bought("t1")).await;
        bob.post(TRANSACTION, &bought("t2")).await;
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["pending 1", "waiting 1"], "{backend:?}");
        let asked = vendor.count();
        put(&server, "amplitude", false, &settings).await;
        // What comes now is nothing to it; what is open stays; an identifier is not missed.
        ann.post(TRANSACTION, &bought("t3")).await;
        bob.post(IDENTIFIERS, &json!({"amplitude_user_id": "bob"})).await;
        advance(&server, HOUR).await;
        assert_eq!(vendor.count(), asked, "{backend:?}");
        let open = fates_of(&server, "amplitude", "").await;
        assert_eq!(open.len(), 2, "{backend:?}: {open:?}");
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        put(&server, "amplitude", true, &settings).await;
        settle_down(&server.state).await;
        let fates = fates_of(&server, "amplitude", "").await;
        assert_eq!(fates, ["t1 delivered", "t2 delivered"], "{backend:?}");
    }
}

#[tokio::test]
async fn an_event_that_is_switched_off_meanwhile_is_skipped() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        let off = with(
            amplitude(&vendor.url),
            json!({"events": {"subscription_started": false, "access_level_updated": false}}),
        );
        put(&server, "amplitude", true, &off).await;
        let asked = vendor.count();
        advance(&server, MINUTE).await;
        customer.post(TRANSACTION, &bought("t2")).await;
        settle_down(&server.state).await;
        let fates = fates_of(&server, "amplitude", "").await;
        assert_eq!(
            fates,
            ["t1 skipped event_disabled", "t2 skipped event_disabled"],
            "{backend:?}"
        );
        assert_eq!(vendor.count(), asked, "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// Where an event goes out under a name of the owner's, no name is as good as off.
#[tokio::test]
async fn an_event_whose_name_is_taken_away_is_not_repeated() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let named = |name: &str| {
            json!({"firebase_app_ids": {"ios": "1:2:ios:3"}, "api_secrets": {"ios": "s"}, "base_url": vendor.url,
                "events": {"access_level_updated": false}, "event_names": {"ios": {"subscription_started": name}}})
        };
        assert_eq!(
            put(&server, "firebase_ga4", true, &named("bought")).await.status,
            200
        );
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        customer
            .post(
                IDENTIFIERS,
                &json!({"firebase_app_instance_id": "0123456789abcdef0123456789abcdef"}),
            )
            .await;
        let today = json!({"purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z"});
        customer.post(TRANSACTION, &with(bought("t1"), today)).await;
        settle_down(&server.state).await;
        let asked = vendor.count();
        put(&server, "firebase_ga4", true, &named("")).await;
        advance(&server, MINUTE).await;
        let fates = fates_of(&server, "firebase_ga4", "").await;
        assert_eq!(fates, ["t1 skipped event_disabled"], "{backend:?}");
        assert_eq!((asked, vendor.count()), (1, 1), "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// What is repeated is what was sent before, but not without the address or the key that it was sent with.
#[tokio::test]
async fn an_address_or_a_key_that_is_taken_away_skips_what_is_repeated_and_blocks_nothing() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let ill = Vendor::with(|request, _| match request.body.as_str() {
            "{}" => Manner::Answers(200, "{}"),
            _ => Manner::Answers(500, "down"),
        })
        .await;
        let well = Vendor::start().await;
        let off = json!({"access_level_updated": false});
        let webhook = json!({"urls": {"production": well.url, "sandbox": ill.url}, "events": off});
        put(&server, "webhook", true, &webhook).await;
        let keys = |sandbox: &str| {
            let keys = json!({"production": "key_live_a", "sandbox": sandbox});
            json!({"branch_keys": keys, "base_url": ill.url, "events": off})
        };
        put(&server, "branch", true, &keys("key_test_b")).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        customer.post(IDENTIFIERS, &json!({"branch_id": "b"})).await;
        let sandbox = with(bought("test"), json!({"environment": "Sandbox"}));
        customer.post(TRANSACTION, &sandbox).await;
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["pending 2"], "{backend:?}");
        let asked = ill.count();
        let without = json!({"urls": {"production": well.url}, "events": off});
        assert_eq!(
            put(&server, "webhook", true, &without).await.json()["status"],
            "ok"
        );
        put(&server, "branch", true, &keys("")).await;
        advance(&server, MINUTE).await;
        customer.post(TRANSACTION, &bought("real")).await;
        settle_down(&server.state).await;
        let fates = fates_of(&server, "webhook", "").await;
        let missing = "test skipped missing_credentials: urls.sandbox";
        assert_eq!(fates, ["real delivered", missing], "{backend:?}");
        let fates = fates_of(&server, "branch", "").await;
        let missing = "test skipped missing_credentials: branch_keys.sandbox";
        assert_eq!(fates, ["real pending 500 down", missing], "{backend:?}");
        assert_eq!(ill.count(), asked + 1, "{backend:?}");
        for slug in ["webhook", "branch"] {
            assert_eq!(shown(&server, slug).await["status"], "ok", "{backend:?}");
        }
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn who_is_not_to_be_analysed_is_told_of_to_nobody() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        enable(&server, "webhook", json!({"urls": {"production": vendor.url}})).await;
        let _working = work(&server);
        for (name, is_disabled) in [("ann", true), ("bob", false)] {
            let customer = Customer::new(&server, name).await;
            let body = json!({"analytics_disabled": is_disabled});
            customer.post(PROFILE, &body).await;
            customer.post(TRANSACTION, &bought(name)).await;
        }
        settle_down(&server.state).await;
        let fates = fates_of(&server, "amplitude", "").await;
        assert_eq!(fates[..1], ["ann skipped analytics_disabled"], "{backend:?}");
        let sent: Vec<_> = vendor
            .received()
            .into_iter()
            .map(|request| request.body)
            .collect();
        assert!(sent.iter().any(|body| body.contains("bob")), "{backend:?}");
        assert!(
            !sent.iter().any(|body| body.contains("ann")),
            "{backend:?}: {sent:?}"
        );
        assert_conserved(&server).await;
    }
}

/// What waits, what is to be repeated, and what a wrong key holds up.
#[tokio::test]
async fn who_opts_out_is_not_told_of_any_more_though_deliveries_are_open() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let ill = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let strict = Vendor::with(|_, _| Manner::Answers(403, "key")).await;
        let waits = json!({"api_keys": {"production": {"ios": "key"}}, "base_url": ill.url,
            "wait_for_identifier": 2_592_000, "events": {"access_level_updated": false}});
        enable(&server, "amplitude", waits.clone()).await;
        enable(
            &server,
            "webhook",
            json!({"urls": {"production": ill.url}, "events": {"access_level_updated": false}}),
        )
        .await;
        let branch = branch(&strict.url);
        enable(&server, "branch", branch.clone()).await;
        let _working = work(&server);
        let ann = Customer::new(&server, "ann").await;
        ann.post(IDENTIFIERS, &json!({"branch_id": "b"})).await;
        ann.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["pending 2", "waiting 1"], "{backend:?}");
        let asked = ill.count() + strict.count();
        ann.call("PATCH", PROFILE, &json!({"analytics_disabled": true}))
            .await;
        ann.post(IDENTIFIERS, &json!({"amplitude_user_id": "ann"})).await;
        put(&server, "branch", true, &branch).await;
        advance(&server, HOUR).await;
        for slug in ["amplitude", "webhook", "branch"] {
            let fates = fates_of(&server, slug, "").await;
            assert_eq!(fates, ["t1 skipped analytics_disabled"], "{backend:?} {slug}");
        }
        assert_eq!(ill.count() + strict.count(), asked, "{backend:?}");
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn a_call_that_the_settings_do_not_ask_for_any_more_is_not_repeated() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let ill = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let settings = |revenue: bool| {
            json!({"application_id": "1", "post_api_key": "k", "send_revenue_events": revenue, "base_url": ill.url,
                "events": {"access_level_updated": false}})
        };
        let saved = put(&server, "appmetrica", true, &settings(true)).await;
        assert_eq!(saved.status, 200, "{}", saved.text());
        let _working = work(&server);
        let ann = Customer::new(&server, "ann").await;
        ann.post(IDENTIFIERS, &json!({"appmetrica_device_id": "7"})).await;
        ann.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        put(&server, "appmetrica", true, &settings(false)).await;
        let revenue = || {
            ill.received()
                .iter()
                .filter(|request| request.path.starts_with("/logs/v1/import/revenue"))
                .count()
        };
        let asked = revenue();
        advance(&server, HOUR).await;
        let fates = fates_of(&server, "appmetrica", "revenue").await;
        assert_eq!(fates, ["t1 skipped event_disabled"], "{backend:?}");
        assert_eq!((asked, revenue()), (1, 1), "{backend:?}");
        let events = fates_of(&server, "appmetrica", "event").await;
        assert!(events[0].starts_with("t1 pending"), "{backend:?} {events:?}");
    }
}

#[tokio::test]
async fn what_happened_before_the_installation_is_told_only_where_it_is_wanted() {
    for backend in ALL {
        for (excludes, expected) in [(true, "t1 skipped historical"), (false, "t1 delivered")] {
            let server = TestServer::on(backend).await;
            let vendor = Vendor::start().await;
            let settings = with(
                amplitude(&vendor.url),
                json!({"exclude_historical_events": excludes}),
            );
            enable(&server, "amplitude", settings).await;
            let _working = work(&server);
            let customer = Customer::new(&server, "ann").await;
            let device = json!({"installation_meta": {"device_id": "d", "platform": "iOS"}});
            customer.post(PROFILE, &device).await;
            customer.post(TRANSACTION, &bought("t1")).await;
            let today = json!({"purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z"});
            customer.post(TRANSACTION, &with(bought("t2"), today)).await;
            settle_down(&server.state).await;
            assert_eq!(
                fates_of(&server, "amplitude", "").await,
                [expected, "t2 delivered"],
                "{backend:?}"
            );
            assert_conserved(&server).await;
        }
    }
}

#[tokio::test]
async fn test_purchases_and_real_ones_go_under_credentials_of_their_own() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let (real, test) = (Vendor::start().await, Vendor::start().await);
        let keys = json!({"api_keys": {"production": {"ios": "real"}, "sandbox": {"ios": "test"}}});
        enable(&server, "amplitude", with(amplitude(&real.url), keys)).await;
        let off = json!({"access_level_updated": false});
        let webhook = json!({"urls": {"production": real.url, "sandbox": test.url}, "events": off,
            "authorizations": {"production": "real", "sandbox": "test"}});
        enable(&server, "webhook", webhook).await;
        let mixpanel =
            json!({"tokens": {"production": {"ios": "real"}}, "base_url": real.url, "events": off});
        enable(&server, "mixpanel", mixpanel).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("real")).await;
        let sandbox = with(bought("test"), json!({"environment": "Sandbox"}));
        customer.post(TRANSACTION, &sandbox).await;
        settle_down(&server.state).await;
        let transaction = |body: &Value| body["event_properties"]["transaction_id"].clone();
        for request in real.received().iter().chain(&test.received()) {
            let body = request.json();
            let (told, said) = if let Some(events) = body["events"].as_array() {
                (transaction(&events[0]), body["api_key"].clone())
            } else if request.path == "/" {
                (transaction(&body), json!(request.headers["authorization"]))
            } else {
                continue;
            };
            assert_eq!(told, said, "{backend:?}");
        }
        assert_eq!(test.count(), 1, "{backend:?}");
        let fates = fates_of(&server, "mixpanel", "event").await;
        let missing = "test skipped missing_credentials: tokens.sandbox.ios";
        assert_eq!(fates, ["real delivered", missing], "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// What was reported is forgotten behind the server's back and reported once more: its event is there, and so is what
/// came of it, whatever the settings say by now.
#[tokio::test]
async fn an_event_that_is_told_again_gets_no_second_fate() {
    static FORGET: [Sql; 3] = [
        Sql::same("UPDATE profiles SET holdings = NULL"),
        Sql::same("DELETE FROM chain_holders"),
        Sql::same("DELETE FROM transactions"),
    ];
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        let off = with(
            amplitude(&vendor.url),
            json!({"events": {"subscription_started": false, "access_level_updated": false}}),
        );
        for settings in [amplitude(&vendor.url), off] {
            put(&server, "amplitude", true, &settings).await;
            advance(&server, MINUTE).await;
            customer.post(TRANSACTION, &bought("t1")).await;
            assert_eq!(states(&server).await, ["pending 1"], "{backend:?}");
            assert_conserved(&server).await;
            for sql in &FORGET {
                run(&server, sql).await;
            }
        }
    }
}
