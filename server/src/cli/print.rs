//! What commands print. `println!` would panic where nobody reads on (`bursar event list | head -1`).

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

/// Prints a line.
pub fn line(line: impl Display) -> io::Result<()> {
    text(&format!("{line}\n")).map(drop)
}

/// Prints a text that has its line ends. Answers whether anybody reads on.
pub fn text(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    unless_nobody_reads(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Tells a line beside what is printed, on standard error.
pub fn aside(text: impl Display) -> io::Result<()> {
    unless_nobody_reads(writeln!(io::stderr(), "{text}")).map(drop)
}

/// Who reads no further has what it wanted: the command ends as it would have ended.
fn unless_nobody_reads(printed: io::Result<()>) -> io::Result<bool> {
    match printed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Does this steer the terminal? That is every control character, also those that JSON leaves as they are, and what turns
/// the direction of writing.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text with what would steer the terminal escaped: customers write such texts, operators look at them.
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            shown.extend(c.escape_debug());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same as JSON, which has its own way to escape. Its lines stay lines.
pub fn harmless_json(thing: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(thing)?;
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) && c != '\n' {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_would_steer_the_terminal_is_escaped_in_json_as_json_has_it() {
        let thing = json!({"Zoë": "\u{1b}[\n", "\u{7f}": "\u{9b}2J", "bidi": "\u{202e}cod.exe\u{2069}"});
        let text = harmless_json(&thing).unwrap();
        for part in [
            r#""Zoë": "\u001b[\n""#,
            r#""\u007f": "\u009b2J""#,
            r#""bidi": "\u202ecod.exe\u2069""#,
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), thing);
    }
}
