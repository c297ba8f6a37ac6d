//! Whom PostgreSQL runs as, since it refuses to be root.

use std::fs;

use super::ClusterError;
use crate::processes;

/// A user of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// `None` to stay who we are; if we are root, `postgres`, else `nobody`.
pub(super) fn to_run_as() -> Result<Option<Account>, ClusterError> {
    if !processes::is_root() {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let account = find(&passwd, "postgres").or_else(|| find(&passwd, "nobody"));
    account.map(Some).ok_or(ClusterError::NoAccount)
}

/// Source: passwd(5), `name:password:uid:gid:…`.
fn find(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2).map(str::parse);
    Some(Account {
        uid: numbers.next()?.ok()?,
        gid: numbers.next()?.ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:\npostgres:x:101:104::/var:/bin/bash\n";
        assert_eq!(find(passwd, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(find(passwd, "nobody"), None);
    }
}
