//! Deliveries: does an integration stand still, or lose all that is sent to it?

use std::sync::Arc;

use bursar_domain::time::DAY;
use uuid::Uuid;

use super::Report;
use crate::cli::Failure;
use crate::delivery::{DEAD, MANY};
use crate::directory::{App, Directory};
use crate::store::{Sql, Statement, Store};
use crate::vault::Vault;

/// So many of the last closed deliveries are looked at, of all apps together, if they were closed within a day.
const LAST: i64 = 10_000;

/// Looks at what the database tells of the integrations that are on; what servers have in memory alone is not known here.
/// Without the vault their settings cannot be opened, so only what the deliveries came to is told.
pub async fn check(
    store: &Store,
    vault: Option<&Vault>,
    now: i64,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut found = match vault {
        Some(vault) => blocked(&Directory::load(store, vault, None).await?),
        None => Vec::new(),
    };
    found.extend(lost(store, now).await?);
    if found.is_empty() && vault.is_some() {
        report.ok("deliveries", "no integration stands still or loses everything");
    }
    for what in found {
        report.warn("deliveries", what);
    }
    Ok(())
}

fn blocked(directory: &Directory) -> Vec<String> {
    let of_app = |app: &Arc<App>| {
        let told = app.enabled().filter_map(|known| {
            let why = known.why_blocked(&app.settings)?;
            Some(format!(
                "{} is blocked: {why}",
                of(app.id.0, known.integration.slug, "")
            ))
        });
        told.collect::<Vec<_>>()
    };
    let mut told: Vec<_> = directory.apps().flat_map(of_app).collect();
    told.sort();
    told
}

async fn lost(store: &Store, now: i64) -> Result<Vec<String>, Failure> {
    // Of those that were rejected, or tried until they were too old, the ones since one of the same part was last taken.
    static SQL: Sql = Sql::same(
        "SELECT t.app_id, t.slug, t.part, CAST(d.lacks AS BIGINT), count(*), max(d.reason),
                CAST(max(CASE WHEN d.reason LIKE $1 THEN 1 ELSE 0 END) AS BIGINT)
         FROM (SELECT target_id, state, reason, tries, updated_at,
                      CASE WHEN state = 'skipped' AND reason LIKE 'missing_credentials%' THEN 1 ELSE 0 END AS lacks,
                      max(CASE WHEN state = 'delivered' THEN updated_at END) OVER (PARTITION BY target_id) AS taken_at
               FROM (SELECT target_id, state, reason, tries, updated_at
                     FROM deliveries ORDER BY event_seq DESC LIMIT $2) AS last) AS d
         JOIN targets AS t ON t.target_id = d.target_id
         JOIN integrations AS i ON i.app_id = t.app_id AND i.slug = t.slug
         WHERE d.updated_at > $3 AND i.enabled = 1
           AND (d.lacks = 1 OR d.updated_at > coalesce(d.taken_at, 0)
                               AND (d.state = 'rejected' OR d.state = 'expired' AND d.tries > 0))
         GROUP BY t.app_id, t.slug, t.part, d.lacks, CASE WHEN d.lacks = 1 THEN d.reason END
         ORDER BY t.app_id, t.slug, t.part, d.lacks",
    );
    let params = [format!("{DEAD}%").into(), LAST.into(), (now - DAY).into()];
    let mut told = Vec::new();
    for row in &mut store.scan_whole(Statement::new(&SQL, params)).await? {
        let what = of(row.uuid(0)?, &row.text(1)?, &row.text(2)?);
        let (lacks, count, is_dead) = (row.int(3)? == 1, row.int(4)?, row.int(6)? == 1);
        let reason = row.opt_text(5)?.unwrap_or_default();
        if lacks {
            told.push(format!("{count} of {what} were skipped within a day: {reason}"));
        } else if is_dead || count >= MANY {
            told.push(format!(
                "{what} takes nothing: {count} lost in a row within a day, such as: {reason}"
            ));
        }
    }
    Ok(told)
}

fn of(app: Uuid, slug: &str, part: &str) -> String {
    match part {
        "" => format!("{slug} of the app {app}"),
        part => format!("{slug} of the app {app} (call {part})"),
    }
}
