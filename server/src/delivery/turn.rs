//! What to do with a delivery whose turn it is: send this record, or end the turn without a request.

use bursar_domain::app::AppSettings;
use bursar_domain::events::EventKind;
use bursar_domain::ids::ProfileId;
use bursar_domain::integrations::contract::personal;
use bursar_domain::integrations::{Customer, Occasion, Record, Skip, Told, Tried};
use bursar_domain::time::HOUR;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::caught::caught;
use super::mask::{Mask, within};
use super::texts::Texts;
use crate::actions::deliveries::{End, HeldTurn, Settlement};
use crate::directory::{AppIntegration, Target};
use crate::store::tables::delivery_states::ClosedState;
use crate::store::tables::turns::Turn;

/// When a delivery is looked at again that waits for an identifier without an end: in a hundred years.
pub const NEVER: i64 = 100 * 365 * 24 * HOUR;

/// What is told of a repeat that is not made, because nothing has succeeded there for long.
pub const DEAD: &str = "given up: nothing has succeeded there for a day";
/// What is told of an event that we could not tell.
pub const FAULT: Skip = Skip::Other("a fault of ours: the log says more");

/// A record that is to be sent.
pub struct Ready {
    /// Whose turn it is.
    pub held: HeldTurn,
    /// The record.
    pub record: Record,
    /// Does it need a request of its own?
    pub alone: bool,
    /// What its tries so far count for.
    pub counts: Counts,
    /// Whose it is.
    pub profile: ProfileId,
    /// When that was changed last, of all that the record was made of.
    pub profile_changed_at: i64,
    /// What may not be kept of it.
    pub mask: Mask,
    /// What its customer is called, which may not be kept with others.
    pub ids: Texts,
    /// What those are called who share its customer's access level: the event may name them.
    pub sharers: Texts,
}

/// What to do with a turn.
pub enum Considered {
    /// This is to be sent.
    Send(Box<Ready>),
    /// There is nothing to send. Where it is lost with that: to what.
    Settle(Box<Settlement>, Option<Lost>),
}

/// To what a delivery is lost of which nothing is sent.
pub enum Lost {
    /// This setting is not set.
    Unset(String),
    /// What was tried on this route has failed for too long.
    Failed(String),
}

/// The record of a try that is repeated.
#[derive(Serialize, Deserialize)]
struct Kept {
    route: String,
    body: String,
    #[serde(default)]
    alone: bool,
    #[serde(flatten)]
    counts: Counts,
    /// What of it is personal: the customer may have changed it since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    personal: Vec<String>,
    /// What it calls the customer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ids: Vec<String>,
}

/// What tries count for.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Counts {
    /// So many the schedule does not count: those before it was closed and asked for again, those that failed because the
    /// settings were wrong, and those that failed because of others of their request.
    #[serde(default)]
    pub uncounted: i64,
    /// So many failed in a way that is tried so many times only.
    #[serde(default)]
    pub limited: i64,
}

/// What is kept of a record for the next try, which needs a request of its own if `alone`.
pub fn keep(ready: &Ready, alone: bool) -> String {
    let Record { route, body } = &ready.record;
    let kept = Kept {
        route: route.clone(),
        body: body.clone(),
        alone,
        counts: ready.counts,
        personal: ready.mask.within([route, body]),
        ids: within(ready.ids.iter(), [route, body]),
    };
    serde_json::to_string(&kept).expect("texts always serialise")
}

