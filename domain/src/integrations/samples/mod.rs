//! What the tests of integrations work with: a [`Case`] to encode, and a request that was [`Sent`] to judge answers to.

mod case;
mod sent;

pub use case::{AT, Case, EVENT_ID, HOUR, PROFILE_ID};
pub use sent::{Sent, answer, sending};
