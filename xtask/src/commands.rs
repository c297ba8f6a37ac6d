//! One file per command of `cargo xtask`.

pub mod bench;
pub mod golden;
pub mod postgres;
pub mod sbom;
pub mod test;
