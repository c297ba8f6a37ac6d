//! Are the dependencies ones that we may and want to use? Asks cargo-deny and cargo-audit, if they are installed.

use std::path::Path;

use crate::advisory_db::{self, AdvisoryDbError};
use crate::commands::sbom;
use crate::processes::{self, RunError};
use crate::steps::Steps;
use crate::waivers;
use crate::workspace::{cargo, root};

const LICENCES: &str = "supply chain: cargo-deny";
const WAIVERS: &str = "supply chain: waivers of advisories";
const ADVISORIES: &str = "supply chain: cargo-audit";
const NEW_ADVISORIES: &str = "supply chain: advisories of the last 30 days";
const MATERIALS: &str = "supply chain: bill of materials";

/// An advisory database older than this says too little.
const FRESH_DAYS: u64 = 30;

#[derive(Debug, thiserror::Error)]
enum AuditError {
    #[error(transparent)]
    Database(#[from] AdvisoryDbError),
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Licences, bans and sources by `deny.toml`; advisories by a database on this machine; the bill of materials. None needs
/// a network.
pub fn check(steps: &mut Steps, target: &Path) {
    check_licences(steps);
    steps.run(WAIVERS, waivers::check);
    check_advisories(steps, target);
    steps.run(MATERIALS, sbom::write);
}

fn check_licences(steps: &mut Steps) {
    if processes::on_path("cargo-deny").is_none() {
        return steps.leave_out(LICENCES, "to get it: cargo install cargo-deny --locked");
    }
    let args = [
        "deny",
        "--offline",
        "--locked",
        "check",
        "bans",
        "licenses",
        "sources",
    ];
    steps.run(LICENCES, || processes::run(cargo().args(args)));
}

fn check_advisories(steps: &mut Steps, target: &Path) {
    if processes::on_path("cargo-audit").is_none() {
        return steps.leave_out(ADVISORIES, "to get it: cargo install cargo-audit --locked");
    }
    let found = match advisory_db::find(target) {
        Ok(None) => {
            return steps.leave_out(
                ADVISORIES,
                "no advisory database: clone RustSec's advisory-db to target/advisory-db, or set BURSAR_ADVISORY_DB",
            );
        }
        found => found,
    };
    let database = steps.run(ADVISORIES, || {
        let database = found?;
        database.as_deref().map_or(Ok(()), audit)?;
        Ok::<_, AuditError>(database)
    });
    if let Some(what) = database.flatten().and_then(|database| what_is_missing(&database)) {
        steps.leave_out(NEW_ADVISORIES, what);
    }
}

/// What a database that is too old, or of unknown age, leaves unsaid.
fn what_is_missing(database: &Path) -> Option<String> {
    let place = database.display();
    match advisory_db::newest_advisory(database) {
        Some((_, age_days)) if age_days <= FRESH_DAYS => None,
        Some((newest, age_days)) => Some(format!(
            "the newest advisory of {place} is of {newest}, {age_days} days ago: get a newer copy"
        )),
        None => Some(format!("{place} does not tell how old it is: get a newer copy")),
    }
}

fn audit(database: &Path) -> Result<(), AuditError> {
    let lock_file = root().join("Cargo.lock");
    let mut command = cargo();
    // Without these it tells of such crates and ends well.
    command
        .args(["audit", "--deny", "unsound", "--deny", "unmaintained"])
        .args(["--no-fetch", "--db"])
        .arg(database)
        .arg("--file")
        .arg(lock_file);
    Ok(processes::run(&mut command)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn told_of(date: &str) -> Option<String> {
        let folder = std::env::temp_dir().join(format!("advisories-{}-{date}", std::process::id()));
        let advisories = folder.join("crates").join("some");
        fs::create_dir_all(&advisories).unwrap();
        fs::write(advisories.join("RUSTSEC-1.md"), format!("date = \"{date}\"\n")).unwrap();
        let told = what_is_missing(&folder);
        fs::remove_dir_all(&folder).unwrap();
        told
    }

    #[test]
    fn an_old_database_or_one_of_unknown_age_is_told_and_a_new_one_is_not() {
        assert!(told_of("2020-01-02").unwrap().contains("is of 2020-01-02, "));
        assert!(told_of("no day").unwrap().contains("does not tell how old it is"));
        assert_eq!(told_of("9999-12-31"), None);
    }
}
