//! What a database tells of itself, for `bursar doctor`.

use super::{Backend, Decision, Row, Sql, Statement, Store, StoreError};

/// What a database tells of itself.
#[derive(Debug)]
pub enum Facts {
    /// The embedded database.
    Sqlite {
        /// The library's version.
        version: String,
        /// `wal`, or `memory`.
        journal_mode: String,
        /// Of the connection that commits; 2 is `FULL`.
        synchronous: i64,
        /// `ok` or what is broken, where that was asked for.
        integrity: Option<Vec<String>>,
    },
    /// A server.
    Postgres {
        /// The server's version.
        version: String,
        /// Does it sync to disk?
        fsync: bool,
        /// `on` and stronger: a commit is on disk before it is answered.
        synchronous_commit: String,
        /// Its time in microseconds.
        now: i64,
        /// Why it takes no changes, if so.
        refusal: Option<&'static str>,
        /// In which texts are stored.
        encoding: String,
        /// Does a pooler in between give connections to others between transactions?
        is_shared: bool,
    },
}

impl Store {
    /// Asks the database. `deep` also checks the integrity of SQLite's file, which reads all of it.
    pub async fn facts(&self, deep: bool) -> Result<Facts, StoreError> {
        match &self.backend {
            Backend::Sqlite(_) => self.sqlite_facts(deep).await,
            Backend::Postgres(postgres) => self.postgres_facts(postgres.is_shared().await?).await,
        }
    }

    async fn sqlite_facts(&self, deep: bool) -> Result<Facts, StoreError> {
        static VERSION: Sql = Sql::same("SELECT sqlite_version()");
        static JOURNAL: Sql = Sql::same("PRAGMA journal_mode");
        static SYNCHRONOUS: Sql = Sql::same("PRAGMA synchronous");
        static CHECK: Sql = Sql::same("PRAGMA quick_check");
        let integrity = if deep {
            let mut rows = self.scan_whole(Statement::new(&CHECK, [])).await?;
            Some(rows.iter_mut().map(|row| row.text(0)).collect::<Result<_, _>>()?)
        } else {
            None
        };
        Ok(Facts::Sqlite {
            version: self.asked_of_writer(&VERSION).await?.text(0)?,
            journal_mode: self.asked_of_writer(&JOURNAL).await?.text(0)?,
            synchronous: self.asked_of_writer(&SYNCHRONOUS).await?.int(0)?,
            integrity,
        })
    }

    async fn postgres_facts(&self, is_shared: bool) -> Result<Facts, StoreError> {
        static ALL: Sql = Sql::same(
            "SELECT current_setting('server_version'), current_setting('fsync'),
                    current_setting('synchronous_commit'),
                    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
                    pg_is_in_recovery()::int::bigint, current_setting('transaction_read_only'),
                    current_setting('server_encoding')",
        );
        let mut row = self.asked_of_writer(&ALL).await?;
        Ok(Facts::Postgres {
            version: row.text(0)?,
            fsync: row.text(1)? == "on",
            synchronous_commit: row.text(2)?,
            now: row.int(3)?,
            refusal: refusal(row.int(4)? == 1, &row.text(5)? == "on"),
            encoding: row.text(6)?,
            is_shared,
        })
    }

    /// Asks as a change does, which writes nothing: each connection has settings of its own, and those of one that commits
    /// count.
    async fn asked_of_writer(&self, sql: &'static Sql) -> Result<Row, StoreError> {
        let asked = self.change(vec![Statement::new(sql, [])], |loaded| {
            Ok(Decision {
                writes: Vec::new(),
                answer: loaded,
            })
        });
        let mut rows = asked.await?.into_iter().flatten();
        rows.next()
            .ok_or_else(|| StoreError::Internal("a question to the database had no answer".into()))
    }
}

/// Why PostgreSQL takes no changes, by what it says of itself.
fn refusal(is_standby: bool, is_read_only: bool) -> Option<&'static str> {
    match (is_standby, is_read_only) {
        (true, _) => Some("is a standby, which takes no changes: set `database` to its primary"),
        (false, true) => Some("takes no changes: set its default_transaction_read_only to off"),
        (false, false) => None,
    }
}
