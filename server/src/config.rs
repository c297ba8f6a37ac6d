//! Settings of the program: flag over environment variable over file over default.
//!
//! Reference: `docs/configuration.md`.

mod environment;
mod file;
mod masked;
mod secret_files;
mod settings;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Serialize;

pub use masked::masked_url;
pub use secret_files::{FileSecret, exposure};
pub use settings::{LogFormat, LogLevel, Role, Settings, at_least_one};

use crate::store;
use crate::vault::{MasterKey, MasterKeyError};

/// The effective settings, by the names that they have in the file.
#[derive(Clone, Serialize)]
pub struct Config {
    /// Address of the API.
    pub listen: SocketAddr,
    /// Address of the administration API, if apart.
    pub admin_listen: Option<SocketAddr>,
    /// Address of `/metrics`, if apart.
    pub metrics_listen: Option<SocketAddr>,
    /// The database, as it was given.
    #[serde(serialize_with = "masked::mask_url")]
    pub database: String,
    /// Connections to PostgreSQL.
    pub database_connections: NonZeroU32,
    /// Folder of the embedded database and the master key.
    pub data_dir: PathBuf,
    /// File of the master key.
    pub master_key_file: PathBuf,
    /// The master key, if it was given.
    #[serde(serialize_with = "masked::mask")]
    pub master_key: Option<String>,
    /// Which setting gave it.
    #[serde(skip)]
    pub master_key_from: &'static str,
    /// What this server does.
    pub role: Role,
    /// Where the test clock begins, if there is one.
    pub test_clock: Option<String>,
    /// How deliveries are sent.
    pub delivery: Delivery,
    /// Requests a second for each key.
    pub requests_per_second: Option<NonZeroU32>,
    /// Form of the log.
    pub log_format: LogFormat,
    /// Least severe lines that are logged.
    pub log_level: LogLevel,
    /// The settings file with what is secret in it, if anything is.
    #[serde(skip)]
    pub secret_file: Option<(PathBuf, FileSecret)>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the file {0} cannot be read: {1}")]
    File(PathBuf, #[source] std::io::Error),
    /// The file holds, at this place, something that is no setting, or a value that cannot be. The line itself is
    /// not shown: a secret may stand in it.
    #[error("the file {0} is wrong at {1}: {message}", message = .2.message())]
    Syntax(PathBuf, String, #[source] Box<toml::de::Error>),
    /// A variable of ours that means nothing.
    #[error("the environment variable {0} is no setting")]
    UnknownVariable(String),
    /// A value that cannot be.
    #[error("{0}")]
    Value(String),
}

/// How deliveries are sent.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// Are they sent to private, loopback and link-local addresses too?
    pub allow_private_addresses: bool,
}

impl Config {
    /// Puts the layers together. `settings` holds the flags, over the environment, as clap has read them.
    pub fn load(settings: Settings) -> Result<Self, ConfigError> {
        environment::refuse_unknown_variables()?;
        let path = settings.config.clone().unwrap_or_else(|| file::DEFAULT.into());
        let file = file::read(settings.config.as_deref())?;
        let master_key = environment::variable("BURSAR_MASTER_KEY")?;
        let settings = Settings {
            master_key,
            ..settings
        };
        refuse_two_master_keys(&settings, "a flag or the environment")?;
        refuse_two_master_keys(&file, "the file")?;
        let secret_file = FileSecret::of(&file).map(|secret| (path, secret));
        Ok(Self {
            secret_file,
            ..Self::merge(settings, file)
        })
    }

