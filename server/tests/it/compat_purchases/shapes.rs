//! How purchases are shown: exactly the keys of the wire contract, with their types and forms of dates.

use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::purchases::{Customer, numbered, one_time, subscription, with};
use crate::support::server::{GRANT, IDENTIFIERS, PROFILE, TRANSACTION, TestServer};

fn plain_entry() -> Value {
    json!({
        "store": "app_store", "store_product_id": "monthly", "store_base_plan_id": null,
        "store_transaction_id": "t1", "store_original_transaction_id": "t1", "offer": null,
        "environment": "Production", "purchased_at": "2025-12-15T00:00:00+00:00",
        "originally_purchased_at": "2025-12-15T00:00:00+00:00", "expires_at": "2026-01-15T00:00:00+00:00",
        "renewal_cancelled_at": null, "billing_issue_detected_at": null, "is_in_grace_period": false,
        "cancellation_reason": null,
    })
}

fn as_level(entry: Value) -> Value {
    with(entry, json!({"access_level_id": "premium", "starts_at": null}))
}

#[tokio::test]
async fn a_subscription_is_listed_and_gives_its_level() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        let shown = user.post(TRANSACTION, &subscription()).await;
        assert_eq!(shown["subscriptions"], json!([plain_entry()]), "{backend:?}");
        assert_eq!(shown["access_levels"], json!([as_level(plain_entry())]));
        assert_eq!(shown["non_subscriptions"], json!([]));
        assert_eq!(shown["total_revenue_usd"], json!(9.99));
        assert_eq!(user.profile().await, shown, "{backend:?}");
    }
}

#[tokio::test]
async fn every_field_of_a_subscription_is_shown_in_its_form() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        let body = with(
            subscription(),
            json!({
                "store": "my store", "environment": "Sandbox", "store_base_plan_id": "plan",
                "store_transaction_id": "t2", "purchased_at": "2025-12-15T12:00:00.123+0200",
                "originally_purchased_at": "2025-11-15 00:00:00", "expires_at": "2025-12-31T23:00:00Z",
                "offer": {"offer_category": "promotional", "offer_type": "pay_up_front", "offer_id": "o"},
                "renew_status": false, "renew_status_changed_at": "2025-12-20T00:00:00.5Z",
                "billing_issue_detected_at": "2025-12-31T00:00:00Z",
                "grace_period_expires_at": "2026-01-03T00:00:00Z",
                "cancellation_reason": "billing_error", "variation_id": "v", "is_family_shared": false,
            }),
        );
        let shown = user.post(TRANSACTION, &body).await;
        let entry = json!({
            "store": "my store", "store_product_id": "monthly", "store_base_plan_id": "plan",
            "store_transaction_id": "t2", "store_original_transaction_id": "t1",
            "offer": {"category": "promotional", "type": "pay_up_front", "id": "o"},
            "environment": "Sandbox", "purchased_at": "2025-12-15T10:00:00.123000+00:00",
            "originally_purchased_at": "2025-11-15T00:00:00+00:00", "expires_at": "2025-12-31T23:00:00+00:00",
            "renewal_cancelled_at": "2025-12-20T00:00:00.500000+00:00",
            "billing_issue_detected_at": "2025-12-31T00:00:00+00:00", "is_in_grace_period": true,
            "cancellation_reason": "billing_error",
        });
        assert_eq!(shown["subscriptions"], json!([entry]), "{backend:?}");
        // Access goes on until the grace period ends.
        let until = json!({"expires_at": "2026-01-03T00:00:00+00:00"});
        assert_eq!(shown["access_levels"], json!([as_level(with(entry, until))]));
        assert_eq!(shown["total_revenue_usd"], json!(0.0));
        assert_eq!(user.profile().await, shown, "{backend:?}");
    }
}

/// Many write "for ever" so.
#[tokio::test]
async fn the_last_second_of_the_calendar_is_an_end_like_any_other() {
    let far = json!({"expires_at": "9999-12-31T23:59:59Z"});
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        let shown = user.post(TRANSACTION, &with(subscription(), far.clone())).await;
        let entry = with(plain_entry(), json!({"expires_at": "9999-12-31T23:59:59+00:00"}));
        assert_eq!(shown["subscriptions"], json!([entry]), "{backend:?}");
        assert_eq!(shown["access_levels"], json!([as_level(entry)]), "{backend:?}");
        let grant = with(json!({"access_level_id": "premium"}), far.clone());
        let level = &user.post(GRANT, &grant).await["access_levels"][0];
        assert_eq!(level["store"], "adapty", "{backend:?}");
        assert_eq!(level["expires_at"], "9999-12-31T23:59:59+00:00", "{backend:?}");
    }
}

