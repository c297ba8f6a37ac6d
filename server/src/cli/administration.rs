//! The commands of the administration: what they open, and that those which only look make and change nothing.

use clap::Subcommand;

use super::session::{Session, prepare};
use super::{
    Failure, access_level, admin_token, app, audit, delivery, event, integration, key, open, product,
    profile, rate, replay, why,
};
use crate::config::Config;

#[derive(Subcommand)]
pub enum Command {
    /// Apps: create, list, set
    #[command(subcommand)]
    App(app::Command),
    /// API keys: create, list, revoke
    #[command(subcommand)]
    Key(key::Command),
    /// Access levels: set, list
    #[command(subcommand)]
    AccessLevel(access_level::Command),
    /// Products of the stores: set, list, delete
    #[command(subcommand)]
    Product(product::Command),
    /// Exchange rates: set, list
    #[command(subcommand)]
    Rate(rate::Command),
    /// Integrations: list, show, set, enable, disable, test
    #[command(subcommand)]
    Integration(integration::Command),
    /// Admin tokens: create, list, revoke
    #[command(subcommand)]
    AdminToken(admin_token::Command),
    /// Profiles: find, show
    #[command(subcommand)]
    Profile(profile::Command),
    /// Events: list
    #[command(subcommand)]
    Event(event::Command),
    /// Deliveries: list, show, retry
    #[command(subcommand)]
    Delivery(delivery::Command),
    /// Tell why an event was or was not delivered: the rules that decide, and how they do
    Why(why::Command),
    /// Replays of past events: create, list, cancel
    #[command(subcommand)]
    Replay(replay::Command),
    /// What the administration changed
    #[command(subcommand)]
    Audit(audit::Command),
}

/// Runs a command on the database that the settings name.
pub async fn run(config: Config, command: Command) -> Result<(), Failure> {
    if let Command::Integration(integration::Command::List { app: None, output }) = command {
        return integration::catalogue(output);
    }
    let config = prepare(config)?;
    // None of them takes a database that would have to be migrated, under servers that run. Who neither makes the first app
    // nor the first token must not find an empty one where a path was mistyped.
    let state = if command.only_reads() {
        open::existing(&config).await?
    } else if command.may_be_first() {
        open::state(&config).await?
    } else {
        open::to_change(&config).await?
    };
    let session = Session { state };
    match command {
        Command::App(command) => app::run(&session, command).await,
        Command::Key(command) => key::run(&session, command).await,
        Command::AccessLevel(command) => access_level::run(&session, command).await,
        Command::Product(command) => product::run(&session, command).await,
        Command::Rate(command) => rate::run(&session, command).await,
        Command::Integration(command) => integration::run(&session, command).await,
        Command::AdminToken(command) => admin_token::run(&session, command).await,
        Command::Profile(command) => profile::run(&session, command).await,
        Command::Event(command) => event::run(&session, command).await,
        Command::Delivery(command) => delivery::run(&session, command).await,
        Command::Why(command) => why::run(&session, command).await,
        Command::Replay(command) => replay::run(&session, command).await,
        Command::Audit(command) => audit::run(&session, command).await,
    }
}

impl Command {
    /// Is there a use for it where there is no database yet?
    fn may_be_first(&self) -> bool {
        matches!(
            self,
            Self::App(app::Command::Create { .. }) | Self::AdminToken(admin_token::Command::Create { .. })
        )
    }

    /// Does it only look? All are listed, so that a new command has to say.
    fn only_reads(&self) -> bool {
        match self {
            Self::App(command) => matches!(command, app::Command::List { .. }),
            Self::Key(command) => matches!(command, key::Command::List { .. }),
            Self::AccessLevel(command) => matches!(command, access_level::Command::List { .. }),
            Self::Product(command) => matches!(command, product::Command::List { .. }),
            Self::Rate(command) => matches!(command, rate::Command::List { .. }),
            Self::Integration(command) => {
                use integration::Command as C;
                matches!(command, C::List { .. } | C::Show { .. })
            }
            Self::AdminToken(command) => matches!(command, admin_token::Command::List { .. }),
            Self::Delivery(command) => {
                use delivery::Command as C;
                matches!(command, C::List { .. } | C::Show { .. })
            }
            Self::Replay(command) => {
                use replay::Command as C;
                matches!(command, C::List { .. } | C::Create { dry_run: true, .. })
            }
            Self::Profile(profile::Command::Find { .. } | profile::Command::Show { .. })
            | Self::Event(event::Command::List { .. })
            | Self::Audit(audit::Command::List { .. })
            | Self::Why(_) => true,
        }
    }
}
