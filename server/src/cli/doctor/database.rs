//! The database: can it be reached, does it keep what it confirms, is it ours, can anybody be let in?

use bursar_domain::money::rates::last_months;

use super::{Report, deliveries, purchases};
use crate::admin::rates::end_of_shipped;
use crate::cli::{Failure, NOBODY_LET_IN, open};
use crate::clock::Clock;
use crate::config::{Config, masked_url};
use crate::metrics::Metrics;
use crate::store::{Facts, Location, Sql, Statement, Store, StoreError, migrations};
use crate::vault::{Vault, VaultError};

/// How far the clocks of server and database may be apart, in microseconds.
const CLOCK_DIFFERENCE: u64 = 5_000_000;

/// Runs all checks of the database.
pub async fn check(config: &Config, deep: bool, report: &mut Report) {
    match config.location() {
        Ok(Location::SqliteFile(path)) if !path.exists() => {
            let path = path.display();
            return report.warn(
                "database",
                format!("{path} is not there yet; `bursar serve` makes it"),
            );
        }
        Ok(Location::SqliteMemory) => {
            return report.warn(
                "database",
                "is in memory: everything is lost when the server stops",
            );
        }
        Ok(_) => {}
        // Already told with the settings.
        Err(_) => return,
    }
    let shown = masked_url(&config.database);
    let store = match open::store(config, &Metrics::default()).await {
        Ok(store) => store,
        Err(error) => return report.fail("database", format!("{shown} cannot be opened: {error}")),
    };
    if let Err(error) = check_open(config, &store, deep, report).await {
        report.fail(
            "database",
            format!("{shown} does not answer as it should: {error}"),
        );
    }
}

async fn check_open(config: &Config, store: &Store, deep: bool, report: &mut Report) -> Result<(), Failure> {
    check_facts(store.facts(deep).await?, report);
    match migrations::run(store, true).await {
        Ok(missing) if missing.is_empty() => report.ok("migrations", "up to date"),
        Ok(missing) => {
            let count = missing.len();
            report.warn(
                "migrations",
                format!("{count} to run; `bursar migrate` or the next start does so"),
            );
            // Keys and secrets are in tables that may not be there yet.
            return Ok(());
        }
        Err(error) => {
            report.fail("migrations", error.to_string());
            return Ok(());
        }
    }
    let vault = check_vault(config, store, report).await?;
    check_keys(config, store, report).await?;
    let now = config.test_clock().ok().flatten();
    let now = now.unwrap_or_else(|| Clock::system().now());
    check_rates(store, now, report).await?;
    deliveries::check(store, vault.as_ref(), now, report).await?;
    if deep {
        purchases::check(store, report).await?;
    }
    Ok(())
}

fn check_facts(facts: Facts, report: &mut Report) {
    match facts {
        Facts::Sqlite {
            version,
            journal_mode,
            synchronous,
            integrity,
        } => {
            report.ok("database", format!("SQLite {version}"));
            check_sqlite_durability(&journal_mode, synchronous, report);
            match integrity {
                Some(found) if found == ["ok"] => report.ok("integrity", "the file is sound"),
                Some(found) => report.fail("integrity", format!("restore a backup: {}", found.join("; "))),
                None => {}
            }
        }
        Facts::Postgres {
            version,
            fsync,
            synchronous_commit,
            now,
            refusal,
            encoding,
            is_shared,
        } => {
            match refusal {
                Some(why) => report.fail("database", format!("PostgreSQL {version} {why}")),
                None => report.ok("database", format!("PostgreSQL {version}")),
            }
            check_postgres_durability(fsync, &synchronous_commit, report);
            check_postgres_encoding(&encoding, report);
            check_postgres_clock(now, report);
            if is_shared {
                report.warn(
                    "pooler",
                    "it shares connections between transactions, so that writes fail: it has to use pool_mode = session",
                );
            }
        }
    }
}

fn check_sqlite_durability(journal_mode: &str, synchronous: i64, report: &mut Report) {
    if journal_mode == "wal" && synchronous >= 2 {
        return report.ok("durability", "journal_mode=WAL, synchronous=FULL");
    }
    let found = format!("journal_mode={journal_mode}, synchronous={synchronous}");
    report.fail(
        "durability",
        format!("{found}: WAL and 2 are needed; does another program use the file?"),
    );
}

