//! All that an integration may look at to tell a third party of an event.

use std::borrow::Cow;

use rust_decimal::{Decimal, RoundingStrategy};

use super::customer::{Customer, Mobile};
use super::record::Skip;
use super::told::{Property, Told};
use crate::events::EventKind;
use crate::events::wire::Amount;
use crate::integrations::Settings;
use crate::integrations::settings::setting::as_name;
use crate::purchases::transaction::Environment;
use crate::time::SECOND;

/// The most decimals of an amount, as in the events.
const DECIMALS: u32 = 6;

/// An event, whose it is, how the owner wants it told, and when. Times are microseconds.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    /// The event.
    pub event: &'a Told<'a>,
    /// The customer as of now.
    pub customer: &'a Customer<'a>,
    /// The app's settings for this integration.
    pub settings: &'a Settings,
    /// Which of the integration's parts is asked for.
    pub part: &'static str,
    /// When the delivery was first made, which is stored: with the event, as a rule. Times that must not lie ahead are drawn to
    /// this, so that every try says the same.
    pub made_at: i64,
    /// Now: what ages are measured by.
    pub now: i64,
}

/// An amount of money in major units. It is never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revenue<'a> {
    /// As the third party should count it: refunds are negative.
    pub amount: Decimal,
    /// ISO 4217, in upper case.
    pub currency: &'a str,
}

impl Revenue<'_> {
    /// Without its sign.
    pub fn magnitude(&self) -> Decimal {
        self.amount.abs()
    }

    /// As a JSON number with at most six decimals.
    pub fn number(&self) -> Amount {
        Amount(self.amount)
    }

    /// As text with at most six decimals and no sign: `10.5`, `10`.
    pub fn short_text(&self) -> String {
        let rounded = self
            .magnitude()
            .round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointAwayFromZero);
        rounded.normalize().to_string()
    }

    /// As text with exactly so many decimals; `None` where that is zero.
    pub fn text(&self, decimals: u32) -> Option<String> {
        let decimals = decimals.min(DECIMALS);
        let mut rounded = self
            .amount
            .round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
        rounded.rescale(decimals);
        (!rounded.is_zero()).then(|| rounded.to_string())
    }
}

impl<'a> Occasion<'a> {
    /// What happened.
    pub fn kind(&self) -> EventKind {
        self.event.kind
    }

