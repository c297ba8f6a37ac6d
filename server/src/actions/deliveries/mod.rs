//! Deliveries: one event for one part of an integration, in exactly one state.

mod again;
mod claim;
mod plan;
mod settle;
mod settle_all;

pub use again::{Before, refuses_again};
pub use claim::{Claim, Claimed, claim, give_back, turns};
pub use plan::{Gate, lane_of, plan, release};
pub use settle::{End, HeldTurn, Settlement, settle};
pub use settle_all::{Unwritten, settle_all};
