//! What tests share: databases of their own, a server without sockets, requests and answers.

pub mod awkward;
pub mod backend;
pub mod direct;
pub mod process;
pub mod program;
pub mod refusal;
pub mod schema;
pub mod client;
pub mod random;
pub mod running;
pub mod server;
