//! `bursar doctor`: looks for what would go wrong, and changes nothing.

mod database;
mod deliveries;
mod machine;
mod purchases;

use super::{Failure, print};
use crate::config::{Config, LogLevel};
use crate::logging;

/// Prints what the checks find, a line each.
#[derive(Default)]
pub struct Report {
    failed: usize,
    unprinted: Option<std::io::Error>,
}

impl Report {
    /// All is well.
    pub fn ok(&mut self, check: &str, what: impl AsRef<str>) {
        self.line("ok", check, what.as_ref());
    }

    /// Worth a look; says what to do.
    pub fn warn(&mut self, check: &str, what: impl AsRef<str>) {
        self.line("warn", check, what.as_ref());
    }

    /// Wrong; says what to do.
    pub fn fail(&mut self, check: &str, what: impl AsRef<str>) {
        self.failed += 1;
        self.line("fail", check, what.as_ref());
    }

    fn line(&mut self, word: &str, check: &str, what: &str) {
        // It may hold a third party's words.
        let what = print::harmless(what);
        let printed = print::line(format_args!("{word:4}  {check}: {what}"));
        self.unprinted = self.unprinted.take().or(printed.err());
    }
}

/// Runs all checks. Fails if one of them does.
pub async fn run(mut config: Config, deep: bool) -> Result<(), Failure> {
    config.log_level = LogLevel::Error;
    logging::start(&config);
    let mut report = Report::default();
    machine::check_settings(&config, &mut report);
    machine::check_settings_file(&config, &mut report);
    machine::check_listeners(&config, &mut report);
    machine::check_folder(&config, &mut report);
    machine::check_master_key(&config, &mut report);
    database::check(&config, deep, &mut report).await;
    if let Some(error) = report.unprinted {
        return Err(error.into());
    }
    match report.failed {
        0 => Ok(()),
        1 => Err("1 check failed".into()),
        failed => Err(format!("{failed} checks failed").into()),
    }
}
