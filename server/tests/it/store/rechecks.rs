//! Apps whose profiles are looked through: who is behind the times neither goes on nor ends what was ordered anew.

use bursar::store::tables::rechecks::{self, Recheck};
use bursar::store::{Sql, Statement};
use bursar_domain::ids::AppId;
use uuid::Uuid;

use crate::support::backend::ALL;
use crate::support::purchases::Customer;
use crate::support::server::{START, TestServer};

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

async fn write(server: &TestServer, change: Statement) {
    server.state.store.write(vec![change]).await.unwrap();
}

/// The one that is to be gone on with, if there is one.
async fn next(server: &TestServer) -> Option<Recheck> {
    let mut rows = server.state.store.read(rechecks::select(START)).await.unwrap();
    rechecks::read(&mut rows).unwrap()
}

async fn come_to(server: &TestServer) -> Option<(i64, Uuid)> {
    next(server).await.map(|recheck| (recheck.due_at, recheck.after))
}

#[tokio::test]
async fn what_is_ordered_anew_begins_anew_whoever_is_at_it() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = AppId(server.app_id.parse().unwrap());
        write(&server, rechecks::order(app, START - 2)).await;
        let first = next(&server).await.unwrap();
        write(&server, rechecks::advance(&first, TWO)).await;
        assert_eq!(come_to(&server).await, Some((START - 2, TWO)), "{backend:?}");
        // Another server that read the same is behind.
        write(&server, rechecks::advance(&first, ONE)).await;
        assert_eq!(come_to(&server).await, Some((START - 2, TWO)), "{backend:?}");
        let second = next(&server).await.unwrap();
        write(&server, rechecks::order(app, START - 1)).await;
        let anew = Some((START - 1, Uuid::nil()));
        assert_eq!(come_to(&server).await, anew, "{backend:?}");
        write(&server, rechecks::advance(&second, TWO)).await;
        write(&server, rechecks::finish(&second)).await;
        assert_eq!(come_to(&server).await, anew, "{backend:?}");
        // Who is at the new one can end it; nothing is to be done before its time.
        let third = next(&server).await.unwrap();
        write(&server, rechecks::finish(&third)).await;
        assert_eq!(come_to(&server).await, None, "{backend:?}");
        write(&server, rechecks::order(app, START + 1)).await;
        assert_eq!(come_to(&server).await, None, "{backend:?}");
    }
}

#[tokio::test]
async fn a_date_that_is_noted_is_only_ever_brought_forward() {
    static DUE: Sql = Sql::same("SELECT due_at FROM profiles");
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = AppId(server.app_id.parse().unwrap());
        let customer = Customer::new(&server, "ann").await;
        let profile = customer.profile().await["profile_id"].as_str().unwrap().parse();
        let profile = bursar_domain::ids::ProfileId(profile.unwrap());
        for (said, noted) in [(5, 5), (7, 5), (3, 3)] {
            write(&server, rechecks::due_earlier(app, profile, said)).await;
            let rows = server.state.store.read(Statement::new(&DUE, [])).await.unwrap();
            assert_eq!(rows[0].opt_int(0).unwrap(), Some(noted), "{backend:?}: {said}");
        }
    }
}
