//! Decides a change before it queues, so that the one writer only has to write.
//!
//! The caller's thread reads the change's rows from the last committed state and decides. When the writer comes to
//! the change, what was decided still holds if no commit has touched the locked rows since; the writer then runs the
//! writes as they are. Otherwise it reads and decides anew, as it does for every other change. This is the isolation
//! that row locks give on PostgreSQL: rows that a change locks are as it read them, and it changes no others.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use crate::store::change::{Ahead, Loaded, LockedRows};
use crate::store::{Row, Statement};

/// Rows share so many marks. Two rows on one mark only mean that a change is decided twice.
const MARKS: usize = 1 << 16;

/// The number of the last commit, for everybody who reads.
pub(super) type LastCommit = Arc<AtomicU64>;

/// What the writer knows of who touched what, by number of commit.
pub(super) struct Touched {
    last: LastCommit,
    marks: Vec<u64>,
    /// The last commit that touched nobody knows which rows.
    anything: u64,
    /// SQLite's count of the commits by others, such as the command line.
    others: i64,
}

impl Touched {
    pub(super) fn new(last: LastCommit) -> Self {
        Self {
            last,
            marks: vec![0; MARKS],
            anything: 0,
            others: 0,
        }
    }

    /// In a transaction that has just begun: has another program written meanwhile?
    pub(super) fn begin(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let others = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if others != self.others {
            self.others = others;
            self.anything = self.current();
        }
        Ok(())
    }

    /// Are the rows still as they were read?
    pub(super) fn still_holds(&self, ahead: &Ahead) -> bool {
        let is_untouched = |row: &u64| self.marks[slot(*row)] <= ahead.since;
        self.anything <= ahead.since && ahead.locked.0.iter().all(is_untouched)
    }

    /// The open transaction writes these rows. A change that locked none is taken to touch anything, unless it only
    /// adds rows.
    pub(super) fn mark(&mut self, locked: &LockedRows, writes: &[Statement]) {
        let current = self.current();
        for row in locked.0.iter().filter(|_| !writes.is_empty()) {
            self.marks[slot(*row)] = current;
        }
        if locked.0.is_empty() && !writes.iter().all(only_adds) {
            self.anything = current;
        }
    }

    /// The open transaction is on disk and everybody sees it.
    pub(super) fn committed(&self) {
        self.last.store(self.current(), Ordering::Release);
    }

    /// The number of the transaction that is open or comes next.
    fn current(&self) -> u64 {
        self.last.load(Ordering::Relaxed) + 1
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

    const ADD: Sql = Sql::same("INSERT INTO a VALUES (1)");
    const CHANGE: Sql = Sql::same("UPDATE a SET b = 1");

    fn ahead(since: u64, rows: &[u64]) -> Ahead {
        Ahead {
            since,
            locked: LockedRows(rows.to_vec()),
            writes: Vec::new(),
        }
    }

    #[test]
    fn a_decision_holds_until_a_later_commit_touches_one_of_its_rows() {
        let mut touched = Touched::new(LastCommit::default());
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
        let mut touched = Touched::new(LastCommit::default());
        touched.mark(&LockedRows::default(), &[Statement::new(&ADD, [])]);
        assert!(touched.still_holds(&ahead(0, &[1])));
        touched.mark(&LockedRows::default(), &[Statement::new(&CHANGE, [])]);
        assert!(!touched.still_holds(&ahead(0, &[1])));
    }

    #[test]
    fn what_another_connection_commits_touches_anything() {
        let open = || Connection::open("file:/ahead-of-others?vfs=memdb").expect("a database in memory");
        let (writer, other) = (open(), open());
        let mut touched = Touched::new(LastCommit::default());
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
