//! A PostgreSQL that is hard to reach: hosts that are silent, lines that are cut, poolers in between.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bursar::store::{Sql, Statement, Store, StoreError};

use crate::support::backend::{Backend, Folder, postgres_url_mut};
use crate::support::line::Line;
use crate::support::silence::silence;

static ONE: Sql = Sql::same("SELECT CAST(1 AS BIGINT)");

#[tokio::test]
async fn where_a_host_is_silent_the_next_one_is_tried() {
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    let url = postgres_url_mut(&mut options);
    let config: tokio_postgres::Config = url.parse().unwrap();
    let silent = SocketAddr::new(Ipv4Addr::new(127, 0, 0, 3).into(), config.get_ports()[0]);
    let _silence = silence(silent).await;
    *url = url.replacen('@', &format!("@{silent},"), 1) + "&target_session_attrs=read-write";
    for timeout in ["", "&connect_timeout=6"] {
        let mut options = options.clone();
        postgres_url_mut(&mut options).push_str(timeout);
        let opened = Store::open(&options, Arc::default()).await;
        assert!(opened.is_ok(), "{timeout:?}: {:?}", opened.err());
    }
}

/// A read whose connection turns out to be cut is made again, but not waited for anew.
#[tokio::test]
async fn a_read_is_answered_or_refused_within_ten_seconds() {
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    let line = Line::to(postgres_url_mut(&mut options)).await;
    let store = Store::open(&options, Arc::default()).await.unwrap();
    line.hold();
    let started = Instant::now();
    let cut_late = async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        line.cut();
    };
    let (read, ()) = tokio::join!(store.read(Statement::new(&ONE, [])), cut_late);
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(11), "{took:?}");
}

/// As where another client of the pooler had the connection meanwhile.
#[tokio::test]
async fn a_prepared_statement_that_is_gone_is_told_with_what_takes_it_away() {
    static FORGET: Sql = Sql::same("DEALLOCATE ALL");
    let mut options = Backend::Postgres.fresh(&Folder::new()).await;
    options.connections = 2;
    let store = Store::open(&options, Arc::default()).await.unwrap();
    store.read(Statement::new(&ONE, [])).await.unwrap();
    store.read(Statement::new(&FORGET, [])).await.unwrap();
    let refused = store
        .read(Statement::new(&ONE, []))
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("PostgreSQL says 26000: "), "{refused}");
    assert!(refused.contains("pool_mode = session"), "{refused}");
}
