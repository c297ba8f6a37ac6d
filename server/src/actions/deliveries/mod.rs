//! Deliveries: one event for one part of an integration, in exactly one state.

mod claim;
mod plan;
mod settle;

pub use claim::{claim, give_back};
pub use plan::{Gate, plan, release};
pub use settle::{End, Settlement, settle};
