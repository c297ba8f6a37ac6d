//! The parameters of an event: flat, but for `items`.

use rust_decimal::Decimal;
use serde::Serialize;
use uuid::Uuid;

use super::super::Occasion;
use super::super::contract::occasion::Revenue;
use super::super::mapping::text::cut;
use crate::events::EventKind;
use crate::events::wire::Amount;

#[derive(Serialize)]
pub struct Params<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Amount>,
    affiliation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    event_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<[Item<'a>; 1]>,
}

#[derive(Serialize)]
struct Item<'a> {
    item_id: &'a str,
    item_name: &'a str,
    affiliation: &'a str,
    price: Amount,
    quantity: u8,
}

impl<'a> Params<'a> {
    /// What is known of an event that earned or gave back so much.
    pub fn new(occasion: &Occasion<'a>, revenue: Option<&'a Revenue<'a>>) -> Self {
        /// Longer values are refused.
        const MAX_VALUE: usize = 100;
        let event = occasion.event;
        let text = |name| event.text(name).map(|text| cut(text, MAX_VALUE));
        let store = cut(event.store(), MAX_VALUE);
        let product_id = text("vendor_product_id");
        // Google counts refunds as positive numbers.
        let value = revenue.map(|revenue| Amount(revenue.magnitude()));
        let item = |(product, price)| Item {
            item_id: product,
            item_name: product,
            affiliation: store,
            price,
            quantity: 1,
        };
        Self {
            transaction_id: text("transaction_id"),
            currency: revenue.map(|revenue| revenue.currency),
            value,
            affiliation: store,
            product_id,
            original_transaction_id: text("original_transaction_id"),
            environment: text("environment"),
            event_id: event.id,
            items: product_id.zip(value).map(|known| [item(known)]),
        }
    }
}

/// The event's money; of a trial's price the part that the owner says.
pub fn revenue<'a>(occasion: &Occasion<'a>) -> Option<Revenue<'a>> {
    let revenue = occasion.revenue()?;
    if occasion.kind() != EventKind::TrialStarted {
        return Some(revenue);
    }
    let percentage = occasion.settings.number("trial_price_percentage");
    // As a part of the whole, which no amount is too large for.
    let part = percentage.map_or(Decimal::ONE, |percentage| Decimal::new(percentage, 2));
    let amount = revenue.amount * part;
    (!amount.is_zero()).then_some(Revenue { amount, ..revenue })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::INTEGRATION;
    use super::*;
    use crate::integrations::samples::Case;

    fn case(kind: EventKind, more: Value) -> Case {
        let mut settings = json!({"firebase_app_ids": {"ios": "a"}, "api_secrets": {"ios": "b"}});
        for (name, value) in more.as_object().unwrap() {
            settings[name] = value.clone();
        }
        Case {
            settings,
            kind,
            identifiers: json!({"firebase_app_instance_id": "0f"}),
            ..Case::of(&INTEGRATION)
        }
    }

    fn params(case: &Case) -> Value {
        case.body()["events"][0]["params"].clone()
    }

    #[test]
    fn refunds_are_positive() {
        let refund = case(EventKind::SubscriptionRefunded, json!({})).with("price_usd", -12.49);
        let params = params(&refund);
        assert_eq!(
            (&params["value"], &params["items"][0]["price"]),
            (&json!(12.49), &json!(12.49))
        );
    }

    #[test]
    fn a_trial_has_a_price_where_the_owner_says_so_and_so_much_of_it() {
        let price = |settings| {
            let params = params(&case(EventKind::TrialStarted, settings));
            (params["value"].clone(), params["currency"].clone())
        };
        assert_eq!(price(json!({})), (Value::Null, Value::Null));
        assert_eq!(
            price(json!({"send_trial_price": true})),
            (json!(12.49), json!("USD"))
        );
        let half =
            json!({"send_trial_price": true, "trial_price_percentage": 50, "report_user_currency": true});
        assert_eq!(price(half), (json!(64.5), json!("SEK")));
        let nothing = json!({"send_trial_price": true, "trial_price_percentage": 0});
        assert_eq!(price(nothing), (Value::Null, Value::Null));
        let dear = case(
            EventKind::TrialStarted,
            json!({"send_trial_price": true, "trial_price_percentage": 50}),
        )
        .with("original_price_usd", 7e28);
        assert_eq!(params(&dear)["value"], 3.5e28);
        let other = params(&case(
            EventKind::SubscriptionStarted,
            json!({"trial_price_percentage": 50}),
        ));
        assert_eq!(other["value"], 12.49);
    }

    #[test]
    fn without_an_amount_there_is_neither_a_currency_nor_an_item() {
        for case in [
            case(EventKind::SubscriptionRenewed, json!({})).with("price_usd", Value::Null),
            case(EventKind::SubscriptionRenewed, json!({})).with("price_usd", 0.0),
            case(EventKind::SubscriptionExpired, json!({})),
        ] {
            let params = params(&case);
            assert!(params.get("value").is_none() && params.get("currency").is_none());
            assert!(params.get("items").is_none() && params["product_id"] == "aurora.pro.monthly");
        }
    }

    #[test]
    fn long_values_are_cut_on_a_character() {
        let long = "é".repeat(120);
        let params =
            params(&case(EventKind::SubscriptionRenewed, json!({})).with("vendor_product_id", long.as_str()));
        for value in [&params["product_id"], &params["items"][0]["item_id"]] {
            assert_eq!(value.as_str().unwrap().chars().count(), 100);
        }
    }
}
