//! Steps that are announced, timed and summed up.

use std::error::Error;
use std::fmt::Write;
use std::time::{Duration, Instant};

const TOTAL: &str = "total";

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed(String),
    NotRun(String),
    Nothing(String),
}

#[derive(Debug)]
struct Step {
    name: String,
    outcome: Outcome,
    took: Duration,
}

/// The steps so far.
#[derive(Debug, Default)]
pub struct Steps(Vec<Step>);

impl Steps {
    /// Does the work, announces it before, says after it how it went; `None` if it failed.
    pub fn run<T, E: Error>(
        &mut self,
        name: impl Into<String>,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Option<T> {
        let name = name.into();
        println!("\n==> {name}");
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        let outcome = match &result {
            Ok(_) => {
                println!("==> {name}: ok in {}", seconds(took));
                Outcome::Passed
            }
            Err(error) => {
                let why = with_sources(error);
                println!("==> {name}: FAILED after {}: {why}", seconds(took));
                Outcome::Failed(why)
            }
        };
        self.0.push(Step { name, outcome, took });
        result.ok()
    }

    /// Says aloud that a step is left out, which could be run elsewhere.
    pub fn leave_out(&mut self, name: impl Into<String>, why: impl Into<String>) {
        let (name, why) = (name.into(), why.into());
        println!("\n==> {name} was NOT run: {why}");
        self.push_untimed(name, Outcome::NotRun(why));
    }

    /// Says that there is nothing to run, on any machine.
    pub fn have_none(&mut self, name: impl Into<String>, why: impl Into<String>) {
        let (name, why) = (name.into(), why.into());
        println!("\n==> {name}: none: {why}");
        self.push_untimed(name, Outcome::Nothing(why));
    }

    fn push_untimed(&mut self, name: String, outcome: Outcome) {
        let took = Duration::ZERO;
        self.0.push(Step { name, outcome, took });
    }

    /// Whether no step failed; a step that was left out did not fail.
    pub fn none_failed(&self) -> bool {
        self.0
            .iter()
            .all(|step| !matches!(step.outcome, Outcome::Failed(_)))
    }

    /// Whether every step was run that can be run anywhere.
    pub fn none_left_out(&self) -> bool {
        let is_left_out = |step: &Step| matches!(step.outcome, Outcome::NotRun(_));
        !self.0.iter().any(is_left_out)
    }

    /// One line for each step, and one for all.
    pub fn summary(&self) -> String {
        let names = self.0.iter().map(|step| step.name.as_str());
        let width = names.chain([TOTAL]).map(str::len).max().unwrap_or(0);
        let mut text = String::new();
        for Step { name, outcome, took } in &self.0 {
            let line = match outcome {
                Outcome::Passed => format!("ok       {:>9}", seconds(*took)),
                Outcome::Failed(why) => {
                    format!("FAILED   {:>9}  {}", seconds(*took), why.replace('\n', "; "))
                }
                Outcome::NotRun(why) => format!("NOT RUN  {why}"),
                Outcome::Nothing(why) => format!("none     {why}"),
            };
            writeln!(text, "  {name:width$}  {line}").expect("a String takes every write");
        }
        let all: Duration = self.0.iter().map(|step| step.took).sum();
        writeln!(text, "  {TOTAL:width$}           {:>9}", seconds(all)).expect("a String takes every write");
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
        let failed = "lints        FAILED       0.0 s  an error occurred when formatting an argument\n";
        assert!(steps.summary().contains(failed), "{}", steps.summary());
        assert!(steps.summary().contains("cargo-audit  NOT RUN  no database\n"));
    }

    #[test]
    fn where_there_is_nothing_to_run_nothing_is_left_out() {
        let mut steps = Steps::default();
        steps.have_none("SDK: others", "no such SDK");
        assert!(steps.none_failed() && steps.none_left_out());
        assert!(steps.summary().contains("SDK: others  none     no such SDK\n"));
    }

    #[test]
    fn the_last_line_says_how_long_all_steps_took() {
        let step = |millis| Step {
            name: "one".into(),
            outcome: Outcome::Passed,
            took: Duration::from_millis(millis),
        };
        let steps = Steps(vec![step(1_500), step(11_000)]);
        let summary = steps.summary();
        let lines: Vec<_> = summary.lines().collect();
        assert_eq!(
            lines[1..],
            ["  one    ok          11.0 s", "  total              12.5 s"]
        );
    }
}
