//! Tests of events as webhooks receive them.

#![expect(clippy::unwrap_used, reason = "tests may, and so may what they share")]

mod golden;
mod groups;
mod levels;
mod pretty;
mod prices;
mod scene;
mod top_level;
