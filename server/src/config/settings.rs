//! What can be said: by flag and environment variable, and, under the same names, in the file.

use std::net::SocketAddr;
use std::num::{IntErrorKind, NonZeroU32, ParseIntError};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// What one layer says: flags over the environment, or the file.
#[derive(Clone, Default, Args, Deserialize)]
#[command(next_help_heading = "Settings")]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// File with settings [default: bursar.toml, if it is there]
    #[arg(long, env = "BURSAR_CONFIG", global = true, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address of the API [default: 127.0.0.1:8080]
    #[arg(long, env = "BURSAR_LISTEN", global = true, value_name = "ADDR", value_parser = address)]
    #[serde(default, deserialize_with = "some_address")]
    pub listen: Option<SocketAddr>,
    /// Address of the administration API, if it is not to be on the API's
    #[arg(long, env = "BURSAR_ADMIN_LISTEN", global = true, value_name = "ADDR", value_parser = address)]
    #[serde(default, deserialize_with = "some_address")]
    pub admin_listen: Option<SocketAddr>,
    /// Address of /metrics, if it is not to be on the API's
    #[arg(long, env = "BURSAR_METRICS_LISTEN", global = true, value_name = "ADDR", value_parser = address)]
    #[serde(default, deserialize_with = "some_address")]
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
    /// Connections to PostgreSQL; a quarter of them are the writers' [default: 8]
    #[arg(long, env = "BURSAR_DATABASE_CONNECTIONS", global = true, value_name = "N", value_parser = at_least_one::<NonZeroU32>)]
    #[serde(default, deserialize_with = "some_number")]
    pub database_connections: Option<NonZeroU32>,
    /// Folder of the embedded database and the master key [default: ./bursar-data]
    #[arg(long, env = "BURSAR_DATA_DIR", global = true, value_name = "DIR")]
    #[serde(default, deserialize_with = "some_path")]
    pub data_dir: Option<PathBuf>,
    /// File of the master key, made if it is missing [default: master.key in the data folder]
    #[arg(long, env = "BURSAR_MASTER_KEY_FILE", global = true, value_name = "FILE")]
    #[serde(default, deserialize_with = "some_path")]
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
    #[arg(long, env = "BURSAR_REQUESTS_PER_SECOND", global = true, value_name = "N", value_parser = at_least_one::<NonZeroU32>)]
    #[serde(default, deserialize_with = "some_number")]
    pub requests_per_second: Option<NonZeroU32>,
    /// Form of the log [default: human]
    #[arg(long, env = "BURSAR_LOG_FORMAT", global = true, value_enum)]
    pub log_format: Option<LogFormat>,
    /// Least severe lines that are logged [default: info]
    #[arg(long, env = "BURSAR_LOG_LEVEL", global = true, value_enum)]
    pub log_level: Option<LogLevel>,
}

/// Reads a number of a command line, which must not be 0.
pub fn at_least_one<N: FromStr<Err = ParseIntError>>(text: &str) -> Result<N, String> {
    text.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::Zero => "must be at least 1".into(),
        IntErrorKind::PosOverflow => "is too large".into(),
        _ => "must be a whole number, at least 1".into(),
    })
}

/// Reads an address to listen at.
fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "needs an IP address and a port, such as 127.0.0.1:8080")
}

/// Reads one of the file.
fn some_address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    address(&text).map(Some).map_err(D::Error::custom)
}

/// Reads a number of the file, which must not be 0.
fn some_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NonZeroU32>, D::Error> {
    let number = i64::deserialize(from).ok();
    let number = number.and_then(|number| u32::try_from(number).ok());
    let number = number.and_then(NonZeroU32::new);
    number.map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "must be a whole number from 1 to {}, without quotes",
            u32::MAX
        ))
    })
}

/// Reads a path of the file. An empty one would be the folder in which the command happens to run; clap refuses it too.
fn some_path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(from)?;
    if path.as_os_str().is_empty() {
        return Err(D::Error::custom("must not be empty"));
    }
    Ok(Some(path))
}

/// The file's table `delivery`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "the table [delivery]")]
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
