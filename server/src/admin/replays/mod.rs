//! Replays: past events sent to an integration once more, or for the first time because it was set up later.
//!
//! A replay's deliveries go in slow lanes of their own, behind everything else, with the same ids as before, so that third
//! parties know those that they have.

mod cancel;
mod enqueue;
mod order;

use std::collections::HashMap;

use bursar_domain::events::EventKind;
use bursar_domain::ids::AppId;
use bursar_domain::integrations;
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use cancel::cancel;

use super::Request;
use super::apps;
use super::audit::{Entry, record};
use super::ordered_id::ordered_id;
use super::page::{Page, Paging, bad_cursor, parse_id};
use crate::actions::remember::commit;
use crate::actions::{ActionError, Reply, known_app};
use crate::state::AppState;
use crate::store::tables::replays::{self as table, Replay, ReplayStage};
use crate::store::{Decision, Loaded, StoreError, Turns, rows_of};
use order::Order;

/// What is to be replayed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [{
    "filter": {"integration": "webhook", "states": ["rejected"], "after": "2026-01-01T00:00:00Z"},
    "dry_run": true,
}]))]
pub struct ReplayDraft {
    /// Which deliveries.
    pub filter: ReplayFilter,
    /// Only count them?
    #[serde(default)]
    pub dry_run: bool,
}

/// Which deliveries a replay is about. What is not said does not matter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayFilter {
    /// The integration's slug.
    #[schemars(extend("enum" = integrations::slugs().collect::<Vec<_>>()))]
    pub integration: String,
    /// In which of these states. Open deliveries are never replayed.
    #[serde(default)]
    pub states: Option<Vec<ReplayState>>,
    /// Of events of these kinds.
    #[serde(default)]
    pub event_types: Option<Vec<EventKind>>,
    /// Of events that were made at this time or later.
    #[serde(default)]
    pub after: Option<String>,
    /// Of events that were made before this time.
    #[serde(default)]
    pub before: Option<String>,
    /// Of the profile with this id.
    #[serde(default)]
    pub profile_id: Option<String>,
}

/// What may be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ReplayState {
    /// It was delivered.
    Delivered,
    /// The third party did not take it.
    Rejected,
    /// It became too old.
    Expired,
    /// It was not sent by a rule.
    Skipped,
    /// There is no delivery, because the integration was switched on later.
    Missing,
}

/// What a new replay is about.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NewReplay {
    /// Its id; `null`: it was only counted.
    pub replay_id: Option<Uuid>,
    /// How many deliveries match.
    pub count: i64,
}

/// A replay.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Replay")]
pub struct ReplayBody {
    /// Its id.
    pub replay_id: Uuid,
    /// When it was made.
    pub created_at: String,
    /// Which deliveries.
    pub filter: ReplayFilter,
    /// How far it is.
    pub state: ReplayStage,
    /// How many deliveries matched.
    pub count: i64,
    /// How many were enqueued.
    pub enqueued: i64,
    /// How many of these are still open.
    pub open: i64,
}

/// Counts what matches and, unless that is all that is wanted, enqueues it. Answers a [`NewReplay`] when all is enqueued.
pub async fn create(
    state: &AppState,
    request: Request,
    app: AppId,
    draft: ReplayDraft,
) -> Result<Reply, ActionError> {
    let now = request.now;
    let order = Order::new(known_app(state, app).await?, &draft.filter, now)?;
    let count = enqueue::count(state, &order, now).await?;
    if draft.dry_run {
        return counted(state, request, count).await;
    }
    let id = ordered_id(now);
    let reply = store_order(state, request, app, id, draft.filter, count).await?;
    // Under an idempotency key that was used before there is no new one, and nothing is enqueued.
    enqueue::run(state, &order, id, now).await?;
    state.wake.app(app);
    Ok(reply)
}

/// Answers how many match. That changes nothing, but under an idempotency key it is remembered as every answer is.
async fn counted(state: &AppState, request: Request, count: i64) -> Result<Reply, ActionError> {
    let answer = NewReplay {
        replay_id: None,
        count,
    };
    if request.remember.is_none() {
        return Ok(Reply::json(&answer));
    }
    let decide = move |_: &mut Loaded| {
        Ok(Decision {
            writes: Vec::new(),
            answer: answer.clone(),
        })
    };
    let Request { now, remember, .. } = request;
    commit(state, remember, now, Vec::new(), decide, |counted: &NewReplay| {
        Reply::json(counted)
    })
    .await
}

/// Adds a replay of so many deliveries, of which none is enqueued yet.
async fn store_order(
    state: &AppState,
    request: Request,
    app: AppId,
    id: Uuid,
    filter: ReplayFilter,
    count: i64,
) -> Result<Reply, ActionError> {
    let Request { actor, now, remember } = request;
    let said = serde_json::to_value(&filter).expect("texts always serialise");
    let decide = move |loaded: &mut Loaded| -> Result<Decision<NewReplay>, ActionError> {
        apps::first(rows_of(loaded, 0))?;
        let replay = Replay {
            id,
            slug: filter.integration.clone(),
            filter: said.to_string(),
            state: ReplayStage::Enqueuing,
            count,
            enqueued: 0,
            created_at: now,
        };
        let entry = Entry {
            action: "replay.create",
            target: id.to_string(),
            app: Some(app),
            before: None,
            after: Some(serde_json::json!({"filter": said, "count": count})),
        };
        Ok(Decision {
            writes: vec![table::insert(app, &replay), record(&actor, entry, now)],
            answer: NewReplay {
                replay_id: Some(id),
                count,
            },
        })
    };
    let reads = vec![apps::lock(app)];
    commit(state, remember, now, reads, decide, |new: &NewReplay| {
        Reply::json(new)
    })
    .await
}

/// An app's replays, the newest first.
pub async fn list(state: &AppState, app: AppId, paging: &Paging) -> Result<Page<ReplayBody>, ActionError> {
    apps::find(state, app).await?;
    let from = match paging.key()? {
        None => (i64::MAX, Uuid::max()),
        Some([at, id]) => (at.parse().map_err(|_| bad_cursor())?, parse_id(id)?),
    };
    let open = count_open(state, app).await?;
    let rows = state.store.read(table::select(app, from, paging.rows())).await?;
    Ok(paging.page(rows, |row| {
        let replay = table::read(row)?;
        let filter = serde_json::from_str(&replay.filter);
        let body = ReplayBody {
            replay_id: replay.id,
            created_at: format_time(replay.created_at),
            filter: filter.map_err(|error| StoreError::Corrupt(format!("a replay's filter: {error}")))?,
            state: replay.state,
            count: replay.count,
            enqueued: replay.enqueued,
            open: open.get(&replay.id).copied().unwrap_or_default(),
        };
        Ok((vec![replay.created_at.to_string(), replay.id.to_string()], body))
    })?)
}

/// How many deliveries of an app's replays are open, of those that have any.
async fn count_open(state: &AppState, app: AppId) -> Result<HashMap<Uuid, i64>, StoreError> {
    let mut open = HashMap::new();
    for row in state.store.scan(Turns::Search, table::count_open(app)).await? {
        if let Some(id) = row.opt_uuid(0)? {
            open.insert(id, row.int(1)?);
        }
    }
    Ok(open)
}
