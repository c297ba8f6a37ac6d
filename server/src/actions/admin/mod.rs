//! What the administration does: apps, keys, tokens, catalogue. Each write leaves an audit record in its commit.

pub mod apps;
pub mod audit;
pub mod first_run;
pub mod keys;
pub mod tokens;
