//! What is as long as it may be stays within the limits, and what is as odd as it may be breaks nothing.

use std::sync::LazyLock;

use bursar_domain::events::EventKind;
use bursar_domain::integrations::{ALL, Answer, Integration, Judgement, Probe, Record, Sending, find};
use bursar_domain::profile::identifiers::NAMES;
use serde_json::{Map, Value, json};

use crate::scene::{
    Event, IDS, Known, encode, event_of, golden, holdings, profile, said, sendings, settings,
};

/// The longest identifier, text of a person and text of a device, in characters.
const IDENTIFIER: usize = 1_024;
const TEXT: usize = 255;
/// The most attributes, and the longest of these.
const ATTRIBUTES: usize = 30;
const ATTRIBUTE: usize = 50;

/// A customer of whom everything is as long as it may be.
static LONGEST: LazyLock<Known> = LazyLock::new(|| {
    let text = |length: usize| "é".repeat(length);
    let mut identifiers = Map::new();
    for name in NAMES {
        let id = match name {
            "one_signal_subscription_id" | "one_signal_player_id" => IDS[2].to_owned(),
            "appmetrica_device_id" => IDS[1].to_owned(),
            _ => text(IDENTIFIER),
        };
        identifiers.insert(name.to_owned(), id.into());
    }
    let attributes: Vec<Value> = (0..ATTRIBUTES)
        .map(|number| json!({"key": format!("{number:030}"), "value": text(ATTRIBUTE)}))
        .collect();
    let body = json!({
        "email": "ada@example.com", "phone_number": text(TEXT), "first_name": text(TEXT), "last_name": text(TEXT),
        "gender": "f", "birthday": "1990-12-10", "ip_country": "DE",
        "ip_v4_address": "203.100.100.207", "att_status": 3, "custom_attributes": attributes,
        "installation_meta": {
            "device_id": text(TEXT), "device": text(TEXT), "os": text(TEXT), "platform": "iOS", "locale": text(TEXT),
            "timezone": text(TEXT), "user_agent": text(TEXT), "app_version": text(TEXT), "app_build": text(TEXT),
            "idfa": text(TEXT), "idfv": text(TEXT), "advertising_id": text(TEXT), "android_id": text(TEXT)
        }
    });
    profile(&Value::Object(identifiers), &body, Some("c"))
});

/// The golden event of a kind, each text among its properties changed.
fn changed(kind: EventKind, change: impl Fn(&str) -> Value) -> Event {
    let mut payload = golden(kind);
    let properties = payload["event_properties"].as_object_mut().unwrap();
    for (name, value) in properties
        .iter_mut()
        .filter(|(name, _)| *name != "profile_event_id")
    {
        *value = change(name);
    }
    event_of(kind, &payload, "app_store", "Production")
}

/// The golden event of a kind with the longest texts.
fn longest(kind: EventKind) -> Event {
    let golden = golden(kind);
    let is_short = |name: &str, text: &str| {
        name.ends_with("_date") || name.ends_with("_at") || name.ends_with("country") || text.len() <= 3
    };
    changed(kind, |name| match golden["event_properties"][name].as_str() {
        Some(text) if !is_short(name, text) && name != "event_datetime" => json!("é".repeat(IDENTIFIER)),
        _ => golden["event_properties"][name].clone(),
    })
}

fn kinds(integration: &Integration) -> impl Iterator<Item = EventKind> {
    let takes = integration.takes;
    EventKind::ALL.iter().copied().filter(move |kind| takes(*kind))
}

