//! The first call: the event.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::super::contract::occasion::Revenue;
use super::super::mapping::text::json;
use super::super::{Occasion, Skip};
use super::uses_track;
use crate::time::{DAY, SECOND};

/// How old an event may be for `/track`.
pub const OLDEST_TRACKED_SECONDS: i64 = 5 * DAY / SECOND;
/// Longer texts are cut there; we cut them first.
const MAX_TEXT: usize = 255;

/// The event as JSON; `/track` gets the token among the properties later.
pub fn event(occasion: &Occasion<'_>, distinct_id: &str) -> Result<String, Skip> {
    if uses_track(occasion.settings) && occasion.now > occasion.taken_until(OLDEST_TRACKED_SECONDS) {
        return Err(Skip::TooOld);
    }
    Ok(json(&Event {
        event: occasion.event_name(),
        properties: Properties {
            occasion,
            distinct_id,
            revenue: occasion.revenue(),
        },
    }))
}

#[derive(serde::Serialize)]
struct Event<'a> {
    event: &'a str,
    properties: Properties<'a>,
}

struct Properties<'a> {
    occasion: &'a Occasion<'a>,
    distinct_id: &'a str,
    revenue: Option<Revenue<'a>>,
}

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("time", &self.occasion.second())?;
        map.serialize_entry("distinct_id", self.distinct_id)?;
        map.serialize_entry("$insert_id", &self.occasion.event.id)?;
        // Keeps Mixpanel from placing the customer where this server stands.
        map.serialize_entry("ip", &0)?;
        if let Some(revenue) = &self.revenue {
            map.serialize_entry("revenue", &revenue.number())?;
            map.serialize_entry("revenue_currency", revenue.currency)?;
        }
        for (name, value) in self.occasion.properties() {
            map.serialize_entry(name, &value.cut(MAX_TEXT))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::INTEGRATION;
    use super::*;
    use crate::events::EventKind;
    use crate::integrations::samples::{AT, Case, EVENT_ID};

    fn case(settings: &Value) -> Case {
        let mut said = json!({"tokens": {"production": {"ios": "mp-eu-ios"}}, "data_residency": "eu"});
        for (name, value) in settings.as_object().unwrap() {
            said[name] = value.clone();
        }
        Case {
            settings: said,
            ..Case::of(&INTEGRATION)
        }
    }

    fn properties(case: &Case) -> Value {
        case.body()[0]["properties"].clone()
    }

    #[test]
    fn an_event_is_imported_with_the_token_as_the_user() {
        let renewal = Case {
            properties: json!({"profile_event_id": EVENT_ID, "store": "app_store", "environment": "Production",
                "vendor_product_id": "gold.yearly", "currency": "EUR", "price_usd": 9.99, "cohort_name": null}),
            ..case(&json!({}))
        };
        let request = renewal.request();
        assert_eq!(request.url, "https://api-eu.mixpanel.com/import?strict=1");
        let authorization = ("authorization", "Basic bXAtZXUtaW9zOg==".into());
        assert!(request.headers.contains(&authorization), "{request:?}");
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(
            body,
            json!([{"event": "subscription_renewed", "properties": {
                "time": 1_741_944_413, "distinct_id": "cust-7781", "$insert_id": EVENT_ID, "ip": 0,
                "revenue": 9.99, "revenue_currency": "USD",
                "profile_event_id": EVENT_ID, "store": "app_store", "environment": "Production",
                "vendor_product_id": "gold.yearly", "currency": "EUR", "price_usd": 9.99
            }}])
        );
    }

    #[test]
    fn a_tracked_event_has_the_token_among_its_properties() {
        let tracked = case(&json!({"ingestion": "track"}));
        let request = tracked.request();
        assert_eq!(request.url, "https://api-eu.mixpanel.com/track?ip=0&verbose=1");
        assert!(request.headers.iter().all(|(name, _)| *name != "authorization"));
        let mut expected = properties(&case(&json!({})));
        expected["token"] = json!("mp-eu-ios");
        assert_eq!(properties(&tracked), expected);
    }

    #[test]
    fn an_old_event_can_be_imported_but_not_tracked() {
        let five_days = 5 * 24 * 60 * 60 * SECOND;
        let after = |ingestion: &str, age: i64| {
            let case = Case {
                now: AT + age,
                ..case(&json!({"ingestion": ingestion}))
            };
            case.record().map(|_| ())
        };
        assert_eq!(after("track", five_days), Ok(()));
        assert_eq!(after("track", five_days + SECOND), Err(Skip::TooOld));
        assert_eq!(after("import", 1_000 * five_days), Ok(()));
    }

    #[test]
    fn the_age_is_that_of_the_time_that_is_told() {
        let is_told = |at: i64, made_at: i64, now: i64| {
            case(&json!({"ingestion": "track"}))
                .told(at, made_at, now)
                .record()
                .is_ok()
        };
        // Told without its fraction of a second.
        assert!(is_told(AT + 900_000, AT + 900_000, AT + 5 * DAY));
        assert!(!is_told(AT + 900_000, AT + 900_000, AT + 5 * DAY + 120_000));
        // What lies ahead is told with the time at which it was made.
        assert!(is_told(AT + 30 * DAY, AT, AT + 5 * DAY));
        assert!(!is_told(AT + 30 * DAY, AT, AT + 5 * DAY + 1));
    }

    #[test]
    fn an_event_that_is_sent_again_after_a_login_is_the_same_for_who_tells_repeats() {
        let anonymous = case(&json!({}));
        let anonymous = Case {
            customer_user_id: None,
            ..anonymous
        };
        let logged_in = Case {
            customer_user_id: Some("cust-7781"),
            told_customer: Some(None),
            ..anonymous.clone()
        };
        assert_eq!(logged_in.body(), anonymous.body());
        // Who waits for better ids means those that came.
        let waits = Case {
            settings: case(&json!({"wait_for_identifier": 60})).settings,
            now: AT + 60 * SECOND,
            ..logged_in
        };
        assert_eq!(properties(&waits)["distinct_id"], "cust-7781");
    }

    #[test]
    fn an_event_that_lies_ahead_has_the_time_of_the_first_try() {
        let early = Case {
            made_at: AT - 3_600 * SECOND,
            now: AT + 60 * SECOND,
            ..case(&json!({}))
        };
        assert_eq!(properties(&early)["time"], 1_741_940_813);
    }

    #[test]
    fn money_is_on_the_events_that_are_money() {
        let local = json!({"revenue_mode": "net", "report_user_currency": true});
        let refund = Case {
            kind: EventKind::SubscriptionRefunded,
            ..case(&local)
                .with("net_revenue_local", -7.5)
                .with("currency", "EUR")
        };
        let told = properties(&refund);
        assert_eq!(
            (&told["revenue"], &told["revenue_currency"]),
            (&json!(-7.5), &json!("EUR"))
        );
        let expired = Case {
            kind: EventKind::SubscriptionExpired,
            ..case(&json!({}))
        };
        assert_eq!(properties(&expired).get("revenue"), None);
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let long = case(&json!({})).with("paywall_name", "é".repeat(300));
        assert_eq!(properties(&long)["paywall_name"], "é".repeat(255));
    }
}
