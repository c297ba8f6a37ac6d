//! Settings of the program: flag over environment variable over file over default.
//!
//! Reference: `docs/configuration.md`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::store;
use crate::vault::{MasterKey, MasterKeyError};

/// The file that is read when no other is named and it is there.
const DEFAULT_FILE: &str = "bursar.toml";

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

/// What can be set by flag and environment variable, and, under the same names, in the file.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// File with settings [default: bursar.toml, if it is there]
    #[arg(long, env = "BURSAR_CONFIG", global = true, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address of the API [default: 127.0.0.1:8080]
    #[arg(long, env = "BURSAR_LISTEN", global = true, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Address of the administration API, if it is not to be on the API's
    #[arg(long, env = "BURSAR_ADMIN_LISTEN", global = true, value_name = "ADDR")]
    pub admin_listen: Option<SocketAddr>,
    /// Address of /metrics, if it is not to be on the API's
    #[arg(long, env = "BURSAR_METRICS_LISTEN", global = true, value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
    /// sqlite, sqlite:FILE, sqlite::memory: or postgres://… [default: sqlite]
    // The help shows the values of variables, and this one may hold a password.
    #[arg(
        long,
        env = "BURSAR_DATABASE",
        hide_env_values = true,
        global = true,
        value_name = "URL"
    )]
    pub database: Option<String>,
    /// Connections to PostgreSQL; a quarter of them write [default: 8]
    #[arg(long, env = "BURSAR_DATABASE_CONNECTIONS", global = true, value_name = "N")]
    pub database_connections: Option<NonZeroU32>,
    /// Folder of the embedded database and the master key [default: ./bursar-data]
    #[arg(long, env = "BURSAR_DATA_DIR", global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// File of the master key, made if it is missing [default: master.key in the data folder]
    #[arg(long, env = "BURSAR_MASTER_KEY_FILE", global = true, value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
    /// The master key itself: 64 hex digits. No flag, because others can see a program's flags
    #[arg(skip)]
    pub master_key: Option<String>,
    /// What this server does [default: all]
    #[arg(long, env = "BURSAR_ROLE", global = true, value_enum)]
    pub role: Option<Role>,
    /// Run on a clock that stands at this time (RFC 3339) until it is moved
    #[arg(long, env = "BURSAR_TEST_CLOCK", global = true, value_name = "TIME")]
    pub test_clock: Option<String>,
    /// Send deliveries to private, loopback and link-local addresses too [default: false]
    #[arg(
        long = "delivery-allow-private-addresses",
        env = "BURSAR_DELIVERY_ALLOW_PRIVATE_ADDRESSES",
        global = true,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    #[serde(skip)]
    pub allow_private_addresses: Option<bool>,
    /// What the file says of deliveries.
    #[arg(skip)]
    #[serde(default)]
    pub delivery: DeliverySettings,
    /// Requests a second that each API key may make [default: no limit]
    #[arg(long, env = "BURSAR_REQUESTS_PER_SECOND", global = true, value_name = "N")]
    pub requests_per_second: Option<NonZeroU32>,
    /// Form of the log [default: human]
    #[arg(long, env = "BURSAR_LOG_FORMAT", global = true, value_enum)]
    pub log_format: Option<LogFormat>,
    /// Least severe lines that are logged [default: info]
    #[arg(long, env = "BURSAR_LOG_LEVEL", global = true, value_enum)]
    pub log_level: Option<LogLevel>,
}

/// The file's table `delivery`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverySettings {
    /// Send to private, loopback and link-local addresses too.
    pub allow_private_addresses: Option<bool>,
}

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    All,
    /// Answers requests.
    Api,
    /// Does what becomes due, and sends deliveries.
    Worker,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Human,
    /// One JSON object a line.
    Json,
}

/// How severe a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Somebody must act.
    Error,
    /// Somebody should look.
    Warn,
    /// What happens, and refused requests.
    Info,
    /// Every request.
    Debug,
    /// Everything.
    Trace,
}

