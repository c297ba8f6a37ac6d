//! The requests of every integration for every kind of event, written down to be read.
//!
//! `cargo xtask golden` writes them anew; the difference is then reviewed like code.

use std::fmt::Write as _;
use std::fs;

use bursar_domain::integrations::{ALL, Integration, Request, Sending};
use serde_json::Value;

use crate::scene::{NOW, bare, encode, folder, full, is_rewriting, kinds, payload, said, settings};

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
/// nothing is.
fn told(integration: &Integration, kind: bursar_domain::events::EventKind) -> String {
    let settings = settings(integration, &said(integration));
    let payload = payload(kind, "app_store", "Production");
    let mut text = String::new();
    for (name, profile) in [("everything is known", full()), ("nothing is known", bare())] {
        for part in integration.parts {
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
                    let sending = Sending {
                        records: &[record],
                        part: part.name,
                        settings: &settings,
                        step: 0,
                        tries: 1,
                        now: NOW,
                    };
                    write(&mut text, &(integration.request)(&sending));
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
    writeln!(text, "\n{}\n", readable(&request.body)).unwrap();
}

/// JSON on many lines, forms with a line for each field, each value decoded.
fn readable(body: &str) -> String {
    if let Ok(value) = serde_json::from_str::<Value>(body) {
        return serde_json::to_string_pretty(&value).unwrap();
    }
    body.replace('&', "\n&")
}
