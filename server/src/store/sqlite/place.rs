//! Whether the database's files are still where they were opened.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::store::StoreError;

/// The database's place, and which file was opened there. As long as that is open, its number is no other's.
pub(super) struct Place {
    path: PathBuf,
    opened: Number,
    log: PathBuf,
    /// Which log was there when it was first looked for. SQLite removes one with the last connection only.
    first_log: OnceLock<Number>,
}

/// What tells a file from all others: its device and its number there.
type Number = (u64, u64);

impl Place {
    pub(super) fn of(path: PathBuf, file: &File) -> io::Result<Self> {
        let opened = number(&file.metadata()?);
        let mut log = path.clone().into_os_string();
        log.push("-wal");
        Ok(Self {
            path,
            opened,
            log: log.into(),
            first_log: OnceLock::new(),
        })
    }

    /// Fails where the file or its log was removed, moved or replaced. What is written to it then is gone when the last program
    /// that has it open ends.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        is_still(&self.path, self.opened)?;
        if let Some(first) = self.first_log.get() {
            return is_still(&self.log, *first);
        }
        // There may be none before the first commit.
        if let Ok(there) = fs::metadata(&self.log) {
            self.first_log.get_or_init(|| number(&there));
        }
        Ok(())
    }
}

fn is_still(path: &Path, opened: Number) -> Result<(), StoreError> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(there) if number(&there) == opened => Ok(()),
        Ok(_) => Err(StoreError::unavailable(format!(
            "{shown} is not the file any more that this program has opened"
        ))),
        Err(error) => Err(StoreError::unavailable(format!(
            "{shown} cannot be looked at: {error}"
        ))),
    }
}

fn number(metadata: &Metadata) -> Number {
    (metadata.dev(), metadata.ino())
}