/// The effective settings.
#[derive(Debug, Clone, Serialize)]
pub struct Config {
    /// Address of the API.
    pub listen: SocketAddr,
    /// Address of the administration API, if apart.
    pub admin_listen: Option<SocketAddr>,
    /// Address of `/metrics`, if apart.
    pub metrics_listen: Option<SocketAddr>,
    /// The database, as it was given.
    #[serde(serialize_with = "mask_url")]
    pub database: String,
    /// Connections to PostgreSQL.
    pub database_connections: NonZeroU32,
    /// Folder of the embedded database and the master key.
    pub data_dir: PathBuf,
    /// File of the master key.
    pub master_key_file: PathBuf,
    /// The master key, if it was given.
    #[serde(serialize_with = "mask")]
    pub master_key: Option<String>,
    /// What this server does.
    pub role: Role,
    /// Where the test clock begins, if there is one.
    pub test_clock: Option<String>,
    /// Are deliveries sent to private, loopback and link-local addresses too?
    pub delivery_allow_private_addresses: bool,
    /// Requests a second for each key.
    pub requests_per_second: Option<NonZeroU32>,
    /// Form of the log.
    pub log_format: LogFormat,
    /// Least severe lines that are logged.
    pub log_level: LogLevel,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the file {0} cannot be read: {1}")]
    File(PathBuf, #[source] std::io::Error),
    /// The file holds, at this line, something that is no setting, or a value that cannot be. The line itself is
    /// not shown: a secret may stand in it.
    #[error("the file {0} is wrong at line {1}: {message}", message = .2.message())]
    Syntax(PathBuf, usize, #[source] Box<toml::de::Error>),
    /// A variable of ours that means nothing.
    #[error("the environment variable {0} is no setting")]
    UnknownVariable(String),
    /// A value that cannot be.
    #[error("{0}")]
    Value(String),
}

impl Config {
    /// Puts the layers together. `settings` holds the flags, over the environment, as clap has read them.
    pub fn load(settings: Settings) -> Result<Self, ConfigError> {
        refuse_unknown_variables()?;
        let file = read_file(settings.config.as_deref())?;
        let master_key = variable("BURSAR_MASTER_KEY")?;
        let settings = Settings {
            master_key,
            ..settings
        };
        refuse_two_master_keys(&settings, "a flag or the environment")?;
        refuse_two_master_keys(&file, "the file")?;
        Ok(Self::merge(settings, file))
    }

    fn merge(flags: Settings, file: Settings) -> Self {
        // The key and its file are two ways to say one thing: the higher layer has said it all.
        let keys = if flags.master_key.is_some() || flags.master_key_file.is_some() {
            (flags.master_key, flags.master_key_file)
        } else {
            (file.master_key, file.master_key_file)
        };
        let (master_key, master_key_file) = keys;
        let data_dir = flags
            .data_dir
            .or(file.data_dir)
            .unwrap_or_else(|| "bursar-data".into());
        Self {
            listen: flags
                .listen
                .or(file.listen)
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            admin_listen: flags.admin_listen.or(file.admin_listen),
            metrics_listen: flags.metrics_listen.or(file.metrics_listen),
            database: flags
                .database
                .or(file.database)
                .unwrap_or_else(|| "sqlite".into()),
            database_connections: flags
                .database_connections
                .or(file.database_connections)
                .unwrap_or(NonZeroU32::MIN.saturating_add(7)),
            master_key_file: master_key_file.unwrap_or_else(|| data_dir.join("master.key")),
            data_dir,
            master_key,
            role: flags.role.or(file.role).unwrap_or(Role::All),
            test_clock: flags.test_clock.or(file.test_clock),
            delivery_allow_private_addresses: flags
                .allow_private_addresses
                .or(file.delivery.allow_private_addresses)
                .unwrap_or(false),
            requests_per_second: flags.requests_per_second.or(file.requests_per_second),
            log_format: flags.log_format.or(file.log_format).unwrap_or(LogFormat::Human),
            log_level: flags.log_level.or(file.log_level).unwrap_or(LogLevel::Info),
        }
    }

    /// Where the database is.
    pub fn location(&self) -> Result<store::Location, ConfigError> {
        let database = self.database.as_str();
        match database.split_once(':') {
            None if database == "sqlite" => Ok(store::Location::SqliteFile(self.data_dir.join("bursar.db"))),
            Some(("sqlite", ":memory:")) => Ok(store::Location::SqliteMemory),
            Some(("sqlite", path)) if !path.is_empty() => Ok(store::Location::SqliteFile(path.into())),
            Some(("postgres" | "postgresql", _)) => Ok(store::Location::Postgres(database.into())),
            _ => Err(ConfigError::Value(
                "the database must be sqlite, sqlite:FILE, sqlite::memory: or postgres://…".into(),
            )),
        }
    }

    /// The master key, from the setting or the file.
    pub fn master_key(&self) -> Result<MasterKey, MasterKeyError> {
        match &self.master_key {
            Some(text) => MasterKey::parse(text),
            None => MasterKey::from_file(&self.master_key_file),
        }
    }

    /// Where the test clock begins, in microseconds.
    pub fn test_clock(&self) -> Result<Option<i64>, ConfigError> {
        let Some(text) = &self.test_clock else {
            return Ok(None);
        };
        let time = bursar_domain::time::parse_time(text);
        time.map(Some)
            .ok_or_else(|| ConfigError::Value(format!("test clock: {text:?} is no RFC 3339 time")))
    }
}

fn read_file(named: Option<&Path>) -> Result<Settings, ConfigError> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Settings::default());
        }
        Err(error) => return Err(ConfigError::File(path.to_owned(), error)),
    };
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        ConfigError::Syntax(path.to_owned(), line, Box::new(error))
    })
}

