//! Where PostgreSQL's server programs lie. Debian keeps them off PATH, one folder per version.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{processes, test_environment};

/// The folder with `initdb` and `postgres`, or `None`.
///
/// Looks where `BURSAR_TEST_POSTGRES_BIN` says, on PATH, in the newest `/usr/lib/postgresql/*/bin`, and where
/// `pg_config` says.
pub fn find() -> Option<PathBuf> {
    let told = test_environment::postgres_binaries();
    // A link on PATH leads to the folder that holds the other programs too.
    let on_path = || {
        Some(
            processes::on_path("initdb")?
                .canonicalize()
                .ok()?
                .parent()?
                .to_owned(),
        )
    };
    let by_pg_config = || processes::probe("pg_config", &["--bindir"]).map(PathBuf::from);
    told.filter(|folder| is_complete(folder))
        .or_else(|| on_path().filter(|folder| is_complete(folder)))
        .or_else(|| newest(versions(Path::new("/usr/lib/postgresql"))))
        .or_else(|| by_pg_config().filter(|folder| is_complete(folder)))
}

fn is_complete(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// Every complete `VERSION/bin` below the folder.
fn versions(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| is_complete(bin))
        .collect()
}

/// The folder with the highest version: 9.6 is older than 15, 15 older than 16.
fn newest(folders: Vec<PathBuf>) -> Option<PathBuf> {
    folders.into_iter().max_by_key(|bin| version(bin))
}

/// The numbers in the name of the folder above `bin`.
fn version(bin: &Path) -> Vec<u32> {
    let name = bin
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default()
        .to_string_lossy();
    name.split('.').map_while(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest_of(versions: &[&str]) -> Option<PathBuf> {
        newest(
            versions
                .iter()
                .map(|version| Path::new("/pg").join(version).join("bin"))
                .collect(),
        )
    }

    #[test]
    fn the_newest_version_is_newest_by_number() {
        assert_eq!(newest_of(&["15", "9.6", "16", "8.4"]), Some("/pg/16/bin".into()));
        assert_eq!(newest_of(&["9.6", "9.10"]), Some("/pg/9.10/bin".into()));
    }

    #[test]
    fn a_folder_that_is_no_version_comes_last() {
        assert_eq!(newest_of(&["common", "15"]), Some("/pg/15/bin".into()));
        assert_eq!(newest_of(&[]), None);
    }
}
