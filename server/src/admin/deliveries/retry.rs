//! One more try of a delivery, at once.

use std::sync::Arc;

use bursar_domain::ids::AppId;
use bursar_domain::integrations::{Customer, Occasion, Part, Pick, Record, Skip, Tried};
use bursar_domain::profile::selector::Selector;
use bursar_domain::profile::{Details, Profile};
use bursar_domain::time::HOUR;
use serde_json::json;

use super::id::DeliveryId;
use super::targets;
use crate::actions::deliveries::{Before, lane_of, refuses_again};
use crate::actions::remember::commit;
use crate::actions::{ActionError, Reply, known_app};
use crate::admin::Request;
use crate::admin::audit::{Entry, record};
use crate::delivery::{FAULT, map, read_event};
use crate::directory::{App, AppIntegration};
use crate::state::AppState;
use crate::store::tables::delivery_list::{self, Shown, Standing};
use crate::store::tables::delivery_states::DeliveryState;
use crate::store::tables::lanes::LaneKey;
use crate::store::tables::past_events::{self, PastEvent};
use crate::store::tables::profiles;
use crate::store::tables::replays::{Reopened, ask_anew, due_now, reopen};
use crate::store::tables::superseded;
use crate::store::{Decision, Loaded, Statement, rows_of};

const MISSING: ActionError = ActionError::Missing("the delivery");

/// Lets a delivery be tried now: a closed one goes to the end of its lane, the lane of an open one becomes due. What is
/// asked for counts from now: an open one that was asked for too long ago for a repeat goes to the end of its lane too.
/// Answers 202. Refused where a rule of the app or of the integration would only close it again.
pub async fn retry(
    state: &AppState,
    request: Request,
    app: AppId,
    id: DeliveryId,
) -> Result<Reply, ActionError> {
    let known = known_app(state, app).await?;
    let integration = known.integration(id.integration.slug).cloned().ok_or(MISSING)?;
    let mut rows = state.store.read(past_events::select_one(app, id.event)).await?;
    let row = rows.first_mut().ok_or(MISSING)?;
    let (event, payload) = past_events::read_with_payload(row)?;
    let Request { actor, now, remember } = request;
    let of_event = std::iter::once((event.id, event.profile));
    let mut reads = vec![
        profiles::lock_whole(app, &Selector::Id(event.profile)),
        delivery_list::select_of_events(app, of_event, now, &targets(&known)),
    ];
    reads.extend(later(&integration, id, &event));
    let again = Again {
        app: known,
        known: integration,
        part: id.part,
        event,
        payload,
        now,
    };
    let decide = move |loaded: &mut Loaded| -> Result<Decision<()>, ActionError> {
        let profile = profiles::read_whole(app, rows_of(loaded, 0))?;
        let customer = profile.ok_or(MISSING)?;
        let shown = find(rows_of(loaded, 1), id)?;
        let is_superseded = !rows_of(loaded, 2).is_empty();
        let entry = Entry {
            action: "delivery.retry",
            target: id.to_string(),
            app: Some(app),
            before: Some(json!({"state": shown.state, "reason": shown.reason})),
            after: Some(json!({"state": DeliveryState::Pending})),
        };
        let mut writes = again.writes(&customer, &shown, is_superseded)?;
        writes.push(record(&actor, entry, now));
        Ok(Decision { writes, answer: () })
    };
    let reply = commit(state, remember, now, reads, decide, |()| Reply::empty(202)).await?;
    state.wake.app(app);
    Ok(reply)
}

/// What makes the event superfluous, where that is what happened later.
fn later(known: &AppIntegration, id: DeliveryId, event: &PastEvent) -> Option<Statement> {
    let mut targets = known.targets.iter();
    let target = targets.find(|target| target.part.name == id.part.name)?;
    let lane = LaneKey {
        target: target.id,
        id: lane_of(known, target.part, event.profile, event.seq),
    };
    let is_by_event = target.part.pick == Pick::LastToHappen;
    is_by_event.then(|| superseded::select_later(lane, (event.at, event.seq)))
}

