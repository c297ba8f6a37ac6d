//! Tests of the server as a whole: in process, over sockets, and as a program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod docs_page;
mod first_steps;
mod openapi;
mod support;
