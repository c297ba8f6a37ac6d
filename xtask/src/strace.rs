//! `strace`, with which tests see the system calls of a server. Not every system has it, nor lets it trace.

use std::io;
use std::process::{Command, Stdio};

/// What the tests that need it are about.
pub const TESTS: &str = "synced before answered";

/// The words before a command by which it runs as it does without them, as a child of ours with all of its threads, while
/// strace beside it writes down what it does.
pub const WORDS: [&str; 3] = ["strace", "-D", "-f"];

/// Why nothing can be traced here.
#[derive(Debug, thiserror::Error)]
pub enum NoStrace {
    /// There is no `strace`.
    #[error("cannot start `strace`: {0}. On Debian and Ubuntu: sudo apt-get install strace")]
    NotStarted(#[source] io::Error),
    /// The system says no.
    #[error("strace may not trace ({0}). In a container: --cap-add SYS_PTRACE")]
    Refused(String),
}

/// Traces something small.
pub fn may_trace() -> Result<(), NoStrace> {
    let tried = Command::new(WORDS[0])
        .args(&WORDS[1..])
        .args(["-o", "/dev/null", "true"])
        .stdin(Stdio::null())
        .output()
        .map_err(NoStrace::NotStarted)?;
    if tried.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&tried.stderr);
    Err(NoStrace::Refused(
        said.lines().next().unwrap_or("no reason told").to_owned(),
    ))
}
