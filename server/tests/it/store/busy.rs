//! A database that is busy with some holds up no others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bursar::store::{Sql, Statement, Store, migrations};
use futures_util::future::join_all;

use super::conformance::{add, is_there};
use crate::support::backend::{Backend, Folder};

/// Queries that take three seconds each, more than there are connections.
async fn many_slow_queries(store: &Store) {
    const SLOW: Sql = Sql::same("SELECT CAST(1 AS BIGINT) FROM pg_sleep(3)");
    join_all((0..16).map(|_| store.scan(Statement::new(&SLOW, [])))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_take_every_connection_leave_the_writers_theirs() {
    for connections in [1, 2, 8] {
        let mut options = Backend::Postgres.fresh(&Folder::new()).await;
        options.connections = connections;
        let store = Store::open(&options, Arc::default()).await.unwrap();
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
