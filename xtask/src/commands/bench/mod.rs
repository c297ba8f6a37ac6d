//! `cargo xtask bench SUBJECT`: measures profiles, events or deliveries against what the machine could do at best.
//!
//! Every figure is a ratio of runs taken in turn, in one sitting, on one machine. Method and results:
//! `docs/performance.md`.

mod client;
mod deliveries;
mod durability;
mod events;
mod figures;
mod pace;
mod pgbench;
mod report;
mod server;
mod vendor;
mod wrk;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::prerequisites;
use crate::processes::{self, RunError};
use crate::steps::with_sources;
use crate::workspace::{cargo, target};

pub use report::Report;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Profiles in the large database.
    pub profiles: u64,
    /// Seconds of a run.
    pub seconds: u64,
    /// Runs of each kind.
    pub rounds: usize,
    /// Seconds of the run at half the peak.
    pub paced_seconds: u64,
}

impl Size {
    /// What the bars ask for: about ten minutes.
    pub const FULL: Self = Self {
        profiles: 1_000_000,
        seconds: 8,
        rounds: 3,
        paced_seconds: 60,
    };
    /// A look at whether everything works: about a minute.
    pub const QUICK: Self = Self {
        profiles: 50_000,
        seconds: 2,
        rounds: 1,
        paced_seconds: 5,
    };
}

/// Why nothing, or not everything, was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A program is missing.
    #[error(transparent)]
    Missing(#[from] prerequisites::Missing),
    /// A program could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// PostgreSQL could not be started.
    #[error(transparent)]
    Cluster(#[from] crate::postgres::ClusterError),
    /// A file or connection failed.
    #[error("{0}")]
    Io(String, #[source] std::io::Error),
    /// What came back is not what was asked for.
    #[error("{0}")]
    Unexpected(String),
}

/// A failure with what was being done.
fn doing(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> BenchError {
    let what = what.into();
    move |error| BenchError::Io(what, error)
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Profiles and identifiers.
    MainJob,
    /// Transactions and events.
    Events,
    /// Events on their way to third parties.
    Deliveries,
}

/// Measures and prints one table.
pub fn run(subject: Subject, size: Size) -> ExitCode {
    match measure(subject, size) {
        Ok(report) => {
            println!("\n{report}");
            if report.all_met() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("error: {}", with_sources(&error));
            ExitCode::FAILURE
        }
    }
}

fn measure(subject: Subject, size: Size) -> Result<Report, BenchError> {
    prerequisites::ensure(&[
        prerequisites::POSTGRESQL,
        prerequisites::STRACE,
        prerequisites::WRK,
    ])?;
    let target = target().map_err(|error| BenchError::Unexpected(with_sources(&error)))?;
    let build = [
        "build",
        "--locked",
        "--release",
        "--package=bursar",
        "--features=bench",
    ];
    // A folder of its own, so that the ordinary program never has the benchmark's routes.
    let bench_target = target.join("bench");
    processes::run(cargo().args(build).arg("--target-dir").arg(&bench_target))?;
    let folder = WorkFolder::make(&target)?;
    let bench = Bench {
        size,
        program: bench_target.join("release").join("bursar"),
        folder: folder.0.clone(),
    };
    let mut report = Report::default();
    match subject {
        Subject::MainJob => {
            figures::embedded(&bench, &mut report)?;
            figures::postgres(&bench, &mut report)?;
        }
        Subject::Events => events::all(&bench, &mut report)?,
        Subject::Deliveries => deliveries::all(&bench, &mut report)?,
    }
    Ok(report)
}

/// What every figure needs.
struct Bench {
    size: Size,
    program: PathBuf,
    folder: PathBuf,
}

/// A folder for the databases, on the disk of the build folder; removed at the end.
struct WorkFolder(PathBuf);

impl WorkFolder {
    fn make(target: &Path) -> Result<Self, BenchError> {
        let folder = target.join(format!("bench-data-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(doing("make a folder"))?;
        Ok(Self(folder))
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // What cannot be removed lies in the build folder and goes with it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
