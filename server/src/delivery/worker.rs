//! The worker of one integration of one app: looks for lanes that are due, as fast as the third party takes them.

use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bursar_domain::ids::AppId;
use bursar_domain::integrations::settings::Settings;
use bursar_domain::integrations::{self, Verdict};
use tokio::sync::OwnedSemaphorePermit;

use super::breaker::{Breaker, Sign};
use super::learned::Learned;
use super::look_again::LookAgain;
use super::lookout::Due;
use super::mask::Mask;
use super::seats::{IN_FLIGHT, Seats, most_under_way};
use super::settling::Settling;
use super::{pauses, round, routes};
use crate::actions::integrations::block;
use crate::directory::{App, AppIntegration};
use crate::failing::Failing;
use crate::state::AppState;
use crate::store::StoreError;

/// For how many seconds a request may wait until it can ask, at most: half of the time for which a lane is claimed.
const PATIENCE: usize = 30;
/// How often a worker looks whether its integration is still on, and with which settings.
const LOOK: Duration = Duration::from_millis(250);

/// A worker.
pub struct Worker {
    state: AppState,
    app: AppId,
    slug: &'static str,
    breaker: Arc<Mutex<Breaker>>,
    seats: Arc<Seats>,
    learned: Arc<Learned>,
    settling: Arc<Settling>,
    look_again: LookAgain,
    failing: Failing,
}

/// What a round and its requests work with: the integration as it was when the round began.
pub struct Work {
    /// The server.
    pub state: AppState,
    /// The app.
    pub app: Arc<App>,
    /// Which integration.
    pub slug: &'static str,
    /// The integration.
    pub known: Arc<AppIntegration>,
    /// Its settings with masked secrets.
    pub masked: Settings,
    /// Its health.
    pub breaker: Arc<Mutex<Breaker>>,
    /// The routes of which it is told.
    routes: Vec<String>,
    /// How much may be under way.
    pub seats: Arc<Seats>,
    /// What its answers told.
    pub learned: Arc<Learned>,
    /// What came of its requests and is not written down yet.
    pub settling: Arc<Settling>,
    /// Its secrets.
    pub secrets: Mask,
    /// Have its settings been refused?
    is_refused: AtomicBool,
}

impl Worker {
    /// For this integration of this app.
    pub fn new(state: AppState, app: AppId, slug: &'static str) -> Self {
        let questions = integrations::find(slug).and_then(|known| known.limits.questions_per_second);
        Self {
            breaker: state.workers.breaker(app, slug),
            state,
            app,
            slug,
            seats: Arc::new(Seats::new(IN_FLIGHT, None)),
            learned: Arc::new(Learned::new(questions)),
            settling: Arc::default(),
            look_again: LookAgain::default(),
            failing: Failing::default(),
        }
    }

    /// Works until the integration is switched off.
    pub async fn run(mut self) {
        let bell = self.state.workers.bell((self.app, self.slug));
        let mut work = None;
        // It claims only what it is called for: each claim is a change.
        let mut due = Due::default();
        let state = self.state.clone();
        while !state.workers.is_stopping() {
            let round = state.workers.rounds.read().await;
            // First the time and then the settings: what becomes due after a change of them never meets the old ones.
            let at = state.clock.now();
            let Some(current) = self.work(work.take()) else {
                return;
            };
            let is_open = current.known.blocked.is_none();
            due.usual |= is_open && self.look_again(&current, at).await;
            let may_be_more = if is_open && due != Due::default() {
                let ran = round::run(&current, due, at).await;
                let may_be_more = matches!(ran, Ok(true));
                self.tell(ran);
                may_be_more
            } else {
                false
            };
            drop(round);
            work = Some(current);
            if !may_be_more {
                due = bell.wait(LOOK).await;
            }
        }
    }

    /// Lets some of what waits go, if settings were saved that may ask for less. Answers whether it did.
    async fn look_again(&mut self, current: &Work, at: i64) -> bool {
        let (known, key) = (&current.known, (self.app, self.slug));
        let look_again = &mut self.look_again;
        look_again
            .by(&known.saved, &self.state, key, &known.targets, at)
            .await
    }

