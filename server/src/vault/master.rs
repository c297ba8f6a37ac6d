//! The master key: given as text, or kept in a file that is made on the first run.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::random;
use crate::hex;

/// 32 secret bytes. Written as 64 hex digits.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// What stands in this place is something else.
    #[error("{0}: a master key is 64 hex digits")]
    Malformed(String),
    /// The file cannot be read or made.
    #[error("the master key file {0} cannot be used: {1}")]
    File(PathBuf, #[source] std::io::Error),
}

impl MasterKey {
    /// A key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hex digits; white space around them is ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        hex::decode(text)?.try_into().ok().map(Self)
    }

    /// Reads the file, or makes it (mode 0600) with a random key where there is none.
    pub fn from_file(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |error| MasterKeyError::File(path.to_owned(), error);
        let parsed = |text: &str| {
            let malformed = || MasterKeyError::Malformed(format!("the file {}", path.display()));
            Self::parse(text).ok_or_else(malformed)
        };
        match std::fs::read_to_string(path) {
            Ok(text) => return parsed(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let key = Self(random());
        match key.put_into_place(path) {
            Ok(()) => Ok(key),
            // Another process has just made it.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                parsed(&std::fs::read_to_string(path).map_err(failed)?)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Makes the file, where there is none. It appears whole or not at all, also if the machine stops meanwhile.
    fn put_into_place(&self, path: &Path) -> std::io::Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let temporary = folder.join(format!(".master-key-{}", uuid::Uuid::new_v4()));
        let linked = self
            .write_new(&temporary)
            .and_then(|()| std::fs::hard_link(&temporary, path));
        // What it held is in its place, or of no use.
        let removed = std::fs::remove_file(&temporary);
        linked.and(removed)?;
        File::open(folder)?.sync_all()
    }

    fn write_new(&self, path: &Path) -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        writeln!(file, "{}", hex::encode(&self.0))?;
        file.sync_all()
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_hex_digits() {
        let text = "0f".repeat(32);
        let key = MasterKey::parse(&format!(" {text}\n")).unwrap();
        assert_eq!(hex::encode(key.bytes()), text);
        for bad in ["", "0f", &"+f".repeat(32), &"ä".repeat(32)] {
            assert!(MasterKey::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn of_many_that_make_the_file_at_once_all_get_one_key() {
        let folder = std::env::temp_dir().join(format!("bursar-key-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("master.key");
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| *MasterKey::from_file(&path).unwrap().bytes()))
                .collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        let files = std::fs::read_dir(&folder).unwrap().count();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(files, 1, "a temporary file is left");
    }
}
