//! Settings, addresses, folders and files.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::Report;
use crate::config::{Config, FileSecret, exposure};
use crate::store::Location;

/// Below this much free space a warning is due: 1 GiB.
const LITTLE_SPACE: u64 = 1024 * 1024 * 1024;
/// Below this much the database will soon refuse changes: 64 MiB.
const NO_SPACE: u64 = 64 * 1024 * 1024;

/// File systems on which locks or the shared memory of the write-ahead log do not work as SQLite needs them.
const NETWORK_FILE_SYSTEMS: [&str; 12] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "lustre",
    "glusterfs",
    "fuse.sshfs",
    "fuse.glusterfs",
];

/// Can the settings be understood?
pub fn check_settings(config: &Config, report: &mut Report) {
    let wrong = config.location().err().or_else(|| config.test_clock().err());
    match wrong {
        Some(error) => report.fail("settings", error.to_string()),
        None => report.ok("settings", "understood; `bursar config` prints them"),
    }
    if config.test_clock.is_some() {
        report.warn(
            "test clock",
            "is on: time stands still until it is moved; never in production",
        );
    }
}

/// Can all addresses be listened at, and is anything open to the network?
pub fn check_listeners(config: &Config, report: &mut Report) {
    if let Err(error) = config.check_addresses() {
        report.fail("listeners", error.to_string());
    }
    let apart = [config.admin_listen, config.metrics_listen];
    let all = std::iter::once(config.listen).chain(apart.into_iter().flatten());
    let open: Vec<_> = all.filter(|address| !address.ip().is_loopback()).collect();
    if open.is_empty() {
        report.ok("listeners", "only this machine can connect");
    }
    for address in open {
        report.warn(
            "listeners",
            format!("{address} is open to the network without TLS: put a proxy with TLS in front of it"),
        );
    }
}

/// Is the folder of the embedded database there, writable, local, private and not full?
pub fn check_folder(config: &Config, report: &mut Report) {
    let Ok(Location::SqliteFile(file)) = config.location() else {
        return;
    };
    let folder = parent(&file);
    let shown = folder.display();
    let Ok(metadata) = fs::metadata(&folder) else {
        return report.warn(
            "data folder",
            format!("{shown} is not there yet; `bursar serve` makes it"),
        );
    };
    if let Some(fault) = unusable(&folder, &metadata) {
        return report.fail("data folder", fault);
    }
    check_privacy(&folder, metadata.mode(), &file, report);
    check_files(&file, report);
    check_file_system(&folder, report);
    check_space(&folder, report);
}

/// Why the database cannot be in this folder.
fn unusable(folder: &Path, metadata: &Metadata) -> Option<String> {
    let shown = folder.display();
    if !metadata.is_dir() {
        return Some(format!("{shown} is no folder: set --data-dir to another"));
    }
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    let refused = rustix::fs::access(folder, wanted).is_err();
    refused.then(|| format!("{shown} is not writable: give it to the user of the server"))
}

fn check_privacy(folder: &Path, mode: u32, file: &Path, report: &mut Report) {
    let (shown, file_shown) = (folder.display(), file.display());
    if mode & 0o022 != 0 {
        report.fail(
            "data folder",
            format!("others may change {shown}: run `chmod 700 {shown}`"),
        );
    } else if is_readable(mode, file) {
        // So it may be after a restore: no server makes it so.
        report.warn(
            "data folder",
            format!("others may read {file_shown}: run `chmod 700 {shown}`"),
        );
    } else {
        report.ok("data folder", format!("{shown} is writable for us alone"));
    }
}

/// May others read a file in a folder of this mode? Who may enter the folder and read the file can: the group, or all.
fn is_readable(folder: u32, file: &Path) -> bool {
    let file = fs::metadata(file).map_or(0, |metadata| metadata.mode());
    [(0o010, 0o040), (0o001, 0o004)]
        .iter()
        .any(|(enter, read)| folder & enter != 0 && file & read != 0)
}