/// The names of all variables that are settings.
fn known_variables() -> Vec<String> {
    let command = Settings::augment_args(clap::Command::new("bursar"));
    let of_flags = command
        .get_arguments()
        .filter_map(|flag| flag.get_env()?.to_str().map(str::to_owned));
    of_flags.chain(["BURSAR_MASTER_KEY".to_owned()]).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn refuse_unknown_variables() -> Result<(), ConfigError> {
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
fn variable(name: &str) -> Result<Option<String>, ConfigError> {
    let value = std::env::var_os(name).map(std::ffi::OsString::into_string);
    let refused = |_| ConfigError::Value(format!("the environment variable {name} is no UTF-8"));
    value.transpose().map_err(refused)
}

/// Nobody could tell which of the two holds.
fn refuse_two_master_keys(settings: &Settings, layer: &str) -> Result<(), ConfigError> {
    if settings.master_key.is_some() && settings.master_key_file.is_some() {
        return Err(ConfigError::Value(format!(
            "both the master key and a master key file are given by {layer}; leave one out"
        )));
    }
    Ok(())
}

fn mask<S: serde::Serializer>(secret: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| "********").serialize(serializer)
}

/// A URL without its password.
fn mask_url<S: serde::Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&masked_url(url))
}

/// A database URL as it may be shown: what stands between the user's name and the host is masked, and so is
/// everything behind a `?`, where a password may stand too.
///
/// A password may itself hold `@` and `?`: it goes on to the last `@`. Where that may stand in a parameter instead,
/// everything is masked; so is what is no URL and no file, such as `host=… password=…`.
pub fn masked_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        let is_file = url == "sqlite" || url.starts_with("sqlite:");
        return if is_file {
            with_masked_parameters(url)
        } else {
            "********".to_owned()
        };
    };
    let masked = match rest.rsplit_once('@') {
        Some((user, _)) if user.contains('?') && user.contains('=') => "********".to_owned(),
        Some((user, host)) => {
            let name = user.split_once(':').map(|(name, _)| format!("{name}:********"));
            let user = name.unwrap_or_else(|| user.to_owned());
            format!("{user}@{}", with_masked_parameters(host))
        }
        None => with_masked_parameters(rest),
    };
    format!("{scheme}://{masked}")
}

