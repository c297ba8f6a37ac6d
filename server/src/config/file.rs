//! The settings file.

use std::io::ErrorKind;
use std::path::Path;

use super::{ConfigError, Settings, environment};

/// The file that is read when no other is named and it is there.
pub(super) const DEFAULT: &str = "bursar.toml";

pub(super) fn read(named: Option<&Path>) -> Result<Settings, ConfigError> {
    let path = named.unwrap_or(Path::new(DEFAULT));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
            return Ok(Settings::default());
        }
        Err(error) => return Err(ConfigError::File(path.to_owned(), error)),
    };
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        ConfigError::Syntax(path.to_owned(), place(&text, at), Box::new(error))
    })
}

/// The line of a place in the file, and which setting stands there: its name, and nothing else of the line.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let number = before.matches('\n').count();
    let line = text.lines().nth(number).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    let known = environment::known_keys().into_iter().find(|name| name == key);
    let key = known.map(|name| format!(": {name}")).unwrap_or_default();
    format!("line {}{key}", number + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_by_line_and_setting() {
        let text = "role = 'api'\nlisten = 'here'\n[delivery]\nallow_private_addresses = 1\nhunter2 = 2";
        for (what, told) in [
            ("'api'", "line 1: role"),
            ("'here'", "line 2: listen"),
            ("1", "line 4: allow_private_addresses"),
            ("hunter2", "line 5"),
        ] {
            assert_eq!(place(text, text.find(what).unwrap()), told);
        }
        assert_eq!(place("", 0), "line 1");
    }
}
