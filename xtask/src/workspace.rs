//! Where this workspace lies, and cargo run on it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::processes::{self, RunError};

/// Why the workspace could not be described.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// `cargo metadata` did not run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// `cargo metadata` wrote something unknown.
    #[error("`cargo metadata` wrote no JSON")]
    Json(#[from] serde_json::Error),
}

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in a folder of the workspace")
}

/// `cargo` in the workspace's folder.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    forget_xtask(&mut command);
    command
}

/// Takes away the variables that describe xtask, which `cargo run` gives its child: build scripts that look at such variables
/// would run again with each change between cargo within xtask and cargo alone.
pub fn forget_xtask(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
}

/// What `cargo metadata` says, with dependencies if `args` do not exclude them.
pub fn metadata(args: &[&str]) -> Result<Value, WorkspaceError> {
    let text = processes::output(
        cargo()
            .args(["metadata", "--format-version=1", "--locked"])
            .args(args),
    )?;
    Ok(serde_json::from_str(&text)?)
}

/// The folder that cargo builds into, wherever the user's settings put it.
pub fn target() -> Result<PathBuf, WorkspaceError> {
    let metadata = metadata(&["--no-deps"])?;
    let folder = metadata["target_directory"].as_str();
    Ok(folder.map_or_else(|| root().join("target"), PathBuf::from))
}
