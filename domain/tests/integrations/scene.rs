//! Occasions to tell third parties of: every kind of event, of every store, with a full and a bare profile.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use bursar_domain::app::AppSettings;
use bursar_domain::events::EventKind;
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::integrations::contract::personal;
use bursar_domain::integrations::{
    Customer, Integration, Occasion, Part, Record, Sending, Settings, Skip, Told,
};
use bursar_domain::json::Object;
use bursar_domain::profile::identifiers::{IdentifierChanges, NAMES};
use bursar_domain::profile::{Details, Profile, ProfileChanges};
use bursar_domain::purchases::holdings::Holdings;
use bursar_domain::purchases::machine::{Command, Context, Timers, Waits, apply};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// When the sample events happened, are sent first, and are sent now: 2025-01-10 and a little later.
pub const CREATED_AT: i64 = 1_736_500_502_184_233;
pub const FIRST_TRIED_AT: i64 = CREATED_AT + 2_000_000;
pub const NOW: i64 = FIRST_TRIED_AT + 60_000_000;

/// Where the sample events come from.
const STORES: [&str; 5] = ["app_store", "play_store", "stripe", "paddle", "my_store"];
const ENVIRONMENTS: [&str; 2] = ["Production", "Sandbox"];

/// What every sample secret holds.
pub const SECRET: &str = "s3cr3t";

/// What identifiers look like: any text, a number, a UUID.
pub const IDS: [&str; 3] = [
    "example_id",
    "1757762239877245682",
    "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
];

pub fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A sample event.
pub struct Event {
    pub store: &'static str,
    pub environment: &'static str,
    told: Told<'static>,
}

/// The golden event of each kind, of each store and environment.
static EVENTS: LazyLock<Vec<Event>> = LazyLock::new(|| {
    let kinds = EventKind::ALL.iter().map(|kind| (*kind, golden(*kind)));
    kinds
        .flat_map(|(kind, golden)| of_each_store(kind, &golden))
        .collect()
});

/// The golden event of a kind.
pub fn golden(kind: EventKind) -> Value {
    let path = folder("tests/golden/events").join(format!("{}.json", kind.as_str()));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn of_each_store(kind: EventKind, golden: &Value) -> Vec<Event> {
    let stores = STORES.iter();
    stores
        .flat_map(|store| ENVIRONMENTS.map(|environment| event_of(kind, golden, store, environment)))
        .collect()
}

/// An event like this one, from a store and environment.
pub fn event_of(kind: EventKind, like: &Value, store: &'static str, environment: &'static str) -> Event {
    // As it happened, whatever of it is made odd.
    let golden = golden(kind);
    let id = golden["event_properties"]["profile_event_id"].as_str().unwrap();
    let at = golden["event_datetime"].as_str().unwrap().replace("+0000", "Z");
    let at = bursar_domain::time::parse_time(&at).unwrap();
    let mut payload = like.clone();
    payload["event_properties"]["store"] = json!(store);
    payload["event_properties"]["environment"] = json!(environment);
    let payload = payload.to_string().leak();
    Event {
        store,
        environment,
        told: Told::new(id.parse().unwrap(), kind, at, CREATED_AT, payload).unwrap(),
    }
}

/// The events of all kinds.
pub fn all_events() -> impl Iterator<Item = &'static Event> {
    EVENTS.iter()
}

/// The events that an integration can tell of.
pub fn events(integration: &Integration) -> impl Iterator<Item = &'static Event> {
    let takes = integration.takes;
    all_events().filter(move |event| takes(event.kind()))
}

/// One event of each kind: a real one of the App Store.
pub fn plain_events(integration: &Integration) -> impl Iterator<Item = &'static Event> {
    events(integration).filter(|event| event.store == STORES[0] && event.environment == ENVIRONMENTS[0])
}

impl Event {
    pub fn kind(&self) -> EventKind {
        self.told.kind
    }
}

