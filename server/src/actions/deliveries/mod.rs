//! Deliveries: one event for one part of an integration, in exactly one state.

mod again;
mod cancelled;
mod claim;
mod plan;
mod settle;
mod settle_all;

pub use again::{Before, refuses_again};
pub use cancelled::take_back_cancelled;
pub use claim::{Claim, Claimed, claim, give_back, still_held, turns};
pub use plan::{Gate, lane_of, plan, release};
pub use settle::{End, HeldTurn, Settlement, settle};
pub use settle_all::{Unwritten, settle_all};
