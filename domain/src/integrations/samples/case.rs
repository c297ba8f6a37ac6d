//! An event of a customer under an app's settings.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::AppSettings;
use crate::events::EventKind;
use crate::ids::{AppId, ProfileId};
use crate::integrations::{Customer, Integration, Occasion, Record, Request, Sending, Settings, Skip, Told};
use crate::json::Object;
use crate::profile::identifiers::IdentifierChanges;
use crate::profile::{Details, Profile, ProfileChanges};

/// When cases happen, unless they say otherwise: 2025-03-14T09:26:53Z.
pub const AT: i64 = 1_741_944_413_000_000;
/// Microseconds of an hour.
pub use crate::time::HOUR;
/// The id of the event.
pub const EVENT_ID: &str = "b4a7c2de-5a0d-4c0e-8f3e-0f6a1d2c3b4a";
/// The id of the profile.
pub const PROFILE_ID: &str = "5b0e6a52-7c1d-4a0e-9a44-0f6b7a0c9d11";

/// What an integration is told of. A test says what matters to it by struct update of [`Case::of`]. Times are
/// microseconds.
#[derive(Clone)]
pub struct Case {
    /// Who is told.
    pub integration: &'static Integration,
    /// Which of its parts is asked for.
    pub part: &'static str,
    /// What the owner says.
    pub settings: Value,
    /// What happened.
    pub kind: EventKind,
    /// `event_properties`.
    pub properties: Value,
    /// What third parties call the customer.
    pub identifiers: Value,
    /// What a call said of the customer; in a list, what one call after the other said.
    pub profile: Value,
    /// The owner's own id of the customer.
    pub customer_user_id: Option<&'static str>,
    /// The same when the event was made, if it was another.
    pub told_customer: Option<Option<&'static str>>,
    /// What the customer has paid so far.
    pub total_revenue_usd: Decimal,
    /// The app's own settings.
    pub app: AppSettings,
    /// When it happened.
    pub at: i64,
    /// When the event was made.
    pub made_at: i64,
    /// Now.
    pub now: i64,
}

impl Case {
    /// A renewal in the App Store, told at once by the first part under the default settings; of the customer
    /// `cust-7781` nothing else is known.
    pub fn of(integration: &'static Integration) -> Self {
        Self {
            integration,
            part: integration.parts[0].name,
            settings: json!({}),
            kind: EventKind::SubscriptionRenewed,
            properties: json!({
                "profile_event_id": EVENT_ID, "store": "app_store", "environment": "Production",
                "vendor_product_id": "aurora.pro.monthly", "transaction_id": "440001234567890",
                "original_transaction_id": "440001100000001",
                "purchase_date": "2025-03-14T09:26:53.000000+0000",
                "subscription_expires_at": "2025-04-14T09:26:53.000000+0000",
                "consecutive_payments": 2, "rate_after_first_year": false, "cohort_name": null,
                "currency": "SEK", "price_usd": 12.49, "price_local": 129.0, "proceeds_usd": 10.6165,
                "proceeds_local": 109.65, "net_revenue_usd": 8.4932, "net_revenue_local": 87.72,
                "original_price_usd": 12.49, "original_price_local": 129.0
            }),
            identifiers: json!({}),
            profile: json!({}),
            customer_user_id: Some("cust-7781"),
            told_customer: None,
            total_revenue_usd: Decimal::ZERO,
            app: AppSettings {
                ios_bundle_id: Some("com.aurora.notes".into()),
                android_package: Some("com.aurora.android".into()),
                ..AppSettings::default()
            },
            at: AT,
            made_at: AT,
            now: AT,
        }
    }

    /// What happened at this time, was made at that one, and is told now.
    pub fn told(self, at: i64, made_at: i64, now: i64) -> Self {
        Self {
            at,
            made_at,
            now,
            ..self
        }
    }

    /// The same with another property.
    #[must_use]
    pub fn with(mut self, property: &str, value: impl Into<Value>) -> Self {
        self.properties[property] = value.into();
        self
    }

    /// The settings, read and complete.
    pub fn settings(&self) -> Settings {
        let fields = self.integration.settings;
        let said = self.settings.as_object().unwrap();
        let read = Settings::read(fields, said, &Settings::defaults(fields));
        read.unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    /// The settings that will not do what they seem to.
    pub fn problems(&self) -> Vec<String> {
        let problems = (self.integration.check)(&self.settings(), &self.app).into_iter();
        problems.map(|problem| problem.field).collect()
    }

    /// As [`Self::of`], under these settings.
    pub fn under(integration: &'static Integration, settings: Value) -> Self {
        Self {
            settings,
            ..Self::of(integration)
        }
    }

    /// Do the settings lack something without which nothing at all can be sent?
    pub fn is_stopped(&self) -> bool {
        let problems = (self.integration.check)(&self.settings(), &self.app);
        problems.iter().any(|problem| problem.stops)
    }

    /// What the integration makes of it.
    pub fn record(&self) -> Result<Record, Skip> {
        let payload = json!({
            "customer_user_id": self.told_customer.unwrap_or(self.customer_user_id),
            "event_properties": self.properties,
        });
        let payload = payload.to_string();
        let id = EVENT_ID.parse().unwrap();
        let event = Told::new(id, self.kind, self.at, self.at, &payload).unwrap();
        let (profile, details) = self.customer();
        (self.integration.encode)(&Occasion {
            event: &event,
            customer: &Customer::new(&profile, &details, &self.app, self.now),
            settings: &self.settings(),
            part: self.part,
            made_at: self.made_at,
            now: self.now,
        })
    }

    /// Why nothing is sent of it.
    pub fn skip(&self) -> String {
        self.record().unwrap_err().to_string()
    }

    /// The first request for it.
    pub fn request(&self) -> Request {
        (self.integration.request)(&Sending {
            records: &[self.record().unwrap()],
            part: self.part,
            settings: &self.settings(),
            step: 0,
            learned: None,
            now: self.now,
        })
    }

    /// The body of the request, which is JSON.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.request().body).unwrap()
    }

    /// The names and values, decoded, of a request that is a form or all in its query.
    pub fn form(&self) -> BTreeMap<String, String> {
        let request = self.request();
        let query = request.url.split_once('?').map_or("", |(_, query)| query);
        let pairs = if request.body.is_empty() {
            query
        } else {
            &request.body
        };
        let decoded = pairs.split('&').map(|pair| pair.split_once('=').unwrap());
        decoded
            .map(|(name, value)| (decode(name), decode(value)))
            .collect()
    }

    /// What is known of the customer.
    pub fn customer(&self) -> (Profile, Details) {
        let id = ProfileId(Uuid::parse_str(PROFILE_ID).unwrap());
        let customer = self.customer_user_id.map(str::to_owned);
        let mut profile = Profile::new(AppId(Uuid::nil()), id, customer, 0);
        profile.holdings.revenue_usd = self.total_revenue_usd;
        if self.identifiers != json!({}) {
            let body = self.identifiers.to_string();
            let changes = IdentifierChanges::parse(&Object::parse(body.as_bytes()).unwrap()).unwrap();
            profile.set_identifiers(&changes, 0);
        }
        let mut details = Details::default();
        let said = match &self.profile {
            Value::Array(calls) => calls.as_slice(),
            call => std::slice::from_ref(call),
        };
        for (call, now) in said.iter().zip(0..) {
            let body = call.to_string();
            let changes = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
            profile.update(&mut details, &changes, now).unwrap();
        }
        (profile, details)
    }
}

/// What stands behind percent signs.
fn decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}
