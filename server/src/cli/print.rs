//! What commands print. `println!` would panic where nobody reads on (`bursar event list | head -1`).

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line.
pub fn line(text: impl Display) -> io::Result<()> {
    unless_nobody_reads(writeln!(io::stdout().lock(), "{text}"))
}

/// Tells a line beside what is printed, on standard error.
pub fn aside(text: impl Display) -> io::Result<()> {
    unless_nobody_reads(writeln!(io::stderr(), "{text}"))
}

/// Prints a text that has its line ends.
pub fn text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    unless_nobody_reads(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Who reads no further has what it wanted: the command ends as it would have ended.
fn unless_nobody_reads(printed: io::Result<()>) -> io::Result<()> {
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
