//! Whose a purchase is: sharing between profiles, deletion, two who report it at once.

use std::sync::Arc;

use bursar::actions::purchases::handle_due;
use bursar::store::tables::purchases::due;
use serde_json::{Value, json};

use crate::support::administration::walk;
use crate::support::backend::ALL;
use crate::support::direct::{add_app, set_settings, set_webhook_of};
use crate::support::purchases::{Customer, data, numbered, one_time, stored, subscription, with};
use crate::support::server::{GRANT, PROFILE, START, TRANSACTION, TestServer, request};

const ID: &str = "adapty-profile-id";
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// How much a profile lists of each kind: access levels, subscriptions, one-time purchases.
fn counts(profile: &Value) -> [usize; 3] {
    ["access_levels", "subscriptions", "non_subscriptions"]
        .map(|list| profile[list].as_array().unwrap().len())
}

const NOTHING: [usize; 3] = [0, 0, 0];
const ALL_OF_IT: [usize; 3] = [1, 1, 0];
const LEVEL_ALONE: [usize; 3] = [1, 0, 0];

/// Reports the same transaction for two profiles and answers what the two have then.
async fn first_and_second(server: &TestServer, n: usize, named: [bool; 2]) -> [([usize; 3], f64); 2] {
    let body = numbered(subscription(), &format!("chain-{n}")).to_string();
    let mut ids = Vec::new();
    for (place, named) in named.into_iter().enumerate() {
        let id = format!("00000000-0000-4000-8000-{:012}", 2 * n + place);
        let customer = format!("{n}-{place}");
        let customer = [(ID, id.as_str()), ("adapty-customer-user-id", customer.as_str())];
        let headers = if named { &customer[..] } else { &customer[..1] };
        data(&server.call("POST", PROFILE, headers, "").await);
        let reported = data(&server.call("POST", TRANSACTION, &headers[..1], &body).await);
        assert_eq!(reported["profile_id"], id.as_str());
        ids.push(id);
    }
    let mut seen = Vec::new();
    for id in &ids {
        let profile = data(&server.call("GET", PROFILE, &[(ID, id)], "").await);
        seen.push((counts(&profile), profile["total_revenue_usd"].as_f64().unwrap()));
    }
    seen.try_into().unwrap()
}

#[tokio::test]
async fn a_second_profile_gets_what_the_sharing_setting_says() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let (named, anonymous) = (true, false);
        let mut n = 0;
        for (setting, cases) in [
            (
                "enabled",
                vec![
                    ([named, named], [ALL_OF_IT, LEVEL_ALONE]),
                    ([anonymous, anonymous], [ALL_OF_IT, LEVEL_ALONE]),
                ],
            ),
            (
                "transfer",
                vec![
                    // What is over stays in the list.
                    ([named, named], [LEVEL_ALONE, ALL_OF_IT]),
                    ([anonymous, named], [ALL_OF_IT, LEVEL_ALONE]),
                    ([named, anonymous], [ALL_OF_IT, LEVEL_ALONE]),
                ],
            ),
            (
                "disabled",
                vec![
                    ([named, named], [ALL_OF_IT, NOTHING]),
                    ([named, anonymous], [ALL_OF_IT, NOTHING]),
                    ([anonymous, named], [LEVEL_ALONE, ALL_OF_IT]),
                    ([anonymous, anonymous], [ALL_OF_IT, LEVEL_ALONE]),
                ],
            ),
        ] {
            set_settings(&server, json!({"sharing": setting})).await;
            for (who, expected) in cases {
                let seen = first_and_second(&server, n, who).await;
                let place = format!("{backend:?} {setting} {who:?}");
                assert_eq!([seen[0].0, seen[1].0], expected, "{place}");
                // Revenue is with whom the purchase is.
                let revenue = expected.map(|counts| if counts == ALL_OF_IT { 9.99 } else { 0.0 });
                assert_eq!([seen[0].1, seen[1].1], revenue, "{place}");
                n += 1;
            }
        }
    }
}

#[tokio::test]
async fn sandbox_purchases_have_a_sharing_setting_of_their_own() {
    let server = TestServer::on(ALL[1]).await;
    set_settings(
        &server,
        json!({"sharing": "disabled", "sandbox_sharing": "enabled"}),
    )
    .await;
    let (one, two) = (
        Customer::new(&server, "one").await,
        Customer::new(&server, "two").await,
    );
    let test = with(
        numbered(subscription(), "test"),
        json!({"environment": "Sandbox"}),
    );
    for (body, expected) in [(subscription(), NOTHING), (test, LEVEL_ALONE)] {
        one.post(TRANSACTION, &body).await;
        assert_eq!(counts(&two.post(TRANSACTION, &body).await), expected);
    }
}

