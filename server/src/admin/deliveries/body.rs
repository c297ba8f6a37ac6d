//! Deliveries as callers see them.

use std::collections::HashMap;

use bursar_domain::events::EventKind;
use bursar_domain::ids::ProfileId;
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::id::name;
use super::targets;
use crate::delivery::NEVER;
use crate::directory::App;
use crate::state::AppState;
use crate::store::tables::delivery_list::{self, Listed, Shown};
use crate::store::tables::delivery_states::DeliveryState;
use crate::store::{StoreError, Turns};

/// A delivery: one event for one part of an integration.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
pub struct DeliveryBody {
    /// Its name: the event's id, the integration's slug and, where it has parts, the part, with colons between.
    pub delivery_id: String,
    /// The event.
    pub event_id: Uuid,
    /// What happened.
    pub event_type: EventKind,
    /// Whose it is.
    pub profile_id: Uuid,
    /// The integration's slug.
    pub integration: String,
    /// The integration's part; empty where an event makes one call.
    pub part: String,
    /// Its state.
    pub state: DeliveryState,
    /// Why, where that is not plain.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried or looked at next; `null`: not by time alone.
    pub next_attempt_at: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// The replay that it was last sent by.
    pub replay_id: Option<Uuid>,
}

/// A delivery as its event shows it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EventDelivery {
    /// Its name.
    pub delivery_id: String,
    /// The integration's slug.
    pub integration: String,
    /// The integration's part; empty where an event makes one call.
    pub part: String,
    /// Its state.
    pub state: DeliveryState,
    /// Why, where that is not plain.
    pub reason: Option<String>,
}

impl DeliveryBody {
    /// The delivery of a list of this app.
    pub fn new(app: &App, listed: Listed) -> Self {
        let shown = listed.shown;
        Self {
            delivery_id: name(shown.event, &shown.slug, &shown.part),
            event_id: shown.event,
            event_type: listed.kind,
            profile_id: listed.profile,
            reason: reason(app, &shown),
            next_attempt_at: next_attempt_at(&shown).map(format_time),
            attempts: shown.tries,
            created_at: format_time(shown.made_at),
            updated_at: format_time(shown.updated_at),
            replay_id: shown.replay,
            integration: shown.slug,
            part: shown.part,
            state: shown.state,
        }
    }
}

/// When it is tried or looked at next, in microseconds.
pub fn next_attempt_at(shown: &Shown) -> Option<i64> {
    let open = shown.open.as_ref()?;
    let goes_on = matches!(shown.state, DeliveryState::Pending | DeliveryState::Waiting);
    let is_by_time = goes_on && open.turn == shown.event;
    (is_by_time && open.due_at < shown.made_at + NEVER / 2).then_some(open.due_at)
}

/// Why it is where it is.
pub fn reason(app: &App, shown: &Shown) -> Option<String> {
    let Some(open) = &shown.open else {
        return shown.reason.clone();
    };
    if shown.state == DeliveryState::Blocked {
        let known = app.integration(&shown.slug)?;
        // One that is on here as well has just been blocked or switched off elsewhere, which is not known here yet.
        let is_off = (!known.enabled).then(|| "the integration is switched off".into());
        return known.blocked.clone().or(is_off);
    }
    if open.turn == shown.event {
        return shown.reason.clone();
    }
    let turn = name(open.turn, &shown.slug, &shown.part);
    Some(format!("behind {turn}"))
}

/// The deliveries of these events of an app, by event: one query for all of them.
pub async fn of_events(
    state: &AppState,
    app: &App,
    events: impl Iterator<Item = (Uuid, ProfileId)>,
    now: i64,
) -> Result<HashMap<Uuid, Vec<EventDelivery>>, StoreError> {
    let query = delivery_list::select_of_events(app.id, events, now, &targets(app));
    let mut of_events: HashMap<Uuid, Vec<EventDelivery>> = HashMap::new();
    for mut row in state.store.scan(Turns::Feed, query).await? {
        let shown = delivery_list::read(&mut row)?;
        of_events.entry(shown.event).or_default().push(EventDelivery {
            delivery_id: name(shown.event, &shown.slug, &shown.part),
            reason: reason(app, &shown),
            integration: shown.slug,
            part: shown.part,
            state: shown.state,
        });
    }
    Ok(of_events)
}
