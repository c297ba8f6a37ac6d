//! Goes through past events and opens the deliveries that a replay asks for, some at a time, so that the changes of
//! others come in between.

use std::collections::HashMap;
use std::time::Duration;

use bursar_domain::ids::ProfileId;
use bursar_domain::profile::Details;
use uuid::Uuid;

use super::order::{Matching, Order};
use crate::actions::ActionError;
use crate::admin::deliveries::targets;
use crate::state::AppState;
use crate::store::tables::delivery_list::{self, Shown};
use crate::store::tables::event_numbers;
use crate::store::tables::past_events::{self, PastEvent};
use crate::store::tables::replays::{self, Reopened, ReplayStage, reopen};
use crate::store::{Decision, Loaded, Row, Statement, StoreError, rows_of};

/// So many events are looked at in one commit.
const BATCH: i64 = 200;
/// Before profiles that others are at are looked at again.
const PAUSE: Duration = Duration::from_millis(5);

/// Counts the deliveries that match.
pub async fn count(state: &AppState, order: &Order, now: i64) -> Result<i64, StoreError> {
    let (mut after, until) = numbers(state, order).await?;
    let mut count = 0;
    while let Some((events, last)) = batch(state, order, (after, until)).await? {
        after = last;
        let of_events = events.iter().map(|event| event.profile);
        let profiles = past_events::select_profiles(order.app.id, of_events);
        let mut profiles = state.store.read(profiles).await?;
        let mut deliveries = state.store.read(deliveries_of(order, &events, now)).await?;
        let (profiles, deliveries) = (read_profiles(&mut profiles)?, read_deliveries(&mut deliveries)?);
        let matching = order.matching(&events, &profiles, &deliveries, now);
        count += i64::try_from(matching.len()).unwrap_or(i64::MAX);
    }
    Ok(count)
}

/// Opens them. Ends before it is through when the replay is cancelled, and at once when there is no such replay.
pub async fn run(state: &AppState, order: &Order, replay: Uuid, now: i64) -> Result<(), ActionError> {
    let (mut after, until) = numbers(state, order).await?;
    while let Some((events, last)) = batch(state, order, (after, until)).await? {
        after = last;
        let mut left = events;
        // Before the next ones, so that those of a profile keep their order.
        while !left.is_empty() {
            let Some(busy) = open(state, order, replay, left, now).await? else {
                return Ok(());
            };
            state.wake.app(order.app.id);
            left = still_there(state, order, busy).await?;
        }
    }
    finish(state, order, replay).await
}

/// Behind which number the events begin, and with which they end at the latest.
async fn numbers(state: &AppState, order: &Order) -> Result<(i64, i64), StoreError> {
    if order.profile.is_some() {
        return Ok((i64::MIN, i64::MAX));
    }
    let (first, last) = event_numbers::between(&state.store, order.made).await?;
    Ok((first.saturating_sub(1), last))
}

/// The next events that are wanted, and the number of the last one that was looked at.
async fn batch(
    state: &AppState,
    order: &Order,
    numbers: (i64, i64),
) -> Result<Option<(Vec<PastEvent>, i64)>, StoreError> {
    let query = past_events::select_after(order.app.id, order.profile, numbers, order.made, BATCH);
    let mut rows = state.store.scan_whole(query).await?;
    let events = rows.iter_mut().map(past_events::read);
    let mut events = events.collect::<Result<Vec<_>, _>>()?;
    let Some(last) = events.last().map(|event| event.seq) else {
        return Ok(None);
    };
    events.retain(|event| order.wants(event));
    Ok(Some((events, last)))
}

/// Of events whose profiles could not be locked, those whose profiles are there, after a while.
async fn still_there(
    state: &AppState,
    order: &Order,
    busy: Vec<PastEvent>,
) -> Result<Vec<PastEvent>, StoreError> {
    if busy.is_empty() {
        return Ok(busy);
    }
    tokio::time::sleep(PAUSE).await;
    let profiles = past_events::select_profiles(order.app.id, busy.iter().map(|event| event.profile));
    let there = read_profiles(&mut state.store.read(profiles).await?)?;
    let kept = busy
        .into_iter()
        .filter(|event| there.contains_key(&event.profile));
    Ok(kept.collect())
}