#[tokio::test]
async fn who_shares_a_level_keeps_up_with_its_owner() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let (one, two) = (
            Customer::new(&server, "one").await,
            Customer::new(&server, "two").await,
        );
        one.post(TRANSACTION, &subscription()).await;
        two.post(TRANSACTION, &subscription()).await;
        let renewal = json!({"store_transaction_id": "t2", "purchased_at": "2026-01-15T00:00:00Z",
                             "expires_at": "2026-02-15T00:00:00Z"});
        let renewed = one.post(TRANSACTION, &with(subscription(), renewal)).await;
        let shared = two.profile().await;
        assert_eq!(shared["access_levels"], renewed["access_levels"], "{backend:?}");
        assert_eq!(counts(&shared), LEVEL_ALONE, "{backend:?}");
    }
}

#[tokio::test]
async fn who_loses_a_purchase_keeps_what_the_family_has_under_its_id() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        set_settings(&server, json!({"sharing": "transfer"})).await;
        let (one, two) = (
            Customer::new(&server, "one").await,
            Customer::new(&server, "two").await,
        );
        let of_family = json!({"store_transaction_id": "f1", "is_family_shared": true,
                               "price": {"country": "US", "currency": "USD", "value": 0}});
        for body in [subscription(), with(subscription(), of_family)] {
            one.post(TRANSACTION, &body).await;
        }
        assert_eq!(counts(&one.profile().await), [1, 2, 0], "{backend:?}");
        let gained = two.post(TRANSACTION, &subscription()).await;
        assert_eq!(counts(&gained), ALL_OF_IT, "{backend:?}");
        assert_eq!(gained["total_revenue_usd"], json!(9.99), "{backend:?}");
        let left = one.profile().await;
        assert_eq!(counts(&left), ALL_OF_IT, "{backend:?}");
        assert_eq!(left["total_revenue_usd"], json!(0.0), "{backend:?}");
        assert_eq!(
            left["subscriptions"][0]["store_transaction_id"], "f1",
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn deletion_frees_the_chain_for_the_next_who_reports_it() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        set_settings(&server, json!({"sharing": "disabled"})).await;
        let old = Customer::new(&server, "old").await;
        for body in [subscription(), numbered(one_time(), "once")] {
            old.post(TRANSACTION, &body).await;
        }
        assert_eq!(old.call("DELETE", PROFILE, &Value::Null).await.status, 204);
        let again = Customer::new(&server, "old").await;
        assert_eq!(counts(&again.profile().await), NOTHING, "{backend:?}");
        let new = Customer::new(&server, "new").await;
        for body in [subscription(), numbered(one_time(), "once")] {
            new.post(TRANSACTION, &body).await;
        }
        let profile = new.profile().await;
        assert_eq!(counts(&profile), [1, 1, 1], "{backend:?}");
        assert_eq!(profile["total_revenue_usd"], json!(11.49), "{backend:?}");
        let late = again.post(TRANSACTION, &subscription()).await;
        assert_eq!(counts(&late), NOTHING, "{backend:?}");
        // Nothing is left of who was deleted.
        let holders = holders(&server).await;
        assert_eq!(holders, 2, "{backend:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_what_many_share_after_its_owner_is_one_change_and_lists_a_hundred_of_them() {
    const SHARERS: usize = 150;
    let mut changes = Vec::new();
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let owner = Customer::new(&server, "owner").await;
        owner.post(TRANSACTION, &subscription()).await;
        for n in 0..SHARERS {
            let name = format!("sharer-{n}");
            let sharer = Customer::new(&server, &name).await;
            sharer.post(TRANSACTION, &subscription()).await;
        }
        assert_eq!(owner.call("DELETE", PROFILE, &Value::Null).await.status, 204);
        let wanted = json!({"events": {"access_level_updated": true}});
        set_webhook_of(&server.state, server.app_id.parse().unwrap(), wanted).await;
        let before = server.changes().await;
        let now = START + 60 * DAY;
        server.state.clock.move_to(now).unwrap();
        handle_due(&server.state, now).await.unwrap();
        changes.push(server.changes().await - before);
        let path = format!("apps/{}/events?event_type=access_level_updated", server.app_id);
        let (events, _) = walk(&server, &path, 200).await;
        let ends = events
            .iter()
            .filter(|event| event["payload"]["event_properties"]["is_active"] == false);
        assert_eq!(ends.count(), SHARERS, "{backend:?}");
        let told = |event: &Value| {
            event["payload"]["profiles_sharing_access_level"]
                .as_array()
                .map(Vec::len)
        };
        assert!(events.iter().all(|event| told(event) == Some(100)), "{backend:?}");
        let left = server.state.store.read(due(now + 400 * DAY, 9)).await.unwrap();
        assert!(left.is_empty(), "{backend:?}");
    }
    assert_eq!(changes, [1; ALL.len()], "{ALL:?}");
}

