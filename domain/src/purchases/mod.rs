//! Purchases: what stores and backends report, the chains it forms, the access it gives.

pub mod access;
pub mod access_body;
pub mod body;
pub mod price;
pub mod refund_saver;
pub mod rules;
pub mod transaction;