/// Opens the matching deliveries of these events. Answers the events whose profiles others are at or that are deleted;
/// `None`: the replay is cancelled, or there is none.
async fn open(
    state: &AppState,
    order: &Order,
    replay: Uuid,
    events: Vec<PastEvent>,
    now: i64,
) -> Result<Option<Vec<PastEvent>>, ActionError> {
    let app = order.app.id;
    let reads = vec![
        replays::lock(app, replay),
        past_events::lock_profiles(app, events.iter().map(|event| event.profile)),
        deliveries_of(order, &events, now),
    ];
    let order = order.clone();
    let decide = move |mut loaded: Loaded| -> Result<Decision<_>, ActionError> {
        if !is_enqueuing(rows_of(&mut loaded, 0))? {
            return Ok(Decision {
                writes: Vec::new(),
                answer: None,
            });
        }
        let profiles = read_profiles(rows_of(&mut loaded, 1))?;
        let deliveries = read_deliveries(rows_of(&mut loaded, 2))?;
        let matching = order.matching(&events, &profiles, &deliveries, now);
        let mut writes = Vec::with_capacity(4 * matching.len() + 1);
        for one in &matching {
            writes.extend(reopen(&reopened(&order, replay, one, now)));
        }
        let more = i64::try_from(matching.len()).unwrap_or(i64::MAX);
        writes.push(replays::update(app, replay, ReplayStage::Enqueuing, more));
        let busy = events
            .iter()
            .filter(|event| !profiles.contains_key(&event.profile));
        Ok(Decision {
            writes,
            answer: Some(busy.cloned().collect()),
        })
    };
    state.store.change(reads, decide).await
}

/// A delivery as the replay opens it.
fn reopened<'a>(order: &Order, replay: Uuid, one: &Matching<'a>, now: i64) -> Reopened<'a> {
    Reopened {
        lane: order.lane(replay, one),
        event_seq: one.event.seq,
        profile: one.event.profile,
        tries: one.closed.map_or(0, |shown| shown.tries),
        made_at: one.closed.map_or(now, |shown| shown.made_at),
        replay: Some(replay),
        was: one.closed.map(|shown| (shown.state, shown.reason.as_deref())),
        latest_only: one.target.part.is_latest_only(),
        now,
    }
}

async fn finish(state: &AppState, order: &Order, replay: Uuid) -> Result<(), ActionError> {
    let app = order.app.id;
    let decide = move |mut loaded: Loaded| -> Result<Decision<()>, ActionError> {
        let is_through = is_enqueuing(rows_of(&mut loaded, 0))?;
        let writes = is_through.then(|| replays::update(app, replay, ReplayStage::Enqueued, 0));
        Ok(Decision {
            writes: writes.into_iter().collect(),
            answer: (),
        })
    };
    state.store.change(vec![replays::lock(app, replay)], decide).await
}

fn is_enqueuing(rows: &mut [Row]) -> Result<bool, StoreError> {
    let replay = rows.first_mut().map(replays::read).transpose()?;
    Ok(replay.is_some_and(|replay| replay.state == ReplayStage::Enqueuing))
}

fn deliveries_of(order: &Order, events: &[PastEvent], now: i64) -> Statement {
    let events = events.iter().map(|event| (event.id, event.profile));
    delivery_list::select_of_events(order.app.id, events, now, &targets(&order.app))
}

fn read_profiles(rows: &mut [Row]) -> Result<HashMap<ProfileId, Details>, StoreError> {
    rows.iter_mut().map(past_events::read_profile).collect()
}

fn read_deliveries(rows: &mut [Row]) -> Result<Vec<Shown>, StoreError> {
    rows.iter_mut().map(delivery_list::read).collect()
}
