//! What AppMetrica counts as revenue: which events, of which type, how much.

use std::borrow::Cow;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value as Json, json};

use super::super::contract::occasion::is_money;
use super::super::settings::setting::{Shape, of_each_event, read_each_event};
use super::super::{Occasion, Problem, Settings, Skip};
use crate::events::EventKind;

/// The most decimals of a price.
const DECIMALS: u32 = 8;

/// The types that AppMetrica knows.
const TYPES: [&str; 12] = [
    "one_time_purchase",
    "trial_started",
    "intro_started",
    "promo_started",
    "subscription_converted",
    "subscription_started",
    "subscription_renewed",
    "cancellation",
    "uncancellation",
    "expired",
    "billing_issues",
    "refund",
];

/// The setting `revenue_event_types`: a type for each event; empty where the event is no revenue. For
/// `subscription_started` `null` is the default: its type is that of its offer.
pub const TYPES_SHAPE: Shape = Shape {
    default: || of_each_event(default_type),
    schema: || {
        let types: Vec<_> = [json!(""), Json::Null]
            .into_iter()
            .chain(TYPES.map(Json::from))
            .collect();
        let one = json!({ "enum": types });
        json!({"type": "object", "properties": of_each_event(|_| one.clone()), "additionalProperties": false})
    },
    read: read_types,
};

fn default_type(event: EventKind) -> Json {
    let name = match event {
        EventKind::SubscriptionStarted => return Json::Null,
        EventKind::SubscriptionRenewed => "subscription_renewed",
        EventKind::TrialConverted => "subscription_converted",
        EventKind::NonSubscriptionPurchase => "one_time_purchase",
        EventKind::SubscriptionRefunded | EventKind::NonSubscriptionPurchaseRefunded => "refund",
        EventKind::TrialStarted => "trial_started",
        _ => "",
    };
    json!(name)
}

/// `null` is the default.
fn read_types(value: &Json, problems: &mut Vec<Problem>) -> Json {
    read_each_event(value, (TYPES_SHAPE.default)(), problems, |name| match name {
        Json::Null => Ok(None),
        Json::String(text) if text.is_empty() || TYPES.contains(&text.as_str()) => Ok(Some(name.clone())),
        _ => Err(format!("must be empty, null or one of: {}", TYPES.join(", "))),
    })
}

/// Is an event of this kind told as revenue?
pub fn is_wanted(settings: &Settings, event: EventKind) -> bool {
    let is_priced = event != EventKind::TrialStarted || is_money(event, settings);
    settings.is("send_revenue_events")
        && is_priced
        && settings.get("revenue_event_types")[event.as_str()] != ""
}

/// The type of an event, if it is revenue.
pub fn type_of<'a>(occasion: &Occasion<'a>) -> Option<&'a str> {
    match &occasion.settings.get("revenue_event_types")[occasion.kind().as_str()] {
        Json::String(name) => Some(name.as_str()).filter(|name| !name.is_empty()),
        _ => Some(by_offer(occasion.event.text("store_offer_category"))),
    }
}

/// How a subscription began.
fn by_offer(category: Option<&str>) -> &'static str {
    match category {
        None => "subscription_started",
        Some("introductory") => "intro_started",
        Some(_) => "promo_started",
    }
}

/// The price as text and its currency. Refunds are negative; events that are no money cost nothing.
pub fn price<'a>(occasion: &Occasion<'a>) -> Result<(String, Cow<'a, str>), Skip> {
    if let Some(revenue) = occasion.revenue() {
        return Ok((decimal(revenue.amount), revenue.currency.into()));
    }
    if occasion.kind().has_revenue() || occasion.kind() == EventKind::TrialStarted {
        return Err(Skip::Other("no_amount"));
    }
    let local = occasion.event.text("currency");
    let currency = local.filter(|_| occasion.settings.is("report_user_currency"));
    Ok((decimal(Decimal::ZERO), currency.unwrap_or("USD").into()))
}

/// Without exponent and needless zeros.
fn decimal(amount: Decimal) -> String {
    let rounded = amount.round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointAwayFromZero);
    rounded.normalize().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_at_most_eight_decimals_and_no_exponent() {
        for (amount, text) in [
            ("9.990", "9.99"),
            ("10", "10"),
            ("0.00000012", "0.00000012"),
            ("-4.2415", "-4.2415"),
            ("1.123456789", "1.12345679"),
            ("1200000", "1200000"),
            ("0", "0"),
        ] {
            assert_eq!(decimal(amount.parse().unwrap()), text);
        }
    }

    #[test]
    fn types_are_those_of_the_list() {
        let said = json!({"subscription_expired": "expired", "subscription_started": null});
        let all = TYPES_SHAPE.checked(&said).unwrap();
        assert_eq!(
            (&all["subscription_expired"], &all["trial_expired"]),
            (&json!("expired"), &json!(""))
        );
        assert_eq!(all["subscription_started"], Json::Null);
        for wrong in [
            json!({"trial_expired": "gone"}),
            json!({"none": ""}),
            json!({"trial_expired": 1}),
            json!(7),
        ] {
            assert!(TYPES_SHAPE.checked(&wrong).is_err());
        }
    }
}