fn find(rows: &mut [crate::store::Row], id: DeliveryId) -> Result<Shown, ActionError> {
    for row in rows {
        let shown = delivery_list::read(row)?;
        if shown.slug == id.integration.slug && shown.part == id.part.name {
            return Ok(shown);
        }
    }
    Err(MISSING)
}

/// An event that is to be tried again at an integration.
struct Again {
    app: Arc<App>,
    known: Arc<AppIntegration>,
    part: &'static Part,
    event: PastEvent,
    payload: String,
    now: i64,
}

impl Again {
    /// The statements that have a delivery tried now.
    fn writes(
        &self,
        customer: &(Profile, Details),
        shown: &Shown,
        is_superseded: bool,
    ) -> Result<Vec<Statement>, ActionError> {
        let title = self.known.integration.title;
        let refused =
            |why: Skip| ActionError::Conflict(format!("{title} is not to get this event now: {why}"));
        if let Some(open) = &shown.open {
            return self.hurried(shown, open).map_err(refused);
        }
        let superseded = is_superseded.then_some(Skip::Superseded);
        match self.refuses(customer, shown).or(superseded) {
            Some(why) => Err(refused(why)),
            None => Ok(self.reopened(shown)),
        }
    }

    /// The statements that have an open delivery tried now, or why it would only be closed.
    fn hurried(&self, shown: &Shown, open: &Standing) -> Result<Vec<Statement>, Skip> {
        let limits = &self.known.integration.limits;
        let tried = open.first_tried_at.map(|first_at| Tried {
            first_at,
            made_at: self.now,
        });
        if limits.is_over(self.event.at, tried, self.now) {
            return Err(Skip::TooOld);
        }
        let lane = LaneKey {
            target: shown.target,
            id: open.lane,
        };
        Ok(match limits.repeat_age_hours {
            Some(hours) => {
                let oldest = self.now - i64::from(hours) * HOUR;
                ask_anew(lane, self.event.seq, oldest, self.now).into()
            }
            None => vec![due_now(lane, self.now)],
        })
    }

    /// Why a closed delivery would only be closed again, if it would.
    fn refuses(&self, (profile, details): &(Profile, Details), shown: &Shown) -> Option<Skip> {
        let before = Before::of(Some(shown));
        let by_rule = || refuses_again(&self.known, &self.event, details, before, self.now);
        let by_integration = || {
            let customer = Customer::new(profile, details, &self.app.settings, self.now);
            self.mapped(&customer).err()
        };
        // What waits is open, and a fault of ours may be mended.
        let waits = |skip: &Skip| matches!(skip, Skip::NotYet { .. } | Skip::Waiting { .. });
        let closes = |skip: &Skip| !waits(skip) && *skip != FAULT;
        by_rule().or_else(|| by_integration().filter(closes))
    }

    /// What the integration makes of it now.
    fn mapped(&self, customer: &Customer<'_>) -> Result<Record, Skip> {
        let event = &self.event;
        let occasion = Occasion {
            event: &read_event(event.id, event.kind, event.at, event.created_at, &self.payload)?,
            customer,
            settings: &self.known.settings,
            part: self.part.name,
            made_at: event.created_at,
            now: self.now,
        };
        map(&occasion, &self.known)
    }

    /// The statements that open a closed delivery.
    fn reopened(&self, shown: &Shown) -> Vec<Statement> {
        let event = &self.event;
        reopen(&Reopened {
            lane: LaneKey {
                target: shown.target,
                id: lane_of(&self.known, self.part, event.profile, event.seq),
            },
            event_seq: event.seq,
            profile: event.profile,
            tries: shown.tries,
            made_at: shown.made_at,
            replay: None,
            was: None,
            latest_only: self.part.is_latest_only(),
            now: self.now,
        })
    }
}
