//! Sends deliveries. Each integration of each app has a worker of its own, so that none waits for another.
//!
//! A worker claims lanes that are due, asks the integration for the request, sends it with no transaction open, and
//! settles what came of it if the lanes are still its own.

mod batches;
mod breaker;
mod caught;
mod exchange;
mod giving_back;
mod in_turn;
mod late_look;
mod learned;
mod look_again;
mod lookout;
mod losses;
mod mask;
pub mod overdue;
mod pauses;
pub mod probe;
mod round;
mod routes;
mod seats;
mod send;
mod set_back;
mod settling;
mod texts;
mod trial;
mod tries;
mod turn;
mod words;
mod worker;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bursar_domain::ids::AppId;
use tokio::sync::{RwLock, watch};
use tokio::task::JoinHandle;

use crate::directory::{App, AppIntegration};
use crate::state::AppState;
use crate::store::StoreError;
use breaker::Breaker;
use lookout::Bell;
pub use losses::MANY;
pub use pauses::Pause;
pub use trial::send_marked;
pub use turn::{DEAD, FAULT, NEVER, map, read_event};
use worker::Worker;

/// How often it is looked whether workers are to come or go.
const STAFFING: Duration = Duration::from_millis(100);
/// How long a stop waits for requests under way.
const STOP_PATIENCE: Duration = Duration::from_secs(6);
/// How long a test clock's move waits before it looks again whether all is sent: longer each time.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LAST_LOOK: Duration = Duration::from_millis(32);

/// Whose worker it is: the app, and the integration's slug.
type WorkerKey = (AppId, &'static str);

/// What the workers of this server are about.
#[derive(Default)]
pub struct Workers {
    /// How many keep them: see [`run`].
    keepers: AtomicUsize,
    /// How many requests are under way.
    requests: AtomicUsize,
    /// Read while a round is under way. Who has it for writing knows that none is.
    rounds: RwLock<()>,
    /// Shall they end?
    stopping: watch::Sender<bool>,
    /// The health of the third parties.
    breakers: Mutex<HashMap<WorkerKey, Arc<Mutex<Breaker>>>>,
    /// How the workers are called.
    bells: Mutex<HashMap<WorkerKey, Arc<Bell>>>,
}

impl Workers {
    /// Counts a request until it is dropped.
    fn begin_request(self: &Arc<Self>) -> Counted {
        Counted::new(self, |workers| &workers.requests)
    }

    fn has_requests(&self) -> bool {
        self.requests.load(Ordering::Acquire) > 0
    }

    /// Lets all finish what they are about and begin nothing more. Waits for that, but not for ever: what is not done
    /// then is sent once more by whoever comes next.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        let ended = async {
            loop {
                // Who is in a round has claimed lanes, and gives those back of which nothing is sent.
                drop(self.rounds.write().await);
                if !self.has_requests() {
                    return;
                }
                tokio::time::sleep(FIRST_LOOK).await;
            }
        };
        if tokio::time::timeout(STOP_PATIENCE, ended).await.is_err() {
            tracing::warn!("some deliveries were still under way when patience ended");
        }
    }

    /// Is nothing more to be begun?
    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until nothing more is to be begun.
    async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        drop(stopping.wait_for(|stopping| *stopping).await);
    }

    /// Rests for so long, or until nothing more is to be begun.
    async fn rest(&self, pause: Duration) {
        drop(tokio::time::timeout(pause, self.stopped()).await);
    }

    /// What is known of a third party's health; the same for a worker and the one after it.
    fn breaker(&self, app: AppId, slug: &'static str) -> Arc<Mutex<Breaker>> {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(breakers.entry((app, slug)).or_default())
    }

    /// Looks at it, or changes it, while nobody else does.
    fn with_breaker<T>(&self, app: AppId, slug: &'static str, look: impl FnOnce(&mut Breaker) -> T) -> T {
        let breaker = self.breaker(app, slug);
        let mut breaker = breaker.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut breaker)
    }

    /// How a worker is called; the same for a worker and the one after it.
    fn bell(&self, key: WorkerKey) -> Arc<Bell> {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(bells.entry(key).or_default())
    }

    /// Notes that a third party answered as it should when its settings were proved: what was wrong before is over.
    pub fn note_proof(&self, app: AppId, slug: &'static str) {
        self.with_breaker(app, slug, Breaker::proved);
    }

    /// Is nothing sent there for now?
    fn is_paused(&self, app: AppId, known: &AppIntegration, passed: i64) -> bool {
        let all = routes::all(known.integration, &known.settings);
        self.with_breaker(app, known.integration.slug, |breaker| {
            breaker.is_paused(&all, passed)
        })
    }
}

