//! Purchases: what stores and backends report, the chains it forms, the access it gives.

pub mod access;
pub mod transaction;
