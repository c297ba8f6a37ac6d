//! Row A22: what somebody else of the family paid for gives access to the profile that reports it, and nothing else.

use super::{Party, Report, take_out};
use crate::purchases::holdings::Key;
use crate::purchases::transaction::Transaction;

/// Takes in what the family shares. The first of the parties gets a chain or purchase of its own of it, whatever the payer
/// or others of the family have, and whatever the app says of sharing; others that have this period already see what is
/// said of it now. Answers the transaction as it is to be stored.
pub(super) fn take_in(
    parties: &mut [Party],
    key: &Key,
    known: Option<&Transaction>,
    report: &Report<'_>,
) -> Transaction {
    let mut to_store = report.transaction.clone();
    let before = known.filter(|known| key.is_of(known));
    if let Some(known) = known.filter(|known| !key.is_of(known)) {
        let is_own = parties[0].holdings.owns(&Key::of(known));
        if is_own || known.is_family_shared {
            take_out(parties, known, report.uncovered.as_ref(), report.context.now);
        } else {
            // The payer's transaction stays the payer's.
            to_store = known.clone();
        }
    }
    for (index, party) in parties.iter_mut().enumerate() {
        let holdings = &mut party.holdings;
        let is_known = holdings.knows(&report.transaction);
        if index == 0 || is_known {
            let known = is_known.then(|| before.unwrap_or(&report.transaction));
            // Of the family no fact is told.
            super::take_in(holdings, key, known, report.clone());
        }
    }
    to_store
}
