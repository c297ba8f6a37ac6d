//! The commands of the README and CI (`cargo xtask …`), and what tests of the other packages share with them:
//! [`postgres::Cluster`], a throwaway PostgreSQL, [`small_disk`], [`strace`] and [`test_environment`].

pub mod advisory_db;
pub mod apt;
pub mod command_line;
pub mod commands;
pub mod long_tests;
pub mod postgres;
pub mod prerequisites;
pub mod processes;
pub mod sdks;
pub mod small_disk;
pub mod steps;
pub mod strace;
pub mod supply_chain;
pub mod test_environment;
pub mod test_names;
pub mod waivers;
pub mod workspace;
