//! The commands of the README and CI (`cargo xtask …`), and what tests of the other packages share with them:
//! [`postgres::Cluster`], a throwaway PostgreSQL, [`processes`], [`small_disk`], [`strace`] and [`test_environment`].

mod advisory_db;
mod apt;
pub mod command_line;
pub mod commands;
mod long_tests;
pub mod open_files;
pub mod postgres;
mod prerequisites;
pub mod processes;
mod sdks;
pub mod small_disk;
mod steps;
pub mod strace;
mod supply_chain;
pub mod test_environment;
mod test_names;
mod waivers;
mod workspace;
