//! The program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match bursar::cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bursar: {error}");
            ExitCode::FAILURE
        }
    }
}