/// Is the master key there, whole, and private?
pub fn check_master_key(config: &Config, report: &mut Report) {
    let file = &config.master_key_file;
    if config.master_key.is_some() {
        match config.master_key() {
            Ok(_) => report.ok("master key", "given by the environment or the settings file"),
            Err(error) => report.fail("master key", error.to_string()),
        }
        return;
    }
    let shown = file.display();
    if fs::metadata(file).is_err() {
        // Whether it is missing, the database tells.
        return report.warn(
            "master key",
            format!("{shown} is not there; `bursar serve` makes it for a database that is not set up yet"),
        );
    }
    if let Err(error) = config.master_key() {
        return report.fail("master key", format!("{error}; restore {shown} from its backup"));
    }
    match exposure(file) {
        Some(why) => report.fail("master key", why),
        None => report.ok(
            "master key",
            format!("{shown} is private; keep a copy apart from the database's backups"),
        ),
    }
}

/// Is the settings file private, if it has to be?
pub fn check_settings_file(config: &Config, report: &mut Report) {
    let Some((file, secret)) = &config.secret_file else {
        return;
    };
    match (exposure(file), secret) {
        (None, _) => report.ok("settings file", format!("{} is private", file.display())),
        (Some(why), FileSecret::MasterKey) => {
            report.fail("settings file", format!("{why}; the master key is in it"));
        }
        // In a container it may have to be so, behind a folder that is closed to others.
        (Some(why), FileSecret::DatabasePassword) => {
            report.warn(
                "settings file",
                format!("{why}; the database's password is in it"),
            );
        }
    }
}

/// Can the database's files be written, as far as they are there?
fn check_files(database: &Path, report: &mut Report) {
    for end in ["", "-wal", "-shm"] {
        let mut file = database.as_os_str().to_owned();
        file.push(end);
        let is_read_only = match rustix::fs::access(&file, rustix::fs::Access::WRITE_OK) {
            Ok(()) => false,
            Err(error) => error != rustix::io::Errno::NOENT,
        };
        if is_read_only {
            let shown = Path::new(&file).display();
            report.fail(
                "database files",
                format!("{shown} can only be read: give it to the user of the server, mode 0600"),
            );
        }
    }
}

fn check_file_system(folder: &Path, report: &mut Report) {
    let Some(kind) = fs::canonicalize(folder).ok().and_then(|path| file_system(&path)) else {
        return;
    };
    if NETWORK_FILE_SYSTEMS.contains(&kind.as_str()) {
        report.fail(
            "file system",
            format!(
                "{kind} is a network file system, on which SQLite loses data: use a local disk, or PostgreSQL"
            ),
        );
    } else {
        report.ok("file system", format!("{kind}, local"));
    }
}

/// The type of the file system that a path is on, where the system tells (Linux).
fn file_system(path: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((PathBuf::from(fields.next()?), fields.next()?.to_owned()))
    });
    // Of those mounted at the same place the last one is seen, and `max_by_key` answers the last.
    let around = mounts.filter(|(place, _)| path.starts_with(place));
    around
        .max_by_key(|(place, _)| place.components().count())
        .map(|(_, kind)| kind)
}

fn check_space(folder: &Path, report: &mut Report) {
    let Ok(space) = rustix::fs::statvfs(folder) else {
        return;
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let shown = format!("{} MiB free", free / (1024 * 1024));
    if free < NO_SPACE {
        report.fail(
            "disk space",
            format!("{shown}: changes will soon be refused; make room"),
        );
    } else if free < LITTLE_SPACE {
        report.warn("disk space", format!("{shown}: make room"));
    } else {
        report.ok("disk space", shown);
    }
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => ".".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_of_a_path_is_told() {
        assert_eq!(file_system(Path::new("/proc/self")).as_deref(), Some("proc"));
    }
}
