//! `bursar delivery`.

use std::num::NonZeroUsize;

use bursar_domain::ids::AppId;
use clap::{Args, Subcommand};

use super::Failure;
use super::output::Output;
use super::session::{Session, explain, explain_filter};
use crate::admin::deliveries::{self, DeliveryId, Filter};
use crate::admin::page::{DEFAULT_LIMIT, Paging};
use crate::config::at_least_one;

/// Which delivery of which app.
#[derive(Args)]
pub struct Which {
    /// The app's id, or its name; may be left out: the delivery tells it
    #[arg(long)]
    app: Option<String>,
    /// The delivery's name, as `delivery list` tells it
    delivery: String,
}

#[derive(Subcommand)]
pub enum Command {
    /// List deliveries, those of the newest events first
    List {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// Only those in this state, such as rejected
        #[arg(long)]
        state: Option<String>,
        /// Only those to this integration, such as webhook
        #[arg(long)]
        integration: Option<String>,
        /// Only those of the profile with this id
        #[arg(long)]
        profile: Option<String>,
        /// Only those of the event with this id
        #[arg(long)]
        event: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = DEFAULT_LIMIT, value_parser = at_least_one::<NonZeroUsize>)]
        limit: NonZeroUsize,
        /// Where to begin: `next_cursor` of the page before, with the same filters
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Show a delivery with its tries and the rules that decide on it
    Show {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
    /// Try a delivery now, also one that is closed
    Retry {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let state = &session.state;
    match command {
        Command::List {
            app,
            state: in_state,
            integration,
            profile,
            event,
            limit,
            cursor,
            output,
        } => {
            let app = session.app(&app).await?;
            let filter = Filter {
                state: in_state,
                integration,
                profile_id: profile,
                event_id: event,
            };
            let paging = Paging::first(limit).from(cursor.as_deref());
            let found = deliveries::list(state, app, &filter, &paging, state.clock.now()).await;
            output.list(
                &found.map_err(explain_filter)?,
                &["delivery_id", "event_type", "state", "attempts", "reason"],
            )
        }
        Command::Show { which, output } => {
            let (app, id) = which.find(session).await?;
            let shown = deliveries::show(state, app, id, state.clock.now()).await;
            output.one(&shown.map_err(explain)?)
        }
        Command::Retry { which, output } => {
            let (app, id) = which.find(session).await?;
            let retried = deliveries::retry(state, session.request(), app, id).await;
            retried.map_err(explain)?;
            output.done(format_args!("{id} is tried as soon as it is its turn"))
        }
    }
}

impl Which {
    async fn find(&self, session: &Session) -> Result<(AppId, DeliveryId), Failure> {
        let Some(id) = DeliveryId::parse(&self.delivery) else {
            let named = &self.delivery;
            return Err(format!("there is no delivery {named:?}: see `bursar delivery list`").into());
        };
        Ok((session.app_of_event(self.app.as_deref(), id.event).await?, id))
    }
}
