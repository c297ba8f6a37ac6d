//! What profiles have: can it be read, and can it be so?

use bursar_domain::ids::AppId;
use uuid::Uuid;

use super::Report;
use crate::cli::Failure;
use crate::store::Store;
use crate::store::tables::profiles;

/// So many profiles are read at a time.
const STEP: i64 = 1_000;
/// So many are named; the rest is counted.
const NAMED: usize = 5;

/// Reads all profiles that have anything.
pub async fn check(store: &Store, report: &mut Report) -> Result<(), Failure> {
    let (mut after, mut looked_at, mut wrong) = ((AppId(Uuid::nil()), Uuid::nil()), 0_u64, Vec::new());
    loop {
        let mut rows = store.scan_whole(profiles::select_holdings(after, STEP)).await?;
        for row in &mut rows {
            after = (AppId(row.uuid(0)?), row.uuid(1)?);
            looked_at += 1;
            if let Some(problem) = problem(&row.text(2)?, row.opt_int(3)?) {
                wrong.push(format!("profile {}: {problem}", after.1));
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    if wrong.is_empty() {
        report.ok("purchases", format!("what {looked_at} profiles have is sound"));
    }
    for problem in wrong.iter().take(NAMED) {
        report.fail("purchases", problem);
    }
    if wrong.len() > NAMED {
        report.fail(
            "purchases",
            format!("{} more profiles are like that", wrong.len() - NAMED),
        );
    }
    Ok(())
}

fn problem(holdings: &str, due_at: Option<i64>) -> Option<String> {
    match serde_json::from_str::<bursar_domain::purchases::holdings::Holdings>(holdings) {
        Ok(holdings) => holdings.problem().or_else(|| holdings.forgotten(due_at)),
        // Without the reader's words, in which a value could stand.
        Err(error) => Some(format!(
            "what it has cannot be read (at character {})",
            error.column()
        )),
    }
}
