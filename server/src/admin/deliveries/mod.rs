//! Deliveries: lists, single ones with their tries and the reasons for their state, one more try.

mod body;
mod id;
mod list;
mod retry;
mod show;
mod why;

use bursar_domain::integrations::Pick;

pub use body::{DeliveryBody, EventDelivery, of_events};
pub use id::DeliveryId;
pub use list::{Filter, list};
pub use retry::retry;
pub use show::{AttemptBody, DeliveryView, Explained, explain, show};

use crate::directory::{App, AppIntegration, Target};
use crate::store::tables::delivery_list::Targets;

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
