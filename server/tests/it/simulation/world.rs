//! Two servers over one database, and what can be seen of it.

use std::sync::{Arc, Mutex};

use bursar::actions::profiles::{self, Request};
use bursar::actions::{ActionError, Reply, purchases};
use bursar::clock::Clock;
use bursar::directory::App;
use bursar::metrics::Metrics;
use bursar::state::AppState;
use bursar::store::tables::purchases::due;
use bursar::store::{Sql, Statement, Store};
use bursar::vault::{MasterKey, Vault};
use bursar_domain::app::Sharing;
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::json::Object;
use bursar_domain::profile::ProfileChanges;
use bursar_domain::profile::body::ProfileBody;
use bursar_domain::profile::selector::Selector;
use bursar_domain::purchases::access_body::{GrantRequest, RevokeRequest};
use bursar_domain::purchases::transaction::{Environment, Transaction};
use bursar_domain::time::parse_time;
use serde_json::json;
use uuid::Uuid;

use super::access::Access;
use super::model::{MORE_STORES, STORES};
use super::wrong::Wrong;
use crate::support::backend::Backend;
use crate::support::direct::{add_app, set_settings_of, set_webhook_of};
use crate::support::server::{START, TestServer, outbound};

/// Two servers over one database, with an app for each way of sharing.
pub struct World {
    backend: Backend,
    first: TestServer,
    servers: [Mutex<AppState>; 2],
    apps: [(Rule, Uuid); 4],
    /// What of it is told wrongly, to see that somebody sees it.
    wrong: Option<Wrong>,
}

/// What an app says of those who report what somebody else owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub production: Sharing,
    pub sandbox: Sharing,
}

impl Rule {
    const fn same(sharing: Sharing) -> Self {
        Self {
            production: sharing,
            sandbox: sharing,
        }
    }

    pub fn of(self, environment: Environment) -> Sharing {
        match environment {
            Environment::Production => self.production,
            Environment::Sandbox => self.sandbox,
        }
    }
}

/// A row of the feed as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub id: Uuid,
    pub profile: ProfileId,
    pub payload: String,
    pub created_at: i64,
}

/// Whether a call was done.
pub type Answer = Result<(), ActionError>;

impl World {
    pub async fn on(backend: Backend) -> Self {
        Self::telling(backend, None).await
    }

    pub async fn telling(backend: Backend, wrong: Option<Wrong>) -> Self {
        let first = TestServer::on(backend).await;
        let second = another_server(&first, backend).await;
        let mut apps = Vec::new();
        let apart = Rule {
            production: Sharing::Disabled,
            sandbox: Sharing::Enabled,
        };
        for (rule, settings) in [
            (Rule::same(Sharing::Enabled), json!({"sharing": "enabled"})),
            (Rule::same(Sharing::Transfer), json!({"sharing": "transfer"})),
            (Rule::same(Sharing::Disabled), json!({"sharing": "disabled"})),
            (
                apart,
                json!({"sharing": "disabled", "sandbox_sharing": "enabled"}),
            ),
        ] {
            let app = add_app(&first.state).await.id;
            set_settings_of(&first.state, app, settings).await;
            fill(&first, app).await;
            apps.push((rule, app));
        }
        let rate = r#"{"usd":"1.25","from":"2000-01-01"}"#;
        assert_eq!(first.admin("PUT", "rates/EUR", rate).await.status, 200);
        first.state.refresh().await.unwrap();
        second.refresh().await.unwrap();
        Self {
            backend,
            servers: [first.state.clone(), second].map(Mutex::new),
            first,
            apps: apps.try_into().unwrap(),
            wrong,
        }
    }

    pub fn app(&self, index: usize) -> (Rule, AppId) {
        let (rule, id) = self.apps[index];
        (rule, AppId(id))
    }

    fn server(&self, server: usize) -> AppState {
        self.servers[server].lock().unwrap().clone()
    }

    /// Puts a new server on the same database in the place of one; the rest of its work it has left undone.
    pub async fn restart(&self, server: usize) {
        self.assert_that_all_due_was_handled();
        let state = another_server(&self.first, self.backend).await;
        *self.servers[server].lock().unwrap() = state;
    }

    /// Neither server has put anything off, nor met anything that cannot be.
    pub fn assert_that_all_due_was_handled(&self) {
        for server in [0, 1] {
            let metrics = &self.server(server).metrics;
            assert_eq!(metrics.due_failures.get(), 0, "at server {server}");
            assert_eq!(metrics.unsound_profiles.get(), 0, "at server {server}");
        }
    }

    fn known(&self, server: usize, app: AppId) -> Arc<App> {
        Arc::clone(self.server(server).directory().app(app).unwrap())
    }

    fn request(&self, server: usize, app: AppId, selector: Selector, now: i64) -> Request {
        Request {
            app: self.known(server, app),
            selector,
            now,
            remember: None,
        }
    }

    pub async fn create(&self, app: AppId, id: ProfileId, customer: Option<String>, now: i64) {
        let selector = customer.map_or(Selector::Id(id), |customer| Selector::Both(id, customer));
        let changes = ProfileChanges::parse(&Object::parse(b"{}").unwrap(), None).unwrap();
        let request = self.request(0, app, selector, now);
        let made = profiles::create(&self.server(0), request, changes, |_| silent()).await;
        made.unwrap();
    }

    pub async fn delete(&self, server: usize, app: AppId, id: ProfileId, now: i64) {
        let known = self.known(server, app);
        let deleted = profiles::delete(&self.server(server), &known, Selector::Id(id), now).await;
        deleted.unwrap();
    }

