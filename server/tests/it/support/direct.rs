//! What tests change in the administration's tables directly, past the administration API.

use bursar::directory::raise_version;
use bursar::keys::{KeyKind, NewKey};
use bursar::sealed_settings::close;
use bursar::state::AppState;
use bursar::store::tables::integrations::{StoredIntegration, add_target, upsert};
use bursar::store::{Sql, Statement, Value};
use bursar_domain::ids::AppId;
use bursar_domain::integrations::{self, Settings};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::server::TestServer;

/// An app beside the one that every test server has.
pub struct OtherApp {
    pub id: Uuid,
    pub secret_key: String,
    pub public_key: String,
}

/// Gives the test server's own app these settings; what is not mentioned takes its default.
pub async fn set_settings(server: &TestServer, settings: Json) {
    set_settings_of(&server.state, server.app_id.parse().unwrap(), settings).await;
}

/// As [`set_settings`], for any app.
pub async fn set_settings_of(state: &AppState, app: Uuid, settings: Json) {
    static SQL: Sql = Sql::same("UPDATE apps SET settings = $1 WHERE app_id = $2");
    write(
        state,
        Statement::new(&SQL, [settings.to_string().into(), app.into()]),
    )
    .await;
}

/// Switches an app's webhook on, with these settings.
pub async fn set_webhook_of(state: &AppState, app: Uuid, settings: Json) {
    set_integration_of(state, app, "webhook", settings).await;
}

/// Switches an app's integration on, with these settings.
pub async fn set_integration_of(state: &AppState, app: Uuid, slug: &str, settings: Json) {
    let integration = integrations::find(slug).unwrap();
    let defaults = Settings::defaults(integration.settings);
    let settings = Settings::read(integration.settings, settings.as_object().unwrap(), &defaults);
    let settings = settings.unwrap_or_else(|problems| panic!("{problems:?}"));
    let (settings, sealed_secrets) = close(AppId(app), integration, &settings, &state.vault);
    let row = StoredIntegration {
        app: AppId(app),
        slug: slug.into(),
        enabled: true,
        settings,
        sealed_secrets,
        blocked: None,
        timers_since: 0,
    };
    for part in integration.parts {
        write(state, add_target(AppId(app), slug, part.name)).await;
    }
    write(state, upsert(row)).await;
}

/// Makes another app with a key of each kind.
pub async fn add_app(state: &AppState) -> OtherApp {
    static SQL: Sql =
        Sql::same("INSERT INTO apps (app_id, name, settings, created_at) VALUES ($1, $2, $3, $4)");
    let id = Uuid::new_v4();
    let settings = json!({}).to_string();
    write(
        state,
        Statement::new(&SQL, [id.into(), "other".into(), settings.into(), 0.into()]),
    )
    .await;
    OtherApp {
        id,
        secret_key: add_key(state, id, KeyKind::Secret).await,
        public_key: add_key(state, id, KeyKind::Public).await,
    }
}

/// Makes another key of an app and answers its text.
pub async fn add_key(state: &AppState, app: Uuid, kind: KeyKind) -> String {
    static SQL: Sql = Sql::same(
        "INSERT INTO api_keys (key_id, app_id, kind, prefix, hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let key = NewKey::for_app(kind, &state.vault);
    let values: [Value; 6] = [
        Uuid::new_v4().into(),
        app.into(),
        kind.name().into(),
        key.prefix.into(),
        key.hash.into(),
        0.into(),
    ];
    write(state, Statement::new(&SQL, values)).await;
    key.text
}

/// Makes another admin token and answers its text.
pub async fn add_token(state: &AppState) -> String {
    static SQL: Sql =
        Sql::same("INSERT INTO admin_tokens (token_id, prefix, hash, created_at) VALUES ($1, $2, $3, $4)");
    let token = NewKey::for_admin(&state.vault);
    let values: [Value; 4] = [
        Uuid::new_v4().into(),
        token.prefix.into(),
        token.hash.into(),
        0.into(),
    ];
    write(state, Statement::new(&SQL, values)).await;
    token.text
}

/// Revokes a key or an admin token.
pub async fn revoke(state: &AppState, text: &str) {
    static KEY: Sql = Sql::same("UPDATE api_keys SET revoked_at = $1 WHERE prefix = $2");
    static TOKEN: Sql = Sql::same("UPDATE admin_tokens SET revoked_at = $1 WHERE prefix = $2");
    let prefix = bursar::keys::prefix(text).unwrap();
    for sql in [&KEY, &TOKEN] {
        write(state, Statement::new(sql, [1.into(), prefix.into()])).await;
    }
}

/// Everything that is stored of an app's profiles and their purchases, to be compared with another time.
pub async fn stored_profiles(state: &AppState, app: Uuid) -> String {
    static TABLES: [Sql; 4] = [
        Sql::same(
            "SELECT profile_id, customer_user_id, created_at, updated_at, identifiers, attributes, email, details,
                    holdings, due_at
             FROM profiles WHERE app_id = $1 ORDER BY profile_id",
        ),
        Sql::same("SELECT report FROM transactions WHERE app_id = $1 ORDER BY report"),
        Sql::same(
            "SELECT store, original_id, profile_id, is_owner FROM chain_holders WHERE app_id = $1
             ORDER BY store, original_id, profile_id",
        ),
        Sql::same("SELECT event_id FROM events WHERE app_id = $1 ORDER BY event_id"),
    ];
    let mut all = String::new();
    for sql in &TABLES {
        let rows = state.store.read(Statement::new(sql, [app.into()])).await;
        all.push_str(&format!("{:?}\n", rows.unwrap()));
    }
    all
}

/// What is stored of a profile beside its identifiers and attributes: the person and the installations.
pub async fn stored_details(state: &AppState, customer_id: &str) -> Json {
    static SQL: Sql = Sql::same("SELECT details FROM profiles WHERE customer_user_id = $1");
    let mut rows = state
        .store
        .read(Statement::new(&SQL, [customer_id.into()]))
        .await
        .unwrap();
    let details = rows
        .first_mut()
        .expect("the profile is there")
        .opt_text(0)
        .unwrap();
    details.map_or(Json::Null, |text| serde_json::from_str(&text).unwrap())
}

async fn write(state: &AppState, change: Statement) {
    state.store.write(vec![change, raise_version()]).await.unwrap();
    state.refresh().await.unwrap();
}
