//! What the tests of integrations encode, and judge answers for.

use serde_json::Value;
use uuid::Uuid;

use super::{Answer, Customer, Integration, Occasion, Record, Sending, Settings, Skip, Told};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::identifiers::IdentifierChanges;
use crate::ids::{AppId, ProfileId};
use crate::json::Object;
use crate::profile::{Profile, ProfileChanges};

/// A request that was sent, with all that it was made of.
pub struct Sent {
    records: Vec<Record>,
    settings: Settings,
    part: &'static str,
    step: u8,
    learned: Option<&'static str>,
}

impl Sent {
    /// As the functions take it.
    pub fn sending(&self) -> Sending<'_> {
        Sending {
            records: &self.records,
            part: self.part,
            settings: &self.settings,
            step: self.step,
            learned: self.learned,
            now: 0,
        }
    }

    /// The same of another part and step.
    pub fn of(self, part: &'static str, step: u8) -> Self {
        Self { part, step, ..self }
    }

    /// The same with records of this route.
    pub fn on(mut self, route: &str) -> Self {
        for record in &mut self.records {
            route.clone_into(&mut record.route);
        }
        self
    }

    /// The same after this was learned.
    pub fn knowing(self, learned: &'static str) -> Self {
        Self {
            learned: Some(learned),
            ..self
        }
    }
}

/// A request with so many empty records of the first part.
pub fn sending(integration: &Integration, records: usize) -> Sent {
    let record = Record {
        route: String::new(),
        body: "{}".into(),
    };
    Sent {
        records: vec![record; records],
        settings: Settings::defaults(integration.settings),
        part: integration.parts[0].name,
        step: 0,
        learned: None,
    }
}

/// An answer.
pub fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        body: body.into(),
    }
}

/// A sale through the App Store, and whose it is.
pub struct Sale {
    /// What happened.
    pub kind: EventKind,
    /// What the owner says of the settings.
    pub settings: Value,
    /// The profile's identifiers.
    pub identifiers: Value,
    /// What a call said of the profile.
    pub profile: Value,
    /// The owner's id of the customer.
    pub customer_user_id: Option<&'static str>,
}

/// What an integration makes of a sale, with nothing but its product, store and environment among the properties.
pub fn encode(integration: &Integration, part: &'static str, sale: &Sale) -> Result<Record, Skip> {
    let said = sale.settings.as_object().unwrap();
    let defaults = Settings::defaults(integration.settings);
    let settings = Settings::read(integration.settings, said, &defaults)
        .ok()
        .unwrap();
    let customer = sale.customer_user_id.map(str::to_owned);
    let mut profile = Profile::new(AppId(Uuid::nil()), ProfileId(Uuid::nil()), customer, 0);
    let identifiers = sale.identifiers.to_string();
    let changes = IdentifierChanges::parse(&Object::parse(identifiers.as_bytes()).unwrap()).unwrap();
    profile.set_identifiers(&changes, 0);
    let mut details = Default::default();
    let body = sale.profile.to_string();
    let changes = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
    profile.update(&mut details, &changes, 0).unwrap();
    let payload = r#"{"event_properties":{"vendor_product_id":"gold.monthly","store":"app_store","environment":"Sandbox",
        "subscription_expires_at":null}}"#;
    let event = Told::new(Uuid::nil(), sale.kind, 0, 0, payload).unwrap();
    let app = AppSettings::default();
    (integration.encode)(&Occasion {
        event: &event,
        customer: &Customer::new(&profile, &details, &app, 0),
        settings: &settings,
        part,
        first_tried_at: 0,
        now: 0,
    })
}
