//! The steps of the tables: each once, whoever runs them and how often.

use std::sync::Arc;

use bursar::metrics::StoreMetrics;
use bursar::store::{Options, Sql, Statement, Store, StoreError, migrations};

use crate::support::backend::{ALL, Backend, Folder};

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
