//! What only a store's notifications say of a chain: pauses, deferrals, announced products, refunds of a part. The rules are
//! complete; the server receives no notifications yet, so nothing calls them there.

use super::{Before, Drafts, Party, revenue, share_access, told};
use crate::purchases::holdings::Key;
use crate::purchases::machine::{self, Command, Context};
use crate::purchases::transaction::Transaction;

/// Does what a notification says of a chain of the first of the parties; the others share it. Answers the events, and
/// the transaction as it is to be stored where that is different now. A chain that the first does not own is left alone.
pub fn notify(
    parties: &mut [Party],
    key: &Key,
    command: Command,
    context: Context<'_>,
) -> (Drafts, Option<Transaction>) {
    let Some(index) = parties.first().and_then(|owner| owner.holdings.chain(key)) else {
        return (Vec::new(), None);
    };
    let before = Before::of(parties, context);
    let stored = refunded_in_part(&command);
    let holdings = &mut parties[0].holdings;
    let mut chain = holdings.chains.remove(index);
    if let Some((old, new)) = &stored {
        let less = revenue(old).saturating_sub(revenue(new));
        holdings.revenue_usd = holdings.revenue_usd.saturating_sub(less);
        chain.revenue_usd = chain.revenue_usd.saturating_sub(less);
    }
    let (chain, facts) = machine::apply(Some(chain), None, None, command, context);
    holdings.chains.insert(index, chain.expect("a chain stays"));
    share_access(parties, 0, key, context.now);
    let drafts = told(parties[0].id, facts, before.changes(parties));
    (drafts, stored.map(|(_, new)| new))
}

/// The transaction of which a part is paid back, as it was and as it is then. For what the family has nobody paid.
fn refunded_in_part(command: &Command) -> Option<(Transaction, Transaction)> {
    match command {
        Command::RefundShare {
            transaction,
            at,
            share,
            keeps_access,
        } if !transaction.is_family_shared => {
            let old = Transaction::clone(transaction);
            let new = old.clone().refunded_in_part(*at, *share, *keeps_access);
            Some((old, new))
        }
        Command::RefundShare { .. }
        | Command::Report(_)
        | Command::ArrangePause { .. }
        | Command::WithdrawPause
        | Command::Defer { .. }
        | Command::End { .. }
        | Command::AnnounceProduct { .. } => None,
    }
}
