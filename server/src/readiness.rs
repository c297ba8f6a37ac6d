//! Whether changes can be committed: asked of the store once a second at most, however many want to know.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::store::{Store, StoreError};

/// How long an answer holds, from the begin of its check.
const HOLDS: Duration = Duration::from_secs(1);

/// The last check, or the one that runs.
#[derive(Default)]
pub struct Readiness(Mutex<Option<Check>>);

struct Check {
    began: Instant,
    task: AbortHandle,
    answer: Answer,
}

type Answer = Shared<BoxFuture<'static, Result<(), StoreError>>>;

impl Readiness {
    /// Can the store commit a change? Anybody may ask, so asking much must cost little: the answer is that of the
    /// check that runs or that began within the last second, else of a new one.
    pub async fn ask(&self, store: &Store) -> Result<(), StoreError> {
        self.answer(store).await
    }

    fn answer(&self, store: &Store) -> Answer {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(check) if check.holds() => check.answer.clone(),
            _ => last.insert(Check::begin(store.clone())).answer.clone(),
        }
    }
}

impl Check {
    /// A task of its own: one who asks and goes away before the answer would end the check for the others, and let
    /// the next one begin another.
    fn begin(store: Store) -> Self {
        let task = tokio::spawn(async move {
            let written = store.check_writer().await;
            if let Err(error) = &written {
                tracing::warn!(%error, "not ready");
            }
            written
        });
        Self {
            began: Instant::now(),
            task: task.abort_handle(),
            answer: task
                .map(|ended| ended.unwrap_or_else(|error| Err(StoreError::broken_off(error))))
                .boxed()
                .shared(),
        }
    }

    fn holds(&self) -> bool {
        !self.task.is_finished() || self.began.elapsed() < HOLDS
    }
}
