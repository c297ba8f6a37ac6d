//! Events of one profile that each have a lane of their own arrive in the order in which they were made, as long as none
//! fails: each is sent when the one before it was answered.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use uuid::Uuid;

use super::giving_back::give_back_unsent;
use super::late_look::look_late;
use super::round::may_begin;
use super::send::send;
use super::turn::Ready;
use super::worker::Work;
use crate::directory::Target;

/// Requests of which each is sent when the one before it has ended, however that was.
pub type Sequence = Vec<Vec<Ready>>;

/// Puts requests of one record behind those of the same profile on the same route.
pub fn in_turn(batches: Vec<Vec<Ready>>) -> Vec<Sequence> {
    let mut sequences: Vec<Sequence> = Vec::new();
    let mut places = HashMap::new();
    for batch in batches {
        let place = match batch.as_slice() {
            [only] => *places
                .entry((only.profile, only.record.route.clone()))
                .or_insert(sequences.len()),
            _ => sequences.len(),
        };
        match sequences.get_mut(place) {
            Some(sequence) => sequence.push(batch),
            None => sequences.push(vec![batch]),
        }
    }
    sequences
}

/// Sends all of a sequence that has a seat, on lanes that are ours `until` then. What cannot be begun goes back, and so does
/// what was made of a profile that was changed since it was `looked_at`, with all that comes after it.
pub async fn send_in_turn(
    work: &Arc<Work>,
    target: Target,
    sequence: Sequence,
    until: i64,
    looked_at: Instant,
) {
    let lease = sequence[0][0].held.lease;
    let mut unsent: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
    let mut is_outdated = false;
    for (place, batch) in sequence.into_iter().enumerate() {
        let route = batch[0].record.route.clone();
        // The first has begun already: it came with the seat.
        if place > 0 && (is_outdated || !(work.rate_allows().await && may_begin(work, &route, until))) {
            let lanes = batch.iter().map(|ready| ready.held.lane.id);
            unsent.entry(route).or_default().extend(lanes);
            continue;
        }
        let (batch, outdated) = look_late(work, target, batch, until, looked_at).await;
        is_outdated |= !outdated.is_empty();
        if batch.is_empty() {
            // With what comes after it: only what is given back together is sent in turn again.
            unsent.entry(route).or_default().extend(outdated);
            continue;
        }
        if is_outdated {
            // It need not wait for the others of its request.
            give_back(work, target, BTreeMap::from([(route.clone(), outdated)]), lease).await;
        }
        if place > 0 {
            work.note_begin(&route);
        }
        send(work, target, batch).await;
    }
    give_back(work, target, unsent, lease).await;
}

async fn give_back(work: &Work, target: Target, unsent: BTreeMap<String, Vec<Uuid>>, lease: i64) {
    if let Err(error) = give_back_unsent(work, target, unsent, lease, false).await {
        // They are due again when the lease is over.
        tracing::warn!(%error, app.id = %work.app.id, slug = work.slug, "what was not sent could not be given back");
    }
}
