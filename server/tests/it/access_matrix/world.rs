//! Two apps with a profile each, and every kind of credential.

use bursar::http::route::{Access, Route};
use bursar::keys::KeyKind;
use bursar::store::{Sql, Statement};
use serde_json::json;
use uuid::Uuid;

use crate::support::administration::{Things, make_delivery, prepare};
use crate::support::backend::Backend;
use crate::support::direct::{
    OtherApp, add_app, add_key, add_token, revoke, set_settings_of, stored_profiles,
};
use crate::support::purchases::{numbered, subscription, with};
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer, request};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    None,
    Malformed,
    OtherScheme,
    Revoked,
    OwnPublic,
    OwnSecret,
    OtherPublic,
    OtherSecret,
    AdminToken,
    AdminTokenAsKey,
    KeyAsAdminToken,
    RevokedAdminToken,
}

use Credential as C;

pub const CREDENTIALS: [Credential; 12] = [
    C::None,
    C::Malformed,
    C::OtherScheme,
    C::Revoked,
    C::OwnPublic,
    C::OwnSecret,
    C::OtherPublic,
    C::OtherSecret,
    C::AdminToken,
    C::AdminTokenAsKey,
    C::KeyAsAdminToken,
    C::RevokedAdminToken,
];

/// What a request is about, seen from the test server's own app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    Own,
    Foreign,
    Missing,
}

pub const OBJECTS: [Object; 3] = [Object::Own, Object::Foreign, Object::Missing];

impl Object {
    pub fn profile_id(self) -> &'static str {
        match self {
            Self::Own => "00000000-0000-4000-8000-00000000000a",
            Self::Foreign => "00000000-0000-4000-8000-00000000000b",
            Self::Missing => "00000000-0000-4000-8000-00000000000c",
        }
    }

    /// All of one length, so that answers about them have one length too.
    pub fn customer_id(self) -> &'static str {
        match self {
            Self::Own => "user-a",
            Self::Foreign => "user-b",
            Self::Missing => "user-c",
        }
    }
}

/// Does the path name a thing, other than an app, that has to be there? One that is set need not be.
pub fn names_thing(route: &Route) -> bool {
    let ends_in_one = ["GET", "DELETE"].contains(&route.method)
        && route.path.ends_with('}')
        // An app is itself, and every app has every integration.
        && !["{app}", "{slug}"].iter().any(|name| route.path.ends_with(name));
    route.access == Access::Admin && (ends_in_one || route.path.contains("{delivery_id}"))
}

pub struct World {
    pub server: TestServer,
    own: Uuid,
    other: OtherApp,
    /// What there is in the own app, in the other one, and what is not there.
    things: [Things; 3],
    revoked_key: String,
    revoked_token: String,
}

impl World {
    pub async fn new(backend: Backend, public_profile_calls: bool) -> Self {
        let server = TestServer::on(backend).await;
        let state = &server.state;
        let own = server.app_id.parse().unwrap();
        let other = add_app(state).await;
        let revoked_key = add_key(state, own, KeyKind::Secret).await;
        let revoked_token = add_token(state).await;
        revoke(state, &revoked_key).await;
        revoke(state, &revoked_token).await;
        for app in [own, other.id] {
            set_settings_of(
                state,
                app,
                json!({"public_key_profile_calls": public_profile_calls}),
            )
            .await;
        }
        let premium = format!("apps/{}/access-levels/premium", other.id);
        assert_eq!(server.admin("PUT", &premium, "").await.status, 200);
        let nothing = || Object::Missing.profile_id().to_owned();
        let things = [
            prepare(&server, &server.app_id, "weekly").await,
            prepare(&server, &other.id.to_string(), "monthly").await,
            Things {
                app_id: nothing(),
                key_id: nothing(),
                token_id: nothing(),
                store_product_id: "yearly",
                replay_id: nothing(),
            },
        ];
        Self {
            things,
            own,
            other,
            revoked_key,
            revoked_token,
            server,
        }
    }

    pub fn authorization(&self, credential: Credential) -> String {
        let server = &self.server;
        match credential {
            C::None => String::new(),
            C::Malformed => "Api-Key secret_live_".into(),
            C::OtherScheme => format!("Basic {}", server.secret_key),
            C::Revoked => format!("Api-Key {}", self.revoked_key),
            C::OwnPublic => format!("Api-Key {}", server.public_key),
            C::OwnSecret => format!("Api-Key {}", server.secret_key),
            C::OtherPublic => format!("Api-Key {}", self.other.public_key),
            C::OtherSecret => format!("Api-Key {}", self.other.secret_key),
            C::AdminToken => format!("Bearer {}", server.admin_token),
            C::AdminTokenAsKey => format!("Api-Key {}", server.admin_token),
            C::KeyAsAdminToken => format!("Bearer {}", server.secret_key),
            C::RevokedAdminToken => format!("Bearer {}", self.revoked_token),
        }
    }