/// Something that is counted until it is dropped.
struct Counted(Arc<Workers>, fn(&Workers) -> &AtomicUsize);

impl Counted {
    fn new(workers: &Arc<Workers>, counter: fn(&Workers) -> &AtomicUsize) -> Self {
        counter(workers).fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(workers), counter)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Self(workers, counter) = self;
        counter(workers).fetch_sub(1, Ordering::AcqRel);
    }
}

/// A worker or lookout at work, until this is dropped.
struct Hired(JoinHandle<()>);

impl Drop for Hired {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps a worker for each integration that is on, and a lookout for each app that has one, until it is dropped. From this
/// call on, and not only when the first worker has begun, [`settle_down`] waits for them.
pub fn run(state: AppState) -> impl Future<Output = ()> {
    let counted = Counted::new(&state.workers, |workers| &workers.keepers);
    async move {
        let _counted = counted;
        tokio::join!(
            keep_staff(&state),
            lookout::look_for_due(&state),
            set_back::mend_always(&state)
        );
    }
}

async fn keep_staff(state: &AppState) {
    let mut staff = Staff::default();
    loop {
        // Who leaves while all end is not replaced.
        if !state.workers.is_stopping() {
            staff.fit(state);
        }
        tokio::time::sleep(STAFFING).await;
    }
}

#[derive(Default)]
struct Staff {
    workers: HashMap<WorkerKey, Hired>,
    lookouts: HashMap<AppId, Hired>,
}

impl Staff {
    /// Hires whoever is missing.
    fn fit(&mut self, state: &AppState) {
        let wanted: Vec<_> = {
            let directory = state.directory();
            let of_app = |app: &Arc<App>| {
                let id = app.id;
                let slugs: Vec<_> = app.enabled().map(|known| (id, known.integration.slug)).collect();
                slugs
            };
            directory.apps().flat_map(of_app).collect()
        };
        self.workers.retain(|_, worker| !worker.0.is_finished());
        let apps: HashSet<_> = wanted.iter().map(|(app, _)| *app).collect();
        self.lookouts
            .retain(|app, lookout| apps.contains(app) && !lookout.0.is_finished());
        for app in apps {
            self.lookouts
                .entry(app)
                .or_insert_with(|| Hired(tokio::spawn(lookout::watch(state.clone(), app))));
        }
        for key in wanted {
            self.workers.entry(key).or_insert_with(|| {
                let worker = Worker::new(state.clone(), key.0, key.1);
                // There may be something for it already.
                state.wake.app(key.0);
                Hired(tokio::spawn(worker.run()))
            });
        }
    }
}

/// Waits until everything that is due by the test clock has been tried. Where nobody keeps workers, there is nothing to
/// wait for.
pub async fn settle_down(state: &AppState) -> Result<(), StoreError> {
    let workers = &state.workers;
    let mut look = FIRST_LOOK;
    while workers.keepers.load(Ordering::Acquire) > 0 {
        if !workers.has_requests() {
            // Many workers look around so often that there may be no moment at which by chance none does.
            let _between_rounds = workers.rounds.write().await;
            if !workers.has_requests() && lookout::is_nothing_due(state).await? {
                break;
            }
        }
        let apps: Vec<_> = state.directory().apps().map(|app| app.id).collect();
        apps.into_iter().for_each(|app| state.wake.app(app));
        tokio::time::sleep(look).await;
        look = (look * 2).min(LAST_LOOK);
    }
    Ok(())
}
