//! Apps: made with a key of each kind and the access level that every app has.

use bursar_domain::app::{AppSettings, PREMIUM};
use bursar_domain::ids::AppId;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::audit::{Actor, Entry, record};
use super::keys;
use crate::directory::raise_version;
use crate::keys::{KeyKind, NewKey};
use crate::store::{Sql, Statement};
use crate::vault::Vault;

/// A new app with its keys, which are shown this once.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NewApp {
    /// The app's id.
    pub app_id: Uuid,
    /// Its name.
    pub name: String,
    /// For servers.
    pub secret_key: String,
    /// For apps on devices.
    pub public_key: String,
    /// Its settings.
    pub settings: AppSettings,
}

/// Makes an app and answers it with the statements that store it.
pub(super) fn new_app(vault: &Vault, name: &str, actor: &Actor, now: i64) -> (NewApp, Vec<Statement>) {
    const APP: Sql =
        Sql::same("INSERT INTO apps (app_id, name, settings, created_at) VALUES ($1, $2, $3, $4)");
    const LEVEL: Sql = Sql::same("INSERT INTO access_levels (app_id, access_level_id) VALUES ($1, $2)");
    let id = AppId(Uuid::new_v4());
    let settings = AppSettings::default();
    let stored = serde_json::to_string(&settings).expect("settings always serialise");
    let secret = NewKey::for_app(KeyKind::Secret, vault);
    let public = NewKey::for_app(KeyKind::Public, vault);
    let entry = Entry {
        action: "app.create",
        target: id.to_string(),
        app: Some(id),
        before: None,
        after: Some(json!({"name": name, "key_prefixes": [secret.prefix, public.prefix]})),
    };
    let writes = vec![
        Statement::new(&APP, [id.0.into(), name.into(), stored.into(), now.into()]),
        Statement::new(&LEVEL, [id.0.into(), PREMIUM.into()]),
        keys::insert(id, Uuid::new_v4(), KeyKind::Secret, &secret, None, now),
        keys::insert(id, Uuid::new_v4(), KeyKind::Public, &public, None, now),
        raise_version(),
        record(actor, entry, now),
    ];
    let app = NewApp {
        app_id: id.0,
        name: name.to_owned(),
        secret_key: secret.text,
        public_key: public.text,
        settings,
    };
    (app, writes)
}
