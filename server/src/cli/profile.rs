//! `bursar profile`.

use bursar_domain::ids::ProfileId;
use clap::Subcommand;
use uuid::Uuid;

use super::Failure;
use super::output::Output;
use super::session::{Session, explain};
use super::values::profile;
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
        #[arg(value_parser = profile)]
        id: Uuid,
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
            let found = profile_view::find(state, app, ProfileId(id)).await;
            let (profile, details) = found.map_err(explain)?;
            output.one(&ProfileView::at(&profile, &details, state.clock.now()))
        }
    }
}
