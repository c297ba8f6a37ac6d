//! What PostgreSQL does at best with one upsert a transaction: pgbench at 32 clients, prepared.

use std::path::Path;
use std::process::Command;

use super::client::identifiers;
use super::server::Filled;
use super::{BenchError, doing};
use crate::postgres::Cluster;
use crate::processes::output;

/// Transactions per second of the upsert that answers the profile.
pub fn run(cluster: &Cluster, filled: &Filled, folder: &Path, seconds: u64) -> Result<f64, BenchError> {
    let script = folder.join("upsert.sql");
    let body = identifiers(0, 0).replace("-0000000000-0", "-#");
    let upsert = format!(
        "\\set n random(1, {})\n\\set value random(1000000000, 9999999999)\n\
         INSERT INTO profiles (app_id, profile_id, customer_user_id, created_at, updated_at, identifiers)\n\
         VALUES ((SELECT app_id FROM apps), gen_random_uuid(), 'user-' || :n, 0, :value,\n\
         replace('{body}', '#', :value || '-' || :n))\n\
         ON CONFLICT (app_id, customer_user_id) WHERE customer_user_id IS NOT NULL\n\
         DO UPDATE SET identifiers = EXCLUDED.identifiers, updated_at = EXCLUDED.updated_at\n\
         RETURNING profile_id, customer_user_id, created_at, updated_at, identifiers, attributes;\n",
        filled.profiles
    );
    std::fs::write(&script, upsert).map_err(doing("write pgbench's script"))?;
    let mut pgbench = Command::new(cluster.binaries().join("pgbench"));
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--client=32", "--jobs=1"]);
    pgbench
        .arg(format!("--time={seconds}"))
        .arg("--file")
        .arg(&script)
        .arg(cluster.url());
    let text = output(&mut pgbench)?;
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = "));
    tps.and_then(|rest| rest.split(' ').next()?.parse().ok())
        .ok_or_else(|| BenchError::Unexpected(format!("pgbench told no tps: {text}")))
}
