//! Administration of access levels, products and rates, on every backend.

use bursar::admin::rates::end_of_shipped;
use bursar_domain::money::rates::is_outdated;
use bursar_domain::time::format_time;
use serde_json::json;

use super::support::backend::ALL;
use super::support::server::{START, TestServer};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn access_levels_are_made_and_described() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let levels = format!("apps/{}/access-levels", server.app_id);
        let gold = format!("{levels}/gold");
        let made = server.admin("PUT", &gold, "").await;
        assert_eq!(made.status, 200, "{backend:?}: {}", made.text());
        let said = server.admin("PUT", &gold, r#"{"description":"All"}"#).await;
        assert_eq!(
            said.json(),
            json!({"access_level_id": "gold", "description": "All"})
        );
        let list = server.admin("GET", &levels, "").await.json();
        assert_eq!(list["data"].as_array().unwrap().len(), 2);
        assert_eq!(list["data"][0], said.json());
        let premium = server.admin("DELETE", &format!("{levels}/premium"), "").await;
        assert_eq!(premium.status, 405);
    }
}

#[tokio::test]
async fn a_product_gives_a_known_access_level_or_none() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let products = format!("apps/{}/products", server.app_id);
        let weekly = format!("{products}/app_store/com.example%2Fweekly");
        let whole = json!({"access_level_id": "premium", "consumable": false, "title": "Weekly",
                           "price": {"value": "9.99", "currency": "usd"}});
        let set = server.admin("PUT", &weekly, &whole.to_string()).await;
        assert_eq!(set.status, 200, "{backend:?}: {}", set.text());
        let shown = json!({"store": "app_store", "store_product_id": "com.example/weekly",
                           "access_level_id": "premium", "consumable": false, "title": "Weekly",
                           "price": {"value": "9.99", "currency": "USD"}});
        assert_eq!(set.json(), shown);
        let list = server.admin("GET", &products, "").await.json();
        assert_eq!(list, json!({"data": [shown], "next_cursor": null}));
        let other = json!({"access_level_id": null, "consumable": true, "title": "Coins",
                           "price": {"value": "1", "currency": "EUR"}});
        let path = weekly.as_str();
        server.admin("PUT", path, &other.to_string()).await;
        let list = server.admin("GET", &products, "").await.json();
        for (name, value) in other.as_object().unwrap() {
            assert_eq!(list["data"][0][name], *value, "{backend:?} {name}");
        }
        let none = r#"{"access_level_id":null,"consumable":true}"#;
        let replaced = server.admin("PUT", &weekly, none).await.json();
        assert_eq!(replaced["access_level_id"], json!(null));
        assert_eq!(
            (&replaced["title"], &replaced["price"]),
            (&json!(null), &json!(null))
        );
        assert_eq!(server.admin("DELETE", &weekly, "").await.status, 204);
        assert_eq!(server.admin("DELETE", &weekly, "").await.status, 404);
    }
}

#[tokio::test]
async fn bad_catalogue_entries_are_refused() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = format!("apps/{}", server.app_id);
        let long = "x".repeat(256);
        let cases = [
            (
                "products/app_store/p",
                r#"{"access_level_id":"gold","consumable":false}"#,
                "access_level_id",
            ),
            (
                "products/app_store/p",
                r#"{"consumable":false}"#,
                "access_level_id",
            ),
            (
                "products/app_store/p",
                r#"{"access_level_id":1,"consumable":false}"#,
                "access_level_id",
            ),
            (
                "products/app_store/p",
                r#"{"access_level_id":null,"consumable":"no"}"#,
                "consumable",
            ),
            (
                "products/app_store/p",
                r#"{"access_level_id":null,"consumable":true,"price":{"value":9.99,"currency":"USD"}}"#,
                "price.value",
            ),
            (
                "products/app_store/p",
                r#"{"access_level_id":null,"consumable":true,"price":{"value":"-1","currency":"USD"}}"#,
                "price.value",
            ),
            (
                "products/app_store/p",
                r#"{"access_level_id":null,"consumable":true,"price":{"value":"1","currency":"US"}}"#,
                "price.currency",
            ),
            (
                "products/app_store/a%00b",
                r#"{"access_level_id":null,"consumable":true}"#,
                "store_product_id",
            ),
            (
                "products/%0A/p",
                r#"{"access_level_id":null,"consumable":true}"#,
                "store",
            ),
            ("access-levels/a%00b", "{}", "id"),
            (&format!("access-levels/{long}"), "{}", "id"),
            ("access-levels/%20", "{}", "id"),
            ("access-levels/%20%E2%80%83", "{}", "id"),
            ("access-levels/gold", r#"{"descripton":"x"}"#, "descripton"),
        ];
        for (path, body, field) in cases {
            let refused = server.admin("PUT", &format!("{app}/{path}"), body).await;
            assert_eq!(
                refused.status,
                422,
                "{backend:?} {path} {body}: {}",
                refused.text()
            );
            assert_eq!(refused.json()["errors"][0]["field"], field, "{path} {body}");
        }
        for (method, path) in [
            ("GET", "products"),
            ("GET", "access-levels"),
            ("DELETE", "products/a/b"),
        ] {
            let answer = server.admin(method, &format!("apps/{NOBODY}/{path}"), "").await;
            assert_eq!(answer.status, 404, "{backend:?} {path}");
        }
        let level = server
            .admin("PUT", &format!("apps/{NOBODY}/access-levels/a"), "")
            .await;
        assert_eq!(level.status, 404);
        assert_eq!(
            server
                .admin("DELETE", &format!("{app}/products/a%00/b"), "")
                .await
                .status,
            422
        );
    }
}

