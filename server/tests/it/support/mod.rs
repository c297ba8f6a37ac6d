//! What tests share: databases of their own, a server without sockets, requests and answers.

pub mod administration;
pub mod awkward;
pub mod backend;
pub mod client;
pub mod conservation;
pub mod deliveries;
pub mod direct;
pub mod events;
pub mod illness;
pub mod installation;
pub mod line;
pub mod metronome;
pub mod mortal;
pub mod pace;
pub mod program;
pub mod purchases;
pub mod random;
pub mod raw;
pub mod refusal;
pub mod running;
pub mod schema;
pub mod server;
pub mod silence;
pub mod vendor;
pub mod waiting;
