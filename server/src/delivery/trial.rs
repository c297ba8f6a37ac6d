//! An event that is marked as a test, for third parties that have no other way to prove settings. Nothing of it is
//! stored.

use bursar_domain::app::AppSettings;
use bursar_domain::events::EventKind;
use bursar_domain::identifiers::IdentifierChanges;
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::integrations::{Record, Skip};
use bursar_domain::json::Object;
use bursar_domain::profile::{Details, Profile, ProfileChanges};
use bursar_domain::time::format_time;
use serde_json::{Map, json};
use uuid::Uuid;

use super::learned::Learned;
use super::mask::Mask;
use super::probe::Tried;
use super::send::{exchange, kept};
use super::turn::preview;
use crate::directory::{App, AppIntegration, Target};
use crate::state::AppState;
use crate::store::tables::lanes::{LaneKey, Place};
use crate::store::tables::turns::Turn;

/// The id of the made-up profile, and each of its identifiers: "test", as far as hex digits can say it.
pub const TEST_ID: Uuid = Uuid::from_u128(0x7e57_0000_7e57_4e57_8e57_7e57_7e57_7e57);
/// What stands where a name can.
const TEST: &str = "bursar-test";
/// More than the longest time for which an event can wait for an identifier, in microseconds: 31 days.
const WAITED: i64 = 31 * 24 * 3_600 * 1_000_000;
/// The kinds that are tried first: the most usual ones, and the first of them earns nothing.
const FIRST: [EventKind; 2] = [EventKind::TrialStarted, EventKind::SubscriptionStarted];
/// Where the event may come from, the harmless environment first.
const SOURCES: [(&str, &str); 8] = [
    ("Sandbox", "app_store"),
    ("Sandbox", "play_store"),
    ("Sandbox", "stripe"),
    ("Sandbox", "paddle"),
    ("Production", "app_store"),
    ("Production", "play_store"),
    ("Production", "stripe"),
    ("Production", "paddle"),
];

/// Sends a test event once, in each part that its settings ask for. Answers why none can be made, if so.
pub async fn send_marked(state: &AppState, app: &App, known: &AppIntegration) -> Result<Vec<Tried>, Skip> {
    let now = state.clock.now();
    let records = records(app, known, now)?;
    let shown = known.settings.with_masks(known.integration.settings);
    let secrets = Mask::of_settings(known.integration, &known.settings);
    let mut all = Vec::new();
    for (target, record) in records {
        let alone = std::slice::from_ref(&record);
        let outcome = exchange(
            state,
            known,
            &Learned::default(),
            None,
            target,
            ProfileId(TEST_ID),
            alone,
        )
        .await;
        let mask = Mask::of_nobody();
        all.extend(outcome.verdicts.into_iter().next().map(|verdict| Tried {
            part: target.part.name,
            started_at: now,
            duration: outcome.duration,
            request: kept(
                known.integration,
                &shown,
                target,
                &record,
                (outcome.step, now),
                &mask,
            ),
            status: outcome.status,
            answer: mask.answer(&outcome.credentials.text(&secrets.text(&outcome.answer))),
            verdict,
        }));
    }
    Ok(all)
}

/// The first test event of which the integration can tell, for each part that can.
fn records(app: &App, known: &AppIntegration, now: i64) -> Result<Vec<(Target, Record)>, Skip> {
    let others = EventKind::ALL.iter().filter(|kind| !FIRST.contains(kind));
    let takes = |kind: &&EventKind| (known.integration.takes)(**kind) && known.settings.sends(**kind);
    let mut refused = Skip::EventDisabled;
    for kind in FIRST.iter().chain(others).filter(takes) {
        for source in SOURCES {
            let wanted = |target: &&Target| target.part.is_wanted(&known.settings, *kind);
            let mut records = Vec::new();
            for target in known.targets.iter().filter(wanted) {
                let turn = turn(app.id, &app.settings, known, *target, (*kind, source), now);
                match preview(&turn, &app.settings, known, *target, now) {
                    Ok((record, _)) => records.push((*target, record)),
                    Err(skip) => refused = skip,
                }
            }
            if !records.is_empty() {
                return Ok(records);
            }
        }
    }
    Err(refused)
}

