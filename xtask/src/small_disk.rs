//! A small disk for one process, which a test fills. Not every user may mount one.

use std::io;
use std::process::{Command, Stdio};

/// The test that needs it.
pub const TEST: &str = "a_full_disk_is_survived";

/// Why there can be no such disk here.
#[derive(Debug, thiserror::Error)]
pub enum NoDisk {
    /// There is no `unshare`.
    #[error("cannot start `unshare`: {0}; only the limit on the size of files is tested")]
    NotStarted(#[source] io::Error),
    /// The system says no.
    #[error(
        "this user may not mount a tmpfs ({0}); only the limit on the size of files is tested. Be root, in a container: privileged"
    )]
    Refused(String),
}

/// Mounts one and lets it go again.
pub fn may_mount() -> Result<(), NoDisk> {
    let tried = Command::new("unshare")
        .args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"])
        .stdin(Stdio::null())
        .output()
        .map_err(NoDisk::NotStarted)?;
    if tried.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&tried.stderr);
    Err(NoDisk::Refused(
        said.lines().next().unwrap_or("no reason told").to_owned(),
    ))
}
