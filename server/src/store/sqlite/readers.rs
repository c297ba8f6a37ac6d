//! The connections that read, and the state of the database that one of them may look at for a while.
//!
//! A connection forgets every page that it has read as soon as a commit follows, also the upper pages of the trees,
//! which hardly ever change. Beside a busy writer each query would fetch them anew. What is decided ahead is checked
//! again by the writer, so it may be read from an earlier state: the connection stays in its transaction, and its pages
//! stay good. The writer ends such a transaction when it has nothing left to write, and before the log begins anew.
//!
//! The log begins anew in a moment in which nobody reads it. Beside many readers there is none, so the writer makes one.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::ahead::Commits;
use super::{classify, connect};
use crate::store::StoreError;

/// When commits have written so many pages to the log, a state is left: a commit or two later under load. The log can be
/// moved only up to the oldest state that somebody looks at, so an older one would make larger passes, and those are felt.
const OLDEST_PAGES: u64 = 64;
/// So many steps of SQLite's machine, less than a millisecond, pass between two looks at the clock.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

pub(super) struct Readers {
    uri: String,
    commits: Arc<Commits>,
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
    /// What it looks at, while it is in a transaction.
    state: Option<State>,
}

/// The state after a commit.
struct State {
    commit: u64,
    /// How many pages had been written to the log by then.
    pages: u64,
}

/// What was read, and of which state: that of this commit or a later one.
pub(super) struct AsOf<T> {
    pub(super) found: T,
    pub(super) since: u64,
    /// Was it the last committed state when the call began?
    pub(super) is_latest: bool,
}

