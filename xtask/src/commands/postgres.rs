//! `cargo xtask postgres -- COMMAND…`: a command beside a throwaway PostgreSQL.

use std::process::{Command, ExitCode, ExitStatus};

use crate::postgres::{Cluster, ClusterError};
use crate::processes::{self, RunError};
use crate::steps::with_sources;
use crate::workspace::forget_xtask;
use crate::{prerequisites, test_environment};

#[derive(Debug, thiserror::Error)]
enum PostgresError {
    #[error(transparent)]
    Missing(#[from] prerequisites::Missing),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Runs the program and exits as it did; 1 if it was killed or could not be run.
pub fn run(program: &str, args: &[String]) -> ExitCode {
    match run_beside_cluster(program, args) {
        Ok(status) => ExitCode::from(
            status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .unwrap_or(1),
        ),
        Err(error) => {
            eprintln!("error: {}", with_sources(&error));
            ExitCode::FAILURE
        }
    }
}

fn run_beside_cluster(program: &str, args: &[String]) -> Result<ExitStatus, PostgresError> {
    prerequisites::ensure(&[prerequisites::POSTGRESQL])?;
    let cluster = Cluster::start()?;
    let mut command = Command::new(program);
    forget_xtask(&mut command);
    test_environment::hand_over_postgres(command.args(args), &cluster);
    Ok(processes::status(&mut command)?)
}
