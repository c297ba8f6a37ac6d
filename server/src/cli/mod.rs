//! The command line. Every command but `serve` works on the database directly, with or without a server.

mod open;
mod serve;

use std::io::Write;

use clap::{Parser, Subcommand};

use crate::config::{Config, Settings};
use crate::http::openapi::DOCUMENT;
use crate::store::migrations;

/// What the program reports when a command fails.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

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
        Command::Config => {
            println!("{}", serde_json::to_string_pretty(&config)?);
            Ok(())
        }
        Command::Openapi => {
            std::io::stdout().write_all(DOCUMENT.as_bytes())?;
            Ok(())
        }
    }
}

async fn migrate(config: &Config, dry_run: bool) -> Result<(), Failure> {
    let store = open::store(config, &crate::metrics::Metrics::default()).await?;
    let steps = migrations::run(&store, dry_run).await?;
    let (verb, count) = (if dry_run { "would run" } else { "ran" }, steps.len());
    for step in steps {
        println!("{verb} {:04} {}", step.version, step.name);
    }
    if count == 0 {
        println!("nothing to do");
    }
    Ok(())
}
