//! Tests of the server as a whole: in process, over sockets, and as a program.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows test functions, but not the functions that they share"
)]

mod access_matrix;
mod awkward_text;
mod compat_attributes;
mod compat_bodies;
mod compat_fields;
mod compat_identifiers;
mod compat_keys;
mod compat_profile;
mod compat_transport;
mod examples;
mod first_steps;
mod fuzz;
mod limits;
mod redaction;
mod support;
mod wire;
