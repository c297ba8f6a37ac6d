//! The steps of the tables: each once, whoever runs them and how often.

use std::sync::Arc;
use std::time::Duration;

use bursar::metrics::StoreMetrics;
use bursar::store::tables::lanes;
use bursar::store::{Location, Options, Sql, Statement, Store, StoreError, migrations};
use uuid::Uuid;

use crate::support::backend::{
    ALL, Backend, Folder, SHARED, postgres_client, postgres_url, postgres_url_mut,
};
use crate::support::server::START;

static STEPS: Sql = Sql::same("SELECT version FROM schema_migrations ORDER BY version");
static NEWER: Sql = Sql::same("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)");

async fn open(options: &Options) -> Store {
    Store::open(options, Arc::new(StoreMetrics::default()))
        .await
        .unwrap()
}

fn versions(steps: &[&migrations::Migration]) -> Vec<i64> {
    steps.iter().map(|step| step.version).collect()
}

fn all() -> Vec<i64> {
    versions(&migrations::ALL.iter().collect::<Vec<_>>())
}

#[tokio::test]
async fn a_second_run_finds_nothing_to_do() {
    for backend in ALL {
        let folder = Folder::new();
        let store = open(&backend.fresh(&folder).await).await;
        assert_eq!(versions(&migrations::run(&store, false).await.unwrap()), all());
        assert!(migrations::run(&store, false).await.unwrap().is_empty());
        assert!(migrations::run(&store, true).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_dry_run_tells_the_steps_and_makes_no_table() {
    for backend in ALL {
        let folder = Folder::new();
        let store = open(&backend.fresh(&folder).await).await;
        assert_eq!(versions(&migrations::run(&store, true).await.unwrap()), all());
        let steps = store.read(Statement::new(&STEPS, [])).await;
        assert!(matches!(steps, Err(StoreError::Statement(_))), "{backend:?}");
        assert_eq!(versions(&migrations::run(&store, false).await.unwrap()), all());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_servers_that_start_at_once_one_takes_the_steps() {
    for backend in SHARED {
        for _ in 0..10 {
            let folder = Folder::new();
            let options = backend.fresh(&folder).await;
            let start = || async {
                let store = open(&options).await;
                versions(&migrations::run(&store, false).await.unwrap())
            };
            let (one, two, three) = tokio::join!(start(), start(), start());
            assert_eq!([one, two, three].concat(), all(), "{backend:?}");
        }
    }
}

/// Runs the missing steps, which others must not hold up.
async fn run_at_once(store: &Store, dry_run: bool) -> Vec<i64> {
    let run = tokio::time::timeout(Duration::from_secs(3), migrations::run(store, dry_run));
    versions(&run.await.expect("it waits").unwrap())
}

/// As while another program writes, or makes a dump, which has every table of PostgreSQL until it ends.
#[tokio::test(flavor = "multi_thread")]
async fn who_finds_nothing_to_do_waits_for_nobody() {
    for backend in SHARED {
        let folder = Folder::new();
        let options = backend.fresh(&folder).await;
        let store = open(&options).await;
        migrations::run(&store, false).await.unwrap();
        match &options.location {
            Location::Postgres(url) => {
                let mut dump = postgres_client(url).await;
                let dump = dump.transaction().await.unwrap();
                dump.batch_execute("LOCK TABLE schema_migrations IN ACCESS SHARE MODE")
                    .await
                    .unwrap();
                assert_eq!(run_at_once(&store, true).await, [0; 0]);
                assert_eq!(run_at_once(&store, false).await, [0; 0]);
            }
            _ => {
                let other = rusqlite::Connection::open(folder.0.join("bursar.db")).unwrap();
                other.execute_batch("BEGIN IMMEDIATE").unwrap();
                assert_eq!(run_at_once(&store, true).await, [0; 0]);
                assert_eq!(run_at_once(&store, false).await, [0; 0]);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_new_tables_are_taken_beside_a_dump() {
    let options = Backend::Postgres.fresh(&Folder::new()).await;
    let mut dump = postgres_client(postgres_url(&options)).await;
    let table = "CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL)";
    dump.batch_execute(table).await.unwrap();
    let dump = dump.transaction().await.unwrap();
    dump.batch_execute("LOCK TABLE schema_migrations IN ACCESS SHARE MODE")
        .await
        .unwrap();
    let store = open(&options).await;
    assert_eq!(run_at_once(&store, true).await, all());
    assert_eq!(run_at_once(&store, false).await, all());
}

/// As on a standby.
#[tokio::test]
async fn a_database_that_may_only_be_read_is_looked_at_all_the_same() {
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    migrations::run(&open(&options).await, false).await.unwrap();
    postgres_url_mut(&mut options).push_str("%20-cdefault_transaction_read_only%3Don");
    let standby = open(&options).await;
    for dry_run in [true, false] {
        let missing = migrations::run(&standby, dry_run).await;
        assert_eq!(versions(&missing.unwrap()), [0; 0]);
    }
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused_and_left_alone() {
    for backend in ALL {
        let folder = Folder::new();
        let store = open(&backend.fresh(&folder).await).await;
        migrations::run(&store, false).await.unwrap();
        let newer = Statement::new(&NEWER, [99.into(), "of the future".into()]);
        store.write(vec![newer]).await.unwrap();
        for dry_run in [true, false] {
            let refused = migrations::run(&store, dry_run).await;
            assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{backend:?}");
        }
        let steps = store.read(Statement::new(&STEPS, [])).await.unwrap();
        assert_eq!(steps.len(), all().len() + 1, "{backend:?}");
    }
}

/// Undoes the packing of events, which SQLite alone needs.
static UNPACKED: [Sql; 3] = [
    Sql::same("ALTER TABLE events DROP COLUMN payload"),
    Sql::same("ALTER TABLE events DROP COLUMN packed"),
    Sql::same("ALTER TABLE events RENAME COLUMN plain TO payload"),
];
const OLD_STEPS: [[&str; 2]; 2] = [
    [
        include_str!("../../../migrations/sqlite/0005_deliveries.sql"),
        include_str!("../../../migrations/sqlite/0007_event_lanes.sql"),
    ],
    [
        include_str!("../../../migrations/postgres/0005_deliveries.sql"),
        include_str!("../../../migrations/postgres/0007_event_lanes.sql"),
    ],
];
static EVENT: Sql = Sql::same(
    "INSERT INTO events (event_id, app_id, profile_id, event_type, event_at, created_at, payload)
     VALUES ($1, $2, $2, 'trial_started', 0, $3, '{}')",
);
/// As it is on SQLite since the eighth step.
static PLAIN: Sql = Sql::same(
    "INSERT INTO events (event_id, app_id, profile_id, event_type, event_at, created_at, plain)
     VALUES ($1, $2, $2, 'trial_started', 0, $3, '{}')",
);
static QUEUE: Sql = Sql::same(
    "INSERT INTO queue (target_id, lane_id, created_at, place, event_id, profile_id, state, tries, updated_at)
     VALUES (1, $1, 0, 0, $2, $3, 'pending', 0, 0)",
);
static LANE: Sql = Sql::same(
    "INSERT INTO lanes (target_id, lane_id, profile_id, slow, open, waits, due_at) VALUES (1, $1, $2, 0, 1, 0, 0)",
);

/// Undoes the twelfth step and the tenth.
static WITHOUT_RECHECKS: [Sql; 3] = [
    Sql::same("DROP TABLE releases"),
    Sql::same("ALTER TABLE integrations DROP COLUMN timers_since"),
    Sql::same("DROP TABLE rechecks"),
];

/// A store whose tables are as they were before the step `version`: 9 or less.
async fn before(backend: Backend, folder: &Folder, version: i64) -> Store {
    static STEPS: Sql = Sql::same("DELETE FROM schema_migrations WHERE version >= $1");
    let store = open(&backend.fresh(folder).await).await;
    migrations::run(&store, false).await.unwrap();
    let mut undo = vec![Statement::new(&STEPS, [version.into()])];
    undo.extend(WITHOUT_RECHECKS.iter().map(|sql| Statement::new(sql, [])));
    let is_sqlite = backend != Backend::Postgres;
    let without_numbers = without_numbers(is_sqlite, version > 7);
    undo.extend(without_numbers.map(|sql| Statement::new(sql, [])));
    if version <= 8 && is_sqlite {
        undo.extend(UNPACKED.iter().map(|sql| Statement::new(sql, [])));
    }
    store.write(undo).await.unwrap();
    store
}

/// Statements that undo the ninth step: they bring back the tables of deliveries as the fifth made them, without rows, and
/// the lanes of the seventh.
fn without_numbers(is_sqlite: bool, has_event_lanes: bool) -> impl Iterator<Item = &'static Sql> {
    const OLD: [&str; 6] = [
        "TABLE deliveries",
        "TABLE queue",
        "TABLE attempts",
        "UNIQUE INDEX attempts_by_delivery",
        "VIEW open_deliveries",
        "VIEW event_lanes",
    ];
    const DROP: [&str; 5] = [
        "DROP VIEW open_deliveries",
        "DROP VIEW event_lanes",
        "DROP TABLE deliveries",
        "DROP TABLE queue",
        "DROP TABLE attempts",
    ];
    let steps = OLD_STEPS[usize::from(!is_sqlite)].into_iter();
    let steps = steps.take(if has_event_lanes { 2 } else { 1 });
    let statements = steps.flat_map(|text| text.split_inclusive(";\n"));
    let made = statements.filter_map(|part| {
        let made = part.find("CREATE ").map(|begin| &part[begin..])?;
        let is_old = OLD.iter().any(|old| made["CREATE ".len()..].starts_with(old));
        is_old.then_some(made)
    });
    let all = DROP.into_iter().chain(made);
    all.map(|text| &*Box::leak(Box::new(Sql::same(text))))
}

#[tokio::test]
async fn lanes_of_single_events_move_to_their_new_places() {
    static LANES: [Sql; 2] = [
        Sql::same("SELECT lane_id FROM lanes ORDER BY lane_id"),
        Sql::same("SELECT lane_id FROM queue ORDER BY lane_id"),
    ];
    let [profile, event, other] = [1 << 64, u128::MAX, 3].map(Uuid::from_u128);
    for backend in ALL {
        for made_at in [START, 0, -1] {
            let folder = Folder::new();
            let store = before(backend, &folder, 7).await;
            let mut rows = Vec::new();
            for event in [event, other] {
                rows.push(Statement::new(
                    &EVENT,
                    [event.into(), profile.into(), made_at.into()],
                ));
            }
            for (lane, event) in [(event, event), (profile, other)] {
                rows.push(Statement::new(
                    &QUEUE,
                    [lane.into(), event.into(), profile.into()],
                ));
                rows.push(Statement::new(&LANE, [lane.into(), profile.into()]));
            }
            store.write(rows).await.unwrap();
            assert_eq!(
                versions(&migrations::run(&store, false).await.unwrap()),
                [7, 8, 9, 10, 11, 12, 13]
            );
            let mut expected = [profile, lanes::of_event(1)];
            expected.sort_unstable();
            for sql in &LANES {
                let mut rows = store.read(Statement::new(sql, [])).await.unwrap();
                let found: Vec<_> = rows.iter_mut().map(|row| row.uuid(0).unwrap()).collect();
                assert_eq!(found, expected, "{backend:?}, {made_at}");
            }
        }
    }
}

/// The lane of a single event since the seventh step, if it was made at the start.
fn time_lane(event: Uuid) -> Uuid {
    let mut id = event.into_bytes();
    id[..6].copy_from_slice(&(START / 1_000).to_be_bytes()[2..]);
    Uuid::from_bytes(id)
}

#[tokio::test]
async fn deliveries_and_tries_stay_those_of_their_events() {
    static CLOSED: Sql = Sql::same(
        "INSERT INTO deliveries (event_id, target_id, state, reason, tries, created_at, updated_at)
         VALUES ($1, 1, 'rejected', 'why', 2, 3, 4)",
    );
    static TRY: Sql = Sql::same(
        "INSERT INTO attempts (event_id, target_id, number, started_at, duration_us, request, answer, verdict)
         VALUES ($1, 1, $2, 5, 6, '{}', 'no', 'rejected')",
    );
    static FOUND: [Sql; 3] = [
        Sql::same(
            "SELECT e.event_id, q.tries FROM queue AS q JOIN events AS e ON e.event_seq = q.event_seq
             JOIN lanes AS l ON l.lane_id = q.lane_id JOIN event_lanes AS n ON n.lane_id = q.lane_id",
        ),
        Sql::same(
            "SELECT e.event_id, d.tries FROM deliveries AS d JOIN events AS e ON e.event_seq = d.event_seq
             WHERE d.target_id = 1 AND d.state = 'rejected' AND d.reason = 'why' AND d.created_at = 3 AND d.updated_at = 4",
        ),
        Sql::same(
            "SELECT e.event_id, a.number FROM attempts AS a JOIN events AS e ON e.event_seq = a.event_seq
             WHERE a.target_id = 1 AND a.started_at = 5 AND a.duration_us = 6 AND a.answer = 'no' ORDER BY a.number",
        ),
    ];
    let [profile, open, closed] = [1 << 64, u128::MAX, 3].map(Uuid::from_u128);
    for backend in ALL {
        let folder = Folder::new();
        let store = before(backend, &folder, 9).await;
        let events = [open, closed].map(|event| {
            let sql = if backend == Backend::Postgres {
                &EVENT
            } else {
                &PLAIN
            };
            Statement::new(sql, [event.into(), profile.into(), START.into()])
        });
        let mut rows = Vec::from(events);
        let lane = time_lane(open);
        rows.push(Statement::new(&QUEUE, [lane.into(), open.into(), profile.into()]));
        rows.push(Statement::new(&LANE, [lane.into(), profile.into()]));
        rows.push(Statement::new(&CLOSED, [closed.into()]));
        for number in [1, 2] {
            rows.push(Statement::new(&TRY, [closed.into(), number.into()]));
        }
        store.write(rows).await.unwrap();
        assert_eq!(
            versions(&migrations::run(&store, false).await.unwrap()),
            [9, 10, 11, 12, 13]
        );
        let mut found = Vec::new();
        for sql in &FOUND {
            let rows = store.read(Statement::new(sql, [])).await.unwrap();
            found.push(
                rows.iter()
                    .map(|row| (row.uuid(0).unwrap(), row.int(1).unwrap()))
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!(
            found,
            [vec![(open, 0)], vec![(closed, 2)], vec![(closed, 1), (closed, 2)]],
            "{backend:?}"
        );
    }
}
