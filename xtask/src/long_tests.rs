//! The tests that do much more when they are asked to: run by `cargo xtask test --long`, optimised, one after the other.

use std::process::Command;

use crate::processes::{RunError, run};
use crate::steps::Steps;
use crate::test_environment;
use crate::workspace::cargo;

/// How their names begin, and with it those of the steps: a module each, so that the summary tells how long each takes.
pub const ALL: [&str; 15] = [
    "deliveries::addresses",
    "deliveries::late_identifiers",
    "deliveries::order",
    "deliveries::outage",
    "deliveries::poison",
    "fuzz",
    "process::isolation",
    "process::kills_with_deliveries",
    "process::million::late_identifiers",
    "process::million::once",
    "process::million::order",
    "process::poison",
    "process::ready_again",
    "process::synced",
    "store::histories",
];

/// Runs them; `hand_over` tells a command what tests need.
pub fn check(steps: &mut Steps, hand_over: impl Fn(&mut Command)) {
    for name in ALL {
        steps.run(name, || one(name, &hand_over));
    }
}

/// By itself, and its tests one after the other: some of them look at how long something takes.
fn one(name: &str, hand_over: impl Fn(&mut Command)) -> Result<(), RunError> {
    let mut command = cargo();
    command.args([
        "test",
        "--locked",
        "--profile=long",
        "--package=bursar",
        "--test=it",
    ]);
    command.args(["--", "--test-threads=1", "--nocapture", &format!("{name}::")]);
    hand_over(&mut command);
    test_environment::hand_over_length(&mut command);
    run(&mut command)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::workspace::root;

    /// The modules in a folder that ask how much they are to do.
    fn asking(folder: &Path, name: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let module = format!("{name}{stem}");
            if path.is_dir() {
                asking(&path, &format!("{module}::"), found);
            } else if path.extension().is_some_and(|end| end == "rs")
                && fs::read_to_string(&path)
                    .unwrap()
                    .contains("test_environment::size")
            {
                found.push(module);
            }
        }
    }

    #[test]
    fn every_test_that_can_do_more_does_so_in_a_long_run() {
        let mut found = Vec::new();
        asking(&root().join("server/tests/it"), "", &mut found);
        found.sort();
        assert_eq!(found, ALL);
    }
}
