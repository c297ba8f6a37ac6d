//! Changes that meet at the same rows on PostgreSQL, in an order that is forced on them.

use std::time::{Duration, Instant};

use bursar::actions::purchases::handle_due;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::support::backend::{Backend, hold, postgres_client, postgres_url, postgres_url_mut};
use crate::support::deliveries::entries;
use crate::support::direct::{set_settings, set_webhook_of};
use crate::support::purchases::{Customer, data, numbered, subscription, with};
use crate::support::random::Random;
use crate::support::server::{GRANT, IDENTIFIERS, PROFILE, TRANSACTION, TestServer};
use crate::support::waiting::{until_behind, until_waiting};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// How many changes take `long` of some customers who share purchases, on two servers, named by id and by customer id.
async fn slow_ones_of_sharers(servers: [&TestServer; 2], each: usize, long: Duration) -> usize {
    const CUSTOMERS: [&str; 4] = ["ann", "bob", "cid", "dan"];
    let mut ids = Vec::new();
    for id in CUSTOMERS {
        let customer = Customer::new(servers[0], id).await;
        for transaction in ["t1", "t2"] {
            let shared = customer
                .post(TRANSACTION, &numbered(subscription(), transaction))
                .await;
            ids.push(shared["profile_id"].as_str().unwrap().to_owned());
        }
    }
    let mut random = Random::new("customers who share purchases");
    let tasks = (0..8).map(|task| {
        let (mut random, server, ids) = (random.split(), servers[task % 2], &ids);
        async move {
            let mut slow = 0;
            for number in 0..each {
                let (one, other) = (random.below(CUSTOMERS.len()), random.below(CUSTOMERS.len()));
                let by_id = ("adapty-profile-id", ids[2 * one].as_str());
                let by_customer = ("adapty-customer-user-id", CUSTOMERS[other]);
                let renews = json!({"renew_status": random.below(2) == 0});
                let (path, body) = match random.below(5) {
                    0 => (IDENTIFIERS, json!({"branch_id": format!("{task}-{number}")})),
                    1 => (GRANT, json!({"access_level_id": "premium"})),
                    // Refused where they are two profiles.
                    2 => (PROFILE, json!({})),
                    kind => {
                        let transaction = numbered(subscription(), if kind == 3 { "t1" } else { "t2" });
                        (TRANSACTION, with(transaction, renews))
                    }
                };
                let began = Instant::now();
                let headers = match random.below(2) {
                    _ if path == PROFILE => vec![by_id, by_customer],
                    0 => vec![by_id],
                    _ => vec![by_customer],
                };
                let answer = server.call("POST", path, &headers, &body.to_string()).await;
                let expected = if headers.len() == 2 && one != other {
                    400
                } else {
                    200
                };
                assert_eq!(answer.status, expected, "{}", answer.text());
                slow += usize::from(began.elapsed() >= long);
            }
            slow
        }
    });
    join_all(tasks).await.into_iter().sum()
}

/// PostgreSQL would find a circle after a second; here it looks for none, so that each costs the two seconds for which a lock
/// is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn customers_who_share_purchases_do_not_wait_for_each_other_in_circles() {
    let mut server = TestServer::on(Backend::Postgres).await;
    postgres_url_mut(&mut server.options).push_str("%20-cdeadlock_timeout%3D100s");
    server.restart("2026-01-01T00:00:00Z").await;
    let other = server.beside().await;
    let slow = slow_ones_of_sharers([&server, &other], 60, Duration::from_secs(2)).await;
    // A machine may stand still for once.
    assert!(slow < 4, "{slow}");
}

/// Two servers on one PostgreSQL, in whose app a purchase is shared, and somebody else's connection. They have one writer
/// each: what waits behind it is one group.
async fn two_servers() -> ([TestServer; 2], Client) {
    let mut server = TestServer::on(Backend::Postgres).await;
    server.options.connections = 4;
    server.restart("2026-01-01T00:00:00Z").await;
    set_settings(&server, json!({"sharing": "enabled"})).await;
    set_webhook_of(&server.state, server.app_id.parse().unwrap(), json!({})).await;
    let client = postgres_client(postgres_url(&server.options)).await;
    let other = server.beside().await;
    server.state.refresh().await.unwrap();
    ([server, other], client)
}

/// Holds what is stored of a transaction, so that what changes it goes no further than to that.
async fn hold_transaction(client: &Client, id: &str) {
    let hold = format!("BEGIN; SELECT 1 FROM transactions WHERE transaction_id = '{id}' FOR UPDATE");
    client.batch_execute(&hold).await.unwrap();
}

async fn let_go(client: &Client) {
    client.batch_execute("ROLLBACK").await.unwrap();
}

/// Gives a customer an identifier.
async fn identify(server: &TestServer, id: &'static str) {
    let customer = Customer { server, id };
    customer.post(IDENTIFIERS, &json!({"branch_id": id})).await;
}

