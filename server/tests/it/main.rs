//! Tests of the server as a whole: in process, over sockets, and as a program.

mod first_steps;
mod support;
