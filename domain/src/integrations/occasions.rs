//! Occasions that the tests of integrations encode: one event of one customer.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Customer, Integration, Occasion, Record, Request, Sending, Settings, Skip, Told};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::identifiers::IdentifierChanges;
use crate::ids::{AppId, ProfileId};
use crate::json::Object;
use crate::profile::{Details, Profile, ProfileChanges};

/// When the event of a [`Case`] happened, was made, is tried first and is sent: 2026-01-02T10:04:05.12Z.
pub const AT: i64 = 1_767_348_245_120_000;
/// The id of its event.
pub const EVENT_ID: &str = "4c2be3a0-9a7e-4d52-9f39-0b6c1e7d2f01";
/// The id of its profile.
pub const PROFILE_ID: &str = "5b0e6a52-7c1d-4a0e-9a44-0f6b7a0c9d11";

/// An event of the App Store, told with settings. Fields are changed by struct update.
pub struct Case {
    /// Who is told.
    pub integration: &'static Integration,
    /// What the owner says.
    pub settings: Value,
    /// What happened.
    pub kind: EventKind,
    /// `event_properties` beside or instead of the usual ones.
    pub properties: Value,
    /// The profile's identifiers.
    pub identifiers: Value,
    /// The body that the profile was written with.
    pub profile: Value,
    /// The owner's id of the customer.
    pub customer_user_id: Option<&'static str>,
    /// When it is tried first.
    pub first_tried_at: i64,
    /// Now.
    pub now: i64,
}

impl Case {
    /// A renewal for 9.99 US dollars, with these settings and an empty profile.
    pub fn new(integration: &'static Integration, settings: Value) -> Self {
        Self {
            integration,
            settings,
            kind: EventKind::SubscriptionRenewed,
            properties: json!({}),
            identifiers: json!({"branch_id": "other"}),
            profile: json!({}),
            customer_user_id: None,
            first_tried_at: AT,
            now: AT,
        }
    }

    /// What the integration makes of it.
    pub fn record(&self, part: &'static str) -> Result<Record, Skip> {
        let payload = self.payload();
        let event = Told::new(EVENT_ID.parse().unwrap(), self.kind, AT, AT, &payload).unwrap();
        let (profile, details) = self.stored();
        let app = AppSettings::default();
        (self.integration.encode)(&Occasion {
            event: &event,
            customer: &Customer::new(&profile, &details, &app, self.now),
            settings: &self.settings(),
            part,
            first_tried_at: self.first_tried_at,
            now: self.now,
        })
    }

    /// The request for it alone.
    pub fn request(&self, part: &'static str) -> Request {
        (self.integration.request)(&Sending {
            records: &[self.record(part).unwrap()],
            part,
            settings: &self.settings(),
            step: 0,
            learned: None,
            now: self.now,
        })
    }

    /// The body of [`Self::request`].
    pub fn body(&self, part: &'static str) -> Value {
        serde_json::from_str(&self.request(part).body).unwrap()
    }

    /// The settings, read.
    pub fn settings(&self) -> Settings {
        let fields = self.integration.settings;
        let said = self.settings.as_object().unwrap();
        let read = Settings::read(fields, said, &Settings::defaults(fields));
        read.unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    fn payload(&self) -> String {
        let mut properties = json!({
            "profile_event_id": EVENT_ID, "store": "app_store", "environment": "Production",
            "vendor_product_id": "gold.yearly", "currency": "USD", "price_usd": 9.99, "price_local": 9.99,
            "profile_total_revenue_usd": 19.98, "cohort_name": null
        });
        for (name, value) in self.properties.as_object().unwrap() {
            properties[name] = value.clone();
        }
        json!({ "event_properties": properties }).to_string()
    }

    fn stored(&self) -> (Profile, Details) {
        let id = ProfileId(Uuid::parse_str(PROFILE_ID).unwrap());
        let customer = self.customer_user_id.map(str::to_owned);
        let mut profile = Profile::new(AppId(Uuid::nil()), id, customer, 0);
        let identifiers = self.identifiers.to_string();
        let changes = IdentifierChanges::parse(&Object::parse(identifiers.as_bytes()).unwrap()).unwrap();
        profile.set_identifiers(&changes, 0);
        let mut details = Details::default();
        let body = self.profile.to_string();
        let changes = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
        profile.update(&mut details, &changes, 0).unwrap();
        (profile, details)
    }
}
