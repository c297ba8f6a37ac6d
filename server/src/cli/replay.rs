//! `bursar replay`.

use std::num::NonZeroUsize;

use clap::Subcommand;
use uuid::Uuid;

use super::Failure;
use super::output::Output;
use super::session::{Session, explain, explain_list};
use super::values::{self, time, uuid};
use crate::admin::fields;
use crate::admin::page::{DEFAULT_LIMIT, Paging};
use crate::admin::replays::{self, ReplayDraft, ReplayState};
use crate::config::at_least_one;

#[derive(Subcommand)]
pub enum Command {
    /// Send past events to an integration again, or for the first time
    Create {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// The integration, such as webhook
        #[arg(long, value_name = "SLUG", value_parser = values::slug())]
        integration: String,
        /// Only deliveries in this state. May be said several times
        #[arg(long = "state", value_name = "STATE", value_enum)]
        states: Vec<ReplayState>,
        /// Only events of this kind. May be said several times
        #[arg(long = "type", value_name = "KIND", value_parser = values::kind())]
        kinds: Vec<String>,
        /// Only events made at this time or later
        #[arg(long, value_name = "TIME", value_parser = time)]
        after: Option<String>,
        /// Only events made before this time
        #[arg(long, value_name = "TIME", value_parser = time)]
        before: Option<String>,
        /// Only events of the profile with this id
        #[arg(long, value_parser = uuid)]
        profile: Option<Uuid>,
        /// Only count them
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        output: Output,
    },
    /// List replays, the newest first
    List {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// How many at most
        #[arg(long, default_value_t = DEFAULT_LIMIT, value_parser = at_least_one::<NonZeroUsize>)]
        limit: NonZeroUsize,
        /// Where to begin: `next_cursor` of the page before
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Cancel a replay: what it has not sent yet is as it was before it
    Cancel {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// The replay's id
        #[arg(value_parser = uuid)]
        replay: Uuid,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let state = &session.state;
    match command {
        Command::Create {
            app,
            integration,
            states,
            kinds,
            after,
            before,
            profile,
            dry_run,
            output,
        } => {
            let app = session.app(&app).await?;
            let states = (!states.is_empty()).then_some(states);
            let kinds = (!kinds.is_empty()).then_some(kinds);
            let draft = serde_json::json!({"dry_run": dry_run, "filter": {
                "integration": integration, "states": states, "event_types": kinds,
                "after": after, "before": before, "profile_id": profile,
            }});
            let draft: ReplayDraft = fields::read(draft, "").map_err(explain)?;
            let made = replays::create(state, session.request(), app, draft).await;
            output.reply(&made.map_err(explain)?)
        }
        Command::List {
            app,
            limit,
            cursor,
            output,
        } => {
            let app = session.app(&app).await?;
            let paging = Paging::first(limit).from(cursor.as_deref());
            let found = replays::list(state, app, &paging).await;
            output.list(
                &found.map_err(explain_list)?,
                &["replay_id", "created_at", "state", "count", "open"],
            )
        }
        Command::Cancel { app, replay, output } => {
            let app = session.app(&app).await?;
            let cancelled = replays::cancel(state, session.request(), app, replay).await;
            cancelled.map_err(explain)?;
            output.done(format_args!("the replay {replay} is cancelled"))
        }
    }
}
