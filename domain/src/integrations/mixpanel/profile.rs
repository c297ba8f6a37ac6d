//! The second call, the state of the user's profile, and the third, an amount that is added to it.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::super::mapping::text::json;
use super::super::{Occasion, Skip};
use crate::events::wire::Amount;
use crate::time::format_time;

/// What is told of a profile under names of ours: the owner's attributes cannot have these.
const OWN: [&str; 3] = [
    "subscription_state",
    "subscription_product_id",
    "profile_total_revenue_usd",
];

#[derive(Serialize)]
struct Update<'a> {
    #[serde(rename = "$distinct_id")]
    distinct_id: &'a str,
    #[serde(rename = "$ip")]
    ip: &'static str,
    #[serde(rename = "$set", skip_serializing_if = "Option::is_none")]
    set: Option<State<'a>>,
    #[serde(rename = "$append", skip_serializing_if = "Option::is_none")]
    append: Option<Append>,
}

impl<'a> Update<'a> {
    fn of(distinct_id: &'a str) -> Self {
        Self {
            distinct_id,
            // Keeps Mixpanel from placing the customer where this server stands.
            ip: "0",
            set: None,
            append: None,
        }
    }
}

#[derive(Serialize)]
struct Append {
    #[serde(rename = "$transactions")]
    transactions: Transaction,
}

#[derive(Serialize)]
struct Transaction {
    #[serde(rename = "$time")]
    time: String,
    #[serde(rename = "$amount")]
    amount: Amount,
}

/// The state of the profile as JSON, still without the token.
pub fn state(occasion: &Occasion<'_>, distinct_id: &str) -> String {
    json(&Update {
        set: Some(State(occasion)),
        ..Update::of(distinct_id)
    })
}

/// What the event earned or gave back as JSON, still without the token.
pub fn transaction(occasion: &Occasion<'_>, distinct_id: &str) -> Result<String, Skip> {
    let revenue = occasion.revenue().ok_or(Skip::Other("no_amount"))?;
    Ok(json(&Update {
        append: Some(Append {
            transactions: Transaction {
                time: format_time(occasion.at_or_made()),
                amount: revenue.number(),
            },
        }),
        ..Update::of(distinct_id)
    }))
}

struct State<'a>(&'a Occasion<'a>);

impl Serialize for State<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(occasion) = self;
        let subscription = occasion.customer.subscription();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(OWN[0], subscription.state)?;
        if let Some(product) = subscription.product_id {
            map.serialize_entry(OWN[1], product)?;
        }
        if occasion.settings.text("profile_revenue") == Some("total") {
            // As of now: the event may be an old one that is sent again.
            let total = occasion.customer.recipient.total_revenue_usd;
            map.serialize_entry(OWN[2], &Amount(total))?;
        }
        if occasion.settings.is("send_user_attributes") {
            let attributes = occasion.customer.recipient.attributes.iter();
            for (name, value) in attributes.filter(|(name, _)| !OWN.contains(name)) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use serde_json::{Value, json};

    use super::super::{INTEGRATION, PROFILE, TRANSACTION};
    use super::*;
    use crate::events::EventKind;
    use crate::integrations::samples::Case;

    fn case(part: &'static str, profile_revenue: &str) -> Case {
        let said = json!({
            "tokens": {"production": {"ios": "mp-ios"}}, "profile_revenue": profile_revenue,
            "send_user_attributes": true
        });
        let attributes = json!([
            {"key": "plan", "value": "gold"}, {"key": "subscription_state", "value": "of the owner"},
            {"key": "subscription_product_id", "value": "x"}, {"key": "profile_total_revenue_usd", "value": 1}
        ]);
        Case {
            part,
            settings: said,
            profile: json!({"custom_attributes": attributes}),
            total_revenue_usd: Decimal::new(1_998, 2),
            ..Case::of(&INTEGRATION)
        }
    }

    fn update(operation: &str, value: &Value) -> Value {
        json!([{"$token": "mp-ios", "$distinct_id": "cust-7781", "$ip": "0", operation: value}])
    }

    #[test]
    fn the_profile_gets_its_state_and_what_was_paid() {
        let request = case(PROFILE, "total").request();
        assert_eq!(request.url, "https://api.mixpanel.com/engage?ip=0&verbose=1");
        assert!(request.headers.iter().all(|(name, _)| *name != "authorization"));
        let state = json!({
            "subscription_state": "never_subscribed", "profile_total_revenue_usd": 19.98, "plan": "gold"
        });
        assert_eq!(case(PROFILE, "total").body(), update("$set", &state));
        let state = json!({"subscription_state": "never_subscribed", "plan": "gold"});
        for other in ["off", "transactions"] {
            assert_eq!(case(PROFILE, other).body(), update("$set", &state), "{other}");
        }
    }

    #[test]
    fn an_old_event_that_is_sent_again_does_not_set_the_total_back() {
        let replayed = case(PROFILE, "total").with("profile_total_revenue_usd", 4.99);
        assert_eq!(replayed.body()[0]["$set"]["profile_total_revenue_usd"], 19.98);
    }

    #[test]
    fn an_amount_is_appended_in_an_update_of_its_own() {
        let amount = json!({"$transactions": {"$time": "2025-03-14T09:26:53+00:00", "$amount": 12.49}});
        assert_eq!(
            case(TRANSACTION, "transactions").body(),
            update("$append", &amount)
        );
        let refund = Case {
            kind: EventKind::SubscriptionRefunded,
            ..case(TRANSACTION, "transactions")
        };
        let amount = &refund.body()[0]["$append"]["$transactions"]["$amount"];
        assert_eq!(*amount, json!(-12.49));
    }

    #[test]
    fn without_money_there_is_nothing_to_append() {
        let expired = Case {
            kind: EventKind::SubscriptionExpired,
            ..case(TRANSACTION, "transactions")
        };
        assert_eq!(expired.record(), Err(Skip::Other("no_amount")));
    }
}
