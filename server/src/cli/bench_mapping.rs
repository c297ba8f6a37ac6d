//! `bursar bench-mapping`: events to requests alone, for `cargo xtask bench`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bursar_domain::app::AppSettings;
use bursar_domain::events::payload::{self, PayloadOptions};
use bursar_domain::events::{EventKind, Recipient};
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::integrations::{self, Customer, Occasion, Sending, Settings, Told};
use bursar_domain::json::Object;
use bursar_domain::money::Money;
use bursar_domain::profile::identifiers::IdentifierChanges;
use bursar_domain::profile::{Details, Profile};
use serde_json::{Value, json};
use uuid::Uuid;

use super::bench_machine;

/// How long each is measured.
const TIME: Duration = Duration::from_secs(1);

/// For each integration: events mapped in a second, and how often the same JSON is serialised from a tree.
pub fn run() -> Value {
    let keys = json!({"production": {"ios": "key"}});
    let settings = [
        ("amplitude", json!({"api_keys": keys})),
        ("mixpanel", json!({"tokens": keys})),
        ("appsflyer", json!({"keys": keys, "ios_app_id": "id123456789"})),
    ];
    let measured = settings.map(|(slug, settings)| (slug.to_owned(), measure(slug, &settings)));
    Value::Object(measured.into_iter().collect())
}

fn measure(slug: &str, said: &Value) -> Value {
    let integration = integrations::find(slug).expect("it is in the list");
    let said = said.as_object().expect("they are an object");
    let defaults = Settings::defaults(integration.settings);
    let settings = Settings::read(integration.settings, said, &defaults);
    let settings = settings.unwrap_or_else(|problems| panic!("{problems:?}"));
    let (profile, details, app) = (profile(), Details::default(), AppSettings::default());
    let id = Uuid::from_u128(3);
    let text = event(id, &profile, &details, &app);
    let told = Told::new(id, EventKind::SubscriptionRenewed, 0, 0, &text).expect("it is an event");
    let customer = Customer::new(&profile, &details, &app, 0);
    let part = integration.parts[0].name;
    let map = || {
        let record = (integration.encode)(&Occasion {
            event: &told,
            customer: &customer,
            settings: &settings,
            part,
            made_at: 0,
            now: 0,
        });
        let record = record.unwrap_or_else(|skip| panic!("{slug}: {skip}"));
        (integration.request)(&Sending {
            records: &[record],
            part,
            settings: &settings,
            step: 0,
            learned: None,
            now: 0,
        })
    };
    let tree: Value = serde_json::from_str(&map().body).expect("the body is JSON");
    json!({
        "mapped": rate(|| drop(black_box(map()))),
        "serialised": rate(|| drop(black_box(serde_json::to_string(&tree)))),
    })
}

fn rate(mut work: impl FnMut()) -> f64 {
    let (mut done, start) = (0_u32, Instant::now());
    while start.elapsed() < TIME {
        for _ in 0..100 {
            work();
        }
        done += 100;
    }
    f64::from(done) / start.elapsed().as_secs_f64()
}

fn profile() -> Profile {
    let (app, id) = (AppId(Uuid::from_u128(1)), ProfileId(Uuid::from_u128(2)));
    let mut profile = Profile::new(app, id, Some("user-1".into()), 0);
    let body =
        br#"{"amplitude_user_id":"a","amplitude_device_id":"b","mixpanel_user_id":"c","appsflyer_id":"d-1"}"#;
    let body = Object::parse(body).expect("it is JSON");
    let changes = IdentifierChanges::parse(&body).expect("they are identifiers");
    profile.set_identifiers(&changes, 0);
    profile
}

fn event(id: Uuid, profile: &Profile, details: &Details, app: &AppSettings) -> String {
    let fact = bench_machine::renewal();
    let money = Money::of(&fact.transaction, false, app);
    payload::of_fact(
        id,
        &fact,
        &money,
        &Recipient::new(profile, details, app),
        &PayloadOptions::default(),
    )
}
