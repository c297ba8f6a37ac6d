//! Every setting that an integration declares makes a difference.

use bursar_domain::integrations::{ALL, Answer, Field, Integration, Kind, Probe, Record, Sending, Settings};
use serde_json::{Value, json};

use crate::scene::{ENVIRONMENTS, NOW, STORES, bare, encode, full, kinds, payload, said, settings};

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

/// Looked at when an event is made: the webhook receives it as it was made.
const OF_THE_WEBHOOK: &[&str] = &[
    "event_names",
    "send_trial_price",
    "send_user_attributes",
    "send_attribution",
    "send_play_store_purchase_token",
    "refund_amounts_positive",
];

#[test]
fn each_setting_makes_a_difference() {
    for integration in ALL {
        let said = said(integration);
        let before = outcome(integration, &settings(integration, &said));
        for field in integration.settings {
            let is_exempt = OF_THE_PIPELINE.contains(&field.path)
                || (integration.slug == "webhook" && OF_THE_WEBHOOK.contains(&field.path));
            if is_exempt || field.open_table().is_some() {
                continue;
            }
            let differs = others(field, &said).into_iter().any(|value| {
                let mut changed = Value::Object(said.clone());
                let pointer = format!("/{}", field.path.replace('.', "/"));
                let place = changed.pointer_mut(&pointer);
                *place
                    .unwrap_or_else(|| panic!("{}: {} is not in the sample", integration.slug, field.path)) =
                    value;
                let changed = changed.as_object().unwrap();
                outcome(integration, &settings(integration, changed)) != before
            });
            assert!(differs, "{}: {} does nothing", integration.slug, field.path);
        }
    }
}

/// Other values than the sample's.
fn others(field: &Field, said: &serde_json::Map<String, Value>) -> Vec<Value> {
    let pointer = format!("/{}", field.path.replace('.', "/"));
    let current = Value::Object(said.clone())
        .pointer(&pointer)
        .cloned()
        .unwrap_or_default();
    match field.kind {
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
        Kind::Url => vec![Value::Null, json!("https://another.example")],
        _ => vec![field.default()],
    }
}

/// All that an integration makes of all occasions and some answers.
fn outcome(integration: &Integration, settings: &Settings) -> String {
    let mut outcome = Vec::new();
    for kind in kinds(integration) {
        for (store, environment) in STORES
            .iter()
            .flat_map(|store| ENVIRONMENTS.map(|environment| (store, environment)))
        {
            let payload = payload(kind, store, environment);
            for (profile, part) in [full(), bare()]
                .iter()
                .flat_map(|profile| integration.parts.iter().map(move |part| (profile, part)))
            {
                if part.wanted.is_some_and(|wanted| !wanted(settings)) {
                    outcome.push("not wanted".to_owned());
                    continue;
                }
                match encode(integration, settings, part, kind, &payload, profile) {
                    Err(skip) => outcome.push(format!("{skip} {skip:?}")),
                    Ok(record) => {
                        let sending = Sending {
                            records: &[record],
                            part: part.name,
                            settings,
                            step: 0,
                            tries: 1,
                            now: NOW,
                        };
                        outcome.push(format!("{:?}", (integration.request)(&sending)));
                    }
                }
            }
        }
    }
    let record = Record {
        route: String::new(),
        body: "{}".into(),
    };
    for status in [200, 302, 400, 404, 410, 500] {
        let sending = Sending {
            records: std::slice::from_ref(&record),
            part: integration.parts[0].name,
            settings,
            step: 0,
            tries: 1,
            now: NOW,
        };
        let answer = Answer {
            status,
            body: "{}".into(),
        };
        outcome.push(format!("{:?}", (integration.judge)(&sending, Some(&answer))));
    }
    if let Probe::Requests(requests, _) = integration.probe {
        outcome.push(format!("{:?}", requests(settings, NOW)));
    }
    outcome.join("\n")
}
