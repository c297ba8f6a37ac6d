//! `cargo xtask golden`: writes golden files and generated tables anew.

use std::process::ExitCode;

use crate::processes;
use crate::steps::with_sources;
use crate::workspace;

/// Runs the tests that compare with golden files, told to write instead.
pub fn run() -> ExitCode {
    let mut command = workspace::cargo();
    command
        .args([
            "test",
            "--locked",
            "--quiet",
            "--package",
            "bursar-domain",
            "--tests",
        ])
        .env("BURSAR_TEST_REWRITE_GOLDEN", "1");
    match processes::status(&mut command) {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {}", with_sources(&error));
            ExitCode::FAILURE
        }
    }
}
