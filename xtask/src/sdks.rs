//! Our requests to third parties beside those of their official SDKs. The work is done in Python, in `tests/sdk`: it
//! sends one event through the SDK to a server on the loopback address and compares our golden request with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::processes::{RunError, run};
use crate::steps::{Steps, with_sources};
use crate::workspace::root;

const COMPARISON: &str = "SDK: the comparison itself";
const OTHERS: &str = "SDK: others";

/// The integrations whose third party publishes an official SDK for servers, each with its package at PyPI. What the
/// vendors of all others publish is for phones and pages.
const ALL: [(&str, &str); 7] = [
    // The body is of our own making, docs/events.md; this is about its signature.
    ("webhook", "standardwebhooks"),
    ("amplitude", "amplitude-analytics"),
    ("mixpanel", "mixpanel"),
    ("posthog", "posthog"),
    ("onesignal", "onesignal-python-api"),
    ("pushwoosh", "pypushwoosh"),
    ("facebook_ads", "facebook-business"),
];

/// Why an SDK cannot be had.
#[derive(Debug, thiserror::Error)]
enum NotThere {
    #[error("there is no Python")]
    Python,
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("cannot read what to install")]
    Requirements(#[from] io::Error),
    #[error("tests/sdk/requirements.txt does not name {0}")]
    Unnamed(&'static str),
}

/// Compares with every SDK; says `NOT RUN` of those that cannot be had here, and which integrations have none.
pub fn check(steps: &mut Steps, python: Option<&Path>, target: &Path) {
    if let Some(python) = python {
        let tests = root().join("tests/sdk/test_compare.py");
        steps.run(COMPARISON, || run(Command::new(python).arg("-B").arg(tests)));
    }
    // Each in an environment of its own: their dependencies need not agree.
    for (slug, package) in ALL {
        let name = format!("SDK: {slug}");
        let ready = python
            .ok_or(NotThere::Python)
            .and_then(|python| install(python, &target.join("sdk").join(slug), package));
        match ready {
            Err(why) => steps.leave_out(name, with_sources(&why)),
            Ok(python) => {
                let main = root().join("tests/sdk/main.py");
                let mut command = Command::new(python);
                command.arg("-B").arg(main).arg(slug);
                steps.run(name, || run(&mut command));
            }
        }
    }
    let others = without_sdk().join(", ");
    steps.have_none(
        OTHERS,
        format!("no official SDK for servers is known on PyPI or npm: {others}"),
    );
}

/// The integrations that are not in [`ALL`]: each has golden requests.
fn without_sdk() -> Vec<String> {
    let golden = root().join("domain/tests/golden/integrations");
    let folders = fs::read_dir(golden).into_iter().flatten().flatten();
    let slugs = folders.filter_map(|folder| folder.file_name().into_string().ok());
    let is_other = |slug: &String| ALL.iter().all(|(known, _)| known != slug);
    let mut others: Vec<_> = slugs.filter(is_other).collect();
    others.sort();
    others
}

/// Makes a virtual environment with the package and answers its Python.
fn install(python: &Path, folder: &Path, package: &'static str) -> Result<PathBuf, NotThere> {
    let requirements = fs::read_to_string(root().join("tests/sdk/requirements.txt"))?;
    let wanted = pinned(&requirements, package).ok_or(NotThere::Unnamed(package))?;
    let inside = folder.join("bin").join("python");
    if !inside.is_file() {
        run(Command::new(python).args(["-m", "venv"]).arg(folder))?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(&inside).args(pip).arg(wanted))?;
    Ok(inside)
}

/// The line that names the package with its version.
fn pinned<'a>(requirements: &'a str, package: &str) -> Option<&'a str> {
    requirements.lines().find(|line| {
        line.strip_prefix(package)
            .is_some_and(|rest| rest.starts_with("=="))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sdk_has_a_version_and_a_file_that_uses_it() {
        let requirements = fs::read_to_string(root().join("tests/sdk/requirements.txt")).unwrap();
        for (_, package) in ALL {
            assert!(pinned(&requirements, package).is_some(), "{package}");
        }
        let vendors = fs::read_dir(root().join("tests/sdk/vendors")).unwrap();
        let names = vendors.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = names
            .filter(|name| name != "__init__.py" && name.ends_with(".py"))
            .collect();
        let mut expected = ALL.map(|(slug, _)| format!("{slug}.py"));
        files.sort();
        expected.sort();
        assert_eq!(files, expected);
    }

    #[test]
    fn each_sdk_is_of_an_integration() {
        let golden = fs::read_dir(root().join("domain/tests/golden/integrations")).unwrap();
        let others = without_sdk();
        assert_eq!(golden.count(), ALL.len() + others.len(), "{others:?}");
        assert!(others.contains(&"adjust".to_owned()));
    }
}
