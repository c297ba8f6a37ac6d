//! An integration whose settings are refused stops, burns nothing, and goes on when they are mended.

use std::time::Duration;

use bursar::actions::integrations::block;
use bursar::admin;
use bursar::admin::audit::Actor;
use bursar::admin::integrations::{IntegrationChanges, set};
use bursar::clock::Clock;
use bursar::delivery::overdue;
use bursar::directory::raise_version;
use bursar::sealed_settings::LOST;
use bursar::store::{Sql, Statement};
use bursar_domain::ids::AppId;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend, SHARED};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, SECOND, advance, amplitude, bought, branch, buyers, deliveries, enable, entries, fates_of, get,
    only, put, run, settle_down, shown, states, told, transaction_of, until_states, work,
};
use crate::support::direct::{add_app, set_integration_of};
use crate::support::purchases::{Customer, with};
use crate::support::server::{PROFILE, START, TRANSACTION, TestServer, open, outbound, request};
use crate::support::vendor::{Gate, Manner, Received, Vendor};

#[tokio::test]
async fn metrics_tell_for_how_many_apps_an_integration_stands_still() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = AppId(server.app_id.parse().unwrap());
        let counted = async |slug: &str, apps: u32| {
            let metrics = server.call("GET", "/metrics", &[], "").await.text();
            let line = format!("bursar_integrations_blocked{{integration=\"{slug}\"}} {apps}");
            assert!(metrics.lines().any(|known| known == line), "{backend:?}: {line}");
        };
        counted("amplitude", 0).await;
        enable(&server, "amplitude", amplitude("https://example.com")).await;
        let known = server.state.directory().app(app).cloned().unwrap();
        let saved = &known.integration("amplitude").unwrap().saved;
        let refused = block(&server.state, app, "amplitude", saved, Some("a wrong key"));
        assert!(refused.await.unwrap());
        counted("amplitude", 1).await;
        counted("webhook", 0).await;
        put(&server, "amplitude", false, &amplitude("https://example.com")).await;
        counted("amplitude", 0).await;
        put(&server, "amplitude", true, &json!({})).await;
        counted("amplitude", 1).await;
        put(&server, "amplitude", false, &json!({})).await;
        counted("amplitude", 0).await;
    }
}

#[tokio::test]
async fn metrics_tell_how_late_deliveries_are() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(200, "{}")).await;
        let late = async |slug: &str, seconds: i64| {
            overdue::note(&server.state).await.unwrap();
            let metrics = server.call("GET", "/metrics", &[], "").await.text();
            let line = format!("bursar_delivery_overdue_seconds{{integration=\"{slug}\"}} {seconds}");
            assert!(metrics.lines().any(|known| known == line), "{backend:?}: {line}");
        };
        late("amplitude", 0).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        advance(&server, 90 * SECOND).await;
        late("amplitude", 90).await;
        late("webhook", 0).await;
        put(&server, "amplitude", false, &amplitude(&vendor.url)).await;
        late("amplitude", 0).await;
        put(&server, "amplitude", true, &amplitude(&vendor.url)).await;
        late("amplitude", 90).await;
        // Of several apps the one counts that is latest.
        let other = add_app(&server.state).await;
        set_integration_of(&server.state, other.id, "amplitude", amplitude(&vendor.url)).await;
        let key = format!("Api-Key {}", other.secret_key);
        let bob = [("adapty-customer-user-id", "bob")];
        let bought = bought("t2").to_string();
        for (path, body) in [(PROFILE, ""), (TRANSACTION, &*bought)] {
            let answer = server.send(request(&key, "POST", path, &bob, body)).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        late("amplitude", 90).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        late("amplitude", 0).await;
    }
}

#[tokio::test]
async fn metrics_count_tries_by_integration_and_what_they_came_to() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::start().await;
    enable(&server, "amplitude", amplitude(&vendor.url)).await;
    let _working = work(&server);
    let customer = Customer::new(&server, "ann").await;
    for (number, status) in [200, 400, 200].into_iter().enumerate() {
        vendor.script(move |_, _| Manner::Answers(status, "{}"));
        customer.post(TRANSACTION, &bought(&format!("t{number}"))).await;
        settle_down(&server.state).await;
    }
    let metrics = server.call("GET", "/metrics", &[], "").await.text();
    let counts = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("bursar_delivery_try_duration_seconds_count"));
    let mut counts: Vec<_> = counts.collect();
    counts.sort_unstable();
    assert_eq!(
        counts,
        [
            r#"{integration="amplitude",verdict="delivered"} 2"#,
            r#"{integration="amplitude",verdict="rejected"} 1"#,
        ]
    );
}

