//! What third parties answered while the database takes nothing: it is kept, and written down as soon as it can be.

use std::time::{Duration, Instant};

use bursar::store::{Decision, Sql, Statement, StoreError};

use crate::support::backend::Backend;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    MINUTE, advance, bought, branch, claimed, enable, fates_of, known_buyer, run, settle_down, states,
    until_states, work,
};
use crate::support::server::{TRANSACTION, TestServer};
use crate::support::vendor::Vendor;

/// Two customers known to Branch, the first one with two purchases, and a disk with no room for what comes of a try. Only
/// this server's own connection knows that the disk is full.
async fn full(vendor: &Vendor) -> TestServer {
    static BALLAST: Sql = Sql::on_sqlite("CREATE TABLE ballast (bytes BLOB)");
    static HEAVY: Sql = Sql::on_sqlite(
        "CREATE TRIGGER heavy BEFORE INSERT ON attempts BEGIN INSERT INTO ballast VALUES (zeroblob(1000000)); END",
    );
    static FULL: Sql = Sql::on_sqlite("PRAGMA max_page_count = 1");
    let server = TestServer::on(Backend::SqliteFile).await;
    enable(&server, "branch", branch(&vendor.url)).await;
    known_buyer(&server, "bob").await;
    let ann = known_buyer(&server, "ann").await;
    ann.post(TRANSACTION, &bought("ann-2")).await;
    run(&server, &BALLAST).await;
    run(&server, &HEAVY).await;
    set(&server, &FULL).await;
    server
}

/// From now on there is room.
async fn make_room(server: &TestServer) {
    static ROOM: Sql = Sql::on_sqlite("PRAGMA max_page_count = 1000000");
    set(server, &ROOM).await;
}

/// Says something to the connection that writes.
async fn set(server: &TestServer, sql: &'static Sql) {
    let nothing = |_| {
        Ok::<_, StoreError>(Decision {
            writes: Vec::new(),
            answer: (),
        })
    };
    server
        .state
        .store
        .change(vec![Statement::new(sql, [])], nothing)
        .await
        .unwrap();
}

/// The transactions that Branch was told of, in order.
fn told(vendor: &Vendor) -> Vec<String> {
    let of_request =
        |body: serde_json::Value| body["event_data"]["transaction_id"].as_str().unwrap().to_owned();
    vendor
        .received()
        .into_iter()
        .map(|request| of_request(request.json()))
        .collect()
}

#[tokio::test]
async fn what_was_answered_is_written_down_when_there_is_room_and_what_is_behind_it_waits() {
    let vendor = Vendor::start().await;
    let server = full(&vendor).await;
    let _working = work(&server);
    vendor.until_count(2).await;
    // Longer than the first pauses: it is not tried once or twice alone.
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(states(&server).await, ["pending 3"]);
    assert_eq!((claimed(&server).await, vendor.count()), (2, 2));
    make_room(&server).await;
    until_states(&server, &["delivered 3"]).await;
    // Nor is anything sent again when all claims have ended.
    advance(&server, 2 * MINUTE).await;
    let told = told(&vendor);
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[2], "ann-2", "{told:?}");
    assert_conserved(&server).await;
}

/// By then it waits for two seconds, and later for up to a quarter of a minute.
#[tokio::test]
async fn a_stop_has_it_written_down_at_once_where_there_is_room() {
    let vendor = Vendor::start().await;
    let server = full(&vendor).await;
    let _working = work(&server);
    vendor.until_count(2).await;
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    make_room(&server).await;
    let began = Instant::now();
    server.state.workers.stop().await;
    assert!(
        began.elapsed() < Duration::from_millis(1_500),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(states(&server).await, ["delivered 2", "pending 1"]);
    assert_conserved(&server).await;
}

/// The next server sends it once more when the claims have ended, in the same words.
#[tokio::test]
async fn a_stop_does_not_wait_for_room_and_nothing_is_lost() {
    let vendor = Vendor::start().await;
    let server = full(&vendor).await;
    let _working = work(&server);
    vendor.until_count(2).await;
    let began = Instant::now();
    server.state.workers.stop().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(states(&server).await, ["pending 3"]);
    let next = server.beside().await;
    next.state
        .clock
        .move_to(next.state.clock.now() + 2 * MINUTE)
        .unwrap();
    let _next_working = work(&next);
    settle_down(&next.state).await;
    assert_eq!(
        fates_of(&next, "branch", "").await,
        ["ann delivered", "ann-2 delivered", "bob delivered"]
    );
    let mut bodies: Vec<_> = vendor
        .received()
        .into_iter()
        .map(|request| request.body)
        .collect();
    assert_eq!(bodies.len(), 5);
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 3, "{bodies:#?}");
    assert_conserved(&next).await;
}
