//! Tests of the server as a whole: in process, over sockets, and as a program.

#![expect(clippy::unwrap_used, reason = "tests may, and so may what they share")]

mod admin_apps;
mod admin_audit;
mod admin_catalogue;
mod admin_cli;
mod admin_installation;
mod admin_lists;
mod docs_page;
mod first_steps;
mod openapi;
mod support;
