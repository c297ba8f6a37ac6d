//! Whether the database's file is still where it was opened.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use crate::store::StoreError;

/// A file's place, and which file was opened there. As long as that is open, its number is no other's.
pub(super) struct Place {
    path: PathBuf,
    opened: (u64, u64),
}

impl Place {
    pub(super) fn of(path: PathBuf, file: &File) -> io::Result<Self> {
        let opened = number(&file.metadata()?);
        Ok(Self { path, opened })
    }

    /// Fails where the file was removed, moved or replaced. What is written to it then is gone when the last program that has
    /// it open ends.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match fs::metadata(&self.path) {
            Ok(there) if number(&there) == self.opened => Ok(()),
            _ => Err(StoreError::unavailable(format!(
                "{} is not the file any more that this program has opened",
                self.path.display()
            ))),
        }
    }
}

/// What tells a file from all others: its device and its number there.
fn number(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
