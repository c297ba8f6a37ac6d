//! What every request needs of the administration's tables, kept in memory: apps with their settings and those of
//! their integrations, secrets open; keys, admin tokens.
//!
//! Each change of those tables raises a version in the same commit. A server loads everything anew when it sees
//! the version raised: at once after its own changes, within half a second after those of others.

mod app;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bursar_domain::ids::AppId;
use bursar_domain::integrations::ALL;
use bursar_domain::time::HOUR;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use app::TargetIds;
pub use app::{App, AppIntegration, Target, why_blocked};

use crate::keys::{self, KeyKind};
use crate::store::tables::integrations as table;
use crate::store::{Row, Sql, Statement, Store, StoreError};
use crate::vault::Vault;

/// How often a server looks for changes that others made.
pub const POLL: Duration = Duration::from_millis(400);

/// When changed settings are what every server works with, in microseconds after they were saved.
pub const SEEN_BY_ALL: i64 = 1_000_000;

/// Nothing is ordered for so long after now, in microseconds: clocks of servers are not so far apart.
pub const NEVER_ORDERED_FOR: i64 = HOUR;

/// Apps and keys as of one version.
#[derive(Default)]
pub struct Directory {
    version: i64,
    apps: HashMap<AppId, Arc<App>>,
    keys: HashMap<String, Arc<ApiKey>>,
    tokens: HashMap<String, Arc<AdminToken>>,
}

/// A key that has not been revoked.
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// Its app.
    pub app: Arc<App>,
    /// What it may do.
    pub kind: KeyKind,
    /// When it was last used, in microseconds; 0: not since this server started.
    pub used_at: AtomicI64,
    limiter: Option<Arc<DefaultDirectRateLimiter>>,
    hash: Vec<u8>,
}

/// An admin token that has not been revoked.
pub struct AdminToken {
    /// Its id.
    pub id: Uuid,
    /// What stands before its dot.
    pub prefix: String,
    /// When it was last used, in microseconds; 0: not since this server started.
    pub used_at: AtomicI64,
    hash: Vec<u8>,
}

impl Directory {
    /// Loads everything. `requests_per_second` limits each key; `None`: no limit.
    pub async fn load(
        store: &Store,
        vault: &Vault,
        requests_per_second: Option<NonZeroU32>,
    ) -> Result<Self, StoreError> {
        // The version first: a change between the reads is then seen at the next look.
        let mut directory = Self {
            version: stored_version(store).await?,
            ..Self::default()
        };
        let mut integrations = integrations(store, vault).await?;
        static APPS: Sql = Sql::same("SELECT app_id, settings FROM apps");
        for mut row in store.read(Statement::new(&APPS, [])).await? {
            let app = app(&mut row, &mut integrations)?;
            directory.apps.insert(app.id, Arc::new(app));
        }
        static KEYS: Sql =
            Sql::same("SELECT prefix, key_id, app_id, kind, hash FROM api_keys WHERE revoked_at IS NULL");
        for mut row in store.read(Statement::new(&KEYS, [])).await? {
            let prefix = row.text(0)?;
            // A key whose app was made after the apps were read comes with the next look.
            if let Some(key) = directory.key(&mut row, requests_per_second)? {
                directory.keys.insert(prefix, Arc::new(key));
            }
        }
        static TOKENS: Sql =
            Sql::same("SELECT prefix, token_id, hash FROM admin_tokens WHERE revoked_at IS NULL");
        for mut row in store.read(Statement::new(&TOKENS, [])).await? {
            let token = AdminToken {
                prefix: row.text(0)?,
                id: row.uuid(1)?,
                hash: row.bytes(2)?,
                used_at: AtomicI64::default(),
            };
            directory.tokens.insert(token.prefix.clone(), Arc::new(token));
        }
        Ok(directory)
    }

    fn key(&self, row: &mut Row, limit: Option<NonZeroU32>) -> Result<Option<ApiKey>, StoreError> {
        let Some(app) = self.apps.get(&AppId(row.uuid(2)?)) else {
            return Ok(None);
        };
        Ok(Some(ApiKey {
            id: row.uuid(1)?,
            app: Arc::clone(app),
            kind: KeyKind::parse(&row.text(3)?).ok_or_else(|| corrupt("a key is of no known kind"))?,
            hash: row.bytes(4)?,
            used_at: AtomicI64::default(),
            limiter: limit.map(|limit| Arc::new(RateLimiter::direct(Quota::per_second(limit)))),
        }))
    }

    /// The key with this text, if there is one.
    pub fn find_key(&self, text: &str, vault: &Vault) -> Option<&Arc<ApiKey>> {
        let key = self.keys.get(keys::prefix(text)?)?;
        vault.matches(text, &key.hash).then_some(key)
    }

    /// The admin token with this text, if there is one.
    pub fn find_token(&self, text: &str, vault: &Vault) -> Option<&Arc<AdminToken>> {
        let token = self.tokens.get(keys::prefix(text)?)?;
        vault.matches(text, &token.hash).then_some(token)
    }

    /// An app by its id.
    pub fn app(&self, id: AppId) -> Option<&Arc<App>> {
        self.apps.get(&id)
    }

    /// All apps.
    pub fn apps(&self) -> impl Iterator<Item = &Arc<App>> {
        self.apps.values()
    }

    /// When the key with this prefix was last used, in microseconds, as far as memory knows.
    pub fn key_used_at(&self, prefix: &str) -> Option<i64> {
        used_at(&self.keys.get(prefix)?.used_at)
    }

    /// When the admin token with this prefix was last used, in microseconds, as far as memory knows.
    pub fn token_used_at(&self, prefix: &str) -> Option<i64> {
        used_at(&self.tokens.get(prefix)?.used_at)
    }

