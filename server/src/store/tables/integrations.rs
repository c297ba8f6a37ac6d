//! `integrations`: apps' settings for third parties, their secrets sealed.

use bursar_domain::ids::AppId;
use serde_json::{Map, Value as Json};

use crate::store::{Row, Sql, Statement, StoreError};

/// A row.
#[derive(Debug)]
pub struct StoredIntegration {
    /// Which app.
    pub app: AppId,
    /// Which third party.
    pub slug: String,
    /// Is anything sent?
    pub enabled: bool,
    /// The settings but for the secrets.
    pub settings: Map<String, Json>,
    /// The secrets.
    pub sealed_secrets: Vec<u8>,
    /// Why nothing goes out until the owner mends it.
    pub blocked: Option<String>,
    /// Since when it asks for synthetic events as it does now, in microseconds.
    pub timers_since: i64,
}

/// Tells a save of an integration's settings from every other one, also of the same settings: secrets are sealed anew
/// each time, and no two seals are alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved(Vec<u8>);

impl StoredIntegration {
    /// Which save this is.
    pub fn saved(&self) -> Saved {
        Saved(self.sealed_secrets.clone())
    }
}

/// Reads one row, if it is there.
pub fn select(app: AppId, slug: &str) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT app_id, slug, enabled, settings, sealed_secrets, blocked, timers_since FROM integrations
         WHERE app_id = $1 AND slug = $2",
    );
    Statement::new(&SQL, [app.0.into(), slug.into()])
}

/// Reads by which save an integration's settings are as they are.
pub fn select_saved(app: AppId, slug: &str) -> Statement {
    static SQL: Sql = Sql::same("SELECT sealed_secrets FROM integrations WHERE app_id = $1 AND slug = $2")
        .together(
            "SELECT wanted.place, sealed_secrets
             FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS wanted (app_id, slug, place)
             JOIN integrations USING (app_id, slug)",
        );
    Statement::new(&SQL, [app.0.into(), slug.into()])
}

/// What [`select_saved`] finds.
pub fn read_saved(rows: &mut [Row]) -> Result<Option<Saved>, StoreError> {
    rows.first_mut().map(|row| row.bytes(0).map(Saved)).transpose()
}

/// Reads all rows of an app.
pub fn select_of_app(app: AppId) -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT app_id, slug, enabled, settings, sealed_secrets, blocked, timers_since FROM integrations WHERE app_id = $1",
    );
    Statement::new(&SQL, [app.0.into()])
}

/// Reads all rows.
pub fn select_all() -> Statement {
    static SQL: Sql = Sql::same(
        "SELECT app_id, slug, enabled, settings, sealed_secrets, blocked, timers_since FROM integrations",
    );
    Statement::new(&SQL, [])
}

/// Reads all targets: id, app, slug, part.
pub fn select_targets() -> Statement {
    static SQL: Sql = Sql::same("SELECT target_id, app_id, slug, part FROM targets");
    Statement::new(&SQL, [])
}

/// Gives a part of an app's integration its id, if it has none.
pub fn add_target(app: AppId, slug: &str, part: &str) -> Statement {
    static SQL: Sql =
        Sql::same("INSERT INTO targets (app_id, slug, part) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
    Statement::new(&SQL, [app.0.into(), slug.into(), part.into()])
}

/// Stops an integration until its owner mends it, or with `None` lets it go on. Its app is locked, and it was looked
/// whether the settings are those that this is about.
pub fn block(app: AppId, slug: &str, why: Option<&str>) -> Statement {
    static SQL: Sql = Sql::same("UPDATE integrations SET blocked = $1 WHERE app_id = $2 AND slug = $3");
    Statement::new(&SQL, [why.into(), app.0.into(), slug.into()])
}

/// Reads what the selects find.
pub fn read(row: &mut Row) -> Result<StoredIntegration, StoreError> {
    let corrupt =
        |error: serde_json::Error| StoreError::Corrupt(format!("an integration's settings: {error}"));
    Ok(StoredIntegration {
        app: AppId(row.uuid(0)?),
        slug: row.text(1)?,
        enabled: row.int(2)? != 0,
        settings: serde_json::from_str(&row.text(3)?).map_err(corrupt)?,
        sealed_secrets: row.bytes(4)?,
        blocked: row.opt_text(5)?,
        timers_since: row.int(6)?,
    })
}

/// Stores a row, in place of the one that is there.
pub fn upsert(integration: StoredIntegration) -> Statement {
    static SQL: Sql = Sql::same(
        "INSERT INTO integrations (app_id, slug, enabled, settings, sealed_secrets, blocked, timers_since)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (app_id, slug) DO UPDATE SET
             enabled = excluded.enabled, settings = excluded.settings, sealed_secrets = excluded.sealed_secrets,
             blocked = excluded.blocked, timers_since = excluded.timers_since",
    );
    Statement::new(
        &SQL,
        [
            integration.app.0.into(),
            integration.slug.into(),
            integration.enabled.into(),
            Json::Object(integration.settings).to_string().into(),
            integration.sealed_secrets.into(),
            integration.blocked.into(),
            integration.timers_since.into(),
        ],
    )
}
