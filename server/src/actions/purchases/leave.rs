//! A profile is deleted: what becomes of those who share its purchases.

use std::sync::Arc;

use bursar_domain::profile::{Details, Profile};
use bursar_domain::purchases::account;

use super::Rules;
use super::findings::Findings;
use super::people::{People, Person};
use crate::directory::App;
use crate::store::tables::profiles::{self, RowId};
use crate::store::{Row, Statement, StoreError};

/// Notes with those who share its purchases when their access ends, which nobody else will tell them now. Its own row lies
/// in this `row`; `rows` are those of the profiles that share anything with it.
pub(in crate::actions) fn leave(
    findings: &Findings,
    app: &Arc<App>,
    profile: Profile,
    row: RowId,
    rows: &mut [Row],
    now: i64,
) -> Result<Vec<Statement>, StoreError> {
    let rules = Rules::of(app);
    let details = Details::default();
    let mut people = People::of(Person {
        profile,
        details,
        row,
    });
    people.read(app.id, rows)?;
    findings.begin();
    people.note_problems(findings);
    let mut parties = people.parties();
    account::leave(&mut parties);
    let known = people.known.into_iter().zip(parties).skip(1);
    let changed = known.filter(|(before, after)| before.profile.holdings != after.holdings);
    Ok(changed
        .map(|(mut sharer, after)| {
            sharer.profile.holdings = after.holdings;
            let due_at = sharer.profile.holdings.next_due(rules.context(now, None));
            profiles::update_holdings(&sharer.profile, sharer.row, due_at)
        })
        .collect())
}