/// A customer whose profile has this id.
async fn named<'s>(server: &'s TestServer, id: &'static str, profile: &str) -> Customer<'s> {
    let headers = [("adapty-customer-user-id", id), ("adapty-profile-id", profile)];
    assert_eq!(server.call("POST", PROFILE, &headers, "").await.status, 200);
    Customer { server, id }
}

/// Reports a transaction of the profile with this id, which nobody has named.
async fn report(server: &TestServer, profile: &str, transaction: &Value) -> Value {
    let header = [("adapty-profile-id", profile)];
    let answer = server
        .call("POST", TRANSACTION, &header, &transaction.to_string())
        .await;
    data(&answer)
}

fn expires_at(profile: &Value) -> &Value {
    &profile["access_levels"][0]["expires_at"]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_a_purchase_beside_its_renewal_has_it_renewed_too() {
    let ([one, other], client) = two_servers().await;
    let (owner, joining) = (
        Customer::new(&one, "owner").await,
        Customer::new(&one, "joining").await,
    );
    Customer::new(&one, "renewing").await;
    let renewing = Customer {
        server: &other,
        id: "renewing",
    };
    owner.post(TRANSACTION, &subscription()).await;
    hold(&client, "owner").await;
    let (bought, renewed) = (
        subscription(),
        with(subscription(), json!({"expires_at": "2026-02-20T00:00:00Z"})),
    );
    let joined = joining.post(TRANSACTION, &bought);
    let told = async {
        until_behind(&client, 1).await;
        renewing.post(TRANSACTION, &renewed).await
    };
    let let_go = async {
        until_behind(&client, 2).await;
        client.batch_execute("ROLLBACK").await.unwrap();
    };
    let (joined, told, ()) = tokio::join!(joined, told, let_go);
    assert_eq!(expires_at(&joined), "2026-01-15T00:00:00+00:00");
    assert_eq!(expires_at(&told), "2026-02-20T00:00:00+00:00");
    for customer in [owner, joining] {
        let seen = customer.profile().await;
        assert_eq!(expires_at(&seen), expires_at(&told), "{}", customer.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_a_purchase_beside_its_end_is_told_of_the_end() {
    let ([one, other], client) = two_servers().await;
    let (owner, joining) = (
        Customer::new(&one, "owner").await,
        Customer::new(&one, "joining").await,
    );
    owner.post(TRANSACTION, &subscription()).await;
    // Its clock is ahead: to it the month is over.
    let later = other.state.clock.now() + 40 * DAY;
    other.state.clock.move_to(later).unwrap();
    hold(&client, "owner").await;
    let bought = subscription();
    let joined = joining.post(TRANSACTION, &bought);
    let ended = async {
        until_behind(&client, 1).await;
        handle_due(&other.state, later).await.unwrap();
    };
    let let_go = async {
        until_behind(&client, 2).await;
        client.batch_execute("ROLLBACK").await.unwrap();
    };
    let (joined, (), ()) = tokio::join!(joined, ended, let_go);
    let profile = joined["profile_id"].as_str().unwrap();
    let told = entries(&other, &format!("events?profile_id={profile}")).await;
    let told: Vec<_> = told.iter().map(|event| &event["event_type"]).collect();
    assert_eq!(told, ["access_level_updated", "access_level_updated"]);
}

/// The other one has been told of the refund a moment before, and is not done yet. The group begins with who is named by a
/// customer id; the refunded profile is named by its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_two_servers_are_told_of_is_taken_off_once_whatever_else_is_in_the_group() {
    let ([one, other], client) = two_servers().await;
    let busy = postgres_client(postgres_url(&one.options)).await;
    let (payer, buyer) = (
        Customer::new(&one, "payer").await,
        Customer::new(&one, "buyer").await,
    );
    Customer::new(&one, "busy").await;
    payer.post(TRANSACTION, &subscription()).await;
    let paid = payer.post(TRANSACTION, &numbered(subscription(), "t2")).await;
    assert_eq!(paid["total_revenue_usd"], 19.98);
    let profile = paid["profile_id"].as_str().unwrap();
    let refund = with(
        subscription(),
        json!({"refunded_at": "2025-12-20T00:00:00Z", "cancellation_reason": "refund", "renew_status": false}),
    );
    hold_transaction(&client, "t1").await;
    hold(&busy, "busy").await;
    let there = Customer {
        server: &other,
        id: "payer",
    };
    let refunded_there = there.post(TRANSACTION, &refund);
    let busy_here = identify(&one, "busy");
    let (refund, subscription) = (refund.clone(), numbered(subscription(), "q1"));
    let grouped = async {
        until_behind(&client, 1).await;
        until_behind(&busy, 1).await;
        tokio::join!(
            report(&one, profile, &refund),
            buyer.post(TRANSACTION, &subscription)
        )
    };
    let released = async {
        until_waiting(&one, 3).await;
        let_go(&busy).await;
        until_behind(&client, 2).await;
        let_go(&client).await;
    };
    let (_, (), (refunded, _), ()) = tokio::join!(refunded_there, busy_here, grouped, released);
    assert_eq!(refunded["total_revenue_usd"], 9.99);
    assert_eq!(payer.profile().await["total_revenue_usd"], 9.99);
}

/// Who reports the renewal found the owner of before, and learns of the new one before the other who joins is stored. What it
/// is held up by between the two is somebody else's purchase in its group.
#[tokio::test(flavor = "multi_thread")]
async fn who_joins_the_new_owner_while_the_purchase_is_renewed_has_it_renewed_too() {
    const RENEWING: &str = "00000000-0000-4000-8000-000000000001";
    const BESIDE: &str = "ffffffff-0000-4000-8000-000000000002";
    const JOINING: &str = "00000000-0000-4000-8000-000000000003";
    let ([one, other], client) = two_servers().await;
    set_settings(&one, json!({"sharing": "transfer"})).await;
    other.state.refresh().await.unwrap();
    let url = postgres_url(&one.options);
    let (busy, held) = (postgres_client(url).await, postgres_client(url).await);
    // Profiles are locked in the order of their ids.
    let (first, second, beside) = (
        named(&one, "first", "10000000-0000-4000-8000-000000000004").await,
        named(&one, "second", "20000000-0000-4000-8000-000000000005").await,
        named(&one, "beside", "e0000000-0000-4000-8000-000000000006").await,
    );
    Customer::new(&one, "busy").await;
    for id in [RENEWING, BESIDE, JOINING] {
        let made = one.call("POST", PROFILE, &[("adapty-profile-id", id)], "").await;
        assert_eq!(made.status, 200);
    }
    let until = |time: &str| with(subscription(), json!({"expires_at": time}));
    let of_beside = numbered(subscription(), "t2");
    first.post(TRANSACTION, &subscription()).await;
    beside.post(TRANSACTION, &of_beside).await;
    hold_transaction(&client, "t1").await;
    hold(&busy, "busy").await;
    hold(&held, "beside").await;
    let (later, renewed, joining) = (
        until("2026-01-16T00:00:00Z"),
        until("2026-02-20T00:00:00Z"),
        until("2026-01-17T00:00:00Z"),
    );
    let handed_over = second.post(TRANSACTION, &later);
    let busy_there = identify(&other, "busy");
    let told = async {
        until_behind(&client, 1).await;
        until_behind(&busy, 1).await;
        tokio::join!(
            report(&other, RENEWING, &renewed),
            report(&other, BESIDE, &of_beside)
        )
    };
    let joined = async {
        until_waiting(&other, 3).await;
        let_go(&busy).await;
        until_behind(&client, 2).await;
        let_go(&client).await;
        until_behind(&held, 1).await;
        hold_transaction(&client, "t1").await;
        report(&one, JOINING, &joining).await
    };
    let released = async {
        until_behind(&held, 1).await;
        until_behind(&client, 1).await;
        let_go(&held).await;
        until_behind(&client, 2).await;
        let_go(&client).await;
    };
    let (_, (), (told, _), _, ()) = tokio::join!(handed_over, busy_there, told, joined, released);
    let renewed_to = "2026-02-20T00:00:00+00:00";
    assert_eq!(expires_at(&told), renewed_to);
    assert_eq!(expires_at(&second.profile().await), renewed_to);
    for id in [RENEWING, JOINING] {
        let seen = one.call("GET", PROFILE, &[("adapty-profile-id", id)], "").await;
        assert_eq!(expires_at(&data(&seen)), renewed_to, "{id}");
    }
}

/// Whoever settles a delivery locks its lane and then takes it out of the queue.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_and_what_settles_a_delivery_do_not_wait_for_each_other_in_a_circle() {
    let ([one, _other], client) = two_servers().await;
    let customer = Customer::new(&one, "leaving").await;
    customer.post(TRANSACTION, &subscription()).await;
    client
        .batch_execute("BEGIN; SELECT 1 FROM lanes FOR UPDATE")
        .await
        .unwrap();
    let deleted = customer.call("DELETE", PROFILE, &Value::Null);
    let settled = async {
        until_behind(&client, 1).await;
        let started = Instant::now();
        client
            .batch_execute("DELETE FROM queue; DELETE FROM lanes; COMMIT")
            .await
            .unwrap();
        started.elapsed()
    };
    let (deleted, settled_after) = tokio::join!(deleted, settled);
    assert!(deleted.status < 300, "{}", deleted.text());
    assert!(settled_after < Duration::from_millis(500), "{settled_after:?}");
}
