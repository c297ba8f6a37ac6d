//! The server: everything that touches the world. `domain` holds the rules.
//!
//! Arrows never turn: `cli → http → admin → delivery → actions → store → domain`.

pub mod actions;
pub mod admin;
mod chance;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod directory;
mod failing;
mod hex;
pub mod http;
pub mod keys;
pub mod logging;
pub mod metrics;
pub mod outbound;
pub mod readiness;
pub mod sealed_settings;
pub mod state;
pub mod store;
mod tls;
pub mod vault;
pub mod wake;
