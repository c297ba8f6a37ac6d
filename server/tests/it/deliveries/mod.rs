//! Deliveries, from the event to the third party and back, on every backend.

mod addresses;
mod batches;
mod blocked;
mod corpus;
mod duplicates;
mod fencing;
mod first;
mod gates;
mod isolation;
mod late_identifiers;
mod order;
mod poison;
mod redaction;
mod schedule;
mod signatures;
mod test_clock;
