//! What tests share: databases of their own, a server without sockets, requests and answers.

pub mod backend;
pub mod client;
pub mod random;
pub mod running;
pub mod server;
