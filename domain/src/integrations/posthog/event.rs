//! An event as PostHog takes it.

use serde::ser::{Serialize, SerializeMap, Serializer};
use uuid::Uuid;

use super::super::contract::occasion::Revenue;
use super::super::mapping::text::json;
use super::super::{Customer, Occasion, Skip};
use super::IDENTIFIERS;
use crate::time::format_time;

/// Ids that are mistakes, in any case of letters.
const INVALID_IDS: [&str; 10] = [
    "null",
    "undefined",
    "none",
    "nil",
    "NaN",
    "[object Object]",
    "0",
    "true",
    "false",
    "anonymous",
];

/// The event as JSON.
pub fn event(occasion: &Occasion<'_>) -> Result<String, Skip> {
    Ok(json(&Event {
        event: occasion.event_name(),
        distinct_id: &occasion.distinct_id(IDENTIFIERS, is_valid)?,
        timestamp: format_time(occasion.at_or_made()),
        uuid: occasion.event.id,
        properties: Properties {
            occasion,
            person: occasion
                .settings
                .is("send_user_attributes")
                .then(|| Person::of(occasion.customer))
                .filter(|person| *person != Person::default()),
            revenue: occasion.revenue(),
        },
    }))
}

fn is_valid(id: &str) -> bool {
    let id = id.trim();
    !id.is_empty() && !INVALID_IDS.iter().any(|invalid| invalid.eq_ignore_ascii_case(id))
}

#[derive(serde::Serialize)]
struct Event<'a> {
    event: &'a str,
    distinct_id: &'a str,
    timestamp: String,
    uuid: Uuid,
    properties: Properties<'a>,
}

/// What is set on the person.
#[derive(Default, PartialEq, serde::Serialize)]
struct Person<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birthday: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<&'a str>,
}

impl<'a> Person<'a> {
    fn of(customer: &Customer<'a>) -> Self {
        let known = |field| customer.person.text(field).filter(|text| !text.is_empty());
        Self {
            email: known("email"),
            first_name: known("first_name"),
            last_name: known("last_name"),
            birthday: known("birthday"),
            gender: known("gender"),
            os: customer.device().text("os"),
        }
    }
}

struct Properties<'a> {
    occasion: &'a Occasion<'a>,
    person: Option<Person<'a>>,
    revenue: Option<Revenue<'a>>,
}

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let customer = self.occasion.customer;
        let mut map = serializer.serialize_map(None)?;
        if let Some(person) = &self.person {
            map.serialize_entry("$set", person)?;
        }
        if let Some(timezone) = customer.device().text("timezone") {
            map.serialize_entry("timezone", timezone)?;
        }
        match self.occasion.profile_ip() {
            Some(ip) => {
                map.serialize_entry("ip_address", ip)?;
                map.serialize_entry("$ip", ip)?;
            }
            // Keeps PostHog from placing the customer where this server stands.
            None => map.serialize_entry("$geoip_disable", &true)?,
        }
        map.serialize_entry("$lib", "bursar")?;
        if let Some(revenue) = &self.revenue {
            map.serialize_entry("revenue", &revenue.number())?;
            map.serialize_entry("revenue_currency", revenue.currency)?;
        }
        for (name, value) in self.occasion.properties() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::INTEGRATION;
    use crate::events::EventKind;
    use crate::integrations::samples::{AT, Case, EVENT_ID, PROFILE_ID};

    fn case() -> Case {
        Case {
            settings: json!({"api_key": "phc_a"}),
            properties: json!({"profile_event_id": EVENT_ID, "store": "app_store", "price_usd": 9.99,
                "cohort_name": null}),
            customer_user_id: None,
            ..Case::of(&INTEGRATION)
        }
    }

    fn told(case: &Case) -> Value {
        case.body()["batch"][0].clone()
    }

    #[test]
    fn an_event_has_what_is_known_of_the_person() {
        let case = Case {
            identifiers: json!({"posthog_distinct_user_id": "ph-user-33"}),
            at: AT + 120_000,
            made_at: AT + 120_000,
            profile: json!({
                "email": "kim@example.org", "first_name": "Kim", "ip_v4_address": "203.0.113.7",
                "installation_meta": {"device_id": "d", "os": "iOS 18.1", "timezone": "Europe/Lisbon"}
            }),
            ..case()
        };
        assert_eq!(
            told(&case),
            json!({
                "event": "subscription_renewed", "distinct_id": "ph-user-33",
                "timestamp": "2025-03-14T09:26:53.120000+00:00", "uuid": EVENT_ID,
                "properties": {
                    "$set": {"email": "kim@example.org", "first_name": "Kim", "os": "iOS 18.1"},
                    "timezone": "Europe/Lisbon", "ip_address": "203.0.113.7", "$ip": "203.0.113.7",
                    "$lib": "bursar", "revenue": 9.99, "revenue_currency": "USD",
                    "profile_event_id": EVENT_ID, "store": "app_store", "price_usd": 9.99
                }
            })
        );
    }

    #[test]
    fn what_is_not_known_or_not_wanted_is_left_out() {
        let bare = told(&case());
        assert_eq!(bare["properties"]["$geoip_disable"], true);
        for name in ["$set", "timezone", "ip_address", "$ip", "cohort_name"] {
            assert_eq!(bare["properties"].get(name), None, "{name}");
        }
        let emptied = Case {
            profile: json!({"first_name": "", "phone_number": ""}),
            ..case()
        };
        assert_eq!(told(&emptied)["properties"].get("$set"), None);
        let private = Case {
            profile: json!({"email": "kim@example.org"}),
            settings: json!({"api_key": "phc_a", "send_user_attributes": false}),
            ..case()
        };
        assert_eq!(told(&private)["properties"].get("$set"), None);
    }

    #[test]
    fn the_best_id_that_is_no_mistake_is_the_users() {
        for (own, customer, expected) in [
            ("ph-1", "cust-7781", "ph-1"),
            ("[object Object]", " padded ", " padded "),
            ("  ", "cust-7781", "cust-7781"),
            ("None", "0", PROFILE_ID),
        ] {
            let case = Case {
                identifiers: json!({"posthog_distinct_user_id": own}),
                customer_user_id: Some(customer),
                ..case()
            };
            assert_eq!(told(&case)["distinct_id"], expected, "{own:?} {customer:?}");
        }
    }

    #[test]
    fn an_event_that_is_sent_again_after_a_login_is_the_same_for_who_tells_repeats() {
        let logged_in = Case {
            customer_user_id: Some("cust-7781"),
            told_customer: Some(None),
            ..case()
        };
        assert_eq!(told(&logged_in), told(&case()));
    }

    #[test]
    fn an_event_that_lies_ahead_has_the_time_of_the_first_try() {
        let early = Case {
            made_at: AT - 3_600_000_000,
            ..case()
        };
        assert_eq!(told(&early)["timestamp"], "2025-03-14T08:26:53+00:00");
    }

    #[test]
    fn refunds_are_negative_and_other_events_have_no_money() {
        let of = |kind| {
            told(&Case { kind, ..case() })["properties"]
                .get("revenue")
                .cloned()
        };
        assert_eq!(of(EventKind::SubscriptionRefunded), Some(json!(-9.99)));
        assert_eq!(of(EventKind::TrialStarted), None);
        assert_eq!(of(EventKind::SubscriptionExpired), None);
    }
}
