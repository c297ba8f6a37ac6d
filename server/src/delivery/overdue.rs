//! How late deliveries are, for the metrics.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bursar_domain::integrations;

use crate::directory::App;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::tables::due_lanes;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(10);

/// Looks until it is dropped.
pub async fn watch(state: AppState) {
    loop {
        // Without the database the last figures stay; the workers tell the log.
        drop(note(&state).await);
        tokio::time::sleep(LOOK).await;
    }
}

/// Notes for each integration how long the delivery that has been due longest has been so, of all apps for which it is
/// on. What waits for an identifier or for its next try is not due, and replays are not looked at.
pub async fn note(state: &AppState) -> Result<(), StoreError> {
    let mut due = HashMap::new();
    for row in state.store.read(due_lanes::first_due(None)).await? {
        if let (target, [Some(due_at), ..]) = due_lanes::read_first_due(&row)? {
            due.insert(target, due_at);
        }
    }
    let (now, directory) = (state.clock.now(), state.directory());
    for integration in integrations::ALL {
        let of_app = |app: &Arc<App>| {
            let known = app.integration(integration.slug).filter(|known| known.enabled)?;
            let targets = known.targets.iter();
            targets.filter_map(|target| due.get(&target.id).copied()).min()
        };
        let first = directory.apps().filter_map(of_app).min();
        let micros = first.map_or(0, |due_at| now.saturating_sub(due_at).max(0));
        state.metrics.overdue(integration.slug, micros / 1_000_000);
    }
    Ok(())
}
