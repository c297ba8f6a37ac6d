//! Running other programs.

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

/// Why another program did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It could not be started.
    #[error("cannot start {program:?}")]
    NotStarted {
        /// Its name or path.
        program: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// It ended with something else than success.
    #[error("`{command}` failed: {status}")]
    Failed {
        /// The program and its arguments.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
}

/// Runs the command to its end, with our standard output and error.
pub fn run(command: &mut Command) -> Result<(), RunError> {
    let status = status(command)?;
    if status.success() {
        return Ok(());
    }
    Err(RunError::Failed {
        command: words(command),
        status,
    })
}

/// Runs the command to its end and answers how it ended.
pub fn status(command: &mut Command) -> Result<ExitStatus, RunError> {
    command.status().map_err(|source| not_started(command, source))
}

/// Sends a signal, `-TERM` for example, to a process of ours. The shell's own `kill` does: not every machine has the program.
pub fn signal(name: &str, process: u32) -> Result<(), RunError> {
    run(Command::new("sh").args(["-c", "kill \"$0\" \"$1\"", name, &process.to_string()]))
}

/// Runs the command and answers what it wrote to standard output.
pub fn output(command: &mut Command) -> Result<String, RunError> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| not_started(command, source))?;
    if !output.status.success() {
        return Err(RunError::Failed {
            command: words(command),
            status: output.status,
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What the command wrote to standard output, or `None` if it is missing or failed. Silent.
pub fn probe(program: impl AsRef<OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What became of something that not every machine lets us do.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// The program could not be started.
    #[error("cannot start `{program}`: {source}")]
    NotStarted {
        /// Its name or path.
        program: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// It says no, in these words.
    #[error("{0}")]
    Refused(String),
}

/// Runs the command to its end, to see whether it can be done. Silent.
pub fn attempt(command: &mut Command) -> Result<(), NotDone> {
    let tried = command.stdin(Stdio::null()).output();
    let tried = tried.map_err(|source| NotDone::NotStarted {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    if tried.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&tried.stderr);
    let first = said.lines().next().unwrap_or("no reason told");
    Err(NotDone::Refused(first.to_owned()))
}

/// The first file of this name on PATH.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Whether this process may do everything on the machine.
pub fn is_root() -> bool {
    probe("id", &["-u"]).is_some_and(|uid| uid == "0")
}

fn not_started(command: &Command, source: io::Error) -> RunError {
    RunError::NotStarted {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    }
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_done_says_why() {
        let why = |command: &mut Command| attempt(command).err().map(|why| why.to_string());
        let mut refusing = Command::new("sh");
        refusing.args(["-c", "echo may not >&2; echo more >&2; exit 1"]);
        assert_eq!(why(&mut refusing).as_deref(), Some("may not"));
        let missing = why(&mut Command::new("no-such-program")).unwrap();
        assert!(
            missing.starts_with("cannot start `no-such-program`: "),
            "{missing}"
        );
        assert_eq!(why(&mut Command::new("true")), None);
    }
}
