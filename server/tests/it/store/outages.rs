//! Databases that are busy or cut the line.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bursar::store::{Decision, Sql, Statement, Store, StoreError, migrations};
use futures_util::future::join_all;
use tokio_postgres::Client;

use super::conformance::{add, break_rule, is_there};
use crate::support::backend::{Backend, Folder, postgres_client, postgres_url, postgres_url_mut};
use crate::support::line::Line;
use crate::support::server::{IDENTIFIERS, PROFILE, TestServer, USER};

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_of_another_program_on_sqlite_is_waited_for() {
    let server = TestServer::on(Backend::SqliteFile).await;
    server.call("POST", PROFILE, &[USER], "").await;
    let file = server.folder.0.join("bursar.db");
    let (locked, is_locked) = std::sync::mpsc::channel();
    let other = std::thread::spawn(move || {
        let other = rusqlite::Connection::open(file).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        locked.send(()).unwrap();
        std::thread::sleep(Duration::from_secs(1));
        other.execute_batch("ROLLBACK").unwrap();
    });
    is_locked.recv().unwrap();
    let started = Instant::now();
    let set = server.call("POST", IDENTIFIERS, &[USER], r#"{"branch_id":"b"}"#);
    let read = async {
        let read = server.call("GET", IDENTIFIERS, &[USER], "").await;
        (read.status, started.elapsed())
    };
    let (set, (read, read_after)) = tokio::join!(set, read);
    assert_eq!(set.status, 200, "{}", set.text());
    assert!(started.elapsed() > Duration::from_millis(700));
    assert_eq!(read, 200);
    assert!(
        read_after < Duration::from_millis(700),
        "a reader waited: {read_after:?}"
    );
    other.join().unwrap();
}

/// A change that was cut off is done, or it is not known and the caller is told to try again. Where nothing can have
/// been done the writer tries again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_postgres_cuts_lose_nothing_and_are_made_anew() {
    let options = Backend::Postgres.fresh(&Folder::new()).await;
    let store = Store::open(&options, Arc::default()).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    let client = postgres_client(postgres_url(&options)).await;
    let mut cut = 0;
    for round in 0..40 {
        let name = |index: usize| format!("{round}-{index}");
        let changes = join_all((0..40).map(|index| store.write(vec![add(&name(index)), slow()])));
        let (done, now_cut) = tokio::join!(changes, cut_after(&client, round % 5));
        cut += now_cut;
        for (index, done) in done.into_iter().enumerate() {
            match done {
                Ok(()) => assert!(is_there(&store, &name(index)).await, "lost: {}", name(index)),
                Err(StoreError::Unavailable(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        store.write(vec![add(&format!("after-{round}"))]).await.unwrap();
    }
    assert!(
        cut > 5,
        "the test proves little: {cut} connections were cut at work"
    );
}

/// Keeps a transaction open for a while, so that it can be cut.
fn slow() -> Statement {
    static SLOW: Sql = Sql::same("DELETE FROM secrets WHERE name = (SELECT 'nobody' FROM pg_sleep(0.0005))");
    Statement::new(&SLOW, [])
}

/// Cuts the connections of one schema's users while they are at work.
async fn cut_after(client: &Client, pause_ms: u64) -> i64 {
    const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks
         WHERE relation = 'secrets'::regclass AND pid <> pg_backend_pid()";
    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    client.query_one(CUT, &[]).await.unwrap().get(0)
}

/// Refused, failed, panicked: whatever became of a change, its transaction is over when its connection is free.
#[tokio::test(flavor = "multi_thread")]
async fn no_connection_stays_in_a_transaction() {
    const OPEN: &str = "SELECT count(*) FROM pg_stat_activity
         WHERE application_name = $1 AND state LIKE 'idle in transaction%'";
    static BROKEN: Sql = Sql::same("SELECT CAST(1 / 0 AS BIGINT)");
    static PASSING: Sql = Sql::same("DELETE FROM replies");
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    let url = postgres_url_mut(&mut options);
    let name = format!("bursar-{}", uuid::Uuid::new_v4().simple());
    url.push_str(&format!("&application_name={name}"));
    let client = postgres_client(url).await;
    let store = Store::open(&options, Arc::default()).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    for _ in 0..20 {
        let failed = store.write(vec![add("failed"), break_rule()]);
        let unreadable = store.change(vec![Statement::new(&BROKEN, [])], |_| {
            Ok::<_, StoreError>(Decision {
                writes: Vec::new(),
                answer: (),
            })
        });
        let refused = store.change(Vec::new(), |_| Err::<Decision<()>, _>(StoreError::Overloaded));
        let panicked = store.change(Vec::new(), |_| -> Result<Decision<()>, StoreError> {
            std::panic::resume_unwind(Box::new(()))
        });
        let passed = store.write(vec![Statement::new(&PASSING, [])]);
        let (failed, unreadable, refused, panicked, passed) =
            tokio::join!(failed, unreadable, refused, panicked, passed);
        assert!(failed.is_err() && unreadable.is_err() && refused.is_err() && panicked.is_err());
        passed.unwrap();
        let open: i64 = client.query_one(OPEN, &[&name]).await.unwrap().get(0);
        assert_eq!(open, 0);
    }
    assert!(!is_there(&store, "failed").await);
}

/// A role that owns the connections of one store, so that they can be changed and ended without any other.
struct Role {
    owner: Client,
    name: String,
}

impl Role {
    async fn alter(&self, how: &str) {
        let altered = format!("ALTER ROLE {} {how}", self.name);
        self.owner.batch_execute(&altered).await.unwrap();
    }

    async fn cut(&self) {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";
        self.owner.query(cut, &[&self.name]).await.unwrap();
    }

    async fn remove(self) {
        self.cut().await;
        let gone = format!("DROP OWNED BY {0}; DROP ROLE {0}", self.name);
        self.owner.batch_execute(&gone).await.unwrap();
    }
}

async fn on_a_role_of_its_own() -> (Store, Role) {
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    let url = postgres_url_mut(&mut options);
    let owner = postgres_client(url).await;
    let name = format!("bursar_{}", uuid::Uuid::new_v4().simple());
    let made = format!("CREATE ROLE {name} LOGIN SUPERUSER");
    owner.batch_execute(&made).await.unwrap();
    url.push_str(&format!("&user={name}"));
    let store = Store::open(&options, Arc::default()).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    (store, Role { owner, name })
}

/// As on a standby, or where the operator has ended all writing because the disk is full. Sessions that begin meanwhile
/// stay so.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_may_only_be_read_is_not_ready_and_is_used_again_when_it_may_be_written() {
    let (store, role) = on_a_role_of_its_own().await;
    store.check_writer().await.unwrap();
    role.alter("SET default_transaction_read_only = on").await;
    role.cut().await;
    assert!(matches!(
        store.check_writer().await,
        Err(StoreError::Unavailable(_))
    ));
    let refused = store.write(vec![add("refused")]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    assert!(!is_there(&store, "refused").await);
    role.alter("RESET default_transaction_read_only").await;
    store.write(vec![add("after")]).await.unwrap();
    store.check_writer().await.unwrap();
    drop(store);
    role.remove().await;
}

/// As while a password is changed, or where the operator lets nobody in for a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_lets_nobody_in_is_an_outage_that_passes() {
    let (store, role) = on_a_role_of_its_own().await;
    role.alter("NOLOGIN").await;
    role.cut().await;
    let (written, read) = tokio::join!(store.write(vec![add("refused")]), store.read(any_secret()));
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    role.alter("LOGIN").await;
    store.write(vec![add("after")]).await.unwrap();
    assert!(!is_there(&store, "refused").await);
    drop(store);
    role.remove().await;
}

/// As a machine that is stopped, or cut off without a word, in the middle of a change.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_stands_still_in_a_transaction_holds_up_nobody_for_long() {
    static LOCK: Sql = Sql::same("SELECT name FROM secrets WHERE name = 'held' FOR UPDATE");
    static TAKE: Sql = Sql::same("DELETE FROM secrets WHERE name = 'held'");
    let options = Backend::Postgres.fresh(&Folder::new()).await;
    let still = Store::open(&options, Arc::default()).await.unwrap();
    let other = Store::open(&options, Arc::default()).await.unwrap();
    migrations::run(&still, false).await.unwrap();
    still.write(vec![add("held")]).await.unwrap();
    let (go_on, told) = std::sync::mpsc::channel::<()>();
    let (stands, is_still) = tokio::sync::mpsc::unbounded_channel();
    let told = std::sync::Mutex::new(told);
    let stopped = tokio::spawn(async move {
        let decide = move |_| {
            stands.send(()).unwrap();
            assert!(told.lock().unwrap().recv().is_err());
            Ok::<_, StoreError>(Decision {
                writes: vec![add("late")],
                answer: (),
            })
        };
        still.change(vec![Statement::new(&LOCK, [])], decide).await
    });
    let mut is_still = is_still;
    is_still.recv().await.unwrap();
    let waited = Instant::now();
    other.write(vec![Statement::new(&TAKE, [])]).await.unwrap();
    assert!(
        waited.elapsed() < Duration::from_secs(9),
        "{:?}",
        waited.elapsed()
    );
    drop(go_on);
    assert!(matches!(stopped.await.unwrap(), Err(StoreError::Unavailable(_))));
    assert!(!is_there(&other, "late").await);
}

/// What nobody waits for any more takes up no connection of the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_was_given_up_does_not_wait_on_in_the_database() {
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
         WHERE application_name = $1 AND wait_event_type = 'Lock'";
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    let url = postgres_url_mut(&mut options);
    let name = format!("bursar-{}", uuid::Uuid::new_v4().simple());
    let mut other = postgres_client(url).await;
    let watch = postgres_client(url).await;
    url.push_str(&format!("&application_name={name}"));
    let store = Store::open(&options, Arc::default()).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    let locked = other.transaction().await.unwrap();
    locked.batch_execute("LOCK TABLE secrets").await.unwrap();
    let count = async || -> i64 { watch.query_one(WAITING, &[&name]).await.unwrap().get(0) };
    let refused = async {
        let refused = join_all((0..3).map(|_| store.read(any_secret()))).await;
        assert!(refused.iter().all(Result::is_err));
    };
    let looked = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(count().await, 3);
    };
    tokio::join!(refused, looked);
    let given_up = Instant::now();
    while count().await > 0 {
        assert!(given_up.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    locked.rollback().await.unwrap();
    store.read(any_secret()).await.unwrap();
}

/// Nobody knows whether it was committed: whoever asked for it has to look.
#[tokio::test(flavor = "multi_thread")]
async fn what_broke_off_while_it_was_committed_is_not_made_again() {
    const CUT: &str = "CREATE SEQUENCE tries;
         CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN PERFORM nextval('tries'), pg_terminate_backend(pg_backend_pid()); RETURN NULL; END$$;
         CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON secrets DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW WHEN (NEW.name = 'cut') EXECUTE FUNCTION cut()";
    let options = Backend::Postgres.fresh(&Folder::new()).await;
    let store = Store::open(&options, Arc::default()).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    let client = postgres_client(postgres_url(&options)).await;
    client.batch_execute(CUT).await.unwrap();
    let written = store.write(vec![add("cut")]).await;
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
    let tries = client
        .query_one("SELECT last_value FROM tries", &[])
        .await
        .unwrap();
    assert_eq!(tries.get::<_, i64>(0), 1);
    store.write(vec![add("after")]).await.unwrap();
}

/// An operator may limit how long a session waits for a lock.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_not_given_in_time_is_no_fault_of_ours() {
    static LIMIT: Sql = Sql::same("SELECT current_setting('lock_timeout')");
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    let url = postgres_url_mut(&mut options);
    let mut other = postgres_client(url).await;
    url.push_str("%20-clock_timeout%3D20");
    let store = Store::open(&options, Arc::default()).await.unwrap();
    let mut limit = store.read(Statement::new(&LIMIT, [])).await.unwrap();
    assert_eq!(limit[0].text(0).unwrap(), "20ms", "it stays the operator's");
    migrations::run(&store, false).await.unwrap();
    let locked = other.transaction().await.unwrap();
    locked.batch_execute("LOCK TABLE secrets").await.unwrap();
    let (written, read) = tokio::join!(store.write(vec![add("refused")]), store.read(any_secret()));
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    locked.rollback().await.unwrap();
    store.write(vec![add("after")]).await.unwrap();
    assert!(!is_there(&store, "refused").await);
}

/// Reads and writes, much at once. Was all of it refused, for now?
async fn refused_within(store: &Store, limit: Duration) -> bool {
    let started = Instant::now();
    let reads = join_all((0..4).map(|_| store.read(any_secret())));
    // More than a group for each writer, so that some wait behind those that are tried.
    let names: Vec<String> = (0..400).map(|index| format!("frozen-{index}")).collect();
    let writes = join_all(names.iter().map(|name| store.write(vec![add(name)])));
    let (reads, writes) = tokio::join!(reads, writes);
    let is_refusal = |error: Option<StoreError>| matches!(error, Some(StoreError::Unavailable(_)));
    assert!(started.elapsed() < limit, "{:?}", started.elapsed());
    reads.into_iter().all(|read| is_refusal(read.err()))
        && writes.into_iter().all(|write| is_refusal(write.err()))
}

fn any_secret() -> Statement {
    static SQL: Sql = Sql::same("SELECT name FROM secrets LIMIT 1");
    Statement::new(&SQL, [])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_stops_answering_is_given_up_and_found_again() {
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    let line = Line::to(postgres_url_mut(&mut options)).await;
    let store = Store::open(&options, Arc::default()).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    store.write(vec![add("before")]).await.unwrap();
    line.hold();
    assert!(refused_within(&store, Duration::from_secs(17)).await);
    line.release();
    let started = Instant::now();
    store.write(vec![add("after")]).await.unwrap();
    assert!(is_there(&store, "before").await && is_there(&store, "after").await);
    assert!(
        started.elapsed() < Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
}

/// PostgreSQL says 53100 when its disk is full. Source: its manual, appendix A.
#[tokio::test]
async fn a_full_disk_of_postgres_is_an_outage_that_passes() {
    const FULL: &str = "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER is_full BEFORE INSERT OR UPDATE ON profiles FOR EACH ROW EXECUTE FUNCTION fill();
        CREATE TRIGGER is_full BEFORE INSERT OR UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION fill()";
    let server = TestServer::on(Backend::Postgres).await;
    server.call("POST", PROFILE, &[USER], "").await;
    let client = postgres_client(postgres_url(&server.options)).await;
    client.batch_execute(FULL).await.unwrap();
    let change = || server.call("POST", IDENTIFIERS, &[USER], r#"{"branch_id":"b"}"#);
    let refused = change().await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.json()["error_code"], "unavailable");
    assert!(refused.headers.contains_key("retry-after"));
    let read = server.call("GET", IDENTIFIERS, &[USER], "").await;
    assert_eq!(
        (read.status, &read.json()["branch_id"]),
        (200, &serde_json::Value::Null)
    );
    let store = &server.state.store;
    assert!(matches!(
        store.check_writer().await,
        Err(StoreError::Unavailable(_))
    ));
    client
        .batch_execute("DROP TRIGGER is_full ON profiles; DROP TRIGGER is_full ON secrets")
        .await
        .unwrap();
    store.check_writer().await.unwrap();
    assert_eq!(change().await.status, 200);
}
