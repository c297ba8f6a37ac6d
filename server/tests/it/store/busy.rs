//! A database that is busy with some holds up no others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bursar::locking;
use bursar::store::{Decision, Options, Sql, Statement, Store, StoreError, Turns, migrations};
use futures_util::future::join_all;

use super::conformance::{add, is_there};
use crate::support::backend::{Backend, Folder, SHARED, postgres_client, postgres_url};

/// Queries that take three seconds each, more than there are connections.
async fn many_slow_queries(store: &Store) {
    static SLOW: Sql = Sql::same("SELECT CAST(1 AS BIGINT) FROM pg_sleep(3)");
    join_all((0..16).map(|_| store.scan(Turns::Search, Statement::new(&SLOW, [])))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_take_every_connection_leave_the_writers_theirs() {
    for connections in [1, 2, 8] {
        let mut options = Backend::Postgres.fresh(&Folder::new()).await;
        options.connections = connections;
        let store = Store::open(&options, Arc::default()).await.unwrap();
        let store = store.with_limited_scans();
        migrations::run(&store, false).await.unwrap();
        let written = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let started = Instant::now();
            store.write(vec![add("written")]).await.unwrap();
            store.check_writer().await.unwrap();
            assert!(started.elapsed() < Duration::from_secs(1));
            let (in_use, limit) = store.pool_use();
            assert_eq!(limit, connections.max(2));
            assert!(in_use <= limit);
        };
        tokio::select! {
            () = many_slow_queries(&store) => panic!("the queries were not slow"),
            () = written => {}
        }
        assert!(is_there(&store, "written").await);
    }
}

/// A connection of somebody else's, who has begun so and goes on holding what that locks.
async fn holder(options: &Options, lock: &str) -> tokio_postgres::Client {
    let client = postgres_client(postgres_url(options)).await;
    client.batch_execute(&format!("BEGIN; {lock}")).await.unwrap();
    client
}

const HELD_ROW: &str = "SELECT name FROM secrets WHERE name = 'held' FOR UPDATE";

/// Changes the row that is held.
async fn change_held(store: &Store) -> Result<(), StoreError> {
    take(store, "held".to_owned()).await
}

/// Looks a row up, and takes it away.
async fn take(store: &Store, name: String) -> Result<(), StoreError> {
    static LOCK: Sql = locking!("SELECT name FROM secrets WHERE name = $1");
    static TAKE: Sql = Sql::same("DELETE FROM secrets WHERE name = $1");
    let reads = vec![Statement::new(&LOCK, [name.as_str().into()])];
    let decide = move |_| {
        Ok(Decision {
            writes: vec![Statement::new(&TAKE, [name.as_str().into()])],
            answer: (),
        })
    };
    store.change(reads, decide).await
}

/// So many changes that need nothing that anybody holds, and how long they took.
async fn strangers(store: &Store, round: &str) -> Duration {
    let started = Instant::now();
    let names: Vec<String> = (0..100).map(|index| format!("{round}-{index}")).collect();
    for done in join_all(names.iter().map(|name| store.write(vec![add(name)]))).await {
        done.unwrap();
    }
    started.elapsed()
}

/// As an operator's session that has changed a row and is left open.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_somebody_holds_is_refused_in_time_and_holds_up_only_who_needs_it() {
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    // One writer alone.
    options.connections = 4;
    let store = Store::open(&options, Arc::default()).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    store.write(vec![add("held")]).await.unwrap();
    let held = holder(&options, HELD_ROW).await;
    let started = Instant::now();
    let needing = async {
        let refused = join_all((0..3).map(|_| change_held(&store))).await;
        let are_refused = refused
            .iter()
            .all(|one| matches!(one, Err(StoreError::Unavailable(_))));
        assert!(are_refused, "{refused:?}");
        started.elapsed()
    };
    let others = async {
        // Whichever comes while it is found out what is held waits for that.
        let found_out = strangers(&store, "first").await + strangers(&store, "second").await;
        (found_out, strangers(&store, "third").await)
    };
    let (refused_after, (found_out, third)) = tokio::join!(needing, others);
    assert!(refused_after < Duration::from_secs(9), "{refused_after:?}");
    assert!(found_out < Duration::from_secs(4), "{found_out:?}");
    assert!(third < Duration::from_secs(2), "{third:?}");
    assert!(is_there(&store, "held").await);
    // Whoever waits when it is let go gets it.
    let (taken, ()) = tokio::join!(change_held(&store), async {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        held.batch_execute("ROLLBACK").await.unwrap();
    });
    taken.unwrap();
    assert!(!is_there(&store, "held").await);
}

static NAMES: Sql = Sql::same("SELECT name FROM secrets");

/// How often waiting may take longer before it is believed: other programs slow a machine down for a while.
const TRIES: usize = 3;

