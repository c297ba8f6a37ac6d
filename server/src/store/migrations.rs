//! Brings the tables to the form that this program expects, step by step, each step once.

use super::{Backend, Store, StoreError};

/// A step: its number, what it is for, and what to run.
pub struct Migration {
    /// Counts from 1 without gaps.
    pub version: i64,
    /// The file's name without number and ending.
    pub name: &'static str,
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// A step and its file, of the same name for both databases.
macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
        }
    };
}

/// All steps in order. A step that has been released is never changed; the next one mends it.
pub const ALL: &[Migration] = &[
    migration!(1, "profiles", "0001_profiles.sql"),
    migration!(2, "events", "0002_events.sql"),
    migration!(3, "integrations", "0003_integrations.sql"),
    migration!(4, "purchases", "0004_purchases.sql"),
    migration!(5, "deliveries", "0005_deliveries.sql"),
    migration!(6, "lz4", "0006_lz4.sql"),
    migration!(7, "event_lanes", "0007_event_lanes.sql"),
    migration!(8, "packed_events", "0008_packed_events.sql"),
    migration!(9, "by_event_number", "0009_by_event_number.sql"),
    migration!(10, "rechecks", "0010_rechecks.sql"),
    migration!(11, "packed_attempts", "0011_packed_attempts.sql"),
    migration!(12, "releases", "0012_releases.sql"),
    migration!(13, "due_lanes", "0013_due_lanes.sql"),
];

/// Where the steps that were taken are kept. Also what a server that migrates locks out others that do so with.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
    (version BIGINT PRIMARY KEY, name TEXT NOT NULL)";

/// Runs the steps that the database lacks, all in one transaction under a lock, and answers which they were.
/// With `dry_run` it only answers; then, and where nothing is missing, nothing is locked or written. Refuses a database
/// that a newer program has migrated.
pub async fn run(store: &Store, dry_run: bool) -> Result<Vec<&'static Migration>, StoreError> {
    match &store.backend {
        Backend::Sqlite(sqlite) => {
            let sqlite = sqlite.clone();
            tokio::task::spawn_blocking(move || sqlite.migrate(dry_run))
                .await
                .map_err(StoreError::broken_off)?
        }
        Backend::Postgres(postgres) => postgres.migrate(dry_run).await,
    }
}

/// The steps behind version `current`.
pub(super) fn missing(current: i64) -> Result<Vec<&'static Migration>, StoreError> {
    let newest = ALL.last().map_or(0, |migration| migration.version);
    if current > newest {
        return Err(StoreError::Corrupt(format!(
            "its tables have version {current}, this program knows up to {newest}: use a newer program"
        )));
    }
    Ok(ALL
        .iter()
        .filter(|migration| migration.version > current)
        .collect())
}
