//! Tests of the server as a whole: in process, over sockets, and as a program.

#![expect(
    clippy::unwrap_used,
    reason = "all of this is tests; the lint sees only functions marked as such"
)]

mod first_steps;
mod process;
mod store;
mod support;
