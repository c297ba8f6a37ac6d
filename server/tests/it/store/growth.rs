//! What is done with a few rows costs no more once tables have very many, also where PostgreSQL planned it while they had
//! hardly any and has not looked since.

use std::time::Duration;

use tokio_postgres::Client;

use crate::support::backend::{Backend, postgres_client, postgres_url};
use crate::support::deliveries::{amplitude, bought, enable, settle_down, states, work};
use crate::support::purchases::Customer;
use crate::support::server::{TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

/// How many open deliveries there come to be.
const MANY: i64 = 20_000;
/// How many events are delivered before, and how many beside them.
const EVENTS: usize = 12;

/// How many rows of the tables of open deliveries have been looked at, as far as sessions have told.
async fn told(client: &Client) -> i64 {
    let asked =
        "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables
                 WHERE schemaname = current_schema() AND relname IN ('lanes', 'queue')";
    client.query_one(asked, &[]).await.unwrap().get(0)
}

/// How many it are while nobody is at work. Sessions tell of it a moment later.
async fn looked_at(client: &Client) -> i64 {
    let mut last = -1;
    loop {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let now = told(client).await;
        if now == last {
            return now;
        }
        last = now;
    }
}

async fn deliver(server: &TestServer, customer: &Customer<'_>, series: &str) {
    for number in 0..EVENTS {
        customer
            .post(TRANSACTION, &bought(&format!("{series}{number}")))
            .await;
        settle_down(&server.state).await;
    }
}

#[tokio::test]
async fn a_backlog_costs_the_others_nothing_on_postgres() {
    let vendor = Vendor::with(|_, _| Manner::Answers(200, "{}")).await;
    let server = TestServer::on(Backend::Postgres).await;
    let client = postgres_client(postgres_url(&server.options)).await;
    enable(&server, "amplitude", amplitude(&vendor.url)).await;
    let customer = Customer::new(&server, "ann").await;
    let working = work(&server);
    deliver(&server, &customer, "before").await;
    for table in ["lanes", "queue"] {
        client
            .batch_execute(&format!("VACUUM ANALYZE {table}"))
            .await
            .unwrap();
    }
    deliver(&server, &customer, "planned").await;
    drop(working);
    let backlog = format!(
        "INSERT INTO lanes (target_id, lane_id, profile_id, slow, open, waits, due_at)
         SELECT target_id, md5(n::text)::uuid, md5(n::text)::uuid, 0, 1, 1, 9000000000000000
         FROM targets CROSS JOIN generate_series(1, {MANY}) AS n WHERE slug = 'amplitude';
         INSERT INTO queue (target_id, lane_id, created_at, place, profile_id, event_seq, state, tries, updated_at)
         SELECT target_id, lane_id, 1, 0, profile_id, (SELECT min(event_seq) FROM events), 'waiting', 0, 1 FROM lanes"
    );
    client.batch_execute(&backlog).await.unwrap();
    let begun = looked_at(&client).await;
    let working = work(&server);
    // Who begins goes through all of them once.
    while told(&client).await < begun + MANY {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let before = told(&client).await;
    deliver(&server, &customer, "beside").await;
    drop(working);
    let rows = looked_at(&client).await - before;
    assert!(rows < MANY / 4, "{rows} rows for {EVENTS} events");
    assert_eq!(states(&server).await[0], format!("delivered {}", 3 * EVENTS));
}
