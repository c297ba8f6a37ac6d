//! Purchases: what stores and backends report, the chains it forms, the access it gives.

pub mod access;
pub mod access_body;
pub mod account;
pub mod body;
pub mod chain;
pub mod grants;
pub mod holdings;
pub mod machine;
pub mod price;
pub mod refund_saver;
pub mod rules;
#[cfg(test)]
pub(crate) mod samples;
pub mod transaction;