#[tokio::test]
async fn refused_credentials_stop_everything_until_they_are_mended() {
    for backend in ALL {
        for status in [401, 403] {
            let server = TestServer::on(backend).await;
            let vendor = Vendor::with(move |request, _| match request.json()["api_key"].as_str() {
                Some("good") => Manner::Answers(200, "{}"),
                _ => Manner::Answers(status, "go away"),
            })
            .await;
            enable(&server, "amplitude", amplitude(&vendor.url)).await;
            let names: Vec<_> = (0..6).map(|number| format!("user-{number}")).collect();
            for name in &names {
                let customer = Customer::new(&server, name).await;
                for number in 0..2 {
                    customer
                        .post(TRANSACTION, &bought(&format!("{name}-{number}")))
                        .await;
                }
            }
            let _working = work(&server);
            settle_down(&server.state).await;
            let body = shown(&server, "amplitude").await;
            assert_eq!(body["status"], "blocked", "{backend:?}: {body}");
            assert_eq!(body["problems"][0]["detail"], format!("{status} go away"));
            // Nobody is asked again, however long it takes, and no try is counted.
            let (asked, before) = (vendor.count(), deliveries(&server).await);
            assert!(
                before
                    .iter()
                    .all(|seen| seen.state == "pending" && seen.tries <= 1),
                "{before:#?}"
            );
            advance(&server, 6 * HOUR).await;
            assert_eq!(
                (vendor.count(), deliveries(&server).await),
                (asked, before),
                "{backend:?}"
            );
            let mended = with(
                amplitude(&vendor.url),
                json!({"api_keys": {"production": {"ios": "good"}}}),
            );
            let answer = put(&server, "amplitude", true, &mended).await.json();
            assert_eq!(
                (&answer["status"], &answer["problems"]),
                (&json!("ok"), &json!([]))
            );
            settle_down(&server.state).await;
            assert_eq!(states(&server).await, ["delivered 12"], "{backend:?}");
            let good: Vec<Received> = vendor.received().into_iter().skip(asked).collect();
            for name in &names {
                let of_user = told(&good)
                    .into_iter()
                    .filter(|event| event["user_id"] == name.as_str());
                let order: Vec<_> = of_user.map(|event| transaction_of(&event)).collect();
                assert_eq!(order, [format!("{name}-0"), format!("{name}-1")], "{backend:?}");
            }
            assert_conserved(&server).await;
        }
    }
}

/// Beyond all the time for which Amplitude's events may be repeated: none of it has begun.
#[tokio::test]
async fn what_was_blocked_for_long_goes_out_all_the_same() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(401, "go away")).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        let _working = work(&server);
        for day in 0..8 {
            // Each look of the owner's is answered in the same way.
            put(&server, "amplitude", true, &amplitude(&vendor.url)).await;
            settle_down(&server.state).await;
            assert_eq!(shown(&server, "amplitude").await["status"], "blocked", "{day}");
            advance(&server, 24 * HOUR).await;
        }
        // A look of the owner's may come to two tries, where the settings are read again between.
        let refused = vendor.count();
        assert!((8..=16).contains(&refused), "{backend:?}: {refused}");
        vendor.script(move |_, number| match number == refused {
            true => Manner::Answers(500, "down"),
            false => Manner::Answers(200, "{}"),
        });
        put(&server, "amplitude", true, &amplitude(&vendor.url)).await;
        settle_down(&server.state).await;
        let [seen] = &deliveries(&server).await[..] else {
            panic!("one event")
        };
        let tries = i64::try_from(refused).unwrap() + 1;
        assert_eq!(
            (seen.state.as_str(), seen.tries),
            ("pending", tries),
            "{backend:?}"
        );
        // The first failure that counts: it is repeated after the first wait.
        advance(&server, 6 * SECOND).await;
        assert_eq!(states(&server).await, ["delivered 1"], "{backend:?}");
        let told = told(&vendor.received());
        assert!(told.iter().all(|event| *event == told[0]), "{told:#?}");
        assert_conserved(&server).await;
    }
}

