//! The pure rules of Bursar: no clock, no SQL, no network, no async.
//!
//! Everything here is a function of its arguments. `now` is always a parameter, in microseconds since
//! 1970-01-01 UTC; the server reads the clock once per request and passes it in.

pub mod app;
pub mod events;
pub mod fields;
mod fnv;
pub mod ids;
pub mod integrations;
pub mod json;
pub mod money;
pub mod profile;
pub mod purchases;
pub mod time;
