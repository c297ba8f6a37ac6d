//! The proof of the store: one behaviour on every backend, whoever writes at once.

mod attempts;
mod busy;
mod concurrency;
mod conformance;
mod events;
mod growth;
mod histories;
mod hosts;
mod idempotency;
mod locks;
mod meetings;
mod migrations;
mod open_deliveries;
mod outages;
mod read_your_writes;
mod rechecks;
mod registers;
mod releases;
mod sessions;
mod trace;
mod two_apps;
mod write_ahead_log;
