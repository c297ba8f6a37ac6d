//! Decides a change before it queues, so that the one writer only has to write.
//!
//! The caller's thread reads the change's rows from the last committed state and decides. When the writer comes to
//! the change, what was decided still holds if no commit has touched the locked rows since; the writer then runs the
//! writes as they are. Otherwise it reads and decides anew, as it does for every other change. This is the isolation
//! that row locks give on PostgreSQL: rows that a change locks are as it read them, and it changes no others.
//! What it reads without a lock must be the latest state, unless the statement says that it is covered otherwise.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::Connection;

use crate::store::change::{Ahead, Loaded, LockedRows};
use crate::store::{Row, Statement};

/// Rows share so many marks. Two rows on one mark only mean that a change is decided twice.
const MARKS: usize = 1 << 17;

/// Who touched what, by number of commit. The writer notes it; whoever reads may look.
pub(super) struct Commits {
    last: AtomicU64,
    /// How many pages all of them have written to the log.
    pages: AtomicU64,
    /// The last commit that touched nobody knows which rows.
    anything: AtomicU64,
    /// May the log hold what was deleted for good? At the start it is as the last program left it.
    erased: AtomicBool,
    marks: Vec<AtomicU64>,
}

impl Commits {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            last: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            anything: AtomicU64::new(0),
            erased: AtomicBool::new(true),
            marks: std::iter::repeat_with(AtomicU64::default).take(MARKS).collect(),
        })
    }

    /// The number of the last one: everybody sees what it wrote.
    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Acquire)
    }

    /// How many pages they have written to the log.
    pub(super) fn pages(&self) -> u64 {
        self.pages.load(Ordering::Relaxed)
    }

    pub(super) fn have_written(&self, pages: u64) {
        self.pages.fetch_add(pages, Ordering::Relaxed);
    }

    /// The last one that touched nobody knows which rows: of what was read before it, nothing is known any more.
    pub(super) fn last_of_anything(&self) -> u64 {
        self.anything.load(Ordering::Relaxed)
    }

    /// May the log hold what one of them has deleted for good?
    pub(super) fn have_erased(&self) -> bool {
        self.erased.load(Ordering::Relaxed)
    }

    /// The log was emptied.
    pub(super) fn left_nothing(&self) {
        self.erased.store(false, Ordering::Relaxed);
    }

    /// Has none since touched these rows? To the writer this is certain; to others one may be under way.
    pub(super) fn leave_alone(&self, locked: &LockedRows, since: u64) -> bool {
        let is_untouched = |row: &u64| self.mark_of(*row).load(Ordering::Relaxed) <= since;
        self.last_of_anything() <= since && locked.0.iter().all(is_untouched)
    }

    fn mark_of(&self, row: u64) -> &AtomicU64 {
        &self.marks[slot(row)]
    }
}

/// The writer's side of [`Commits`].
pub(super) struct Touched {
    commits: Arc<Commits>,
    /// SQLite's count of the commits by others, such as the command line.
    others: i64,
}

impl Touched {
    pub(super) fn new(commits: Arc<Commits>) -> Self {
        Self { commits, others: 0 }
    }

