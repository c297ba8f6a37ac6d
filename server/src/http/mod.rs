//! The HTTP surface: routes, guards, bodies, errors, and the server that listens.

pub mod admin;
mod answer;
#[cfg(feature = "bench")]
mod bench;
pub mod body;
pub mod call;
pub mod compat;
mod connection;
pub mod error;
pub mod guard;
pub mod openapi;
pub mod operations;
mod request_log;
pub mod route;
pub mod router;
pub mod server;
