//! Tags tell what happened last, in whatever order it became known.

use bursar::store::{Sql, Statement};
use bursar_domain::events::Event;
use bursar_domain::ids::ProfileId;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend, hold, postgres_client, postgres_url};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    MINUTE, advance, bought_on, deliveries, enable, entries, fates_of, get, only, pushwoosh, retry, send,
    settle_down, until_states, work,
};
use crate::support::events::{event, store};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};

/// What OneSignal, Pushwoosh and Mixpanel are content with.
fn fine(request: &Received, _: usize) -> Manner {
    if request.path.contains("/setTags") {
        Manner::Answers(200, "")
    } else {
        Manner::Answers(
            200,
            r#"{"identity": {"onesignal_id": "7d3c1a52-0000-4000-8000-000000000001"}}"#,
        )
    }
}

const TAGGED: [&str; 2] = ["onesignal", "pushwoosh"];

fn settings(slug: &str, url: &str) -> Value {
    let said = match slug {
        "pushwoosh" => return pushwoosh(url),
        "onesignal" => json!({"app_id": "0f5b0c1e-8a44-4a0a-9a43-1c2d3e4f5a6b"}),
        _ => json!({"tokens": {"production": {"ios": "k"}}}),
    };
    with(
        said,
        json!({"base_url": url, "events": {"access_level_updated": false}}),
    )
}

/// Buys on one day after the other; each is told before the next.
async fn buys_on(customer: &Customer<'_>, days: &[u32]) {
    for day in days {
        customer.post(TRANSACTION, &bought_on(*day)).await;
        settle_down(&customer.server.state).await;
    }
}

async fn identified(server: &TestServer) -> Customer<'_> {
    let customer = Customer::new(server, "ann").await;
    let ids =
        json!({"one_signal_subscription_id": "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f", "pushwoosh_hwid": "h"});
    customer.post(IDENTIFIERS, &ids).await;
    customer
}

fn part_of(slug: &str) -> &'static str {
    match slug {
        "pushwoosh" => "tags",
        "mixpanel" => "profile",
        _ => "",
    }
}

async fn fates(server: &TestServer, slug: &str) -> Vec<String> {
    fates_of(server, slug, part_of(slug)).await
}

#[tokio::test]
async fn of_what_waits_that_counts_which_happened_last() {
    for backend in ALL {
        for slug in TAGGED {
            let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
            let server = TestServer::on(backend).await;
            enable(&server, slug, settings(slug, &vendor.url)).await;
            let _working = work(&server);
            let customer = identified(&server).await;
            for day in [10, 20, 15, 20] {
                let transaction = bought_on(day);
                customer.post(TRANSACTION, &transaction).await;
                settle_down(&server.state).await;
            }
            vendor.script(fine);
            advance(&server, 10 * MINUTE).await;
            let expected = [
                "day-10 skipped superseded",
                "day-15 skipped superseded",
                "day-20 delivered",
            ];
            assert_eq!(fates(&server, slug).await, expected, "{backend:?}");
            assert_conserved(&server).await;
        }
    }
}

