//! Two apps with a profile each, and every kind of credential.

use bursar::keys::KeyKind;
use bursar::store::{Sql, Statement};
use serde_json::json;
use uuid::Uuid;

use crate::support::backend::Backend;
use crate::support::direct::{
    OtherApp, add_app, add_key, add_token, revoke, set_settings_of, stored_profiles,
};
use crate::support::purchases::{TRANSACTION, numbered, subscription};
use crate::support::server::{IDENTIFIERS, PROFILE, TestServer, request};

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

pub struct World {
    pub server: TestServer,
    own: Uuid,
    other: OtherApp,
    revoked_key: String,
    revoked_token: String,
}

impl World {
    pub async fn new(public_profile_calls: bool) -> Self {
        let server = TestServer::on(Backend::SqliteMemory).await;
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
        Self {
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
        const TABLES: [Sql; 4] = [
            Sql::same("DELETE FROM profiles"),
            Sql::same("DELETE FROM transactions"),
            Sql::same("DELETE FROM chain_holders"),
            Sql::same("DELETE FROM events"),
        ];
        let state = &self.server.state;
        let emptied = TABLES.each_ref().map(|sql| Statement::new(sql, []));
        state.store.write(emptied.into()).await.unwrap();
        let purchase = numbered(subscription(), "private").to_string();
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
    }

    /// The path with ids for its parameters: an app's for `{app}`, one that nothing has for the others.
    pub fn fill(&self, path: &str, object: Object) -> String {
        let app = match object {
            Object::Own => self.own.to_string(),
            Object::Foreign => self.other.id.to_string(),
            Object::Missing => Object::Missing.profile_id().into(),
        };
        let fill = |part: &str| match part {
            "{app}" => app.clone(),
            part if part.starts_with('{') => Object::Missing.profile_id().into(),
            part => part.into(),
        };
        path.split('/').map(fill).collect::<Vec<_>>().join("/")
    }

    /// What no refused call may change: the rows of both apps, and what the administration has written.
    pub async fn everything(&self) -> [String; 3] {
        const ADMINISTRATION: Sql = Sql::same(
            "SELECT version, (SELECT count(*) FROM audit), (SELECT count(*) FROM api_keys) FROM directory_version",
        );
        let state = &self.server.state;
        let rows = state
            .store
            .read(Statement::new(&ADMINISTRATION, []))
            .await
            .unwrap();
        let own = stored_profiles(state, self.own).await;
        let other = stored_profiles(state, self.other.id).await;
        [own, other, format!("{rows:?}")]
    }
}
