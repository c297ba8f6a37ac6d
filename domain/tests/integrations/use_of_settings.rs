//! Every setting that an integration declares makes a difference.

use bursar_domain::integrations::{ALL, Answer, Integration, Kind, Probe, Setting, Settings};
use serde_json::{Map, Value, json};

use crate::scene::{NOW, PROFILES, empty_record, encode, events, samples, sendings, settings};

/// Looked at before an integration is asked.
const OF_THE_PIPELINE: &[&str] = &[
    "events",
    "synthetic_delay_days.trial_active",
    "synthetic_delay_days.subscription_active",
    "exclude_historical_events",
    "ordered",
    "max_in_flight",
    "requests_per_second",
];

/// Looked at when an event is made, because the webhook receives it as it was made: a test beside the server's
/// `App::payload_options` has a difference made by each.
const OF_THE_WEBHOOK: &[&str] = &[
    "event_names",
    "send_trial_price",
    "send_user_attributes",
    "send_attribution",
    "refund_amounts_positive",
];

/// Without an effect, which the handbook says: we know none.
const WITHOUT_EFFECT: &[&str] = &["send_play_store_purchase_token"];

/// The store of the samples that is the owner's own: settings for any name are tried with its.
const OWN_STORE: &str = "my_store";

/// Kept for the owner's own reference.
const FOR_REFERENCE: &[(&str, &str)] = &[("facebook_ads", "ios_app_id")];

#[test]
fn each_setting_makes_a_difference() {
    for integration in ALL {
        let samples: Vec<_> = samples(integration)
            .into_iter()
            .map(|said| {
                let before: Vec<_> = outcomes(integration, &settings(integration, &said)).collect();
                (said, before)
            })
            .collect();
        for setting in integration.settings {
            let of_the_webhook = OF_THE_WEBHOOK.iter().chain(WITHOUT_EFFECT);
            let is_exempt = OF_THE_PIPELINE.contains(&setting.path)
                || FOR_REFERENCE.contains(&(integration.slug, setting.path))
                || (integration.slug == "webhook"
                    && of_the_webhook.clone().any(|path| *path == setting.path));
            if is_exempt {
                continue;
            }
            let differs = samples
                .iter()
                .any(|(said, before)| differs(integration, setting, said, before));
            assert!(
                differs,
                "{}: {} does nothing, as far as the sample of its settings shows: whatever its value, all is sent and judged alike",
                integration.slug, setting.path
            );
        }
    }
}

/// Does another value of the setting come to another outcome than the sample's?
fn differs(
    integration: &Integration,
    setting: &Setting,
    said: &Map<String, Value>,
    before: &[String],
) -> bool {
    others(setting, said).into_iter().any(|value| {
        let mut changed = Value::Object(said.clone());
        let place = changed.pointer_mut(&pointer(setting));
        *place.unwrap_or_else(|| panic!("{}: {} is not in the sample", integration.slug, setting.path)) =
            value;
        let changed = settings(integration, changed.as_object().unwrap());
        outcomes(integration, &changed).ne(before.iter().cloned())
    })
}

/// Where the sample has it.
fn pointer(setting: &Setting) -> String {
    let path = match setting.open_table() {
        Some(table) => format!("{table}.{OWN_STORE}"),
        None => setting.path.to_owned(),
    };
    format!("/{}", path.replace('.', "/"))
}

/// Other values than the sample's.
fn others(setting: &Setting, said: &Map<String, Value>) -> Vec<Value> {
    let current = Value::Object(said.clone())
        .pointer(&pointer(setting))
        .cloned()
        .unwrap_or_default();
    match setting.kind {
        Kind::Switch(_) => vec![json!(current != true)],
        Kind::Choice(choices) => choices
            .iter()
            .map(|choice| json!(choice))
            .filter(|choice| *choice != current)
            .collect(),
        Kind::Number(_, max, _) => vec![json!(max), Value::Null],
        Kind::EventNames(_) => {
            let mut names = current;
            for name in names.as_object_mut().unwrap().values_mut() {
                *name = json!("Another");
            }
            vec![names]
        }
        Kind::Url(_) => vec![Value::Null, json!("https://another.example")],
        _ => vec![setting.default()],
    }
}

/// What an integration makes of some answers and of all events, one after the other: whoever compares may stop at the
/// first difference.
fn outcomes(integration: &Integration, settings: &Settings) -> impl Iterator<Item = String> {
    let of_answers = [200, 302, 400, 404, 410, 500]
        .into_iter()
        .map(|status| of_answer(integration, settings, status));
    let of_events = events(integration).flat_map(move |event| {
        let told = PROFILES
            .iter()
            .flat_map(|(_, profile)| integration.parts.iter().map(move |part| (profile, part)));
        told.map(move |(profile, part)| {
            if !part.is_wanted(settings, event.kind()) {
                return "not wanted".to_owned();
            }
            match encode(integration, settings, part, event, profile) {
                Err(skip) => format!("{skip:?}"),
                Ok(record) => sendings(settings, part, std::slice::from_ref(&record))
                    .map(|sending| format!("{:?}", (integration.request)(&sending)))
                    .collect(),
            }
        })
    });
    of_answers
        .chain([of_probe(integration, settings)])
        .chain(of_events)
}

fn of_answer(integration: &Integration, settings: &Settings, status: u16) -> String {
    let record = empty_record();
    let answer = Answer {
        status,
        body: "{}".into(),
    };
    let part = &integration.parts[0];
    sendings(settings, part, &[record])
        .map(|sending| format!("{:?}", (integration.judge)(&sending, Some(&answer))))
        .collect()
}

fn of_probe(integration: &Integration, settings: &Settings) -> String {
    match integration.probe {
        Probe::Requests(requests, _) | Probe::Handshake(requests, _) => {
            format!("{:?}", requests(settings, NOW))
        }
        Probe::MarkedEvent | Probe::MarkedEventOfNobody(_) => String::new(),
    }
}
