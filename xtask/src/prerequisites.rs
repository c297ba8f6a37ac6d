//! Programs that the tests need: found, else installed where we may, else asked for.

use std::path::PathBuf;

use crate::processes::{on_path, probe};
use crate::{apt, postgres};

/// A program that tests need.
#[derive(Debug, Clone, Copy)]
pub struct Prerequisite {
    /// What it is, in words that somebody can act on.
    pub name: &'static str,
    /// The packages of Debian that bring it.
    pub packages: &'static [&'static str],
    is_there: fn() -> bool,
}

/// The server programs of PostgreSQL.
pub const POSTGRESQL: Prerequisite = Prerequisite {
    name: "PostgreSQL's server programs (initdb and postgres)",
    packages: &["postgresql"],
    is_there: || postgres::find_binaries().is_some(),
};

/// What the tests that look at system calls need, and the benchmark. Without it the tests are not run.
pub const STRACE: Prerequisite = Prerequisite {
    name: "strace",
    packages: &["strace"],
    is_there: || on_path("strace").is_some(),
};

/// What the benchmark sends with.
pub const WRK: Prerequisite = Prerequisite {
    name: "wrk",
    packages: &["wrk"],
    is_there: || on_path("wrk").is_some(),
};

/// What the tests of the example programs need.
const EXAMPLES: [Prerequisite; 3] = [
    Prerequisite {
        name: "python3 with the `requests` library",
        packages: &["python3", "python3-requests"],
        is_there: || python().is_some(),
    },
    Prerequisite {
        name: "node, version 18 or newer",
        packages: &["nodejs"],
        is_there: has_node,
    },
    Prerequisite {
        name: "curl",
        packages: &["curl"],
        is_there: || on_path("curl").is_some(),
    },
];

/// Everything that `cargo xtask test` needs.
pub fn all() -> Vec<Prerequisite> {
    std::iter::once(POSTGRESQL).chain(EXAMPLES).collect()
}

/// What is not there, and how to get it.
#[derive(Debug, thiserror::Error)]
#[error("missing: {}\non Debian and Ubuntu: sudo apt-get install {}", names.join("; "), packages.join(" "))]
pub struct Missing {
    names: Vec<&'static str>,
    packages: Vec<&'static str>,
}

/// Sees to it that all of these are there, installing what is missing if we are root on Debian.
pub fn ensure(wanted: &[Prerequisite]) -> Result<(), Missing> {
    let Err(missing) = check(wanted) else {
        return Ok(());
    };
    if !apt::is_usable() {
        return Err(missing);
    }
    println!("installing with apt-get: {}", missing.packages.join(" "));
    if let Err(error) = apt::install(&missing.packages) {
        println!("{error}");
    }
    check(wanted)
}

fn check(wanted: &[Prerequisite]) -> Result<(), Missing> {
    let missing: Vec<_> = wanted
        .iter()
        .filter(|prerequisite| !(prerequisite.is_there)())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Missing {
        names: missing.iter().map(|prerequisite| prerequisite.name).collect(),
        packages: missing
            .iter()
            .flat_map(|prerequisite| prerequisite.packages)
            .copied()
            .collect(),
    })
}

/// The first Python that has `requests`: the one on PATH may be somebody's own and bare.
pub fn python() -> Option<PathBuf> {
    let candidates = [on_path("python3"), Some("/usr/bin/python3".into())];
    candidates
        .into_iter()
        .flatten()
        .find(|python| probe(python, &["-c", "import requests"]).is_some())
}

fn has_node() -> bool {
    probe("node", &["--version"])
        .and_then(|version| major(&version))
        .is_some_and(|major| major >= 18)
}

/// `v20.20.2` is 20.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_node_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v8.1"), Some(8));
        assert_eq!(major("oops"), None);
    }

    #[test]
    fn what_is_missing_is_named_with_its_packages() {
        let gone = |name, packages| Prerequisite {
            name,
            packages,
            is_there: || false,
        };
        let there = Prerequisite {
            name: "there",
            packages: &["there"],
            is_there: || true,
        };
        let error = check(&[gone("a", &["x", "y"]), there, gone("b", &["z"])]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "missing: a; b\non Debian and Ubuntu: sudo apt-get install x y z"
        );
    }
}
