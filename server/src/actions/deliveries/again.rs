//! Whether an event may go to an integration once more, or for the first time long after it was made.

use bursar_domain::events::EventKind;
use bursar_domain::integrations::{Skip, Tried};
use bursar_domain::profile::Details;

use super::Gate;
use crate::directory::AppIntegration;
use crate::store::tables::delivery_list::Shown;
use crate::store::tables::delivery_states::DeliveryState;
use crate::store::tables::past_events::PastEvent;

/// How the delivery was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// There was none, or the event was switched off for the integration when it was made. So it was not made for this
    /// integration's timer, if a timer made it.
    NotAskedFor,
    /// Nothing was sent by another rule. It was made then (microseconds).
    NotSent(i64),
    /// It went out, whatever came of it, or goes out, as it is open.
    Sent,
    /// It became too old. It was made then (microseconds), so it was not tried before.
    Expired(i64),
}

impl Before {
    /// Of a delivery; `None`: there is none.
    pub fn of(shown: Option<&Shown>) -> Self {
        let Some(shown) = shown else {
            return Self::NotAskedFor;
        };
        // What its turn came of was closed later than it was made.
        let with_the_event = shown.updated_at == shown.made_at;
        match (shown.state, shown.reason.as_deref()) {
            (DeliveryState::Skipped, Some("event_disabled")) if with_the_event => Self::NotAskedFor,
            (DeliveryState::Skipped, _) => Self::NotSent(shown.made_at),
            (DeliveryState::Expired, _) => Self::Expired(shown.made_at),
            (
                DeliveryState::Delivered
                | DeliveryState::Rejected
                | DeliveryState::Pending
                | DeliveryState::Sending
                | DeliveryState::Waiting
                | DeliveryState::Blocked,
                _,
            ) => Self::Sent,
        }
    }

    /// When it was judged whether the event is from before the first installation, for this delivery; `None`: it never was.
    pub fn judged_at(self, shown: &Shown) -> Option<i64> {
        (self != Self::NotAskedFor).then_some(shown.made_at)
    }

    /// Was an event of this kind made for the timers of other integrations alone?
    pub fn is_of_others(self, kind: EventKind) -> bool {
        self == Self::NotAskedFor && kind.is_synthetic()
    }
}

/// Why the integration is not to get the event now. Whether it is from before the first installation was found out when its
/// delivery was made: what was sent before was not, and an installation that was reported later changes nothing.
/// After a try that may have arrived the third party knows repeats for a while only, so one that expired over its tries stays so.
pub fn refuses_again(
    known: &AppIntegration,
    event: &PastEvent,
    details: &Details,
    before: Before,
    now: i64,
) -> Option<Skip> {
    let gate = Gate::new(event.kind, event.at, None, details);
    let gate = match before {
        Before::NotSent(made_at) => gate.known_by(details, made_at),
        Before::NotAskedFor | Before::Sent | Before::Expired(_) => gate,
    };
    let refused = gate.refuses(known);
    let was_sent = matches!(before, Before::Sent | Before::Expired(_));
    if refused.is_some() && !(was_sent && refused == Some(Skip::Historical)) {
        return refused;
    }
    if before.is_of_others(event.kind) {
        return Some(Skip::EventDisabled);
    }
    let tried = match before {
        Before::Expired(first_at) => Some(Tried {
            first_at,
            made_at: now,
        }),
        Before::NotAskedFor | Before::NotSent(_) | Before::Sent => None,
    };
    let is_over = known.integration.limits.is_over(event.at, tried, now);
    is_over.then_some(Skip::TooOld)
}
