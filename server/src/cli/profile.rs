//! `bursar profile`.

use bursar_domain::ids::ProfileId;
use clap::Subcommand;

use super::Failure;
use super::output::Output;
use super::session::{Session, explain};
use crate::admin::page::Paging;
use crate::admin::profile_view::{self, ProfileView};
use crate::admin::search;

#[derive(Subcommand)]
pub enum Command {
    /// Find profiles by id, customer id, e-mail address, transaction or an identifier's value
    Find {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// The whole id, address or value
        query: String,
        #[command(flatten)]
        output: Output,
    },
    /// Print everything that is known of a profile
    Show {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// The profile's id
        id: String,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let state = &session.state;
    match command {
        Command::Find { app, query, output } => {
            let app = session.app(&app).await?;
            let found = search::search(state, app, &query, &Paging::all()).await;
            let columns = [
                "profile_id",
                "customer_user_id",
                "email",
                "created_at",
                "updated_at",
            ];
            output.list(&found.map_err(explain)?, &columns)
        }
        Command::Show { app, id, output } => {
            let app = session.app(&app).await?;
            let id = ProfileId::parse(&id)
                .ok_or_else(|| format!("{id:?} is no profile id: see `bursar profile find`"))?;
            let (profile, details) = profile_view::find(state, app, id).await.map_err(explain)?;
            output.one(&ProfileView::at(&profile, &details, state.clock.now()))
        }
    }
}
