//! Tries: their requests come back as they were kept, also those of an earlier program.

use std::sync::Arc;

use bursar::metrics::StoreMetrics;
use bursar::store::tables::deliveries::{self, Attempt};
use bursar::store::{Sql, Statement, Store, migrations};

use crate::support::backend::{ALL, Backend, Folder};

const EVENT: i64 = 7;
const TARGET: i64 = 3;

fn attempt(number: i64, request: &str) -> Attempt {
    Attempt {
        number,
        started_at: 5,
        duration: 6,
        request: request.into(),
        status: Some(200),
        answer: "ok".into(),
        verdict: "delivered".into(),
    }
}

async fn migrated(backend: Backend, folder: &Folder) -> Store {
    let options = backend.fresh(folder).await;
    let store = Store::open(&options, Arc::new(StoreMetrics::default()))
        .await
        .unwrap();
    migrations::run(&store, false).await.unwrap();
    store
}

async fn requests(store: &Store) -> Vec<(i64, String)> {
    let mut rows = store
        .read(deliveries::select_attempts(EVENT, TARGET))
        .await
        .unwrap();
    let read = rows.iter_mut().map(|row| deliveries::read_attempt(row).unwrap());
    read.map(|one| (one.number, one.request)).collect()
}

#[tokio::test]
async fn requests_come_back_as_they_were_kept() {
    let long = format!(
        r#"{{"body":"{}","url":"https://example.org/ü\u0000"}}"#,
        "event ".repeat(300)
    );
    for backend in ALL {
        let folder = Folder::new();
        let store = migrated(backend, &folder).await;
        let texts = ["{}", "", &long];
        // Packed before they are queued, and by the writer.
        let kept = (1..).zip(texts).map(|(number, text)| {
            let keeping = deliveries::keep(EVENT, TARGET, attempt(number, text));
            if number == 2 {
                keeping
            } else {
                store.packed(keeping)
            }
        });
        store.write(kept.collect()).await.unwrap();
        let expected: Vec<_> = (1..).zip(texts.map(str::to_owned)).collect();
        assert_eq!(requests(&store).await, expected, "{backend:?}");
        if backend != Backend::Postgres {
            static ROOM: Sql =
                Sql::same("SELECT length(packed) + length(plain) FROM attempts WHERE number = 3");
            let rows = store.read(Statement::new(&ROOM, [])).await.unwrap();
            assert!(rows[0].int(0).unwrap() * 3 < i64::try_from(long.len()).unwrap());
        }
    }
}

#[tokio::test]
async fn requests_that_were_kept_before_they_were_packed_are_read() {
    static UNDO: [Sql; 5] = [
        Sql::same("DROP TABLE releases"),
        Sql::same("ALTER TABLE attempts DROP COLUMN request"),
        Sql::same("ALTER TABLE attempts DROP COLUMN packed"),
        Sql::same("ALTER TABLE attempts RENAME COLUMN plain TO request"),
        Sql::same("DELETE FROM schema_migrations WHERE version >= 11"),
    ];
    static OLD: Sql = Sql::same(
        "INSERT INTO attempts (event_seq, target_id, number, started_at, duration_us, request, answer, verdict)
         VALUES (7, 3, 1, 5, 6, '{\"body\": \"old\"}', 'no', 'rejected')",
    );
    for backend in ALL.into_iter().filter(|backend| *backend != Backend::Postgres) {
        let folder = Folder::new();
        let store = migrated(backend, &folder).await;
        let before = UNDO.iter().chain([&OLD]).map(|sql| Statement::new(sql, []));
        store.write(before.collect()).await.unwrap();
        assert_eq!(migrations::run(&store, false).await.unwrap().len(), 3);
        let keeping = deliveries::keep(EVENT, TARGET, attempt(2, "{}"));
        store.write(vec![store.packed(keeping)]).await.unwrap();
        let expected = [(1, r#"{"body": "old"}"#.to_owned()), (2, "{}".to_owned())];
        assert_eq!(requests(&store).await, expected, "{backend:?}");
    }
}
