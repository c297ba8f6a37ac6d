//! The log: lines to standard error, for people or as JSON.

mod stderr;

use std::io::IsTerminal;

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat, LogLevel};

/// The lines that were lost because standard error did not take them, since the program began.
pub fn lost_lines() -> Counter {
    stderr::LOST.clone()
}

/// Starts the log. Only the first call has an effect.
pub fn start(config: &Config) {
    let level = match config.log_level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let is_terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::registry().with(targets(level));
    let lines = fmt::layer().with_writer(|| stderr::Lines).with_ansi(is_terminal);
    let started = match config.log_format {
        LogFormat::Human => log.with(lines).try_init(),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_span_list(false);
            log.with(lines).try_init()
        }
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            // The message may hold a value of the request, so only the place is told.
            tracing::error!(place, "panic");
        }));
    }
}

/// Our own lines at the chosen level, those of libraries from warnings on: on finer levels they tell of heads,
/// statements and parameters, and so of keys and personal data.
fn targets(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("bursar", level)
}