    /// Tells the log of rounds that fail.
    fn tell(&mut self, round: Result<bool, StoreError>) {
        let (app, slug) = (self.app, self.slug);
        self.failing.tell(
            round,
            |error| {
                tracing::warn!(
                    %error, app.id = %app, slug,
                    "deliveries of the app {app} to {slug} could not be looked at; they are tried again"
                );
            },
            || tracing::info!(app.id = %app, slug, "deliveries of the app {app} to {slug} are looked at again"),
        );
    }

    /// What the next round works with; `None` if there is nothing to do any more. As long as nothing was changed it is
    /// what the last one worked with.
    fn work(&mut self, last: Option<Arc<Work>>) -> Option<Arc<Work>> {
        let app = self.state.directory().app(self.app).cloned()?;
        let known = app.integration(self.slug);
        let known = Arc::clone(known.filter(|known| known.enabled)?);
        if let Some(last) = last
            && Arc::ptr_eq(&last.app, &app)
        {
            return Some(last);
        }
        let settings = &known.settings;
        let per_second = settings
            .number("requests_per_second")
            .and_then(|limit| u32::try_from(limit).ok());
        let limits = &known.integration.limits;
        let per_second = per_second
            .or(limits.requests_per_second)
            .and_then(NonZeroU32::new);
        let waiting = limits
            .questions_per_second
            .map_or(usize::MAX, |limit| limit as usize * PATIENCE);
        let most = most_under_way(settings).min(waiting);
        if (self.seats.most, self.seats.per_second) != (most, per_second) {
            self.seats = Arc::new(Seats::new(most, per_second));
        }
        let fields = known.integration.settings;
        let work = Work {
            state: self.state.clone(),
            slug: self.slug,
            masked: settings.with_masks(fields),
            breaker: Arc::clone(&self.breaker),
            routes: routes::all(known.integration, settings),
            seats: Arc::clone(&self.seats),
            learned: Arc::clone(&self.learned),
            settling: Arc::clone(&self.settling),
            secrets: Mask::of_settings(known.integration, settings),
            is_refused: AtomicBool::new(false),
            app,
            known,
        };
        work.begin_losses();
        Some(Arc::new(work))
    }
}

impl Work {
    /// For how many requests deliveries may be claimed now.
    pub fn room(&self) -> usize {
        if self.is_refused.load(Relaxed) || self.state.workers.is_stopping() {
            return 0;
        }
        let room = self.seats.in_flight.available_permits();
        let under_way = self.seats.most - room;
        let room = self.allowed(room, under_way);
        if room == 0 {
            return 0;
        }
        // Beyond what its health allows nothing is claimed ahead.
        let times = if self.is_failing() {
            0
        } else {
            self.seats.ahead.load(Relaxed)
        };
        (room + self.seats.most.saturating_mul(times)).min(self.seats.soon())
    }

    /// For how many requests the third party's health allows to claim. On which route they go shows when they are claimed.
    fn allowed(&self, room: usize, under_way: usize) -> usize {
        let (now, breaker) = (self.state.clock.passed(), self.breaker());
        match &self.routes[..] {
            _ if breaker.is_paused(&self.routes, now) => 0,
            [all] if !self.are_routes_apart() => breaker.health(all).allows(now, room, under_way),
            _ => room,
        }
    }

    /// Has the last request failed, wherever one was sent?
    pub fn is_failing(&self) -> bool {
        self.breaker().is_failing(&self.routes)
    }

    /// Waits until one more request may be under way and the rate allows it. `None`: nothing is begun any more.
    pub async fn seat(&self) -> Option<OwnedSemaphorePermit> {
        let in_flight = Arc::clone(&self.seats.in_flight);
        let permit = tokio::select! {
            biased;
            () = self.state.workers.stopped() => None,
            permit = in_flight.acquire_owned() => permit.ok(),
        };
        let permit = permit?;
        self.rate_allows().await.then_some(permit)
    }

    /// Waits until the rate allows one more request. `false`: nothing is begun any more.
    pub async fn rate_allows(&self) -> bool {
        let is_allowed = async {
            if let Some(limiter) = &self.seats.limiter {
                limiter.until_ready().await;
            }
        };
        tokio::select! {
            biased;
            () = self.state.workers.stopped() => false,
            () = is_allowed => true,
        }
    }

    /// Is the integration on, with the settings with which this round began?
    pub fn is_current(&self) -> bool {
        let directory = self.state.directory();
        directory.app(self.app.id).is_some_and(|app| {
            let is_same = |now: &Arc<AppIntegration>| now.enabled && now.settings == self.known.settings;
            Arc::ptr_eq(app, &self.app) || app.integration(self.slug).is_some_and(is_same)
        })
    }

