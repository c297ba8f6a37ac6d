//! The program.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("threads and timers can be had");
    let done = runtime.block_on(bursar::cli::run());
    // A scan that is still at work changes nothing, and nobody waits for its rows any more.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody reads even this, the exit code is all that is told.
            drop(writeln!(std::io::stderr(), "bursar: {error}"));
            ExitCode::FAILURE
        }
    }
}
