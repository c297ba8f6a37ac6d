//! `bursar event`.

use std::num::NonZeroUsize;

use clap::Subcommand;
use uuid::Uuid;

use super::Failure;
use super::output::{List, Output};
use super::session::{Session, explain_list};
use super::values::{self, time, uuid};
use crate::admin::events::{self, Filter};
use crate::admin::page::{MAX_LIMIT, Paging};
use crate::config::at_least_one;

#[derive(Subcommand)]
pub enum Command {
    /// List events in the order in which they were made
    List {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// Only those of the profile with this id
        #[arg(long, value_parser = uuid)]
        profile: Option<Uuid>,
        /// Only those of this kind
        #[arg(long = "type", value_parser = values::kind())]
        kind: Option<String>,
        /// Only those made at this time or later
        #[arg(long, value_name = "TIME", value_parser = time)]
        after: Option<String>,
        /// Only those made before this time
        #[arg(long, value_name = "TIME", value_parser = time)]
        before: Option<String>,
        /// `asc`: the oldest first; `desc`: the newest first
        #[arg(long, default_value = "asc", value_parser = ["asc", "desc"])]
        order: String,
        /// How many at most; all if it is missing
        #[arg(long, value_parser = at_least_one::<NonZeroUsize>)]
        limit: Option<NonZeroUsize>,
        /// Where to begin: `next_cursor` of the page before, with the same filters
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let state = &session.state;
    match command {
        Command::List {
            app,
            profile,
            kind,
            after,
            before,
            order,
            limit,
            cursor,
            output,
        } => {
            let app = session.app(&app).await?;
            let filter = Filter {
                profile_id: profile.map(|id| id.to_string()),
                event_type: kind,
                after,
                before,
                order: Some(order),
            };
            let (now, mut next) = (state.clock.now(), cursor);
            let mut left = limit.map_or(usize::MAX, NonZeroUsize::get);
            let mut shown = List::new(output, &["created_at", "event_type", "event_id"]);
            while let Some(limit) = NonZeroUsize::new(left.min(MAX_LIMIT)) {
                let paging = Paging::first(limit).from(next.as_deref());
                let found = events::list(state, app, &filter, &paging, now).await;
                let found = found.map_err(explain_list)?;
                left -= found.data.len();
                if !shown.add(&found.data)? {
                    return Ok(());
                }
                next = found.next_cursor;
                if next.is_none() {
                    break;
                }
            }
            shown.end(next.as_deref())
        }
    }
}
