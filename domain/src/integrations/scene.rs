//! Occasions for the tests of integrations: an event and a customer in a few words.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Customer, Integration, Occasion, Record, Request, Sending, Settings, Skip, Told};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::identifiers::IdentifierChanges;
use crate::ids::{AppId, ProfileId};
use crate::json::Object;
use crate::profile::{Details, Profile, ProfileChanges};

/// 2025-03-14 09:26:53 UTC, when the events of scenes happen.
pub const AT: i64 = 1_741_944_413_000_000;

/// An event, the customer and the settings, as JSON. Times are microseconds.
pub struct Scene {
    /// What happened.
    pub kind: EventKind,
    /// When it is sent.
    pub now: i64,
    /// The settings that are not the default.
    pub settings: Value,
    /// `event_properties`.
    pub properties: Value,
    /// What the profile is created with.
    pub profile: Value,
    /// Its identifiers.
    pub identifiers: Value,
}

impl Scene {
    /// A purchase in the App Store, sent a second later; the customer `cust-7781`, of whom nothing else is known.
    pub fn new(kind: EventKind, settings: Value) -> Self {
        Self {
            kind,
            now: AT + 1_000_000,
            settings,
            properties: json!({"store": "app_store", "environment": "Production"}),
            profile: json!({}),
            identifiers: json!({}),
        }
    }

    /// What the integration makes of it.
    pub fn encode(&self, integration: &Integration) -> Result<Record, Skip> {
        let mut profile = Profile::new(
            AppId(Uuid::nil()),
            ProfileId(Uuid::nil()),
            Some("cust-7781".into()),
            0,
        );
        let mut details = Details::default();
        let identifiers = self.identifiers.to_string();
        if identifiers != "{}" {
            let changes = IdentifierChanges::parse(&Object::parse(identifiers.as_bytes()).unwrap()).unwrap();
            profile.set_identifiers(&changes, 0);
        }
        let body = self.profile.to_string();
        let changes = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
        profile.update(&mut details, &changes, 0).unwrap();
        let app = AppSettings {
            ios_bundle_id: Some("com.aurora.notes".into()),
            android_package: Some("com.aurora.notes.android".into()),
            ..AppSettings::default()
        };
        let payload = json!({ "event_properties": self.properties }).to_string();
        (integration.encode)(&Occasion {
            event: &Told::new(Uuid::nil(), self.kind, AT, AT, &payload).unwrap(),
            customer: &Customer::new(&profile, &details, &app, self.now),
            settings: &self.read(integration),
            part: integration.parts[0].name,
            first_tried_at: self.now,
            now: self.now,
        })
    }

    /// The first request for it.
    pub fn request(&self, integration: &Integration) -> Request {
        (integration.request)(&Sending {
            records: &[self.encode(integration).unwrap()],
            part: integration.parts[0].name,
            settings: &self.read(integration),
            step: 0,
            learned: None,
            now: self.now,
        })
    }

    /// What is wrong with the settings.
    pub fn problems(&self, integration: &Integration) -> Vec<String> {
        let problems = (integration.check)(&self.read(integration)).into_iter();
        problems.map(|problem| problem.field).collect()
    }

    fn read(&self, integration: &Integration) -> Settings {
        let said = self.settings.as_object().unwrap();
        let defaults = Settings::defaults(integration.settings);
        Settings::read(integration.settings, said, &defaults).unwrap()
    }
}
