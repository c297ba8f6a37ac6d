//! One more try of a delivery, at once.

use bursar_domain::ids::AppId;
use bursar_domain::integrations::{Customer, Occasion, Skip};
use bursar_domain::profile::selector::Selector;
use bursar_domain::profile::{Details, Profile};
use serde_json::json;

use super::id::DeliveryId;
use super::{known_app, targets};
use crate::actions::deliveries::{Before, lane_of, refuses_again};
use crate::actions::remember::commit;
use crate::actions::{ActionError, Reply};
use crate::admin::Request;
use crate::admin::audit::{Entry, record};
use crate::delivery::{FAULT, map, read_event};
use crate::directory::{App, AppIntegration};
use crate::state::AppState;
use crate::store::tables::delivery_list::{self, Shown};
use crate::store::tables::lanes::LaneKey;
use crate::store::tables::past_events::{self, PastEvent};
use crate::store::tables::profiles::{self, rows_of};
use crate::store::tables::replays::{Reopened, due_now, reopen};
use crate::store::{Decision, Loaded, Statement};

const MISSING: ActionError = ActionError::Missing("the delivery");

/// Lets a delivery be tried now: a closed one goes to the end of its lane, the lane of an open one becomes due. Answers
/// 202. Refused where a rule of the app or of the integration would only close it again.
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
    let (event, payload) = (past_events::read(row)?, row.long_text(6)?);
    let Request { actor, now, remember } = request;
    let of_event = std::iter::once((event.id, event.profile));
    let reads = vec![
        profiles::lock_whole(app, &Selector::Id(event.profile)),
        delivery_list::select_of_events(app, of_event, now, &targets(&known)),
    ];
    let decide = move |loaded: &mut Loaded| -> Result<Decision<()>, ActionError> {
        let profile = profiles::read_whole(app, rows_of(loaded, 0))?;
        let customer = profile.ok_or(MISSING)?;
        let shown = find(rows_of(loaded, 1), id)?;
        let mut writes = match &shown.open {
            Some(open) => {
                let lane = LaneKey {
                    target: shown.target,
                    id: open.lane,
                };
                vec![due_now(lane, now)]
            }
            None => {
                if let Some(why) = refuses(&known, &integration, (&event, &payload), &customer, &shown, now) {
                    let title = integration.integration.title;
                    return Err(ActionError::Conflict(format!(
                        "{title} is not to get this event now: {why}"
                    )));
                }
                reopened(&integration, &event, &shown, now)
            }
        };
        let entry = Entry {
            action: "delivery.retry",
            target: id.to_string(),
            app: Some(app),
            before: Some(json!({"state": shown.state, "reason": shown.reason})),
            after: Some(json!({"state": "pending"})),
        };
        writes.push(record(&actor, entry, now));
        Ok(Decision { writes, answer: () })
    };
    let reply = commit(state, remember, now, reads, decide, |()| Reply::empty(202)).await?;
    state.wake.app(app);
    Ok(reply)
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

/// Why it would only be closed again, if it would.
fn refuses(
    app: &App,
    known: &AppIntegration,
    (event, payload): (&PastEvent, &str),
    (profile, details): &(Profile, Details),
    shown: &Shown,
    now: i64,
) -> Option<Skip> {
    let by_rule = || refuses_again(known, event, details, Before::of(Some(shown)), now);
    let by_integration = || {
        let target = known.targets.iter().find(|target| target.id == shown.target)?;
        let told = read_event(event.id, event.kind, event.at, event.created_at, payload);
        let mapped = told.and_then(|told| {
            let occasion = Occasion {
                event: &told,
                customer: &Customer::new(profile, details, &app.settings, now),
                settings: &known.settings,
                part: target.part.name,
                made_at: event.created_at,
                now,
            };
            map(&occasion, known)
        });
        mapped.err()
    };
    // What waits for an identifier is open, and a fault of ours may be mended.
    let closes = |skip: &Skip| !matches!(skip, Skip::Waiting { .. }) && *skip != FAULT;
    by_rule().or_else(|| by_integration().filter(closes))
}

/// The statements that open a closed delivery.
fn reopened(known: &AppIntegration, event: &PastEvent, shown: &Shown, now: i64) -> Vec<Statement> {
    let mut latest_only = known.targets.iter().filter(|target| target.part.is_latest_only());
    reopen(&Reopened {
        lane: LaneKey {
            target: shown.target,
            id: lane_of(known, event.profile, event.seq),
        },
        event_seq: event.seq,
        profile: event.profile,
        tries: shown.tries,
        made_at: shown.made_at,
        replay: None,
        was: None,
        latest_only: latest_only.any(|target| target.id == shown.target),
        now,
    })
}
