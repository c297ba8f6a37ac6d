//! `purchase/…`: transactions, access that is granted and revoked, answers to requests for refunds.

mod access;
mod due;
mod ownership;
mod products;
mod refund_saver;
mod requests;
mod rules;
mod shapes;
mod unsound;
