//! Events that are marked as tests, for third parties that have no other way to prove settings. Nothing of them is
//! stored.

use bursar_domain::app::AppSettings;
use bursar_domain::events::EventKind;
use bursar_domain::events::dates::EventTime;
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::integrations::{
    Answer, Customer, Integration, Occasion, Probe, Record, Setting, Settings, Skip, Verdict,
};
use bursar_domain::json::Object;
use bursar_domain::profile::identifiers::IdentifierChanges;
use bursar_domain::profile::{Details, Profile, ProfileChanges};
use bursar_domain::time::DAY;
use futures_util::stream::{self, StreamExt};
use serde_json::{Map, json};
use uuid::Uuid;

use super::exchange::{Outcome, exchange};
use super::learned::Learned;
use super::mask::{Mask, without_secrets};
use super::probe::{Tried, wrong};
use super::seats::most_under_way;
use super::turn::{map, read_event};
use crate::directory::{App, AppIntegration, Target};
use crate::state::AppState;

/// The id of the made-up profile, and each of its identifiers: "test", as far as hex digits can say it.
pub const TEST_ID: Uuid = Uuid::from_u128(0x7e57_0000_7e57_4e57_8e57_7e57_7e57_7e57);
/// What stands where a name can.
const TEST: &str = "bursar-test";
/// More than the longest time for which an event can wait for an identifier, 31 days.
const WAITED: i64 = 31 * DAY;
/// The kinds that are tried first of those that earn as little.
const USUAL: [EventKind; 2] = [EventKind::TrialStarted, EventKind::SubscriptionStarted];
/// Where the event may come from, the harmless environment first.
const ENVIRONMENTS: [&str; 2] = ["Sandbox", "Production"];
const STORES: [&str; 4] = ["app_store", "play_store", "stripe", "paddle"];
/// What keys of the usual stores are called in settings: no stores of the owner's.
const NAMES_OF_KEYS: [&str; 4] = ["ios", "android", "stripe", "paddle"];

/// Sends a test event for each part and each set of credentials that the settings ask for. Answers why none can be made,
/// if so.
pub async fn send_marked(state: &AppState, app: &App, known: &AppIntegration) -> Result<Vec<Tried>, Skip> {
    let now = state.clock.now();
    let records = records(app, known, now)?;
    let shown = known.settings.with_masks(known.integration.settings);
    let secrets = Mask::of_settings(known.integration, &known.settings);
    let tries = records
        .into_iter()
        .map(|(target, record)| send_one(state, known, (&shown, &secrets), target, record, now));
    let tries = stream::iter(tries).buffered(most_under_way(&known.settings));
    Ok(tries.collect::<Vec<_>>().await.into_iter().flatten().collect())
}

async fn send_one(
    state: &AppState,
    known: &AppIntegration,
    (shown, secrets): (&Settings, &Mask),
    target: Target,
    record: Record,
    now: i64,
) -> Option<Tried> {
    let integration = known.integration;
    let alone = std::slice::from_ref(&record);
    let nothing = Learned::default();
    let outcome = exchange(state, known, &nothing, None, target, ProfileId(TEST_ID), alone).await;
    let mask = Mask::of_nobody();
    let hidden = |text: &str| without_secrets(text, [secrets, &outcome.credentials]);
    let verdict = match outcome.verdicts.first()? {
        _ if is_proof(integration, &outcome) => &Verdict::Delivered,
        verdict => verdict,
    };
    Some(Tried {
        part: target.part.name,
        started_at: now,
        duration: outcome.duration,
        request: outcome.request(integration, shown, target, &record, now, &mask),
        status: outcome.status,
        answer: mask.answer(&hidden(&outcome.answer)),
        verdict: verdict.name(),
        wrong: wrong(verdict).map(hidden),
    })
}

/// Does the answer prove the credentials, although the third party knows no such customer?
fn is_proof(integration: &Integration, outcome: &Outcome) -> bool {
    let Probe::MarkedEventOfNobody(is_of_nobody) = integration.probe else {
        return false;
    };
    outcome.status.is_some_and(|status| {
        let body = outcome.answer.clone();
        is_of_nobody(&Answer { status, body })
    })
}

/// For each part and each set of credentials the first test event of which the integration can tell. Records of one
/// route have the same credentials.
fn records(app: &App, known: &AppIntegration, now: i64) -> Result<Vec<(Target, Record)>, Skip> {
    let kinds = kinds(known);
    let is_telling = |skip: &Skip| !matches!(skip, Skip::MissingCredentials(_));
    let mut refused = None;
    let mut all: Vec<(Target, Record)> = Vec::new();
    for target in &known.targets {
        let is_wanted = |kind: &&EventKind| target.part.is_wanted(&known.settings, **kind);
        for source in sources(known) {
            for kind in kinds.iter().filter(is_wanted) {
                match record(app, known, *target, *kind, source, now) {
                    Ok(record) => {
                        let is_new = |(other, sent): &(Target, Record)| {
                            (other.id, &sent.route) != (target.id, &record.route)
                        };
                        if all.iter().all(is_new) {
                            all.push((*target, record));
                        }
                        break;
                    }
                    // Most apps have no credentials for most stores: that says why only where nothing else does.
                    Err(skip) => refused = refused.filter(is_telling).or(Some(skip)),
                }
            }
        }
    }
    if all.is_empty() {
        return Err(refused.unwrap_or(Skip::EventDisabled));
    }
    Ok(all)
}

/// The kinds that are sent, those that earn nothing first, and the most usual before others.
fn kinds(known: &AppIntegration) -> Vec<EventKind> {
    let mut kinds = EventKind::ALL.to_vec();
    kinds.retain(|kind| (known.integration.takes)(*kind) && known.settings.sends(*kind));
    let place = |kind: &EventKind| {
        USUAL
            .iter()
            .position(|usual| usual == kind)
            .unwrap_or(USUAL.len())
    };
    kinds.sort_by_key(|kind| (kind.has_revenue(), place(kind)));
    kinds
}

/// Where an event may come from: the usual stores, and those that the owner has named for a key of their own.
fn sources(known: &AppIntegration) -> Vec<(&'static str, &str)> {
    let open = known.integration.settings.iter().filter_map(Setting::open_table);
    let keys = open.filter_map(|table| known.settings.get(table).as_object());
    let names = keys.flatten().filter(|(_, key)| !key.is_null());
    let own = names
        .map(|(name, _)| name.as_str())
        .filter(|name| !NAMES_OF_KEYS.contains(name));
    let stores: Vec<&str> = STORES.into_iter().chain(own).collect();
    let each = |environment| stores.iter().map(move |store| (environment, *store));
    ENVIRONMENTS.into_iter().flat_map(each).collect()
}

/// The record of the test event of this kind from this environment and store.
fn record(
    app: &App,
    known: &AppIntegration,
    target: Target,
    kind: EventKind,
    (environment, store): (&str, &str),
    now: i64,
) -> Result<Record, Skip> {
    let id = Uuid::new_v4();
    let (profile, details) = customer(app.id, known, store, now);
    let payload = payload(&app.settings, id, kind, (environment, store), now);
    // Long enough ago for nothing to wait for a better identifier.
    let created_at = now - WAITED;
    let occasion = Occasion {
        event: &read_event(id, kind, now, created_at, &payload)?,
        customer: &Customer::new(&profile, &details, &app.settings, now),
        settings: &known.settings,
        part: target.part.name,
        made_at: now,
        now,
    };
    map(&occasion, known)
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
    let at = json!(EventTime(now));
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
