//! Events for the tests of single rules: what an integration makes of them.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Customer, Integration, Occasion, Record, Request, Sending, Settings, Skip, Told};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::identifiers::IdentifierChanges;
use crate::ids::{AppId, ProfileId};
use crate::json::Object;
use crate::profile::{Details, Profile, ProfileChanges};

/// An event and all that surrounds it. Times are microseconds.
#[derive(Debug, Clone)]
pub struct Case {
    /// What the owner says.
    pub settings: Value,
    /// What happened.
    pub kind: EventKind,
    /// `event_properties`.
    pub properties: Value,
    /// What third parties call the customer.
    pub identifiers: Value,
    /// What an update said of the customer.
    pub profile: Value,
    /// The owner's own id of the customer.
    pub customer: Option<&'static str>,
    /// When it happened.
    pub at: i64,
    /// When it was tried first.
    pub first_tried_at: i64,
    /// Now.
    pub now: i64,
}

/// When cases happen, unless they say otherwise: 2025-03-14T09:26:53Z.
pub const AT: i64 = 1_741_944_413_000_000;

impl Default for Case {
    fn default() -> Self {
        Self {
            settings: json!({}),
            kind: EventKind::SubscriptionStarted,
            properties: json!({
                "environment": "Production", "store": "app_store", "vendor_product_id": "aurora.pro.monthly",
                "transaction_id": "440001234567890", "original_transaction_id": "440001100000001",
                "currency": "SEK", "price_usd": 12.49, "price_local": 129.0, "proceeds_usd": 10.6165,
                "proceeds_local": 109.65, "net_revenue_usd": 8.4932, "net_revenue_local": 87.72,
                "original_price_usd": 12.49, "original_price_local": 129.0
            }),
            identifiers: json!({}),
            profile: json!({}),
            customer: Some("cust-7781"),
            at: AT,
            first_tried_at: AT,
            now: AT,
        }
    }
}

impl Case {
    /// The same with another property.
    #[must_use]
    pub fn with(mut self, property: &str, value: impl Into<Value>) -> Self {
        self.properties[property] = value.into();
        self
    }

    /// The settings, read and complete.
    pub fn settings(&self, integration: &Integration) -> Settings {
        let said = object(&self.settings);
        let before = Settings::defaults(integration.settings);
        Settings::read(integration.settings, &said, &before).expect("the settings of a case are valid")
    }

    /// What the integration makes of it.
    pub fn record(&self, integration: &Integration) -> Result<Record, Skip> {
        let payload = json!({ "event_properties": self.properties }).to_string();
        let id = Uuid::from_u128(0xb4a7_c2de_5a0d_4c0e_8f3e_0f6a_1d2c_3b4a);
        let event = Told::new(id, self.kind, self.at, self.at, &payload).unwrap();
        let app = AppSettings {
            ios_bundle_id: Some("com.aurora.notes".into()),
            android_package: Some("com.aurora.android".into()),
            ..AppSettings::default()
        };
        let (profile, details) = self.customer();
        (integration.encode)(&Occasion {
            event: &event,
            customer: &Customer::new(&profile, &details, &app, self.now),
            settings: &self.settings(integration),
            part: integration.parts[0].name,
            first_tried_at: self.first_tried_at,
            now: self.now,
        })
    }

    /// The request that tells of it.
    pub fn request(&self, integration: &Integration) -> Result<Request, Skip> {
        let record = self.record(integration)?;
        Ok((integration.request)(&Sending {
            records: &[record],
            part: integration.parts[0].name,
            settings: &self.settings(integration),
            step: 0,
            learned: None,
            now: self.now,
        }))
    }

    fn customer(&self) -> (Profile, Details) {
        let (app, id) = (AppId(Uuid::nil()), ProfileId(Uuid::nil()));
        let mut profile = Profile::new(app, id, self.customer.map(str::to_owned), 0);
        let mut details = Details::default();
        if !object(&self.identifiers).is_empty() {
            let body = self.identifiers.to_string();
            let changes = IdentifierChanges::parse(&Object::parse(body.as_bytes()).unwrap()).unwrap();
            profile.set_identifiers(&changes, 0);
        }
        let body = self.profile.to_string();
        let changes = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
        profile.update(&mut details, &changes, 0).unwrap();
        (profile, details)
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
