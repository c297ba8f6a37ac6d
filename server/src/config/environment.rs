//! Environment variables: the one that is no flag, and that none of ours is misspelt.

use clap::Args;

use super::{ConfigError, Settings};

/// Variables that are no settings: made for this suite's tests, or by Kubernetes for a service of this name.
const FOREIGN_VARIABLES: [&str; 3] = ["BURSAR_TEST_", "BURSAR_SERVICE_", "BURSAR_PORT"];

/// Variables that the examples of the documentation use. Who exports them may start a server in the same shell.
const EXAMPLE_VARIABLES: [&str; 5] = [
    "BURSAR_URL",
    "BURSAR_APP_ID",
    "BURSAR_SECRET_KEY",
    "BURSAR_PUBLIC_KEY",
    "BURSAR_ADMIN_TOKEN",
];

/// The names of all variables that are settings.
fn known_variables() -> Vec<String> {
    let command = Settings::augment_args(clap::Command::new("bursar"));
    let of_flags = command
        .get_arguments()
        .filter_map(|flag| flag.get_env()?.to_str().map(str::to_owned));
    of_flags.chain(["BURSAR_MASTER_KEY".to_owned()]).collect()
}

/// The names that settings have in the file.
pub(super) fn known_keys() -> Vec<String> {
    let command = Settings::augment_args(clap::Command::new("bursar"));
    let of_flags = command.get_arguments().map(|flag| flag.get_id().to_string());
    of_flags
        .chain(["master_key", "delivery"].map(str::to_owned))
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub(super) fn refuse_unknown_variables() -> Result<(), ConfigError> {
    let mut known = known_variables();
    known.extend(EXAMPLE_VARIABLES.map(str::to_owned));
    let ours = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut ours = ours.filter(|name| name.starts_with("BURSAR_"));
    let unknown = ours.find(|name| {
        !known.contains(name) && !FOREIGN_VARIABLES.iter().any(|prefix| name.starts_with(prefix))
    });
    unknown.map_or(Ok(()), |name| Err(ConfigError::UnknownVariable(name)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub(super) fn variable(name: &str) -> Result<Option<String>, ConfigError> {
    let value = std::env::var_os(name).map(std::ffi::OsString::into_string);
    let refused = |_| ConfigError::Value(format!("the environment variable {name} is no UTF-8"));
    value.transpose().map_err(refused)
}
