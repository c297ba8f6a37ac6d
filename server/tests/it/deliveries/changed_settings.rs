//! Settings are changed while something is on its way by those before.

use std::time::Duration;

use serde_json::json;

use crate::support::backend::{ALL, Backend, SHARED};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, SECOND, advance, amplitude, bought, branch, buyers, enable, put, settle_down, shown, states, work,
};
use crate::support::direct::set_settings;
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};

/// Nothing has arrived of what was refused for its credentials, so it is told anew, by the settings of then.
#[tokio::test]
async fn what_was_refused_goes_where_the_mended_settings_say() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|request, _| match request.path.contains("post_api_key=good&") {
            true => Manner::Answers(200, "{}"),
            false => Manner::Answers(403, "no"),
        })
        .await;
        let real = json!({"application_id": "1", "post_api_key": "good", "base_url": vendor.url,
            "events": {"access_level_updated": false}});
        let own = json!({"sandbox_application_id": "2", "sandbox_post_api_key": "wrong"});
        enable(&server, "appmetrica", with(real.clone(), own)).await;
        let customer = Customer::new(&server, "ann").await;
        customer
            .post(IDENTIFIERS, &json!({"appmetrica_profile_id": "ann"}))
            .await;
        customer
            .post(
                TRANSACTION,
                &with(bought("t1"), json!({"environment": "Sandbox"})),
            )
            .await;
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(
            shown(&server, "appmetrica").await["status"],
            "blocked",
            "{backend:?}"
        );
        let without = with(
            real,
            json!({"sandbox_application_id": null, "sandbox_post_api_key": null}),
        );
        put(&server, "appmetrica", true, &without).await;
        settle_down(&server.state).await;
        let told = states(&server).await;
        assert_eq!(
            shown(&server, "appmetrica").await["status"],
            "ok",
            "{backend:?}: {told:?}"
        );
        assert!(told.contains(&"delivered 1".to_owned()), "{backend:?}: {told:?}");
        assert_conserved(&server).await;
    }
}

/// What may have arrived is sent again as it was, but not where nobody is any more.
#[tokio::test]
async fn a_repeat_whose_way_is_gone_goes_the_way_that_there_is() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|request, _| match request.path.ends_with("/7/activities") {
            true => Manner::Answers(200, r#"{"success":true}"#),
            false => Manner::Answers(500, "down"),
        })
        .await;
        let app = json!({"facebook_app_id": "7", "base_url": vendor.url});
        let dataset = json!({"conversions_api": {"dataset_id": "8", "access_token": "token"}});
        enable(&server, "facebook_ads", with(app.clone(), dataset)).await;
        let customer = Customer::new(&server, "ann").await;
        customer
            .post(IDENTIFIERS, &json!({"facebook_anonymous_id": "XZ1"}))
            .await;
        let today = json!({"purchased_at": "2025-12-31T23:00:00Z", "originally_purchased_at": "2025-12-31T23:00:00Z"});
        customer.post(TRANSACTION, &with(bought("t1"), today)).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        advance(&server, 6 * SECOND).await;
        let paths = |asked: &[Received]| asked.iter().map(|one| one.path.clone()).collect::<Vec<_>>();
        assert_eq!(paths(&vendor.received()), ["/v25.0/8/events"; 2], "{backend:?}");
        let changed = put(&server, "facebook_ads", true, &app).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        advance(&server, HOUR).await;
        assert_eq!(
            paths(&vendor.received()[2..]),
            ["/v25.0/7/activities"],
            "{backend:?}"
        );
        assert_eq!(states(&server).await, ["delivered 1"], "{backend:?}");
    }
}