#[tokio::test]
async fn what_is_reported_late_or_sent_again_does_not_overwrite_what_happened_after_it() {
    for backend in ALL {
        for slug in TAGGED {
            let vendor = Vendor::with(fine).await;
            let server = TestServer::on(backend).await;
            enable(&server, slug, settings(slug, &vendor.url)).await;
            let _working = work(&server);
            let customer = identified(&server).await;
            buys_on(&customer, &[10, 20]).await;
            assert_eq!(
                fates(&server, slug).await,
                ["day-10 delivered", "day-20 delivered"],
                "{backend:?}"
            );
            let asked = vendor.count();
            customer.post(TRANSACTION, &bought_on(15)).await;
            settle_down(&server.state).await;
            // The first one once more, by hand.
            let first = deliveries(&server).await.into_iter();
            let first = first.map(|seen| (seen.transaction, seen.event)).min().unwrap().1;
            let first = only(&entries(&server, &format!("deliveries?event_id={first}")).await).clone();
            let path = format!("deliveries/{}/retry", first["delivery_id"].as_str().unwrap());
            let refused = send(&server, "POST", &path, &Value::Null).await;
            assert!(
                refused.status == 409 && refused.text().contains("not to get this event now: superseded"),
                "{backend:?}: {}",
                refused.text()
            );
            assert_eq!(vendor.count(), asked, "{backend:?}: nothing was sent");
            let again = json!({"filter": {"integration": slug, "states": ["delivered"]}});
            let replay = send(&server, "POST", "replays", &again).await;
            assert_eq!(replay.status, 200, "{backend:?}: {}", replay.text());
            settle_down(&server.state).await;
            let superseded = [
                "day-10 skipped superseded",
                "day-15 skipped superseded",
                "day-20 delivered",
            ];
            assert_eq!(fates(&server, slug).await, superseded, "{backend:?}");
            assert_eq!(vendor.count(), asked + 1, "{backend:?}: the last one alone");
            // What happens then is told as ever.
            customer.post(TRANSACTION, &bought_on(25)).await;
            settle_down(&server.state).await;
            assert_eq!(fates(&server, slug).await[3], "day-25 delivered", "{backend:?}");
            assert_conserved(&server).await;
        }
    }
}

#[tokio::test]
async fn the_newest_alone_waits_for_an_identifier() {
    for backend in ALL {
        for slug in ["onesignal", "pushwoosh", "mixpanel"] {
            let vendor = Vendor::with(fine).await;
            let server = TestServer::on(backend).await;
            let mut said = settings(slug, &vendor.url);
            if slug == "mixpanel" {
                said = with(said, json!({"wait_for_identifier": 1_000_000}));
            }
            enable(&server, slug, said).await;
            let _working = work(&server);
            let customer = Customer::new(&server, "ann").await;
            let newest = if slug == "mixpanel" { "day-15" } else { "day-20" };
            for days in [&[5][..], &[10], &[20, 15]] {
                for day in days {
                    customer.post(TRANSACTION, &bought_on(*day)).await;
                }
                settle_down(&server.state).await;
            }
            let assert_one_waits = async || {
                for fate in fates(&server, slug).await {
                    let expected = if fate.starts_with(newest) {
                        fate.contains(" waiting missing_identifier: ")
                    } else {
                        fate.ends_with(" skipped superseded")
                    };
                    assert!(expected, "{backend:?} {slug}: {fate}");
                }
            };
            assert_one_waits().await;
            if slug != "mixpanel" {
                let path = format!("deliveries?integration={slug}&state=skipped");
                let skipped = entries(&server, &path).await;
                let old = skipped.iter().find(|one| one["part"] == part_of(slug)).unwrap();
                let path = format!("deliveries/{}/retry", old["delivery_id"].as_str().unwrap());
                let refused = send(&server, "POST", &path, &Value::Null).await;
                assert_eq!(refused.status, 409, "{backend:?} {slug}: {}", refused.text());
                assert_one_waits().await;
            }
            let ids = json!({"one_signal_subscription_id": "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
                             "pushwoosh_hwid": "h", "mixpanel_user_id": "m"});
            customer.post(IDENTIFIERS, &ids).await;
            settle_down(&server.state).await;
            let delivered = format!("{newest} delivered");
            assert!(
                fates(&server, slug).await.contains(&delivered),
                "{backend:?} {slug}"
            );
            assert_conserved(&server).await;
        }
    }
}