#[test]
fn requests_of_the_longest_texts_and_of_as_many_events_as_may_be_stay_within_the_limits() {
    for integration in ALL {
        let slug = integration.slug;
        let settings = settings(integration, &said(integration));
        let limits = integration.limits;
        let most_bytes = limits.request_bytes.map_or(usize::MAX, |bytes| bytes as usize);
        let mut told = 0;
        for kind in kinds(integration) {
            let event = longest(kind);
            for part in integration.parts {
                let record = match encode(integration, &settings, part, &event, &LONGEST) {
                    Ok(record) => record,
                    // One says itself that it is too much; others skip what they are not asked for.
                    Err(_) => continue,
                };
                told += 1;
                // As the server puts them together: less than nine tenths of the bytes.
                let room = most_bytes / 10 * 9 / record.body.len().max(1);
                let count = part.most_records(&settings, &limits).min(room).max(1);
                let records = vec![record; count];
                for sending in sendings(&settings, part, &records) {
                    let bytes = (integration.request)(&sending).body.len();
                    assert!(bytes <= most_bytes, "{slug}: {bytes} bytes of {count} events");
                }
            }
        }
        assert!(told > 0 || slug == "appsflyer", "{slug} tells nothing");
    }
}

/// Google drops an event whose values are longer, and says nothing.
#[test]
fn texts_are_cut_to_what_google_takes() {
    let integration = find("firebase_ga4").unwrap();
    let settings = settings(integration, &said(integration));
    let long: &str = "é".repeat(200).leak();
    let (mut profile, details) = LONGEST.clone();
    profile.holdings = holdings(long);
    let mut payload = golden(EventKind::SubscriptionRenewed);
    for name in ["vendor_product_id", "transaction_id", "original_transaction_id"] {
        payload["event_properties"][name] = json!(long);
    }
    let event = event_of(EventKind::SubscriptionRenewed, &payload, long, "Production");
    let record = encode(
        integration,
        &settings,
        &integration.parts[0],
        &event,
        &(profile, details),
    )
    .unwrap();
    let body: Value = serde_json::from_str(&record.body).unwrap();
    let length = |value: &Value| value.as_str().unwrap().chars().count();
    let of_user = &body["user_properties"]["subscription_product_id"]["value"];
    assert_eq!(length(of_user), 36);
    let params = &body["events"][0]["params"];
    for name in [
        "affiliation",
        "product_id",
        "transaction_id",
        "original_transaction_id",
    ] {
        assert_eq!(length(&params[name]), 100, "{name}");
    }
    for name in ["affiliation", "item_id", "item_name"] {
        assert_eq!(length(&params["items"][0][name]), 100, "{name}");
    }
}

/// Texts that nobody expects, and what is no text.
fn odd_values() -> Vec<Value> {
    vec![
        json!(""),
        json!(" "),
        json!("\u{0}\u{1}\u{7f}"),
        json!("\u{feff}\u{202e}🦀🏳️‍🌈e\u{301}"),
        json!("\"\\\n\r\t</script>&=+%00%"),
        json!("-9223372036854775809"),
        json!("9999-12-31T23:59:59.999999+0000"),
        json!("0001-01-01T00:00:00.000000+0000"),
        json!("x".repeat(5_000)),
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(1e300),
        json!(-1e-300),
        serde_json::from_str("79228162514264337593543950335").unwrap(),
    ]
}

#[test]
fn odd_events_and_customers_break_nothing() {
    let texts: Vec<String> = odd_values()
        .iter()
        .filter_map(|odd| Some(odd.as_str()?.to_owned()))
        .collect();
    let texts = texts
        .iter()
        .filter(|text| (1..=TEXT).contains(&text.chars().count()));
    let customers: Vec<Known> = texts
        .map(|text| {
            let identifiers: Map<String, Value> = NAMES
                .into_iter()
                .map(|name| (name.to_owned(), json!(text)))
                .collect();
            let meta = json!({"device_id": "d", "device": text, "os": text, "platform": text, "locale": text,
                "timezone": text, "idfa": text, "idfv": text, "android_id": text, "user_agent": text});
            let body = json!({"first_name": text, "installation_meta": meta,
                "custom_attributes": [{"key": "odd", "value": text}]});
            profile(&Value::Object(identifiers), &body, Some("c"))
        })
        .collect();
    assert!(customers.len() > 3);
    for (kind, (place, odd)) in EventKind::ALL
        .iter()
        .flat_map(|kind| odd_values().into_iter().enumerate().map(move |odd| (*kind, odd)))
    {
        let event = changed(kind, |_| odd.clone());
        let customer = &customers[place % customers.len()];
        // Of kinds that it does not take as well.
        for integration in ALL {
            let settings = settings(integration, &said(integration));
            for part in integration.parts {
                let Ok(record) = encode(integration, &settings, part, &event, customer) else {
                    continue;
                };
                for sending in sendings(&settings, part, std::slice::from_ref(&record)) {
                    let url = (integration.request)(&sending).url;
                    assert!(url.is_ascii() && !url.contains(' '), "{url}");
                }
            }
        }
    }
}