/// Which of its calls tells a name is known by the name's place in the settings.
#[tokio::test]
async fn what_was_tried_under_a_name_is_repeated_where_the_name_has_moved() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let named = |names: &[&str]| {
            json!({"app_name": "a", "api_token": "k", "base_url": vendor.url, "exclude_historical_events": false,
                "event_names": {"subscription_started": names}})
        };
        set_settings(&server, json!({"ios_bundle_id": "com.example"})).await;
        put(&server, "airbridge", true, &named(&["one", "two", "three"])).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(vendor.count(), 3, "{backend:?}");
        put(&server, "airbridge", true, &named(&["one", "three"])).await;
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        advance(&server, HOUR).await;
        let told = vendor.received().split_off(3).into_iter();
        let told = told.map(|one| one.json()["eventData"]["goal"]["category"].to_string());
        let mut told: Vec<_> = told.collect();
        told.sort();
        assert_eq!(told, [r#""one""#, r#""three""#, r#""two""#], "{backend:?}");
        assert_eq!(states(&server).await, ["delivered 3"], "{backend:?}");
    }
}

#[tokio::test]
async fn what_is_switched_off_is_not_sent_though_it_was_claimed() {
    const EVENTS: usize = 20;
    let vendor = Vendor::with(|_, _| Manner::Answers(200, "{}")).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    // All are claimed at once, and then wait for the rate.
    let slowly = with(branch(&vendor.url), json!({"requests_per_second": 10}));
    enable(&server, "branch", slowly.clone()).await;
    buyers(&server, 0..EVENTS).await;
    let _working = work(&server);
    vendor.until_count(2).await;
    put(&server, "branch", false, &slowly).await;
    let sent = vendor.count();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(vendor.count() <= sent + 1, "{sent} and then {}", vendor.count());
    put(&server, "branch", true, &slowly).await;
    settle_down(&server.state).await;
    assert_eq!(states(&server).await, [format!("delivered {EVENTS}")]);
    assert_eq!(vendor.count(), EVENTS);
}

#[tokio::test]
async fn what_was_claimed_goes_where_settings_say_that_were_saved_since() {
    const EVENTS: usize = 10;
    let [vendor, next] = [Vendor::start().await, Vendor::start().await];
    let server = TestServer::on(Backend::SqliteMemory).await;
    let slowly = |vendor: &Vendor| with(branch(&vendor.url), json!({"requests_per_second": 10}));
    enable(&server, "branch", slowly(&vendor)).await;
    buyers(&server, 0..EVENTS).await;
    let _working = work(&server);
    vendor.until_count(2).await;
    put(&server, "branch", true, &slowly(&next)).await;
    let sent = vendor.count();
    settle_down(&server.state).await;
    assert!(vendor.count() <= sent + 1, "{sent} and then {}", vendor.count());
    assert_eq!(vendor.count() + next.count(), EVENTS);
    assert_eq!(states(&server).await, [format!("delivered {EVENTS}")]);
}

#[tokio::test]
async fn what_waits_goes_out_where_changed_settings_ask_for_less() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(200, "{}")).await;
        let server = TestServer::on(backend).await;
        let settings = |wait: i64| with(branch(&vendor.url), json!({"wait_for_identifier": wait}));
        enable(&server, "branch", settings(86_400)).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["waiting 1"], "{backend:?}");
        put(&server, "branch", true, &settings(0)).await;
        advance(&server, SECOND).await;
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["delivered 1"], "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// A server learns a little later of what another one or a command has saved, and goes on by the settings before. One began to
/// wait in the same moment, so that whoever saved them did not see it.
#[tokio::test]
async fn what_began_to_wait_after_settings_were_saved_that_ask_for_less_goes_out() {
    for backend in SHARED {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        let patient = json!({"wait_for_identifier": 2_592_000});
        enable(&server, "amplitude", with(amplitude(&vendor.url), patient)).await;
        let _working = work(&server);
        let other = server.beside().await;
        let buys = async |name| {
            let customer = Customer::new(&server, name).await;
            customer.post(TRANSACTION, &bought(name)).await;
            settle_down(&server.state).await;
        };
        buys("ann").await;
        put(&other, "amplitude", true, &amplitude(&vendor.url)).await;
        buys("bob").await;
        assert_eq!(states(&server).await, ["pending 1", "waiting 1"], "{backend:?}");
        server.state.refresh().await.unwrap();
        advance(&server, SECOND).await;
        assert_eq!(states(&server).await, ["delivered 2"], "{backend:?}");
        assert_conserved(&server).await;
    }
}
