//! What the administration does, for HTTP and command line alike. Each write leaves an audit record in its commit.
//!
//! Writes to what belongs to an app lock the app's row, so that they follow each other; the number of writes is
//! small. Servers keep apps, keys and tokens in memory: a change of these raises the directory's version.

pub mod access_levels;
pub mod app_settings;
pub mod apps;
pub mod audit;
pub mod deliveries;
mod distinct;
pub mod events;
pub mod fields;
pub mod first_run;
pub mod integration_block;
mod integration_findings;
mod integration_settings;
pub mod integration_test;
pub mod integrations;
pub mod keys;
mod ordered_id;
pub mod page;
pub mod products;
pub mod profile_purchases;
pub mod profile_view;
pub mod rates;
pub mod replays;
pub mod search;
mod strict;
pub mod test_clock;
pub mod tokens;

use self::audit::Actor;
use crate::actions::remember::Remember;

/// A request that changes something: who asks, when, and whether to remember it.
pub struct Request {
    /// Who asks.
    pub actor: Actor,
    /// When.
    pub now: i64,
    /// Its idempotency key; only POSTs have one.
    pub remember: Option<Remember>,
}
