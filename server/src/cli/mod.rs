//! The command line. Commands of the administration work on the database directly, with or without a server.

mod access_level;
mod admin_token;
mod administration;
mod app;
mod audit;
mod background;
#[cfg(feature = "bench")]
mod bench_fill;
#[cfg(feature = "bench")]
mod bench_machine;
#[cfg(feature = "bench")]
mod bench_mapping;
#[cfg(feature = "bench")]
mod bench_outbound;
mod delivery;
mod doctor;
mod event;
mod healthcheck;
mod integration;
mod key;
mod open;
mod output;
mod print;
mod product;
mod profile;
mod rate;
mod replay;
mod serve;
mod session;
mod values;
mod why;

use clap::{Parser, Subcommand};

use crate::config::{Config, Settings};
use crate::http::openapi::DOCUMENT;
use crate::store::migrations;

/// What the program reports when a command fails.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is told of a database without anybody who may call the API, or the administration.
const NOBODY_LET_IN: &str = "there is no API key or no admin token: make one with `bursar key create` and `bursar admin-token create`";

/// A self-hosted subscription-profile server.
#[derive(Parser)]
#[command(name = "bursar", version)]
struct CommandLine {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Bring the database's tables to the form that this program expects
    Migrate {
        /// Only tell what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Print the effective settings, secrets masked
    Config,
    /// Ask the server on this machine whether it is ready; exit code 1 if it is not
    Healthcheck,
    /// Fill the app `default` with profiles to measure with
    #[cfg(feature = "bench")]
    BenchFill {
        /// How many
        profiles: i64,
        /// The first so many get a chain each, which ends at this time and is not renewed
        #[arg(long, requires = "ends_at", default_value_t = 0)]
        chains: i64,
        /// RFC 3339
        #[arg(long)]
        ends_at: Option<String>,
        /// Switches this integration on before, as `{"slug": …, "settings": …}`
        #[arg(long)]
        integration: Vec<String>,
        /// Switches the webhook on, and blocks it: changes of access levels are told, but nothing is sent
        #[arg(long)]
        webhook: bool,
        /// So many deliveries that were settled long ago
        #[arg(long, default_value_t = 0)]
        settled: i64,
    },
    /// Print how many transitions and how many payloads one core makes in a second
    #[cfg(feature = "bench")]
    BenchMachine,
    /// Print how many events one core maps for some integrations in a second, and how often it serialises the same
    #[cfg(feature = "bench")]
    BenchMapping,
    /// Print how many requests the outbound client alone makes in a second
    #[cfg(feature = "bench")]
    BenchOutbound {
        /// Where to
        url: String,
        /// For how long
        seconds: u64,
    },
    /// Check settings, files, database and keys; exit code 1 if something is wrong
    ///
    /// Purchases are looked at with `--deep` alone, which reads through what every profile has.
    Doctor {
        /// Also read through what every profile has (purchases, access) and, of SQLite, through the whole file
        #[arg(long)]
        deep: bool,
    },
    #[command(flatten)]
    Administration(administration::Command),
    /// Print the OpenAPI document of the HTTP API
    Openapi,
}

/// Runs the program: reads the command line and does what it says.
pub async fn run() -> Result<(), Failure> {
    let CommandLine { settings, command } = CommandLine::parse();
    let config = Config::load(settings)?;
    match command {
        Command::Serve => serve::run(config).await,
        Command::Migrate { dry_run } => migrate(&config, dry_run).await,
        Command::Healthcheck => healthcheck::run(&config),
        #[cfg(feature = "bench")]
        Command::BenchFill {
            profiles,
            chains,
            ends_at,
            integration,
            webhook,
            settled,
        } => {
            let chains = ends_at.map(|ends_at| (chains, ends_at));
            bench_fill::run(&config, profiles, chains, &integration, webhook, settled).await
        }
        #[cfg(feature = "bench")]
        Command::BenchMachine => Ok(print::line(bench_machine::run())?),
        #[cfg(feature = "bench")]
        Command::BenchMapping => Ok(print::line(bench_mapping::run())?),
        #[cfg(feature = "bench")]
        Command::BenchOutbound { url, seconds } => {
            Ok(print::line(bench_outbound::run(&url, seconds).await?)?)
        }
        Command::Config => Ok(print::line(serde_json::to_string_pretty(&config)?)?),
        Command::Doctor { deep } => doctor::run(config, deep).await,
        Command::Administration(command) => administration::run(config, command).await,
        Command::Openapi => Ok(print::text(&DOCUMENT).map(drop)?),
    }
}

async fn migrate(config: &Config, dry_run: bool) -> Result<(), Failure> {
    let steps = match open::missing_file(config)? {
        // Only to tell what it would do, no file is made.
        Some(_) if dry_run => migrations::ALL.iter().collect(),
        _ => {
            let store = open::store(config, &crate::metrics::Metrics::default()).await?;
            let missing = migrations::run(&store, true).await?;
            if dry_run || missing.is_empty() {
                missing
            } else {
                // Under a server that has an SQLite file its tables stay as they are.
                store.claim()?;
                migrations::run(&store, false).await?
            }
        }
    };
    let verb = if dry_run { "would run" } else { "ran" };
    for step in &steps {
        print::line(format_args!("{verb} {:04} {}", step.version, step.name))?;
    }
    if steps.is_empty() {
        print::line("nothing to do")?;
    }
    Ok(())
}
