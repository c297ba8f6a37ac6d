//! Deliveries: lists, single ones with their tries and the reasons for their state, one more try.

mod body;
mod id;
mod list;
mod past_turn;
mod retry;
mod show;
mod why;

use std::sync::Arc;

use bursar_domain::ids::AppId;

pub use body::{DeliveryBody, EventDelivery, of_events};
pub use id::DeliveryId;
pub use list::{CLOSED, Filter, OPEN, list};
pub use retry::retry;
pub use show::{AttemptBody, DeliveryView, Explained, explain, show};

use super::apps;
use crate::actions::ActionError;
use crate::directory::App;
use crate::state::AppState;

/// The app as this server knows it in memory; one that another program has just made is looked for.
pub(super) async fn known_app(state: &AppState, app: AppId) -> Result<Arc<App>, ActionError> {
    if let Some(known) = state.directory().app(app) {
        return Ok(Arc::clone(known));
    }
    apps::find(state, app).await?;
    state.refresh().await?;
    let known = state.directory().app(app).cloned();
    known.ok_or(ActionError::Missing("the app"))
}

/// The app's targets of which only the latest delivery counts, as queries take them.
pub(super) fn latest_only(app: &App) -> String {
    let targets = app.integrations.iter().flat_map(|known| &known.targets);
    let latest = targets.filter(|target| target.part.latest_only);
    latest.fold(String::from(","), |list, target| format!("{list}{},", target.id))
}
