//! Purchases from beginning to end, through the whole server: each file `stories/*.story` is one story.
//!
//! A line that is not indented is a step; the lines below it, indented, are what came of it: the answer with the
//! profile's access levels, and the events that were added to the feed. Lines with `#` speak to the reader. Every
//! database tells each story in the same words. How steps are written: `stories/script.rs`; how results are:
//! `stories/telling.rs`.
//!
//! With `BURSAR_TEST_REWRITE_STORIES=1` the files are written anew, for a reader to judge the difference.

use std::path::{Path, PathBuf};

use xtask::test_environment;

use super::support::backend::Backend;

mod script;
mod stage;
mod telling;

use stage::Stage;

const INDENT: &str = "  ";

#[tokio::test]
async fn every_story_goes_as_it_is_written_on_every_database() {
    let mut wrong = Vec::new();
    for path in stories() {
        let written = std::fs::read_to_string(&path).unwrap();
        let on_sqlite = told(&path, &written, Backend::SqliteFile).await;
        if test_environment::rewrites_stories() {
            std::fs::write(&path, &on_sqlite).unwrap();
        } else {
            wrong.extend(difference(&path, "sqlite", &written, &on_sqlite));
        }
        let on_postgres = told(&path, &written, Backend::Postgres).await;
        wrong.extend(difference(&path, "postgres", &on_sqlite, &on_postgres));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/stories");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut stories: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "story"))
        .collect();
    stories.sort();
    assert!(!stories.is_empty());
    stories
}

/// Plays the steps of a story and tells it with what came of them.
async fn told(path: &Path, written: &str, backend: Backend) -> String {
    let mut stage = Stage::on(backend).await;
    let mut told = String::new();
    for line in written.lines().filter(|line| !line.starts_with(INDENT)) {
        told.push_str(&format!("{line}\n"));
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let step = script::read(line, &mut stage);
        let step = step.unwrap_or_else(|| panic!("{}: what does {line:?} mean?", path.display()));
        for result in stage.play(step).await {
            told.push_str(&format!("{INDENT}{result}\n"));
        }
    }
    told
}

/// The first line in which two tellings are different.
fn difference(path: &Path, backend: &str, expected: &str, told: &str) -> Option<String> {
    let mut lines = (1..).zip(expected.lines().zip(told.lines()));
    let different = lines.find(|(_, (expected, told))| expected != told);
    let path = path.display();
    match different {
        Some((number, (expected, told))) => {
            Some(format!("{path}:{number}, {backend}:\n- {expected}\n+ {told}"))
        }
        None => (expected != told).then(|| {
            format!(
                "{path}, {backend}: {} lines instead of {}",
                told.lines().count(),
                expected.lines().count()
            )
        }),
    }
}
