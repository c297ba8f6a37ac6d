//! One file per command of `cargo xtask`.

pub mod bench;
pub mod postgres;
pub mod sbom;
pub mod test;
