//! Two apps that call their customers, profiles, products and transactions the same: each has its own, also where one commit of
//! PostgreSQL holds changes that are put together in one statement.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use bursar::store::{Sql, Statement};

use crate::support::backend::{Backend, hold, postgres_client, postgres_url};
use crate::support::deliveries::{branch, settle_down, work};
use crate::support::direct::{add_app, set_integration_of};
use crate::support::purchases::{numbered, subscription, with};
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer, request};
use crate::support::waiting::{until_behind, until_waiting};

/// In each app. Of two both the customer and the profile are called the same, of the others the customer alone; those of the
/// second app come first, in the order in which profiles are locked.
const CUSTOMERS: [[(&str, &str); 4]; 2] = [
    [
        ("ann", "00000000-0000-4000-8000-0000000000a0"),
        ("bob", "00000000-0000-4000-8000-0000000000b0"),
        ("cid", "00000000-0000-4000-8000-0000000000c2"),
        ("dan", "00000000-0000-4000-8000-0000000000d2"),
    ],
    [
        ("ann", "00000000-0000-4000-8000-0000000000a0"),
        ("bob", "00000000-0000-4000-8000-0000000000b0"),
        ("cid", "00000000-0000-4000-8000-0000000000c1"),
        ("dan", "00000000-0000-4000-8000-0000000000d1"),
    ],
];
const BY_ID: &str = "adapty-profile-id";
const BY_CUSTOMER: &str = "adapty-customer-user-id";

/// A server with two apps.
struct Apps {
    server: TestServer,
    client: Client,
    ids: [Uuid; 2],
    keys: [String; 2],
}

/// A request of one of the apps about one of its customers.
struct Call {
    app: usize,
    customer: usize,
    by: &'static str,
    path: &'static str,
    body: Value,
}