impl Readers {
    pub(super) fn new(uri: String, file: Option<Arc<File>>, commits: Arc<Commits>) -> Self {
        Self {
            uri,
            commits,
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
        let since = self.commits.last();
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

    /// As [`Self::scan`], but what takes longer than `patience` is interrupted.
    pub(super) fn scan_for<T>(
        &self,
        patience: Duration,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let until = Instant::now() + patience;
        self.with(|reader| {
            reader.leave()?;
            let is_over = move || Instant::now() >= until;
            reader
                .connection
                .progress_handler(STEPS_BETWEEN_LOOKS, Some(is_over))?;
            let found = read(&reader.connection)?;
            reader.connection.progress_handler(0, None::<fn() -> bool>)?;
            Ok(found)
        })
    }

    /// Reads a state that may be some commits old while the writer is at work, and stays in it. Whoever finds nothing
    /// to be written calls [`Self::leave_all`]; for the others the writer does.
    pub(super) fn read_recent<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<AsOf<T>, StoreError> {
        if !self.may_stay.load(Ordering::Acquire) {
            return self.read_latest(read);
        }
        let _open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let last = State {
            pages: self.commits.pages(),
            commit: self.commits.last(),
        };
        self.with(|reader| {
            let (since, is_latest) = reader.enter(last, self.commits.last_of_anything())?;
            let found = read(&reader.connection)?;
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
        self.idle().retain_mut(|reader| reader.leave().is_ok());
    }

    /// How many are in use.
    pub(super) fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Reader) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        let mut reader = idle.map_or_else(|| Reader::open(&self.uri), Ok)?;
        self.in_use.fetch_add(1, Ordering::Relaxed);
        let done = act(&mut reader);
        self.in_use.fetch_sub(1, Ordering::Relaxed);
        // What a failure has left of a connection nobody knows; another one is opened when it is needed.
        if done.is_ok() {
            self.idle().push(reader);
        }
        done.map_err(classify)
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

    /// Stays in its state if that is recent enough and no older than a certain commit, else begins to look at the last.
    /// Answers the commit whose state it is, and whether it is the last.
    fn enter(&mut self, last: State, not_before: u64) -> rusqlite::Result<(u64, bool)> {
        if let Some(state) = &self.state
            && state.commit >= not_before
            && last.pages.saturating_sub(state.pages) <= OLDEST_PAGES
        {
            return Ok((state.commit, false));
        }
        self.leave()?;
        self.run("BEGIN")?;
        let commit = last.commit;
        self.state = Some(last);
        Ok((commit, true))
    }

    fn leave(&mut self) -> rusqlite::Result<()> {
        if self.state.take().is_some() {
            self.run("COMMIT")?;
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

    use super::*;
    use crate::store::change::LockedRows;
    use crate::store::sqlite::ahead::Touched;
    use crate::store::{Sql, Statement};

    struct Database {
        readers: Readers,
        writer: Connection,
        touched: Touched,
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
            let file = folder.join("a.db");
            File::create(&file).expect("a file");
            let uri = format!("file:{}", file.display());
            let writer = connect(&uri).expect("a connection");
            writer
                .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (n); INSERT INTO a VALUES (0)")
                .expect("a table");
            let commits = Commits::new();
            Self {
                readers: Readers::new(uri, None, Arc::clone(&commits)),
                writer,
                touched: Touched::new(commits),
                folder,
            }
        }

        fn commit(&self, pages: u64) {
            self.writer
                .execute("UPDATE a SET n = n + 1", [])
                .expect("a commit");
            self.readers.commits.have_written(pages);
            self.touched.committed();
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
        for _ in 0..4 {
            database.commit(OLDEST_PAGES / 4);
            assert_eq!(database.recent(), (0, 0, false));
        }
        database.commit(1);
        assert_eq!(database.recent(), (5, 5, true), "older than is allowed");
    }

    #[test]
    fn a_state_is_left_when_a_later_commit_has_touched_nobody_knows_what() {
        static CHANGE: Sql = Sql::same("UPDATE a SET n = 1");
        let database = Database::new();
        database.readers.let_stay();
        database.recent();
        database
            .touched
            .mark(&LockedRows(vec![1]), &[Statement::new(&CHANGE, [])]);
        database.commit(1);
        assert_eq!(database.recent(), (0, 0, false));
        database
            .touched
            .mark(&LockedRows::default(), &[Statement::new(&CHANGE, [])]);
        database.commit(1);
        assert_eq!(database.recent(), (2, 2, true));
    }

    #[test]
    fn who_asks_for_the_latest_state_gets_it_also_from_a_reader_that_stayed() {
        let database = Database::new();
        database.readers.let_stay();
        database.recent();
        database.commit(1);
        assert_eq!(database.latest(), 1);
        assert_eq!(database.recent(), (1, 1, true), "nobody stays in it");
    }

    #[test]
    fn a_reader_that_failed_is_not_used_again() {
        let database = Database::new();
        database.readers.let_stay();
        database.recent();
        // As SQLite does where the disk fails: the transaction is over.
        let ended = database.readers.read_recent(|reader| {
            reader.execute_batch("ROLLBACK")?;
            reader.query_row("SELECT n FROM nowhere", [], |row| row.get::<_, i64>(0))
        });
        assert!(ended.is_err());
        database.commit(1);
        assert_eq!(database.latest(), 1);
        assert_eq!(database.recent(), (1, 1, true));
    }

    #[test]
    fn an_idle_writer_lets_nobody_stay() {
        let database = Database::new();
        database.readers.let_stay();
        database.recent();
        database.readers.let_nobody_stay();
        database.commit(1);
        assert_eq!(database.recent(), (1, 1, true));
        database.commit(1);
        assert_eq!(database.recent(), (2, 2, true));
    }

    #[test]
    fn a_scan_that_ended_in_time_leaves_no_limit_to_what_is_read_behind_it() {
        fn many(reader: &Connection) -> rusqlite::Result<i64> {
            let numbers =
                "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 10000)
                           SELECT count(*) FROM numbers";
            reader.query_row(numbers, [], |row| row.get(0))
        }
        let readers = &Database::new().readers;
        assert_eq!(readers.scan_for(Duration::ZERO, number).expect("a look"), 0);
        assert_eq!(readers.scan(many).expect("as long as it takes"), 10_000);
        assert!(
            readers.scan_for(Duration::ZERO, many).is_err(),
            "it is no mere look"
        );
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
                database.commit(1);
                late
            });
            assert_eq!(kept_out.join().expect("it does not panic"), 1);
        });
    }
}
