//! The SQL of each table, and how its rows become domain values.

pub mod apps;
pub mod catalogue;
pub mod deliveries;
pub mod delivery_list;
pub mod delivery_states;
pub mod due_lanes;
pub mod event_numbers;
pub mod events;
pub mod integrations;
pub mod lane_sets;
pub mod lanes;
pub mod locks;
pub mod past_events;
#[cfg(test)]
mod plans;
pub mod profile_search;
pub mod profiles;
pub mod purchases;
pub mod rechecks;
pub mod releases;
pub mod replays;
pub mod replies;
pub mod superseded;
pub mod turns;
