//! Deliveries: lists, single ones with their tries and the reasons for their state, one more try.

mod body;
mod id;
mod list;
mod retry;
mod show;
mod why;

use std::sync::Arc;

use bursar_domain::ids::AppId;
use bursar_domain::integrations::Pick;

pub use body::{DeliveryBody, EventDelivery, of_events};
pub use id::DeliveryId;
pub use list::{Filter, list};
pub use retry::retry;
pub use show::{AttemptBody, DeliveryView, Explained, explain, show};

use super::apps;
use crate::actions::ActionError;
use crate::directory::{App, AppIntegration, Target};
use crate::state::AppState;
use crate::store::tables::delivery_list::Targets;

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

/// The app's targets, as queries take them.
pub(super) fn targets(app: &App) -> Targets {
    Targets {
        latest_only: ids(app, |_, target| target.part.is_latest_only()),
        by_event_time: ids(app, |_, target| target.part.pick == Pick::LastToHappen),
        lost: ids(app, |known, _| known.has_lost_secrets()),
    }
}

fn ids(app: &App, is_meant: impl Fn(&AppIntegration, &Target) -> bool) -> String {
    let integrations = app.integrations.iter();
    let all = integrations.flat_map(|known| known.targets.iter().map(move |target| (known, target)));
    let meant = all.filter(|(known, target)| is_meant(known, target));
    meant.fold(String::from(","), |list, (_, target)| {
        format!("{list}{},", target.id)
    })
}
