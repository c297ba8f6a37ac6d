//! Our requests to third parties beside those of their official SDKs. The work is done in Python, in `tests/sdk`: it
//! sends one event through the SDK to a server on the loopback address and compares our golden request with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::processes::{RunError, run};
use crate::steps::{Steps, with_sources};
use crate::workspace::root;

/// Where an integration's official SDK is, if it has one.
struct Sdk {
    /// The name of the step.
    step: &'static str,
    /// The integration.
    slug: &'static str,
    /// Its package at PyPI, or why there is nothing to compare with.
    package: Result<&'static str, &'static str>,
}

const COMPARISON: &str = "SDK: the comparison itself";
/// What its vendor publishes is for phones and pages.
const PHONES: &str = "no official SDK for servers is known on PyPI or npm";

const ALL: &[Sdk] = &[
    // The body is of our own making, docs/events.md; this is about its signature.
    some("SDK: webhook", "webhook", "standardwebhooks"),
    some("SDK: amplitude", "amplitude", "amplitude-analytics"),
    some("SDK: mixpanel", "mixpanel", "mixpanel"),
    some("SDK: posthog", "posthog", "posthog"),
    none("SDK: airbridge", "airbridge", PHONES),
    none("SDK: branch", "branch", PHONES),
    none("SDK: appmetrica", "appmetrica", PHONES),
    some("SDK: onesignal", "onesignal", "onesignal-python-api"),
    some("SDK: pushwoosh", "pushwoosh", "pypushwoosh"),
    some("SDK: facebook_ads", "facebook_ads", "facebook-business"),
    none("SDK: firebase_ga4", "firebase_ga4", PHONES),
    none("SDK: appsflyer", "appsflyer", PHONES),
    none("SDK: adjust", "adjust", PHONES),
    none("SDK: tenjin", "tenjin", PHONES),
];

const fn some(step: &'static str, slug: &'static str, package: &'static str) -> Sdk {
    Sdk {
        step,
        slug,
        package: Ok(package),
    }
}

const fn none(step: &'static str, slug: &'static str, why: &'static str) -> Sdk {
    Sdk {
        step,
        slug,
        package: Err(why),
    }
}

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

/// Compares with every SDK that can be had; says `NOT RUN` of the others.
pub fn check(steps: &mut Steps, python: Option<&Path>, target: &Path) {
    if let Some(python) = python {
        let tests = root().join("tests/sdk/test_compare.py");
        steps.run(COMPARISON, || run(Command::new(python).arg("-B").arg(tests)));
    }
    // Each in an environment of its own: their dependencies need not agree.
    for sdk in ALL {
        let ready = sdk.package.map(|package| {
            let python = python.ok_or(NotThere::Python)?;
            install(python, &target.join("sdk").join(sdk.slug), package)
        });
        match ready {
            Err(why) => steps.leave_out(sdk.step, why),
            Ok(Err(why)) => steps.leave_out(sdk.step, with_sources(&why)),
            Ok(Ok(python)) => {
                let main = root().join("tests/sdk/main.py");
                let mut command = Command::new(python);
                command.arg("-B").arg(main).arg(sdk.slug);
                steps.run(sdk.step, || run(&mut command));
            }
        }
    }
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
        for sdk in ALL {
            assert_eq!(sdk.step, format!("SDK: {}", sdk.slug));
            let file = root().join(format!("tests/sdk/vendors/{}.py", sdk.slug));
            assert_eq!(sdk.package.is_ok(), file.is_file(), "{}", sdk.slug);
            if let Ok(package) = sdk.package {
                assert!(pinned(&requirements, package).is_some(), "{package}");
            }
        }
    }

    #[test]
    fn every_integration_with_golden_requests_is_looked_at() {
        let golden = fs::read_dir(root().join("domain/tests/golden/integrations")).unwrap();
        for folder in golden {
            let slug = folder.unwrap().file_name().into_string().unwrap();
            assert!(ALL.iter().any(|sdk| sdk.slug == slug), "{slug}");
        }
    }
}
