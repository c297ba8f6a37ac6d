//! An event of a profile under an app's settings: what the tests of integrations encode.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Customer, Integration, Occasion, Record, Settings, Skip, Told};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::identifiers::IdentifierChanges;
use crate::ids::{AppId, ProfileId};
use crate::json::Object;
use crate::profile::{Details, Profile, ProfileChanges};

/// 2025-01-10, when sample events happen.
pub const AT: i64 = 1_736_500_502_184_233;
/// Microseconds of an hour.
pub const HOUR: i64 = 3_600_000_000;

/// The golden event of a kind, told of a bare profile the moment that it is made, unless a test changes that.
pub struct Case {
    /// What happened.
    pub kind: EventKind,
    /// What differs among `event_properties`; `null` takes one away.
    pub properties: Value,
    /// The settings that are said.
    pub settings: Value,
    /// The profile's identifiers.
    pub identifiers: Value,
    /// The profile, as a call says it.
    pub profile: Value,
    /// The owner's id of the customer.
    pub customer_user_id: Option<&'static str>,
    /// Which part is asked for.
    pub part: &'static str,
    /// When it happened.
    pub at: i64,
    /// When it was tried first, and when it is tried now.
    pub tried_at: [i64; 2],
}

impl Case {
    /// An event of this kind.
    pub fn new(kind: EventKind) -> Self {
        Self {
            kind,
            properties: json!({}),
            settings: json!({}),
            identifiers: json!({"branch_id": null}),
            profile: json!({}),
            customer_user_id: None,
            part: "",
            at: AT,
            tried_at: [AT, AT],
        }
    }

    /// What the integration makes of it.
    pub fn encode(&self, integration: &Integration) -> Result<Record, Skip> {
        let settings = self.settings(integration);
        let payload = self.payload();
        let event = Told::new(Uuid::from_u128(7), self.kind, self.at, AT, &payload).unwrap();
        let (profile, details) = self.profile();
        let app = AppSettings {
            ios_bundle_id: Some("com.example.app".into()),
            android_package: Some("com.example.android".into()),
            ..AppSettings::default()
        };
        (integration.encode)(&Occasion {
            event: &event,
            customer: &Customer::new(&profile, &details, &app, self.tried_at[1]),
            settings: &settings,
            part: self.part,
            first_tried_at: self.tried_at[0],
            now: self.tried_at[1],
        })
    }

    /// As [`Self::encode`], of an integration whose records are JSON.
    pub fn json(&self, integration: &Integration) -> Value {
        serde_json::from_str(&self.encode(integration).unwrap().body).unwrap()
    }

    /// The settings with all defaults.
    pub fn settings(&self, integration: &Integration) -> Settings {
        let none = Settings::defaults(integration.settings);
        let said: &Map<String, Value> = self.settings.as_object().unwrap();
        Settings::read(integration.settings, said, &none).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    fn payload(&self) -> String {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden/events")
            .join(format!("{}.json", self.kind.as_str()));
        let mut payload: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for (name, value) in self.properties.as_object().unwrap() {
            payload["event_properties"][name] = value.clone();
        }
        payload.to_string()
    }

    fn profile(&self) -> (Profile, Details) {
        let customer = self.customer_user_id.map(str::to_owned);
        let mut profile = Profile::new(AppId(Uuid::nil()), ProfileId(Uuid::nil()), customer, 0);
        let mut details = Details::default();
        let identifiers = self.identifiers.to_string();
        let identifiers = IdentifierChanges::parse(&Object::parse(identifiers.as_bytes()).unwrap()).unwrap();
        profile.set_identifiers(&identifiers, 0);
        let body = self.profile.to_string();
        let body = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
        profile.update(&mut details, &body, 0).unwrap();
        (profile, details)
    }
}
