//! Sends deliveries. Each integration of each app has a worker of its own, so that none waits for another.
//!
//! A worker claims lanes that are due, asks the integration for the request, sends it with no transaction open, and
//! settles what came of it if the lanes are still its own.

mod breaker;
mod learned;
mod mask;
pub mod probe;
mod round;
mod send;
mod trial;
mod turn;
mod worker;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bursar_domain::ids::AppId;
use tokio::task::JoinHandle;

use crate::directory::App;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::tables::lanes;
use breaker::Breaker;
pub use trial::send_marked;
pub use turn::{NEVER, preview};
use worker::Worker;

/// How often it is looked whether workers are to come or go.
const STAFFING: Duration = Duration::from_millis(100);
/// How long a stop waits for requests under way.
const STOP_PATIENCE: Duration = Duration::from_secs(6);
/// How often a test clock's move looks whether all is sent.
const IDLE_LOOK: Duration = Duration::from_millis(2);

/// The health of third parties, by app and slug.
type Breakers = HashMap<(AppId, &'static str), Arc<Mutex<Breaker>>>;

/// What the workers of this server are about.
#[derive(Default)]
pub struct Workers {
    /// How many there are.
    hired: AtomicUsize,
    /// How many rounds and requests are under way.
    busy: AtomicUsize,
    /// Shall they end?
    stopping: AtomicBool,
    /// The health of the third parties.
    breakers: Mutex<Breakers>,
}

impl Workers {
    /// Counts something under way until it is dropped.
    fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(self))
    }

    /// Lets all finish what they are about and begin nothing more. Waits for that, but not for ever: what is not done
    /// then is sent once more by whoever comes next.
    pub async fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        let begun = Instant::now();
        while self.busy.load(Ordering::Acquire) > 0 && begun.elapsed() < STOP_PATIENCE {
            tokio::time::sleep(IDLE_LOOK).await;
        }
    }

    /// Is nothing more to be begun?
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// What is known of a third party's health; the same for a worker and the one after it.
    fn breaker(&self, app: AppId, slug: &'static str) -> Arc<Mutex<Breaker>> {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(breakers.entry((app, slug)).or_default())
    }

    /// Is nothing sent there for now?
    fn is_paused(&self, app: AppId, slug: &'static str, now: i64) -> bool {
        let breaker = self.breaker(app, slug);
        breaker.lock().unwrap_or_else(PoisonError::into_inner).until() > now
    }
}

/// Something under way.
struct Busy(Arc<Workers>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Keeps a worker for each integration that is on, for as long as the server runs.
pub async fn run(state: AppState) {
    let mut staff: HashMap<(AppId, &'static str), JoinHandle<()>> = HashMap::new();
    loop {
        let wanted: Vec<_> = {
            let directory = state.directory();
            let of_app = |app: &Arc<App>| {
                let id = app.id;
                let slugs: Vec<_> = app.enabled().map(|known| (id, known.integration.slug)).collect();
                slugs
            };
            directory.apps().flat_map(of_app).collect()
        };
        staff.retain(|_, worker| !worker.is_finished());
        for key in wanted {
            staff.entry(key).or_insert_with(|| {
                let worker = Worker::new(state.clone(), key.0, key.1);
                tokio::spawn(worker.run())
            });
        }
        state.workers.hired.store(staff.len(), Ordering::Release);
        tokio::time::sleep(STAFFING).await;
    }
}

/// Waits until everything that is due by the test clock has been tried. Where no worker is, there is nothing to wait
/// for.
pub async fn settle_down(state: &AppState) -> Result<(), StoreError> {
    if state.workers.hired.load(Ordering::Acquire) == 0 {
        return Ok(());
    }
    loop {
        if state.workers.busy.load(Ordering::Acquire) == 0 && !is_anything_due(state).await? {
            return Ok(());
        }
        let apps: Vec<_> = state.directory().apps().map(|app| app.id).collect();
        apps.into_iter().for_each(|app| state.wake.app(app));
        tokio::time::sleep(IDLE_LOOK).await;
    }
}

async fn is_anything_due(state: &AppState) -> Result<bool, StoreError> {
    let now = state.clock.now();
    let targets: Vec<i64> = {
        let directory = state.directory();
        let going = |app: &Arc<App>| {
            let open = app.enabled().filter(|known| {
                known.blocked.is_none() && !state.workers.is_paused(app.id, known.integration.slug, now)
            });
            open.flat_map(|known| known.targets.iter().map(|target| target.id))
                .collect::<Vec<_>>()
        };
        directory.apps().flat_map(going).collect()
    };
    for target in targets {
        let mut rows = state.store.read(lanes::next_due(target)).await?;
        let due_at = rows.first_mut().map(|row| row.opt_int(0)).transpose()?.flatten();
        if due_at.is_some_and(|due_at| due_at <= now) {
            return Ok(true);
        }
    }
    Ok(false)
}