    /// Is nothing sent until the settings are mended?
    pub fn is_refused(&self) -> bool {
        self.is_refused.load(Relaxed)
    }

    /// Is each of the third party's addresses left alone for itself?
    pub fn are_routes_apart(&self) -> bool {
        routes::are_told_apart(self.known.integration)
    }

    /// For how long a route is left alone, in microseconds.
    pub fn wait(&self, route: &str) -> i64 {
        let route = routes::counted(self.known.integration, route);
        self.breaker().health(route).wait(self.state.clock.passed())
    }

    /// For how long what is due on a route is put off. Where all routes wait together nothing is claimed meanwhile, so that
    /// it can stay due.
    pub fn put_off(&self, route: &str) -> i64 {
        if self.are_routes_apart() {
            self.wait(route)
        } else {
            0
        }
    }

    /// Notes that a request begins on a route.
    pub fn note_begin(&self, route: &str) {
        if self.are_routes_apart() {
            self.breaker().health_mut(route).begins(self.state.clock.passed());
        }
    }

    /// Has nothing succeeded on a route for so long that nothing is repeated there any more?
    pub fn is_dead(&self, route: &str) -> bool {
        let after = self.known.integration.schedule.dead_after;
        let health = self.breaker().health(route);
        after.is_some_and(|after| health.is_dead(self.state.clock.passed(), after))
    }

    /// Since when nothing has succeeded on a route, if something has failed.
    pub fn failing_since(&self, route: &str) -> Option<i64> {
        let clock = &self.state.clock;
        let failing = self.breaker().health(route).failing(clock.passed());
        failing.map(|failing| clock.now() - failing)
    }

    /// Notes a round that used all of its room, if it `is_full`, and how long it took. Where a third party takes
    /// requests quickly more are claimed at once: they wait for a seat here, and each claim costs less.
    pub fn note_round(&self, is_full: bool, took: Duration) {
        /// A round that lasts longer than this need not be longer.
        const BRISK: Duration = Duration::from_millis(250);
        const FARTHEST: usize = 7;
        if took > BRISK {
            self.seats.ahead.store(0, Relaxed);
        } else if is_full {
            let ahead = self.seats.ahead.load(Relaxed);
            self.seats.ahead.store((ahead * 2 + 1).min(FARTHEST), Relaxed);
        }
    }

    /// Notes whether the third party is well.
    pub fn note_health(&self, route: &str, verdicts: &[Verdict], is_silent: bool, asked: Option<i64>) {
        let (route, now) = (
            routes::counted(self.known.integration, route),
            self.state.clock.passed(),
        );
        let mut breaker = self.breaker();
        let health = breaker.health_mut(route);
        let before = *health;
        match Sign::of(verdicts, is_silent) {
            Sign::Trouble => {
                self.seats.ahead.store(0, Relaxed);
                health.failed(now, asked);
            }
            Sign::Answer { has_taken } => health.answered(now, has_taken),
        }
        let after = *health;
        drop(breaker);
        let setting = routes::setting(self.known.integration, route);
        pauses::log((self.app.id, self.slug), setting.as_deref(), [before, after], now);
    }

    /// Keeps what it warns of when it takes something.
    pub fn note_warning(&self, warning: Option<String>) {
        self.breaker().warning = warning;
    }

    /// Stops everything until the owner mends the settings. `why` is masked already. What was said to settings that the
    /// owner has saved anew since counts nothing, wherever that was.
    pub async fn block(&self, why: &str) {
        if !self.is_current() {
            return;
        }
        let (app, slug) = (self.app.id, self.slug);
        // What a round has claimed already is not sent either.
        self.is_refused.store(true, Relaxed);
        match block(&self.state, app, slug, &self.known.saved, Some(why)).await {
            Ok(true) => tracing::warn!(
                app.id = %app, slug,
                "{slug} refuses the settings of the app {app}; nothing is sent until they are mended"
            ),
            // The next round has the new ones.
            Ok(false) => {}
            Err(error) => {
                self.is_refused.store(false, Relaxed);
                tracing::warn!(
                    %error, app.id = %app, slug,
                    "that {slug} refuses the settings of the app {app} could not be written down; the next answer tells it again"
                );
            }
        }
    }

    /// What is known of its health.
    pub fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
