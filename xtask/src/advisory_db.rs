//! A copy of the RustSec advisory database on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use crate::processes::{self, RunError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a copy that lies there is of no use.
#[derive(Debug, thiserror::Error)]
pub enum AdvisoryDbError {
    /// The folder to unpack into cannot be made anew.
    #[error("cannot make the folder {folder:?}")]
    Folder {
        /// Which one.
        folder: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The archive cannot be unpacked.
    #[error(transparent)]
    Unpack(#[from] RunError),
    /// There are no advisories in it.
    #[error("{0:?} holds no advisory database: it has no folder `crates`")]
    Empty(PathBuf),
}

/// The database as a folder, unpacked below `target` if it is an archive; `None` if there is none.
///
/// Looks at `$BURSAR_ADVISORY_DB`, then at `target/advisory-db`.
pub fn find(target: &Path) -> Result<Option<PathBuf>, AdvisoryDbError> {
    let told = std::env::var_os("BURSAR_ADVISORY_DB").map(PathBuf::from);
    let in_target = Some(target.join("advisory-db")).filter(|folder| folder.is_dir());
    let Some(found) = told.or(in_target) else {
        return Ok(None);
    };
    let folder = if found.is_file() {
        unpack(&found, target)?
    } else {
        found
    };
    let inner = folder.join("advisory-db");
    let database = [folder.clone(), inner]
        .into_iter()
        .find(|folder| folder.join("crates").is_dir());
    database.map(Some).ok_or(AdvisoryDbError::Empty(folder))
}

/// The day of the newest advisory (`YYYY-MM-DD`), and how many days ago that was.
pub fn newest_advisory(database: &Path) -> Option<(String, u64)> {
    let crates = fs::read_dir(database.join("crates")).ok()?.flatten();
    let files = crates
        .filter_map(|entry| fs::read_dir(entry.path()).ok())
        .flatten()
        .flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    let newest = texts.filter_map(|text| date_of(&text).map(String::from)).max()?;
    let age_days = today().saturating_sub(days_since_1970(&newest)?);
    Some((newest, age_days))
}

/// In days since 1970.
pub fn today() -> u64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH);
    passed.unwrap_or_default().as_secs() / DAY.as_secs()
}

fn unpack(archive: &Path, target: &Path) -> Result<PathBuf, AdvisoryDbError> {
    let folder = target.join("advisory-db-unpacked");
    let failed = |source| AdvisoryDbError::Folder {
        folder: folder.clone(),
        source,
    };
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    processes::run(
        Command::new("tar")
            .arg("-xzf")
            .arg(archive)
            .arg("-C")
            .arg(&folder),
    )?;
    Ok(folder)
}

/// The day in an advisory's head: a line like `date = "2026-08-19"`.
fn date_of(advisory: &str) -> Option<&str> {
    let line = advisory.lines().find(|line| line.starts_with("date = "))?;
    line.split('"').nth(1)
}

/// Of a day such as `2026-08-19`. Source: Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
pub fn days_since_1970(date: &str) -> Option<u64> {
    let mut numbers = date.split('-').map(|number| number.parse::<u64>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year.checked_sub(1)?, month + 9)
    };
    let day_of_year = (153 * month + 2) / 5 + day.checked_sub(1)?;
    (year * 365 + year / 4 - year / 100 + year / 400 + day_of_year).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advisory_tells_its_day() {
        assert_eq!(
            date_of("```toml\n[advisory]\ndate = \"2026-08-19\"\n"),
            Some("2026-08-19")
        );
        assert_eq!(date_of("no head"), None);
    }

    #[test]
    fn days_are_counted_over_leap_years() {
        assert_eq!(days_since_1970("1970-01-01"), Some(0));
        assert_eq!(days_since_1970("2000-03-01"), Some(11_017));
        assert_eq!(days_since_1970("2026-11-23"), Some(20_780));
        assert_eq!(days_since_1970("soon"), None);
    }
}