/// Decides on a turn. Everything is looked at anew, also for a repeat: the owner may have switched the event or the call off,
/// the customer may have opted out, or it may have become too old. What is sent then is what was sent before. Where a
/// route `is_dead`, nothing is repeated.
pub fn consider(
    turn: Turn,
    lease: i64,
    app: &AppSettings,
    known: &AppIntegration,
    target: Target,
    is_dead: impl Fn(&str) -> bool,
    now: i64,
) -> Considered {
    let held = HeldTurn::of(&turn, lease, target.part.pick);
    let settle = |end, lost| {
        let settlement = Settlement {
            held,
            attempt: None,
            end,
            now,
        };
        Considered::Settle(Box::new(settlement), lost)
    };
    match encode(&turn, app, known, target, now) {
        Ok((kept, ..)) if turn.first_tried_at.is_some() && is_dead(&kept.route) => {
            let end = closed(ClosedState::Rejected, Some(DEAD.to_owned()));
            settle(end, Some(Lost::Failed(kept.route)))
        }
        Ok((mut kept, mask, sharers)) => {
            // It is held until the answer comes, and was written with room to spare.
            kept.body.shrink_to_fit();
            Considered::Send(Box::new(Ready {
                held,
                record: Record {
                    route: kept.route,
                    body: kept.body,
                },
                alone: kept.alone,
                counts: kept.counts,
                profile: turn.profile.id,
                profile_changed_at: turn.profile.updated_at,
                mask: mask.and(kept.personal),
                ids: kept.ids.iter().collect(),
                sharers: sharers.iter().collect(),
            }))
        }
        Err(skip) => {
            let lost = match &skip {
                Skip::MissingCredentials(setting) => Some(Lost::Unset(setting.clone())),
                // What was never tried lacked an identifier, or was reported too late: that is nobody's failure.
                Skip::TooOld if turn.first_tried_at.is_some() => {
                    kept_of(&turn).map(|kept| Lost::Failed(kept.route))
                }
                _ => None,
            };
            settle(end_of(skip, turn, known), lost)
        }
    }
}

/// A closed delivery.
pub fn closed(state: ClosedState, reason: Option<String>) -> End {
    End::Closed { state, reason }
}

/// The record to send, how, with all that its customer is called, what may not be kept of it, and what sharers are called.
fn encode(
    turn: &Turn,
    app: &AppSettings,
    known: &AppIntegration,
    target: Target,
    now: i64,
) -> Result<(Kept, Mask, Vec<String>), Skip> {
    let event = read_event(
        turn.event,
        turn.kind,
        turn.event_at,
        turn.event_created_at,
        &turn.payload,
    );
    let kept = kept_of(turn);
    still_wanted(turn, kept.as_ref(), known, target, now)?;
    let customer = Customer::new(&turn.profile, &turn.details, app, now);
    let hidden = target.part.hidden(&known.settings, &customer);
    let mask = Mask::of(&customer, event.as_ref().ok()).and(hidden);
    let ids = personal::ids(&customer, event.as_ref().ok());
    let sharers = event.as_ref().map(personal::ids_of_sharers).unwrap_or_default();
    let encoded = event.and_then(|event| {
        let occasion = Occasion {
            event: &event,
            customer: &customer,
            settings: &known.settings,
            part: target.part.name,
            made_at: turn.made_at,
            now,
        };
        map(&occasion, known)
    });
    let mut kept = kept_or_new(turn, kept, encoded, known, target)?;
    kept.ids.extend(ids);
    kept.ids.sort_unstable();
    kept.ids.dedup();
    Ok((kept, mask, sharers))
}

/// What was sent at the try before, where that is sent again, or else what was `encoded` now.
fn kept_or_new(
    turn: &Turn,
    kept: Option<Kept>,
    encoded: Result<Record, Skip>,
    known: &AppIntegration,
    target: Target,
) -> Result<Kept, Skip> {
    // Without a record no try counts yet: all that there were, were before it was asked for again.
    let counts = kept.as_ref().map(|kept| kept.counts).unwrap_or(Counts {
        uncounted: turn.tries,
        limited: 0,
    });
    // Made anew is what cannot have arrived, because settings that were refused are no try; and of a part of which only the
    // latest counts, because that is what is true now.
    let may_have_arrived = turn.first_tried_at.is_some() && !target.part.is_latest_only();
    let settings = &known.settings;
    let kept = kept.filter(|kept| may_have_arrived && target.part.can_repeat(settings, &kept.route));
    match (kept, encoded) {
        // Another part says to new events what this one has said.
        (Some(kept), Err(Skip::EventDisabled)) if !target.part.is_wanted(settings, turn.kind) => Ok(kept),
        // A key or an address that is gone would make a request that nobody takes, and block all the others.
        (_, Err(skip @ (Skip::TooOld | Skip::EventDisabled | Skip::MissingCredentials(_)))) => Err(skip),
        (Some(kept), _) => Ok(kept),
        (None, encoded) => encoded.map(|Record { route, body }| Kept {
            route,
            body,
            alone: false,
            counts,
            personal: Vec::new(),
            ids: Vec::new(),
        }),
    }
}

