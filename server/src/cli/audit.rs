//! `bursar audit`.

use std::num::NonZeroUsize;

use clap::Subcommand;

use super::Failure;
use super::output::Output;
use super::session::{Session, explain_list};
use crate::admin::audit;
use crate::admin::page::{DEFAULT_LIMIT, Paging};
use crate::config::at_least_one;

#[derive(Subcommand)]
pub enum Command {
    /// List what the administration changed, the newest first
    List {
        /// How many records
        #[arg(long, default_value_t = DEFAULT_LIMIT, value_parser = at_least_one::<NonZeroUsize>)]
        limit: NonZeroUsize,
        /// Where to begin: `next_cursor` of the page before
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::List {
            limit,
            cursor,
            output,
        } => {
            let paging = Paging::first(limit).from(cursor.as_deref());
            let records = audit::list(&session.state, &paging).await;
            output.list(
                &records.map_err(explain_list)?,
                &["at", "actor", "action", "target"],
            )
        }
    }
}