    fn merge(flags: Settings, file: Settings) -> Self {
        // The key and its file are two ways to say one thing: the higher layer has said it all.
        let master_key_from = match flags.master_key {
            Some(_) => "BURSAR_MASTER_KEY",
            None => "`master_key` in the settings file",
        };
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
            master_key_from,
            role: flags.role.or(file.role).unwrap_or(Role::All),
            test_clock: flags.test_clock.or(file.test_clock),
            delivery: Delivery {
                allow_private_addresses: flags
                    .allow_private_addresses
                    .or(file.delivery.allow_private_addresses)
                    .unwrap_or(false),
            },
            requests_per_second: flags.requests_per_second.or(file.requests_per_second),
            log_format: flags.log_format.or(file.log_format).unwrap_or(LogFormat::Human),
            log_level: flags.log_level.or(file.log_level).unwrap_or(LogLevel::Info),
            secret_file: None,
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
                "the setting `database` (--database, BURSAR_DATABASE) must be sqlite, sqlite:FILE, sqlite::memory: or postgres://…"
                    .into(),
            )),
        }
    }

    /// Fails where two listeners want one address.
    pub fn check_addresses(&self) -> Result<(), ConfigError> {
        let all = [
            ("listen", Some(self.listen)),
            ("admin_listen", self.admin_listen),
            ("metrics_listen", self.metrics_listen),
        ];
        let all = all.map(|(name, address)| address.map(|address| (name, address)));
        for [one, other] in [[0, 1], [0, 2], [1, 2]].map(|pair| pair.map(|place| all[place])) {
            if let (Some((one, address)), Some((other, same))) = (one, other)
                && is_one_place(address, same)
            {
                return Err(ConfigError::Value(format!(
                    "{one} ({address}) and {other} ({same}) are one address: give one of them another port, or leave {other} out"
                )));
            }
        }
        Ok(())
    }

    /// The master key, from the setting or the file.
    pub fn master_key(&self) -> Result<MasterKey, MasterKeyError> {
        match &self.master_key {
            Some(text) => {
                MasterKey::parse(text).ok_or_else(|| MasterKeyError::Malformed(self.master_key_from.into()))
            }
            None => MasterKey::from_file(&self.master_key_file),
        }
    }

    /// Is neither the master key given nor its file there?
    pub fn lacks_master_key(&self) -> bool {
        self.master_key.is_none() && !self.master_key_file.exists()
    }

    /// An address of the API or the administration at which others than this machine can reach the server.
    pub fn open_address(&self) -> Option<SocketAddr> {
        let mut addresses = std::iter::once(self.listen).chain(self.admin_listen);
        addresses.find(|address| !address.ip().is_loopback())
    }

    /// Where the test clock begins, in microseconds.
    pub fn test_clock(&self) -> Result<Option<i64>, ConfigError> {
        let Some(text) = &self.test_clock else {
            return Ok(None);
        };
        let time = bursar_domain::time::parse_time_in_any_case(text);
        time.map(Some)
            .ok_or_else(|| ConfigError::Value(format!(
                "the setting `test_clock` (--test-clock, BURSAR_TEST_CLOCK): {text:?} is no RFC 3339 time, such as 2030-01-01T00:00:00Z"
            )))
    }
}

/// Can only one of the two be listened at? Port 0 is any that is free, and an address of all zeros every one of its kind, of
/// version 6 also those of version 4.
fn is_one_place(one: SocketAddr, other: SocketAddr) -> bool {
    let covers =
        |all: SocketAddr, one: SocketAddr| all.ip().is_unspecified() && (all.is_ipv6() || one.is_ipv4());
    let is_one = one.ip() == other.ip() || covers(one, other) || covers(other, one);
    is_one && one.port() == other.port() && one.port() != 0
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

#[cfg(test)]
mod tests {
    use std::path::Path;

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
    fn two_listeners_cannot_have_one_address() {
        let refusal = |listen: &str, admin: &str| {
            let file = format!("listen = '{listen}'\nadmin_listen = '{admin}'");
            let refused = config(Settings::default(), &file).check_addresses().err();
            refused.map(|error| error.to_string())
        };
        for (listen, admin) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("127.0.0.1:80", "0.0.0.0:80"),
            ("[::]:80", "127.0.0.1:80"),
            ("[::1]:80", "[::]:80"),
        ] {
            let told = refusal(listen, admin).unwrap();
            let named = format!("listen ({listen}) and admin_listen ({admin}) are one address");
            assert!(told.starts_with(&named), "{told}");
        }
        for (listen, admin) in [
            ("127.0.0.1:80", "127.0.0.1:81"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("127.0.0.1:80", "127.0.0.2:80"),
            ("0.0.0.0:80", "[::1]:80"),
        ] {
            assert_eq!(refusal(listen, admin), None, "{listen} {admin}");
        }
        for file in [
            "metrics_listen = '127.0.0.1:8080'",
            "admin_listen = '127.0.0.1:81'\nmetrics_listen = '127.0.0.1:81'",
        ] {
            assert!(
                config(Settings::default(), file).check_addresses().is_err(),
                "{file}"
            );
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
    }
}
