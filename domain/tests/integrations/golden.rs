//! The requests of every integration for every kind of event, written down to be read.
//!
//! `cargo xtask golden` writes them anew; the difference is then reviewed like code.

use std::fmt::Write as _;
use std::fs;

use bursar_domain::events::EventKind;
use bursar_domain::integrations::{ALL, Integration, Request, Sending};
use serde_json::Value;

use crate::scene::{
    NOW, bare, encode, folder, full, is_rewriting, kinds, learned, payload, samples, settings,
};

#[test]
fn requests_are_as_they_were_reviewed() {
    for integration in ALL {
        let dir = folder("tests/golden/integrations").join(integration.slug);
        for kind in kinds(integration) {
            let path = dir.join(format!("{}.http", kind.as_str()));
            let told = told(integration, kind);
            if is_rewriting() {
                fs::create_dir_all(&dir).unwrap();
                fs::write(&path, &told).unwrap();
            }
            let reviewed =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(told, reviewed, "{}", path.display());
        }
    }
}

/// The requests for one event of the App Store: of a profile of which everything is known, and of one of which
/// nothing is; then the first under the other sample of settings, where there is one.
fn told(integration: &Integration, kind: EventKind) -> String {
    let payload = payload(kind, "app_store", "Production");
    let samples = samples(integration);
    let mut cases = vec![
        ("everything is known", full(), &samples[0]),
        ("nothing is known", bare(), &samples[0]),
    ];
    cases.extend(
        samples
            .get(1)
            .map(|other| ("everything is known, other settings", full(), other)),
    );
    let mut text = String::new();
    for (name, profile, said) in cases {
        let settings = settings(integration, said);
        let parts = integration.parts.iter();
        for part in parts.filter(|part| part.is_wanted(&settings, kind)) {
            writeln!(
                text,
                "### {name}{}{}\n",
                if part.name.is_empty() { "" } else { ": " },
                part.name
            )
            .unwrap();
            match encode(integration, &settings, part, kind, &payload, &profile) {
                Err(skip) => writeln!(text, "skipped: {skip}\n").unwrap(),
                Ok(record) => {
                    for learned in learned(part) {
                        let sending = Sending {
                            records: std::slice::from_ref(&record),
                            part: part.name,
                            settings: &settings,
                            step: 0,
                            learned,
                            now: NOW,
                        };
                        write(&mut text, &(integration.request)(&sending));
                    }
                }
            }
        }
    }
    text
}

fn write(text: &mut String, request: &Request) {
    writeln!(text, "{} {}", request.method.as_str(), request.url).unwrap();
    for (name, value) in &request.headers {
        writeln!(text, "{name}: {value}").unwrap();
    }
    if !request.body.is_empty() {
        writeln!(text, "\n{}", readable(&request.body)).unwrap();
    }
    writeln!(text).unwrap();
}

/// JSON on many lines, forms with a line for each field, each value decoded.
fn readable(body: &str) -> String {
    if let Ok(value) = serde_json::from_str::<Value>(body) {
        return serde_json::to_string_pretty(&value).unwrap();
    }
    body.replace('&', "\n&")
}