fn with_masked_parameters(address: &str) -> String {
    match address.split_once('?') {
        Some((address, _)) => format!("{address}?********"),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(flags: Settings, file: &str) -> Config {
        Config::merge(flags, toml::from_str(file).unwrap())
    }

    #[test]
    fn a_flag_goes_over_the_file_and_the_file_over_the_default() {
        let flags = Settings {
            data_dir: Some("/flag".into()),
            ..Settings::default()
        };
        let config = config(
            flags,
            "data_dir = '/file'\nlisten = '127.0.0.1:1'\nlog_level = 'warn'",
        );
        assert_eq!(config.data_dir, Path::new("/flag"));
        assert_eq!(config.master_key_file, Path::new("/flag/master.key"));
        assert_eq!(config.listen.port(), 1);
        assert_eq!((config.log_level, config.role), (LogLevel::Warn, Role::All));
    }

    #[test]
    fn unknown_keys_of_the_file_are_refused() {
        assert!(toml::from_str::<Settings>("lissten = '127.0.0.1:1'").is_err());
        assert!(toml::from_str::<Settings>("config = 'other.toml'").is_err());
    }

    #[test]
    fn databases_are_told_apart() {
        let location = |database: &str| {
            let flags = Settings {
                database: Some(database.into()),
                ..Settings::default()
            };
            config(flags, "").location().ok()
        };
        assert_eq!(
            location("sqlite"),
            Some(store::Location::SqliteFile("bursar-data/bursar.db".into()))
        );
        assert_eq!(
            location("sqlite:/a b.db"),
            Some(store::Location::SqliteFile("/a b.db".into()))
        );
        assert_eq!(location("sqlite::memory:"), Some(store::Location::SqliteMemory));
        assert!(matches!(
            location("postgres://h/d"),
            Some(store::Location::Postgres(_))
        ));
        for wrong in ["", "sqlite:", "mysql://h/d", "bursar.db"] {
            assert_eq!(location(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_higher_layer_says_all_of_the_master_key() {
        let key = "master_key = 'file'";
        assert_eq!(config(Settings::default(), key).master_key.unwrap(), "file");
        let flags = Settings {
            master_key_file: Some("/flag".into()),
            ..Settings::default()
        };
        refuse_two_master_keys(&flags, "a flag").unwrap();
        let merged = config(flags.clone(), key);
        assert_eq!(
            (merged.master_key, merged.master_key_file),
            (None, "/flag".into())
        );
        let both = Settings {
            master_key: Some("variable".into()),
            ..flags
        };
        let refusal = refuse_two_master_keys(&both, "a flag").unwrap_err().to_string();
        assert!(
            refusal.contains("given by a flag") && !refusal.contains("variable"),
            "{refusal}"
        );
    }

    #[test]
    fn secrets_are_masked() {
        let mut config = config(
            Settings::default(),
            "database = 'postgres://u:p@ss@h:5/d?password=x'",
        );
        config.master_key = Some("ab".repeat(32));
        let shown = serde_json::to_string(&config).unwrap();
        assert!(shown.contains("postgres://u:********@h:5/d?********"), "{shown}");
        assert!(!shown.contains("p@ss") && !shown.contains("abab"), "{shown}");
        for (url, shown) in [
            ("postgres://u:se?cret@h/d", "postgres://u:********@h/d"),
            (
                "postgres://u:se@c/r?et@h/d?x=y",
                "postgres://u:********@h/d?********",
            ),
            ("postgres://u:p@h/d?password=p@ss", "postgres://********"),
            ("postgres://h:5/d?password=pass", "postgres://h:5/d?********"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("sqlite:a.db", "sqlite:a.db"),
            ("sqlite", "sqlite"),
            ("host=h user=u password=secret", "********"),
        ] {
            assert_eq!(masked_url(url), shown);
        }
    }
}
