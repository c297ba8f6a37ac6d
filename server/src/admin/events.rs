//! The feed of events.

use std::collections::BTreeMap;

use bursar_domain::events::EventKind;
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::time::{format_time, parse_time_in_any_case};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::deliveries::{EventDelivery, of_events};
use super::fields::{MUST_BE_TIME, Problems};
use super::page::{Page, Paging, bad_cursor};
use crate::actions::{ActionError, known_app};
use crate::state::AppState;
use crate::store::tables::events::{self, Order, Wanted};
use crate::store::tables::{event_numbers, past_events};
use crate::store::{Row, StoreError, Turns};

/// An event.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub struct EventBody {
    /// Its id.
    pub event_id: Uuid,
    /// When it was made.
    pub created_at: String,
    /// What happened.
    pub event_type: EventKind,
    /// The form in which the webhook sends it.
    #[schemars(with = "BTreeMap<String, Json>")]
    pub payload: Box<RawValue>,
    /// Whose it is; the payload tells it too.
    #[serde(skip)]
    profile: ProfileId,
    /// Where it is sent, and what came of it.
    pub deliveries: Vec<EventDelivery>,
}

/// Which events a caller wants, in its words. Nothing said, all are.
#[derive(Debug, Default)]
pub struct Filter {
    /// Those of the profile with this id.
    pub profile_id: Option<String>,
    /// Those of this kind.
    pub event_type: Option<String>,
    /// Those made at this time or later.
    pub after: Option<String>,
    /// Those made before this time.
    pub before: Option<String>,
    /// `desc`: the newest first, as without a word. `asc`: the oldest first.
    pub order: Option<String>,
}

/// The events of an app that have happened by `now`. One of the future is shown once its time has come, at the place
/// of its creation.
pub async fn list(
    state: &AppState,
    app: AppId,
    filter: &Filter,
    paging: &Paging,
    now: i64,
) -> Result<Page<EventBody>, ActionError> {
    let mut wanted = wanted(app, filter, paging, now)?;
    let known = known_app(state, app).await?;
    if wanted.profile.is_none() {
        keep_to_times(&mut wanted, state).await?;
    }
    let rows = state.store.scan(Turns::Feed, events::select(&wanted)).await?;
    let mut page = paging.page(rows, |row| entry(wanted.order, row))?;
    let shown = page.data.iter().map(|event| (event.event_id, event.profile));
    let mut deliveries = of_events(state, &known, shown, now).await?;
    for event in &mut page.data {
        event.deliveries = deliveries.remove(&event.event_id).unwrap_or_default();
    }
    Ok(page)
}

/// The app of an event, which its id alone tells.
pub async fn app_of(state: &AppState, event: Uuid) -> Result<AppId, ActionError> {
    let mut rows = state.store.read(past_events::select_app(event)).await?;
    let row = rows.first_mut().ok_or(ActionError::Missing("the event"))?;
    Ok(AppId(row.uuid(0)?))
}

fn wanted(app: AppId, filter: &Filter, paging: &Paging, now: i64) -> Result<Wanted, ActionError> {
    let mut problems = Problems::default();
    let profile = filter.profile_id.as_deref();
    let profile = problems.read("profile_id", profile, ProfileId::parse, "must be a UUID");
    let kind = problems.read(
        "event_type",
        filter.event_type.as_deref(),
        EventKind::parse,
        "must be a kind of event, such as `subscription_started`",
    );
    let made_from = problems.read("after", filter.after.as_deref(), time, MUST_BE_TIME);
    let made_before = problems.read("before", filter.before.as_deref(), time, MUST_BE_TIME);
    let order = match filter.order.as_deref() {
        None => Some(Order::NewestFirst),
        said => problems.read("order", said, order, "must be `asc` or `desc`"),
    };
    let from = match order {
        Some(order) => first(order, paging),
        // Whether the cursor is one of such a list, nobody can tell.
        None => paging.check().map(|()| 0),
    };
    let from = problems.gather(from)?;
    problems.check()?;
    let (order, from) = order.zip(from).expect("what is not read is a problem");
    let until = match order {
        Order::OldestFirst => i64::MAX,
        Order::NewestFirst => i64::MIN,
    };
    Ok(Wanted {
        app,
        profile,
        kind,
        made_from: made_from.unwrap_or(i64::MIN),
        made_before: made_before.unwrap_or(i64::MAX),
        happened_by: now,
        order,
        from,
        until,
        limit: paging.rows(),
    })
}

/// Lets the walk through the table begin and end where the wanted times do.
async fn keep_to_times(wanted: &mut Wanted, state: &AppState) -> Result<(), StoreError> {
    let times = (wanted.made_from, wanted.made_before);
    let (first, last) = event_numbers::between(&state.store, times).await?;
    match wanted.order {
        Order::OldestFirst => (wanted.from, wanted.until) = (wanted.from.max(first), last),
        Order::NewestFirst => (wanted.from, wanted.until) = (wanted.from.min(last), first),
    }
    Ok(())
}

/// Reads a time. In a query string an unescaped `+` is a space; before an offset nothing else can be meant.
fn time(text: &str) -> Option<i64> {
    let (head, tail) = text.split_at_checked("2026-01-01T00:00:00".len())?;
    parse_time_in_any_case(&format!("{head}{}", tail.replace(' ', "+")))
}

fn order(text: &str) -> Option<Order> {
    [Order::OldestFirst, Order::NewestFirst]
        .into_iter()
        .find(|order| name(*order) == text)
}

fn name(order: Order) -> &'static str {
    match order {
        Order::OldestFirst => "asc",
        Order::NewestFirst => "desc",
    }
}

/// The number of the event with which the page begins.
fn first(order: Order, paging: &Paging) -> Result<i64, ActionError> {
    match (paging.key()?, order) {
        (None, Order::OldestFirst) => Ok(i64::MIN),
        (None, Order::NewestFirst) => Ok(i64::MAX),
        (Some([of, seq]), _) if of == name(order) => seq.parse().map_err(|_| bad_cursor()),
        (Some(_), _) => Err(bad_cursor()),
    }
}

fn entry(order: Order, row: &mut Row) -> Result<(Vec<String>, EventBody), StoreError> {
    let found = events::read(row)?;
    let payload = RawValue::from_string(found.payload)
        .map_err(|error| StoreError::Corrupt(format!("the event {}: {error}", found.id)))?;
    let event = EventBody {
        event_id: found.id,
        created_at: format_time(found.created_at),
        event_type: found.kind,
        payload,
        profile: found.profile,
        deliveries: Vec::new(),
    };
    Ok((vec![name(order).to_owned(), found.seq.to_string()], event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_may_come_with_its_plus_unescaped() {
        let expected = parse_time_in_any_case("2026-01-01T02:00:00.5+02:00");
        assert!(expected.is_some());
        for text in [
            "2026-01-01T00:00:00.5Z",
            "2026-01-01 02:00:00.5+02:00",
            "2026-01-01T02:00:00.5 02:00",
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
        for text in ["", "2026-01-01", "2026-01-01T00:00:00 Z", "2026-01-01T00:00:0é"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
