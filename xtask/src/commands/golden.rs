//! `cargo xtask golden`: writes golden files and generated tables anew.

use std::process::ExitCode;

use crate::processes;
use crate::steps::with_sources;
use crate::workspace;

/// The tests with golden files: of events, and of the requests that integrations make of these.
const TESTS: [&str; 2] = ["payload", "integrations"];
/// Their modules that compare with what is written. No other test keeps a new file from being made.
const MODULES: [&str; 2] = ["golden::", "pages::"];

/// Runs the tests that compare with golden files, told to write instead.
pub fn run() -> ExitCode {
    for test in TESTS {
        let mut command = workspace::cargo();
        command
            .args([
                "test",
                "--locked",
                "--quiet",
                "--package",
                "bursar-domain",
                "--test",
                test,
                "--",
            ])
            .args(MODULES)
            .env("BURSAR_TEST_REWRITE_GOLDEN", "1");
        match processes::status(&mut command) {
            Ok(status) if status.success() => {}
            Ok(_) => return ExitCode::FAILURE,
            Err(error) => {
                eprintln!("error: {}", with_sources(&error));
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
