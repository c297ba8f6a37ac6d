//! What the catalogue, the app's settings and the rates make of a transaction.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::direct::{set_settings, set_webhook_of};
use crate::support::purchases::{Customer, numbered, one_time, subscription, with};
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};

async fn put(server: &TestServer, path: &str, body: &str) {
    let answer = server.admin("PUT", path, body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
}

fn level_ids(profile: &Value) -> Vec<&str> {
    let levels = profile["access_levels"].as_array().unwrap();
    levels
        .iter()
        .map(|level| level["access_level_id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_catalogue_says_what_a_product_gives() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = format!("apps/{}", server.app_id);
        put(&server, &format!("{app}/access-levels/gold"), "").await;
        for (product, body) in [
            ("gold", r#"{"access_level_id":"gold","consumable":false}"#),
            ("coins", r#"{"access_level_id":"gold","consumable":true}"#),
            ("nothing", r#"{"access_level_id":null,"consumable":false}"#),
        ] {
            put(&server, &format!("{app}/products/app_store/{product}"), body).await;
        }
        for (customer, body, levels, is_consumable) in [
            (
                "a",
                with(subscription(), json!({"store_product_id": "gold"})),
                vec!["gold"],
                None,
            ),
            (
                "b",
                with(one_time(), json!({"store_product_id": "gold"})),
                vec!["gold"],
                Some(false),
            ),
            ("c", one_time(), vec![], Some(true)),
            (
                "d",
                with(one_time(), json!({"store_product_id": "nothing"})),
                vec![],
                Some(false),
            ),
            (
                "e",
                with(subscription(), json!({"store_product_id": "nothing"})),
                vec![],
                None,
            ),
            // The same product of another store is another product.
            (
                "f",
                with(one_time(), json!({"store": "stripe"})),
                vec!["premium"],
                Some(false),
            ),
        ] {
            let user = Customer::new(&server, customer).await;
            let shown = user.post(TRANSACTION, &numbered(body, customer)).await;
            assert_eq!(level_ids(&shown), levels, "{backend:?} {customer}: {shown}");
            let (list, other) = match is_consumable {
                Some(_) => ("non_subscriptions", "subscriptions"),
                None => ("subscriptions", "non_subscriptions"),
            };
            assert_eq!(shown[list].as_array().unwrap().len(), 1, "{backend:?} {customer}");
            assert_eq!(shown[other], json!([]), "{backend:?} {customer}");
            let told = shown[list][0].get("is_consumable").and_then(Value::as_bool);
            assert_eq!(told, is_consumable, "{backend:?} {customer}");
        }
    }
}

#[tokio::test]
async fn an_unknown_product_gives_premium_or_nothing_as_the_app_says() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for (setting, levels) in [("premium", vec!["premium"]), ("none", vec![])] {
            set_settings(&server, json!({"unknown_product": setting})).await;
            let user = Customer::new(&server, setting).await;
            for body in [subscription(), numbered(one_time(), "once")] {
                let id = format!("{setting}-{}", body["store_transaction_id"]);
                let shown = user.post(TRANSACTION, &numbered(body, &id)).await;
                assert_eq!(level_ids(&shown), levels, "{backend:?}: {shown}");
            }
            let shown = user.profile().await;
            assert_eq!(shown["subscriptions"].as_array().unwrap().len(), 1, "{backend:?}");
            assert_eq!(shown["non_subscriptions"][0]["is_consumable"], false);
        }
    }
}

#[tokio::test]
async fn a_product_that_is_added_late_gives_its_level_with_the_next_report_of_the_purchase() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = format!("apps/{}", server.app_id);
        put(&server, &format!("{app}/access-levels/gold"), "").await;
        let user = Customer::new(&server, "user-1").await;
        let bought = with(subscription(), json!({"store_product_id": "late"}));
        let shown = user.post(TRANSACTION, &bought).await;
        assert_eq!(level_ids(&shown), ["premium"], "{backend:?}: {shown}");
        let product = r#"{"access_level_id":"gold","consumable":false}"#;
        put(&server, &format!("{app}/products/app_store/late"), product).await;
        let shown = user.post(TRANSACTION, &bought).await;
        // What the purchase gave before has ended.
        assert_eq!(level_ids(&shown), ["gold", "premium"], "{backend:?}: {shown}");
    }
}

#[tokio::test]
async fn revenue_is_the_sum_in_dollars_at_the_days_rate() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        put(&server, "rates/EUR", r#"{"usd":"1.10","from":"2025-12-01"}"#).await;
        put(&server, "rates/EUR", r#"{"usd":"1.20","from":"2025-12-16"}"#).await;
        let user = Customer::new(&server, "user-1").await;
        let price = |currency: &str, value: f64| json!({"price": {"country": "DE", "currency": currency, "value": value}});
        let mut n = 0;
        let mut bought = |fields: Value| {
            n += 1;
            with(numbered(one_time(), &format!("n{n}")), fields)
        };
        let second = with(
            price("eur", 10.0),
            json!({"purchased_at": "2025-12-16T00:00:00Z"}),
        );
        let refund = json!({"refunded_at": "2025-12-20T00:00:00Z", "cancellation_reason": "refund"});
        let paid_back = bought(price("USD", 5.0));
        for (body, total) in [
            (bought(price("EUR", 10.0)), 11.0),
            (bought(second), 23.0),
            // A currency without a rate, a test, a free one, one of the family.
            (bought(price("XTS", 1000.0)), 23.0),
            (bought(json!({"environment": "Sandbox"})), 23.0),
            (bought(price("USD", 0.0)), 23.0),
            (
                bought(with(price("USD", 0.0), json!({"is_family_shared": true}))),
                23.0,
            ),
            // Decimals, not binary fractions.
            (bought(price("USD", 0.1)), 23.1),
            (bought(price("USD", 0.2)), 23.3),
            // Paid back, and the refund taken back.
            (paid_back.clone(), 28.3),
            (with(paid_back.clone(), refund), 23.3),
            (paid_back.clone(), 28.3),
            // The price is corrected.
            (with(paid_back, price("USD", 6.0)), 29.3),
        ] {
            let shown = user.post(TRANSACTION, &body).await;
            assert_eq!(shown["total_revenue_usd"], json!(total), "{backend:?} {body}");
        }
    }
}

#[tokio::test]
async fn without_a_rate_of_ones_own_the_shipped_one_of_the_month_counts() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        put(&server, "rates/EUR", r#"{"usd":"1.10","from":"2025-12-20"}"#).await;
        let user = Customer::new(&server, "user-1").await;
        let bought = |id: &str, currency: &str, day: &str| {
            let price = json!({"country": "DE", "currency": currency, "value": 1000});
            let fields = json!({"price": price, "purchased_at": format!("{day}T00:00:00Z")});
            with(numbered(one_time(), id), fields)
        };
        for (body, total) in [
            (bought("n1", "EUR", "2025-12-19"), 1170.87),
            (bought("n2", "eur", "2025-12-20"), 2270.87),
            (bought("n3", "JPY", "2025-12-20"), 2277.28583),
            // Before the table begins.
            (bought("n4", "JPY", "2019-12-31"), 2277.28583),
        ] {
            let shown = user.post(TRANSACTION, &body).await;
            assert_eq!(shown["total_revenue_usd"], json!(total), "{backend:?} {body}");
        }
    }
}

