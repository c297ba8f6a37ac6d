//! A single delivery with its tries, and why it is where it is.

use std::collections::BTreeMap;

use bursar_domain::ids::AppId;
use bursar_domain::profile::selector::Selector;
use bursar_domain::profile::{Details, Profile};
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::body::DeliveryBody;
use super::id::{DeliveryId, name};
use super::targets;
use super::why::{Subject, sentences};
use crate::actions::{ActionError, known_app};
use crate::admin::integrations::named;
use crate::directory::App;
use crate::state::AppState;
use crate::store::tables::deliveries::{self, Attempt};
use crate::store::tables::delivery_list::{self, Listed, Shown};
use crate::store::tables::delivery_states::DeliveryState;
use crate::store::tables::past_events::{self, PastEvent};
use crate::store::tables::profiles;
use crate::store::{Row, StoreError};

const MISSING: ActionError = ActionError::Missing("the delivery");

/// A delivery with all that is known of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeliveryView {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryBody,
    /// Its tries, the first one first.
    pub attempt_log: Vec<AttemptBody>,
    /// The rules that decide on it, in their order, and how they decide now.
    pub why: Vec<String>,
}

/// A try.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Attempt")]
pub struct AttemptBody {
    /// Counts from 1.
    pub n: i64,
    /// When it began.
    pub started_at: String,
    /// How long it took.
    pub duration_ms: i64,
    /// What was sent: `method`, `url`, `headers`, `body`. Secrets and personal data are masked.
    #[schemars(with = "BTreeMap<String, Json>")]
    pub request: Json,
    /// The answer's status; `null`: none came.
    pub status: Option<u16>,
    /// The answer's first 4 KiB, masked; or why none came.
    pub answer: String,
    /// What it means: `delivered`, `retry`, `resend`, `rejected` or `misconfigured`.
    pub verdict: String,
}

/// What an event came to at one part of an integration.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explained {
    /// The name that the delivery has, or would have.
    pub delivery_id: String,
    /// Its state; `null`: there is no such delivery.
    pub state: Option<DeliveryState>,
    /// The rules that decide on it, in their order, and how they decide now.
    pub why: Vec<String>,
}

/// An event with all that its deliveries are decided by.
struct Scene {
    event: PastEvent,
    payload: String,
    profile: Profile,
    details: Details,
    deliveries: Vec<Shown>,
}

/// One delivery.
pub async fn show(
    state: &AppState,
    app: AppId,
    id: DeliveryId,
    now: i64,
) -> Result<DeliveryView, ActionError> {
    let known = known_app(state, app).await?;
    let scene = load(state, &known, id.event, now).await?.ok_or(MISSING)?;
    let shown = scene
        .find(id.integration.slug, id.part.name)
        .ok_or(MISSING)?
        .clone();
    let mut tries = state
        .store
        .read(deliveries::select_attempts(scene.event.seq, shown.target))
        .await?;
    let tries: Result<_, StoreError> = tries.iter_mut().map(attempt).collect();
    let why = scene.why(state, &known, id, now);
    let listed = Listed {
        seq: scene.event.seq,
        kind: scene.event.kind,
        profile: scene.event.profile.0,
        shown,
    };
    Ok(DeliveryView {
        delivery: DeliveryBody::new(&known, listed),
        attempt_log: tries?,
        why,
    })
}

/// Why an event was or was not delivered to an integration: one entry for each of its parts, also where there is no
/// delivery.
pub async fn explain(
    state: &AppState,
    app: AppId,
    event: Uuid,
    slug: &str,
    now: i64,
) -> Result<Vec<Explained>, ActionError> {
    let integration = named(slug)?;
    let known = known_app(state, app).await?;
    let scene = load(state, &known, event, now).await?;
    let scene = scene.ok_or(ActionError::Missing("the event"))?;
    let of_part = |part| {
        let id = DeliveryId {
            event,
            integration,
            part,
        };
        Explained {
            delivery_id: name(event, slug, id.part.name),
            state: scene.find(slug, id.part.name).map(|shown| shown.state),
            why: scene.why(state, &known, id, now),
        }
    };
    Ok(integration.parts.iter().map(of_part).collect())
}

async fn load(state: &AppState, app: &App, event: Uuid, now: i64) -> Result<Option<Scene>, ActionError> {
    let mut rows = state.store.read(past_events::select_one(app.id, event)).await?;
    let Some(row) = rows.first_mut() else {
        return Ok(None);
    };
    let (event, payload) = past_events::read_with_payload(row)?;
    let selector = Selector::Id(event.profile);
    let mut rows = state
        .store
        .read(profiles::select_whole(app.id, &selector))
        .await?;
    let Some((profile, details)) = profiles::read_whole(app.id, &mut rows)? else {
        return Ok(None);
    };
    let events = std::iter::once((event.id, event.profile));
    let query = delivery_list::select_of_events(app.id, events, now, &targets(app));
    let mut rows = state.store.read(query).await?;
    let deliveries: Result<_, StoreError> = rows.iter_mut().map(delivery_list::read).collect();
    Ok(Some(Scene {
        event,
        payload,
        profile,
        details,
        deliveries: deliveries?,
    }))
}

impl Scene {
    fn find(&self, slug: &str, part: &str) -> Option<&Shown> {
        let mut all = self.deliveries.iter();
        all.find(|shown| shown.slug == slug && shown.part == part)
    }

    fn why(&self, state: &AppState, app: &App, id: DeliveryId, now: i64) -> Vec<String> {
        sentences(&Subject {
            app,
            id,
            event: &self.event,
            payload: &self.payload,
            profile: &self.profile,
            details: &self.details,
            shown: self.find(id.integration.slug, id.part.name),
            pauses: state.workers.pauses(&state.clock, app.id, id.integration),
            now,
        })
    }
}

fn attempt(row: &mut Row) -> Result<AttemptBody, StoreError> {
    let Attempt {
        number,
        started_at,
        duration,
        request,
        status,
        answer,
        verdict,
    } = deliveries::read_attempt(row)?;
    let request = serde_json::from_str(&request);
    Ok(AttemptBody {
        n: number,
        started_at: format_time(started_at),
        duration_ms: duration / 1_000,
        request: request.map_err(|error| StoreError::Corrupt(format!("the request of a try: {error}")))?,
        status,
        answer,
        verdict,
    })
}
