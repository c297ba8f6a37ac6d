//! Records as requests: here the key comes in.

use serde::Deserialize;

use super::super::mapping::text::{json, list};
use super::super::{Record, Request, Sending, Settings};
use crate::time::{HOUR, parse_time};

const US: &str = "https://us.i.posthog.com";
const EU: &str = "https://eu.i.posthog.com";
/// From this age on an event goes where backfills go, so that it does not delay those of today; microseconds.
const HISTORICAL: i64 = 48 * HOUR;

/// Records of one key and age as a request.
pub fn request(sending: &Sending<'_>) -> Request {
    let settings = sending.settings;
    let route = &sending.records[0].route;
    // The project for test purchases may be gone since the first try: then they go to the other one.
    let key = settings.text(route).or_else(|| settings.text("api_key"));
    // One may have become so since the request was put together.
    let mut records = sending.records.iter();
    let is_historical = records.all(|record| is_historical(record, sending.now));
    let body = format!(
        "{{\"api_key\":{},\"historical_migration\":{is_historical},\"batch\":{}}}",
        json(&key.unwrap_or_default()),
        list(sending.records, |event| event)
    );
    Request::post_json(settings.address(host(settings), "/batch/"), body)
}

/// Is an event so old when it is sent? Also one that was young at its first try.
pub fn is_historical(record: &Record, now: i64) -> bool {
    #[derive(Deserialize)]
    struct Dated<'a> {
        timestamp: &'a str,
    }
    let dated = serde_json::from_str(&record.body).ok();
    let at = dated.and_then(|Dated { timestamp }| parse_time(timestamp));
    at.is_some_and(|at| now - at > HISTORICAL)
}

/// Where events are taken in.
fn host(settings: &Settings) -> &str {
    match settings.text("deployment") {
        Some("eu") => EU,
        Some("custom") => own_host(settings.text("instance_url").unwrap_or_default()),
        _ => US,
    }
}

/// The owner's address; who gives that of a cloud's website means the host that takes its events.
fn own_host(url: &str) -> &str {
    match url.trim_end_matches('/') {
        "https://app.posthog.com" | "https://us.posthog.com" => US,
        "https://eu.posthog.com" => EU,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::INTEGRATION;
    use super::*;
    use crate::integrations::samples::{AT, Case, sending};

    fn case(settings: &Value) -> Case {
        let mut said = json!({"api_key": "phc_a"});
        for (name, value) in settings.as_object().unwrap() {
            said[name] = value.clone();
        }
        Case {
            settings: said,
            ..Case::of(&INTEGRATION)
        }
    }

    #[test]
    fn events_go_to_the_cloud_or_the_owners_server() {
        let custom = |url: &str| json!({"deployment": "custom", "instance_url": url});
        for (settings, base) in [
            (json!({}), US),
            (json!({"deployment": "eu"}), EU),
            (custom("https://ph.example/"), "https://ph.example"),
            (
                custom("https://example.com/ingest/"),
                "https://example.com/ingest",
            ),
            (custom("https://app.posthog.com"), US),
            (custom("https://us.posthog.com/"), US),
            (custom("https://eu.posthog.com"), EU),
            (json!({"base_url": "http://localhost:1"}), "http://localhost:1"),
        ] {
            assert_eq!(
                case(&settings).request().url,
                format!("{base}/batch/"),
                "{settings}"
            );
        }
    }

    #[test]
    fn an_event_of_more_than_48_hours_is_historical_when_it_is_sent() {
        for (age, is_historical) in [(0, false), (48 * HOUR, false), (48 * HOUR + 1, true)] {
            let case = Case {
                now: AT + age,
                ..case(&json!({}))
            };
            assert_eq!(case.body()["historical_migration"], is_historical, "{age}");
        }
    }

    #[test]
    fn old_events_share_no_request_with_new_ones() {
        let settings = json!({"sandbox_api_key": "phc_b"});
        let travels = |age, environment: &str| {
            let case = Case {
                now: AT + age,
                ..case(&settings).with("environment", environment)
            };
            let record = case.record().unwrap();
            let is_apart = INTEGRATION.parts[0].is_apart(&record, case.now);
            (record.route, is_apart)
        };
        assert_eq!(travels(HISTORICAL, "Production"), ("api_key".into(), false));
        assert_eq!(travels(HISTORICAL + 1, "Production"), ("api_key".into(), true));
        assert_eq!(
            travels(HISTORICAL + 1, "Sandbox"),
            ("sandbox_api_key".into(), true)
        );
        // One may become old among others while the request is under way: they are not told as old then.
        let record = case(&settings).record().unwrap();
        let young = Record {
            body: record.body.replace("2025-03-14", "2025-03-16"),
            ..record.clone()
        };
        let request = |records: &[Record]| {
            let sending = Sending {
                records,
                part: "",
                settings: &case(&settings).settings(),
                step: 0,
                learned: None,
                now: AT + HISTORICAL + 1,
            };
            super::request(&sending)
                .body
                .contains("\"historical_migration\":true")
        };
        assert!(request(std::slice::from_ref(&record)) && !request(&[record, young]));
    }

    #[test]
    fn a_test_purchase_whose_project_is_gone_goes_to_the_other_one() {
        let body = r#"{"timestamp":"2025-03-14T09:26:53.000000+0000"}"#;
        let one = sending(&INTEGRATION, 1).on("sandbox_api_key").with(&[body]);
        let request = one.under(case(&json!({})).settings()).request();
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["api_key"], "phc_a");
    }

    #[test]
    fn the_key_is_in_the_body_and_no_time_of_sending() {
        let request = case(&json!({})).request();
        assert_eq!(request.headers, [("content-type", "application/json".into())]);
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!((&body["api_key"], body.get("sent_at")), (&json!("phc_a"), None));
    }
}
