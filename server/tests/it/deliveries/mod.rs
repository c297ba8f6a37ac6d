//! Deliveries, from the event to the third party and back, on every backend.

mod addresses;
mod admin_cli;
mod admin_list;
mod admin_replays;
mod admin_retry;
mod admin_test;
mod batches;
mod blocked;
mod clock_jumps;
mod corpus;
mod duplicates;
mod fencing;
mod first;
mod gates;
mod isolation;
mod late_identifiers;
mod latest;
mod order;
mod outage;
mod poison;
mod redaction;
mod rounds;
mod schedule;
mod signatures;
mod test_clock;
mod why;