fn check_postgres_durability(fsync: bool, synchronous_commit: &str, report: &mut Report) {
    let on = if fsync { "on" } else { "off" };
    let found = format!("fsync={on}, synchronous_commit={synchronous_commit}");
    if fsync && synchronous_commit != "off" {
        return report.ok("durability", found);
    }
    report.fail(
        "durability",
        format!("{found}: confirmed changes can be lost; set both to on"),
    );
}

fn check_postgres_encoding(encoding: &str, report: &mut Report) {
    match encoding {
        "UTF8" => report.ok("encoding", encoding),
        "SQL_ASCII" => report.warn(
            "encoding",
            "SQL_ASCII: PostgreSQL does not look whether texts are UTF-8; better make one with `createdb --encoding=UTF8`",
        ),
        _ => report.fail("encoding", StoreError::Encoding(encoding.to_owned()).to_string()),
    }
}

fn check_postgres_clock(now: i64, report: &mut Report) {
    let apart = now.abs_diff(Clock::system().now());
    if apart < CLOCK_DIFFERENCE {
        return report.ok("clocks", "server and database agree");
    }
    report.fail(
        "clocks",
        format!(
            "server and database are {} s apart: set both by NTP",
            apart / 1_000_000
        ),
    );
}

/// Answers the vault, if it can be opened.
async fn check_vault(config: &Config, store: &Store, report: &mut Report) -> Result<Option<Vault>, Failure> {
    if !Vault::is_set_up(store).await? {
        report.ok("vault", "not set up yet; `bursar serve` does so");
        return Ok(None);
    }
    if config.lacks_master_key() {
        let file = config.master_key_file.display();
        report.fail(
            "vault",
            format!(
                "the database needs the master key that it was set up with: restore {file} from its backup"
            ),
        );
        return Ok(None);
    }
    // A key that cannot be read was told of already.
    let Ok(master) = config.master_key() else {
        return Ok(None);
    };
    match Vault::open(store, &master).await {
        Ok(vault) => {
            report.ok("vault", "the master key is the one of this database");
            Ok(Some(vault))
        }
        Err(error @ VaultError::WrongMasterKey) => {
            report.fail("vault", format!("{error}: restore that one"));
            Ok(None)
        }
        Err(VaultError::Store(error)) => Err(error.into()),
    }
}

async fn check_keys(config: &Config, store: &Store, report: &mut Report) -> Result<(), Failure> {
    static SQL: Sql = Sql::same(
        "SELECT (SELECT count(*) FROM apps), (SELECT count(*) FROM api_keys WHERE revoked_at IS NULL),
                (SELECT count(*) FROM admin_tokens WHERE revoked_at IS NULL)",
    );
    let mut rows = store.read(Statement::new(&SQL, [])).await?;
    let row = rows.first_mut().ok_or("a count has no row")?;
    let (apps, keys, tokens) = (row.int(0)?, row.int(1)?, row.int(2)?);
    if apps + keys + tokens == 0 {
        report.ok(
            "keys",
            "none yet; the first `bursar serve` makes an app with keys and an admin token",
        );
    } else if keys > 0 && tokens > 0 {
        report.ok("keys", "there are API keys and admin tokens");
    } else {
        match config.open_address() {
            Some(address) => report.fail(
                "keys",
                format!("{NOBODY_LET_IN}; until then `bursar serve` refuses to listen on {address}"),
            ),
            None => report.warn("keys", NOBODY_LET_IN),
        }
    }
    Ok(())
}

/// Do the shipped exchange rates hold, or are there newer ones of the owner's?
async fn check_rates(store: &Store, now: i64, report: &mut Report) -> Result<(), Failure> {
    let (last, held) = last_months();
    match end_of_shipped(store, now).await? {
        Some(end) => report.warn("exchange rates", end),
        None => report.ok(
            "exchange rates",
            format!(
                "averages of months are shipped until {last}, which holds until {held}; your own come first"
            ),
        ),
    }
    Ok(())
}