/// Takes as many rows, each by a change of its own, and tells how long the slowest took and how many were refused.
async fn take_many(store: &Store) -> (Duration, usize) {
    let started = Instant::now();
    let taken = join_all((0..300).map(|index| take(store, format!("row-{index:03}")))).await;
    let refused = taken
        .iter()
        .filter(|one| matches!(one, Err(StoreError::Unavailable(_))));
    (started.elapsed(), refused.count())
}

/// How long each had to wait for somebody else's lock of a table.
#[derive(Debug)]
struct Waits {
    /// The slowest of the changes that need the table.
    refused: Duration,
    /// One that needs another table alone.
    stranger: Duration,
    /// A query of the table.
    read: Duration,
    /// The slowest of as many changes once the table is free.
    taken: Duration,
}

impl Waits {
    fn are_short(&self) -> bool {
        let seconds = Duration::from_secs;
        self.refused < seconds(8)
            && self.stranger < seconds(1)
            && self.read < seconds(3)
            && self.taken < seconds(2)
    }
}

/// As a migration of somebody else's, who changes a table and takes long.
async fn waits_for_a_table() -> Waits {
    static ELSEWHERE: Sql = Sql::same("UPDATE directory_version SET version = version WHERE id = 0");
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    // One writer alone.
    options.connections = 4;
    let store = Store::open(&options, Arc::default()).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    let held = holder(&options, "LOCK TABLE secrets IN ACCESS EXCLUSIVE MODE").await;
    let stranger = async {
        tokio::time::sleep(Duration::from_millis(5_500)).await;
        let started = Instant::now();
        store.write(vec![Statement::new(&ELSEWHERE, [])]).await.unwrap();
        started.elapsed()
    };
    let reader = async {
        let started = Instant::now();
        let refused = store.read(Statement::new(&NAMES, [])).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        started.elapsed()
    };
    let ((refused, count), stranger, read) = tokio::join!(take_many(&store), stranger, reader);
    assert_eq!(count, 300);
    held.batch_execute("ROLLBACK").await.unwrap();
    let (taken, count) = take_many(&store).await;
    assert_eq!(count, 0);
    Waits {
        refused,
        stranger,
        read,
        taken,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_many_changes_meet_is_told_to_each_in_time() {
    for number in 1.. {
        let waits = waits_for_a_table().await;
        if waits.are_short() {
            break;
        }
        assert!(number < TRIES, "{waits:?}");
    }
}

/// As a page of a list that has very many rows to pass over, asked for again and again.
#[tokio::test(flavor = "multi_thread")]
async fn queries_that_find_no_end_are_few_at_a_time_and_are_ended() {
    static ENDLESS: Sql = Sql::split(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 1000000000)
         SELECT count(*) FROM numbers",
        "SELECT CAST(1 AS BIGINT) FROM pg_sleep(60)",
    );
    for backend in SHARED {
        let folder = Folder::new();
        let store = Store::open(&backend.fresh(&folder).await, Arc::default()).await;
        let store = store.unwrap().with_limited_scans();
        migrations::run(&store, false).await.unwrap();
        let started = Instant::now();
        let endless = join_all((0..10).map(|_| store.scan(Turns::Search, Statement::new(&ENDLESS, []))));
        let meanwhile = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let (in_use, _) = store.pool_use();
            assert!((1..5).contains(&in_use), "{backend:?}: {in_use} in use");
            // Who looks up a row or two does not wait for them.
            assert!(!is_there(&store, "nobody").await);
            let feed = store.scan(Turns::Feed, Statement::new(&NAMES, [])).await;
            assert!(feed.is_ok(), "{backend:?}: {feed:?}");
            assert!(started.elapsed() < Duration::from_secs(4), "{backend:?}");
        };
        let (ended, ()) = tokio::join!(endless, meanwhile);
        assert!(
            started.elapsed() < Duration::from_secs(14),
            "{backend:?}: {:?}",
            started.elapsed()
        );
        let are_ended = ended.iter().all(|one| matches!(one, Err(StoreError::TooLong)));
        assert!(are_ended, "{backend:?}: {ended:?}");
    }
}

/// As the lists of commands, which nobody else waits for.
#[tokio::test(flavor = "multi_thread")]
async fn queries_of_a_command_need_no_turns() {
    static LONG: Sql = Sql::same("SELECT CAST(1 AS BIGINT) FROM pg_sleep(6)");
    let options = Backend::Postgres.fresh(&Folder::new()).await;
    let store = Store::open(&options, Arc::default()).await.unwrap();
    let long = (0..6).map(|_| store.scan(Turns::Search, Statement::new(&LONG, [])));
    for found in join_all(long).await {
        assert_eq!(found.unwrap().len(), 1);
    }
}