    /// The name that the owner gave this event here. The pipeline has seen to it that there is one.
    pub fn event_name(&self) -> &'a str {
        self.settings.event_name(self.event.kind)
    }

    /// The event's business time, or that at which its delivery was made if it lies ahead.
    pub fn at_or_made(&self) -> i64 {
        self.event.at.min(self.made_at)
    }

    /// The same in seconds, as most third parties count.
    pub fn second(&self) -> i64 {
        self.at_or_made().div_euclid(SECOND)
    }

    /// Until when (microseconds) [`Self::second`] is no longer ago than so many seconds. It is what third parties are told,
    /// so it is what they judge an event's age by.
    pub fn taken_until(&self, oldest_seconds: i64) -> i64 {
        let end = self.second().saturating_add(oldest_seconds);
        end.saturating_mul(SECOND)
    }

    /// The properties of the event that are set, in their order; without the customer's IP address where the app keeps none
    /// now, whatever it kept when the event was made.
    pub fn properties(&self) -> impl Iterator<Item = (&'a str, &'a Property<'a>)> {
        let collects_ip = self.customer.app.collect_ip;
        let all = self.event.properties.set();
        all.filter(move |(name, _)| collects_ip || *name != "profile_ip_address")
    }

    /// The country of the customer: that which the event tells, else that which is known now.
    pub fn profile_country(&self) -> Option<&'a str> {
        let told = self.event.text("profile_country");
        told.or(self.customer.recipient.country)
    }

    /// The customer's IP address likewise, where the app keeps any now.
    pub fn profile_ip(&self) -> Option<&'a str> {
        let told = self.event.text("profile_ip_address");
        let told = told.filter(|_| self.customer.app.collect_ip);
        told.or(self.customer.recipient.ip)
    }

    /// An identifier, if it is set.
    pub fn identifier(&self, name: &str) -> Option<&'a str> {
        self.customer.recipient.identifiers.get(name)
    }

    /// The first of these identifiers that is set; without any the delivery waits.
    pub fn require(&self, identifiers: &'static [&'static str]) -> Result<&'a str, Skip> {
        let mut known = identifiers.iter().filter_map(|name| self.identifier(name));
        known.next().ok_or(Skip::Waiting {
            identifiers,
            until: None,
        })
    }

    /// `known`, or what `fallback` finds once the owner's `wait_for_identifier` is over. Meanwhile the delivery waits for one of
    /// the `better` identifiers, which `known` comes of; after that for one of `any`.
    pub fn or_later<T>(
        &self,
        known: Option<T>,
        better: &'static [&'static str],
        any: &'static [&'static str],
        fallback: impl FnOnce() -> Option<T>,
    ) -> Result<T, Skip> {
        let waits = self.settings.number("wait_for_identifier").unwrap_or_default();
        let until = self.event.created_at.saturating_add(waits.saturating_mul(SECOND));
        if let Some(known) = known {
            return Ok(known);
        }
        // A clock that was ahead may have made the event later than now: that is nothing to wait for.
        if waits > 0 && self.now < until {
            return Err(Skip::Waiting {
                identifiers: better,
                until: Some(until),
            });
        }
        fallback().ok_or(Skip::Waiting {
            identifiers: any,
            until: None,
        })
    }

    /// Who it is for a third party that takes any id: the identifier of its own; or else, as [`Self::or_later`] says, the owner's
    /// id of the customer, or the profile's. Of the first two only those that `is_valid`.
    pub fn distinct_id(
        &self,
        own: &'static [&'static str; 1],
        is_valid: impl Fn(&str) -> bool,
    ) -> Result<Cow<'a, str>, Skip> {
        let is_valid = |id: &&str| is_valid(id);
        let known = self.identifier(own[0]).filter(is_valid).map(Cow::Borrowed);
        self.or_later(known, own, own, || {
            let by_owner = self.customer_user_id_for_repeats().filter(is_valid);
            Some(by_owner.map_or_else(|| Cow::Owned(self.customer.profile_id()), Cow::Borrowed))
        })
    }

    /// The owner's id of the customer in place of a better one, for third parties that tell repeats by the customer too:
    /// that with which the event was made, so that an event which is sent again is the same customer's. Who has events
    /// wait for a better id means the one of now.
    fn customer_user_id_for_repeats(&self) -> Option<&'a str> {
        let waits = self.settings.number("wait_for_identifier").unwrap_or_default() > 0;
        if waits {
            self.customer.customer_user_id()
        } else {
            self.event.customer_user_id.as_deref()
        }
    }

    /// The platform that the event is told for, iOS or Android: by its store, else by the latest installation.
    pub fn mobile_platform(&self) -> Result<Mobile, Skip> {
        let of_store = Mobile::of_store(self.event.store());
        of_store
            .or_else(|| self.customer.mobile())
            .ok_or(Skip::UnknownPlatform)
    }

    /// As [`Self::mobile_platform`], where one of these identifiers is needed too: who has none yet has reported no
    /// installation yet either, as a rule, so the delivery waits for the identifier.
    pub fn platform_or_wait(&self, identifiers: &'static [&'static str]) -> Result<Mobile, Skip> {
        let unknown = |skip| self.require(identifiers).err().unwrap_or(skip);
        self.mobile_platform().map_err(unknown)
    }

    /// `production` or `sandbox`, as settings name them.
    pub fn environment(&self) -> &'static str {
        match self.event.environment() {
            Environment::Production => "production",
            Environment::Sandbox => "sandbox",
        }
    }

    /// The key of the event's environment and store, such as `api_keys.production.ios`: the name of the setting, which
    /// makes a good route.
    pub fn key_by_store(&self, table: &str) -> Result<String, Skip> {
        let store = match self.event.store() {
            "app_store" => "ios".to_owned(),
            "play_store" => "android".to_owned(),
            // A store of the owner's is not the platform's.
            own @ ("ios" | "android") => format!("other_{own}"),
            other => as_name(other),
        };
        let setting = [table, self.environment(), &store].join(".");
        self.settings.require(&setting)?;
        Ok(setting)
    }

    /// What the event earned or gave back, by the settings `revenue_mode`, `report_user_currency` and
    /// `send_trial_price`: only on the events that are money. `None` too where the amount is not known or zero.
    pub fn revenue(&self) -> Option<Revenue<'a>> {
        let (event, kind) = (self.event, self.event.kind);
        let (local, usd) = amounts(kind, self.settings)?;
        let (amount, currency) = if self.settings.is("report_user_currency") {
            (event.decimal(local)?, event.text("currency")?)
        } else {
            (event.decimal(usd)?, "USD")
        };
        let amount = if kind.is_refund() { -amount.abs() } else { amount };
        (!amount.is_zero()).then_some(Revenue { amount, currency })
    }
}

/// Is an event of this kind money by these settings?
pub fn is_money(kind: EventKind, settings: &Settings) -> bool {
    kind.has_revenue() || (kind == EventKind::TrialStarted && settings.is("send_trial_price"))
}

/// The names of the amount that an event of this kind earned or gave back, in the customer's currency and in US dollars; `None`
/// where it is no money.
fn amounts(kind: EventKind, settings: &Settings) -> Option<(&'static str, &'static str)> {
    is_money(kind, settings).then(|| match settings.text("revenue_mode") {
        // Nothing is paid at the start of a trial: what it will cost is the regular price.
        _ if kind == EventKind::TrialStarted => ("original_price_local", "original_price_usd"),
        Some("proceeds") => ("proceeds_local", "proceeds_usd"),
        Some("net") => ("net_revenue_local", "net_revenue_usd"),
        _ => ("price_local", "price_usd"),
    })
}

/// The currency of an event's amount that these settings want told in US dollars, and that cannot be, because no rate was
/// known.
pub fn currency_without_rate<'a>(event: &'a Told<'_>, settings: &Settings) -> Option<&'a str> {
    let (local, usd) = amounts(event.kind, settings)?;
    let wants_usd = settings.get("report_user_currency") == false;
    let is_lost = wants_usd && event.decimal(usd).is_none();
    let has_amount = event.decimal(local).is_some_and(|amount| !amount.is_zero());
    event.text("currency").filter(|_| is_lost && has_amount)
}