    /// One profile in each app, and nothing else.
    pub async fn reset(&self) {
        static TABLES: [Sql; 7] = [
            Sql::same("DELETE FROM profiles"),
            Sql::same("DELETE FROM transactions"),
            Sql::same("DELETE FROM chain_holders"),
            Sql::same("DELETE FROM events"),
            Sql::same("DELETE FROM deliveries"),
            Sql::same("DELETE FROM queue"),
            Sql::same("DELETE FROM lanes"),
        ];
        let state = &self.server.state;
        let emptied = TABLES.each_ref().map(|sql| Statement::new(sql, []));
        state.store.write(emptied.into()).await.unwrap();
        // A product that no catalogue has gives `premium`; it does not end when a test clock is moved.
        let unlisted = json!({"store_product_id": "unlisted", "expires_at": "2036-01-15T00:00:00Z"});
        let purchase = with(numbered(subscription(), "private"), unlisted).to_string();
        for (credential, object) in [(C::OwnSecret, Object::Own), (C::OtherSecret, Object::Foreign)] {
            for (path, body) in [
                (PROFILE, "{}"),
                (IDENTIFIERS, r#"{"branch_id":"private"}"#),
                (TRANSACTION, purchase.as_str()),
            ] {
                let headers = [
                    ("adapty-profile-id", object.profile_id()),
                    ("adapty-customer-user-id", object.customer_id()),
                ];
                let authorization = self.authorization(credential);
                let answer = self
                    .server
                    .send(request(&authorization, "POST", path, &headers, body))
                    .await;
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
        }
        for (app, object) in [(self.own, Object::Own), (self.other.id, Object::Foreign)] {
            make_delivery(&self.server, app, object.profile_id()).await;
            self.leave_open(app, object.profile_id()).await;
        }
    }

    /// Gives the profile's first event a delivery to the webhook that is due long after every test.
    async fn leave_open(&self, app: Uuid, profile_id: &str) {
        const DUE_AT: i64 = 4_102_444_800_000_000;
        static LANE: Sql = Sql::same(
            "INSERT INTO lanes (target_id, lane_id, profile_id, slow, open, waits, due_at)
             VALUES ((SELECT target_id FROM targets WHERE app_id = $1 AND slug = 'webhook'), $2, $2, 0, 1, 1, $3)",
        );
        static OPEN: Sql = Sql::same(
            "INSERT INTO queue (target_id, lane_id, created_at, place, event_seq, profile_id, state, tries, updated_at)
             VALUES ((SELECT target_id FROM targets WHERE app_id = $1 AND slug = 'webhook'), $2, 1, 1,
                     (SELECT min(event_seq) FROM events WHERE app_id = $1), $2, 'pending', 0, 1)",
        );
        let profile: Uuid = profile_id.parse().unwrap();
        let lane = Statement::new(&LANE, [app.into(), profile.into(), DUE_AT.into()]);
        let open = Statement::new(&OPEN, [app.into(), profile.into()]);
        self.server.state.store.write(vec![lane, open]).await.unwrap();
    }

    /// The path with values for its parameters. Where it names a thing that has to be there, the thing is the
    /// object's and the app is the own one; else the app is the object's.
    pub fn fill(&self, route: &Route, path: &str, object: Object) -> String {
        if route.access != Access::Admin {
            return path.replace("{file}", object.profile_id());
        }
        let app = if names_thing(route) { Object::Own } else { object };
        self.fill_with(path, app, object)
    }

    /// The path with the app of one object and the things of another.
    pub fn fill_with(&self, path: &str, app: Object, object: Object) -> String {
        let [own, other, nothing] = &self.things;
        let things = |object| match object {
            Object::Own => own,
            Object::Foreign => other,
            Object::Missing => nothing,
        };
        let path = path.replace("{app}", &things(app).app_id);
        // All tokens are the installation's: only an id of something else is none of them, and yet there.
        let path = match object {
            Object::Foreign => path.replace("{token_id}", &other.key_id),
            _ => path,
        };
        things(object).fill(&path, object.profile_id())
    }

    /// What no refused call may change: the rows of both apps, and what the administration has written.
    pub async fn everything(&self) -> Everything {
        let state = &self.server.state;
        let mut installation = String::new();
        for sql in &INSTALLATION {
            let rows = state.store.read(Statement::new(sql, [])).await.unwrap();
            installation.push_str(&format!("{rows:?}\n"));
        }
        Everything {
            profiles: [
                stored_profiles(state, self.own).await,
                stored_profiles(state, self.other.id).await,
            ],
            work: [
                self.rows(self.own, &WORK).await,
                self.rows(self.other.id, &WORK).await,
            ],
            settings: [
                self.rows(self.own, &SETTINGS).await,
                self.rows(self.other.id, &SETTINGS).await,
            ],
            installation,
        }
    }

    async fn rows(&self, app: Uuid, tables: &'static [Sql]) -> String {
        let mut all = String::new();
        for sql in tables {
            let rows = self
                .server
                .state
                .store
                .read(Statement::new(sql, [app.into()]))
                .await;
            all.push_str(&format!("{:?}\n", rows.unwrap()));
        }
        all
    }
}

/// All that is stored, of the own app and of the other one.
#[derive(Debug, PartialEq)]
pub struct Everything {
    pub profiles: [String; 2],
    /// What is sent and remembered for the app.
    pub work: [String; 2],
    /// What the administration has said of it.
    pub settings: [String; 2],
    pub installation: String,
}

impl Everything {
    /// All that is of the own app.
    pub fn of_own(&self) -> [&str; 3] {
        [&self.profiles[0], &self.work[0], &self.settings[0]]
    }

    /// All that is of the other app.
    pub fn of_other(&self) -> [&str; 3] {
        [&self.profiles[1], &self.work[1], &self.settings[1]]
    }
}

static WORK: [Sql; 7] = [
    Sql::same(
        "SELECT slug, lane_id, q.created_at, place, event_seq, profile_id, state, reason, tries, first_tried_at,
                q.updated_at, record, made_at, replay_id, was_state, was_reason
         FROM queue AS q JOIN targets USING (target_id) WHERE app_id = $1 ORDER BY slug, lane_id, q.created_at, place",
    ),
    Sql::same(
        "SELECT slug, lane_id, profile_id, slow, open, waits, due_at, lease
         FROM lanes JOIN targets USING (target_id) WHERE app_id = $1 ORDER BY slug, lane_id",
    ),
    Sql::same(
        "SELECT slug, event_seq, state, reason, tries, created_at, updated_at, replay_id
         FROM deliveries JOIN targets USING (target_id) WHERE app_id = $1 ORDER BY slug, event_seq",
    ),
    Sql::same(
        "SELECT slug, event_seq, number, started_at, answer, verdict
         FROM attempts JOIN targets USING (target_id) WHERE app_id = $1 ORDER BY slug, event_seq, number",
    ),
    Sql::same("SELECT idempotency_key, status, created_at FROM replies WHERE scope = $1 ORDER BY idempotency_key"),
    Sql::same("SELECT due_at, after_profile FROM rechecks WHERE app_id = $1"),
    Sql::same("SELECT slug, part, due_at, after_lane FROM releases JOIN targets USING (target_id) WHERE app_id = $1"),
];

static SETTINGS: [Sql; 7] = [
    Sql::same("SELECT name, settings FROM apps WHERE app_id = $1"),
    Sql::same(
        "SELECT key_id, kind, prefix, label, revoked_at FROM api_keys WHERE app_id = $1 ORDER BY key_id",
    ),
    Sql::same(
        "SELECT access_level_id, description FROM access_levels WHERE app_id = $1 ORDER BY access_level_id",
    ),
    Sql::same(
        "SELECT store, store_product_id, access_level_id, consumable, title, price_value, price_currency
         FROM products WHERE app_id = $1 ORDER BY store, store_product_id",
    ),
    Sql::same(
        "SELECT slug, enabled, settings, sealed_secrets, blocked, timers_since
         FROM integrations WHERE app_id = $1 ORDER BY slug",
    ),
    Sql::same(
        "SELECT replay_id, slug, filter, state, count, enqueued, created_at
         FROM replays WHERE app_id = $1 ORDER BY replay_id",
    ),
    Sql::same("SELECT target_id, slug, part FROM targets WHERE app_id = $1 ORDER BY target_id"),
];

static INSTALLATION: [Sql; 5] = [
    Sql::same("SELECT version FROM directory_version"),
    Sql::same("SELECT audit_id, actor, action, target, app_id, before, after FROM audit ORDER BY audit_id"),
    Sql::same("SELECT token_id, prefix, label, revoked_at FROM admin_tokens ORDER BY token_id"),
    Sql::same("SELECT currency, from_date, usd FROM rates ORDER BY currency, from_date"),
    Sql::same("SELECT app_id, name FROM apps ORDER BY app_id"),
];
