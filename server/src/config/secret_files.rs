//! Files that hold secrets, and who may read them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Settings;

/// What is secret in a settings file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSecret {
    /// The master key.
    MasterKey,
    /// The database's password.
    DatabasePassword,
}

impl FileSecret {
    /// The worst of what this file tells.
    pub(super) fn of(file: &Settings) -> Option<Self> {
        if file.master_key.is_some() {
            return Some(Self::MasterKey);
        }
        let database = file.database.as_deref()?;
        has_password(database).then_some(Self::DatabasePassword)
    }
}

/// Why a file is not private and what to do, if so; `None` also where there is none.
pub fn exposure(file: &Path) -> Option<String> {
    let mode = fs::metadata(file).ok()?.permissions().mode() & 0o777;
    let shown = file.display();
    let is_open = mode & 0o077 != 0;
    is_open.then(|| format!("others may read {shown} (mode {mode:04o}): run `chmod 600 {shown}`"))
}

fn has_password(database: &str) -> bool {
    let user = database
        .split_once("://")
        .and_then(|(_, rest)| rest.rsplit_once('@'));
    database.contains("password=") || user.is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_with_a_password_is_a_secret() {
        for (database, expected) in [
            ("postgres://u:p@h/d", true),
            ("postgres://u:p@@h:5/d", true),
            ("postgres://h/d?user=u&password=p", true),
            ("postgres://u@h:5/d?sslmode=require", false),
            ("postgres://h:5/d", false),
            ("sqlite:/a:b@c.db", false),
        ] {
            assert_eq!(has_password(database), expected, "{database}");
        }
    }
}
