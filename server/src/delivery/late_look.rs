//! What had to wait before it begins is looked at once more: the customer may have opted out, changed or gone meanwhile.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::exchange::LONGEST_EXCHANGE;
use super::turn::Ready;
use super::worker::Work;
use crate::actions::deliveries::{Claimed, still_held};
use crate::directory::Target;

/// What begins later than this after it was looked at is looked at again. What begins at once costs no read.
const LATE: Duration = Duration::from_millis(250);

/// What of a batch is to be sent still, and the lanes of what was made of a profile that was changed since it was `looked_at`:
/// the next round decides on that anew. What is in lanes that are not ours any more, such as those of a deleted profile, is
/// neither.
pub async fn look_late(
    work: &Work,
    target: Target,
    batch: Vec<Ready>,
    until: i64,
    looked_at: Instant,
) -> (Vec<Ready>, Vec<Uuid>) {
    if looked_at.elapsed() <= LATE {
        return (batch, Vec::new());
    }
    let claimed = Claimed {
        lease: batch[0].held.lease,
        lanes: batch.iter().map(|ready| ready.held.lane.id).collect(),
    };
    let held = match still_held(&work.state, work.app.id, target.id, &claimed).await {
        Ok(held) => held,
        Err(error) => {
            tracing::warn!(
                %error, app.id = %work.app.id, slug = work.slug,
                "whether deliveries may still be sent could not be looked at; they are tried again"
            );
            return (Vec::new(), claimed.lanes);
        }
    };
    if work.state.clock.now() + LONGEST_EXCHANGE > until {
        // The read itself took that long.
        return (Vec::new(), claimed.lanes);
    }
    let changed_at = |ready: &Ready| held.get(&ready.held.lane.id).copied();
    let ours = batch.into_iter().filter(|ready| changed_at(ready).is_some());
    let (current, outdated): (Vec<_>, Vec<_>) =
        ours.partition(|ready| changed_at(ready) == Some(ready.profile_changed_at));
    (current, outdated.iter().map(|ready| ready.held.lane.id).collect())
}