/// With one request at a time many are claimed ahead. All that is claimed after a refusal goes back unsent.
#[tokio::test]
async fn one_refusal_stops_what_is_claimed_already() {
    const GOOD: usize = 40;
    let vendor = Vendor::with(|_, number| match number {
        0..GOOD => Manner::Answers(200, "{}"),
        _ => Manner::Answers(403, "no"),
    })
    .await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    let one_by_one = json!({"max_in_flight": 1});
    enable(&server, "branch", with(branch(&vendor.url), one_by_one)).await;
    buyers(&server, 0..2 * GOOD).await;
    let _working = work(&server);
    settle_down(&server.state).await;
    assert_eq!(vendor.count(), GOOD + 1);
    let left = GOOD;
    assert_eq!(
        states(&server).await,
        [format!("delivered {GOOD}"), format!("pending {left}")]
    );
    assert_conserved(&server).await;
}

/// The third party refuses settings that are mended, in this way, before its answer is there.
async fn late_refusal(server: &TestServer, mend: impl AsyncFnOnce(Value)) {
    let gate = Gate::closed();
    let late = gate.holds(Manner::Answers(401, "go away"));
    let vendor = Vendor::with(move |request, _| match request.json()["api_key"].as_str() {
        Some("good") => Manner::Answers(200, "{}"),
        _ => late.clone(),
    })
    .await;
    enable(server, "amplitude", amplitude(&vendor.url)).await;
    let customer = Customer::new(server, "ann").await;
    customer.post(TRANSACTION, &bought("t1")).await;
    let _working = work(server);
    vendor.until_count(1).await;
    let good = json!({"api_keys": {"production": {"ios": "good"}}});
    mend(with(amplitude(&vendor.url), good)).await;
    gate.open();
    until_states(server, &["delivered 1"]).await;
    assert_eq!(shown(server, "amplitude").await["status"], "ok");
}

#[tokio::test]
async fn an_answer_to_settings_that_were_mended_meanwhile_blocks_nothing() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    late_refusal(&server, async |mended| {
        let put = put(&server, "amplitude", true, &mended).await;
        assert_eq!(put.status, 200, "{}", put.text());
    })
    .await;
}

/// A server learns a little later of what another one or a command has saved, and answers come in between.
#[tokio::test]
async fn an_answer_to_settings_that_another_program_has_mended_blocks_nothing() {
    for backend in SHARED {
        let server = TestServer::on(backend).await;
        late_refusal(&server, async |mended| {
            enable(&server.beside().await, "amplitude", mended).await;
        })
        .await;
    }
}

