//! `bursar access-level`.

use clap::Subcommand;

use super::Failure;
use super::output::Output;
use super::session::{Session, explain};
use crate::admin::access_levels::{self, AccessLevelDraft};
use crate::admin::page::Paging;

#[derive(Subcommand)]
pub enum Command {
    /// Make an access level or change its description
    Set {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// The access level's id
        #[arg(long)]
        id: String,
        /// What it opens
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// List an app's access levels
    List {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let state = &session.state;
    match command {
        Command::Set {
            app,
            id,
            description,
            output,
        } => {
            let (app, draft) = (session.app(&app).await?, AccessLevelDraft { description });
            let level = access_levels::set(state, session.request(), app, id, draft).await;
            output.one(&level.map_err(explain)?)
        }
        Command::List { app, output } => {
            let app = session.app(&app).await?;
            let all = access_levels::list(state, app, &Paging::all())
                .await
                .map_err(explain)?;
            output.list(&all, &["access_level_id", "description"])
        }
    }
}