async fn holders(server: &TestServer) -> usize {
    use bursar::store::{Sql, Statement};
    static SQL: Sql = Sql::same("SELECT profile_id FROM chain_holders");
    server
        .state
        .store
        .read(Statement::new(&SQL, []))
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_transaction_that_is_corrected_twice_leaves_the_chain_that_it_was_in_last() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let (one, two) = (
            Customer::new(&server, "one").await,
            Customer::new(&server, "two").await,
        );
        let of = |chain: &str| with(subscription(), json!({"store_original_transaction_id": chain}));
        for chain in ["first", "second"] {
            one.post(TRANSACTION, &of(chain)).await;
        }
        let second = two.post(TRANSACTION, &of("third")).await;
        let first = one.profile().await;
        let revenue = [&first, &second].map(|profile| profile["total_revenue_usd"].as_f64());
        assert_eq!(revenue, [Some(0.0), Some(9.99)], "{backend:?}: {first}");
        // What is over stays in the list of levels.
        let lists = [counts(&first), counts(&second)];
        assert_eq!(lists, [LEVEL_ALONE, ALL_OF_IT], "{backend:?}: {first}");
    }
}

/// All ids are the same: the profile's, the customer's, the transaction's.
#[tokio::test]
async fn what_another_app_does_with_the_same_ids_changes_nothing_of_a_purchase() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let one = Customer::new(&server, "one").await;
        let of = |chain: &str| with(subscription(), json!({"store_original_transaction_id": chain}));
        let profile = one.post(TRANSACTION, &of("first")).await["profile_id"].clone();
        let before = stored(&server).await;
        let other = add_app(&server.state).await;
        let key = format!("Api-Key {}", other.secret_key);
        let headers = [
            (ID, profile.as_str().unwrap()),
            ("adapty-customer-user-id", "one"),
        ];
        let refund = json!({"refunded_at": "2025-12-20T00:00:00Z", "cancellation_reason": "refund"});
        for (method, path, body) in [
            ("POST", PROFILE, json!({})),
            ("POST", TRANSACTION, of("first")),
            ("POST", TRANSACTION, of("second")),
            ("POST", TRANSACTION, with(of("first"), refund)),
            ("POST", GRANT, json!({"access_level_id": "premium"})),
            ("DELETE", PROFILE, Value::Null),
        ] {
            let text = if body.is_null() {
                String::new()
            } else {
                body.to_string()
            };
            let headers = if path == PROFILE && method == "POST" {
                &headers[..]
            } else {
                &headers[..1]
            };
            let answer = server.send(request(&key, method, path, headers, &text)).await;
            assert!([200, 204].contains(&answer.status), "{path}: {}", answer.text());
            assert_eq!(
                stored(&server).await,
                before,
                "{backend:?} {method} {path} {body}"
            );
        }
    }
}

/// Both report the same transaction, or one the first and the other a renewal that nobody has seen yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_report_a_chain_at_once_exactly_one_owns_it() {
    for backend in ALL {
        let server = Arc::new(TestServer::on(backend).await);
        for customer in ["one", "two"] {
            Customer::new(&server, customer).await;
        }
        let renewal = json!({"store_transaction_id": "renewal", "purchased_at": "2026-01-15T00:00:00Z",
                             "expires_at": "2026-02-15T00:00:00Z"});
        for n in 0..60 {
            let chain = format!("chain-{n}");
            let first = numbered(subscription(), &chain);
            let second = match n % 2 {
                0 => first.clone(),
                _ => with(
                    with(first.clone(), renewal.clone()),
                    json!({"store_transaction_id": format!("renewal-{n}")}),
                ),
            };
            let report = |customer: &'static str, body: Value| {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    let customer = Customer {
                        server: &server,
                        id: customer,
                    };
                    customer.post(TRANSACTION, &body).await
                })
            };
            let (one, two) = tokio::join!(report("one", first), report("two", second));
            let (one, two) = (one.unwrap(), two.unwrap());
            let owns = |profile: &Value| {
                let all = profile["subscriptions"].as_array().unwrap().iter();
                all.filter(|entry| entry["store_original_transaction_id"] == chain.as_str())
                    .count()
            };
            assert_eq!(owns(&one) + owns(&two), 1, "{backend:?} {n}: {one}\n{two}");
        }
    }
}