    /// In a transaction that has just begun: has another program written meanwhile?
    pub(super) fn begin(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let others = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if others != self.others {
            self.others = others;
            self.touch(&self.commits.anything);
            self.commits.erased.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Are the rows still as they were read?
    pub(super) fn still_holds(&self, ahead: &Ahead) -> bool {
        self.commits.leave_alone(&ahead.locked, ahead.since)
    }

    /// The open transaction writes these rows. A change that locked none is taken to touch anything, unless it only
    /// adds rows; so is one that writes what many read without a lock.
    pub(super) fn mark(&self, locked: &LockedRows, writes: &[Statement]) {
        for row in locked.0.iter().filter(|_| !writes.is_empty()) {
            self.touch(self.commits.mark_of(*row));
        }
        let is_unlocked = locked.0.is_empty() && !writes.iter().all(only_adds);
        if is_unlocked || writes.iter().any(|write| write.sql.is_for_all) {
            self.touch(&self.commits.anything);
        }
        if writes.iter().any(|write| write.sql.is_erasure) {
            self.commits.erased.store(true, Ordering::Relaxed);
        }
    }

    /// The open transaction is on disk and everybody sees it.
    pub(super) fn committed(&self) {
        self.commits.last.store(self.current(), Ordering::Release);
    }

    fn touch(&self, mark: &AtomicU64) {
        mark.store(self.current(), Ordering::Relaxed);
    }

    /// The number of the transaction that is open or comes next.
    fn current(&self) -> u64 {
        self.commits.last() + 1
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower bits are as good as all"
)]
fn slot(row: u64) -> usize {
    row as usize % MARKS
}

fn only_adds(write: &Statement) -> bool {
    write.sql.sqlite.starts_with("INSERT") && !write.sql.sqlite.contains("ON CONFLICT")
}

/// Which rows the reads that lock have found, by what tells rows apart: their first column.
pub(super) fn locked_rows(reads: &[Statement], loaded: &Loaded) -> LockedRows {
    let locking = reads.iter().zip(loaded).filter(|(read, _)| read.sql.locks);
    LockedRows(locking.flat_map(|(_, rows)| rows).map(identity).collect())
}

fn identity(row: &Row) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.0.first().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Sql;

    static ADD: Sql = Sql::same("INSERT INTO a VALUES (1)");
    static CHANGE: Sql = Sql::same("UPDATE a SET b = 1");

    fn ahead(since: u64, rows: &[u64]) -> Ahead {
        Ahead {
            since,
            locked: LockedRows(rows.to_vec()),
            writes: Vec::new(),
        }
    }

    #[test]
    fn a_decision_holds_until_a_later_commit_touches_one_of_its_rows() {
        let touched = Touched::new(Commits::new());
        let early = ahead(0, &[1, 2]);
        assert!(touched.still_holds(&early));
        touched.mark(&LockedRows(vec![2]), &[]);
        assert!(touched.still_holds(&early), "nothing was written");
        touched.mark(&LockedRows(vec![2]), &[Statement::new(&CHANGE, [])]);
        assert!(!touched.still_holds(&early), "touched in the open transaction");
        touched.committed();
        assert!(!touched.still_holds(&early), "touched by a later commit");
        assert!(touched.still_holds(&ahead(0, &[1])), "another row");
        assert!(touched.still_holds(&ahead(1, &[1, 2])), "read after that commit");
    }

    #[test]
    fn writes_without_locked_rows_touch_anything_unless_they_only_add() {
        let touched = Touched::new(Commits::new());
        touched.mark(&LockedRows::default(), &[Statement::new(&ADD, [])]);
        assert!(touched.still_holds(&ahead(0, &[1])));
        touched.mark(&LockedRows::default(), &[Statement::new(&CHANGE, [])]);
        assert!(!touched.still_holds(&ahead(0, &[1])));
    }

    #[test]
    fn a_write_for_all_touches_anything_whatever_its_change_locked() {
        static FOR_ALL: Sql = Sql::same("UPDATE b SET c = 1").for_all();
        let touched = Touched::new(Commits::new());
        touched.mark(&LockedRows(vec![1]), &[Statement::new(&CHANGE, [])]);
        assert!(touched.still_holds(&ahead(0, &[2])));
        touched.mark(&LockedRows(vec![1]), &[Statement::new(&FOR_ALL, [])]);
        assert!(!touched.still_holds(&ahead(0, &[2])));
    }

    #[test]
    fn what_another_connection_commits_touches_anything() {
        let open = || Connection::open("file:/ahead-of-others?vfs=memdb").expect("a database in memory");
        let (writer, other) = (open(), open());
        let mut touched = Touched::new(Commits::new());
        touched.begin(&writer).expect("the pragma answers");
        touched.committed();
        let read_before = ahead(1, &[1]);
        touched.begin(&writer).expect("the pragma answers");
        assert!(touched.still_holds(&read_before));
        other
            .execute_batch("CREATE TABLE a (b)")
            .expect("the other writes");
        touched.begin(&writer).expect("the pragma answers");
        assert!(!touched.still_holds(&read_before));
    }
}
