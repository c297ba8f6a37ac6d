//! Whether an event may go to an integration once more, or for the first time long after it was made.

use bursar_domain::integrations::{Skip, Tried};
use bursar_domain::profile::Details;

use super::Gate;
use crate::directory::AppIntegration;
use crate::store::tables::delivery_list::Shown;
use crate::store::tables::past_events::PastEvent;

/// How the delivery was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// There was none, or nothing was sent by a rule.
    NotSent,
    /// It went out, whatever came of it.
    Sent,
    /// It became too old. It was made then (microseconds), so it was not tried before.
    Expired(i64),
}

impl Before {
    /// Of a delivery that is closed.
    pub fn of(shown: &Shown) -> Self {
        match shown.state.as_str() {
            "skipped" => Self::NotSent,
            "expired" => Self::Expired(shown.made_at),
            _ => Self::Sent,
        }
    }
}

/// Why the integration is not to get the event now. What was sent before was not from before the first installation, as
/// far as was known then. After a try that may have arrived the third party knows repeats for a while only, so one that
/// expired over its tries stays so.
pub fn refuses_again(
    known: &AppIntegration,
    event: &PastEvent,
    details: &Details,
    before: Before,
    now: i64,
) -> Option<Skip> {
    let gate = Gate::new(event.kind, event.at, None, details);
    let refused = gate.refuses(known);
    if refused.is_some() && (before == Before::NotSent || refused != Some(Skip::Historical)) {
        return refused;
    }
    let tried = match before {
        Before::Expired(first_at) => Some(Tried {
            first_at,
            made_at: now,
        }),
        Before::NotSent | Before::Sent => None,
    };
    let ends_at = known.integration.limits.ends_at(event.at, tried);
    ends_at
        .is_some_and(|ends_at| now > ends_at)
        .then_some(Skip::TooOld)
}
