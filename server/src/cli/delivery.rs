//! `bursar delivery`.

use std::num::NonZeroUsize;

use bursar_domain::ids::AppId;
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::Failure;
use super::output::Output;
use super::session::{Session, explain, explain_list};
use super::values::{self, delivery, uuid};
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
    #[arg(value_parser = delivery)]
    delivery: DeliveryId,
}

#[derive(Subcommand)]
pub enum Command {
    /// List deliveries, those of the newest events first
    List {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// Only those in this state, such as rejected
        #[arg(long, value_parser = values::state())]
        state: Option<String>,
        /// Only those to this integration, such as webhook
        #[arg(long, value_name = "SLUG", value_parser = values::slug())]
        integration: Option<String>,
        /// Only those of the profile with this id
        #[arg(long, value_parser = uuid)]
        profile: Option<Uuid>,
        /// Only those of the event with this id
        #[arg(long, value_parser = uuid)]
        event: Option<Uuid>,
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
                profile_id: profile.map(|id| id.to_string()),
                event_id: event.map(|id| id.to_string()),
            };
            let paging = Paging::first(limit).from(cursor.as_deref());
            let found = deliveries::list(state, app, &filter, &paging, state.clock.now()).await;
            output.list(
                &found.map_err(explain_list)?,
                &["delivery_id", "event_type", "state", "attempts", "reason"],
            )
        }
        Command::Show { which, output } => {
            let (app, id) = (which.app(session).await?, which.delivery);
            let shown = deliveries::show(state, app, id, state.clock.now()).await;
            output.one(&shown.map_err(explain)?)
        }
        Command::Retry { which, output } => {
            let (app, id) = (which.app(session).await?, which.delivery);
            let retried = deliveries::retry(state, session.request(), app, id).await;
            retried.map_err(explain)?;
            output.done(format_args!("{id} is tried as soon as it is its turn"))
        }
    }
}

impl Which {
    async fn app(&self, session: &Session) -> Result<AppId, Failure> {
        session
            .app_of_event(self.app.as_deref(), self.delivery.event)
            .await
    }
}