/// A customer with all details.
pub type Known = (Profile, Details);

/// A profile of which everything is known, and one of which nothing is.
pub static PROFILES: LazyLock<[(&str, Known); 2]> =
    LazyLock::new(|| [("everything is known", full()), ("nothing is known", bare())]);

fn full() -> Known {
    let mut identifiers = Map::new();
    for name in NAMES {
        identifiers.insert(name.into(), json!(identifier(name)));
    }
    identifiers.insert("appmetrica_device_id".into(), json!(IDS[1]));
    let body = json!({
        "email": "ada@example.com", "phone_number": "+12025550143", "first_name": "Ada", "last_name": "Byron",
        "gender": "f", "birthday": "1990-12-10", "ip_country": "DE", "ip_v4_address": "192.0.2.7", "att_status": 3,
        "custom_attributes": [{"key": "plan", "value": "gold"}, {"key": "visits", "value": 7}],
        "installation_meta": {
            "device_id": "d1", "device": "iPhone15,2", "os": "iOS 18.3", "platform": "iOS", "locale": "de_DE",
            "timezone": "Europe/Berlin", "user_agent": "Example/1.0 (iPhone; iOS 18.3)", "app_version": "4.2.0", "app_build": "420",
            "idfa": "b5a1c2d3-0000-4000-8000-00000000000a", "idfv": "b5a1c2d3-0000-4000-8000-00000000000b",
            "advertising_id": "b5a1c2d3-0000-4000-8000-00000000000c", "android_id": "9774d56d682e549c",
            "android_app_set_id": "b5a1c2d3-0000-4000-8000-00000000000d"
        }
    });
    let (mut profile, details) = profile(&Value::Object(identifiers), &body, Some("u1"));
    profile.holdings = holdings("gold.monthly");
    (profile, details)
}

/// A subscription to a product that was bought a day before the events and renews.
pub fn holdings(product: &str) -> Holdings {
    const DAY: i64 = 24 * 3_600 * 1_000_000;
    let bought = CREATED_AT - DAY;
    let transaction = json!({
        "store": "app_store", "id": "t1", "original_id": "t1", "purchase_type": "subscription",
        "product_id": product, "price": {"country": "DE", "currency": "EUR", "value": "9.99"},
        "purchased_at": bought, "originally_purchased_at": bought, "expires_at": bought + 31 * DAY,
        "will_renew": true
    });
    let context = Context {
        now: bought,
        waits: &Waits::default(),
        timers: &Timers::default(),
        access_level_id: Some("premium"),
    };
    let transaction = Box::new(serde_json::from_value(transaction).unwrap());
    let (chain, _) = apply(None, None, None, Command::Report(transaction), context);
    Holdings {
        chains: chain.into_iter().collect(),
        ..Holdings::default()
    }
}

fn bare() -> Known {
    profile(&json!({"branch_id": null}), &json!({}), None)
}

/// A bare profile with one identifier.
pub fn with_identifier(name: &str, id: &str) -> Known {
    profile(&json!({ name: id }), &json!({}), None)
}

/// A value in the form that the third party asks for.
fn identifier(name: &str) -> String {
    match name {
        "one_signal_subscription_id" => "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f".into(),
        "one_signal_player_id" => "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e60".into(),
        name => format!("example_{name}"),
    }
}

/// A profile with these identifiers, of which a call said this.
pub fn profile(identifiers: &Value, body: &Value, customer: Option<&str>) -> Known {
    const CREATED: i64 = 1_735_689_600_000_000;
    let id = ProfileId(Uuid::parse_str("5b0e6a52-7c1d-4a0e-9a44-0f6b7a0c9d11").unwrap());
    let mut profile = Profile::new(AppId(Uuid::nil()), id, customer.map(str::to_owned), CREATED);
    let identifiers = identifiers.to_string();
    let changes = IdentifierChanges::parse(&Object::parse(identifiers.as_bytes()).unwrap()).unwrap();
    profile.set_identifiers(&changes, CREATED);
    let mut details = Details::default();
    let body = body.to_string();
    let changes = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
    profile.update(&mut details, &changes, CREATED).unwrap();
    (profile, details)
}

