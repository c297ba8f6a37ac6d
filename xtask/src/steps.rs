//! Steps that are announced, timed and summed up.

use std::error::Error;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    NotRun(String),
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// The steps so far.
#[derive(Debug, Default)]
pub struct Steps(Vec<Step>);

impl Steps {
    /// Does the work, announces it before, says after it how it went; `None` if it failed.
    pub fn run<T, E: Error>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T, E>) -> Option<T> {
        println!("\n==> {name}");
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        match &result {
            Ok(_) => println!("==> {name}: ok in {}", seconds(took)),
            Err(error) => println!(
                "==> {name}: FAILED after {}: {}",
                seconds(took),
                with_sources(error)
            ),
        }
        let outcome = if result.is_ok() {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        self.0.push(Step { name, outcome, took });
        result.ok()
    }

    /// Says aloud that a step is left out.
    pub fn leave_out(&mut self, name: &'static str, why: impl Into<String>) {
        let why = why.into();
        println!("\n==> {name} was NOT run: {why}");
        self.0.push(Step {
            name,
            outcome: Outcome::NotRun(why),
            took: Duration::ZERO,
        });
    }

    /// Whether no step failed; a step that was left out did not fail.
    pub fn none_failed(&self) -> bool {
        self.0.iter().all(|step| step.outcome != Outcome::Failed)
    }

    /// Whether every step was run.
    pub fn none_left_out(&self) -> bool {
        let is_left_out = |step: &Step| matches!(step.outcome, Outcome::NotRun(_));
        !self.0.iter().any(is_left_out)
    }

    /// One line for each step.
    pub fn summary(&self) -> String {
        let width = self.0.iter().map(|step| step.name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for Step { name, outcome, took } in &self.0 {
            let line = match outcome {
                Outcome::Passed => format!("ok       {:>9}", seconds(*took)),
                Outcome::Failed => format!("FAILED   {:>9}", seconds(*took)),
                Outcome::NotRun(why) => format!("NOT RUN  {why}"),
            };
            writeln!(text, "  {name:width$}  {line}").expect("a String takes every write");
        }
        text
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The error and what caused it, on one line.
pub fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        write!(text, ": {error}").expect("a String takes every write");
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_whole_and_a_missing_one_does_not() {
        let mut steps = Steps::default();
        assert_eq!(steps.run("formatting", || Ok::<_, std::fmt::Error>(1)), Some(1));
        assert!(steps.none_left_out());
        steps.leave_out("cargo-audit", "no database");
        assert!(!steps.none_left_out());
        assert!(steps.none_failed());
        assert_eq!(steps.run("lints", || Err::<(), _>(std::fmt::Error)), None);
        assert!(!steps.none_failed());
        assert!(steps.summary().contains("cargo-audit  NOT RUN  no database\n"));
    }
}