impl Apps {
    /// Both know the customers, and Branch knows none of them: a purchase of each waits for that. The same product gives
    /// different levels.
    async fn new() -> Self {
        let mut server = TestServer::on(Backend::Postgres).await;
        // One writer: what waits behind it is one group.
        server.options.connections = 4;
        server.restart("2026-01-01T00:00:00Z").await;
        let client = postgres_client(postgres_url(&server.options)).await;
        let other = add_app(&server.state).await;
        let apps = Self {
            ids: [server.app_id.parse().unwrap(), other.id],
            keys: [server.secret_key.clone(), other.secret_key],
            server,
            client,
        };
        for (app, level) in [(0, "gold"), (1, "silver")] {
            let id = apps.ids[app];
            let product = json!({"access_level_id": level, "consumable": false}).to_string();
            apps.put(&format!("apps/{id}/access-levels/{level}"), "").await;
            apps.put(&format!("apps/{id}/products/app_store/monthly"), &product)
                .await;
            let patient = with(
                branch("http://127.0.0.1:9/"),
                json!({"wait_for_identifier": 86_400}),
            );
            set_integration_of(&apps.server.state, id, "branch", patient).await;
        }
        apps.put("rates/EUR", r#"{"usd":"1.10","from":"2025-12-01"}"#)
            .await;
        apps.put("rates/EUR", r#"{"usd":"1.20","from":"2025-12-16"}"#)
            .await;
        for app in [0, 1] {
            for (name, id) in CUSTOMERS[app] {
                let headers = [(BY_ID, id), (BY_CUSTOMER, name)];
                apps.send(app, "POST", PROFILE, &headers, &json!({})).await;
                let first = numbered(subscription(), &format!("first-{name}"));
                let said = [(BY_ID, id)];
                apps.send(app, "POST", TRANSACTION, &said, &first).await;
            }
        }
        let busy = [(BY_CUSTOMER, "busy")];
        apps.send(0, "POST", PROFILE, &busy, &Value::Null).await;
        let working = work(&apps.server);
        settle_down(&apps.server.state).await;
        drop(working);
        apps
    }

    async fn put(&self, path: &str, body: &str) {
        let answer = self.server.admin("PUT", path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }

    /// The answer, without what tells the apps of two servers apart.
    async fn send(
        &self,
        app: usize,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> String {
        let key = format!("Api-Key {}", self.keys[app]);
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = self
            .server
            .send(request(&key, method, path, headers, &body))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text().replace(&self.ids[app].to_string(), "")
    }

    async fn call(&self, call: &Call) -> String {
        let (name, id) = CUSTOMERS[call.app][call.customer];
        let said = if call.by == BY_ID { id } else { name };
        self.send(call.app, "POST", call.path, &[(call.by, said)], &call.body)
            .await
    }

    /// Makes the calls, in one commit as far as they go together.
    async fn call_at_once(&self, calls: &[Call]) -> Vec<String> {
        hold(&self.client, "busy").await;
        let (busy, known) = ([(BY_CUSTOMER, "busy")], json!({"branch_id": "busy"}));
        let first = self.send(0, "POST", IDENTIFIERS, &busy, &known);
        let behind = async {
            until_behind(&self.client, 1).await;
            join_all(calls.iter().map(|call| self.call(call))).await
        };
        let let_go = async {
            until_waiting(&self.server, 1 + i64::try_from(calls.len()).unwrap()).await;
            self.client.batch_execute("ROLLBACK").await.unwrap();
        };
        let (_, answers, ()) = tokio::join!(first, behind, let_go);
        answers
    }

    async fn call_one_by_one(&self, calls: &[Call]) -> Vec<String> {
        let mut answers = Vec::new();
        for call in calls {
            answers.push(self.call(call).await);
        }
        answers
    }

    /// What each app has.
    async fn all(&self) -> Vec<String> {
        static HOLDERS: Sql = Sql::same(
            "SELECT store, original_id, profile_id, is_owner FROM chain_holders WHERE app_id = $1
             ORDER BY store, original_id, profile_id",
        );
        static TRANSACTIONS: Sql = Sql::same(
            "SELECT store, transaction_id, original_id FROM transactions WHERE app_id = $1 ORDER BY store, transaction_id",
        );
        static LANES: Sql = Sql::same(
            "SELECT l.profile_id, l.open, l.waits, l.due_at FROM lanes AS l JOIN targets AS t ON t.target_id = l.target_id
             WHERE t.app_id = $1 ORDER BY l.lane_id",
        );
        let mut all = Vec::new();
        for app in [0, 1] {
            for (name, id) in CUSTOMERS[app] {
                for path in [PROFILE, IDENTIFIERS] {
                    let shown = self.send(app, "GET", path, &[(BY_ID, id)], &Value::Null).await;
                    all.push(format!("{app} {name} {shown}"));
                }
            }
            for sql in [&HOLDERS, &TRANSACTIONS, &LANES] {
                let query = Statement::new(sql, [self.ids[app].into()]);
                let rows = self.server.state.store.read(query).await.unwrap();
                all.extend(rows.iter().map(|row| format!("{app} {row:?}")));
            }
            all.extend(self.told(app).await);
        }
        all
    }

    /// What events tell of money, and of whom.
    async fn told(&self, app: usize) -> Vec<String> {
        let path = format!("apps/{}/events?limit=100", self.ids[app]);
        let events = self.server.admin("GET", &path, "").await.json();
        let each = events["data"].as_array().unwrap().iter().map(|event| {
            let payload = &event["payload"];
            let told = ["transaction_id", "price_usd"].map(|name| &payload["event_properties"][name]);
            format!("{app} {} {} {told:?}", event["event_type"], payload["profile_id"])
        });
        let mut each: Vec<_> = each.collect();
        each.sort();
        each
    }
}

/// Calls of an app about two customers, so that they are put together.
fn of_two(app: usize, by: &'static str, path: &'static str, body: impl Fn(&str) -> Value) -> Vec<Call> {
    let customers = if by == BY_ID { [0, 1] } else { [2, 3] };
    let call = |customer: usize| Call {
        app,
        customer,
        by,
        path,
        body: body(CUSTOMERS[app][customer].0),
    };
    customers.map(call).into()
}

/// Of two who are put together.
fn is_first(name: &str) -> bool {
    ["ann", "cid"].contains(&name)
}

/// A purchase in another currency, on the days from which its rates hold.
fn bought(transaction: &str, name: &str) -> Value {
    let day = if is_first(name) { "01" } else { "16" };
    let at = format!("2025-12-{day}T00:00:00Z");
    let price = json!({"country": "DE", "currency": "EUR", "value": 10});
    with(
        numbered(subscription(), transaction),
        json!({"price": price, "purchased_at": at, "originally_purchased_at": at}),
    )
}

fn steps() -> Vec<Vec<Call>> {
    let mut steps = Vec::new();
    for by in [BY_ID, BY_CUSTOMER] {
        for app in [1, 0] {
            steps.push(of_two(
                app,
                by,
                IDENTIFIERS,
                |name| json!({"branch_id": format!("{name} of {app}")}),
            ));
            steps.push(of_two(app, by, TRANSACTION, |name| {
                bought(&format!("same-{name}"), name)
            }));
        }
    }
    // Customers of one app report what others of the other one have bought.
    for (app, by) in [(0, BY_ID), (1, BY_CUSTOMER)] {
        steps.push(of_two(app, by, TRANSACTION, |name| {
            bought(&format!("crossed-{}", is_first(name)), name)
        }));
    }
    // Everybody at once: renewals are switched off, and purchases of one app move to other chains.
    let mut all = Vec::new();
    for (app, by) in [(0, BY_ID), (1, BY_ID), (0, BY_CUSTOMER), (1, BY_CUSTOMER)] {
        all.extend(of_two(app, by, TRANSACTION, |name| {
            let chain = ["moved", "same"][app];
            let changed =
                json!({"renew_status": false, "store_original_transaction_id": format!("{chain}-{name}")});
            with(bought(&format!("same-{name}"), name), changed)
        }));
    }
    steps.push(all);
    steps
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_apps_call_the_same_is_not_mixed_up_by_what_is_put_together() {
    let (together, apart) = (Apps::new().await, Apps::new().await);
    assert_eq!(together.all().await, apart.all().await);
    for (number, calls) in steps().iter().enumerate() {
        let answers = together.call_at_once(calls).await;
        assert_eq!(answers, apart.call_one_by_one(calls).await, "{number}");
        for (found, expected) in together.all().await.iter().zip(apart.all().await) {
            assert_eq!(*found, expected, "{number}");
        }
    }
}