#[tokio::test]
async fn the_end_of_the_shipped_rates_is_told_from_a_month_before_on_unless_there_are_own_ones() {
    const DAY: i64 = 24 * 60 * 60 * 1_000_000;
    let over = (0..)
        .map(|day| START + day * DAY)
        .find(|time| is_outdated(*time))
        .unwrap();
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let told = async |now: i64| end_of_shipped(&server.state.store, now).await.unwrap();
        let set = async |from: &str| {
            let body = json!({"usd": "1.08", "from": from}).to_string();
            let answer = server.admin("PUT", "rates/EUR", &body).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        };
        assert_eq!(told(over - 31 * DAY).await, None, "{backend:?}");
        for now in [over - 30 * DAY, over + 500 * DAY] {
            assert!(
                told(now).await.unwrap().contains("exchange rates end"),
                "{backend:?}"
            );
        }
        set("2020-01-01").await;
        assert!(
            told(over).await.is_some(),
            "{backend:?}: older than the shipped ones"
        );
        set(&format_time(over)[..10]).await;
        assert_eq!(told(over).await, None, "{backend:?}");
    }
}

#[tokio::test]
async fn rates_hold_from_a_day_on() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let today = server.admin("PUT", "rates/eur", r#"{"usd":"1.08"}"#).await;
        assert_eq!(today.status, 200, "{backend:?}: {}", today.text());
        assert_eq!(
            today.json(),
            json!({"currency": "EUR", "usd": "1.08", "from": "2026-01-01"})
        );
        for body in [
            r#"{"usd":"1.07","from":"2025-06-01"}"#,
            r#"{"usd":"1.06","from":"2025-06-01"}"#,
        ] {
            assert_eq!(server.admin("PUT", "rates/EUR", body).await.status, 200);
        }
        let list = server.admin("GET", "rates", "").await.json();
        let usd: Vec<_> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rate| &rate["usd"])
            .collect();
        assert_eq!(usd, ["1.06", "1.08"]);
        for (currency, body, field) in [
            ("EU", r#"{"usd":"1"}"#, "currency"),
            ("USD", r#"{"usd":"1"}"#, "currency"),
            ("usd", r#"{"usd":"1"}"#, "currency"),
            ("E%00R", r#"{"usd":"1"}"#, "currency"),
            ("EUR", "{}", "usd"),
            ("EUR", r#"{"usd":1.08}"#, "usd"),
            ("EUR", r#"{"usd":"0.00"}"#, "usd"),
            ("EUR", r#"{"usd":"-1"}"#, "usd"),
            ("EUR", r#"{"usd":"1","from":"2025-02-30"}"#, "from"),
            ("EUR", r#"{"usd":"1","form":"2025-02-01"}"#, "form"),
        ] {
            let refused = server.admin("PUT", &format!("rates/{currency}"), body).await;
            assert_eq!(refused.status, 422, "{backend:?} {currency} {body}");
            assert_eq!(refused.json()["errors"][0]["field"], field, "{currency} {body}");
        }
    }
}

#[tokio::test]
async fn a_rate_that_looks_like_a_mistake_is_refused_unless_it_is_meant() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for (currency, body, words) in [
            (
                "JPY",
                r#"{"usd":"150"}"#,
                "1 JPY was about 0.00638157 US dollars in 2026-01: 150 looks like the inverse; ",
            ),
            ("EUR", r#"{"usd":"0.1"}"#, "0.1 is more than ten times off; "),
            (
                "EUR",
                r#"{"usd":"99999999999999999999"}"#,
                "99999999999999999999 is more than ten times off; ",
            ),
            (
                "KWD",
                r#"{"usd":"10.1"}"#,
                "no currency is worth more than 10 US dollars a unit; ",
            ),
            (
                "VND",
                r#"{"usd":"25000"}"#,
                "no currency is worth more than 10 US dollars a unit; ",
            ),
        ] {
            let path = format!("rates/{currency}");
            let refused = server.admin("PUT", &path, body).await;
            let (status, text) = (refused.status, refused.text());
            assert_eq!(status, 422, "{backend:?} {body}: {text}");
            assert!(
                text.contains(words) && text.contains("`force`"),
                "{backend:?} {body}: {text}"
            );
            let forced = body.replace('}', r#","force":true}"#);
            assert_eq!(
                server.admin("PUT", &path, &forced).await.status,
                200,
                "{backend:?} {forced}"
            );
        }
        for (currency, body) in [
            ("JPY", r#"{"usd":"0.0067"}"#),
            ("TRY", r#"{"usd":"0.03","from":"2029-01-01"}"#),
            ("KWD", r#"{"usd":"3.3"}"#),
            ("VND", r#"{"usd":"0.000038"}"#),
        ] {
            let taken = server.admin("PUT", &format!("rates/{currency}"), body).await;
            assert_eq!(
                taken.status,
                200,
                "{backend:?} {currency} {body}: {}",
                taken.text()
            );
        }
    }
}
