//! What the administration sees of a profile's purchases, on every backend.

use serde_json::{Value, json};

use super::support::backend::ALL;
use super::support::purchases::{Customer, numbered, one_time, subscription, with};
use super::support::server::{GRANT, REVOKE, START, TRANSACTION, TestServer};

async fn view(customer: &Customer<'_>) -> Value {
    let id = customer.profile().await["profile_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("apps/{}/profiles/{id}", customer.server.app_id);
    let view = customer.server.admin("GET", &path, "").await;
    assert_eq!(view.status, 200, "{}", view.text());
    view.json()
}

fn transaction(more: Value) -> Value {
    let plain = json!({
        "store_transaction_id": "t1", "store_product_id": "monthly", "store_base_plan_id": null,
        "environment": "Production", "offer": null, "is_family_shared": false,
        "price": {"country": "US", "currency": "USD", "value": "9.99", "usd_rate": "1"},
        "purchased_at": "2025-12-15T00:00:00+00:00", "originally_purchased_at": "2025-12-15T00:00:00+00:00",
        "expires_at": null, "renew_status": false, "renew_status_changed_at": null,
        "billing_issue_detected_at": null, "grace_period_expires_at": null, "refunded_at": null,
        "cancellation_reason": null, "variation_id": null,
    });
    with(plain, more)
}

#[tokio::test]
async fn a_chain_is_shown_with_its_periods_and_its_latest_transaction() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        user.post(TRANSACTION, &subscription()).await;
        let renewal = json!({
            "store_transaction_id": "t2", "purchased_at": "2026-01-15T00:00:00Z",
            "expires_at": "2026-02-15T00:00:00.5Z", "renew_status": false, "variation_id": "v",
            "renew_status_changed_at": "2026-01-16T00:00:00Z", "price": {"country": "DE", "currency": "XTS", "value": 0.1},
            "offer": {"category": "introductory", "type": "pay_as_you_go"},
        });
        user.post(TRANSACTION, &with(subscription(), renewal)).await;
        let shown = view(&user).await;
        let latest = transaction(json!({
            "store_transaction_id": "t2", "purchased_at": "2026-01-15T00:00:00+00:00", "variation_id": "v",
            "expires_at": "2026-02-15T00:00:00.500000+00:00",
            "renew_status_changed_at": "2026-01-16T00:00:00+00:00",
            "price": {"country": "DE", "currency": "XTS", "value": "0.1", "usd_rate": null},
            "offer": {"category": "introductory", "type": "pay_as_you_go", "id": null},
        }));
        let period = |id: &str, from: &str, to: &str| json!({"store_transaction_id": id, "purchased_at": from, "ends_at": to, "refunded_at": null});
        let chain = json!({
            "store": "app_store", "store_original_transaction_id": "t1", "access_level_id": "premium",
            "phase": "paid", "closed": null, "access_ends_at": "2026-02-15T00:00:00.500000+00:00",
            "renewal_cancelled_at": "2026-01-16T00:00:00+00:00", "pause_arranged_at": null, "revoked": null,
            "trial_days": null, "consecutive_payments": 2, "latest": latest,
            "periods": [
                period("t2", "2026-01-15T00:00:00+00:00", "2026-02-15T00:00:00.500000+00:00"),
                period("t1", "2025-12-15T00:00:00+00:00", "2026-01-15T00:00:00+00:00"),
            ],
        });
        assert_eq!(shown["chains"], json!([chain]), "{backend:?}");
        assert_eq!(
            shown["access_levels"], shown["api"]["access_levels"],
            "{backend:?}"
        );
        assert_eq!(shown["access_levels"].as_array().unwrap().len(), 1, "{backend:?}");
        let refund = json!({"refunded_at": "2025-12-20T00:00:00Z", "cancellation_reason": "refund"});
        let other = with(numbered(subscription(), "other"), refund);
        user.post(TRANSACTION, &other).await;
        let closed = &view(&user).await["chains"][1]["closed"];
        assert_eq!(
            *closed,
            json!({"how": "refunded", "at": "2025-12-20T00:00:00+00:00"})
        );
    }
}

