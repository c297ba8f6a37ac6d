//! The requests of every integration for every kind of event, written down to be read.
//!
//! `cargo xtask golden` writes them anew; the difference is then reviewed like code.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bursar_domain::integrations::{ALL, Integration, Request};

use crate::readable;
use crate::scene::{
    Event, PROFILES, encode, folder, is_rewriting, plain_events, samples, sendings, settings,
};

/// What to do where a request is meant to be another.
const ANEW: &str = "run `cargo xtask golden` and read the difference";

#[test]
fn requests_are_as_they_were_reviewed() {
    let all = folder("tests/golden/integrations");
    let mut written = BTreeSet::new();
    for integration in ALL {
        let dir = all.join(integration.slug);
        for event in plain_events(integration) {
            let path = dir.join(format!("{}.http", event.kind().as_str()));
            let told = told(integration, event);
            if is_rewriting() {
                fs::create_dir_all(&dir).unwrap();
                fs::write(&path, &told).unwrap();
            }
            let reviewed = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}: {ANEW}", path.display()));
            assert_eq!(told, reviewed, "{}: {ANEW}", path.display());
            written.insert(path);
        }
    }
    let left_over = files(&all).into_iter().filter(|path| !written.contains(path));
    for path in left_over {
        assert!(is_rewriting(), "{}: no event is told so: {ANEW}", path.display());
        fs::remove_file(path).unwrap();
    }
}

/// Everything in a folder and those in it that is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    all.collect()
}

/// The requests for one event: of a profile of which everything is known, and of one of which nothing is; then the first
/// under the other sample of settings, where there is one.
fn told(integration: &Integration, event: &Event) -> String {
    let samples = samples(integration);
    let known = PROFILES
        .iter()
        .map(|(name, profile)| (name.to_string(), profile, &samples[0]));
    let other = samples.iter().skip(1).flat_map(|other| {
        let (name, profile) = &PROFILES[0];
        [(format!("{name}, other settings"), profile, other)]
    });
    let mut text = String::new();
    for (name, profile, said) in known.chain(other) {
        let settings = settings(integration, said);
        let parts = integration.parts.iter();
        for part in parts.filter(|part| part.is_wanted(&settings, event.kind())) {
            let colon = if part.name.is_empty() { "" } else { ": " };
            writeln!(text, "### {name}{colon}{}\n", part.name).unwrap();
            match encode(integration, &settings, part, event, profile) {
                Err(skip) => writeln!(text, "skipped: {skip}\n").unwrap(),
                Ok(record) => {
                    for sending in sendings(&settings, part, std::slice::from_ref(&record)) {
                        write(&mut text, &(integration.request)(&sending));
                    }
                }
            }
        }
    }
    text
}

fn write(text: &mut String, request: &Request) {
    writeln!(
        text,
        "{} {}",
        request.method.as_str(),
        readable::address(&request.url)
    )
    .unwrap();
    for (name, value) in &request.headers {
        writeln!(text, "{name}: {value}").unwrap();
    }
    if !request.body.is_empty() {
        writeln!(text, "\n{}", readable::body(&request.body)).unwrap();
    }
    writeln!(text).unwrap();
}
