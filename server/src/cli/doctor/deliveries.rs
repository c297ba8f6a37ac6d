//! Deliveries: does an integration stand still, or lose all that is sent to it?

use std::sync::Arc;

use uuid::Uuid;

use super::Report;
use crate::cli::Failure;
use crate::directory::{App, Directory};
use crate::store::tables::delivery_states::{DeliveryState, read_state};
use crate::store::{Row, Sql, Statement, Store};
use crate::vault::Vault;

/// So many of the last closed deliveries are looked at, of all apps together, if they were closed within a day
/// (microseconds).
const LAST: i64 = 10_000;
const DAY: i64 = 24 * 3_600_000_000;
/// So many that are turned away, with none delivered, are no chance.
const MANY: i64 = 8;

/// What the last deliveries of one part of an integration came to.
#[derive(Default)]
struct Ends {
    delivered: i64,
    rejected: i64,
    a_reason: String,
}

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
    static SQL: Sql = Sql::same(
        "SELECT t.app_id, t.slug, t.part, d.state, d.lacks, count(*), max(d.reason)
         FROM (SELECT target_id, state, reason, updated_at,
                      CAST(CASE WHEN reason LIKE 'missing_credentials%' THEN 1 ELSE 0 END AS BIGINT) AS lacks
               FROM deliveries ORDER BY event_seq DESC LIMIT $1) AS d
         JOIN targets AS t ON t.target_id = d.target_id
         JOIN integrations AS i ON i.app_id = t.app_id AND i.slug = t.slug
         WHERE d.updated_at > $2 AND i.enabled = 1
         GROUP BY t.app_id, t.slug, t.part, d.state, d.lacks, CASE WHEN d.lacks = 1 THEN d.reason END
         ORDER BY t.app_id, t.slug, t.part, d.state",
    );
    let params = [LAST.into(), (now - DAY).into()];
    let mut told = Vec::new();
    let mut rows = store.scan_whole(Statement::new(&SQL, params)).await?;
    let mut last: Option<(String, Ends)> = None;
    for row in &mut rows {
        let what = of(row.uuid(0)?, &row.text(1)?, &row.text(2)?);
        let (state, lacks, count) = (read_state(row, 3)?, row.int(4)? == 1, row.int(5)?);
        if last.as_ref().is_none_or(|(before, _)| *before != what) {
            told.extend(last.take().and_then(rejected));
        }
        let (what, ends) = last.get_or_insert_with(|| (what, Ends::default()));
        match state {
            DeliveryState::Delivered => ends.delivered += count,
            DeliveryState::Rejected => (ends.rejected, ends.a_reason) = (count, reason(row)?),
            DeliveryState::Skipped if lacks => told.push(format!(
                "{count} of {what} were skipped within a day: {}",
                reason(row)?
            )),
            _ => {}
        }
    }
    told.extend(last.and_then(rejected));
    Ok(told)
}

fn of(app: Uuid, slug: &str, part: &str) -> String {
    match part {
        "" => format!("{slug} of the app {app}"),
        part => format!("{slug} of the app {app} (call {part})"),
    }
}

fn reason(row: &mut Row) -> Result<String, Failure> {
    Ok(row.opt_text(6)?.unwrap_or_default())
}

fn rejected((what, ends): (String, Ends)) -> Option<String> {
    let is_lost = ends.delivered == 0 && ends.rejected >= MANY;
    is_lost.then(|| {
        let Ends {
            rejected, a_reason, ..
        } = ends;
        format!("none of {what} was delivered within a day, and {rejected} rejected, such as: {a_reason}")
    })
}