/// What is on its way at the same time arrives in any order.
#[tokio::test]
async fn the_newest_alone_goes_out_also_where_the_order_does_not_matter() {
    for backend in ALL {
        for slug in ["onesignal", "pushwoosh", "mixpanel"] {
            let vendor = Vendor::with(fine).await;
            let server = TestServer::on(backend).await;
            let mut said = with(settings(slug, &vendor.url), json!({"ordered": false}));
            if slug == "mixpanel" {
                said["wait_for_identifier"] = json!(1_000_000);
            }
            enable(&server, slug, said).await;
            let _working = work(&server);
            let customer = Customer::new(&server, "ann").await;
            buys_on(&customer, &[10, 15, 20]).await;
            let ids = json!({"one_signal_subscription_id": "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
                             "pushwoosh_hwid": "h", "mixpanel_user_id": "m"});
            customer.post(IDENTIFIERS, &ids).await;
            settle_down(&server.state).await;
            let newest_alone = [
                "day-10 skipped superseded",
                "day-15 skipped superseded",
                "day-20 delivered",
            ];
            assert_eq!(fates(&server, slug).await, newest_alone, "{backend:?} {slug}");
            assert_conserved(&server).await;
        }
    }
}

/// Another customer's later event is no reason.
#[tokio::test]
async fn each_profile_has_a_last_event_of_its_own() {
    let vendor = Vendor::with(fine).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "pushwoosh", settings("pushwoosh", &vendor.url)).await;
    let _working = work(&server);
    for (name, day) in [("ann", 20), ("bob", 10)] {
        let customer = Customer::new(&server, name).await;
        customer.post(IDENTIFIERS, &json!({"pushwoosh_hwid": name})).await;
        customer.post(TRANSACTION, &bought_on(day)).await;
        settle_down(&server.state).await;
    }
    assert_eq!(
        fates(&server, "pushwoosh").await,
        ["day-10 delivered", "day-20 delivered"]
    );
}

/// Mixpanel's profile says what is true when it is sent: what became known last knows most.
#[tokio::test]
async fn a_state_as_of_now_is_told_whenever_something_becomes_known() {
    let vendor = Vendor::with(fine).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "mixpanel", settings("mixpanel", &vendor.url)).await;
    let _working = work(&server);
    let customer = identified(&server).await;
    buys_on(&customer, &[20, 10]).await;
    assert_eq!(
        fates(&server, "mixpanel").await,
        ["day-10 delivered", "day-20 delivered"]
    );
}

/// What one third party took is not there at another, and what it refused is not there at all.
#[tokio::test]
async fn only_what_this_third_party_has_taken_leaves_what_happened_before_it_unsaid() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let refuses = Vendor::with(|request, number| match number {
            0 => Manner::Answers(400, "no"),
            _ => fine(request, number),
        })
        .await;
        let takes = Vendor::with(fine).await;
        enable(&server, "pushwoosh", settings("pushwoosh", &refuses.url)).await;
        enable(&server, "onesignal", settings("onesignal", &takes.url)).await;
        let _working = work(&server);
        let customer = identified(&server).await;
        buys_on(&customer, &[20, 10]).await;
        assert_eq!(
            fates(&server, "pushwoosh").await,
            ["day-10 delivered", "day-20 rejected 400 no"],
            "{backend:?}"
        );
        assert_eq!(
            fates(&server, "onesignal").await,
            ["day-10 skipped superseded", "day-20 delivered"],
            "{backend:?}"
        );
        assert_conserved(&server).await;
    }
}

