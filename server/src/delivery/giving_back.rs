//! Lanes that were taken and of which nothing is sent go back, for others or for later.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::tries::Pauses;
use super::worker::Work;
use crate::actions::deliveries::{Claimed, give_back};
use crate::chance;
use crate::directory::Target;
use crate::store::StoreError;

/// Gives back what is not sent, all of it, and answers the first error. Where there `may_be_more` to put off than one round
/// takes, it comes back over as long again: all at once it would stand in front of what goes on other routes.
pub async fn give_back_unsent(
    work: &Work,
    target: Target,
    unsent: BTreeMap<String, Vec<Uuid>>,
    lease: i64,
    may_be_more: bool,
) -> Result<(), StoreError> {
    let mut given_back = Ok(());
    for (route, lanes) in unsent {
        let put_off = work.put_off(&route);
        let spread = if may_be_more { put_off } else { 0 };
        let due_at = work.state.clock.now() + put_off + chance::number() % (spread.max(0) + 1);
        let given = give_back_patiently(work, target, &Claimed { lease, lanes }, due_at).await;
        given_back = given_back.and(given);
    }
    given_back
}

/// Gives lanes back, and while the database is away or too busy tries again, as nobody else sends what is in them as long as
/// they are ours.
pub async fn give_back_patiently(
    work: &Work,
    target: Target,
    claimed: &Claimed,
    due_at: i64,
) -> Result<(), StoreError> {
    let mut pauses = Pauses::of(&work.state.workers);
    loop {
        let given_back = give_back(&work.state, target.id, claimed, due_at).await;
        let is_away = given_back.as_ref().is_err_and(StoreError::is_passing);
        if !is_away || !pauses.rest().await {
            return given_back;
        }
    }
}
