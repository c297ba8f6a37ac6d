//! A request is about one device: what several tell is never mixed.

use bursar_domain::integrations::{ALL, Integration, Part, Request};
use bursar_domain::json::Object;
use bursar_domain::profile::ProfileChanges;
use serde_json::{Value, json};

use crate::readable::decode;
use crate::scene::{Event, Known, PROFILES, encode, events, said, sendings, settings};

/// What the device of the full profile tells of itself.
const OLDER: [&str; 8] = [
    "iPhone15,2",
    "18.3",
    "de_DE",
    "Europe/Berlin",
    "Example/1.0",
    "4.2.0",
    "b5a1c2d3-0000-4000-8000-00000000000",
    "9774d56d682e549c",
];
/// What the newer one can tell.
const NEWER: [(&str, &str); 10] = [
    ("device", "newer model"),
    ("os", "newer 19.1"),
    ("locale", "newer_locale"),
    ("timezone", "Newer/Zone"),
    ("user_agent", "newer agent"),
    ("app_version", "newer version"),
    ("idfa", "newer-idfa"),
    ("idfv", "newer-idfv"),
    ("advertising_id", "newer-gaid"),
    ("android_id", "newer-android"),
];

/// The full profile, whose device is of this platform, and then a newer one that tells this beside it.
fn with_newer(platform: &Value, told: &[(&str, &str)]) -> Known {
    let (mut profile, mut details) = PROFILES[0].1.clone();
    let mut newer = json!({"device_id": "newer", "platform": platform, "idfa": "", "android_id": ""});
    for (field, value) in told {
        newer[*field] = json!(value);
    }
    let reports = [json!({"device_id": "d1", "platform": platform}), newer];
    for (report, now) in reports.into_iter().zip(profile.created_at + 1..) {
        let body = json!({ "installation_meta": report }).to_string();
        let changes = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
        profile.update(&mut details, &changes, now).unwrap();
    }
    (profile, details)
}

/// All that is sent of an event.
fn sent(integration: &Integration, part: &Part, event: &Event, profile: &Known) -> Vec<String> {
    let settings = settings(integration, &said(integration));
    let Ok(record) = encode(integration, &settings, part, event, profile) else {
        return Vec::new();
    };
    let text = |request: Request| format!("{} {:?} {}", request.url, request.headers, request.body);
    let records = std::slice::from_ref(&record);
    let requests = sendings(&settings, part, records).map(|sending| (integration.request)(&sending));
    requests.map(|request| decode(&text(request))).collect()
}

/// The webhook tells the event as it was made: of each value the latest that was known.
fn others() -> impl Iterator<Item = &'static Integration> {
    ALL.iter().filter(|integration| integration.slug != "webhook")
}

/// Does a request tell this, as it is or in upper case?
fn tells(sent: &str, value: &str) -> bool {
    sent.contains(value) || sent.contains(&value.to_ascii_uppercase())
}

#[test]
fn what_the_latest_device_does_not_tell_is_not_known() {
    let mut told = 0;
    let mut look = |integration: &Integration, profile: &Known| {
        for event in events(integration) {
            for part in integration.parts {
                for sent in sent(integration, part, event, profile) {
                    told += usize::from(tells(&sent, "newer"));
                    let older = OLDER.iter().find(|older| tells(&sent, older));
                    assert_eq!(older, None, "{}: {sent}", integration.slug);
                }
            }
        }
    };
    for platform in [json!("iOS"), json!("Android"), Value::Null] {
        for known in [&NEWER[..], &NEWER[..1], &NEWER[6..7], &NEWER[8..9], &[]] {
            let profile = with_newer(&platform, known);
            others().for_each(|integration| look(integration, &profile));
        }
    }
    assert!(told > 100, "{told}");
}
