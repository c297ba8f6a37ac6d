//! Tasks that go on as long as the server does.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinHandle;

/// How long one that broke off rests before it begins anew.
const PAUSE: Duration = Duration::from_secs(1);

/// Starts a task. A fault of ours must not end what nobody else does, such as looking for what is due: should it panic,
/// it is begun anew. `begin` gets what the task works with, and is called for the first time before this returns.
pub(super) fn start<State, Task>(
    state: &State,
    what: &'static str,
    begin: impl Fn(State) -> Task + Send + 'static,
) -> JoinHandle<()>
where
    State: Clone + Send + 'static,
    Task: Future<Output = ()> + Send + 'static,
{
    let state = state.clone();
    let mut task = begin(state.clone());
    tokio::spawn(async move {
        while AssertUnwindSafe(task).catch_unwind().await.is_err() {
            tracing::error!(what, "a fault of ours broke off {what}; it begins anew");
            tokio::time::sleep(PAUSE).await;
            task = begin(state.clone());
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_begins_anew_until_it_ends_by_itself() {
        let begun = Arc::new(AtomicU32::new(0));
        let task = start(&begun, "the test", |counter| {
            let times = counter.fetch_add(1, Ordering::Relaxed) + 1;
            async move { assert!(times > 2, "a fault") }
        });
        assert_eq!(begun.load(Ordering::Relaxed), 1, "begun at once");
        task.await.unwrap();
        assert_eq!(begun.load(Ordering::Relaxed), 3);
    }
}