    pub async fn report(
        &self,
        server: usize,
        app: AppId,
        id: ProfileId,
        transaction: &Transaction,
        now: i64,
    ) -> Answer {
        let request = self.request(server, app, Selector::Id(id), now);
        let transaction = transaction.clone();
        let done = purchases::set_transaction(&self.server(server), request, transaction, |_| silent()).await;
        done.map(drop)
    }

    pub async fn grant(
        &self,
        server: usize,
        app: AppId,
        id: ProfileId,
        wanted: GrantRequest,
        now: i64,
    ) -> Answer {
        let request = self.request(server, app, Selector::Id(id), now);
        let done = purchases::grant(&self.server(server), request, wanted, |_| silent()).await;
        done.map(drop)
    }

    pub async fn revoke(
        &self,
        server: usize,
        app: AppId,
        id: ProfileId,
        wanted: RevokeRequest,
        now: i64,
    ) -> Answer {
        let request = self.request(server, app, Selector::Id(id), now);
        let done = purchases::revoke(&self.server(server), request, wanted, |_| silent()).await;
        done.map(drop)
    }

    pub async fn handle_due(&self, server: usize, now: i64) {
        purchases::handle_due(&self.server(server), now).await.unwrap();
    }

    pub async fn is_anything_due(&self, now: i64) -> bool {
        !self.first.state.store.read(due(now, 1)).await.unwrap().is_empty()
    }

    /// Access levels and revenue as the API shows them, the revenue in hundredths of a cent.
    pub async fn shown(
        &self,
        server: usize,
        app: AppId,
        id: ProfileId,
        now: i64,
    ) -> (Vec<(String, Access)>, i64) {
        let profile = profiles::read(&self.server(server), app, &Selector::Id(id))
            .await
            .unwrap();
        let body = ProfileBody::at(&profile, now);
        let levels = body.access_levels.iter().map(|level| {
            let time = |text: &Option<String>| text.as_ref().map(|text| parse_time(text).unwrap());
            let (starts_at, ends_at) = (time(&level.starts_at), time(&level.purchase.expires_at));
            (level.access_level_id.clone(), Access { starts_at, ends_at })
        });
        #[expect(clippy::cast_possible_truncation, reason = "so much nobody pays here")]
        let mut revenue = (body.total_revenue_usd * 10_000.0).round() as i64;
        let mut levels = levels.collect();
        if let Some(Wrong::Shown(alter)) = self.wrong {
            alter(&mut levels, &mut revenue);
        }
        (levels, revenue)
    }

    /// All events in the order in which they were added.
    pub async fn events(&self) -> Vec<Stored> {
        static SQL: Sql =
            Sql::same("SELECT event_id, profile_id, payload, created_at FROM events ORDER BY event_seq");
        let rows = self
            .first
            .state
            .store
            .read(Statement::new(&SQL, []))
            .await
            .unwrap();
        let event = |mut row: bursar::store::Row| Stored {
            id: row.uuid(0).unwrap(),
            profile: ProfileId(row.uuid(1).unwrap()),
            payload: row.long_text(2).unwrap(),
            created_at: row.int(3).unwrap(),
        };
        let mut all = rows.into_iter().map(event).collect();
        if let Some(Wrong::Events(alter)) = self.wrong {
            alter(&mut all);
        }
        all
    }

    /// Forgets a history, so that the next one begins as if it were the first.
    pub async fn clear(&self) {
        static TABLES: [Sql; 6] = [
            Sql::same("DELETE FROM queue"),
            Sql::same("DELETE FROM lanes"),
            Sql::same("DELETE FROM events"),
            Sql::same("DELETE FROM chain_holders"),
            Sql::same("DELETE FROM transactions"),
            Sql::same("DELETE FROM profiles"),
        ];
        let writes = TABLES.each_ref().map(|sql| Statement::new(sql, []));
        self.first.state.store.write(writes.into()).await.unwrap();
    }
}

/// With a store of its own, except in memory, where nobody else could find it.
async fn another_server(first: &TestServer, backend: Backend) -> AppState {
    let metrics = Metrics::default();
    let store = match backend {
        Backend::SqliteMemory => first.state.store.clone(),
        Backend::SqliteFile | Backend::Postgres => {
            Store::open(&first.options, metrics.store.clone()).await.unwrap()
        }
    };
    let vault = Vault::open(&store, &MasterKey::from_bytes([7; 32]))
        .await
        .unwrap();
    AppState::new(store, vault, Clock::test(START), metrics, None, outbound())
        .await
        .unwrap()
}

/// The app's catalogue, and a webhook that wants every event.
async fn fill(server: &TestServer, app: Uuid) {
    let put = async |path: String, body: serde_json::Value| {
        let answer = server
            .admin("PUT", &format!("apps/{app}/{path}"), &body.to_string())
            .await;
        assert!(answer.status < 300, "{path}: {}", answer.text());
    };
    for level in ["premium", "gold"] {
        put(format!("access-levels/{level}"), json!({})).await;
    }
    for store in STORES.into_iter().chain(MORE_STORES) {
        for (product, level, consumable) in [
            ("gold-monthly", Some("gold"), false),
            ("forever", Some("premium"), false),
            ("coins", None, true),
        ] {
            let body = json!({"access_level_id": level, "consumable": consumable});
            put(format!("products/{store}/{product}"), body).await;
        }
    }
    set_webhook_of(
        &server.state,
        app,
        json!({
            "events": {"access_level_updated": true, "trial_active": true, "subscription_active": true},
            "synthetic_delay_days": {"trial_active": 2, "subscription_active": 3},
        }),
    )
    .await;
}

fn silent() -> Reply {
    Reply::empty(200)
}
