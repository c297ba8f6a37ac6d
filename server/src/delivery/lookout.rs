//! Looks what is due, and calls the workers whose it is: one look at all parts of an app costs no change, as a claim of each
//! worker would.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bursar_domain::ids::AppId;
use tokio::sync::Notify;

use super::WorkerKey;
use crate::directory::App;
use crate::failing::Failing;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::tables::due_lanes;

/// How often it is looked whether something is due that nobody told of.
const LOOK: Duration = Duration::from_millis(250);
/// For how long what is told is gathered: what comes in the same moment is looked at, and claimed, together.
const GATHER: Duration = Duration::from_millis(2);

/// What may be due for a worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Due {
    /// Anything but replays.
    pub usual: bool,
    /// Replays.
    pub replays: bool,
}

/// How a worker is called.
#[derive(Default)]
pub struct Bell {
    usual: AtomicBool,
    replays: AtomicBool,
    rung: Notify,
}

impl Bell {
    /// Calls the worker. What is told while it is busy is not lost.
    fn ring(&self, due: Due) {
        self.usual.fetch_or(due.usual, Ordering::Relaxed);
        self.replays.fetch_or(due.replays, Ordering::Relaxed);
        self.rung.notify_one();
    }

    /// Waits until it rings, but only for so long. Answers for what.
    pub async fn wait(&self, patience: Duration) -> Due {
        drop(tokio::time::timeout(patience, self.rung.notified()).await);
        Due {
            usual: self.usual.swap(false, Ordering::Relaxed),
            replays: self.replays.swap(false, Ordering::Relaxed),
        }
    }
}

/// Calls an app's workers, at first and whenever somebody here tells that something may be due for them.
pub async fn watch(state: AppState, app: AppId) {
    let mut told = state.wake.listen(app);
    loop {
        told.mark_unchanged();
        // If it fails, the other look does so too and tells.
        if let Ok(due) = due_of(&state, Some(app)).await {
            call(&state, due);
        }
        if told.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(GATHER).await;
    }
}

/// Calls workers for what is due of which nobody here told: another server or a command added it, or its time has come.
pub async fn look_for_due(state: &AppState) {
    let mut failing = Failing::default();
    loop {
        let due = due_of(state, None).await;
        failing.tell(
            due.map(|due| call(state, due)),
            |error| tracing::warn!(%error, "it could not be looked at which deliveries are due; it is looked again"),
            || tracing::info!("it is looked again which deliveries are due"),
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// Has nobody anything to do?
pub async fn is_nothing_due(state: &AppState) -> Result<bool, StoreError> {
    Ok(due_of(state, None).await?.is_empty())
}

fn call(state: &AppState, due: HashMap<WorkerKey, Due>) {
    for (key, due) in due {
        state.workers.bell(key).ring(due);
    }
}

/// What is due that is not held up, of one app or of all.
async fn due_of(state: &AppState, app: Option<AppId>) -> Result<HashMap<WorkerKey, Due>, StoreError> {
    let (now, targets) = (state.clock.now(), targets(state, app));
    let mut all: HashMap<WorkerKey, Due> = HashMap::new();
    if targets.is_empty() {
        return Ok(all);
    }
    for row in state.store.read(due_lanes::first_due(app)).await? {
        let (target, due) = due_lanes::read_first_due(&row)?;
        let [usual, replays, releases] = due.map(|due_at| due_at.is_some_and(|due_at| due_at <= now));
        if let Some(key) = targets.get(&target)
            && (usual || replays || releases)
        {
            let due = all.entry(*key).or_default();
            due.usual |= usual;
            due.replays |= replays;
        }
    }
    Ok(all)
}

/// Whose each target is, of those that may be sent to now.
fn targets(state: &AppState, app: Option<AppId>) -> HashMap<i64, WorkerKey> {
    let (passed, directory) = (state.clock.passed(), state.directory());
    let of_app = |app: &Arc<App>| {
        let id = app.id;
        let going = app
            .enabled()
            .filter(|known| known.blocked.is_none() && !state.workers.is_paused(id, known, passed));
        let targets = going.flat_map(|known| {
            let key = (id, known.integration.slug);
            known.targets.iter().map(move |target| (target.id, key))
        });
        targets.collect::<Vec<_>>()
    };
    match app {
        Some(app) => directory.app(app).into_iter().flat_map(of_app).collect(),
        None => directory.apps().flat_map(of_app).collect(),
    }
}
