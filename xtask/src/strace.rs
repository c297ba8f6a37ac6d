//! `strace`, with which tests see the system calls of a server. Not every system has it, nor lets it trace.

use std::process::Command;

use crate::processes::{NotDone, attempt};

/// What the tests that need it are about.
pub const TESTS: &str = "synced before answered";

/// The words before a command by which it runs as it does without them, as a child of ours with all of its threads, while
/// strace beside it writes down what it does.
pub const WORDS: [&str; 3] = ["strace", "-D", "-f"];

/// Why nothing can be traced here.
#[derive(Debug, thiserror::Error)]
#[error(
    "strace may not trace ({0}). On Debian and Ubuntu: sudo apt-get install strace; in a container: --cap-add SYS_PTRACE"
)]
pub struct NoStrace(NotDone);

/// Traces something small.
pub fn may_trace() -> Result<(), NoStrace> {
    let mut trace = Command::new(WORDS[0]);
    trace.args(&WORDS[1..]).args(["-o", "/dev/null", "true"]);
    attempt(&mut trace).map_err(NoStrace)
}
