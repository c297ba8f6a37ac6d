//! Access that is granted and revoked.

use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::direct::set_webhook_of;
use crate::support::purchases::{Customer, numbered, one_time, stored, subscription, with};
use crate::support::refusal::{not_found, refusal, refused};
use crate::support::server::{GRANT, REVOKE, START, TRANSACTION, TestServer};

async fn add_level(server: &TestServer, level: &str) {
    let path = format!("apps/{}/access-levels/{level}", server.app_id);
    assert_eq!(server.admin("PUT", &path, "").await.status, 200);
}

fn premium(more: Value) -> Value {
    with(json!({"access_level_id": "premium"}), more)
}

async fn refused_with(user: &Customer<'_>, path: &str, body: &Value, code: &str, source: &str) {
    let answer = user.call("POST", path, body).await;
    assert_eq!(refusal(&answer), refused(400, code, &[source]), "{path} {body}");
}

#[tokio::test]
async fn a_grant_is_refused_for_the_first_reason_that_holds() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        let before = stored(&server).await;
        let unknown = json!({"access_level_id": "gold"});
        for (body, code, source) in [
            (json!({}), "base_error", "access_level_id"),
            (json!({"access_level_id": null}), "base_error", "access_level_id"),
            (premium(json!({"starts_at": "soon"})), "datetime", "starts_at"),
            (premium(json!({"expires_at": 5})), "base_error", "expires_at"),
            (
                with(unknown.clone(), json!({"expires_at": "soon"})),
                "datetime",
                "expires_at",
            ),
            (
                premium(json!({"starts_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T00:00:00Z"})),
                "validation_error",
                "expires_at",
            ),
            (
                unknown.clone(),
                "paid_access_level_does_not_exist",
                "non_field_errors",
            ),
        ] {
            refused_with(&user, GRANT, &body, code, source).await;
        }
        let nobody = Customer {
            server: &server,
            id: "nobody",
        };
        let answer = nobody.call("POST", GRANT, &unknown).await;
        assert_eq!(refusal(&answer), not_found(), "{backend:?}");
        assert_eq!(stored(&server).await, before, "{backend:?}");
    }
}

#[tokio::test]
async fn a_revocation_is_refused_for_the_first_reason_that_holds() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        add_level(&server, "gold").await;
        let user = Customer::new(&server, "user-1").await;
        user.post(GRANT, &premium(json!({"expires_at": "2026-02-01T00:00:00Z"})))
            .await;
        let before = stored(&server).await;
        let past = json!({"revoke_at": "2026-01-01T00:00:00Z"});
        for (body, code, source) in [
            (json!({"revoke_at": null}), "base_error", "access_level_id"),
            (premium(json!({"revoke_at": "soon"})), "datetime", "revoke_at"),
            (
                with(json!({"access_level_id": "silver"}), past.clone()),
                "paid_access_level_does_not_exist",
                "non_field_errors",
            ),
            (
                with(json!({"access_level_id": "gold"}), past.clone()),
                "profile_paid_access_level_does_not_exist",
                "non_field_errors",
            ),
            (premium(past), "value_error", "revoke_at"),
            (
                premium(json!({"revoke_at": "2026-02-01T00:00:00.000001Z"})),
                "revocation_date_more_than_expiration_date",
                "revoke_at",
            ),
        ] {
            refused_with(&user, REVOKE, &body, code, source).await;
        }
        let nobody = Customer {
            server: &server,
            id: "nobody",
        };
        let answer = nobody
            .call("POST", REVOKE, &json!({"access_level_id": "silver"}))
            .await;
        assert_eq!(refusal(&answer), not_found(), "{backend:?}");
        assert_eq!(stored(&server).await, before, "{backend:?}");
        // The end itself is not too late.
        let end = json!({"revoke_at": "2026-02-01T00:00:00Z"});
        user.post(REVOKE, &premium(end)).await;
    }
}

#[tokio::test]
async fn the_later_end_of_two_grants_wins() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let user = Customer::new(&server, "user-1").await;
    for (end, shown) in [
        (json!("2025-12-01T00:00:00Z"), json!("2025-12-01T00:00:00+00:00")),
        (json!("2026-02-01T00:00:00Z"), json!("2026-02-01T00:00:00+00:00")),
        (json!("2026-01-15T00:00:00Z"), json!("2026-02-01T00:00:00+00:00")),
        (json!("2026-03-01T00:00:00Z"), json!("2026-03-01T00:00:00+00:00")),
        (Value::Null, Value::Null),
        (json!("2026-04-01T00:00:00Z"), Value::Null),
    ] {
        let profile = user.post(GRANT, &premium(json!({"expires_at": end}))).await;
        let levels = profile["access_levels"].as_array().unwrap();
        assert_eq!((levels.len(), &levels[0]["expires_at"]), (1, &shown), "{end}");
    }
}

