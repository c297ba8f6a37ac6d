//! Purchases: what stores and backends report, the chains it forms, the access it gives.

pub mod access;
pub mod account;
pub mod chain;
pub mod grants;
pub mod holdings;
pub mod machine;
pub mod transaction;
