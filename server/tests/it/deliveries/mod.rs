//! Deliveries, from the event to the third party and back, on every backend.

mod admin_cli;
mod admin_list;
mod admin_replays;
mod admin_retry;
mod admin_test;
mod first;
