//! A fresh database for each test, on each of the three backends.

use std::path::PathBuf;

use bursar::store::{Location, Options};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Where a test keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    SqliteFile,
    SqliteMemory,
    Postgres,
}

pub const ALL: [Backend; 3] = [Backend::SqliteFile, Backend::SqliteMemory, Backend::Postgres];

/// Those that several programs can work on.
pub const SHARED: [Backend; 2] = [Backend::SqliteFile, Backend::Postgres];

/// A folder that is removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("bursar-test-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

impl Backend {
    /// Options that open a database which nobody else uses.
    pub async fn fresh(self, folder: &Folder) -> Options {
        let location = match self {
            Self::SqliteFile => Location::SqliteFile(folder.0.join("bursar.db")),
            Self::SqliteMemory => Location::SqliteMemory,
            Self::Postgres => Location::Postgres(fresh_postgres_url().await),
        };
        Options {
            location,
            // Two of them write: fewer would never get into each other's way.
            connections: 8,
        }
    }
}

/// A URL whose tables are in a schema of its own.
pub async fn fresh_postgres_url() -> String {
    let url = xtask::test_environment::postgres_url();
    let schema = format!("test_{}", Uuid::new_v4().simple());
    let made = format!("CREATE SCHEMA {schema}");
    postgres_client(&url).await.batch_execute(&made).await.unwrap();
    format!("{url}?options=-csearch_path%3D{schema}")
}

/// The URL of a database that is on PostgreSQL.
pub fn postgres_url(options: &Options) -> &str {
    match &options.location {
        Location::Postgres(url) => url,
        other => panic!("no PostgreSQL: {other:?}"),
    }
}

/// The same, to be changed.
pub fn postgres_url_mut(options: &mut Options) -> &mut String {
    match &mut options.location {
        Location::Postgres(url) => url,
        other => panic!("no PostgreSQL: {other:?}"),
    }
}

/// A connection of somebody else's.
pub async fn postgres_client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Holds a customer's profile until the transaction ends that this begins: changes queue up behind it.
pub async fn hold(client: &Client, customer: &str) {
    let hold = format!("BEGIN; SELECT 1 FROM profiles WHERE customer_user_id = '{customer}' FOR UPDATE");
    client.batch_execute(&hold).await.unwrap();
}
