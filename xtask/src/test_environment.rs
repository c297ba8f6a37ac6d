//! What `cargo xtask test` hands to the tests: environment variables. The server's tests ask for them here; the domain's,
//! which depend on nothing of this package, by their names.

use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::postgres::Cluster;

const LONG: &str = "BURSAR_TEST_LONG";
const POSTGRES: &str = "BURSAR_TEST_POSTGRES";
const POSTGRES_BIN: &str = "BURSAR_TEST_POSTGRES_BIN";
const PYTHON: &str = "BURSAR_TEST_PYTHON";
const REWRITE_STORIES: &str = "BURSAR_TEST_REWRITE_STORIES";
const SABOTAGED: &str = "BURSAR_TEST_SABOTAGED";
const SEED: &str = "BURSAR_TEST_SEED";
/// Features of the server that take a defence away, so that the test of it can be seen to fail.
pub const SABOTAGES: [&str; 4] = [
    "answer-before-commit",
    "let-panics-through",
    "settle-without-lease",
    "without-sync",
];
/// Which histories the simulation runs.
pub const SIMULATION: &str = "BURSAR_TEST_SIMULATION";

/// The URL of the PostgreSQL to test on; its user may create databases.
///
/// # Panics
///
/// Without `BURSAR_TEST_POSTGRES`: such a test must fail, not be skipped.
pub fn postgres_url() -> String {
    require(
        POSTGRES,
        "run `cargo xtask test`, or one test with `cargo xtask postgres -- cargo test NAME`",
    )
}

/// The server without a defence: with this feature, one of [`SABOTAGES`].
///
/// # Panics
///
/// Without `BURSAR_TEST_SABOTAGED`.
pub fn sabotaged_server(feature: &str) -> PathBuf {
    let folder = require(SABOTAGED, "run `cargo xtask test`, which builds such servers");
    Path::new(&folder).join(feature)
}

/// A Python that has `requests`: the one that was found, else `python3`.
pub fn python() -> PathBuf {
    std::env::var_os(PYTHON).map_or_else(|| "python3".into(), PathBuf::from)
}

/// `PATH` with this folder in front.
pub fn path_with(folder: &Path) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap_or(path)
}

/// The names of all variables that the server could take for settings.
pub fn names_of_ours() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("BURSAR_")).collect()
}

/// The seed of randomised tests, where one is to be repeated: a decimal number.
///
/// # Panics
///
/// If `BURSAR_TEST_SEED` is something else.
pub fn seed() -> Option<u64> {
    let seed = std::env::var(SEED).ok()?;
    Some(seed.parse().expect("BURSAR_TEST_SEED is a number"))
}

/// How much of something a test does: `usual`, or `long` where `BURSAR_TEST_LONG` is set.
pub fn size(usual: usize, long: usize) -> usize {
    if std::env::var_os(LONG).is_some() {
        long
    } else {
        usual
    }
}

/// Are the stories to be written anew as they go now, rather than compared?
pub fn rewrites_stories() -> bool {
    std::env::var_os(REWRITE_STORIES).is_some()
}

/// The seeds that the simulation is to run instead of its usual ones: one, `17`, or a range without its end, `0..1000000`.
///
/// # Panics
///
/// If `BURSAR_TEST_SIMULATION` is something else.
pub fn simulation_seeds() -> Option<Range<u64>> {
    let said = std::env::var(SIMULATION).ok()?;
    let number = |text: &str| {
        text.parse::<u64>()
            .expect("BURSAR_TEST_SIMULATION is a number or a range such as 0..1000")
    };
    Some(match said.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(&said)..number(&said) + 1,
    })
}

/// Tells a command's tests to do as much as takes long.
pub fn hand_over_length(command: &mut Command) {
    command.env(LONG, "1");
}

/// Tells a command which histories the simulation is to run.
pub fn hand_over_seeds(command: &mut Command, seeds: &Range<u64>) {
    command.env(SIMULATION, format!("{}..{}", seeds.start, seeds.end));
}

/// The folder of PostgreSQL's programs, if we were told.
pub(crate) fn postgres_binaries() -> Option<PathBuf> {
    std::env::var_os(POSTGRES_BIN).map(PathBuf::from)
}

/// Tells a command about the cluster.
pub fn hand_over_postgres(command: &mut Command, cluster: &Cluster) {
    command
        .env(POSTGRES, cluster.url())
        .env(POSTGRES_BIN, cluster.binaries());
}

/// Tells a command about the other things that tests need.
pub fn hand_over_programs(command: &mut Command, python: &PathBuf, sabotaged: &PathBuf) {
    command.env(PYTHON, python).env(SABOTAGED, sabotaged);
}

fn require(name: &str, remedy: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: {remedy}"))
}
