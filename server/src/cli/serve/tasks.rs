//! What a server does without being asked.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::actions::purchases::handle_due;
use crate::actions::remember;
use crate::admin::integration_block::keep_taking_up;
use crate::admin::rates::end_of_shipped;
use crate::cli::background;
use crate::config::Role;
use crate::delivery;
use crate::directory::POLL;
use crate::failing::Failing;
use crate::state::AppState;

/// How often outdated answers are forgotten, last uses of keys saved, and deleted profiles left out of SQLite's log.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// How often the end of the shipped exchange rates is told.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How often the scheduler looks whether anything is due.
const TICK: Duration = Duration::from_millis(250);

/// Starts all of it.
pub fn start_background(state: &AppState, role: Role) -> Vec<JoinHandle<()>> {
    let mut tasks = vec![
        background::start(state, "the look at apps and keys", keep_up),
        background::start(state, "housekeeping", keep_house),
        background::start(state, "the look at exchange rates", watch_rates),
        background::start(state, "handshakes that were cut off", keep_taking_up),
        // It grows where no server sends, and then nobody else would tell.
        background::start(
            state,
            "the look at how late deliveries are",
            delivery::overdue::watch,
        ),
    ];
    if role != Role::Api {
        tasks.extend([
            background::start(state, "the look for what is due", keep_time),
            background::start(state, "sending deliveries", delivery::run),
        ]);
    }
    tasks
}

/// Sees what other servers and the command line change.
async fn keep_up(state: AppState) {
    let mut failing = Failing::default();
    loop {
        tokio::time::sleep(POLL).await;
        failing.tell(
            state.refresh().await,
            |error| tracing::warn!(%error, "apps and keys could not be looked at; the known ones hold meanwhile"),
            || tracing::info!("apps and keys are looked at again"),
        );
    }
}

/// Handles what becomes due by time alone. What became due while no server ran is handled at the start.
async fn keep_time(state: AppState) {
    let mut failing = Failing::default();
    loop {
        failing.tell(
            handle_due(&state, state.clock.now()).await,
            |error| tracing::warn!(%error, "what is due could not be handled; it is tried again"),
            || tracing::info!("what is due is handled again"),
        );
        tokio::time::sleep(TICK).await;
    }
}

async fn keep_house(state: AppState) {
    let mut saved_until = 0;
    loop {
        tokio::time::sleep(HOUSEKEEPING).await;
        // The clock may have been set back meanwhile.
        saved_until = save_last_uses(&state, saved_until.min(state.clock.now())).await;
        if let Err(error) = remember::forget_outdated(&state).await {
            tracing::warn!(%error, "outdated answers could not be forgotten; they are tried again");
        }
        if let Err(error) = state.store.leave_nothing_erased().await {
            tracing::warn!(%error, "the database's log could not be emptied of what was deleted; it is tried again");
        }
    }
}

/// Tells once a day that the shipped exchange rates end, from a month before on: who does not upgrade would not know.
async fn watch_rates(state: AppState) {
    loop {
        match end_of_shipped(&state.store, state.clock.now()).await {
            Ok(told) => told.into_iter().for_each(|end| tracing::warn!("{end}")),
            Err(error) => tracing::warn!(%error, "it could not be seen whether exchange rates are there"),
        }
        tokio::time::sleep(DAY).await;
    }
}

/// Saves when keys were last used, and answers up to when that is now known.
pub async fn save_last_uses(state: &AppState, since: i64) -> i64 {
    let now = state.clock.now();
    let writes = state.directory().last_uses(since);
    if writes.is_empty() {
        return now;
    }
    match state.store.write(writes).await {
        Ok(()) => now,
        Err(error) => {
            tracing::warn!(%error, "the last uses of keys could not be saved; they are tried again");
            since
        }
    }
}
