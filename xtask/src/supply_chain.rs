//! Are the dependencies ones that we may and want to use? Asks cargo-deny and cargo-audit, if they are installed.

use std::path::Path;

use crate::advisory_db::{self, AdvisoryDbError};
use crate::processes::{self, RunError};
use crate::steps::Steps;
use crate::workspace::{cargo, root};

const LICENCES: &str = "supply chain: cargo-deny";
const ADVISORIES: &str = "supply chain: cargo-audit";

/// An advisory database older than this says too little.
const FRESH_DAYS: u64 = 30;

#[derive(Debug, thiserror::Error)]
enum AuditError {
    #[error(transparent)]
    Database(#[from] AdvisoryDbError),
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Licences, bans and sources by `deny.toml`; advisories by a database on this machine. Neither needs a network.
pub fn check(steps: &mut Steps, target: &Path) {
    check_licences(steps);
    check_advisories(steps, target);
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
    match advisory_db::find(target) {
        Ok(None) => steps.leave_out(
            ADVISORIES,
            "no advisory database: clone RustSec's advisory-db to target/advisory-db, or set BURSAR_ADVISORY_DB",
        ),
        found => _ = steps.run(ADVISORIES, || found?.map_or(Ok(()), |database| audit(&database))),
    }
}

fn audit(database: &Path) -> Result<(), AuditError> {
    if let Some((newest, age_days)) = advisory_db::newest_advisory(database) {
        println!(
            "advisory database: {}, newest advisory of {newest}",
            database.display()
        );
        if age_days > FRESH_DAYS {
            println!(
                "WARNING: that is {age_days} days ago; a database of the last {FRESH_DAYS} days is wanted"
            );
        }
    }
    let lock_file = root().join("Cargo.lock");
    let mut command = cargo();
    command
        .args(["audit", "--no-fetch", "--db"])
        .arg(database)
        .arg("--file")
        .arg(lock_file);
    Ok(processes::run(&mut command)?)
}