#[tokio::test]
async fn a_refunded_subscription_ends_with_the_refund_and_goes_on_without_it() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let user = Customer::new(&server, "user-1").await;
    user.post(TRANSACTION, &subscription()).await;
    let refund = json!({"refunded_at": "2025-12-20T00:00:00Z", "cancellation_reason": "refund"});
    let refunded = user.post(TRANSACTION, &with(subscription(), refund)).await;
    let level = &refunded["access_levels"][0];
    assert_eq!(level["expires_at"], "2025-12-20T00:00:00+00:00");
    assert_eq!(level["cancellation_reason"], "refund");
    assert_eq!(
        refunded["subscriptions"][0]["expires_at"],
        "2026-01-15T00:00:00+00:00"
    );
    assert_eq!(refunded["total_revenue_usd"], json!(0.0));
    let undone = user.post(TRANSACTION, &subscription()).await;
    assert_eq!(
        undone["access_levels"][0]["expires_at"],
        "2026-01-15T00:00:00+00:00"
    );
    assert_eq!(undone["access_levels"][0]["cancellation_reason"], Value::Null);
    assert_eq!(undone["total_revenue_usd"], json!(9.99));
}

#[tokio::test]
async fn what_a_later_report_does_not_mention_returns_to_its_default() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let user = Customer::new(&server, "user-1").await;
    let trouble = json!({"renew_status": false, "billing_issue_detected_at": "2025-12-20T00:00:00Z",
                         "grace_period_expires_at": "2026-01-20T00:00:00Z", "store_base_plan_id": "plan"});
    let shown = user.post(TRANSACTION, &with(subscription(), trouble)).await;
    let entry = &shown["subscriptions"][0];
    // Nobody said when, so it is the time of the call.
    assert_eq!(entry["renewal_cancelled_at"], "2026-01-01T00:00:00+00:00");
    assert_eq!(entry["is_in_grace_period"], true);
    let shown = user.post(TRANSACTION, &subscription()).await;
    let entry = &shown["subscriptions"][0];
    for name in [
        "renewal_cancelled_at",
        "billing_issue_detected_at",
        "store_base_plan_id",
    ] {
        assert_eq!(entry[name], Value::Null, "{name}");
    }
    assert_eq!(entry["is_in_grace_period"], false);
}

