//! Tells who sends deliveries that an app may have new ones. A hint: they look by themselves too.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use bursar_domain::ids::AppId;
use tokio::sync::watch;

/// Who waits for which app.
#[derive(Default)]
pub struct Wake(RwLock<HashMap<AppId, watch::Sender<()>>>);

impl Wake {
    /// Something may be due for this app.
    pub fn app(&self, app: AppId) {
        let waiting = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = waiting.get(&app) {
            waiting.send_replace(());
        }
    }

    /// To be told of this app. What is told while nobody looks is not lost.
    pub fn listen(&self, app: AppId) -> watch::Receiver<()> {
        let mut waiting = self.0.write().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(app).or_default().subscribe()
    }
}