/// The sample settings of an integration, in which every setting is said.
pub fn said(integration: &Integration) -> Map<String, Value> {
    let name = format!("{}.json", integration.slug);
    read_sample(&name).unwrap_or_else(|| panic!("there is no domain/tests/integrations/settings/{name}"))
}

/// All samples: beside the usual one another, where no single one can have every setting make a difference.
pub fn samples(integration: &Integration) -> Vec<Map<String, Value>> {
    let other = read_sample(&format!("{}.other.json", integration.slug));
    std::iter::once(said(integration)).chain(other).collect()
}

fn read_sample(name: &str) -> Option<Map<String, Value>> {
    let path = folder("tests/integrations/settings").join(name);
    let text = fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
}

pub fn settings(integration: &Integration, said: &Map<String, Value>) -> Settings {
    let before = Settings::defaults(integration.settings);
    let read = Settings::read(integration.settings, said, &before);
    read.unwrap_or_else(|problems| panic!("{}: {problems:?}", integration.slug))
}

/// An app whose bundle and package are known.
static APP: LazyLock<AppSettings> = LazyLock::new(|| AppSettings {
    ios_bundle_id: Some("com.example.app".into()),
    android_package: Some("com.example.android".into()),
    ..AppSettings::default()
});

/// The same where no IP addresses are kept any more.
pub static WITHOUT_ADDRESSES: LazyLock<AppSettings> = LazyLock::new(|| AppSettings {
    collect_ip: false,
    ..APP.clone()
});

/// What an integration makes of one event.
pub fn encode(
    integration: &Integration,
    settings: &Settings,
    part: &Part,
    event: &Event,
    profile: &Known,
) -> Result<Record, Skip> {
    encode_in(&APP, integration, settings, part, event, profile)
}

/// The same in an app of its own.
pub fn encode_in(
    app: &AppSettings,
    integration: &Integration,
    settings: &Settings,
    part: &Part,
    event: &Event,
    (profile, details): &Known,
) -> Result<Record, Skip> {
    (integration.encode)(&Occasion {
        event: &event.told,
        customer: &Customer::new(profile, details, app, NOW),
        settings,
        part: part.name,
        made_at: FIRST_TRIED_AT,
        now: NOW,
    })
}

/// What of a customer may not be kept, in all forms.
pub fn personal((profile, details): &Known) -> Vec<String> {
    personal::values(&Customer::new(profile, details, &APP, NOW), None)
}

/// A record that says nothing, where answers alone matter.
pub fn empty_record() -> Record {
    Record {
        route: String::new(),
        body: "{}".into(),
    }
}

/// The first requests of a part that carry records: of one that learns from answers, before and after it has.
pub fn sendings<'a>(
    settings: &'a Settings,
    part: &'a Part,
    records: &'a [Record],
) -> impl Iterator<Item = Sending<'a>> {
    learned(part).map(move |learned| Sending {
        records,
        part: part.name,
        settings,
        step: 0,
        learned,
        now: NOW,
    })
}

/// What requests of this part may know from earlier answers: nothing, and a sample if it learns from answers.
fn learned(part: &Part) -> impl Iterator<Item = Option<&'static str>> {
    let sample = part.learns.map(|_| Some("b7c8d9e0-1111-4222-8333-444455556666"));
    std::iter::once(None).chain(sample)
}

/// Are golden files and generated tables to be written anew?
#[expect(
    clippy::disallowed_methods,
    reason = "the command that rewrites says so in the environment"
)]
pub fn is_rewriting() -> bool {
    std::env::var_os("BURSAR_TEST_REWRITE_GOLDEN").is_some_and(|value| value == "1")
}
