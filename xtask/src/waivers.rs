//! Advisories that are let pass for a while: `.cargo/audit.toml`.

use std::{fs, io};

use crate::advisory_db::{days_since_1970, today};
use crate::workspace::root;

/// Why one of them does not hold.
#[derive(Debug, thiserror::Error)]
pub enum WaiverError {
    /// The file is gone.
    #[error("cannot read .cargo/audit.toml")]
    Unreadable(#[from] io::Error),
    /// It says no last day, or no reason.
    #[error("a line of its own that ends with `# until YYYY-MM-DD: why`, and not: {0}")]
    NotDated(String),
    /// Its last day is over.
    #[error("this is over: {0}")]
    Over(String),
}

/// Looks whether each has a reason and a last day that is not over.
pub fn check() -> Result<(), WaiverError> {
    let text = fs::read_to_string(root().join(".cargo/audit.toml"))?;
    check_text(&text, today())
}

fn check_text(text: &str, today: u64) -> Result<(), WaiverError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    for line in lines.filter(|line| line.contains("RUSTSEC-")) {
        let last_day = last_day(line).ok_or_else(|| WaiverError::NotDated(line.to_owned()))?;
        if last_day < today {
            return Err(WaiverError::Over(line.to_owned()));
        }
    }
    Ok(())
}

/// In days since 1970; `None` if it is said in no such form, or of no one advisory, or without a reason.
fn last_day(line: &str) -> Option<u64> {
    let (advisory, rest) = line.split_once("# until ")?;
    let (day, why) = rest.split_once(": ")?;
    let is_one = advisory.matches("RUSTSEC-").count() == 1;
    days_since_1970(day).filter(|_| is_one && !why.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_the_first_of_december(line: &str) -> Option<String> {
        let today = days_since_1970("2026-12-01").unwrap();
        let text = format!("# \"RUSTSEC-1\"\n[advisories]\nignore = [\n{line}\n]\n");
        check_text(&text, today).err().map(|error| error.to_string())
    }

    #[test]
    fn a_waiver_has_a_reason_and_a_last_day_that_is_not_over() {
        let told = on_the_first_of_december;
        assert_eq!(told(""), None);
        assert_eq!(told("    \"RUSTSEC-1\", # until 2026-12-01: tests alone"), None);
        let over = told("\"RUSTSEC-1\", # until 2026-11-30: tests alone").unwrap();
        assert!(over.starts_with("this is over: "), "{over}");
        for line in [
            "\"RUSTSEC-1\",",
            "\"RUSTSEC-1\", # tests alone",
            "\"RUSTSEC-1\", # until soon: tests alone",
            "\"RUSTSEC-1\", # until 2026-12-01: ",
            "\"RUSTSEC-1\", \"RUSTSEC-2\", # until 2026-12-01: tests alone",
        ] {
            let undated = told(line).unwrap();
            assert!(undated.starts_with("a line of its own"), "{undated}");
        }
    }
}