/// The webhook's receiver says that it is gone: this event is not for it, and the others wait.
#[tokio::test]
async fn what_is_gone_is_rejected_and_nothing_more_is_sent() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|request, _| match request.body.as_str() {
            "{}" => Manner::Answers(200, "{}"),
            _ => Manner::Answers(410, "gone"),
        })
        .await;
        let settings = json!({"urls": {"production": vendor.url}, "events": {"access_level_updated": false},
            "retry_on": "non_2xx"});
        put(&server, "webhook", true, &settings).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        for transaction in ["t1", "t2"] {
            customer.post(TRANSACTION, &bought(transaction)).await;
            settle_down(&server.state).await;
        }
        let fates = fates_of(&server, "webhook", "").await;
        assert_eq!(fates, ["t1 rejected 410 gone", "t2 pending"], "{backend:?}");
        let body = shown(&server, "webhook").await;
        assert_eq!(
            (&body["status"], &body["problems"][0]["detail"]),
            (&json!("blocked"), &json!("urls.production: 410 gone"))
        );
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        put(&server, "webhook", true, &settings).await;
        settle_down(&server.state).await;
        let fates = fates_of(&server, "webhook", "").await;
        assert_eq!(fates, ["t1 rejected 410 gone", "t2 delivered"], "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// As after a master key was lost, or a row damaged.
#[tokio::test]
async fn an_integration_whose_secrets_cannot_be_opened_stands_still_alone_until_they_are_entered_anew() {
    for backend in SHARED {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        lose_secrets(&server, "amplitude").await;
        // All else is served, also by a server that starts now.
        open(&server.options, Clock::test(START), outbound()).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        // It is told of the delivery wherever that is shown.
        let seen = |entry: &Value| (entry["state"].clone(), entry["reason"].clone());
        let blocked = (json!("blocked"), json!(LOST));
        let listed = entries(&server, "deliveries?state=blocked").await;
        assert_eq!(seen(only(&listed)), blocked, "{backend:?}");
        assert_eq!(only(&listed)["next_attempt_at"], Value::Null, "{backend:?}");
        assert!(entries(&server, "deliveries?state=pending").await.is_empty());
        let events = entries(&server, "events?event_type=subscription_started").await;
        assert_eq!(seen(&only(&events)["deliveries"][0]), blocked, "{backend:?}");
        let id = only(&listed)["delivery_id"].as_str().unwrap();
        let single = get(&server, &format!("deliveries/{id}")).await;
        let why = single["why"].to_string();
        assert_eq!(seen(&single), blocked, "{backend:?}");
        assert!(
            why.contains("It is blocked since") && !why.contains("credentials"),
            "{why}"
        );
        // Switching it off and on brings no secrets back.
        for (enabled, status) in [(false, "disabled"), (true, "blocked")] {
            switch(&server, "amplitude", enabled).await;
            let body = shown(&server, "amplitude").await;
            let problems = json!([{"field": "status", "detail": LOST}]);
            assert_eq!(
                (&body["status"], &body["problems"]),
                (&status.into(), &problems),
                "{backend:?}"
            );
        }
        settle_down(&server.state).await;
        assert_eq!(
            (vendor.count(), states(&server).await),
            (0, vec!["pending 1".to_owned()]),
            "{backend:?}"
        );
        let mended = put(&server, "amplitude", true, &amplitude(&vendor.url))
            .await
            .json();
        assert_eq!(mended["status"], "ok", "{backend:?}: {mended}");
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["delivered 1"], "{backend:?}");
    }
}

async fn lose_secrets(server: &TestServer, slug: &str) {
    static SQL: Sql = Sql::same("UPDATE integrations SET sealed_secrets = $1 WHERE slug = $2");
    let damage = Statement::new(&SQL, [b"sealed under another key".to_vec().into(), slug.into()]);
    let store = &server.state.store;
    store.write(vec![damage, raise_version()]).await.unwrap();
    server.state.refresh().await.unwrap();
}

/// As the command line does, without a word of the settings.
async fn switch(server: &TestServer, slug: &str, enabled: bool) {
    let request = admin::Request {
        actor: Actor("test".into()),
        now: START,
        remember: None,
    };
    let changes = IntegrationChanges {
        enabled: Some(enabled),
        settings: None,
    };
    let app = AppId(server.app_id.parse().unwrap());
    set(&server.state, request, app, slug, changes).await.unwrap();
}

/// The database does not take it: nothing is kept of the refusal, and nothing stands still for ever.
#[tokio::test]
async fn a_refusal_that_could_not_be_written_down_is_told_by_the_next_answer() {
    static BREAK: Sql = Sql::on_sqlite(
        "CREATE TRIGGER broken BEFORE UPDATE ON integrations BEGIN SELECT RAISE(ABORT, 'broken'); END",
    );
    static MEND: Sql = Sql::on_sqlite("DROP TRIGGER broken");
    let vendor = Vendor::with(|_, _| Manner::Late(Duration::from_millis(20), 401, "go away")).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "amplitude", amplitude(&vendor.url)).await;
    let customer = Customer::new(&server, "ann").await;
    customer.post(TRANSACTION, &bought("t1")).await;
    run(&server, &BREAK).await;
    let _working = work(&server);
    vendor.until_count(2).await;
    assert_eq!(shown(&server, "amplitude").await["status"], "ok");
    run(&server, &MEND).await;
    settle_down(&server.state).await;
    assert_eq!(shown(&server, "amplitude").await["status"], "blocked");
    assert_eq!(states(&server).await, ["pending 1"]);
}
