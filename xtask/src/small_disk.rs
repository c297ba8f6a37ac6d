//! A small disk for one process, which a test fills. Not every user may mount one.

use std::process::Command;

use crate::processes::{NotDone, attempt};

/// The test that needs it.
pub const TEST: &str = "a_full_disk_is_survived";

/// Why there can be no such disk here.
#[derive(Debug, thiserror::Error)]
#[error(
    "this user may not mount a tmpfs ({0}); only the limit on the size of files is tested. Be root, in a container: privileged"
)]
pub struct NoDisk(NotDone);

/// Mounts one and lets it go again.
pub fn may_mount() -> Result<(), NoDisk> {
    let mut mount = Command::new("unshare");
    mount.args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]);
    attempt(&mut mount).map_err(NoDisk)
}
