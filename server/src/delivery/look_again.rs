//! What waits is looked at anew where a server may have gone by settings of before.
//!
//! Other servers and commands learn of saved settings a little later. Until then they have events wait that need not any
//! more; and where an app's first integration is new to them, an identifier that comes through them lets nothing go.

use std::time::{Duration, Instant};

use bursar_domain::ids::AppId;

use crate::directory::SEEN_BY_ALL;
use crate::failing::Failing;
use crate::state::AppState;
use crate::store::tables::integrations::Saved;
use crate::store::tables::lanes;

/// When what waits for an integration is looked at anew, if it is to be.
pub struct LookAgain {
    saved: Option<Saved>,
    at: Option<Instant>,
    failing: Failing,
}

impl LookAgain {
    /// For an integration that may be new to other servers.
    pub fn new(is_new: bool) -> Self {
        let when_all_know = || Instant::now() + Duration::from_micros(SEEN_BY_ALL.unsigned_abs());
        Self {
            saved: None,
            at: is_new.then(when_all_know),
            failing: Failing::default(),
        }
    }

    /// Has what waits looked at anew if it is time, or if its settings are others than they were.
    pub async fn by(&mut self, saved: &Saved, state: &AppState, app: AppId, slug: &str) {
        let before = self.saved.replace(saved.clone());
        if before.is_some_and(|before| before != *saved) {
            self.at = Some(Instant::now());
        }
        if self.at.is_none_or(|at| at > Instant::now()) {
            return;
        }
        let release = lanes::release_all(app, slug, state.clock.now());
        let looked = state.store.write(vec![release]).await;
        if looked.is_ok() {
            self.at = None;
        }
        self.failing.tell(
            looked,
            |error| {
                tracing::warn!(
                    %error, app.id = %app, slug,
                    "what waits of the app {app} for {slug} could not be looked at by its new settings; it is tried again"
                );
            },
            || {
                tracing::info!(
                    app.id = %app, slug,
                    "what waits of the app {app} for {slug} has been looked at by its new settings"
                );
            },
        );
    }
}
