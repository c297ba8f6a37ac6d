//! What the whole server shares.

use std::num::NonZeroU32;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Semaphore};

use crate::clock::Clock;
use crate::delivery::Workers;
use crate::directory::Directory;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::readiness::Readiness;
use crate::store::{Store, StoreError};
use crate::vault::Vault;
use crate::wake::Wake;

/// How much room there is for all bodies of requests that are being read or worked on, in bytes: 256 MiB. Of these a quarter is
/// for those that come with public keys: each copy of an app holds one, and whoever has it could take the room of all others.
const ROOM_FOR_PUBLIC_BODIES: usize = 64 * 1024 * 1024;
const ROOM_FOR_BODIES: usize = 192 * 1024 * 1024;

/// What the whole server shares. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// The parts of [`AppState`].
pub struct Shared {
    /// The database.
    pub store: Store,
    /// Seals secrets and checks keys.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
    /// Counts and measures.
    pub metrics: Metrics,
    /// How many requests a second each key may make; `None`: no limit.
    pub requests_per_second: Option<NonZeroU32>,
    /// Whether changes can be committed.
    pub readiness: Readiness,
    /// What is left of the memory for the bodies of requests with public keys, in bytes.
    pub room_for_public_bodies: Semaphore,
    /// The same for all others.
    pub room_for_bodies: Semaphore,
    /// Sends requests to third parties.
    pub outbound: Outbound,
    /// Tells workers of new deliveries.
    pub wake: Wake,
    /// What the workers are about.
    pub workers: Arc<Workers>,
    /// Held by who handles what is due: two at once would do the work twice.
    pub due: Mutex<()>,
    directory: ArcSwap<Directory>,
}

impl std::ops::Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl AppState {
    /// Puts the parts together and loads apps and keys.
    pub async fn new(
        store: Store,
        vault: Vault,
        clock: Clock,
        metrics: Metrics,
        requests_per_second: Option<NonZeroU32>,
        outbound: Outbound,
    ) -> Result<Self, StoreError> {
        let directory = ArcSwap::from_pointee(Directory::load(&store, &vault, requests_per_second).await?);
        Ok(Self(Arc::new(Shared {
            store,
            vault,
            clock,
            metrics,
            requests_per_second,
            readiness: Readiness::default(),
            room_for_public_bodies: Semaphore::new(ROOM_FOR_PUBLIC_BODIES),
            room_for_bodies: Semaphore::new(ROOM_FOR_BODIES),
            outbound,
            wake: Wake::default(),
            workers: Arc::default(),
            due: Mutex::default(),
            directory,
        })))
    }

    /// Apps and keys as this server knows them now.
    pub fn directory(&self) -> arc_swap::Guard<Arc<Directory>> {
        self.directory.load()
    }

    /// Loads apps and keys anew if somebody has changed them.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let known = self.directory.load_full();
        if known.is_outdated(&self.store).await? {
            let mut fresh = Directory::load(&self.store, &self.vault, self.requests_per_second).await?;
            fresh.inherit(&known);
            let fresh = Arc::new(fresh);
            // Of two that load at once the slower one must not bring back what the other saw revoked.
            self.directory.rcu(|current| {
                let newer = if fresh.is_as_new_as(current) {
                    &fresh
                } else {
                    current
                };
                Arc::clone(newer)
            });
        }
        Ok(())
    }

    /// Has this server see a change of apps, keys or tokens at once. Where that fails it sees the change at its next look, as
    /// all other servers do; the change itself is done.
    pub async fn see_at_once(&self) {
        if let Err(error) = self.refresh().await {
            tracing::warn!(%error, "a change of apps or keys is seen only at the next look");
        }
    }
}