/// Also of one that was opened again, which has a later place in its lane.
#[tokio::test]
async fn what_is_superseded_is_shown_with_the_time_at_which_it_was_made() {
    for backend in ALL {
        for slug in ["mixpanel", "pushwoosh"] {
            let vendor = Vendor::with(|_, _| Manner::Answers(400, "no")).await;
            let server = TestServer::on(backend).await;
            enable(&server, slug, settings(slug, &vendor.url)).await;
            let _working = work(&server);
            let customer = identified(&server).await;
            customer.post(TRANSACTION, &bought_on(10)).await;
            settle_down(&server.state).await;
            let path = format!("deliveries?integration={slug}");
            let first = async || {
                let listed = entries(&server, &path).await;
                let mut of_part = listed.into_iter().filter(|one| one["part"] == part_of(slug));
                of_part.next_back().unwrap()
            };
            let before = first().await;
            assert_eq!(before["state"], "rejected", "{backend:?} {slug}");
            advance(&server, MINUTE).await;
            vendor.script(|_, _| Manner::Answers(500, "down"));
            retry(&server, &before).await;
            settle_down(&server.state).await;
            customer.post(TRANSACTION, &bought_on(20)).await;
            vendor.script(fine);
            advance(&server, MINUTE).await;
            let after = first().await;
            assert_eq!(
                [&after["reason"], &after["created_at"]],
                [&json!("superseded"), &before["created_at"]],
                "{backend:?} {slug}"
            );
        }
    }
}

/// A replay goes through its events some at a time. Another change holds up the last one of the first of these until the
/// others have been looked at.
#[tokio::test]
async fn the_newest_alone_waits_of_a_replay_that_takes_several_steps() {
    const STEP: u16 = 200;
    const MORE: u16 = 5;
    static PAYLOAD: Sql = Sql::same("SELECT payload FROM events");
    let server = TestServer::on(Backend::Postgres).await;
    let (ann, bob) = (
        Customer::new(&server, "ann").await,
        Customer::new(&server, "bob").await,
    );
    ann.post(TRANSACTION, &bought_on(10)).await;
    let mut first = server
        .state
        .store
        .scan_whole(Statement::new(&PAYLOAD, []))
        .await
        .unwrap();
    let payload = first[0].long_text(0).unwrap();
    let [ann, bob] = [ann.profile().await, bob.profile().await];
    let id = |customer: &Value| ProfileId::parse(customer["profile_id"].as_str().unwrap()).unwrap();
    let whose = |n: u16| id(if n == STEP { &bob } else { &ann });
    let more = (2..=STEP + MORE).map(|n| Event {
        payload: payload.clone(),
        ..event(&server, whose(n), n)
    });
    store(&server.state, &more.collect::<Vec<_>>()).await;
    enable(&server, "pushwoosh", pushwoosh("http://127.0.0.1:9")).await;
    let _working = work(&server);
    let other = postgres_client(postgres_url(&server.options)).await;
    hold(&other, "bob").await;
    let all = json!({"filter": {"integration": "pushwoosh"}});
    let replaying = send(&server, "POST", "replays", &all);
    let meanwhile = async {
        until_states(&server, &[&format!("skipped {}", STEP - 2), "waiting 1"]).await;
        other.batch_execute("COMMIT").await.unwrap();
    };
    tokio::join!(replaying, meanwhile);
    until_states(&server, &[&format!("skipped {}", STEP - 2 + MORE), "waiting 2"]).await;
    assert_conserved(&server).await;
}

/// Made later, but of what happened before: it is not the one that is sent.
#[tokio::test]
async fn what_happened_before_that_whose_turn_it_is_is_shown_behind_it() {
    for backend in ALL {
        for slug in TAGGED {
            let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
            let server = TestServer::on(backend).await;
            enable(&server, slug, settings(slug, &vendor.url)).await;
            let _working = work(&server);
            let customer = identified(&server).await;
            buys_on(&customer, &[20, 15]).await;
            let listed = entries(&server, "deliveries?state=pending").await;
            let [made_later, turn] = &listed[..] else {
                panic!("not two: {listed:?}")
            };
            let behind = json!(format!("behind {}", turn["delivery_id"].as_str().unwrap()));
            assert!(turn["next_attempt_at"].is_string(), "{backend:?}: {turn}");
            assert_eq!(made_later["reason"], behind, "{backend:?} {slug}");
            let path = format!("deliveries/{}", made_later["delivery_id"].as_str().unwrap());
            assert_eq!(get(&server, &path).await["reason"], behind, "{backend:?} {slug}");
        }
    }
}
