//! `cargo xtask test`: every check of the project.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{fs, io};

use crate::postgres::Cluster;
use crate::processes::{RunError, output, run as run_program};
use crate::steps::Steps;
use crate::workspace::{cargo, target};
use crate::{
    long_tests, prerequisites, sdks, small_disk, strace, supply_chain, test_environment, test_names,
};

const TESTS: &str = "cargo test";
const NAMES: &str = "names of tests";
const SIMULATION: &str = "simulation, further histories";
/// Histories that the usual run of the simulation does not have.
const FURTHER: Range<u64> = 10_000..60_000;

#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("cannot keep the sabotaged server")]
    Keep(#[from] io::Error),
}

#[derive(Debug, thiserror::Error)]
enum NamesError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("no test has in its name: {0}")]
    Unmatched(String),
}

/// What the tests need beside PostgreSQL.
struct Programs {
    python: PathBuf,
    sabotaged: PathBuf,
}

/// Runs every step, with `long` also those that take long; goes on after a failure where it can. If it is `strict`, what
/// cannot be run fails.
pub fn run(long: bool, strict: bool, cargo_test_args: &[String]) -> ExitCode {
    let mut steps = Steps::default();
    run_steps(&mut steps, long, cargo_test_args);
    println!("\n{}", steps.summary());
    let is_all_there = steps.none_left_out();
    if strict && !is_all_there {
        println!("--strict: not everything was run");
    }
    if steps.none_failed() && (is_all_there || !strict) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run_steps(steps: &mut Steps, long: bool, cargo_test_args: &[String]) {
    let found = steps.run("prerequisites", || {
        // Without it some tests are not run, as is said at the end.
        drop(prerequisites::ensure(&[prerequisites::STRACE]));
        prerequisites::ensure(&prerequisites::all())
    });
    let Some(target) = steps.run("workspace and lock file", target) else {
        return;
    };
    steps.run("formatting", || {
        run_program(cargo().args(["fmt", "--all", "--check"]))
    });
    steps.run("lints", lint);
    supply_chain::check(steps, &target);
    let sabotaged = steps.run("builds for the tests", || build(&target));
    let python = found.and_then(|()| prerequisites::python());
    if long {
        steps.run(SIMULATION, simulate);
        sdks::check(steps, python.as_deref(), &target);
    }
    match python.zip(sabotaged) {
        Some((python, sabotaged)) => test(steps, &Programs { python, sabotaged }, long, cargo_test_args),
        None => steps.leave_out(TESTS, "what they need is missing, see above"),
    }
}

/// As the server is, then with every feature, so that no code goes unseen.
fn lint() -> Result<(), RunError> {
    let everything = [
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    run_program(cargo().args(everything))?;
    let server = [
        "clippy",
        "--locked",
        "--package=bursar",
        "--all-targets",
        "--all-features",
    ];
    run_program(cargo().args(server).args(["--", "-D", "warnings"]))
}

fn simulate() -> Result<(), RunError> {
    let mut command = cargo();
    command.args(["test", "--locked", "--package=bursar", "--test=it", "--"]);
    command.arg("random_histories_of_purchases_break_no_law_in_memory");
    test_environment::hand_over_seeds(&mut command, &FURTHER);
    run_program(&mut command)
}

/// The servers that tests must fail on, each without one defence, kept aside; then the right one, so that this is what
/// stays.
fn build(target: &Path) -> Result<PathBuf, BuildError> {
    let server = ["build", "--locked", "--package=bursar"];
    let folder = target.join("sabotaged");
    fs::create_dir_all(&folder)?;
    for sabotage in test_environment::SABOTAGES {
        run_program(cargo().args(server).arg(format!("--features={sabotage}")))?;
        fs::copy(target.join("debug").join("bursar"), folder.join(sabotage))?;
    }
    run_program(cargo().args(server))?;
    Ok(folder)
}

/// Is there a test for each name? `cargo test` is content to run none.
fn find_named(cargo_test_args: &[String]) -> Result<(), NamesError> {
    let mut command = cargo();
    command
        .args(["test", "--locked", "--workspace"])
        .args(test_names::listing(cargo_test_args));
    let list = output(&mut command)?;
    let unmatched = test_names::unmatched(cargo_test_args, &list);
    if unmatched.is_empty() {
        return Ok(());
    }
    Err(NamesError::Unmatched(unmatched.join(", ")))
}

fn test(steps: &mut Steps, programs: &Programs, long: bool, cargo_test_args: &[String]) {
    let Some(cluster) = steps.run("throwaway PostgreSQL", Cluster::start) else {
        return steps.leave_out(TESTS, "there is no PostgreSQL, see above");
    };
    let mut command = cargo();
    command
        .args(["test", "--locked", "--workspace"])
        .args(cargo_test_args);
    let hand_over = |command: &mut Command| {
        test_environment::hand_over_postgres(command, &cluster);
        test_environment::hand_over_programs(command, &programs.python, &programs.sabotaged);
    };
    hand_over(&mut command);
    if !test_names::names(cargo_test_args).is_empty() {
        steps.run(NAMES, || find_named(cargo_test_args));
    }
    steps.run(TESTS, || run_program(&mut command));
    if test_names::is_selection(cargo_test_args) {
        let asked = format!("only those were asked for: {}", cargo_test_args.join(" "));
        steps.leave_out("all other tests", asked);
    }
    if long {
        long_tests::check(steps, hand_over);
    }
    // A test can only pass or fail; these pass without having tested anything.
    if let Err(why) = small_disk::may_mount() {
        steps.leave_out(small_disk::TEST, why.to_string());
    }
    if let Err(why) = strace::may_trace() {
        steps.leave_out(strace::TESTS, why.to_string());
    }
}
