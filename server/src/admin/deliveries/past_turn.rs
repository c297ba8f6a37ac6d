//! A past event as if it were its turn: what an integration would make of it now.

use bursar_domain::profile::{Details, Profile};

use crate::directory::Target;
use crate::store::tables::delivery_list::Shown;
use crate::store::tables::lanes::{LaneKey, Place};
use crate::store::tables::past_events::PastEvent;
use crate::store::tables::turns::Turn;

/// The turn of an event of this customer with its `payload`; `shown` is the delivery, if there is one.
pub fn past_turn(
    target: Target,
    event: &PastEvent,
    payload: &str,
    (profile, details): (&Profile, &Details),
    shown: Option<&Shown>,
) -> Turn {
    let open = shown.and_then(|shown| shown.open.as_ref());
    Turn {
        lane: LaneKey {
            target: target.id,
            id: event.id,
        },
        place: Place {
            created_at: event.created_at,
            number: 0,
        },
        event: event.id,
        event_seq: event.seq,
        kind: event.kind,
        event_at: event.at,
        event_created_at: event.created_at,
        is_superseded: false,
        payload: payload.to_owned(),
        tries: shown.map_or(0, |shown| shown.tries),
        first_tried_at: open.and_then(|open| open.first_tried_at),
        record: None,
        made_at: event.created_at,
        replay: None,
        profile: profile.clone(),
        details: details.clone(),
    }
}
