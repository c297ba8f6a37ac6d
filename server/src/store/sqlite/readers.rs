//! The connections that read, and the state of the database that one of them may look at for a while.
//!
//! A connection forgets every page that it has read as soon as a commit follows, also the upper pages of the trees,
//! which hardly ever change. Beside a busy writer each query would fetch them anew. What is decided ahead is checked
//! again by the writer, so it may be read from the state of a few commits ago: the connection stays in its
//! transaction, and its pages stay good. The writer ends such a transaction when it has nothing left to write.
//!
//! The log begins anew in a moment in which nobody reads it. Beside many readers there is none, so the writer makes one.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rusqlite::Connection;

use super::ahead::LastCommit;
use super::{classify, connect};
use crate::store::StoreError;

/// So many commits later, a state is left. Under load that is some ten milliseconds and a hundred changes.
const OLDEST: u64 = 8;

pub(super) struct Readers {
    uri: String,
    last_commit: LastCommit,
    idle: Mutex<Vec<Reader>>,
    in_use: AtomicUsize,
    /// Held by who reads little; closed for a moment when the log is to begin anew.
    gate: RwLock<()>,
    /// Behind the connections, because it must be closed after them; see [`super::open_file`].
    _file: Option<Arc<File>>,
    /// Is the writer at work, and does it not want everybody out?
    may_stay: AtomicBool,
}

struct Reader {
    connection: Connection,
    /// The commit whose state it looks at, while it is in a transaction.
    state: Option<u64>,
}

/// What was read, and of which state: that of this commit or a later one.
pub(super) struct AsOf<T> {
    pub(super) found: T,
    pub(super) since: u64,
    /// Was it the last committed state when the call began?
    pub(super) is_latest: bool,
}

impl Readers {
    pub(super) fn new(uri: String, file: Option<Arc<File>>, last_commit: LastCommit) -> Self {
        Self {
            uri,
            last_commit,
            idle: Mutex::default(),
            in_use: AtomicUsize::new(0),
            gate: RwLock::default(),
            _file: file,
            may_stay: AtomicBool::new(false),
        }
    }

    /// Reads the last committed state.
    pub(super) fn read_latest<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<AsOf<T>, StoreError> {
        let _open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let since = self.last_commit.load(Ordering::Acquire);
        let found = self.scan(read)?;
        Ok(AsOf {
            found,
            since,
            is_latest: true,
        })
    }