#[tokio::test]
async fn a_revocation_takes_access_away_now_or_later() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        user.post(GRANT, &premium(json!({}))).await;
        // What some callers send: a second from now, without an offset.
        let soon = json!({"revoke_at": "2026-01-01T00:00:01.000"});
        let level = user.post(REVOKE, &premium(soon)).await["access_levels"][0].clone();
        assert_eq!(level["expires_at"], "2026-01-01T00:00:01+00:00", "{backend:?}");
        assert_eq!(level["cancellation_reason"], "adapty_revoked");
        assert_eq!(level["renewal_cancelled_at"], "2026-01-01T00:00:00+00:00");
        let level = user.post(REVOKE, &premium(json!({}))).await["access_levels"][0].clone();
        assert_eq!(level["expires_at"], "2026-01-01T00:00:00+00:00", "{backend:?}");
        // It has ended: nothing is left to take away.
        server.state.clock.move_to(START + 60_000_000).unwrap();
        let before = stored(&server).await;
        let again = user.post(REVOKE, &premium(json!({}))).await;
        assert_eq!(again["access_levels"], json!([level]), "{backend:?}");
        assert_eq!(stored(&server).await, before, "{backend:?}");
        let later = premium(json!({"revoke_at": "2026-01-02T00:00:00Z"}));
        let code = "revocation_date_more_than_expiration_date";
        refused_with(&user, REVOKE, &later, code, "revoke_at").await;
        // A new grant opens the level again.
        let level = user.post(GRANT, &premium(json!({}))).await["access_levels"][0].clone();
        assert_eq!(
            (&level["expires_at"], &level["cancellation_reason"]),
            (&Value::Null, &Value::Null)
        );
    }
}

#[tokio::test]
async fn a_revoked_subscription_shows_it_and_opens_again_with_its_renewal() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let user = Customer::new(&server, "user-1").await;
        user.post(TRANSACTION, &subscription()).await;
        let revoked = user.post(REVOKE, &premium(json!({}))).await;
        for entry in [&revoked["subscriptions"][0], &revoked["access_levels"][0]] {
            assert_eq!(entry["expires_at"], "2026-01-01T00:00:00+00:00", "{backend:?}");
            assert_eq!(entry["cancellation_reason"], "adapty_revoked");
            assert_eq!(entry["renewal_cancelled_at"], "2026-01-01T00:00:00+00:00");
        }
        assert_eq!(revoked["total_revenue_usd"], json!(9.99));
        let renewal = json!({"store_transaction_id": "t2", "purchased_at": "2026-01-15T00:00:00Z",
                             "expires_at": "2026-02-15T00:00:00Z"});
        let renewed = user.post(TRANSACTION, &with(subscription(), renewal)).await;
        for entry in [&renewed["subscriptions"][0], &renewed["access_levels"][0]] {
            assert_eq!(entry["expires_at"], "2026-02-15T00:00:00+00:00", "{backend:?}");
            assert_eq!(entry["cancellation_reason"], Value::Null);
            assert_eq!(entry["renewal_cancelled_at"], Value::Null);
        }
    }
}

#[tokio::test]
async fn an_upcoming_grant_is_revoked_at_its_start() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let user = Customer::new(&server, "user-1").await;
    let upcoming = json!({"starts_at": "2026-02-01T00:00:00Z", "expires_at": "2026-03-01T00:00:00Z"});
    user.post(GRANT, &premium(upcoming)).await;
    let level = user.post(REVOKE, &premium(json!({}))).await["access_levels"][0].clone();
    assert_eq!(level["starts_at"], "2026-02-01T00:00:00+00:00");
    assert_eq!(level["expires_at"], "2026-02-01T00:00:00+00:00");
}

/// Who shares the level that the customer's last event tells of.
async fn sharing(server: &TestServer, customer: &Customer<'_>) -> Value {
    let id = customer.profile().await["profile_id"].clone();
    let path = format!(
        "apps/{}/events?profile_id={}&limit=1",
        server.app_id,
        id.as_str().unwrap()
    );
    let page = server.admin("GET", &path, "").await.json();
    let payload = page["data"][0]["payload"].clone();
    assert_eq!(payload["event_type"], "access_level_updated");
    payload["profiles_sharing_access_level"].clone()
}

/// Two customers with one subscription, of an app whose webhook is told of levels.
async fn who_share(server: &TestServer) -> (Customer<'_>, Customer<'_>) {
    set_webhook_of(&server.state, server.app_id.parse().unwrap(), json!({})).await;
    let (one, two) = (
        Customer::new(server, "one").await,
        Customer::new(server, "two").await,
    );
    one.post(TRANSACTION, &subscription()).await;
    two.post(TRANSACTION, &subscription()).await;
    (one, two)
}

#[tokio::test]
async fn what_a_revocation_and_a_grant_tell_names_those_who_share_the_level() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let (one, two) = who_share(&server).await;
        for (who, other) in [(&two, &one), (&one, &two)] {
            who.post(REVOKE, &premium(json!({}))).await;
            let expected = json!([{
                "profile_id": other.profile().await["profile_id"], "customer_user_id": other.id,
            }]);
            assert_eq!(sharing(&server, who).await, expected, "{backend:?}");
        }
        // A grant is shared with nobody.
        one.post(GRANT, &premium(json!({}))).await;
        assert_eq!(sharing(&server, &one).await, Value::Null, "{backend:?}");
    }
}

#[tokio::test]
async fn a_level_that_another_chain_gives_now_names_those_who_share_that_one() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let (one, two) = who_share(&server).await;
        for (who, other, chain) in [(&one, &two, "o1"), (&two, &one, "o2")] {
            let bought = numbered(one_time(), chain);
            let bought = with(bought, json!({"store_product_id": "lifetime"}));
            who.post(TRANSACTION, &bought).await;
            assert_eq!(sharing(&server, who).await, Value::Null, "{backend:?}");
            let refund = json!({"refunded_at": "2026-01-01T00:00:00Z", "cancellation_reason": "refund"});
            who.post(TRANSACTION, &with(bought, refund)).await;
            let expected = json!([{
                "profile_id": other.profile().await["profile_id"], "customer_user_id": other.id,
            }]);
            assert_eq!(sharing(&server, who).await, expected, "{backend:?} {chain}");
        }
    }
}