/// What the owner, the customer and the time have to say against it, if they have, whatever the integration makes of it.
fn still_wanted(
    turn: &Turn,
    kept: Option<&Kept>,
    known: &AppIntegration,
    target: Target,
    now: i64,
) -> Result<(), Skip> {
    let tried = turn.first_tried_at.map(|first_at| Tried {
        first_at,
        made_at: turn.place.created_at,
    });
    if known.integration.limits.is_over(turn.event_at, tried, now) {
        Err(Skip::TooOld)
    } else if !known.settings.sends(turn.kind) || !is_asked_for(turn.kind, kept, known, target) {
        Err(Skip::EventDisabled)
    } else if turn.details.person.is_set("analytics_disabled") {
        Err(Skip::AnalyticsDisabled)
    } else if turn.is_superseded {
        Err(Skip::Superseded)
    } else {
        Ok(())
    }
}

/// Do the settings ask for this call, or for a repeat of what was kept of it?
fn is_asked_for(event: EventKind, kept: Option<&Kept>, known: &AppIntegration, target: Target) -> bool {
    let (part, settings) = (target.part, &known.settings);
    match kept {
        Some(kept) => part.is_still_wanted(settings, event, &kept.body),
        None => part.is_wanted(settings, event),
    }
}

/// What was kept of the try before.
fn kept_of(turn: &Turn) -> Option<Kept> {
    serde_json::from_str(turn.record.as_deref()?).ok()
}

/// An event as integrations read it. That one cannot be read is a fault of ours.
pub fn read_event(
    id: Uuid,
    kind: EventKind,
    at: i64,
    created_at: i64,
    payload: &str,
) -> Result<Told<'_>, Skip> {
    Told::new(id, kind, at, created_at, payload).map_err(|error| {
        tracing::error!(event.id = %id, %error, "the event {id} cannot be read");
        FAULT
    })
}

/// What the integration makes of it, or what keeps it from telling. Ages are not looked at. A mapper that fails takes down
/// its own delivery alone.
pub fn map(occasion: &Occasion<'_>, known: &AppIntegration) -> Result<Record, Skip> {
    let (event, slug) = (occasion.event.id, known.integration.slug);
    let encode = known.integration.encode;
    caught(|| encode(occasion)).unwrap_or_else(|| {
        tracing::error!(event.id = %event, "the event {event} cannot be told to {slug}: its mapper failed");
        Err(FAULT)
    })
}

fn end_of(skip: Skip, turn: Turn, known: &AppIntegration) -> End {
    match skip {
        Skip::TooOld => closed(ClosedState::Expired, Some(skip.to_string())),
        FAULT => closed(ClosedState::Rejected, Some(FAULT.to_string())),
        Skip::NotYet { until } => waiting(&skip, Some(until), turn, known),
        Skip::Waiting { until, .. } => waiting(&skip, until, turn, known),
        _ => closed(ClosedState::Skipped, Some(skip.to_string())),
    }
}

fn waiting(why: &Skip, until: Option<i64>, turn: Turn, known: &AppIntegration) -> End {
    let too_old_at = known
        .integration
        .limits
        .ends_at(turn.event_at, None)
        .map(|ends_at| ends_at.saturating_add(1));
    let ends = [
        until,
        too_old_at,
        Some(turn.event_created_at.saturating_add(NEVER)),
    ];
    End::Waiting {
        until: ends.into_iter().flatten().min().unwrap_or(NEVER),
        reason: why.to_string(),
        seen: Box::new((turn.profile, turn.details)),
        slug: known.integration.slug,
        saved: known.saved.clone(),
    }
}
