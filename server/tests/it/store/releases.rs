//! Waiting lanes that are let go some at a time: who is behind the times neither goes on nor ends what was ordered anew.

use bursar::store::tables::releases::{self, Release};
use bursar::store::{Sql, Statement};
use uuid::Uuid;

use crate::support::backend::ALL;
use crate::support::deliveries::{app_id, branch, put, rows, run};
use crate::support::server::{START, TestServer};

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

async fn write(server: &TestServer, change: Statement) {
    server.state.store.write(vec![change]).await.unwrap();
}

/// What is ordered of the only part, if anything is.
async fn ordered(server: &TestServer) -> Option<Release> {
    static TARGET: Sql = Sql::same("SELECT target_id FROM targets WHERE slug = 'branch'");
    let target = rows(server, &TARGET).await[0].int(0).unwrap();
    let found = server.state.store.read(releases::select(target)).await.unwrap();
    releases::read(&found).unwrap()
}

async fn come_to(server: &TestServer) -> Option<(i64, Uuid)> {
    ordered(server)
        .await
        .map(|release| (release.due_at, release.after))
}

#[tokio::test]
async fn what_is_ordered_anew_begins_anew_whoever_is_at_it() {
    static NONE: Sql = Sql::same("DELETE FROM releases");
    for backend in ALL {
        let server = TestServer::on(backend).await;
        put(&server, "branch", true, &branch("http://127.0.0.1:9/")).await;
        run(&server, &NONE).await;
        assert_eq!(come_to(&server).await, None, "{backend:?}");
        write(&server, releases::order(app_id(&server), "branch", START - 2)).await;
        let first = ordered(&server).await.unwrap();
        write(&server, releases::advance(&first, TWO)).await;
        // Another server that read the same is behind.
        write(&server, releases::advance(&first, ONE)).await;
        assert_eq!(come_to(&server).await, Some((START - 2, TWO)), "{backend:?}");
        let second = ordered(&server).await.unwrap();
        write(&server, releases::order(app_id(&server), "branch", START - 1)).await;
        let anew = Some((START - 1, Uuid::nil()));
        write(&server, releases::advance(&second, TWO)).await;
        write(&server, releases::finish(&second)).await;
        assert_eq!(come_to(&server).await, anew, "{backend:?}");
        let third = ordered(&server).await.unwrap();
        write(&server, releases::finish(&third)).await;
        assert_eq!(come_to(&server).await, None, "{backend:?}");
    }
}
