//! What a stop waits for, and what it does not wait for.

use std::time::{Duration, Instant};

use bursar::store::{Sql, Statement};
use serde_json::json;

use crate::support::backend::Backend;
use crate::support::deliveries::{bought, enable, work};
use crate::support::purchases::Customer;
use crate::support::server::{IDENTIFIERS, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

const ONE_SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_stop_does_not_wait_for_the_rate_and_leaves_nothing_claimed() {
    const CLAIMED: Sql = Sql::same("SELECT count(*) FROM lanes WHERE lease IS NOT NULL");
    let vendor = Vendor::with(|_, _| Manner::Answers(200, "{}")).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    let settings = json!({"branch_keys": {"production": "key_live_a"}, "base_url": vendor.url,
        "requests_per_second": 1, "events": {"access_level_updated": false}});
    enable(&server, "branch", settings).await;
    let claimed = async || {
        let rows = server
            .state
            .store
            .read(Statement::new(&CLAIMED, []))
            .await
            .unwrap();
        rows[0].int(0).unwrap()
    };
    let names: Vec<_> = (0..20).map(|number| format!("user-{number}")).collect();
    for name in &names {
        let customer = Customer::new(&server, name).await;
        customer.post(IDENTIFIERS, &json!({"branch_id": name})).await;
        customer.post(TRANSACTION, &bought(name)).await;
    }
    let _working = work(&server);
    // For the next five seconds, of which the first one is begun.
    let is_waiting = async {
        while vendor.count() == 0 || claimed().await < 4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(10 * ONE_SECOND, is_waiting).await.unwrap();
    let began = Instant::now();
    server.state.workers.stop().await;
    assert!(began.elapsed() < 2 * ONE_SECOND, "{:?}", began.elapsed());
    assert_eq!(claimed().await, 0);
    assert!(vendor.count() < 4, "{}", vendor.count());
}
