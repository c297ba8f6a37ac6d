//! Servers that send deliveries and can die in the middle of it.

use bursar::clock::Clock;
use bursar::delivery;
use bursar::state::AppState;
use bursar::store::Options;
use tokio::runtime::{Builder, Runtime};

use super::server::{open, outbound};

/// Workers on a database that others use too. They have a runtime of their own: when this is dropped, everything they
/// were about ends where it stood, as at a `kill -9`.
pub struct Mortal {
    pub state: AppState,
    runtime: Option<Runtime>,
}

impl Mortal {
    /// Starts them.
    pub async fn start(options: &Options, clock: &Clock) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (options, clock) = (options.clone(), clock.clone());
        let opened = runtime.spawn(async move {
            let state = open(&options, clock, outbound()).await;
            tokio::spawn(delivery::run(state.clone()));
            state
        });
        Self {
            state: opened.await.unwrap(),
            runtime: Some(runtime),
        }
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