    /// Reads the last committed state, however long that takes.
    pub(super) fn scan<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.with(|reader| {
            reader.leave()?;
            read(&reader.connection)
        })
    }

    /// Reads a state that may be a few commits old while the writer is at work, and stays in it. Whoever finds nothing
    /// to be written calls [`Self::leave_all`]; for the others the writer does.
    pub(super) fn read_recent<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<AsOf<T>, StoreError> {
        if !self.may_stay.load(Ordering::Acquire) {
            return self.read_latest(read);
        }
        let _open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let last = self.last_commit.load(Ordering::Acquire);
        self.with(|reader| {
            let is_latest = reader.enter(last)?;
            let found = read(&reader.connection)?;
            let since = reader.state.unwrap_or(last);
            if !self.may_stay.load(Ordering::Acquire) {
                reader.leave()?;
            }
            Ok(AsOf {
                found,
                since,
                is_latest,
            })
        })
    }

    /// From now on readers may stay in a state for a while.
    pub(super) fn let_stay(&self) {
        self.may_stay.store(true, Ordering::Release);
    }

    /// From now on nobody stays; ends the transactions of all that are not reading at this moment.
    pub(super) fn let_nobody_stay(&self) {
        self.may_stay.store(false, Ordering::Release);
        self.leave_all();
    }

    /// Does something while nobody looks at the database but scans. Waits for those who read little; they take
    /// microseconds, and begin anew behind it.
    pub(super) fn kept_out<T>(&self, act: impl FnOnce() -> T) -> T {
        let _closed = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.let_nobody_stay();
        act()
    }

    /// Ends the transactions of all that are not reading at this moment.
    pub(super) fn leave_all(&self) {
        for reader in self.idle().iter_mut() {
            // One that cannot end its transaction says so when it is used next.
            let _: rusqlite::Result<()> = reader.leave();
        }
    }

    /// How many are in use.
    pub(super) fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Reader) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        let mut reader = idle.map_or_else(|| Reader::open(&self.uri), Ok)?;
        self.in_use.fetch_add(1, Ordering::Relaxed);
        let done = act(&mut reader).map_err(classify);
        self.in_use.fetch_sub(1, Ordering::Relaxed);
        self.idle().push(reader);
        done
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    fn open(uri: &str) -> Result<Self, StoreError> {
        Ok(Self {
            connection: connect(uri)?,
            state: None,
        })
    }

    /// Stays in its state if that is recent enough, else begins to look at the latest, and answers whether it did.
    fn enter(&mut self, last: u64) -> rusqlite::Result<bool> {
        if self
            .state
            .is_some_and(|state| last.saturating_sub(state) <= OLDEST)
        {
            return Ok(false);
        }
        self.leave()?;
        self.run("BEGIN")?;
        self.state = Some(last);
        Ok(true)
    }

    fn leave(&mut self) -> rusqlite::Result<()> {
        if self.state.is_some() {
            self.run("COMMIT")?;
            self.state = None;
        }
        Ok(())
    }

    fn run(&self, sql: &'static str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    struct Database {
        readers: Readers,
        writer: Connection,
        last: LastCommit,
        folder: PathBuf,
    }

    impl Drop for Database {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }

    impl Database {
        fn new() -> Self {
            let folder = std::env::temp_dir().join(format!("bursar-readers-{}", uuid::Uuid::new_v4()));
            std::fs::create_dir(&folder).expect("a folder");
            let uri = format!("file:{}", folder.join("a.db").display());
            let writer = connect(&uri).expect("a connection");
            writer
                .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (n); INSERT INTO a VALUES (0)")
                .expect("a table");
            let last = LastCommit::default();
            Self {
                readers: Readers::new(uri, None, LastCommit::clone(&last)),
                writer,
                last,
                folder,
            }
        }

        fn commit(&self) {
            self.writer
                .execute("UPDATE a SET n = n + 1", [])
                .expect("a commit");
            self.last.fetch_add(1, Ordering::Release);
        }

        fn recent(&self) -> (i64, u64, bool) {
            let as_of = self.readers.read_recent(number).expect("a row");
            (as_of.found, as_of.since, as_of.is_latest)
        }

        fn latest(&self) -> i64 {
            self.readers.read_latest(number).expect("a row").found
        }
    }

    fn number(reader: &Connection) -> rusqlite::Result<i64> {
        reader.query_row("SELECT n FROM a", [], |row| row.get(0))
    }

    #[test]
    fn beside_a_busy_writer_a_state_is_kept_for_some_commits_and_known_as_old() {
        let database = Database::new();
        database.readers.let_stay();
        assert_eq!(database.recent(), (0, 0, true));
        for _ in 0..OLDEST {
            database.commit();
            assert_eq!(database.recent(), (0, 0, false));
        }
        database.commit();
        assert_eq!(database.recent(), (9, 9, true), "older than is allowed");
    }

    #[test]
    fn who_asks_for_the_latest_state_gets_it_also_from_a_reader_that_stayed() {
        let database = Database::new();
        database.readers.let_stay();
        database.recent();
        database.commit();
        assert_eq!(database.latest(), 1);
        assert_eq!(database.recent(), (1, 1, true), "nobody stays in it");
    }

    #[test]
    fn an_idle_writer_lets_nobody_stay() {
        let database = Database::new();
        database.readers.let_stay();
        database.recent();
        database.readers.let_nobody_stay();
        database.commit();
        assert_eq!(database.recent(), (1, 1, true));
        database.commit();
        assert_eq!(database.recent(), (2, 2, true));
    }

    #[test]
    fn who_reads_little_is_kept_out_and_a_scan_is_not() {
        let database = Database::new();
        let readers = &database.readers;
        std::thread::scope(|scope| {
            let kept_out = readers.kept_out(|| {
                assert_eq!(readers.scan(number).expect("a row"), 0);
                let late = scope.spawn(|| readers.read_latest(number).expect("a row").found);
                std::thread::sleep(Duration::from_millis(50));
                assert!(!late.is_finished());
                database.commit();
                late
            });
            assert_eq!(kept_out.join().expect("it does not panic"), 1);
        });
    }
}