    /// Which changes of the administration it knows: another one once a change is seen.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Was this loaded after the other, or at the same version?
    pub fn is_as_new_as(&self, other: &Self) -> bool {
        self.version >= other.version
    }

    /// Can anybody be let in: is there a key and an admin token?
    pub fn has_credentials(&self) -> bool {
        !self.keys.is_empty() && !self.tokens.is_empty()
    }

    /// Has the administration changed something since this was loaded?
    pub async fn is_outdated(&self, store: &Store) -> Result<bool, StoreError> {
        Ok(stored_version(store).await? != self.version)
    }

    /// Takes over from an older directory what only memory knows: when keys were used, and how much of their
    /// rate limits is used up.
    pub fn inherit(&mut self, older: &Self) {
        for (prefix, key) in &mut self.keys {
            if let Some(known) = older.keys.get(prefix) {
                key.used_at
                    .store(known.used_at.load(Ordering::Relaxed), Ordering::Relaxed);
                if let Some(key) = Arc::get_mut(key) {
                    key.limiter.clone_from(&known.limiter);
                }
            }
        }
        for (prefix, token) in &mut self.tokens {
            if let Some(known) = older.tokens.get(prefix) {
                token
                    .used_at
                    .store(known.used_at.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
    }

    /// Statements that save when keys and tokens were last used, for those used since `since`. A later use
    /// that another server has saved stays, but for one of more than a day: that one's clock was ahead.
    pub fn last_uses(&self, since: i64) -> Vec<Statement> {
        static KEY: Sql = Sql::same(
            "UPDATE api_keys SET last_used_at = $1
             WHERE key_id = $2 AND (last_used_at IS NULL OR last_used_at < $1
                                OR last_used_at > $1 + 86400000000)",
        );
        static TOKEN: Sql = Sql::same(
            "UPDATE admin_tokens SET last_used_at = $1
             WHERE token_id = $2 AND (last_used_at IS NULL OR last_used_at < $1
                                OR last_used_at > $1 + 86400000000)",
        );
        let keys = self.keys.values().map(|key| (&KEY, &key.used_at, key.id));
        let tokens = self
            .tokens
            .values()
            .map(|token| (&TOKEN, &token.used_at, token.id));
        let used = keys
            .chain(tokens)
            .map(|(sql, at, id)| (sql, at.load(Ordering::Relaxed), id));
        used.filter(|(_, at, _)| *at > since)
            .map(|(sql, at, id)| Statement::new(sql, [at.into(), id.into()]))
            .collect()
    }
}

impl ApiKey {
    /// Notes a use and answers whether the key's rate limit allows it.
    pub fn admit(&self, now: i64) -> bool {
        // Written once a second at most, so that parallel requests do not fight over the memory.
        if (now - self.used_at.load(Ordering::Relaxed)).abs() >= 1_000_000 {
            self.used_at.store(now, Ordering::Relaxed);
        }
        self.limiter
            .as_ref()
            .is_none_or(|limiter| limiter.check().is_ok())
    }
}

/// Locks the row that every database has, for a change that no other row stands for.
pub fn lock() -> Statement {
    static SQL: Sql = crate::locking!("SELECT id FROM directory_version WHERE id = 1");
    Statement::new(&SQL, [])
}

/// The statement that tells all servers of a change. Part of each commit of the administration.
pub fn raise_version() -> Statement {
    static SQL: Sql = Sql::same("UPDATE directory_version SET version = version + 1 WHERE id = 1");
    Statement::new(&SQL, [])
}

/// Memory says 0 for "not since this server started".
fn used_at(at: &AtomicI64) -> Option<i64> {
    Some(at.load(Ordering::Relaxed)).filter(|at| *at != 0)
}

async fn stored_version(store: &Store) -> Result<i64, StoreError> {
    static SQL: Sql = Sql::same("SELECT version FROM directory_version WHERE id = 1");
    let mut rows = store.read(Statement::new(&SQL, [])).await?;
    rows.first_mut()
        .ok_or_else(|| corrupt("it has no version"))?
        .int(0)
}

async fn integrations(
    store: &Store,
    vault: &Vault,
) -> Result<HashMap<AppId, Vec<Arc<AppIntegration>>>, StoreError> {
    let rows = store.read(table::select_all()).await?;
    // Behind the integrations: the parts of each are made in one commit with it, so that none is without them.
    let mut targets = TargetIds::new();
    for mut row in store.read(table::select_targets()).await? {
        targets.insert((AppId(row.uuid(1)?), row.text(2)?, row.text(3)?), row.int(0)?);
    }
    let mut all: HashMap<AppId, Vec<Arc<AppIntegration>>> = HashMap::new();
    for mut row in rows {
        let stored = table::read(&mut row)?;
        if let Some(known) = AppIntegration::open(&stored, &targets, vault) {
            all.entry(stored.app).or_default().push(Arc::new(known));
        }
    }
    let place =
        |known: &Arc<AppIntegration>| ALL.iter().position(|other| other.slug == known.integration.slug);
    for of_app in all.values_mut() {
        of_app.sort_by_key(place);
    }
    Ok(all)
}

fn app(
    row: &mut Row,
    integrations: &mut HashMap<AppId, Vec<Arc<AppIntegration>>>,
) -> Result<App, StoreError> {
    let id = AppId(row.uuid(0)?);
    Ok(App {
        id,
        settings: serde_json::from_str(&row.text(1)?).map_err(|_| corrupt("an app's settings"))?,
        integrations: integrations.remove(&id).unwrap_or_default(),
    })
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.into())
}