#[tokio::test]
async fn one_time_purchases_grants_and_shared_access_are_shown() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        let friend = Customer::new(&server, "user-2").await;
        let bought = user.post(TRANSACTION, &one_time()).await;
        friend.post(TRANSACTION, &one_time()).await;
        let until = json!({"access_level_id": "premium", "expires_at": "2026-02-01T00:00:00Z"});
        user.post(GRANT, &until).await;
        user.post(REVOKE, &json!({"access_level_id": "premium"})).await;
        let shown = view(&user).await;
        let revoked = json!({"at": "2026-01-01T00:00:00+00:00", "said_at": "2026-01-01T00:00:00+00:00"});
        let price = json!({"country": "US", "currency": "USD", "value": "1.5", "usd_rate": "1"});
        let purchase = json!({
            "purchase_id": bought["non_subscriptions"][0]["purchase_id"], "is_consumable": false,
            "access_level_id": "premium", "revoked": revoked,
            "transaction": transaction(json!({"store_product_id": "coins", "price": price})),
        });
        assert_eq!(shown["one_time"], json!([purchase]), "{backend:?}");
        let grant = json!({
            "grant_id": shown["grants"][0]["grant_id"], "access_level_id": "premium",
            "granted_at": "2026-01-01T00:00:00+00:00", "starts_at": null,
            "expires_at": "2026-02-01T00:00:00+00:00", "revoked": revoked,
        });
        assert_eq!(shown["grants"], json!([grant]), "{backend:?}");
        assert_eq!(shown["access_levels"], shown["api"]["access_levels"]);
        let of_friend = view(&friend).await;
        let shared = json!({"store": "app_store", "store_original_transaction_id": "t1",
                            "access_level_id": "premium", "revoked": null});
        assert_eq!(of_friend["shared"], json!([shared]), "{backend:?}");
        assert_eq!(
            (&of_friend["chains"], &of_friend["one_time"]),
            (&json!([]), &json!([]))
        );
    }
}

/// Each time stands for itself: no two of these are the same.
#[tokio::test]
async fn grace_revocations_and_ends_are_shown_with_their_own_times() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        server.state.clock.move_to(START + 3_600_000_000).unwrap();
        let in_grace = json!({
            "expires_at": "2025-12-31T00:00:00Z", "billing_issue_detected_at": "2025-12-30T00:00:00Z",
            "grace_period_expires_at": "2026-01-05T00:00:00Z",
        });
        user.post(TRANSACTION, &with(subscription(), in_grace)).await;
        let upgraded = json!({"cancellation_reason": "upgraded", "renew_status": false});
        for more in [json!({}), upgraded] {
            user.post(TRANSACTION, &with(numbered(subscription(), "u1"), more))
                .await;
        }
        user.post(
            GRANT,
            &json!({"access_level_id": "premium", "starts_at": "2026-01-10T00:00:00Z",
                    "expires_at": "2026-02-01T00:00:00Z"}),
        )
        .await;
        let revoke = json!({"access_level_id": "premium", "revoke_at": "2026-01-02T00:00:00Z"});
        user.post(REVOKE, &revoke).await;
        let shown = view(&user).await;
        let (chain, grant) = (&shown["chains"][0], &shown["grants"][0]);
        let latest = &chain["latest"];
        for (what, told, expected) in [
            ("expires", &latest["expires_at"], "2025-12-31T00:00:00+00:00"),
            (
                "failed",
                &latest["billing_issue_detected_at"],
                "2025-12-30T00:00:00+00:00",
            ),
            (
                "grace",
                &latest["grace_period_expires_at"],
                "2026-01-05T00:00:00+00:00",
            ),
            ("access", &chain["access_ends_at"], "2026-01-05T00:00:00+00:00"),
            ("revoked", &chain["revoked"]["at"], "2026-01-02T00:00:00+00:00"),
            ("said", &chain["revoked"]["said_at"], "2026-01-01T01:00:00+00:00"),
            ("starts", &grant["starts_at"], "2026-01-10T00:00:00+00:00"),
            ("created", &shown["created_at"], "2026-01-01T00:00:00+00:00"),
            ("updated", &shown["updated_at"], "2026-01-01T01:00:00+00:00"),
        ] {
            assert_eq!(*told, expected, "{backend:?} {what}");
        }
        assert_eq!(shown["chains"][1]["closed"]["how"], "replaced", "{backend:?}");
    }
}
