//! `bursar why`.

use clap::Args;
use uuid::Uuid;

use super::Failure;
use super::output::Output;
use super::session::{Session, explain};
use super::values::{self, uuid};
use crate::admin::deliveries;
use crate::admin::page::Page;
use crate::store::tables::delivery_states::DeliveryState;

/// Tell why an event was or was not delivered.
#[derive(Args)]
pub struct Command {
    /// The event's id
    #[arg(value_parser = uuid)]
    event: Uuid,
    /// The integration, such as webhook
    #[arg(value_parser = values::slug())]
    slug: String,
    /// The app's id, or its name; may be left out: the event tells it
    #[arg(long)]
    app: Option<String>,
    #[command(flatten)]
    output: Output,
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let (named, now) = (command.app.as_deref(), session.state.clock.now());
    let app = session.app_of_event(named, command.event).await?;
    let explained = deliveries::explain(&session.state, app, command.event, &command.slug, now).await;
    let explained = explained.map_err(explain)?;
    for delivery in &explained {
        let state = delivery.state.map_or("no delivery", DeliveryState::name);
        command
            .output
            .done(format_args!("{}: {state}", delivery.delivery_id))?;
        for sentence in &delivery.why {
            command.output.done(format_args!("  {sentence}"))?;
        }
    }
    command.output.json(&Page::whole(explained))
}