/// The test event of this kind from this environment and store.
fn turn(
    app: AppId,
    settings: &AppSettings,
    known: &AppIntegration,
    target: Target,
    (kind, (environment, store)): (EventKind, (&str, &str)),
    now: i64,
) -> Turn {
    let event = Uuid::new_v4();
    let (profile, details) = customer(app, known, store, now);
    Turn {
        lane: LaneKey {
            target: target.id,
            id: event,
        },
        place: Place {
            created_at: now,
            number: 0,
        },
        event,
        kind,
        event_at: now,
        // Long enough ago for nothing to wait for a better identifier.
        event_created_at: now - WAITED,
        is_superseded: false,
        payload: payload(settings, event, kind, (environment, store), now),
        tries: 0,
        first_tried_at: None,
        record: None,
        made_at: now,
        replay: None,
        profile,
        details,
    }
}

/// The made-up customer, with every identifier that the integration asks for.
fn customer(app: AppId, known: &AppIntegration, store: &str, now: i64) -> (Profile, Details) {
    let mut profile = Profile::new(app, ProfileId(TEST_ID), Some(TEST.into()), now);
    let mut details = Details::default();
    let identifiers: Map<_, _> = known
        .integration
        .identifiers
        .iter()
        .map(|name| ((*name).to_owned(), json!(TEST_ID)))
        .collect();
    let identifiers = json!(identifiers).to_string();
    if let Some(changes) = parsed(&identifiers).and_then(|body| IdentifierChanges::parse(&body).ok()) {
        profile.set_identifiers(&changes, now);
    }
    let platform = if store == "play_store" { "Android" } else { "iOS" };
    let device =
        json!({"device_id": TEST, "platform": platform, "os": format!("{platform} 18.0"), "device": "Test"});
    let body = json!({"installation_meta": device}).to_string();
    if let Some(changes) = parsed(&body).and_then(|body| ProfileChanges::parse(&body, None).ok()) {
        // What it would refuse is a customer with too many attributes.
        drop(profile.update(&mut details, &changes, now));
    }
    (profile, details)
}

fn parsed(body: &str) -> Option<Object<'_>> {
    Object::parse(body.as_bytes()).ok()
}

/// The event in the form of the webhook, as far as integrations read it.
fn payload(
    app: &AppSettings,
    event: Uuid,
    kind: EventKind,
    (environment, store): (&str, &str),
    now: i64,
) -> String {
    let at = format_time(now);
    let bundle = app.ios_bundle_id.as_deref().unwrap_or(TEST);
    json!({
        "profile_id": TEST_ID,
        "customer_user_id": TEST,
        "event_type": kind.as_str(),
        "event_datetime": at,
        "event_properties": {
            "profile_event_id": event,
            "profile_id": TEST_ID,
            "event_datetime": at,
            "environment": environment,
            "store": store,
            "transaction_id": format!("{TEST}-{event}"),
            "original_transaction_id": format!("{TEST}-{event}"),
            "purchase_date": at,
            "original_purchase_date": at,
            "vendor_product_id": format!("{bundle}.test"),
            "subscription_expires_at": at,
            "currency": "USD",
            "price_local": 0.01, "price_usd": 0.01, "original_price_local": 0.01, "original_price_usd": 0.01,
            "proceeds_local": 0.01, "proceeds_usd": 0.01, "net_revenue_local": 0.01, "net_revenue_usd": 0.01,
            "store_country": "US",
            "profile_has_access_level": false,
            "paywall_name": TEST,
        },
        "event_api_version": 1,
    })
    .to_string()
}
