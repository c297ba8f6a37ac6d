//! Opens what the settings name: the database, its tables, the vault.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::state::AppState;
use crate::store::{Location, Options, Store, migrations};
use crate::vault::Vault;

/// Opens the database as it is.
pub async fn store(config: &Config, metrics: &Metrics) -> Result<Store, Failure> {
    let location = config.location()?;
    if let Location::SqliteFile(path) = &location
        && let Some(folder) = path.parent()
    {
        make_folder(folder)?;
    }
    let connections = usize::try_from(config.database_connections.get())?;
    Ok(Store::open(
        &Options {
            location,
            connections,
        },
        metrics.store.clone(),
    )
    .await?)
}

/// Opens everything: database, master key, apps and keys. What is missing is made, but nothing is migrated: under servers
/// that run, of another version too, the tables stay as they are.
pub async fn state(config: &Config) -> Result<AppState, Failure> {
    check_settings(config)?;
    let metrics = Metrics::default();
    let store = store(config, &metrics).await?;
    match migrations::run(&store, true).await?.len() {
        count if count == migrations::ALL.len() => {}
        count => refuse_missing(count)?,
    }
    complete(config, store, metrics).await
}

/// As [`state`], where no tables are made either.
pub async fn to_change(config: &Config) -> Result<AppState, Failure> {
    let (store, metrics) = whole_store(config).await?;
    complete(config, store, metrics).await
}

/// Opens everything: database with its tables brought up, master key, apps and keys. What is missing is made. For a server:
/// where another one has the database's file, nothing is made or migrated.
pub async fn for_server(config: &Config) -> Result<AppState, Failure> {
    check_settings(config)?;
    config.check_addresses()?;
    let metrics = Metrics::default();
    let store = store(config, &metrics).await?;
    store.claim()?;
    complete(config, store.with_limited_scans(), metrics).await
}

async fn complete(config: &Config, store: Store, metrics: Metrics) -> Result<AppState, Failure> {
    for step in migrations::run(&store, false).await? {
        tracing::info!(version = step.version, name = step.name, "migrated the database");
    }
    if config.master_key.is_none()
        && let Some(folder) = config.master_key_file.parent()
    {
        make_folder(folder)?;
    }
    if Vault::is_set_up(&store).await? {
        require_master_key(config)?;
    }
    let vault = Vault::open(&store, &config.master_key()?).await?;
    with_vault(config, store, metrics, vault).await
}

/// Fails where the master key of a database that has one is not there: a new one would open nothing, and look right.
fn require_master_key(config: &Config) -> Result<(), Failure> {
    if config.lacks_master_key() {
        let file = config.master_key_file.display();
        return Err(format!(
            "there is no master key at {file}, and the database needs the one that it was set up with; is --data-dir right?"
        )
        .into());
    }
    Ok(())
}

/// Fails where a setting cannot be, before anything is looked for, made or migrated.
fn check_settings(config: &Config) -> Result<(), Failure> {
    config.test_clock()?;
    if config.master_key.is_some() {
        config.master_key()?;
    }
    Ok(())
}

/// Fails where the settings name a database's file that is not there.
fn require_database(config: &Config) -> Result<(), Failure> {
    match missing_file(config)? {
        Some(path) => {
            let path = path.display();
            Err(format!("there is no database at {path}; is --data-dir right?").into())
        }
        None => Ok(()),
    }
}

/// Opens everything as it is, or says what is missing: nothing is made or migrated.
pub async fn existing(config: &Config) -> Result<AppState, Failure> {
    let (store, metrics) = whole_store(config).await?;
    let vault = if Vault::is_set_up(&store).await? {
        require_master_key(config)?;
        Vault::open(&store, &config.master_key()?).await?
    } else {
        Vault::to_look()
    };
    with_vault(config, store, metrics, vault).await
}

/// Opens the database, if it is there with all its tables.
async fn whole_store(config: &Config) -> Result<(Store, Metrics), Failure> {
    check_settings(config)?;
    require_database(config)?;
    let metrics = Metrics::default();
    let store = store(config, &metrics).await?;
    refuse_missing(migrations::run(&store, true).await?.len())?;
    Ok((store, metrics))
}

/// Fails where the database lacks so many of the steps to the tables that this program expects.
fn refuse_missing(count: usize) -> Result<(), Failure> {
    match count {
        0 => Ok(()),
        count if count == migrations::ALL.len() => Err(
            "this database has no tables of ours yet: if it is the right one, run `bursar migrate`".into(),
        ),
        count => Err(format!(
            "the database lacks {count} migrations of this program: stop the servers and run `bursar migrate`"
        )
        .into()),
    }
}

/// Where the embedded database would be, if it is not there yet.
pub fn missing_file(config: &Config) -> Result<Option<PathBuf>, Failure> {
    Ok(match config.location()? {
        Location::SqliteFile(path) if !path.exists() => Some(path),
        _ => None,
    })
}

async fn with_vault(
    config: &Config,
    store: Store,
    metrics: Metrics,
    vault: Vault,
) -> Result<AppState, Failure> {
    let clock = config.test_clock()?.map_or_else(Clock::system, Clock::test);
    let outbound = Outbound::new(config.delivery.allow_private_addresses)?;
    let limit = config.requests_per_second;
    Ok(AppState::new(store, vault, clock, metrics, limit, outbound).await?)
}

/// Makes a folder that only its owner may enter, if it is not there.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.map_err(|error| format!("the folder {} cannot be made: {error}", folder.display()).into())
}