#[tokio::test]
async fn a_one_time_purchase_is_listed_and_gives_its_level_for_ever() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        let shown = user.post(TRANSACTION, &one_time()).await;
        let id = &shown["non_subscriptions"][0]["purchase_id"];
        assert!(uuid::Uuid::parse_str(id.as_str().unwrap()).is_ok(), "{shown}");
        let purchase = json!({
            "purchase_id": id, "store": "app_store", "store_product_id": "coins", "store_base_plan_id": null,
            "store_transaction_id": "t1", "store_original_transaction_id": "t1",
            "purchased_at": "2025-12-15T00:00:00+00:00", "environment": "Production",
            "is_refund": false, "is_consumable": false,
        });
        assert_eq!(shown["non_subscriptions"], json!([purchase]), "{backend:?}");
        assert_eq!(shown["subscriptions"], json!([]));
        let level = json!({"store_product_id": "coins", "expires_at": null});
        assert_eq!(
            shown["access_levels"],
            json!([as_level(with(plain_entry(), level))])
        );
        // The id of the purchase stays when it is paid back.
        let refund = json!({"refunded_at": "2025-12-20T00:00:00Z", "cancellation_reason": "refund"});
        let refunded = user.post(TRANSACTION, &with(one_time(), refund)).await;
        assert_eq!(
            refunded["non_subscriptions"],
            json!([with(purchase, json!({"is_refund": true}))])
        );
        let level = &refunded["access_levels"][0];
        assert_eq!(level["expires_at"], "2025-12-20T00:00:00+00:00", "{backend:?}");
        assert_eq!(level["cancellation_reason"], "refund");
        assert_eq!(refunded["total_revenue_usd"], json!(0.0));
    }
}

#[tokio::test]
async fn a_grant_is_shown_as_a_purchase_from_the_server() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        let body = json!({"access_level_id": "premium", "starts_at": "2026-02-01T00:00:00Z",
                          "expires_at": "2026-03-01T00:00:00.25Z"});
        let shown = user.post(GRANT, &body).await;
        let id = &shown["access_levels"][0]["store_transaction_id"];
        let level = json!({
            "access_level_id": "premium", "store": "adapty", "store_product_id": "adapty_server_side_product",
            "store_base_plan_id": null, "store_transaction_id": id, "store_original_transaction_id": id,
            "offer": null, "environment": "Production", "starts_at": "2026-02-01T00:00:00+00:00",
            "purchased_at": "2026-01-01T00:00:00+00:00", "originally_purchased_at": "2026-01-01T00:00:00+00:00",
            "expires_at": "2026-03-01T00:00:00.250000+00:00", "renewal_cancelled_at": null,
            "billing_issue_detected_at": null, "is_in_grace_period": false, "cancellation_reason": null,
        });
        assert_eq!(shown["access_levels"], json!([level]), "{backend:?}");
        let lists = (&shown["subscriptions"], &shown["non_subscriptions"]);
        assert_eq!(lists, (&json!([]), &json!([])));
        assert_eq!(shown["total_revenue_usd"], json!(0.0));
        assert_eq!(user.profile().await, shown, "{backend:?}");
    }
}

#[tokio::test]
async fn changes_of_the_profile_and_of_identifiers_keep_purchases() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        user.post(TRANSACTION, &subscription()).await;
        user.post(TRANSACTION, &numbered(one_time(), "once")).await;
        let before = user
            .post(
                GRANT,
                &json!({"access_level_id": "premium", "expires_at": "2027-01-01T00:00:00Z"}),
            )
            .await;
        let name = json!({"first_name": "Ann", "installation_meta": {"device_id": "d"}});
        for (method, path, body) in [
            ("PATCH", PROFILE, &name),
            ("POST", PROFILE, &name),
            ("POST", IDENTIFIERS, &json!({"branch_id": "b"})),
        ] {
            let answer = user.call(method, path, body).await;
            assert_eq!(answer.json()["data"], before, "{backend:?} {method} {path}");
        }
        assert_eq!(user.profile().await, before, "{backend:?}");
    }
}

#[tokio::test]
async fn a_renewal_follows_in_its_chain_and_an_older_one_does_not_move_it_back() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let user = Customer::new(&server, "user-1").await;
    let month = |id: &str, from: &str, to: &str| {
        with(
            subscription(),
            json!({"store_transaction_id": id, "originally_purchased_at": "2025-10-15T00:00:00Z",
                   "purchased_at": format!("{from}T00:00:00Z"), "expires_at": format!("{to}T00:00:00Z")}),
        )
    };
    user.post(TRANSACTION, &month("t1", "2025-10-15", "2025-11-15"))
        .await;
    user.post(TRANSACTION, &month("t3", "2025-12-15", "2026-01-15"))
        .await;
    let late = user
        .post(TRANSACTION, &month("t2", "2025-11-15", "2025-12-15"))
        .await;
    assert_eq!(late["subscriptions"].as_array().unwrap().len(), 1, "{late}");
    for entry in [&late["subscriptions"][0], &late["access_levels"][0]] {
        assert_eq!(entry["store_transaction_id"], "t3");
        assert_eq!(entry["expires_at"], "2026-01-15T00:00:00+00:00");
        assert_eq!(entry["originally_purchased_at"], "2025-10-15T00:00:00+00:00");
    }
    assert_eq!(late["total_revenue_usd"], json!(29.97));
}
