//! Tests of the server as a whole: in process, over sockets, and as a program.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows test functions, but not the functions that they share"
)]

mod docs_page;
mod first_steps;
mod openapi;
mod support;
