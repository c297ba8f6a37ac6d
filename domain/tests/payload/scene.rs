//! A customer, a fact about a purchase, and the settings under which it is told.

use bursar_domain::app::AppSettings;
use bursar_domain::events::payload::{self, PayloadOptions};
use bursar_domain::events::{EventKind, Fact, Recipient, Sharer};
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::json::Object;
use bursar_domain::money::Money;
use bursar_domain::profile::attribution::{self, AttributionReport};
use bursar_domain::profile::identifiers::IdentifierChanges;
use bursar_domain::profile::{Details, Profile, ProfileChanges};
use bursar_domain::purchases::transaction::{
    Environment, Offer, OfferKind, Price, PurchaseType, Transaction,
};
use bursar_domain::time::parse_time;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

pub const PROFILE: ProfileId = ProfileId(uuid!("5b0e6a52-7c1d-4a0e-9a44-0f6b7a0c9d11"));
pub const OTHER: ProfileId = ProfileId(uuid!("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"));
pub const EVENT: Uuid = uuid!("6bae4268-22df-8e3d-a15f-d8c4d49e8e0a");

/// Everything that an event is made of.
pub struct Scene {
    pub profile: Profile,
    pub details: Details,
    pub settings: AppSettings,
    pub fact: Fact,
    pub has_access_level: bool,
    pub total_revenue_usd: &'static str,
    pub is_shared: bool,
    pub options: PayloadOptions<'static>,
}

pub fn micros(text: &str) -> i64 {
    parse_time(text).unwrap()
}

pub fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

impl Scene {
    /// An anonymous customer of whom nothing is known, and a month in the App Store for 9.99 US dollars.
    pub fn new(kind: EventKind) -> Self {
        Self {
            profile: Profile::new(
                AppId(Uuid::from_u128(1)),
                PROFILE,
                None,
                micros("2025-01-01T00:00:00Z"),
            ),
            details: Details::default(),
            settings: AppSettings::default(),
            fact: month(kind),
            has_access_level: true,
            total_revenue_usd: "9.99",
            is_shared: false,
            options: PayloadOptions::default(),
        }
    }

    /// Tells all that can be known of a customer.
    pub fn with_customer(mut self, body: &str, identifiers: &str) -> Self {
        let at = micros("2025-01-01T08:30:00.5Z");
        self.profile.customer_user_id = Some("user-1".into());
        let changes = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
        self.profile.update(&mut self.details, &changes, at).unwrap();
        let identifiers = Object::parse(identifiers.as_bytes()).unwrap();
        let identifiers = IdentifierChanges::parse(&identifiers).unwrap();
        self.profile.set_identifiers(&identifiers, at);
        self
    }

    /// Tells where the customer came from, as the body of the web API's call says.
    pub fn came_from(mut self, body: &str) -> Self {
        let mut body: Value = serde_json::from_str(body).unwrap();
        body["profile_id"] = json!(PROFILE);
        let body = body.to_string();
        let body = Object::parse(body.as_bytes()).unwrap();
        let report = AttributionReport::parse(&body, micros("2025-01-01T08:30:00.5Z")).unwrap();
        self.details
            .attributions
            .set(attribution::WEB, report.attribution);
        self
    }

    /// Changes the fact.
    pub fn fact(mut self, change: impl FnOnce(&mut Fact)) -> Self {
        change(&mut self.fact);
        self
    }

    /// Changes anything.
    pub fn set(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The store's side of the purchase.
    pub fn bought(mut self, store: &str, country: &str, currency: &str, value: &str) -> Self {
        let transaction = &mut self.fact.transaction;
        store.clone_into(&mut transaction.store);
        transaction.price = Price {
            country: country.into(),
            currency: currency.into(),
            value: decimal(value),
        };
        self
    }

    /// The offer of the purchase.
    pub fn offer(mut self, category: &str, kind: OfferKind, id: Option<&str>) -> Self {
        self.fact.transaction.offer = Some(Offer {
            category: category.into(),
            kind,
            id: id.map(str::to_owned),
        });
        self
    }

    /// Makes it a free trial of a week.
    pub fn trial(self) -> Self {
        let paid = self.fact(|fact| {
            fact.trial_days = Some(7);
            fact.is_in_trial = true;
            fact.consecutive_payments = 0;
            fact.transaction.price.value = Decimal::ZERO;
            fact.transaction.expires_at = Some(micros("2025-01-08T00:00:00Z"));
            fact.subscription_expires_at = fact.transaction.expires_at;
        });
        paid.offer("introductory", OfferKind::FreeTrial, None)
    }

    /// Makes it a one-time purchase.
    pub fn one_time(self) -> Self {
        self.fact(|fact| {
            fact.subscription_expires_at = None;
            fact.trial_days = None;
            fact.consecutive_payments = 1;
            let transaction = &mut fact.transaction;
            transaction.purchase_type = PurchaseType::OneTimePurchase;
            transaction.original_id.clone_from(&transaction.id);
            transaction.originally_purchased_at = transaction.purchased_at;
            transaction.expires_at = None;
            transaction.will_renew = false;
            transaction.product_id = "lifetime".into();
            transaction.base_plan_id = None;
        })
    }

    fn money(&self) -> Money {
        Money::of(
            &self.fact.transaction,
            self.fact.rate_after_first_year,
            &self.settings,
        )
    }

    /// Shows the customer to `tell`.
    pub fn tell(&self, tell: impl FnOnce(&Recipient<'_>) -> String) -> String {
        let others = [Sharer {
            profile_id: OTHER,
            customer_user_id: Some("user-2"),
        }];
        let mut recipient = Recipient::new(&self.profile, &self.details, &self.settings);
        recipient.has_access_level = self.has_access_level;
        recipient.total_revenue_usd = decimal(self.total_revenue_usd);
        recipient.sharing = if self.is_shared { &others } else { &[] };
        tell(&recipient)
    }

    /// The event as it is sent.
    pub fn json(&self) -> String {
        self.tell(|recipient| payload::of_fact(EVENT, &self.fact, &self.money(), recipient, &self.options))
    }

    /// The event as a value.
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.json()).unwrap()
    }

    /// Its properties.
    pub fn properties(&self) -> Value {
        self.event()["event_properties"].take()
    }
}

/// A month in the App Store.
fn month(kind: EventKind) -> Fact {
    let (from, to) = (micros("2025-01-01T00:00:00Z"), micros("2025-02-01T00:00:00Z"));
    Fact {
        kind,
        at: from,
        discriminator: from,
        transaction: Transaction {
            store: "app_store".into(),
            id: "t1".into(),
            original_id: "t1".into(),
            purchase_type: PurchaseType::Subscription,
            environment: Environment::Production,
            product_id: "monthly".into(),
            base_plan_id: None,
            offer: None,
            is_family_shared: false,
            price: Price {
                country: "US".into(),
                currency: "USD".into(),
                value: decimal("9.99"),
            },
            purchased_at: from,
            originally_purchased_at: from,
            expires_at: Some(to),
            will_renew: true,
            renew_status_changed_at: None,
            billing_issue_detected_at: None,
            grace_period_expires_at: None,
            refunded_at: None,
            cancellation_reason: None,
            variation_id: None,
            replaces_another: false,
            refunded_share: None,
            usd_rate: None,
            regular_price: None,
            is_of_unknown_product: false,
            mark: 0,
        },
        subscription_expires_at: Some(to),
        reason: None,
        consecutive_payments: 1,
        rate_after_first_year: false,
        trial_days: None,
        is_in_trial: false,
        refunded_share: None,
        timer_days: None,
    }
}
