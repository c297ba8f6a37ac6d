//! The steps of the tables: each once, whoever runs them and how often.

use std::sync::Arc;

use bursar::metrics::StoreMetrics;
use bursar::store::tables::lanes;
use bursar::store::{Options, Sql, Statement, Store, StoreError, migrations};
use uuid::Uuid;

use crate::support::backend::{ALL, Backend, Folder};
use crate::support::server::START;

const STEPS: Sql = Sql::same("SELECT version FROM schema_migrations ORDER BY version");
const NEWER: Sql = Sql::same("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)");

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
    for backend in [Backend::SqliteFile, Backend::Postgres] {
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
const UNPACKED: [Sql; 3] = [
    Sql::same("ALTER TABLE events DROP COLUMN payload"),
    Sql::same("ALTER TABLE events DROP COLUMN packed"),
    Sql::same("ALTER TABLE events RENAME COLUMN plain TO payload"),
];

#[tokio::test]
async fn lanes_of_single_events_move_to_their_new_places() {
    const UNDO: [Sql; 2] = [
        Sql::same("DROP VIEW event_lanes"),
        Sql::same("DELETE FROM schema_migrations WHERE version >= 7"),
    ];
    const EVENT: Sql = Sql::same(
        "INSERT INTO events (event_id, app_id, profile_id, event_type, event_at, created_at, payload)
         VALUES ($1, $2, $2, 'trial_started', 0, $3, '{}')",
    );
    const QUEUE: Sql = Sql::same(
        "INSERT INTO queue (target_id, lane_id, created_at, place, event_id, profile_id, state, tries, updated_at)
         VALUES (1, $1, 0, 0, $2, $3, 'pending', 0, 0)",
    );
    const LANE: Sql = Sql::same(
        "INSERT INTO lanes (target_id, lane_id, profile_id, slow, open, waits, due_at) VALUES (1, $1, $2, 0, 1, 0, 0)",
    );
    const LANES: [Sql; 2] = [
        Sql::same("SELECT lane_id FROM lanes ORDER BY lane_id"),
        Sql::same("SELECT lane_id FROM queue ORDER BY lane_id"),
    ];
    let (profile, event, other) = (Uuid::from_u128(1), Uuid::from_u128(u128::MAX), Uuid::from_u128(3));
    for backend in ALL {
        for made_at in [START, 0, -1] {
            let folder = Folder::new();
            let store = open(&backend.fresh(&folder).await).await;
            migrations::run(&store, false).await.unwrap();
            let undo = UNPACKED
                .iter()
                .filter(|_| backend != Backend::Postgres)
                .chain(&UNDO);
            let mut before: Vec<_> = undo.map(|sql| Statement::new(sql, [])).collect();
            for event in [event, other] {
                before.push(Statement::new(
                    &EVENT,
                    [event.into(), profile.into(), made_at.into()],
                ));
            }
            for (lane, event) in [(event, event), (profile, other)] {
                before.push(Statement::new(
                    &QUEUE,
                    [lane.into(), event.into(), profile.into()],
                ));
                before.push(Statement::new(&LANE, [lane.into(), profile.into()]));
            }
            store.write(before).await.unwrap();
            assert_eq!(versions(&migrations::run(&store, false).await.unwrap()), [7, 8]);
            let mut expected = [profile, lanes::of_event(event, made_at)];
            expected.sort_unstable();
            for sql in &LANES {
                let mut rows = store.read(Statement::new(sql, [])).await.unwrap();
                let found: Vec<_> = rows.iter_mut().map(|row| row.uuid(0).unwrap()).collect();
                assert_eq!(found, expected, "{backend:?}, {made_at}");
            }
        }
    }
}
