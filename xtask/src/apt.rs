//! Installing packages on Debian and its descendants.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::processes::{self, RunError};

/// PostgreSQL's packages make and start a server of the system's unless this file says otherwise.
const CLUSTER_SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";

/// Whether we may install packages here.
pub fn is_usable() -> bool {
    processes::on_path("apt-get").is_some() && processes::is_root()
}

/// Installs the packages without asking anything.
pub fn install(packages: &[&str]) -> Result<(), RunError> {
    apt_get(&["update", "-qq"])?;
    if packages.contains(&"postgresql") && !Path::new(CLUSTER_SETTINGS).exists() {
        apt_get(&["install", "-y", "-qq", "postgresql-common"])?;
        prevent_system_cluster();
    }
    apt_get(&[&["install", "-y", "-qq"], packages].concat())
}

fn apt_get(args: &[&str]) -> Result<(), RunError> {
    processes::run(
        Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// Best effort: if it fails, a server of the system's runs beside ours and takes memory, nothing else.
fn prevent_system_cluster() {
    let settings = fs::read_to_string(CLUSTER_SETTINGS).unwrap_or_default();
    if let Err(error) = fs::write(CLUSTER_SETTINGS, without_main_cluster(&settings)) {
        println!("cannot write {CLUSTER_SETTINGS}: {error}");
    }
}

fn without_main_cluster(settings: &str) -> String {
    let others = settings
        .lines()
        .filter(|line| !line.starts_with("create_main_cluster"));
    others
        .chain(["create_main_cluster = false"])
        .map(|line| format!("{line}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_cluster_is_switched_off_and_the_rest_kept() {
        let before = "# note\ncreate_main_cluster = true\nport = 1\n";
        assert_eq!(
            without_main_cluster(before),
            "# note\nport = 1\ncreate_main_cluster = false\n"
        );
    }
}