/// Bodies that no documentation shows.
fn odd_bodies() -> Vec<String> {
    let mut bodies: Vec<String> = [
        "\u{0}",
        "\u{feff}{}",
        "[[[[",
        "{\"",
        "\"error\"",
        "1e999",
        "-0",
        "<?xml?>",
        "OK",
        "null null",
    ]
    .map(str::to_owned)
    .to_vec();
    bodies.push("[".repeat(20_000));
    bodies.push("é".repeat(64 << 10));
    let names = [
        "error",
        "errors",
        "code",
        "status",
        "status_code",
        "success",
        "identity",
        "missing_field",
        "silenced_events",
        "throttled_events",
        "events_with_invalid_fields",
        "exceeded_daily_quota_users",
        "quota_limited",
        "ingested",
        "failed_records",
        "num_records_imported",
        "validationMessages",
        "message",
        "fbtrace_id",
    ];
    let values = [
        "null",
        "true",
        "-1",
        "1e99",
        "18446744073709551616",
        "\"\"",
        "\"400\"",
        "[]",
        "[-1,1e99,\"x\",null,0]",
        "{}",
        "{\"a\":[0,99]}",
        "{\"code\":\"x\",\"error_subcode\":{}}",
        "[{\"index\":-1}]",
        "[[[]]]",
    ];
    for name in names {
        bodies.extend(values.map(|value| format!("{{\"{name}\":{value}}}")));
    }
    bodies
}

#[test]
fn odd_answers_break_nothing() {
    const STATUSES: [u16; 12] = [100, 200, 202, 204, 302, 400, 401, 404, 413, 429, 500, 599];
    let bodies = odd_bodies();
    for integration in ALL {
        let settings = settings(integration, &said(integration));
        let record = Record {
            route: String::new(),
            body: "{".into(),
        };
        for (status, body) in STATUSES
            .iter()
            .flat_map(|status| bodies.iter().map(move |body| (*status, body)))
        {
            let answer = Answer {
                status,
                body: body.clone(),
            };
            match integration.probe {
                Probe::Requests(_, judge) | Probe::Handshake(_, judge) => drop(judge(Some(&answer))),
                Probe::MarkedEventOfNobody(is_of_nobody) => {
                    is_of_nobody(&answer);
                }
                Probe::MarkedEvent => {}
            }
            for part in integration.parts {
                if let Some(learns) = part.learns {
                    assert_eq!(learns(&answer), None, "{}: {body}", integration.slug);
                }
                let count = part.most_records(&settings, &integration.limits).min(2);
                let records = vec![record.clone(); count];
                for (step, sending) in
                    (0..3).flat_map(|step| sendings(&settings, part, &records).map(move |one| (step, one)))
                {
                    let sending = Sending { step, ..sending };
                    if let Judgement::Verdicts(verdicts) = (integration.judge)(&sending, Some(&answer)) {
                        assert_eq!(verdicts.len(), count, "{}: {status} {body}", integration.slug);
                    }
                }
            }
        }
    }
}
