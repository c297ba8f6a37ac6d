//! Timers were switched on: what runs already has to be due when they run out.

use bursar_domain::ids::ProfileId;
use bursar_domain::purchases::holdings::Holdings;

use super::Rules;
use crate::directory::NEVER_ORDERED_FOR;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::tables::rechecks;

/// How many profiles are looked at between other work.
const BATCH: i64 = 256;

/// Goes on with a recheck that was ordered, if there is one. Answers whether there was.
///
/// Nothing is locked for it: a date that is too early, because the profile was changed meanwhile, is corrected when it
/// has come.
pub(super) async fn go_on(state: &AppState, now: i64) -> Result<bool, StoreError> {
    let query = rechecks::select(now, now.saturating_add(NEVER_ORDERED_FOR));
    let mut rows = state.store.read(query).await?;
    let Some(recheck) = rechecks::read(&mut rows)? else {
        return Ok(false);
    };
    // The settings that it was ordered with, which this server may not have seen yet.
    state.refresh().await?;
    let Some(app) = state.directory().app(recheck.app).cloned() else {
        return Ok(false);
    };
    let rules = Rules::of(&app);
    let mut rows = state.store.read(rechecks::next(&recheck, BATCH)).await?;
    let (mut writes, mut last) = (Vec::new(), None);
    let is_full = i64::try_from(rows.len()) == Ok(BATCH);
    for row in &mut rows {
        let profile = row.uuid(0)?;
        last = Some(profile).filter(|_| is_full);
        // One that cannot be read is logged where it is used.
        let holdings: Option<Holdings> = row.opt_text(1)?.and_then(|text| serde_json::from_str(&text).ok());
        let due_at = holdings.and_then(|holdings| holdings.next_due(rules.context(now, None)));
        let noted = row.opt_int(2)?;
        if let Some(due_at) = due_at.filter(|due_at| noted.is_none_or(|noted| noted > *due_at)) {
            writes.push(rechecks::due_earlier(app.id, ProfileId(profile), due_at));
        }
    }
    writes.push(match last {
        Some(last) => rechecks::advance(&recheck, last),
        None => rechecks::finish(&recheck),
    });
    state.store.write(writes).await?;
    Ok(true)
}