#[tokio::test]
async fn what_time_alone_tells_of_a_period_has_its_regular_price_as_its_start_has() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = server.app_id.parse().unwrap();
        let settings = json!({
            "send_trial_price": true, "events": {"trial_active": true}, "synthetic_delay_days": {"trial_active": 3},
        });
        set_webhook_of(&server.state, app, settings).await;
        let product = r#"{"access_level_id":"premium","consumable":false,
                          "price":{"value":"9.99","currency":"USD"}}"#;
        let path = format!("apps/{app}/products/app_store/monthly");
        put(&server, &path, product).await;
        let trial = json!({
            "price": {"country": "US", "currency": "USD", "value": 0}, "purchased_at": "2026-01-01T00:00:00Z",
            "originally_purchased_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-08T00:00:00Z",
            "offer": {"category": "introductory", "type": "free_trial"},
        });
        let user = Customer::new(&server, "user-1").await;
        user.post(TRANSACTION, &with(subscription(), trial)).await;
        // What the catalogue says later is not what it said then.
        put(&server, &path, &product.replace("9.99", "19.99")).await;
        let moved = server
            .admin("POST", "test-clock", r#"{"now":"2026-01-20T00:00:00Z"}"#)
            .await;
        assert_eq!(moved.status, 200, "{}", moved.text());
        let page = server
            .admin("GET", &format!("apps/{app}/events?order=asc"), "")
            .await;
        let prices = |kind: &str| {
            let page = page.json();
            let all = page["data"].as_array().unwrap();
            let told = all.iter().find(|event| event["event_type"] == kind).unwrap();
            let properties = &told["payload"]["event_properties"];
            ["price_local", "original_price_local", "discount_amount_usd"]
                .map(|name| properties[name].clone())
        };
        let regular = json!(9.99);
        let of_start = [regular.clone(), regular.clone(), regular.clone()];
        assert_eq!(prices("trial_started"), of_start, "{backend:?}");
        assert_eq!(prices("trial_active"), of_start, "{backend:?}");
        let of_end = [Value::Null, regular.clone(), regular];
        assert_eq!(prices("trial_expired"), of_end, "{backend:?}");
    }
}

/// Nobody knows what it would have cost there.
#[tokio::test]
async fn a_regular_price_counts_for_purchases_in_its_own_currency_alone() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = server.app_id.parse().unwrap();
        set_webhook_of(&server.state, app, json!({"send_trial_price": true})).await;
        let product = r#"{"access_level_id":"premium","price":{"value":"9.99","currency":"EUR"}}"#;
        put(
            &server,
            &format!("apps/{app}/products/app_store/monthly"),
            product,
        )
        .await;
        for currency in ["USD", "EUR"] {
            let trial = json!({
                "price": {"country": "US", "currency": currency, "value": 0},
                "offer": {"category": "introductory", "type": "free_trial"},
            });
            let user = Customer::new(&server, currency).await;
            user.post(TRANSACTION, &numbered(with(subscription(), trial), currency))
                .await;
        }
        let path = format!("apps/{app}/events?order=asc&event_type=trial_started");
        let told = server.admin("GET", &path, "").await.json();
        let prices = |place: usize| {
            let properties = &told["data"][place]["payload"]["event_properties"];
            ["price_local", "original_price_local"].map(|name| properties[name].clone())
        };
        assert_eq!(prices(0), [Value::Null, Value::Null], "{backend:?}");
        assert_eq!(prices(1), [json!(9.99), json!(9.99)], "{backend:?}");
    }
}

