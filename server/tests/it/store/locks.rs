//! Writers that lock the same rows on PostgreSQL: in whatever order, all changes are made, once each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bursar::locking;
use bursar::metrics::StoreMetrics;
use bursar::store::{Decision, Location, Options, Sql, Statement, Store, StoreError};
use futures_util::future::join_all;

use crate::support::backend::fresh_postgres_url;
use crate::support::random::Random;

static MAKE: Sql = Sql::same("CREATE TABLE counters (name TEXT PRIMARY KEY, total BIGINT NOT NULL)");
static ADD: Sql = Sql::same("INSERT INTO counters (name, total) VALUES ($1, $2)");
static LOCK: Sql = locking!("SELECT name, total FROM counters WHERE name = $1");
static SAVE: Sql = Sql::same("UPDATE counters SET total = $1 WHERE name = $2");
static SUM: Sql = Sql::same("SELECT CAST(sum(total) AS BIGINT) FROM counters");

/// Servers on one database with so many counters in it. `settings` are PostgreSQL's, for each connection.
async fn servers(count: usize, counters: usize, settings: &str) -> Vec<Store> {
    let url = fresh_postgres_url().await + settings;
    let options = Options {
        location: Location::Postgres(url),
        connections: 8,
    };
    let mut servers = Vec::new();
    for _ in 0..count {
        let metrics = Arc::new(StoreMetrics::default());
        servers.push(Store::open(&options, metrics).await.unwrap());
    }
    servers[0].write(vec![Statement::new(&MAKE, [])]).await.unwrap();
    let add = |counter: usize| Statement::new(&ADD, [counter.to_string().into(), 0.into()]);
    servers[0].write((0..counters).map(add).collect()).await.unwrap();
    servers
}

/// Counts all these up, read in this order.
async fn count_up(server: &Store, sql: &'static Sql, counters: &[usize]) -> Result<(), StoreError> {
    let reads = counters
        .iter()
        .map(|counter| Statement::new(sql, [counter.to_string().into()]));
    server
        .change(reads.collect(), |loaded| {
            let mut writes = Vec::new();
            for mut rows in loaded {
                let (name, total) = (rows[0].text(0)?, rows[0].int(1)?);
                writes.push(Statement::new(&SAVE, [(total + 1).into(), name.into()]));
            }
            Ok(Decision { writes, answer: () })
        })
        .await
}

async fn total(server: &Store) -> i64 {
    server.read(Statement::new(&SUM, [])).await.unwrap()[0]
        .int(0)
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_lock_two_rows_in_opposite_order_are_both_made() {
    let servers = servers(2, 2, "%20-cdeadlock_timeout%3D5ms").await;
    let changes = (0..200).map(|index| {
        let order: &[usize] = if index % 2 == 0 { &[0, 1] } else { &[1, 0] };
        count_up(&servers[index / 2 % 2], &LOCK, order)
    });
    for done in join_all(changes).await {
        done.unwrap();
    }
    assert_eq!(total(&servers[0]).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_cannot_be_put_in_a_row_are_tried_again() {
    let servers = servers(2, 4, "%20-cdefault_transaction_isolation%3Dserializable").await;
    for round in 0..20 {
        let both = [round % 4, (round + 1) % 4];
        let changes = (0..8).map(|index| count_up(&servers[index % 2], &LOCK, &both));
        for done in join_all(changes).await {
            done.unwrap();
        }
    }
    assert_eq!(total(&servers[0]).await, 20 * 8 * 2);
}

/// PostgreSQL looks for deadlocks after a second, so a writer that met many would be slow.
#[tokio::test(flavor = "multi_thread")]
async fn writers_of_overlapping_sets_of_profiles_do_not_wait_for_each_other_in_circles() {
    const EACH: usize = 60;
    let mut random = Random::new("overlapping sets");
    let servers = servers(2, 60, "").await;
    let started = Instant::now();
    let tasks = (0..8).map(|task| {
        let (mut random, server) = (random.split(), &servers[task % 2]);
        async move {
            for _ in 0..EACH {
                let changes: Vec<usize> = (0..10).map(|_| zipf(&mut random, 60)).collect();
                let changes = changes.iter().map(std::slice::from_ref);
                for done in join_all(changes.map(|one| count_up(server, &LOCK, one))).await {
                    done.unwrap();
                }
            }
        }
    });
    join_all(tasks).await;
    assert_eq!(total(&servers[0]).await, 8 * 10 * EACH as i64);
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_secs(25), "{elapsed:?}");
}

/// The `n`th of `count` is picked about `1/n` as often as the first.
fn zipf(random: &mut Random, count: usize) -> usize {
    let mut rest = random.below(1_000_000);
    for index in 0..count {
        let share = 214_000 / (index + 1);
        if rest < share {
            return index;
        }
        rest -= share;
    }
    count - 1
}
