//! Why there is no throwaway PostgreSQL.

use std::io;
use std::time::Duration;

/// How long a server may take to become ready.
pub(super) const START_LIMIT: Duration = Duration::from_secs(60);

/// Why there is no PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// PostgreSQL is not installed, or where nobody looks.
    #[error(
        "PostgreSQL's server programs (initdb, postgres) are neither on PATH nor in /usr/lib/postgresql/*/bin"
    )]
    NoBinaries,
    /// We are root, which PostgreSQL refuses, and there is nobody else to be.
    #[error("PostgreSQL does not run as root, and there is neither a user `postgres` nor a user `nobody`")]
    NoAccount,
    /// Every port that was tried is taken.
    #[error("no free port on 127.0.0.1")]
    NoPort,
    /// A file, folder or process could not be had.
    #[error("cannot {doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// `initdb` failed.
    #[error("initdb failed:\n{0}")]
    Initdb(String),
    /// The server ended while it should have been starting.
    #[error("PostgreSQL ended while starting:\n{0}")]
    Ended(String),
    /// The server did not become ready.
    #[error("PostgreSQL was not ready after {START_LIMIT:?}:\n{0}")]
    NotReady(String),
}

/// What went wrong while doing this.
pub(super) fn failed(doing: &str) -> impl FnOnce(io::Error) -> ClusterError {
    let doing = doing.to_owned();
    move |source| ClusterError::Io { doing, source }
}