#[tokio::test]
async fn a_chain_shows_the_transaction_before_once_its_latest_has_moved_away() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        let offer = json!({"offer": {"category": "introductory", "type": "pay_as_you_go"}});
        user.post(TRANSACTION, &with(subscription(), offer)).await;
        let renewal = json!({
            "store_transaction_id": "t2", "store_product_id": "weekly", "purchased_at": "2026-01-15T00:00:00Z",
            "expires_at": "2026-01-22T00:00:00Z", "price": {"country": "DE", "currency": "EUR", "value": 2.99},
        });
        let renewal = with(subscription(), renewal);
        user.post(TRANSACTION, &renewal).await;
        let moved = with(renewal, json!({"store_original_transaction_id": "u1"}));
        let key = [("idempotency-key", "move"), ("adapty-customer-user-id", "user-1")];
        for _ in 0..2 {
            let answer = server.call("POST", TRANSACTION, &key, &moved.to_string()).await;
            assert_eq!(answer.status, 200, "{backend:?}: {}", answer.text());
            let subscriptions = answer.json()["data"]["subscriptions"].clone();
            let shown = |place: usize| {
                let entry = &subscriptions[place];
                ["store_transaction_id", "store_product_id", "expires_at"].map(|name| entry[name].clone())
            };
            assert_eq!(
                shown(0),
                ["t1", "monthly", "2026-01-15T00:00:00+00:00"],
                "{backend:?}"
            );
            assert_eq!(
                shown(1),
                ["t2", "weekly", "2026-01-22T00:00:00+00:00"],
                "{backend:?}"
            );
            assert_eq!(subscriptions[0]["offer"]["type"], "pay_as_you_go", "{backend:?}");
        }
    }
}

/// Reports may be decided on a state of a few commits ago; what they read of the catalogue may not be so old.
#[tokio::test(flavor = "multi_thread")]
async fn beside_a_busy_writer_the_next_report_knows_what_was_set_of_a_product_and_a_rate() {
    let server = TestServer::on(Backend::SqliteFile).await;
    let busy = join_all((0..8).map(async |number| {
        let name: &str = format!("busy-{number}").leak();
        Customer::new(&server, name).await
    }))
    .await;
    let app = format!("apps/{}", server.app_id);
    let is_over = AtomicBool::new(false);
    let keep_busy = join_all(busy.iter().map(async |customer| {
        let mut number = 0;
        while !is_over.load(Ordering::Relaxed) {
            number += 1;
            let body = json!({"branch_id": number.to_string()});
            customer.post(IDENTIFIERS, &body).await;
        }
    }));
    let report = async {
        for round in 0..150 {
            let (name, level) = (format!("user-{round}"), format!("level-{round}"));
            put(&server, &format!("{app}/access-levels/{level}"), "").await;
            let product = json!({"access_level_id": level, "consumable": false}).to_string();
            put(&server, &format!("{app}/products/app_store/monthly"), &product).await;
            let rate = json!({"usd": format!("{}", round + 2), "force": true}).to_string();
            put(&server, "rates/EUR", &rate).await;
            let body = json!({"price": {"country": "DE", "currency": "EUR", "value": 1.0},
                "purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z",
                "expires_at": "2026-02-01T00:00:00Z"});
            let customer = Customer::new(&server, &name).await;
            let body = numbered(with(subscription(), body), &name);
            let shown = customer.post(TRANSACTION, &body).await;
            assert_eq!(level_ids(&shown), [level]);
            assert_eq!(shown["total_revenue_usd"], f64::from(round + 2));
        }
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(keep_busy, report);
}
