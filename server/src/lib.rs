//! The server: everything that touches the world. `domain` holds the rules.
//!
//! Arrows never turn: `cli → http → actions → store → domain`.

pub mod actions;
pub mod cli;
pub mod clock;
pub mod config;
pub mod directory;
pub mod http;
pub mod keys;
pub mod logging;
pub mod metrics;
pub mod readiness;
pub mod sealed_settings;
pub mod state;
pub mod store;
pub mod vault;
